"""Pictures are well-formed SVG, higher for a larger value."""

from xml.etree import ElementTree

import pytest

from benchmarks.picture import curves, distributions

SVG = "{http://www.w3.org/2000/svg}"


def test_marks() -> None:
    picture = ElementTree.fromstring(curves([("Seconds & more", [(10, 1), (1000, 7), (10_000, 50)], "s")], "items"))  # noqa: S314 - our own
    marks = [(float(mark.get("cx", 0)), float(mark.get("cy", 0))) for mark in picture.iter(f"{SVG}circle")]
    assert marks == sorted(marks)
    assert [y for _, y in marks] == sorted((y for _, y in marks), reverse=True)
    assert {"Seconds & more", "7 s", "1,000", "items"} <= {text.text for text in picture.iter(f"{SVG}text")}


def test_a_value_that_never_changes() -> None:
    assert curves([("Memory", [(1, 60.0), (10, 60.0)], "MiB")], "items").count("<circle") == 2


def test_shares_rise_to_the_right_and_end_at_all() -> None:
    picture = ElementTree.fromstring(distributions({"fast & fresh": [2.0, 1.0], "slow": [30.0, 61.0]}, "seconds"))  # noqa: S314 - our own
    fast, slow = (
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for line in picture.iter(f"{SVG}polyline")
    )
    assert len(fast) == len(slow) == 3
    for points in (fast, slow):
        assert points == sorted(points)
        assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert fast[-1][1] == slow[-1][1] < fast[0][1]
    assert slow[-1][0] - slow[0][0] == pytest.approx(61 / 2 * (fast[-1][0] - fast[0][0]), rel=0.02)
    assert {"fast & fresh", "slow", "50 %", "70", "seconds"} <= {text.text for text in picture.iter(f"{SVG}text")}
