"""The dashboard that is made of an index's attributes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from dashboards import NEEDED_MAJOR, FieldType, Overview, check, overview, problems, queries, to_ndjson
from tests.unit.dashboards.conftest import LAYOUT, ORDERS, Make, opened

ROOT = Path(__file__).parents[3]
META_FIELDS = {"_id", "_index", "_score", "_source"}


def titles(ndjson: bytes) -> dict[str, str]:
    return {
        id_.removeprefix("orders-"): each["attributes"]["title"]
        for id_, each in opened(ndjson).items()
        if each["type"] in ("search", "visualization")
    }


def test_is_what_was_reviewed(make: Make, snapshot: SnapshotAssertion) -> None:
    """The sample orders' objects. A wanted change: `pytest tests/unit/dashboards --snapshot-update`, and read it."""
    assert opened(make()) == snapshot(extension_class=JSONSnapshotExtension)


def test_is_one_compact_object_a_line(make: Make) -> None:
    lines = make().split(b"\n")
    assert lines.pop() == b""
    assert [line[:15] for line in lines] == [b'{"attributes":{'] * 10
    assert b"exportedCount" not in lines[-1]


def test_the_same_input_gives_the_same_bytes(make: Make) -> None:
    script = (
        "import sys; from dashboards import *; from tests.unit.dashboards.conftest import LAYOUT, ORDERS;"
        "made = overview(index='orders', attributes=ORDERS, keys=['order_id'], layout=LAYOUT, since='now-90d');"
        " sys.stdout.buffer.write(to_ndjson(made))"
    )
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True
        )
        assert done.stdout == make()


def test_the_order_of_attributes_does_not_matter_where_the_layout_says_all(make: Make) -> None:
    assert make(dict(reversed(ORDERS.items()))) == make()


def test_what_the_layout_names_is_shown(make: Make) -> None:
    assert titles(make()) == {
        "count": "Documents",
        "amount": "Total by currency",
        "changes": "Documents over time by category",
        "terms-1": "Documents by category",
        "terms-2": "Documents by status",
        "amount-over-time": "Total over time by currency",
        "map": "Documents by location",
        "latest": "Latest documents",
    }


def test_what_the_layout_leaves_out_is_chosen_in_the_order_of_declaration(make: Make) -> None:
    ndjson = make(layout=Overview())
    assert titles(ndjson) == {
        "count": "Documents",
        "amount": "Price",
        "changes": "Documents over time by customer",
        "terms-1": "Documents by customer",
        "terms-2": "Documents by category",
        "amount-over-time": "Price over time",
        "map": "Documents by location",
        "latest": "Latest documents",
    }
    assert opened(ndjson)["orders-latest"]["attributes"]["columns"] == [
        "order_id", "customer", "category", "product", "status", "currency", "city", "tags",
    ]  # fmt: skip


def test_the_time_is_no_column_of_its_own(make: Make) -> None:
    # Dashboards puts it first by itself.
    ndjson = make({"day": "date", "shop": "keyword"}, Overview())
    assert opened(ndjson)["orders-latest"]["attributes"]["columns"] == ["shop"]


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({}, ["count", "latest"]),
        ({"a": "text"}, ["count", "latest"]),
        ({"a": "date"}, ["count", "changes", "latest"]),
        ({"a": "keyword"}, ["count", "terms-1", "latest"]),
        ({"a": "float"}, ["count", "amount", "latest"]),
        ({"a": "integer", "b": "boolean"}, ["count", "latest"]),
        ({"a": "date", "b": "double"}, ["count", "amount", "changes", "amount-over-time", "latest"]),
        ({"a": "geo_point"}, ["count", "map", "latest"]),
    ],
)
def test_panels_are_only_for_what_there_is(make: Make, attributes: Any, shown: list[str]) -> None:
    ndjson = make(attributes, Overview())
    assert list(titles(ndjson)) == shown
    assert len(opened(ndjson)["orders-overview"]["attributes"]["panelsJSON"]) == len(shown)


def test_an_empty_list_is_a_choice(make: Make) -> None:
    ndjson = make(layout=Overview(terms=(), columns=()))
    assert "terms-1" not in titles(ndjson)
    assert opened(ndjson)["orders-latest"]["attributes"]["columns"] == []


def test_opens_on_the_time_that_it_names_and_stays_live(make: Make) -> None:
    def window(layout: Overview) -> Any:
        attributes = opened(make(layout=layout))["orders-overview"]["attributes"]
        return attributes["timeRestore"], attributes["timeFrom"], attributes["timeTo"], attributes["refreshInterval"]

    live = {"pause": False, "value": 10_000}
    assert window(LAYOUT) == (True, "now-90d", "now", live)
    assert window(Overview(since="2026-08-03T00:00:00Z")) == (True, "2026-08-03T00:00:00Z", "now", live)


def test_without_a_time_nothing_is_filtered(make: Make) -> None:
    objects = opened(make({"a": "keyword"}, Overview()))
    assert "timeFieldName" not in objects["orders-index"]["attributes"]
    assert objects["orders-overview"]["attributes"]["timeRestore"] is False
    assert "timeFrom" not in objects["orders-overview"]["attributes"]
    assert objects["orders-latest"]["attributes"]["sort"] == []


def test_panels_are_of_the_major_version_that_is_needed(make: Make) -> None:
    """An older Dashboards need not take them; a later one does, and makes its own of them."""
    panels = opened(make())["orders-overview"]["attributes"]["panelsJSON"]
    assert {int(panel["version"].partition(".")[0]) for panel in panels} == {NEEDED_MAJOR}


def test_ids_start_with_the_index(make: Make) -> None:
    assert all(id_.startswith("my.index_2-") for id_ in opened(make(index="my.index_2")))


def test_every_attribute_is_a_field_of_its_kind(make: Make) -> None:
    attributes: dict[str, FieldType] = {type_: type_ for type_ in get_args(FieldType)}
    pattern = opened(make(attributes, Overview()))["orders-index"]["attributes"]
    fields = {field["name"]: (field["type"], field["aggregatable"]) for field in pattern["fields"]}
    assert fields == {
        "_id": ("string", True),
        "_index": ("string", True),
        "_score": ("number", False),
        "_source": ("_source", False),
        "boolean": ("boolean", True),
        "byte": ("number", True),
        "date": ("date", True),
        "double": ("number", True),
        "float": ("number", True),
        "geo_point": ("geo_point", True),
        "integer": ("number", True),
        "ip": ("ip", True),
        "keyword": ("string", True),
        "long": ("number", True),
        "short": ("number", True),
        "text": ("string", False),
    }
    formats = {name: format_["params"]["pattern"] for name, format_ in pattern["fieldFormatMap"].items()}
    assert formats == {
        **dict.fromkeys(["byte", "integer", "long", "short"], "0,0"),
        **dict.fromkeys(["double", "float"], "0,0.00"),
        "date": "YYYY-MM-DD HH:mm:ss",
    }


# An attribute that the mapping could not hold under these names is refused by OpenSearch itself.
NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name not in META_FIELDS)
ATTRIBUTES = st.dictionaries(
    NAMES | st.sampled_from(["a b", 'say "hi"', "prix €", "naïve\\", "line\nbreak", "{}", "1"]),
    st.sampled_from(get_args(FieldType)),
    max_size=12,
)


@given(data=st.data(), attributes=ATTRIBUTES)
def test_any_attributes_give_objects_without_problems(data: st.DataObject, attributes: dict[str, FieldType]) -> None:
    def some(*types: FieldType) -> st.SearchStrategy[Any]:
        names = [name for name, type_ in attributes.items() if type_ in types]
        return st.none() | st.sampled_from(names) if names else st.none()

    counted = some("boolean", "byte", "integer", "ip", "keyword", "long", "short")
    layout = Overview(
        time=data.draw(some("date")),
        terms=data.draw(st.none() | st.sets(counted.filter(bool)).map(tuple)),
        amount=data.draw(some("byte", "double", "float", "integer", "long", "short")),
        location=data.draw(some("geo_point")),
        columns=data.draw(st.none() | st.just(tuple(attributes))),
    )
    assert list(problems(layout, attributes)) == []
    made = overview(index="i", attributes=attributes, keys=list(attributes)[:2], layout=layout, since="now-1d/d")
    ndjson = to_ndjson(made)
    assert check(ndjson) == ()
    assert len(queries(ndjson)) == len(made) - 2


def test_no_problems() -> None:
    assert list(problems(LAYOUT, ORDERS)) == []
    assert list(problems(Overview(), {})) == []


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            Overview(time="updated"),
            "overview.time: 'updated' is not in documents.attributes; name one of created_at, updated_at",
        ),
        (
            Overview(time="total"),
            "overview.time: 'total' is double, not date; name one of created_at, updated_at",
        ),
        (
            Overview(terms=("status", "notes")),
            "overview.terms: 'notes' is text, not boolean, byte, integer, ip, keyword, long or short; name "
            "one of order_id, customer, category, product, status, currency, city, tags, quantity, express",
        ),
        (
            Overview(terms=("status", "status")),
            "overview.terms: ['status', 'status'] names an attribute twice; keep one",
        ),
        (
            Overview(amount="currency"),
            "overview.amount: 'currency' is keyword, not byte, double, float, integer, long or short; name "
            "one of price, total, quantity",
        ),
        (
            Overview(amount_by="price"),
            "overview.amount_by: 'price' is double, not boolean, byte, integer, ip, keyword, long or short; "
            "name one of order_id, customer, category, product, status, currency, city, tags, quantity, express",
        ),
        (
            Overview(location="city"),
            "overview.location: 'city' is keyword, not geo_point; name one of location",
        ),
        (
            Overview(columns=("shop",)),
            f"overview.columns: 'shop' is not in documents.attributes; name one of {', '.join(ORDERS)}",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value.model_dump(exclude_none=True)),
)
def test_problems(layout: Overview, message: str) -> None:
    assert list(problems(layout, ORDERS)) == [message]


def test_problems_without_a_fitting_attribute() -> None:
    assert list(problems(Overview(time="day"), {"a": "keyword"})) == [
        "overview.time: 'day' is not in documents.attributes; declare one there first, or leave this out"
    ]
    assert list(problems(Overview(amount_by="a"), {"a": "keyword"})) == [
        "overview.amount_by: 'a' has no amount to split; name a number in overview.amount, or leave this out"
    ]


@pytest.mark.parametrize(
    "since", ["now-90d", "now/d", "now-1w/w", "2026-08-03", "2026-08-03T00:00:00Z", "2026-08-03T00:00:00.000Z"]
)
def test_since(since: str) -> None:
    assert Overview(since=since).since == since


@pytest.mark.parametrize(
    "since",
    ["", "now", "now+1d", "90d", "now-90x", "yesterday", "2026-02-30", "2026-08-03T25:00:00Z", "2026-08-03T00:00:00"],
)
def test_since_that_is_no_moment(since: str) -> None:
    with pytest.raises(ValidationError, match="a time in UTC such as '2026-08-03T00:00:00Z', or one ago"):
        Overview(since=since)
