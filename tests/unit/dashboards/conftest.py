"""The sample orders' saved objects, and a way to change them as text."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashboards import FieldType, Overview, overview, to_ndjson

ORDERS: dict[str, FieldType] = {
    "order_id": "keyword",
    "customer": "keyword",
    "category": "keyword",
    "product": "keyword",
    "status": "keyword",
    "currency": "keyword",
    "city": "keyword",
    "tags": "keyword",
    "notes": "text",
    "price": "double",
    "total": "double",
    "quantity": "integer",
    "express": "boolean",
    "created_at": "date",
    "updated_at": "date",
    "location": "geo_point",
}
LAYOUT = Overview(
    time="updated_at",
    terms=("category", "status"),
    amount="total",
    amount_by="currency",
    location="location",
    columns=("order_id", "updated_at", "customer", "product", "status", "total", "currency"),
)
# Where Dashboards has JSON inside a string.
IN_TEXT = {"fieldFormatMap", "fields", "optionsJSON", "panelsJSON", "searchSourceJSON", "uiStateJSON", "visState"}

Make = Callable[..., bytes]
Changed = Callable[..., bytes]


def opened(ndjson: bytes) -> dict[str, Any]:
    """The objects by id, with the JSON inside strings read."""

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {
            key: json.loads(value, object_pairs_hook=read) if key in IN_TEXT and isinstance(value, str) else value
            for key, value in pairs
        }

    lines = [json.loads(line, object_pairs_hook=read) for line in ndjson.splitlines()]
    return {line["id"]: line for line in lines}


def closed(objects: dict[str, Any]) -> bytes:
    """What `opened` read, as NDJSON."""

    def write(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: json.dumps(write(below)) if key in IN_TEXT else write(below) for key, below in value.items()}
        return [write(below) for below in value] if isinstance(value, list) else value

    return b"".join(json.dumps(write(each)).encode() + b"\n" for each in objects.values())


@pytest.fixture(scope="session")
def make() -> Make:
    """The NDJSON of an index `orders`; what is not given is as in the environments."""

    def ndjson(attributes: dict[str, FieldType] = ORDERS, layout: Overview = LAYOUT, **given: Any) -> bytes:
        given = {"index": "orders", "keys": ["order_id"], "since": "now-90d"} | given
        return to_ndjson(overview(attributes=attributes, layout=layout, **given))

    return ndjson


@pytest.fixture(scope="session")
def changed(make: Make) -> Changed:
    """The sample orders' NDJSON, changed: `changed("orders-changes", "attributes.visState.aggs.1.type", "trems")`."""

    def change(id_: str, path: str, value: Any) -> bytes:
        objects = opened(make())
        place: Any = objects[id_]
        *above, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        for part in above:
            place = place[part]
        place[last] = value
        return closed(objects)

    return change
