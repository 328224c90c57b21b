"""Several sinks and `_default`, with the body that this project makes of routes.

The recordings have routes but no `_default`. What is expected here is what Data Prepper's DataFlowComponentRouter does:
an event for which no condition holds goes to the sinks that name `_default`.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import osis
from local.engine.events import Event, Value
from local.engine.indices import Indices
from local.engine.pipeline import deliver, settle
from local.engine.sink import Sink
from local.engine.support import Plan, plan
from osis.default import Route, dynamodb_to_opensearch
from tests.unit.engine.fakes import FakeCluster

CONVERT = {"convert_type": {"key": "total", "type": "double"}}
ROUTES = [Route("large", "/total > 1000", "orders-large-1"), Route("open", '/status == "open"', "orders-open-1")]


def planned(**options: Any) -> Plan:
    body = dynamodb_to_opensearch(
        table_arn="arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
        role_arn="arn:aws:iam::123456789012:role/pipeline",
        region="eu-west-1",
        host="https://localhost:9443",
        dlq_bucket="dead-letters",
        **{"index": "orders-1", "routes": ROUTES, "processors": [CONVERT], "view_on_remove": "OLD_IMAGE"} | options,
    )
    return plan(osis.parse(osis.render(body)))


def event(name: str, action: str = "index", **data: Value) -> Event:
    metadata: dict[str, Value] = {"primary_key": name, "opensearch_action": action, "document_version": 1}
    return Event({"id": name, **data}, metadata)


def sinks_of(ready: Plan) -> list[Sink]:
    """Each before a cluster of its own."""
    stop = threading.Event()
    return [
        Sink(cluster, Indices(cluster, one.index, stop), one.options, None, stop)
        for cluster, one in ((FakeCluster(), one) for one in ready.sinks)
    ]


def delivered(ready: Plan, events: Sequence[Event]) -> list[tuple[str, str, str, Any]]:
    """Action, index, id and document of each operation, sink by sink."""
    sinks = sinks_of(ready)
    deliver(events, ready, sinks)
    assert settle(sinks, now=True)
    return [
        (action, target["_index"], target["_id"], document)
        for sink in sinks
        for bulk in sink.client.bulks
        for action, target, document in bulk
    ]


def test_default_route_gets_what_no_condition_takes() -> None:
    events = [
        event("small", total=Decimal(5)),
        event("large", total=Decimal("1000.5"), status="paid"),
        event("both", total=Decimal(2000), status="open"),
        event("none", status="paid"),
    ]
    assert [(index, name) for _, index, name, _ in delivered(planned(), events)] == [
        ("orders-1", "small"),
        ("orders-1", "none"),
        ("orders-large-1", "large"),
        ("orders-large-1", "both"),
        ("orders-open-1", "both"),
    ]


def test_without_conversion_a_number_of_the_table_takes_no_route() -> None:
    assert [index for _, index, *_ in delivered(planned(processors=[]), [event("a", total=Decimal(2000))])] == [
        "orders-1"
    ]


def test_without_routes_everything_goes_to_the_one_index() -> None:
    assert [index for _, index, *_ in delivered(planned(routes=[]), [event("a", total=Decimal(2000))])] == ["orders-1"]


def test_route_whose_condition_is_none_is_not_taken() -> None:
    ready = planned(routes=[Route("open", "/open", "orders-open-1")], processors=[])
    events = [event("a", open=True), event("b", open="yes"), event("c")]
    assert [(index, name) for _, index, name, _ in delivered(ready, events)] == [
        ("orders-1", "b"),
        ("orders-1", "c"),
        ("orders-open-1", "a"),
    ]


def test_name_that_select_entries_cannot_put_takes_all_with_it_that_were_read_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ready = planned(routes=[], processors=[{"select_entries": {"include_keys_regex": [".*"]}}])
    events = [event(str(number)) for number in range(450)]
    events[250].data["größe"] = 1
    names = [name for *_, name, _ in delivered(ready, events)]
    assert names == [str(number) for number in range(450) if not 200 <= number < 400]
    assert "200 events are dropped, without a dead letter" in caplog.text


def test_what_was_read_before_reading_failed_is_delivered() -> None:
    def reading() -> Iterator[Event]:
        yield event("a")
        raise ConnectionResetError

    ready = planned(routes=[])
    sinks = sinks_of(ready)
    with pytest.raises(ConnectionResetError):
        deliver(reading(), ready, sinks)
    assert sinks[0].waiting


def test_one_sink_that_is_due_takes_the_others_along() -> None:
    ready = planned(flush_timeout_ms=60_000)
    sinks = sinks_of(ready)
    deliver([event("small"), event("large", total=Decimal(2000))], ready, sinks)
    assert not settle(sinks)
    assert [len(sink.client.bulks) for sink in sinks] == [0, 0, 0]
    sinks[1].options = replace(sinks[1].options, flush_seconds=-1)
    assert settle(sinks)
    assert [len(sink.client.bulks) for sink in sinks] == [1, 1, 0]
    assert settle(sinks)


def test_delete_goes_where_the_old_image_leads() -> None:
    gone = [event("a", "delete", total=Decimal(2000)), event("b", "delete", total=Decimal(1))]
    assert delivered(planned(), gone) == [
        ("delete", "orders-1", "b", None),
        ("delete", "orders-large-1", "a", None),
    ]
    # With the new image there is nothing to look at: the delete misses the document.
    nothing = Event({}, gone[0].metadata)
    assert delivered(planned(), [nothing]) == [("delete", "orders-1", "a", None)]


def test_own_ids_keys_and_months_in_every_index() -> None:
    ready = planned(
        index="orders-1-%{yyyy.MM}",
        routes=[Route("large", "/total > 1000", "orders-large-1-%{yyyy.MM}")],
        document_id="${/shop}-${/number}",
        include_keys=["number", "total"],
    )
    events = [
        event("x", shop="north", number=Decimal(7), total=Decimal(2000)),
        event("y", "delete", shop="south", number=Decimal(8), total=Decimal(1)),
    ]
    before = datetime.now(UTC)
    (deleted, small_index, *south), (indexed, large_index, *north) = delivered(ready, events)
    months = [f"{moment:%Y.%m}" for moment in (before, datetime.now(UTC))]
    assert (deleted, *south) == ("delete", "south-8", None)
    assert small_index in [f"orders-1-{month}" for month in months]
    assert (indexed, *north) == ("index", "north-7", {"number": 7, "total": 2000.0})
    assert large_index in [f"orders-large-1-{month}" for month in months]


def test_excluded_keys_are_there_for_conditions_and_ids() -> None:
    ready = planned(document_id="${/shop}", exclude_keys=["shop", "total"])
    assert delivered(ready, [event("x", shop="north", total=Decimal(2000))]) == [
        ("index", "orders-large-1", "north", {"id": "x"})
    ]
