"""Bars begin and end where their phases do."""

import pytest

from local.timeline import WIDTH, Phase, Timeline

# Seconds of a clock that began long before.
RUN = [Phase("pipeline", 120, 200), Phase("start", 100, 120), Phase("state", 120, 160)]


def test_phases_are_counted_from_the_first_and_sorted_by_start() -> None:
    assert Timeline.of(RUN).phases == [Phase("start", 0, 20), Phase("state", 20, 60), Phase("pipeline", 20, 100)]


def test_overlap_is_the_sum_of_all_to_the_time_of_the_whole() -> None:
    assert Timeline.of(RUN).seconds == 100
    assert Timeline.of(RUN).overlap == pytest.approx(1.4)
    assert Timeline.of([Phase("a", 1, 2), Phase("b", 2, 5)]).overlap == 1


def test_a_bar_stands_where_its_phase_was() -> None:
    *bars, whole = Timeline.of(RUN).bars()
    assert [(bar.index("━"), bar.rindex("━") + 1) for bar in bars] == [
        (0, WIDTH // 5),
        (WIDTH // 5, WIDTH * 3 // 5),
        (WIDTH // 5, WIDTH),
    ]
    assert [bar[WIDTH:].split(maxsplit=2) for bar in bars] == [
        ["20.0", "s", "start"],
        ["40.0", "s", "state"],
        ["80.0", "s", "pipeline"],
    ]
    assert whole.split() == ["100.0", "s", "in", "all;", "added", "up", "140.0", "s"]


@pytest.mark.parametrize("start", [0, 499.9, 1000])
def test_a_phase_of_no_length_is_seen(start: float) -> None:
    timeline = Timeline.of([Phase("all", 0, 1000), Phase("moment", start, start)])
    (bar,) = (bar for bar in timeline.bars() if bar.endswith("moment"))
    assert bar[:WIDTH].count("━") == 1
    assert {len(bar[: bar.index(" s ")]) for bar in timeline.bars()} == {WIDTH + 7}
