"""A curve is a well-formed SVG with a mark for each point, higher for a larger value."""

from xml.etree import ElementTree

from benchmarks.picture import curves

SVG = "{http://www.w3.org/2000/svg}"


def test_marks() -> None:
    picture = ElementTree.fromstring(curves([("Seconds & more", [(10, 1), (1000, 7), (10_000, 50)], "s")], "items"))  # noqa: S314 - our own
    marks = [(float(mark.get("cx", 0)), float(mark.get("cy", 0))) for mark in picture.iter(f"{SVG}circle")]
    assert marks == sorted(marks)
    assert [y for _, y in marks] == sorted((y for _, y in marks), reverse=True)
    assert {"Seconds & more", "7 s", "1,000", "items"} <= {text.text for text in picture.iter(f"{SVG}text")}


def test_a_value_that_never_changes() -> None:
    assert curves([("Memory", [(1, 60.0), (10, 60.0)], "MiB")], "items").count("<circle") == 2
