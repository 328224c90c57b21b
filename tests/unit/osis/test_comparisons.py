"""Conditions that compare numbers of the table: which are wrong, and what makes them right."""

import json
from typing import Any

import pytest

import osis
from osis.expressions import Comparison, comparisons_with_numbers

ORDERED = ("double", "long", "integer")
NEVER = "and a number of the table is never equal to, below or above one"


def found(document: dict[str, Any]) -> list[str]:
    problems = [str(problem).removeprefix("warning: ") for problem in osis.check(json.dumps(document))]
    return [problem for problem in problems if "number" in problem]


@pytest.mark.parametrize(
    ("condition", "comparisons"),
    [
        ("/total > 1000", [("total", ORDERED)]),
        ("/total>=-1.5e-3", [("total", ORDERED)]),
        ("5 <= /order/total", [("order/total", ORDERED)]),
        ('"/order total" != 0', [("order total", ORDERED)]),
        ('/kind == "odd" and not (/a == 1 or 2 < /b)', [("a", ORDERED), ("b", ORDERED)]),
        ("/n in {1, 2}", [("n", ("integer",))]),
        ("/n not in {0.5, 2}", [("n", ("double",))]),
        ('/kind in {"odd", "1"}', []),
        ('/kind == "1"', []),
        ('/kind == "/a > 5"', []),
        ('contains(/kind, "/a") == true', []),
        ("length(/tags) > 2", []),
        ('getMetadata("/a") > 5', []),
        ("/a1 == /b2", []),
        ("/a/1 == /b", []),
        ("/a == null or /b == true", []),
        ('/a == "5 <" and /b == "x"', []),
    ],
)
def test_comparisons_with_numbers(condition: str, comparisons: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [*comparisons_with_numbers(condition)] == [Comparison(key, types) for key, types in comparisons]


CONVERT = {"convert_type": {"key": "total", "type": "double"}}
LARGE = {"orders.route": [{"large": "/total > 1000"}], "sink.routes": ["large"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            LARGE,
            f"orders.route[0].large: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: double",
        ),
        (
            {"orders.routes": [{"few": "/total in {1, 2}"}], "sink.routes": ["few"]},
            f"orders.routes[0].few: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: integer",
        ),
        (
            {"orders.processor": [{"drop_events": {"drop_when": "/total < 0"}}, CONVERT]},
            f"orders.processor[0].drop_events.drop_when: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: double",
        ),
        (
            {
                "orders.processor": [
                    {"add_entries": {"entries": [{"key": "large", "value": True, "add_when": "/total > 9"}]}}
                ]
            },
            f"orders.processor[0].add_entries.entries[0].add_when: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: double",
        ),
        (
            {"sink.action": ..., "sink.actions": [{"type": "delete", "when": "/gone == 1"}, {"type": "index"}]},
            f"orders.sink[0].opensearch.actions[0].when: compares 'gone' with a number, {NEVER}; "
            "add before it the processor convert_type with key: gone and type: double",
        ),
        (
            LARGE | {"orders.processor": [{"convert_type": {"key": "total", "type": "big_decimal", "scale": 2}}]},
            "orders.route[0].large: looks for a number in 'total', which convert_type makes big_decimal; "
            "make it double before",
        ),
        (
            {
                "orders.route": [{"few": "/total in {1, 2}"}],
                "sink.routes": ["few"],
                "orders.processor": [{"convert_type": {"key": "total", "type": "long"}}],
            },
            "orders.route[0].few: looks for a number in 'total', which convert_type makes long; make it integer before",
        ),
        (
            # The new name is converted, the old one is looked at.
            LARGE
            | {
                "orders.processor": [
                    CONVERT,
                    {"rename_keys": {"entries": [{"from_key": "total", "to_key": "sum"}]}},
                ]
            },
            f"orders.route[0].large: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: double",
        ),
        (
            LARGE | {"orders.processor": [{"convert_type": {"key": "total", "iterate_on": "lines", "type": "double"}}]},
            f"orders.route[0].large: compares 'total' with a number, {NEVER}; "
            "add before it the processor convert_type with key: total and type: double",
        ),
    ],
)
def test_wrong(changed: Any, changes: dict[str, Any], expected: str) -> None:
    assert found(changed(changes)) == [expected]


@pytest.mark.parametrize(
    "processors",
    [
        [CONVERT],
        [{"convert_entry_type": {"keys": ["/id", "/total"], "type": "long"}}],
        [{"convert_type": {"key": "total"}}],
        [
            {"convert_type": {"key": "price/sum", "type": "double"}},
            {"rename_keys": {"entries": [{"from_key": "/price/sum", "to_key": "total"}]}},
        ],
        [
            {"convert_type": {"key": "sum", "type": "double"}},
            {"copy_values": {"entries": [{"from_key": "sum", "to_key": "total"}]}},
        ],
        [{"add_entries": {"entries": [{"key": "total", "value": 5}]}}],
        [CONVERT, {"drop_events": {"drop_when": "/total == 0"}}],
        # The keys are those of the elements.
        [
            CONVERT,
            {
                "add_entries": {
                    "entries": [{"key": "x", "value": 1, "iterate_on": "lines", "add_to_element_when": "/n > 1"}]
                }
            },
        ],
    ],
)
def test_right(changed: Any, processors: list[dict[str, Any]]) -> None:
    assert found(changed(LARGE | {"orders.processor": processors})) == []


def test_converted_by_an_earlier_pipeline(changed: Any) -> None:
    document = changed({"orders.processor": [CONVERT], **LARGE})
    document["between"] = {"source": {"pipeline": {"name": "orders"}}, "sink": [{"pipeline": {"name": "search"}}]}
    document["search"] = {
        "source": {"pipeline": {"name": "between"}},
        "route": document["orders"].pop("route"),
        "sink": document["orders"]["sink"],
    }
    document["orders"]["sink"] = [{"pipeline": {"name": "between"}}]
    assert found(document) == []
    del document["orders"]["processor"]
    assert [problem.partition(":")[0] for problem in found(document)] == ["search.route[0].large"]
