"""What is wrong with saved objects that Dashboards imports without a word, and then shows nothing or half of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dashboards.aggregations import Bucket, Metric, field_of
from dashboards.objects import (
    COLUMNS,
    INDEX_REFERENCE,
    KINDS,
    Chart,
    Dashboard,
    Grid,
    IndexPattern,
    SavedObject,
    Search,
    VisState,
    Visualization,
    from_line,
)


class Slot(NamedTuple):
    """What a schema takes: which aggregations, and how many."""

    aggregations: frozenset[str]
    least: int
    most: int


_METRICS = frozenset({"count", "sum"})
_BUCKETS = frozenset({"date_histogram", "terms"})
_CHART = {"metric": Slot(_METRICS, 1, 1), "segment": Slot(_BUCKETS, 0, 1), "group": Slot(_BUCKETS, 0, 3)}
# The schemas of Dashboards' visualization types, as far as we use them: all but the map take several metrics.
SCHEMAS = {
    "histogram": _CHART,
    "line": _CHART,
    "horizontal_bar": _CHART,
    "metric": {"metric": Slot(_METRICS, 1, 1), "group": Slot(_BUCKETS, 0, 1)},
    "tile_map": {"metric": Slot(_METRICS, 1, 1), "segment": Slot(frozenset({"geohash_grid"}), 1, 1)},
}


def check(ndjson: bytes) -> tuple[str, ...]:
    """Return the problems of a file of saved objects, one line each: of its syntax, or else of what it refers to."""
    objects: list[SavedObject] = []
    problems: list[str] = []
    for number, line in enumerate(ndjson.splitlines(), 1):
        try:
            objects.append(from_line(line))
        except ValidationError as error:
            problems += [f"line {number}: {_explain(details)}" for details in error.errors(include_url=False)]
    if not objects and not problems:
        problems.append("has no saved object")
    return tuple(problems or _contradictions(objects))


def _explain(details: ErrorDetails) -> str:
    where = ".".join(str(part) for part in details["loc"])
    match details["type"]:
        case "extra_forbidden":
            what = "is not known; correct its name, or remove it"
        case "union_tag_invalid":
            context = details["ctx"]
            what = f"type {context['tag']!r} is not known; use one of {context['expected_tags']}"
        case "literal_error":
            what = f"{details['input']!r} is not allowed; use {details['ctx']['expected']}"
        case _:
            what = details["msg"]
    return f"{where}: {what}" if where else what


def _contradictions(objects: list[SavedObject]) -> Iterator[str]:
    known = {(each.type, each.id): each for each in objects}
    for (type_, id_), times in Counter((each.type, each.id) for each in objects).items():
        if times > 1:
            yield f"{type_} {id_}: is there {times} times; an import refuses the file"
    for each in objects:
        lost = [reference for reference in each.references if (reference.type, reference.id) not in known]
        found = [f"refers to {reference.type} {reference.id}, which is not in the file" for reference in lost]
        if isinstance(each, IndexPattern):
            found += _of_pattern(each)
        elif isinstance(each, Dashboard):
            found += _of_dashboard(each)
        else:
            found += _of_names(each, [INDEX_REFERENCE])
            pattern = pattern_of(each, known.values())
            if pattern and isinstance(each, Search):
                found += _of_search(each, pattern)
            elif pattern and isinstance(each, Visualization):
                found += _of_visualization(each.attributes.visState, pattern)
        yield from (f"{each.type} {each.id}: {problem}" for problem in found)


def pattern_of(reader: Visualization | Search, objects: Iterable[SavedObject]) -> IndexPattern | None:
    """The index pattern that `reader` reads, if it is among `objects`."""
    named = {reference.id for reference in reader.references if reference.name == INDEX_REFERENCE}
    return next((each for each in objects if isinstance(each, IndexPattern) and each.id in named), None)


def _of_names(each: Visualization | Search | Dashboard, used: list[str]) -> Iterator[str]:
    given = [reference.name for reference in each.references]
    if sorted(given) != sorted(used):
        yield f"its references are named {', '.join(given) or 'nothing'}, and it uses {', '.join(used) or 'none'}"


def _of_pattern(pattern: IndexPattern) -> Iterator[str]:
    attributes = pattern.attributes
    fields = {field.name: field for field in attributes.fields}
    if len(fields) < len(attributes.fields):
        yield "has two fields of the same name"
    for field in attributes.fields:
        kind = next((KINDS[type_] for type_ in field.esTypes or () if type_ in KINDS), field.type)
        if field.type != kind:
            yield f"field {field.name!r} is of type {field.type}; Dashboards reads {field.esTypes} as {kind}"
    time = attributes.timeFieldName
    if time is not None and (time not in fields or fields[time].type != "date"):
        yield f"the time field {time!r} is no date of the index pattern"
    for name in attributes.fieldFormatMap.keys() - fields.keys():
        yield f"has a format for {name!r}, which is no field"
    for name, format_ in attributes.fieldFormatMap.items():
        if name in fields and fields[name].type != format_.id:
            yield f"has the format of a {format_.id} for {name!r}, which is of type {fields[name].type}"


def _of_search(search: Search, pattern: IndexPattern) -> Iterator[str]:
    fields = {field.name: field for field in pattern.attributes.fields}
    for column in search.attributes.columns:
        if column not in fields:
            yield f"the column {column!r} is no field of {pattern.id}"
    for name, _ in search.attributes.sort:
        if name not in fields or not fields[name].aggregatable:
            yield f"sorts by {name!r}, which is no field of {pattern.id} that can be sorted by"


def _of_visualization(state: VisState, pattern: IndexPattern) -> Iterator[str]:
    metrics = [each.id for each in state.aggs if each.role == "metric"]
    if len({each.id for each in state.aggs}) < len(state.aggs):
        yield "has two aggregations with the same id"
    yield from _of_schemas(state)
    for each in state.aggs:
        yield from (f"aggregation {each.id}: {problem}" for problem in _of_aggregation(each, metrics, pattern))
    for series in state.params.seriesParams if isinstance(state, Chart) else ():
        if series.data.id not in metrics:
            yield f"draws a series of {series.data.id!r}, which is no metric of it"


def _of_schemas(state: VisState) -> Iterator[str]:
    slots = SCHEMAS[state.type]
    for schema, slot in slots.items():
        there = sum(each.role == schema for each in state.aggs)
        if not slot.least <= there <= slot.most:
            yield f"has {there} aggregations with the schema {schema}; a {state.type} has {slot.least} to {slot.most}"
    for each in state.aggs:
        if each.role not in slots or each.type not in slots[each.role].aggregations:
            yield f"aggregation {each.id}: a {state.type} has no {each.type} with the schema {each.role}"


def _of_aggregation(each: Metric | Bucket, metrics: list[str], pattern: IndexPattern) -> Iterator[str]:
    name = field_of(each)
    if name is not None:
        field = next((field for field in pattern.attributes.fields if field.name == name), None)
        if field is None:
            yield f"{name!r} is no field of {pattern.id}"
        elif each.accepts.isdisjoint(field.esTypes or ()):
            yield f"{each.type} cannot be used on {name!r} of type {', '.join(field.esTypes or [field.type])}"
        elif not field.aggregatable:
            yield f"{name!r} is not aggregatable in {pattern.id}"
    if each.type == "date_histogram" and name != pattern.attributes.timeFieldName:
        yield f"has the interval auto on {name!r}, which is not the time field of {pattern.id}"
    if each.type == "terms" and each.params.orderBy not in metrics:
        yield f"is ordered by {each.params.orderBy!r}, which is no metric of the visualization"


def _of_dashboard(dashboard: Dashboard) -> Iterator[str]:
    attributes = dashboard.attributes
    panels = attributes.panelsJSON
    yield from _of_names(dashboard, [panel.panelRefName for panel in panels])
    if attributes.timeRestore and None in (attributes.timeFrom, attributes.timeTo):
        yield "restores a time filter and has no timeFrom or no timeTo"
    if len({panel.panelIndex for panel in panels}) < len(panels):
        yield "has two panels with the same panelIndex"
    for panel in panels:
        if panel.gridData.i != panel.panelIndex:
            yield f"panel {panel.panelIndex}: its gridData.i is {panel.gridData.i!r}; write the panelIndex there"
        if panel.gridData.x + panel.gridData.w > COLUMNS:
            yield f"panel {panel.panelIndex}: goes beyond the {COLUMNS} columns of a dashboard"
    for one, other in combinations(panels, 2):
        if _overlap(one.gridData, other.gridData):
            yield f"panel {one.panelIndex}: overlaps panel {other.panelIndex}"


def _overlap(one: Grid, other: Grid) -> bool:
    beside = one.x + one.w <= other.x or other.x + other.w <= one.x
    above_or_below = one.y + one.h <= other.y or other.y + other.h <= one.y
    return not (beside or above_or_below)
