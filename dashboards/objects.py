# ruff: noqa: N815 - the names of the fields are Dashboards' own
"""Dashboards' saved objects as types, their NDJSON, and back.

A `migrationVersion` is the last migration that Dashboards 2.x and 3.x have for the type.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from dashboards.aggregations import AnyAggregation, FieldType, Nothing, Part

COLUMNS = 48  # the width of a dashboard's grid

INDEX_REFERENCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"

Kind = Literal["_source", "boolean", "date", "geo_point", "ip", "number", "string"]
KINDS: dict[FieldType, Kind] = {
    "boolean": "boolean",
    "byte": "number",
    "date": "date",
    "double": "number",
    "float": "number",
    "geo_point": "geo_point",
    "integer": "number",
    "ip": "ip",
    "keyword": "string",
    "long": "number",
    "short": "number",
    "text": "string",
}


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _InText:
    """JSON inside a string, as Dashboards nests it; in Python it is the value itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        value = handler(source)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.json_schema(value),
            python_schema=value,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda inner, serialize: _dumps(serialize(inner)), schema=value
            ),
        )


IN_TEXT = _InText()


class Reference(Part):
    name: str
    type: Literal["index-pattern", "search", "visualization"]
    id: str


class Query(Part):
    query: Literal[""] = ""
    language: Literal["kuery"] = "kuery"


class SearchSource(Part):
    query: Query = Query()
    filter: tuple[()] = ()


class IndexSearchSource(SearchSource):
    indexRefName: Literal["kibanaSavedObjectMeta.searchSourceJSON.index"] = INDEX_REFERENCE


class Meta(Part):
    searchSourceJSON: Annotated[SearchSource, IN_TEXT] = SearchSource()


class IndexMeta(Part):
    searchSourceJSON: Annotated[IndexSearchSource, IN_TEXT] = IndexSearchSource()


class IndexField(Part):
    """A field as Dashboards would read it from the index; `esTypes` is its type in the mapping."""

    name: str
    type: Kind
    esTypes: tuple[FieldType | Literal["_id", "_index", "_source"], ...] | None = None
    count: Literal[0] = 0
    scripted: Literal[False] = False
    searchable: bool
    aggregatable: bool
    readFromDocValues: bool


META_FIELDS = (
    IndexField(
        name="_id", type="string", esTypes=("_id",), searchable=True, aggregatable=True, readFromDocValues=False
    ),
    IndexField(
        name="_index", type="string", esTypes=("_index",), searchable=True, aggregatable=True, readFromDocValues=False
    ),
    IndexField(name="_score", type="number", searchable=False, aggregatable=False, readFromDocValues=False),
    IndexField(
        name="_source",
        type="_source",
        esTypes=("_source",),
        searchable=False,
        aggregatable=False,
        readFromDocValues=False,
    ),
)


class Pattern(Part):
    pattern: str


class FieldFormat(Part):
    """`pattern` is one of numeral.js for numbers, of moment.js for dates."""

    id: Literal["date", "number"]
    params: Pattern


class IndexPatternAttributes(Part):
    title: str = Field(description="the index")
    timeFieldName: str | None = None
    fields: Annotated[tuple[IndexField, ...], IN_TEXT]
    fieldFormatMap: Annotated[dict[str, FieldFormat], IN_TEXT]


class IndexPattern(Part):
    type: Literal["index-pattern"] = "index-pattern"
    id: str
    attributes: IndexPatternAttributes
    references: tuple[()] = ()
    migrationVersion: dict[Literal["index-pattern"], Literal["7.6.0"]] = Field(min_length=1)


class AxisTitle(Part):
    text: str


class AxisScale(Part):
    type: Literal["linear"] = "linear"
    mode: Literal["normal"] = "normal"


class AxisLabels(Part):
    show: Literal[True] = True
    rotate: Literal[0] = 0
    filter: bool
    truncate: Literal[100] = 100


class ValueAxis(Part):
    id: Literal["ValueAxis-1"] = "ValueAxis-1"
    name: Literal["LeftAxis-1"] = "LeftAxis-1"
    type: Literal["value"] = "value"
    position: Literal["left", "bottom"]
    show: Literal[True] = True
    style: Nothing = Nothing()
    scale: AxisScale = AxisScale()
    labels: AxisLabels
    title: AxisTitle


class SeriesData(Part):
    label: str
    id: str = Field(description="id of the metric that is drawn")


class Series(Part):
    show: Literal[True] = True
    type: Literal["histogram", "line"]
    mode: Literal["normal", "stacked"]
    data: SeriesData
    valueAxis: Literal["ValueAxis-1"] = "ValueAxis-1"
    drawLinesBetweenPoints: Literal[True] = True
    lineWidth: Literal[2] = 2
    interpolate: Literal["linear"] = "linear"
    showCircles: Literal[True] = True


class ChartParams(Part):
    """What differs from Dashboards' defaults, which fill in parameters that are absent at this level."""

    type: Literal["histogram", "line"]
    valueAxes: tuple[ValueAxis]
    seriesParams: tuple[Series]
    addLegend: bool


class Chart(Part):
    """Bars over time, a line over time, or bars to the right, one for each term."""

    title: str
    type: Literal["histogram", "line", "horizontal_bar"]
    aggs: tuple[AnyAggregation, ...]
    params: ChartParams


class MetricLabels(Part):
    show: Literal[True] = True


class ColorRange(Part):
    start: Literal[0] = Field(0, alias="from")
    to: Literal[10000] = 10000


class MetricStyle(Part):
    bgFill: Literal["#000"] = "#000"
    bgColor: Literal[False] = False
    labelColor: Literal[False] = False
    subText: Literal[""] = ""
    fontSize: int = Field(24, ge=12, le=120)


class MetricOptions(Part):
    percentageMode: Literal[False] = False
    useRanges: Literal[False] = False
    colorSchema: Literal["Green to Red"] = "Green to Red"
    metricColorMode: Literal["None"] = "None"
    colorsRange: tuple[ColorRange] = (ColorRange(),)
    labels: MetricLabels = MetricLabels()
    invertColors: Literal[False] = False
    style: MetricStyle = MetricStyle()


class MetricParams(Part):
    type: Literal["metric"] = "metric"
    addTooltip: Literal[True] = True
    addLegend: Literal[False] = False
    metric: MetricOptions = MetricOptions()


class Numbers(Part):
    """Large numbers: a metric, or one for each term."""

    title: str
    type: Literal["metric"] = "metric"
    aggs: tuple[AnyAggregation, ...]
    params: MetricParams = MetricParams()


class TileMap(Part):
    """Circles on a map of the world; all parameters are Dashboards' defaults."""

    title: str
    type: Literal["tile_map"] = "tile_map"
    aggs: tuple[AnyAggregation, ...]
    params: Nothing = Nothing()


VisState = Annotated[Chart | Numbers | TileMap, Field(discriminator="type")]


class VisualizationAttributes(Part):
    title: str
    description: str = ""
    version: Literal[1] = 1
    visState: Annotated[VisState, IN_TEXT]
    uiStateJSON: Annotated[Nothing, IN_TEXT] = Nothing()
    kibanaSavedObjectMeta: IndexMeta = IndexMeta()


class Visualization(Part):
    type: Literal["visualization"] = "visualization"
    id: str
    attributes: VisualizationAttributes
    references: tuple[Reference, ...]
    migrationVersion: dict[Literal["visualization"], Literal["7.10.0"]] = Field(min_length=1)


class SearchAttributes(Part):
    title: str
    description: str = ""
    hits: Literal[0] = 0
    version: Literal[1] = 1
    columns: tuple[str, ...]
    sort: tuple[tuple[str, Literal["desc"]], ...]
    kibanaSavedObjectMeta: IndexMeta = IndexMeta()


class Search(Part):
    type: Literal["search"] = "search"
    id: str
    attributes: SearchAttributes
    references: tuple[Reference, ...]
    migrationVersion: dict[Literal["search"], Literal["7.9.3"]] = Field(min_length=1)


class Grid(Part):
    """Place and size in columns and rows, from the top left."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    w: int = Field(ge=1)
    h: int = Field(ge=1)
    i: str


class Panel(Part):
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="version of Dashboards")
    gridData: Grid
    panelIndex: str
    embeddableConfig: Nothing = Nothing()
    panelRefName: str


class RefreshInterval(Part):
    pause: bool
    value: int = Field(ge=0, description="milliseconds")


class DashboardOptions(Part):
    hidePanelTitles: Literal[False] = False
    useMargins: Literal[True] = True


class DashboardAttributes(Part):
    title: str
    description: str = ""
    hits: Literal[0] = 0
    version: Literal[1] = 1
    timeRestore: bool = Field(description="whether opening the dashboard sets the three fields below")
    timeFrom: str | None = None
    timeTo: str | None = None
    refreshInterval: RefreshInterval | None = None
    optionsJSON: Annotated[DashboardOptions, IN_TEXT] = DashboardOptions()
    panelsJSON: Annotated[tuple[Panel, ...], IN_TEXT]
    kibanaSavedObjectMeta: Meta = Meta()


class Dashboard(Part):
    type: Literal["dashboard"] = "dashboard"
    id: str
    attributes: DashboardAttributes
    references: tuple[Reference, ...]
    migrationVersion: dict[Literal["dashboard"], Literal["7.9.3"]] = Field(min_length=1)


SavedObject = IndexPattern | Visualization | Search | Dashboard
_SAVED_OBJECT: TypeAdapter[SavedObject] = TypeAdapter(Annotated[SavedObject, Field(discriminator="type")])


def to_ndjson(objects: Iterable[SavedObject]) -> bytes:
    """One object a line, in the order given; equal objects give equal bytes."""
    return "".join(f"{_dumps(each.model_dump(mode='json', exclude_none=True))}\n" for each in objects).encode()


def from_line(line: bytes) -> SavedObject:
    """The object of one line of NDJSON. Raises pydantic.ValidationError."""
    return _SAVED_OBJECT.validate_json(line)
