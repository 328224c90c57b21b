"""The searches that Dashboards sends for the saved objects of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.aggregations import Bucket, DateHistogram, GeohashGrid, Metric, Sum, Terms
from dashboards.check import pattern_of
from dashboards.objects import Dashboard, IndexPattern, SavedObject, Search, Visualization, from_line

# What Dashboards makes of `auto` where the time filter spans 50 to 350 days: it aims at 50 buckets
# (histogram:barTarget). With less or more, its buckets are smaller or larger.
AUTO_INTERVAL = {"calendar_interval": "1d", "time_zone": "UTC"}
LATEST = 500  # Dashboards' own default of discover:sampleSize


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """`body` of a `POST /<index>/_search` for the saved object `id`."""

    id: str
    index: str
    body: dict[str, Any]


def queries(ndjson: bytes) -> tuple[SearchRequest, ...]:
    """Return the search of each visualization and saved search, in the order of the file.

    A time filter of a dashboard applies to what it shows, date math kept. Not in here: the second query for the value
    Other of terms, and the part of the world that a map shows. `ndjson` is one without problems (`check`).
    """
    objects = [from_line(line) for line in ndjson.splitlines()]
    return tuple(_request(each, objects) for each in objects if isinstance(each, Visualization | Search))


def _request(shown: Visualization | Search, objects: Sequence[SavedObject]) -> SearchRequest:
    pattern = pattern_of(shown, objects)
    if pattern is None:
        raise ValueError(f"{shown.type} {shown.id} reads no index pattern of this file; see what check says")
    body: dict[str, Any] = {"query": {"bool": {"filter": _time_filter(shown, pattern, objects)}}}
    if isinstance(shown, Search):
        sort = [{name: {"order": order, "unmapped_type": "boolean"}} for name, order in shown.attributes.sort]
        body |= {"size": LATEST, "sort": sort}
    else:
        aggs = shown.attributes.visState.aggs
        metrics = [each for each in aggs if each.role == "metric"]
        buckets = [each for each in aggs if each.role != "metric"]
        body |= {"size": 0, "track_total_hits": True, "aggs": _nested(buckets, metrics)}
    return SearchRequest(shown.id, pattern.attributes.title, body)


def _time_filter(
    shown: Visualization | Search, pattern: IndexPattern, objects: Sequence[SavedObject]
) -> list[dict[str, Any]]:
    time = pattern.attributes.timeFieldName
    return [
        {"range": {time: {"gte": each.attributes.timeFrom, "lte": each.attributes.timeTo}}}
        for each in objects
        if isinstance(each, Dashboard) and each.attributes.timeRestore and time is not None
        if any((reference.type, reference.id) == (shown.type, shown.id) for reference in each.references)
    ]


def _nested(buckets: Sequence[Bucket], metrics: Sequence[Metric]) -> dict[str, Any]:
    """Each bucket inside the one before it, and the metrics innermost; a count is in every answer without asking."""
    sums = {each.id: {"sum": {"field": each.params.field}} for each in metrics if isinstance(each, Sum)}
    if not buckets:
        return sums
    first, *inner = buckets
    below = _nested(inner, metrics)
    match first:
        case DateHistogram():
            body = {"field": first.params.field, "min_doc_count": first.params.min_doc_count, **AUTO_INTERVAL}
        case GeohashGrid():
            body = {"field": first.params.field, "precision": first.params.precision}
            below[f"{int(first.id) + 1}"] = {"geo_centroid": {"field": first.params.field}}
        case Terms():
            metric = first.params.orderBy
            body = {
                "field": first.params.field,
                "size": first.params.size,
                "order": {metric if metric in sums else "_count": first.params.order},
            }
            below |= {metric: sums[metric]} if metric in sums else {}
    return {first.id: {first.type: body, **({"aggs": below} if below else {})}}
