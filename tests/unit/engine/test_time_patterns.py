from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from local.engine.time_patterns import TimePattern, UnsupportedPatternError

MOMENT = datetime(2026, 3, 4, 15, 6, 7, 89_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-04T15:06:07.089Z"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "04/Mar/2026:15:06:07 +0000"),
        ("EEE, d MMMM yyyy h:mm:ss.SSS a xxx", "Wed, 4 March 2026 3:06:07.089 PM +00:00"),
        ("yyyyMMdd HHmmss.SSSSSS''", "20260304 150607.089000'"),
    ],
)
def test_writing_and_reading_are_inverse(pattern: str, text: str) -> None:
    assert TimePattern(pattern).write(MOMENT) == text
    read = TimePattern(pattern).read(text, UTC)
    assert read is not None
    assert abs(read - MOMENT) < timedelta(seconds=1)


@pytest.mark.parametrize(("pattern", "text"), [("yyyy.MM", "2026.03"), ("yy-M-d", "26-3-4"), ("HH", "15")])
def test_parts_of_a_date(pattern: str, text: str) -> None:
    assert TimePattern(pattern).write(MOMENT) == text


def test_offset_of_the_text_wins_over_the_zone() -> None:
    zone = ZoneInfo("America/New_York")
    pattern = TimePattern("yyyy-MM-dd HH:mmXXX")
    assert pattern.read("2026-03-04 15:06+02:00", zone) == datetime(2026, 3, 4, 13, 6, tzinfo=UTC)
    assert TimePattern("yyyy-MM-dd HH:mm").read("2026-03-04 15:06", zone) == datetime(2026, 3, 4, 20, 6, tzinfo=UTC)
    there = datetime(2026, 3, 4, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))
    assert pattern.write(there) == "2026-03-04 00:00-05:30"


def test_what_the_pattern_lacks_is_today_at_midnight() -> None:
    today = datetime.now(UTC)
    assert TimePattern("yyyy").read("1999", UTC) in {
        datetime(1999, day.month, day.day, tzinfo=UTC) for day in (today, datetime.now(UTC))
    }


def test_day_beyond_the_month_is_its_last() -> None:
    assert TimePattern("yyyy-MM-dd").read("2026-02-31", UTC) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-1-01", "x2026-01-01", "2026-01-01 "])
def test_text_that_does_not_fit(text: str) -> None:
    assert TimePattern("yyyy-MM-dd").read(text, UTC) is None


@pytest.mark.parametrize("pattern", ["yyyy-MM-dd VV", "QQQ", "SSSSSSSSS", "'open", "MMMMM", "HHH"])
def test_unsupported_pattern_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError, match=pattern):
        TimePattern(pattern)
