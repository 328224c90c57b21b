"""Pairs are measured in turn, and the ratio is taken within each."""

import sys
from pathlib import Path

import pytest

from benchmarks.pairs import Command, CommandFailed, Pair, compare, paired


def command(name: str, directory: Path, script: str) -> Command:
    """Notes that it ran, then runs the script."""
    note = f"open('ran.txt', 'a').write({name!r})\n"
    return Command(name, [sys.executable, "-c", note + script], directory)


def test_each_is_run_once_unmeasured_and_then_in_turn(tmp_path: Path) -> None:
    measured = list(paired(command("a", tmp_path, ""), command("b", tmp_path, ""), 3))
    assert (tmp_path / "ran.txt").read_text() == "ab" * 4
    assert len(measured) == 3
    assert all(pair.first > 0 and pair.second > 0 for pair in measured)


def test_ratio_is_of_the_first_to_the_second() -> None:
    assert Pair(1.0, 4.0).ratio == 0.25


def test_prints_each_pair_and_the_median(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratio = compare(command("a", tmp_path, ""), command("b", tmp_path, ""), pairs=3, at_most=0.5)
    *pairs, median = capsys.readouterr().out.splitlines()
    assert sorted(float(line.rsplit(" ", 1)[1]) for line in pairs)[1] == pytest.approx(ratio, abs=0.01)
    assert median.startswith("median of 3: a ")
    assert median.endswith(f"ratio {ratio:.2f} (wanted: 0.5 at most)")


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"^a: exit code 3: no such table$"):
        command("a", tmp_path, "import sys; print('no such table', file=sys.stderr); sys.exit(3)").seconds()
