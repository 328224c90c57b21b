"""What the panels of a dashboard show, worked out from the table's items without OpenSearch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isclose
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.comparison import Item

_plain: Callable[[Any], Any] = TypeDeserializer().deserialize
Row = Mapping[str, Any]


def differences(body: Mapping[str, Any], answer: Mapping[str, Any], items: Sequence[Item]) -> Iterator[str]:
    """One line for each number of a search's answer that is not what `items` give.

    Understands the searches of `dashboards.queries`: a time filter, counts, sums, terms, days, newest first.
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
