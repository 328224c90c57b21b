"""Lags are summed up by percentiles, and runs are compared within a pair."""

import pytest

from benchmarks.freshness import Run, compare, summary


def test_percentiles() -> None:
    seconds = [float(second) for second in range(100, -1, -1)]
    assert summary(seconds) == "median 50.00 s, 90 % within 90.00 s, 99 % within 99.00 s, longest 100.00 s"


def test_ours_and_the_samples_begin_in_turn(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[str] = []
    seconds = {"ours": iter([1.0, 2.0, 1.0]), "sample": iter([3.0, 4.0, 8.0])}

    def run(key: str) -> Run:
        ran.append(key)
        return Run(documents=100, seconds=next(seconds[key]), bulk_requests=5)

    assert compare(run, 3) == pytest.approx(3.0)
    assert ran == ["ours", "sample", "sample", "ours", "ours", "sample"]
    *pairs, medians = capsys.readouterr().out.splitlines()
    assert pairs[1] == (
        "ours 50 documents/s (2.0 s, 5 bulk requests), sample 25 documents/s (4.0 s, 5 bulk requests), 2.00 times"
    )
    assert medians == "median of 3: ours 100 documents/s, sample 25, 3.00 times (wanted: 1.0 at least)"
