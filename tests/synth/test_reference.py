"""What docs/ has from the code is what the code says now."""

import pytest

from reference.parts import PARTS, Part, written


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.file.stem)
def test_the_docs_are_those_of_the_code(part: Part) -> None:
    assert written(part.file.read_text()) == part.make(), "run `make docs`"
