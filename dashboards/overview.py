"""The dashboard of one index, made from the types of its attributes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dashboards.aggregations import (
    FRACTIONS,
    WHOLE_NUMBERS,
    Count,
    DateHistogram,
    DateHistogramParams,
    FieldParams,
    FieldType,
    GeohashGrid,
    GeohashGridParams,
    Metric,
    Part,
    Sum,
    Terms,
    TermsParams,
    label_of,
)
from dashboards.objects import (
    COLUMNS,
    INDEX_REFERENCE,
    KINDS,
    META_FIELDS,
    AxisLabels,
    AxisTitle,
    Chart,
    ChartParams,
    Dashboard,
    DashboardAttributes,
    FieldFormat,
    Grid,
    IndexField,
    IndexPattern,
    IndexPatternAttributes,
    Numbers,
    Panel,
    Pattern,
    Reference,
    RefreshInterval,
    SavedObject,
    Search,
    SearchAttributes,
    Series,
    SeriesData,
    TileMap,
    ValueAxis,
    Visualization,
    VisualizationAttributes,
)

# Dashboards whose saved objects these are; a later one takes them, and makes its own of them.
MADE_FOR = "2.19.0"
# The oldest major version that they are for.
NEEDED_MAJOR = 2

REFRESH_MS = 10_000  # data is live
DERIVED_TERMS = 2
DERIVED_COLUMNS = 8


def _moment(value: str) -> str:
    # What both Dashboards' date math and OpenSearch's range query read.
    if re.fullmatch(r"now(-\d{1,6}[smhdwMy](/[smhdwMy])?|/[smhdwMy])", value):
        return value
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?Z)?", value):
            datetime.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise PydanticCustomError(
        "pattern", "{allowed}", {"allowed": "a time in UTC such as '2026-08-03T00:00:00Z', or one ago such as now-90d"}
    )


class Overview(Part):
    """What the dashboard shows. What is left out is chosen from `documents.attributes`, in the order declared there."""

    time: str | None = Field(None, description="date attribute of the time filter; derived: the first date")
    terms: tuple[str, ...] | None = Field(
        None, description="attributes to count documents by; derived: the first two keywords that are no key"
    )
    amount: str | None = Field(None, description="number to add up; derived: the first double or float")
    amount_by: str | None = Field(
        None, description="attribute that splits the amount, a currency for instance; derived: none"
    )
    location: str | None = Field(None, description="geo_point of the map; derived: the first one")
    columns: tuple[str, ...] | None = Field(
        None, description="attributes shown of the latest documents; derived: the first eight"
    )
    since: Annotated[str, AfterValidator(_moment)] | None = Field(
        None, description="start of the time filter, which ends now: a time in UTC, or one ago such as now-90d"
    )


def problems(layout: Overview, attributes: Mapping[str, FieldType]) -> Iterator[str]:
    """One line for each attribute that `layout` names and its panel cannot use."""
    named: tuple[tuple[str, Sequence[str | None], frozenset[FieldType]], ...] = (
        ("time", [layout.time], DateHistogram.accepts),
        ("terms", layout.terms or (), Terms.accepts),
        ("amount", [layout.amount], Sum.accepts),
        ("amount_by", [layout.amount_by], Terms.accepts),
        ("location", [layout.location], GeohashGrid.accepts),
        ("columns", layout.columns or (), frozenset(KINDS)),
    )
    for field, names, accepted in named:
        where = f"overview.{field}"
        fitting = ", ".join(name for name, type_ in attributes.items() if type_ in accepted)
        remedy = f"name one of {fitting}" if fitting else "declare one there first, or leave this out"
        for name in names:
            if name is None:
                continue
            if name not in attributes:
                yield f"{where}: {name!r} is not in documents.attributes; {remedy}"
            elif attributes[name] not in accepted:
                yield f"{where}: {name!r} is {attributes[name]}, not {_or(accepted)}; {remedy}"
        if len(set(names)) < len(names):
            yield f"{where}: {list(names)} names an attribute twice; keep one"
    if layout.amount_by is not None and _amount(layout, attributes) is None:
        yield (
            f"overview.amount_by: {layout.amount_by!r} has no amount to split; "
            "name a number in overview.amount, or leave this out"
        )


def _or(types: frozenset[FieldType]) -> str:
    *others, last = sorted(types)
    return f"{', '.join(others)} or {last}" if others else last


def overview(
    *,
    index: str,
    attributes: Mapping[str, FieldType],
    keys: Sequence[str],
    layout: Overview,
    since: str,
) -> tuple[SavedObject, ...]:
    """The index pattern of `index`, what the dashboard shows, and the dashboard itself, `<index>-overview`.

    `layout` is one without `problems`. `since` is the start of the time filter where `layout` names none.
    """
    chosen = _chosen(layout, attributes, keys)
    time, terms, amount_by = chosen.time, chosen.terms or (), chosen.amount_by
    count = Count(id="1", schema="metric")
    total = Sum(id="1", schema="metric", params=FieldParams(field=chosen.amount)) if chosen.amount else None
    show = partial(_visualization, index)

    numbers = [show("count", Numbers(title="Documents", aggs=(count,)))]
    changes, counts, others = [], [], []
    if total:
        title = _title(total.params.field, amount_by)
        numbers.append(show("amount", Numbers(title=title, aggs=(total, *_split(total, amount_by, other=False)))))
    if time:
        changes.append(show("changes", _bars_over_time(count, time, terms[0] if terms else None)))
    for number, name in enumerate(terms, 1):
        counts.append(show(f"terms-{number}", _bars(count, name)))
    if time and total:
        others.append(show("amount-over-time", _line_over_time(total, time, amount_by)))
    if chosen.location:
        others.append(show("map", _map(count, chosen.location)))
    rows: list[tuple[int, Sequence[Visualization | Search]]] = [(9, numbers), (14, changes)]
    rows += [(12, counts[start : start + 2]) for start in range(0, len(counts), 2)]
    rows += [(16, others), (20, [_latest(index, time, chosen.columns or ())])]
    return (
        _index_pattern(index, attributes, time),
        *(shown for _, row in rows for shown in row),
        _dashboard(index, rows, since=(layout.since or since) if time else None),
    )


def _chosen(layout: Overview, attributes: Mapping[str, FieldType], keys: Sequence[str]) -> Overview:
    time = layout.time or _first(attributes, DateHistogram.accepts)
    terms = tuple(name for name, type_ in attributes.items() if type_ == "keyword" and name not in keys)
    # Dashboards itself puts the time into the first column.
    columns = tuple(name for name in attributes if name != time)
    return Overview(
        time=time,
        terms=terms[:DERIVED_TERMS] if layout.terms is None else layout.terms,
        amount=_amount(layout, attributes),
        amount_by=layout.amount_by,
        location=layout.location or _first(attributes, GeohashGrid.accepts),
        columns=columns[:DERIVED_COLUMNS] if layout.columns is None else layout.columns,
    )


def _amount(layout: Overview, attributes: Mapping[str, FieldType]) -> str | None:
    return layout.amount or _first(attributes, FRACTIONS)


def _first(attributes: Mapping[str, FieldType], types: frozenset[FieldType]) -> str | None:
    return next((name for name, type_ in attributes.items() if type_ in types), None)


def _index_pattern(index: str, attributes: Mapping[str, FieldType], time: str | None) -> IndexPattern:
    fields = (*META_FIELDS, *(_index_field(name, type_) for name, type_ in attributes.items()))
    formats = {name: _format(type_) for name, type_ in attributes.items()}
    return IndexPattern(
        id=f"{index}-index",
        attributes=IndexPatternAttributes(
            title=index,
            timeFieldName=time,
            fields=tuple(sorted(fields, key=lambda field: field.name)),
            fieldFormatMap={name: format_ for name, format_ in formats.items() if format_},
        ),
        references=(),
        migrationVersion={"index-pattern": "7.6.0"},
    )


def _index_field(name: str, type_: FieldType) -> IndexField:
    # A text has no doc values, so it can neither be counted nor sorted by.
    has_values = type_ != "text"
    return IndexField(
        name=name,
        type=KINDS[type_],
        esTypes=(type_,),
        searchable=True,
        aggregatable=has_values,
        readFromDocValues=has_values,
    )


def _format(type_: FieldType) -> FieldFormat | None:
    if type_ in FRACTIONS:
        return FieldFormat(id="number", params=Pattern(pattern="0,0.00"))
    if type_ in WHOLE_NUMBERS:
        return FieldFormat(id="number", params=Pattern(pattern="0,0"))
    if type_ == "date":
        return FieldFormat(id="date", params=Pattern(pattern="YYYY-MM-DD HH:mm:ss"))
    return None


def _visualization(index: str, noun: str, state: Chart | Numbers | TileMap) -> Visualization:
    return Visualization(
        id=f"{index}-{noun}",
        attributes=VisualizationAttributes(title=state.title, visState=state),
        references=_reads(index),
        migrationVersion={"visualization": "7.10.0"},
    )


def _reads(index: str) -> tuple[Reference, ...]:
    return (Reference(name=INDEX_REFERENCE, type="index-pattern", id=f"{index}-index"),)


def _title(what: str, by: str | None, *, over_time: bool = False) -> str:
    """A heading; the exact names of the attributes are at the axes."""
    words = [what, "over time" if over_time else "", f"by {by}" if by else ""]
    title = " ".join(word for word in words if word).replace("_", " ")
    return title[:1].upper() + title[1:]


def _split(metric: Metric, by: str | None, *, other: bool) -> tuple[Terms, ...]:
    if by is None:
        return ()
    params = TermsParams(field=by, customLabel=by, orderBy=metric.id, otherBucket=other)
    return (Terms(id="2", schema="group", params=params),)


def _bars_over_time(count: Count, time: str, by: str | None) -> Chart:
    return Chart(
        title=_title("Documents", by, over_time=True),
        type="histogram",
        # The terms come first: the most frequent of the whole time, not others in each bucket.
        aggs=(count, *_split(count, by, other=True), _per_time(time)),
        params=_vertical(Series(type="histogram", mode="stacked", data=_data(count)), legend=by is not None),
    )


def _line_over_time(total: Sum, time: str, by: str | None) -> Chart:
    return Chart(
        title=_title(total.params.field, by, over_time=True),
        type="line",
        # What lies beyond the largest terms is left out: amounts in several currencies have no sum.
        aggs=(total, *_split(total, by, other=False), _per_time(time)),
        params=_vertical(Series(type="line", mode="normal", data=_data(total)), legend=by is not None),
    )


def _per_time(time: str) -> DateHistogram:
    return DateHistogram(id="3", schema="segment", params=DateHistogramParams(field=time))


def _data(metric: Metric) -> SeriesData:
    return SeriesData(label=label_of(metric), id=metric.id)


def _vertical(series: Series, *, legend: bool) -> ChartParams:
    axis = ValueAxis(position="left", labels=AxisLabels(filter=False), title=AxisTitle(text=series.data.label))
    return ChartParams(type=series.type, valueAxes=(axis,), seriesParams=(series,), addLegend=legend)


def _bars(count: Count, by: str) -> Chart:
    axis = ValueAxis(position="bottom", labels=AxisLabels(filter=True), title=AxisTitle(text=label_of(count)))
    series = Series(type="histogram", mode="normal", data=_data(count))
    terms = TermsParams(field=by, customLabel=by, orderBy=count.id, otherBucket=False)
    return Chart(
        title=_title("Documents", by),
        type="horizontal_bar",
        aggs=(count, Terms(id="2", schema="segment", params=terms)),
        params=ChartParams(type=series.type, valueAxes=(axis,), seriesParams=(series,), addLegend=False),
    )


def _map(count: Count, location: str) -> TileMap:
    grid = GeohashGrid(id="2", schema="segment", params=GeohashGridParams(field=location))
    return TileMap(title=_title("Documents", location), aggs=(count, grid))


def _latest(index: str, time: str | None, columns: tuple[str, ...]) -> Search:
    return Search(
        id=f"{index}-latest",
        attributes=SearchAttributes(
            title="Latest documents" if time else "All documents",
            columns=columns,
            sort=((time, "desc"),) if time else (),
        ),
        references=_reads(index),
        migrationVersion={"search": "7.9.3"},
    )


def _dashboard(
    index: str, rows: Sequence[tuple[int, Sequence[Visualization | Search]]], *, since: str | None
) -> Dashboard:
    """Rows of (height, objects) from the top; the objects of a row are equally wide. No time filter without `since`."""
    panels: list[Panel] = []
    references: list[Reference] = []
    top = 0
    for height, row in rows:
        for place, shown in enumerate(row):
            number = str(len(panels))
            width = COLUMNS // len(row)
            grid = Grid(x=place * width, y=top, w=width, h=height, i=number)
            panels.append(Panel(version=MADE_FOR, gridData=grid, panelIndex=number, panelRefName=f"panel_{number}"))
            references.append(Reference(name=f"panel_{number}", type=shown.type, id=shown.id))
        top += height if row else 0
    return Dashboard(
        id=f"{index}-overview",
        attributes=DashboardAttributes(
            title=f"{index} overview",
            timeRestore=since is not None,
            timeFrom=since,
            timeTo="now" if since else None,
            refreshInterval=RefreshInterval(pause=False, value=REFRESH_MS) if since else None,
            panelsJSON=tuple(panels),
        ),
        references=tuple(references),
        migrationVersion={"dashboard": "7.9.3"},
    )
