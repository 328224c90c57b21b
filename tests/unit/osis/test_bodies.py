"""Bodies written the way public projects write theirs: other options, other styles of YAML."""

from pathlib import Path

import pytest

import osis

BODIES = sorted((Path(__file__).parent / "bodies").glob("*.yaml"))


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
def test_accepted(path: Path) -> None:
    text = path.read_text()
    assert [str(problem) for problem in osis.check(text) if problem.severity == "error"] == []
    body = osis.parse(text)
    assert osis.parse(osis.render(body)) == body


def test_indented_as_in_a_template_literal() -> None:
    text = (Path(__file__).parent / "bodies" / "role_of_the_pipeline.yaml").read_text()
    assert osis.parse("\n" + "".join(f"      {line}" for line in text.splitlines(keepends=True))) == osis.parse(text)
