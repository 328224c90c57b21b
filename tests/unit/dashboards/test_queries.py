"""The searches behind the panels, read from the NDJSON that is shipped."""

from typing import Any

import pytest

from dashboards import Overview, queries
from tests.unit.dashboards.conftest import Changed, Make, closed, opened

SINCE_NINETY_DAYS = {"bool": {"filter": [{"range": {"updated_at": {"gte": "now-90d", "lte": "now"}}}]}}
DAYS = {"field": "updated_at", "min_doc_count": 1, "calendar_interval": "1d", "time_zone": "UTC"}


def bodies(ndjson: bytes) -> dict[str, Any]:
    return {each.id.removeprefix("orders-"): each.body for each in queries(ndjson)}


def test_each_panel_has_one_on_its_index_in_the_order_of_the_file(make: Make) -> None:
    found = queries(make())
    assert {each.index for each in found} == {"orders"}
    shown = [id_ for id_, each in opened(make()).items() if each["type"] in ("visualization", "search")]
    assert [each.id for each in found] == shown


def test_all_are_filtered_by_the_dashboards_time(make: Make) -> None:
    assert all(body["query"] == SINCE_NINETY_DAYS for body in bodies(make()).values())


def test_nothing_is_filtered_without_a_time(make: Make) -> None:
    found = bodies(make({"status": "keyword"}, Overview()))
    assert list(found) == ["count", "terms-1", "latest"]
    assert all(body["query"] == {"bool": {"filter": []}} for body in found.values())


def test_what_no_dashboard_shows_is_not_filtered(make: Make) -> None:
    objects = opened(make())
    objects["orders-overview"]["attributes"]["panelsJSON"].pop()
    objects["orders-overview"]["references"].pop()
    found = bodies(closed(objects))
    assert found["latest"]["query"] == {"bool": {"filter": []}}
    assert found["count"]["query"] == SINCE_NINETY_DAYS


def test_an_index_pattern_without_time_is_not_filtered(changed: Changed) -> None:
    found = bodies(changed("orders-index", "attributes.timeFieldName", None))
    assert found["count"]["query"] == {"bool": {"filter": []}}


@pytest.mark.parametrize(
    ("panel", "aggs"),
    [
        ("count", {}),
        (
            "amount",
            {
                "2": {
                    "terms": {"field": "currency", "size": 10, "order": {"1": "desc"}},
                    "aggs": {"1": {"sum": {"field": "total"}}},
                }
            },
        ),
        (
            "changes",
            {
                "2": {
                    "terms": {"field": "category", "size": 10, "order": {"_count": "desc"}},
                    "aggs": {"3": {"date_histogram": DAYS}},
                }
            },
        ),
        ("terms-1", {"2": {"terms": {"field": "category", "size": 10, "order": {"_count": "desc"}}}}),
        ("terms-2", {"2": {"terms": {"field": "status", "size": 10, "order": {"_count": "desc"}}}}),
        (
            "amount-over-time",
            {
                "2": {
                    "terms": {"field": "currency", "size": 10, "order": {"1": "desc"}},
                    "aggs": {
                        "1": {"sum": {"field": "total"}},
                        "3": {"date_histogram": DAYS, "aggs": {"1": {"sum": {"field": "total"}}}},
                    },
                }
            },
        ),
        (
            "map",
            {
                "2": {
                    "geohash_grid": {"field": "location", "precision": 2},
                    "aggs": {"3": {"geo_centroid": {"field": "location"}}},
                }
            },
        ),
    ],
)
def test_visualizations(make: Make, panel: str, aggs: dict[str, Any]) -> None:
    body = bodies(make())[panel]
    assert (body["size"], body["track_total_hits"], body["aggs"]) == (0, True, aggs)


def test_an_amount_that_nothing_splits(make: Make) -> None:
    found = bodies(make(layout=Overview(time="created_at", amount="total", terms=())))
    total = {"1": {"sum": {"field": "total"}}}
    assert found["amount"]["aggs"] == total
    assert found["amount-over-time"]["aggs"] == {"3": {"date_histogram": DAYS | {"field": "created_at"}, "aggs": total}}


def test_latest_documents(make: Make) -> None:
    assert bodies(make())["latest"] == {
        "query": SINCE_NINETY_DAYS,
        "size": 500,
        "sort": [{"updated_at": {"order": "desc", "unmapped_type": "boolean"}}],
    }


def test_are_those_of_the_file_and_not_of_what_made_it(changed: Changed) -> None:
    ndjson = changed("orders-terms-1", "attributes.visState.aggs.1.params.field", "city")
    assert bodies(ndjson)["terms-1"]["aggs"]["2"]["terms"]["field"] == "city"


def test_a_file_without_the_index_pattern(changed: Changed) -> None:
    with pytest.raises(ValueError, match="visualization orders-count reads no index pattern of this file"):
        queries(changed("orders-index", "id", "other"))
