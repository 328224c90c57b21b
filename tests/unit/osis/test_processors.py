"""Each processor that is checked: what it takes, and what it refuses."""

import json
from typing import Any

import pytest

import osis

ENTRY = "orders.processor[0]"


def errors(changed: Any, processor: Any) -> list[str]:
    problems = osis.check(json.dumps(changed({"orders.processor": [processor]})))
    return [str(problem) for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize(
    "processor",
    [
        {"select_entries": {"include_keys": ["id", "/a/b"], "select_when": "/a == 1"}},
        {"select_entries": {"include_keys_regex": ["^a.*", r"\p{Alpha}+(?<rest>\d)", r"\Q(\E"]}},
        {"delete_entries": {"with_keys": ["a"], "delete_when": '/a == "x"'}},
        {"delete_entries": {"with_keys_regex": ["^x"], "exclude_from_delete": ["xa"]}},
        {"delete_entries": {"entries": [{"with_keys": ["a"], "iterate_on": "b", "delete_from_element_when": "/c"}]}},
        {"add_entries": {"entries": [{"key": "a", "value": None, "format": "${/b}"}]}},
        {
            "add_entries": {
                "entries": [{"metadata_key": "m", "value_expression": "length(/a)", "add_when": "/a != null"}]
            }
        },
        {
            "add_entries": {
                "entries": [{"key": "a", "value": {"b": [1, 2.5, True, "x"]}, "overwrite_if_key_exists": True}]
            }
        },
        {"add_entries": {"entries": [{"key": "a", "value": 1, "iterate_on": "b", "flatten_key": False}]}},
        {"rename_keys": {"entries": [{"from_key": "a", "to_key": "b/c", "rename_when": "/a != null"}]}},
        {"rename_keys": {"entries": [{"from_key_regex": "^a", "to_key": "b", "overwrite_if_to_key_exists": True}]}},
        {"rename_keys": {"transform_key": "lowercase"}},
        {"copy_values": {"entries": [{"from_key": "a", "to_key": "b"}], "from_list": "l", "to_list": "m"}},
        {"convert_type": {"key": "a", "type": "big_decimal", "scale": 2, "tags_on_failure": ["t"]}},
        {"convert_type": {"keys": ["a", "b"], "null_values": ["-"], "convert_when": "/a != null"}},
        {"convert_type": {"coerce_strings": None}},
        {"convert_entry_type": {"key": "number", "type": "string"}},
        {"substitute_string": {"entries": [{"source": "id", "from": "LPA#", "to": "LPA--"}]}},
        {"substitute_string": {"entries": [{"source": "id", "from": 1, "to": "", "substitute_when": "/a"}]}},
        {"date": {"from_time_received": True, "destination": "@timestamp"}},
        {"date": {"match": [{"key": "t", "patterns": ["epoch_milli", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"]}]}},
        {"date": {"match": [{"key": "t", "patterns": ["dd/MMM/yyyy:HH:mm:ss Z"]}], "output_format": "yyyy"}},
        {"grok": {"match": {"log": ["%{COMMONAPACHELOG}"]}, "anything": 1}},
        {"drop_events": {"drop_when": "/a"}},
        {"lowercase_string": None},
    ],
    ids=str,
)
def test_accepted(changed: Any, processor: dict[str, Any]) -> None:
    assert errors(changed, processor) == []


@pytest.mark.parametrize(
    ("processor", "message"),
    [
        ({"select_entry": {}}, "select_entry: is not a processor of Data Prepper; did you mean 'select_entries'?"),
        ({"uppercase": {}}, "uppercase: is not a processor of Data Prepper; did you mean 'uppercase_string'?"),
        ({"xyz": {}}, "xyz: is not a processor of Data Prepper"),
        ({"grok": "x"}, "grok: 'x' is not a mapping of keys to values"),
        ({"date": {}, "grok": {}}, "2 processors in one list item; write one item for each"),
        ({"select_entries": {}}, "select_entries: selects nothing; write include_keys or include_keys_regex"),
        (
            {"select_entries": {"include_keys_regex": ["a(b"]}},
            "select_entries.include_keys_regex[0]: 'a(b' is not a regular expression: "
            "missing ), unterminated subpattern",
        ),
        (
            {"delete_entries": {"with_keys": ["a"], "entries": []}},
            "delete_entries: entries and with_keys stand side by side; "
            "write exactly one of entries, with_keys and with_keys_regex",
        ),
        (
            {"delete_entries": {"delete_when": "/a"}},
            "delete_entries: deletes nothing; write exactly one of entries, with_keys and with_keys_regex",
        ),
        (
            {"delete_entries": {"with_keys": ["a"], "exclude_from_delete": ["b"]}},
            "delete_entries.exclude_from_delete: has a meaning only beside with_keys_regex",
        ),
        (
            {"delete_entries": {"with_keys": [""]}},
            "delete_entries.with_keys[0]: is empty; write a value or leave the option out",
        ),
        ({"add_entries": {}}, "add_entries.entries: is required"),
        ({"add_entries": {"entries": []}}, "add_entries.entries: has 0; at least 1"),
        (
            {"add_entries": {"entries": [{"value": 1}]}},
            "add_entries.entries[0]: adds to nothing; write key or metadata_key",
        ),
        (
            {"add_entries": {"entries": [{"key": "a", "value": 1, "format": "x"}]}},
            "add_entries.entries[0]: needs exactly one of value, format and value_expression",
        ),
        (
            {"add_entries": {"entries": [{"key": "a"}]}},
            "add_entries.entries[0]: needs exactly one of value, format and value_expression",
        ),
        (
            {
                "add_entries": {
                    "entries": [{"key": "a", "value": 1, "append_if_key_exists": True, "overwrite_if_key_exists": True}]
                }
            },
            "add_entries.entries[0].append_if_key_exists: cannot stand beside overwrite_if_key_exists; "
            "keep one of them",
        ),
        (
            {"add_entries": {"entries": [{"key": "a", "value": 1, "flatten_key": False}]}},
            "add_entries.entries[0].flatten_key: has a meaning only beside iterate_on",
        ),
        (
            {"add_entries": {"entries": [{"key": "a", "value": 1, "disable_root_keys": False}]}},
            "add_entries.entries[0].disable_root_keys: has a meaning only beside iterate_on",
        ),
        (
            {"add_entries": {"entries": [{"key": "a", "value": 1, "evaluate_when_on_element": True}]}},
            "add_entries.entries[0].evaluate_when_on_element: has a meaning only beside both iterate_on and "
            "add_to_element_when",
        ),
        ({"rename_keys": {}}, "rename_keys: needs exactly one of entries and transform_key"),
        (
            {"rename_keys": {"transform_key": "none"}},
            "rename_keys: needs exactly one of entries and transform_key",
        ),
        (
            {"rename_keys": {"transform_key": "snake"}},
            "rename_keys.transform_key: 'snake' is not allowed; use none, lowercase, uppercase or capitalize",
        ),
        (
            {"rename_keys": {"entries": [{"from_key": "a", "to_key": "b#"}]}},
            "rename_keys.entries[0].to_key: 'b#' is not a key; "
            "use letters, digits and . - _ ~ @ / [ ] $ ( ) as in /order/price",
        ),
        ({"copy_values": {"entries": [{"from_key": "a"}]}}, "copy_values.entries[0].to_key: is required"),
        (
            {"copy_values": {"entries": [{"from_key": "a", "to_key": "b"}], "to_list": "l"}},
            "copy_values: needs both from_list and to_list, or neither",
        ),
        ({"convert_type": {"type": "long"}}, "convert_type: converts nothing; write key, keys or coerce_strings"),
        (
            {"convert_type": {"key": "a", "keys": ["b"]}},
            "convert_type.keys: cannot stand beside key; keep one of them",
        ),
        (
            {"convert_entry_type": {"key": "a", "type": "int"}},
            "convert_entry_type.type: 'int' is not allowed; use integer, long, double, big_decimal, string or boolean",
        ),
        (
            {"substitute_string": {"entries": [{"source": "a", "form": "b", "to": "c"}]}},
            "substitute_string.entries[0].from: is required",
        ),
        (
            {"substitute_string": {"entries": [{"source": "a", "from": "${x}", "to": "c"}]}},
            "substitute_string.entries[0].from: '${x}' is not a regular expression of Java; write \\{ for a brace",
        ),
        (
            {"rename_keys": {"entries": [{"to_key": "b"}]}},
            "rename_keys.entries[0]: needs exactly one of from_key and from_key_regex",
        ),
        (
            {"rename_keys": {"entries": [{"from_key": "a", "from_key_regex": "a", "to_key": "b"}]}},
            "rename_keys.entries[0]: needs exactly one of from_key and from_key_regex",
        ),
        (
            {"delete_entries": {"entries": [{"with_keys": ["a"], "delete_from_element_when": "/c"}]}},
            "delete_entries.entries[0].delete_from_element_when: has a meaning only beside iterate_on",
        ),
        (
            {"add_entries": {"entries": [{"key": "a,b", "value": 1}]}},
            "add_entries.entries[0].key: 'a,b' is not a key; "
            "use letters, digits and . - _ ~ @ / [ ] $ ( ) as in /order/price",
        ),
        (
            {"add_entries": {"entries": [{"key": "a", "value": 1, "add_when": "/a = 1"}]}},
            "add_entries.entries[0].add_when: '/a = 1' is not an expression of Data Prepper: '= 1' cannot be read",
        ),
        ({"convert_type": {"key": ""}}, "convert_type.key: is empty; write a value or leave the option out"),
        (
            {"convert_type": {"coerce_strings": {"time_formats": None}}},
            "convert_type.coerce_strings.time_formats: has no value; write one or leave the option out",
        ),
        (
            {"date": {"from_time_received": True, "source_timezone": "Europe/Nowhere"}},
            "date.source_timezone: 'Europe/Nowhere' is not a time zone; "
            "use a name like Europe/Paris or an offset like +02:00",
        ),
        (
            {"date": {"from_time_received": True, "locale": "english"}},
            "date.locale: 'english' is not a locale; use a language and a country as in en_US",
        ),
        (
            {"date": {"from_time_received": True, "output_format": "hh:mm aa"}},
            "date.output_format: 'hh:mm aa' is not a date pattern of Java: no letter a 2 times",
        ),
        ({"date": {}}, "date: needs exactly one of match and from_time_received: true"),
        (
            {"date": {"match": [{"key": "t", "patterns": ["yyyy"]}] * 2}},
            "date.match: has too many entries; at most 1",
        ),
        (
            {"date": {"match": [{"key": "t", "patterns": ["yyyy-MM-ddTHH"]}]}},
            "date.match[0].patterns[0]: 'yyyy-MM-ddTHH' is not a date pattern of Java: quote T as in 'T'",
        ),
        (
            {"date": {"match": [{"key": "t", "patterns": ["yyyy'T"]}]}},
            'date.match[0].patterns[0]: "yyyy\'T" has a quote without an end',
        ),
        (
            {"date": {"match": [{"key": "t", "patterns": ["epoch_day"]}]}},
            "date.match[0].patterns[0]: 'epoch_day' is not allowed; "
            "use epoch_second, epoch_milli, epoch_micro or epoch_nano",
        ),
        (
            {"date": {"match": [{"key": "t", "patterns": ["epoch_milli", "epoch_second"]}]}},
            "date.match[0].patterns: has more than one epoch pattern; keep one of them",
        ),
    ],
)
def test_refused(changed: Any, processor: dict[str, Any], message: str) -> None:
    separator = ": " if message[0].isdigit() else "."
    assert errors(changed, processor)[0] == f"{ENTRY}{separator}{message}"
