import json
from decimal import Decimal

import pytest

from local.engine.events import Event, Float, InvalidKeyError, Value, WrongShapeError, path_of, text_of, to_json


def event(**data: Value) -> Event:
    return Event(data, {})


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a", ("a",)),
        ("/a", ("a",)),
        ("/a/b/", ("a", "b")),
        ("a b/0", ("a b", "0")),
        ("/a~1b/~0", ("a~1b", "~0")),
        ("", ()),
    ],
)
def test_key_is_a_json_pointer(key: str, path: tuple[str, ...]) -> None:
    assert path_of(key) == path


@pytest.mark.parametrize("key", ['getMetadata("id")', "a:b", "ä", "a" * 2049])
def test_other_characters_make_no_key(key: str) -> None:
    with pytest.raises(InvalidKeyError, match="is not a key"):
        path_of(key)


def test_reading_finds_members_and_elements() -> None:
    found = event(a={"b": ["x", {"c": 1}]}, nothing=None)
    assert found.get(("a", "b", "1", "c")) == 1
    assert found.get(("a", "b", "2")) is None
    assert found.contains(("nothing",))
    assert not found.contains(("a", "c"))


def test_slashes_in_names_are_read_and_neither_put_nor_deleted() -> None:
    """Data Prepper after 2.16 understands `~1` and `~0` there, too."""
    changed = Event({"a/b": 1, "~": {"c": 2, "d/e": 3}}, {})
    assert changed.get(path_of("/a~1b")) == 1
    assert changed.contains(path_of("~0/d~1e"))
    changed.put(path_of("p~1q"), 4)
    for key in ("a~1b", "~0/c", "~0/d~1e"):
        changed.delete(path_of(key))
    assert changed.data == {"a/b": 1, "~": {"d/e": 3}, "p~1q": 4}


def test_where_an_element_of_a_list_is_named() -> None:
    found = event(items=["x"] * 12)
    assert found.get(("items", "11")) == "x"
    assert found.get(("items", "01")) is None
    assert found.get(("items", "٢")) is None


def test_putting_below_a_list_makes_room() -> None:
    changed = event(items=[1])
    changed.put(("items", "0", "a"), 2)
    changed.put(("items", "1", "a"), 3)
    assert changed.data == {"items": [{"a": 2}, {"a": 3}]}


def test_empty_steps_are_passed_over_where_something_is_put() -> None:
    changed = event()
    changed.put(path_of("/a//b"), 1)
    assert changed.data == {"a": {"b": 1}}


def test_putting_makes_the_objects_on_the_way_and_copies_the_value() -> None:
    changed = event(items=[1, {}])
    inner: list[Value] = [1]
    changed.put(("x", "y"), {"inner": inner})
    changed.put(("items", "0"), 2)
    changed.put(("items", "1", "z"), 3)
    inner.append(2)
    assert changed.data == {"items": [2, {"z": 3}], "x": {"y": {"inner": [1]}}}


@pytest.mark.parametrize("path", [("text", "a"), ("a", "0"), ("items", "9"), ("items", "a", "b"), ()])
def test_putting_where_nothing_can_be_put_is_an_error(path: tuple[str, ...]) -> None:
    with pytest.raises(WrongShapeError):
        event(text="x", items=[1]).put(path, 1)


def test_deleting() -> None:
    changed = event(a={"b": 1}, c=2)
    for path in (("a", "b"), ("c",), ("c",), ("x", "y")):
        changed.delete(path)
    assert changed.data == {"a": {}}
    with pytest.raises(WrongShapeError):
        event(items=[1]).delete(("items", "0"))
    with pytest.raises(WrongShapeError):
        event(items=[1]).delete(())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.50"), "1.50"),
        (Decimal("1.5E+10"), "1.5E+10"),
        (True, "true"),
        (12.7, "12.7"),
        (1e16, "1.0E16"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (-0.0, "-0.0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Float(0.5), "0.5"),
        # Java 17 writes more digits than are needed of a number that its bits cannot tell from its neighbours.
        (Float(805227776.0), "8.0522778E8"),
        (None, "null"),
        ({"a": [1, "x"], "b": None}, "{a=[1, x], b=null}"),
    ],
)
def test_text_is_as_java_prints_it(value: Value, text: str) -> None:
    assert text_of(value) == text


def test_json_keeps_every_digit() -> None:
    digits = "12345678901234567890123456789012345678"
    value: Value = {"n": [Decimal(digits), Decimal("1E-20"), 1, 0.5], 'quo"te': "日本\n", "t": True, "z": None}
    assert to_json(value) == f'{{"n":[{digits},1E-20,1,0.5],"quo\\"te":"日本\\n","t":true,"z":null}}'
    assert json.loads(to_json(value))["n"][0] == int(digits)
