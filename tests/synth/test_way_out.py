"""The same app on CDKTF's continuation and on the next AWS provider line, every environment of it."""

import os

import pytest

from way_out.__main__ import main
from way_out.candidates import CANDIDATES


def test_the_same_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    missing = [candidate.name for candidate in CANDIDATES if not candidate.python.exists()]
    # Where nobody looks at skips, a way out that was not tried is a failure.
    if missing and "CI" not in os.environ:
        pytest.skip(f"the packages of {', '.join(missing)} are not installed: run `make way-out`, which needs PyPI")
    assert main() == 0, capsys.readouterr()
    verdicts = [line for line in capsys.readouterr().out.splitlines() if line.startswith("way_out: ")]
    assert len(verdicts) == len(CANDIDATES)
    assert all(line.endswith(" unlisted=0") and " stacks=0 " not in line for line in verdicts)
