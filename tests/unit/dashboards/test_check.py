"""What importing does not catch: every rule with the file that breaks it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import check
from tests.unit.dashboards.conftest import IN_TEXT, Changed, Make, closed, opened

AGGS = "attributes.visState.aggs"
AT = "visualization.attributes.visState"
PANELS = "attributes.panelsJSON"
COUNT = {"id": "9", "enabled": True, "type": "count", "schema": "metric", "params": {}}


def test_nothing_wrong(make: Make) -> None:
    assert check(make()) == ()
    assert check(closed(opened(make()))) == ()


@pytest.mark.parametrize(
    ("id_", "path", "value", "problem"),
    [
        (
            "orders-changes", f"{AGGS}.1.type", "trems",
            f"line 4: {AT}.histogram.aggs.1: type 'trems' is not known; use one of 'count', 'sum', 'date_histogram', "
            "'terms', 'geohash_grid'",
        ),
        (
            "orders-changes", f"{AGGS}.2.schema", "segmnet",
            f"line 4: {AT}.histogram.aggs.2.date_histogram.schema: 'segmnet' is not allowed; use 'segment'",
        ),
        (
            "orders-changes", f"{AGGS}.1.params.ordreBy", "1",
            f"line 4: {AT}.histogram.aggs.1.terms.params.ordreBy: is not known; correct its name, or remove it",
        ),
        (
            "orders-count", f"{AGGS}.0.id", "one",
            f"line 2: {AT}.metric.aggs.0.count.id: String should match pattern '^\\d+$'",
        ),
        (
            "orders-count", "attributes.visState.type", "metrics",
            f"line 2: {AT}: type 'metrics' is not known; use one of 'histogram', 'line', 'horizontal_bar', 'metric', "
            "'tile_map'",
        ),
        (
            "orders-count", "migrationVersion", {"visualization": "7.9.3"},
            "line 2: visualization.migrationVersion.visualization: '7.9.3' is not allowed; use '7.10.0'",
        ),
        (
            "orders-overview", f"{PANELS}.0.version", "2.19",
            "line 10: dashboard.attributes.panelsJSON.0.version: String should match pattern '^\\d+\\.\\d+\\.\\d+$'",
        ),
        (
            "orders-map", "id", "orders-count",
            "visualization orders-count: is there 2 times; an import refuses the file",
        ),
        (
            "orders-index", "id", "other",
            "search orders-latest: refers to index-pattern orders-index, which is not in the file",
        ),
        (
            "orders-latest", "id", "other",
            "dashboard orders-overview: refers to search orders-latest, which is not in the file",
        ),
        (
            "orders-map", "references", [],
            "visualization orders-map: its references are named nothing, and it uses "
            "kibanaSavedObjectMeta.searchSourceJSON.index",
        ),
        (
            "orders-changes", f"{AGGS}.1.params.field", "categry",
            "visualization orders-changes: aggregation 2: 'categry' is no field of orders-index",
        ),
        (
            "orders-changes", f"{AGGS}.1.params.field", "notes",
            "visualization orders-changes: aggregation 2: terms cannot be used on 'notes' of type text",
        ),
        (
            "orders-index", "attributes.fields.4.aggregatable", False,
            "visualization orders-terms-1: aggregation 2: 'category' is not aggregatable in orders-index",
        ),
        (
            "orders-changes", f"{AGGS}.2.params.field", "status",
            "visualization orders-changes: aggregation 3: date_histogram cannot be used on 'status' of type keyword",
        ),
        (
            "orders-changes", f"{AGGS}.2.params.field", "created_at",
            "visualization orders-changes: aggregation 3: has the interval auto on 'created_at', which is not the time "
            "field of orders-index",
        ),
        (
            "orders-amount", f"{AGGS}.0.params.field", "currency",
            "visualization orders-amount: aggregation 1: sum cannot be used on 'currency' of type keyword",
        ),
        (
            "orders-amount", f"{AGGS}.0.params.field", "_score",
            "visualization orders-amount: aggregation 1: sum cannot be used on '_score' of type number",
        ),
        (
            "orders-map", f"{AGGS}.1.params.field", "city",
            "visualization orders-map: aggregation 2: geohash_grid cannot be used on 'city' of type keyword",
        ),
        (
            "orders-changes", f"{AGGS}.1.params.orderBy", "3",
            "visualization orders-changes: aggregation 2: is ordered by '3', which is no metric of the visualization",
        ),
        (
            "orders-changes", "attributes.visState.params.seriesParams.0.data.id", "2",
            "visualization orders-changes: draws a series of '2', which is no metric of it",
        ),
        ("orders-changes", f"{AGGS}.2.id", "2", "visualization orders-changes: has two aggregations with the same id"),
        (
            "orders-map", f"{AGGS}.1",
            {"id": "2", "enabled": True, "type": "date_histogram", "schema": "segment",
             "params": {"field": "updated_at", "interval": "auto", "min_doc_count": 1}},
            "visualization orders-map: aggregation 2: a tile_map has no date_histogram with the schema segment",
        ),
        (
            "orders-map", AGGS, [COUNT],
            "visualization orders-map: has 0 aggregations with the schema segment; a tile_map has 1 to 1",
        ),
        (
            "orders-map", "attributes.visState.type", "metric",
            f"line 8: {AT}.metric.params: lacks type, addTooltip, addLegend, metric",
        ),
        (
            "orders-amount", f"{AGGS}.1.schema", "segment",
            "visualization orders-amount: aggregation 2: a metric has no terms with the schema segment",
        ),
        (
            "orders-terms-1", AGGS, [COUNT, COUNT | {"id": "8"}],
            "visualization orders-terms-1: has 2 aggregations with the schema metric; a horizontal_bar has 1 to 1",
        ),
        (
            "orders-latest", "attributes.columns", ["stauts"],
            "search orders-latest: the column 'stauts' is no field of orders-index",
        ),
        (
            "orders-latest", "attributes.sort", [["notes", "desc"]],
            "search orders-latest: sorts by 'notes', which is no field of orders-index that can be sorted by",
        ),
        (
            "orders-index", "attributes.timeFieldName", "updated",
            "index-pattern orders-index: the time field 'updated' is no date of the index pattern",
        ),
        (
            "orders-index", "attributes.timeFieldName", "status",
            "index-pattern orders-index: the time field 'status' is no date of the index pattern",
        ),
        (
            "orders-index", "attributes.fieldFormatMap", {"sum": {"id": "number", "params": {"pattern": "0,0"}}},
            "index-pattern orders-index: has a format for 'sum', which is no field",
        ),
        (
            "orders-index", "attributes.fieldFormatMap", {"status": {"id": "number", "params": {"pattern": "0,0"}}},
            "index-pattern orders-index: has the format of a number for 'status', which is of type string",
        ),
        (
            "orders-index", "attributes.fields.10.type", "string",
            "index-pattern orders-index: field 'location' is of type string; Dashboards reads ('geo_point',) as "
            "geo_point",
        ),
        (
            "orders-index", "attributes.fields.0.name", "status",
            "index-pattern orders-index: has two fields of the same name",
        ),
        (
            "orders-overview", "attributes.timeFrom", None,
            "dashboard orders-overview: restores a time filter and has no timeFrom or no timeTo",
        ),
        (
            "orders-overview", f"{PANELS}.1.panelRefName", "panel_9",
            "dashboard orders-overview: its references are named panel_0, panel_1, panel_2, panel_3, panel_4, panel_5, "
            "panel_6, panel_7, and it uses panel_0, panel_9, panel_2, panel_3, panel_4, panel_5, panel_6, panel_7",
        ),
        (
            "orders-overview", f"{PANELS}.1.gridData.i", "7",
            "dashboard orders-overview: panel 1: its gridData.i is '7'; write the panelIndex there",
        ),
        (
            "orders-overview", f"{PANELS}.1.panelIndex", "0",
            "dashboard orders-overview: has two panels with the same panelIndex",
        ),
        (
            "orders-overview", f"{PANELS}.1.gridData.x", 25,
            "dashboard orders-overview: panel 1: goes beyond the 48 columns of a dashboard",
        ),
        ("orders-overview", f"{PANELS}.1.gridData.x", 23, "dashboard orders-overview: panel 0: overlaps panel 1"),
        ("orders-overview", f"{PANELS}.0.gridData.h", 10, "dashboard orders-overview: panel 0: overlaps panel 2"),
    ],
)  # fmt: skip
def test_problems(changed: Changed, id_: str, path: str, value: Any, problem: str) -> None:
    assert problem in check(changed(id_, path, value))


@pytest.mark.parametrize(
    ("ndjson", "problem"),
    [
        (b"", "has no saved object"),
        (b"{", "line 1: Invalid JSON: EOF while parsing an object at line 1 column 1"),
        (b"\xff\n", "line 1: Invalid JSON: expected value at line 1 column 1"),
        (b'{"exportedCount":10}', "line 1: Unable to extract tag using discriminator 'type'"),
    ],
)
def test_no_saved_objects(ndjson: bytes, problem: str) -> None:
    assert check(ndjson) == (problem,)


def test_json_that_is_not_inside_a_string(make: Make) -> None:
    ndjson = make().replace(b'"uiStateJSON":"{}"', b'"uiStateJSON":{}', 1)
    assert check(ndjson) == (
        "line 2: visualization.attributes.uiStateJSON: JSON input should be string, bytes or bytearray",
    )


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    """The path of every key in `value`."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        if isinstance(value, dict):
            yield (key,)
        yield from ((key, *path) for path in places(inner))


# Without these there is another dashboard, and nothing wrong with it.
OPTIONAL = {"esTypes", "refreshInterval", "timeFieldName"}


def test_no_key_that_is_missing_or_misspelt_is_overlooked(make: Make) -> None:
    good = opened(make())
    for id_, each in good.items():
        for *above, last in places(each):
            for misspelt in (True, False):
                objects = deepcopy(good)
                place = objects[id_]
                for part in above:
                    place = place[part]
                value = place.pop(last)
                if misspelt:
                    place[f"{last}x"] = json.dumps(value) if last in IN_TEXT else value
                optional = not misspelt and (last in OPTIONAL or above[-1:] == ["fieldFormatMap"])
                assert optional or check(closed(objects)), f"{id_}: {above} {last}"


@given(data=st.data())
def test_damaged_files(data: st.DataObject, make: Make) -> None:
    """Pieces cut, overwritten and put in: always an answer, never an exception."""
    content = bytearray(make())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 12))] = data.draw(
            st.binary(max_size=4)
            | st.sampled_from([b"{", b"[", b'"', b'\\"', b"\n", b"null", b"1e999", b"-1", b"\\u0"])
        )
    assert all(isinstance(problem, str) for problem in check(bytes(content)))
