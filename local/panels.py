"""What a person sees on the dashboard, held against what the table's items give, worked out without OpenSearch."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isclose
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from opensearchpy import OpenSearch, RequestError

from dashboards import SearchRequest, queries
from local.comparison import Item
from local.deployment import System

_plain: Callable[[Any], Any] = TypeDeserializer().deserialize
Row = Mapping[str, Any]
_API = "/_dashboards/api/saved_objects"


@dataclass(frozen=True)
class Panel:
    """A visualization or saved search; `differences` are its wrong numbers."""

    id: str
    differences: tuple[str, ...]
    unsupported: str | None = None
    """Why the node cannot answer its search, where it cannot."""


def seen_by(email: str, system: System) -> list[Panel]:
    """Sign in, read the saved objects that were imported, and send the searches of the dashboard's panels.

    Raises `LookupError` when an object was not imported as it was made.
    """
    search = system.search_as(system.signed_in(email))
    ndjson = system.settings.saved_objects
    for line in ndjson.splitlines():
        made = json.loads(line)
        path = f"{_API}/{made['type']}/{made['id']}"
        there = search.transport.perform_request("GET", path, headers={"securitytenant": "global"})
        if there["attributes"] != made["attributes"]:
            raise LookupError(f"{path} is not as it was made: {there['attributes']}, not {made['attributes']}")
    items = {system.alias(key): list(system.items(key).values()) for key in system.settings.tables}
    return [_panel(search, request, items[request.index]) for request in queries(ndjson)]


def _panel(search: OpenSearch, request: SearchRequest, items: Sequence[Item]) -> Panel:
    try:
        answer = search.search(index=request.index, body=request.body)
    except RequestError as error:
        # The small distribution from Maven has no aggregations on a grid of the world.
        if "Unknown aggregation type" not in str(error.info):
            raise
        return Panel(request.id, (), f"this OpenSearch has not every aggregation: {error.error}")
    return Panel(request.id, tuple(differences(request.body, answer, items)))


def differences(body: Mapping[str, Any], answer: Mapping[str, Any], items: Sequence[Item]) -> Iterator[str]:
    """One line for each number of a search's answer that is not what `items` give.

    Understands the searches of `dashboards.queries`: a time filter, counts, sums, terms, days, squares of the world,
    newest first.
    """
    rows = [{name: _plain(value) for name, value in item.items()} for item in items]
    for condition in body["query"]["bool"]["filter"]:
        ((name, limits),) = condition["range"].items()
        start, end = _moment(limits["gte"]), _moment(limits["lte"])
        rows = [row for row in rows if name in row and start <= _moment(row[name]) <= end]
    found = answer["hits"]["total"]["value"]
    if found != len(rows):
        yield f"{found} documents, {len(rows)} items"
    yield from _aggregated(body.get("aggs", {}), answer.get("aggregations", {}), rows)
    for sort in body.get("sort", []):
        ((name, order),) = sort.items()
        expected = sorted((row[name] for row in rows if name in row), reverse=order["order"] == "desc")
        shown = [hit["_source"][name] for hit in answer["hits"]["hits"] if name in hit["_source"]]
        if shown != expected[: body["size"]]:
            yield f"documents are not sorted by {name}"


def _aggregated(wanted: Mapping[str, Any], answer: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    for identity, aggregation in wanted.items():
        (kind,) = aggregation.keys() - {"aggs"}
        options, got = aggregation[kind], answer[identity]
        if kind == "sum":
            total = sum(float(row[options["field"]]) for row in rows if options["field"] in row)
            if not isclose(got["value"], total, rel_tol=1e-9):
                yield f"sum of {options['field']}: {got['value']}, not {total}"
            continue
        groups = _groups(kind, options["field"], rows)
        counts = {bucket["key"]: bucket["doc_count"] for bucket in got["buckets"]}
        if len(counts) != min(len(groups), options.get("size", len(groups))) or not counts:
            yield f"{kind} of {options['field']}: {len(counts)} buckets for {len(groups)} values"
        for bucket in got["buckets"]:
            members = groups.get(bucket["key"], [])
            if bucket["doc_count"] != len(members):
                yield f"{kind} of {options['field']}, {bucket['key']}: {bucket['doc_count']}, not {len(members)}"
            yield from _aggregated(aggregation.get("aggs", {}), bucket, members)


def _groups(kind: str, name: str, rows: Sequence[Row]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if name in row:
            value = row[name]
            key = value if kind == "terms" else _day(value)
            groups.setdefault(key, []).append(row)
    return groups


def _day(text: str) -> int:
    """The start of the day in milliseconds since the epoch, the key of its bucket."""
    return int(_moment(text).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def _moment(text: str) -> datetime:
    """A time in UTC, `now`, or days ago: `now-90d`."""
    if text.startswith("now"):
        return datetime.now(UTC) - timedelta(days=int(text.removeprefix("now").strip("-d") or 0))
    return datetime.fromisoformat(text)
