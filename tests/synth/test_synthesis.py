"""The process that synthesizes for the local AWS: what it writes is what `main.py` writes, one time after the other."""

from pathlib import Path

import pytest

from local import synthesis
from settings import ENVIRONMENTS, load
from stacks.app import synthesize


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_environment_after_the_other_is_as_if_it_were_the_only_one(tmp_path: Path) -> None:
    for name in ("local", "serverless", "local"):
        out = tmp_path / name
        synthesis.synthesize(ENVIRONMENTS / f"{name}.yaml", out)
        synthesize(load(name), tmp_path / f"{name}-alone")
        assert files(out) == files(tmp_path / f"{name}-alone")


def test_what_is_wrong_is_said_and_hinders_nobody_after_it(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("project: 7\n")
    with pytest.raises(RuntimeError, match=r"(?s)synth failed.*wrong\.yaml.*project"):
        synthesis.synthesize(wrong, tmp_path / "out")
    synthesis.synthesize(ENVIRONMENTS / "local.yaml", tmp_path / "out")
    assert (tmp_path / "out" / "stacks" / "pipeline" / "cdk.tf.json").is_file()
