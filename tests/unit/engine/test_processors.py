from decimal import Decimal
from typing import Any

import pytest

from local.engine.events import Event, Float, Long, Value, text_of, to_json
from local.engine.java_numbers import float32
from local.engine.processors import BatchLostError, UnsupportedProcessorError, build

KEY = {"primary_key": "a", "table_name": "orders"}


def processed(name: str, options: dict[str, Any], data: dict[str, Value]) -> dict[str, Value]:
    event = Event(data, dict(KEY))
    build(name, options)(event)
    return event.data


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        ({"key": "x", "value": 1}, {"a": "b", "x": 1}),
        ({"key": "/x/y", "value": {"z": [True]}}, {"a": "b", "x": {"y": {"z": [True]}}}),
        ({"key": "${/a}", "value": "v"}, {"a": "b", "b": "v"}),
        ({"key": "x", "format": "<${/a}|${missing}>"}, {"a": "b", "x": "<b|>"}),
        ({"key": "x", "value_expression": 'getMetadata("table_name")'}, {"a": "b", "x": "orders"}),
        ({"key": "x", "value_expression": 'getMetadata("missing")'}, {"a": "b", "x": None}),
        ({"key": "x", "value": 2**31}, {"a": "b", "x": Long(2**31)}),
        ({"key": "x", "value_expression": "length(/a)"}, {"a": "b", "x": 1}),
        ({"key": "a", "value": "c"}, {"a": "b"}),
        ({"key": "a", "value": "c", "overwrite_if_key_exists": True}, {"a": "c"}),
        ({"key": "a", "value": "c", "append_if_key_exists": True}, {"a": ["b", "c"]}),
        ({"key": "x", "value": 1, "add_when": '/a == "c"'}, {"a": "b"}),
        ({"key": "/a/x", "value": 1}, {"a": "b"}),
    ],
)
def test_add_entries(entry: dict[str, Any], data: dict[str, Value]) -> None:
    assert processed("add_entries", {"entries": [entry]}, {"a": "b"}) == data


def test_add_entries_writes_a_double_as_java_does() -> None:
    before: dict[str, Value] = {"d": 123456789.12345679, "l": [1]}
    entries = [{"key": "text", "format": "<${/d}>"}, {"key": "float", "value_expression": "/d"}]
    data = processed("add_entries", {"entries": entries}, before)
    assert data["text"] == "<1.2345678912345679E8>"
    # An expression reads a double as a float, and is written with its digits.
    assert to_json(data["float"]) == "1.23456792E8"


def test_add_entries_whose_value_or_key_cannot_be_made_are_passed_over() -> None:
    entries = [
        {"key": "x", "value_expression": "length(/l)"},
        {"key": "${/a}", "value": 1},
        {"key": "${/missing}", "value": 2},
        {"key": "y", "value": 3},
    ]
    before: dict[str, Value] = {"a": "größe", "l": [1]}
    assert processed("add_entries", {"entries": entries}, dict(before)) == {**before, "y": 3}


def test_add_entries_reaches_metadata_and_goes_on_after_an_error() -> None:
    event = Event({"a": "b"}, dict(KEY))
    entries = [
        {"key": "/a/x", "value": 1},
        {"metadata_key": "m", "value": 2},
        {"metadata_key": "m", "value": 3, "append_if_key_exists": True},
        {"metadata_key": "table_name", "value": "x"},
    ]
    build("add_entries", {"entries": entries})(event)
    assert event.metadata == {**KEY, "m": [2, 3]}


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        ({"from_key": "a", "to_key": "x/y"}, {"c": 2, "x": {"y": 1}}),
        ({"from_key": "a", "to_key": "c"}, {"a": 1, "c": 2}),
        ({"from_key": "a", "to_key": "c", "overwrite_if_to_key_exists": True}, {"c": 1}),
        ({"from_key": "a", "to_key": "a", "overwrite_if_to_key_exists": True}, {"a": 1, "c": 2}),
        ({"from_key": "missing", "to_key": "x"}, {"a": 1, "c": 2}),
        ({"from_key_regex": "[ac]", "to_key": "x"}, {"c": 2, "x": 1}),
        ({"from_key_regex": "[ac]", "to_key": "x", "overwrite_if_to_key_exists": True}, {"x": 2}),
        ({"from_key": "a", "to_key": "x", "rename_when": "/c == 3"}, {"a": 1, "c": 2}),
    ],
)
def test_rename_keys(entry: dict[str, Any], data: dict[str, Value]) -> None:
    assert processed("rename_keys", {"entries": [entry]}, {"a": 1, "c": 2}) == data


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        ({"from_key": "a", "to_key": "x"}, {"a": 1, "c": 2, "x": 1}),
        ({"from_key": "a", "to_key": "c"}, {"a": 1, "c": 2}),
        ({"from_key": "a", "to_key": "c", "overwrite_if_to_key_exists": True}, {"a": 1, "c": 1}),
        ({"from_key": "a", "to_key": "x", "copy_when": "/c == 3"}, {"a": 1, "c": 2}),
    ],
)
def test_copy_values(entry: dict[str, Any], data: dict[str, Value]) -> None:
    assert processed("copy_values", {"entries": [entry]}, {"a": 1, "c": 2}) == data


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"with_keys": ["a", "/b/c", "missing"]}, {"b": {"d": 2}, "ab": 3}),
        ({"with_keys_regex": ["a.*"], "exclude_from_delete": ["ab"]}, {"b": {"c": 1, "d": 2}, "ab": 3}),
        ({"with_keys": ["a"], "delete_when": "/ab == 4"}, {"a": 0, "b": {"c": 1, "d": 2}, "ab": 3}),
        (
            {"entries": [{"with_keys": ["a"]}, {"with_keys": ["b"], "delete_when": "/ab == 4"}]},
            {"b": {"c": 1, "d": 2}, "ab": 3},
        ),
    ],
)
def test_delete_entries(options: dict[str, Any], data: dict[str, Value]) -> None:
    assert processed("delete_entries", options, {"a": 0, "b": {"c": 1, "d": 2}, "ab": 3}) == data


def test_names_that_are_no_keys_are_deleted_and_renamed() -> None:
    before: dict[str, Value] = {"größe": 1, "aws:rep:updatetime": 2, "c/d": 3, "c": {"d": 4}, "e": 5}
    options = {"with_keys": ["größe"], "with_keys_regex": ["aws:.*", "c/.*"]}
    data = processed("delete_entries", options | {"entries": []}, dict(before, c={"d": 4}))
    # Of the name c/d, Data Prepper makes the way to d in c.
    assert data == {"c/d": 3, "c": {}, "e": 5}
    renamed = processed("rename_keys", {"entries": [{"from_key_regex": "gr.*", "to_key": "size"}]}, {"größe": 1})
    assert renamed == {"size": 1}


def test_names_with_a_slash_stay() -> None:
    assert processed("delete_entries", {"with_keys": ["a~1b"]}, {"a/b": 1}) == {"a/b": 1}
    assert processed("rename_keys", {"entries": [{"from_key": "c~1d", "to_key": "e"}]}, {"c/d": 1}) == {
        "c/d": 1,
        "e": 1,
    }
    assert processed("add_entries", {"entries": [{"key": "p~1q", "value": 1}]}, {}) == {"p~1q": 1}


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"include_keys": ["/b/c", "a", "none", "missing"]}, {"b": {"c": 1}, "a": 0}),
        ({"include_keys_regex": ["a.*"]}, {"a": 0, "ab": 3}),
        ({"include_keys": ["b/c"], "include_keys_regex": ["n.*|b"]}, {"b": {"c": 1, "d": 2}, "none": None}),
        ({"include_keys": ["a"], "select_when": "/ab == 4"}, {"a": 0, "b": {"c": 1, "d": 2}, "ab": 3, "none": None}),
    ],
)
def test_select_entries(options: dict[str, Any], data: dict[str, Value]) -> None:
    before: dict[str, Value] = {"a": 0, "b": {"c": 1, "d": 2}, "ab": 3, "none": None}
    assert processed("select_entries", options, before) == data


def test_select_entries_takes_a_name_with_a_slash_for_a_way() -> None:
    assert processed("select_entries", {"include_keys_regex": [".*"]}, {"a/b": 1}) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("options", "data"),
    [
        ({"include_keys_regex": [".*"]}, {"größe": 1}),
        ({"include_keys_regex": ["aws:.*"]}, {"aws:rep:updatetime": 1}),
        ({"include_keys_regex": [".*"]}, {"2024": 1}),
        ({"include_keys": ["m/2024"]}, {"m": {"2024": 1}}),
        ({"include_keys": ["l/0"]}, {"l": [1]}),
        ({"include_keys": ["größe"]}, {}),
        ({"include_keys": ["a"], "select_when": "/a"}, {"a": "text"}),
    ],
)
def test_select_entries_is_the_end_of_all_that_was_read_together(
    options: dict[str, Any], data: dict[str, Value]
) -> None:
    with pytest.raises(BatchLostError, match="processor select_entries, a: "):
        processed("select_entries", options, data)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("add_entries", {"entries": [{"key": "x", "value": 1, "add_when": "/b"}, {"key": "y", "value": 1}]}),
        ("copy_values", {"entries": [{"from_key": "b", "to_key": "x", "copy_when": "/b"}]}),
        ("delete_entries", {"entries": [{"with_keys": ["b"], "delete_when": "/b"}, {"with_keys": ["a/b"]}]}),
    ],
)
def test_condition_that_is_none_ends_the_processor_for_this_event(name: str, options: dict[str, Any]) -> None:
    before: dict[str, Value] = {"b": "text", "a": {"b": 1}}
    assert processed(name, options, before) == {"b": "text", "a": {"b": 1}}


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        ("string", Decimal("1.50"), "1.50"),
        ("string", True, "true"),
        ("integer", Decimal("7.9"), 7),
        ("integer", Decimal(2**31), -(2**31)),
        ("integer", "12", 12),
        ("integer", "12.5", "12.5"),
        ("integer", "3000000000", "3000000000"),
        ("integer", False, 0),
        ("long", "3000000000", Long(3_000_000_000)),
        ("double", "1.5", 1.5),
        ("double", Decimal(2), 2.0),
        ("boolean", "True", True),
        ("boolean", Decimal(0), False),
        ("big_decimal", "1.005", Decimal("1.00")),
        ("integer", ["1", Decimal(2)], [1, 2]),
        ("integer", {"x": 1}, {"x": 1}),
        ("integer", "1_000", "1_000"),
        ("integer", " 42 ", " 42 "),
        ("integer", 12.7, 12.7),
        ("integer", Float(12.7), 12),
        ("integer", Long(7), Long(7)),
        ("long", "1_000", "1_000"),
        ("long", " 42 ", " 42 "),
        ("long", -12.7, Long(-12)),
        ("long", 1e30, Long(2**63 - 1)),
        ("long", float("nan"), Long(0)),
        ("long", Decimal(2**64 + 3), Long(3)),
        ("double", "30d", 30.0),
        ("double", " 1.5f", 1.5),
        ("double", "0x1p3", 8.0),
        ("double", "1_000", "1_000"),
        ("double", "inf", "inf"),
        ("double", "-Infinity", float("-inf")),
        ("double", "1e999", float("inf")),
        ("boolean", Decimal("1E-400"), False),
        ("string", 123456789.12345679, "1.2345678912345679E8"),
        ("string", 1e16, "1.0E16"),
        ("string", 0.00001, "1.0E-5"),
        ("string", Float(float32(0.1)), "0.1"),
        ("big_decimal", "1_000", "1_000"),
        ("big_decimal", " 42 ", " 42 "),
        ("big_decimal", "NaN", "NaN"),
        ("big_decimal", "12345678901234567890123456789012345678", Decimal("12345678901234567890123456789012345678.00")),
        ("big_decimal", True, Decimal("1.00")),
        ("integer", None, None),
    ],
)
def test_convert_entry_type(type_: str, before: Value, after: Value) -> None:
    options = {"key": "v", "type": type_} | ({"scale": 2} if type_ == "big_decimal" else {})
    (value,) = processed("convert_entry_type", options, {"v": before}).values()
    assert (type(value), value) == (type(after), after)


def test_a_double_that_is_no_number_is_written_as_a_text() -> None:
    data = processed("convert_type", {"keys": ["a", "b"], "type": "double"}, {"a": "NaN", "b": "Infinity"})
    assert to_json(data) == '{"a":"NaN","b":"Infinity"}'


def test_a_double_made_a_decimal_has_the_digits_of_its_text() -> None:
    data = processed("convert_type", {"keys": ["a", "b"], "type": "big_decimal"}, {"a": 1e16, "b": Float(0.5)})
    assert text_of(data) == "{a=1.0E+16, b=0.5}"


def test_convert_entry_type_removes_what_means_null() -> None:
    options = {"keys": ["a", "b", "c"], "type": "long", "null_values": ["-"], "convert_when": "/a == 1"}
    assert processed("convert_type", options, {"a": 1, "b": "-", "c": "2"}) == {"a": 1, "c": 2}
    assert processed("convert_type", options, {"a": 2, "b": "-"}) == {"a": 2, "b": "-"}


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"source": "a", "from": "-", "to": "/"}, "2026/03/04"),
        ({"source": "a", "from": r"(\d+)-(?<month>\d+)-(\d+)", "to": r"$3.${month}.$1 \$"}, "04.03.2026 $"),
        ({"source": "a", "from": "-", "to": "", "substitute_when": "/b == 2"}, "2026-03-04"),
        ({"source": "b", "from": "1", "to": "2"}, "2026-03-04"),
        # Java fails at these, which leaves the text as it is.
        ({"source": "a", "from": "-", "to": "USD $"}, "2026-03-04"),
        ({"source": "a", "from": "-", "to": "$2"}, "2026-03-04"),
    ],
)
def test_substitute_string(entry: dict[str, Any], text: str) -> None:
    before: dict[str, Value] = {"a": "2026-03-04", "b": 1}
    assert processed("substitute_string", {"entries": [entry]}, before) == {"a": text, "b": 1}


@pytest.mark.parametrize(
    ("options", "value", "written"),
    [
        ({"patterns": ["yyyy-MM-dd", "dd.MM.yyyy"]}, "04.03.2026", "2026-03-04T00:00:00.000Z"),
        ({"patterns": ["epoch_second"]}, Decimal(1_772_582_400), "2026-03-04T00:00:00.000Z"),
        ({"patterns": ["epoch_milli"]}, "1772582400123", "2026-03-04T00:00:00.123Z"),
        ({"patterns": ["epoch_second"]}, "1772582400123", None),
        ({"patterns": ["yyyy-MM-dd"]}, "never", None),
    ],
)
def test_date(options: dict[str, Any], value: Value, written: str | None) -> None:
    data = processed("date", {"match": [{"key": "d", **options}]}, {"d": value})
    assert data.get("@timestamp") == written


def test_date_has_zones_and_formats_of_its_own() -> None:
    options = {
        "match": [{"key": "d", "patterns": ["yyyy-MM-dd HH:mm"]}],
        "destination": "at",
        "source_timezone": "America/New_York",
        "destination_timezone": "Europe/Berlin",
        "output_format": "dd.MM.yyyy HH:mm xxx",
        "date_when": "/x == 1",
    }
    before: dict[str, Value] = {"d": "2026-03-04 15:06", "x": 1}
    assert processed("date", options, before)["at"] == "04.03.2026 21:06 +01:00"
    assert "at" not in processed("date", options, {"d": "2026-03-04 15:06"})
    assert processed("date", options | {"output_format": "epoch_milli"}, before)["at"] == "1772654760000"


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("grok", {}, "grok: this processor is not supported; supported: add_entries, convert_entry_type"),
        ("copy_values", {"entries": [], "from_list": "a"}, "copy_values.from_list: this option is not supported"),
        (
            "add_entries",
            {"entries": [{"key": "a", "value": 1, "iterate_on": "b"}]},
            "add_entries.entries.0.iterate_on: this option is not supported",
        ),
        (
            "add_entries",
            {"entries": [{"key": "a", "value": 1, "add_when": "now() == 1"}]},
            "add_entries.entries.0.add_when: 'now() == 1': the function now() is not supported",
        ),
        (
            "add_entries",
            {"entries": [{"key": "a", "format": '${getMetadata("x")}'}]},
            "only ${/key} works here; use value_expression",
        ),
        ("rename_keys", {"transform_key": "lowercase"}, "rename_keys.transform_key: this option is not supported"),
        (
            "delete_entries",
            {"with_keys_regex": ["("]},
            "delete_entries.with_keys_regex.0: pattern '(' is not supported",
        ),
        ("convert_entry_type", {"key": "a", "type": "map"}, "convert_entry_type.type"),
        ("date", {"match": [{"key": "a", "patterns": ["epoch_nano"]}]}, "pattern 'epoch_nano': 'e' is not supported"),
        ("date", {"source_timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus' is not known here"),
        ("date", {"locale": "fr-FR"}, "date.locale"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(name: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsupportedProcessorError) as caught:
        build(name, options)
    assert reason in "\n".join(caught.value.reasons)
