"""Several sub-pipelines in one body: how they are linked, and sinks of other kinds."""

import json
from copy import deepcopy
from typing import Any

import pytest

import osis


@pytest.fixture
def linked(changed: Any) -> dict[str, Any]:
    """DynamoDB -> orders -> (archive, search), search -> OpenSearch."""
    document: dict[str, Any] = changed()
    opensearch = document["orders"]["sink"]
    document["orders"]["sink"] = [
        {"pipeline": {"name": "search"}},
        {"s3": {"bucket": "archive", "codec": {"json": None}}},
    ]
    document["search"] = {"source": {"pipeline": {"name": "orders"}}, "sink": opensearch}
    return document


def errors(document: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in osis.check(json.dumps(document)) if problem.severity == "error"]


def test_linked(linked: dict[str, Any]) -> None:
    assert errors(linked) == []
    body = osis.parse(json.dumps(linked))
    assert list(body.pipelines) == ["orders", "search"]
    assert [sink.plugin[0] for sink in body.pipelines["orders"].sink] == ["pipeline", "s3"]
    assert osis.parse(osis.render(body)) == body


def test_sink_to_nowhere(linked: dict[str, Any]) -> None:
    linked["orders"]["sink"][0]["pipeline"]["name"] = "nowhere"
    assert errors(linked) == [
        "orders.sink[0].pipeline.name: no pipeline is named 'nowhere'",
        "search.source.pipeline.name: 'orders' has no pipeline sink with the name 'search'",
    ]


def test_source_from_nowhere(linked: dict[str, Any]) -> None:
    linked["search"]["source"]["pipeline"]["name"] = "nowhere"
    assert errors(linked) == [
        "orders.sink[0].pipeline.name: 'search' has no pipeline source with the name 'orders'",
        "search.source.pipeline.name: no pipeline is named 'nowhere'",
    ]


def test_loop(linked: dict[str, Any]) -> None:
    linked["a"] = {"source": {"pipeline": {"name": "a"}}, "sink": [{"pipeline": {"name": "a"}}]}
    assert errors(linked) == ["a: is part of a loop; no event from DynamoDB ever reaches it"]


def test_two_tables_in_two_pipelines(changed: Any) -> None:
    document = changed()
    document["customers"] = deepcopy(document["orders"])
    assert errors(document) == ["customers.source: is a second source beside orders.source; a pipeline has exactly one"]


def test_routes_belong_to_their_pipeline(linked: dict[str, Any]) -> None:
    linked["orders"]["route"] = [{"paid": "/paid == true"}]
    linked["orders"]["sink"][1]["s3"]["routes"] = ["unpaid"]
    linked["search"]["sink"][0]["opensearch"]["routes"] = ["paid"]
    assert errors(linked) == [
        "orders.sink[1].s3.routes[0]: 'unpaid' is not a route of this pipeline; defined: paid",
        "search.sink[0].opensearch.routes[0]: 'paid' is not a route of this pipeline; defined: none",
    ]


def test_forwarding(linked: dict[str, Any]) -> None:
    linked["search"]["sink"][0]["opensearch"]["forward_to"] = {"pipelines": ["after"]}
    assert errors(linked) == ["search.sink[0].opensearch.forward_to: 'after' is not a pipeline without a source"]
    linked["after"] = {"sink": [{"stdout": None}]}
    assert errors(linked) == []


def test_failure_pipeline(linked: dict[str, Any]) -> None:
    linked["dlq_pipeline"] = {"sink": [{"s3": {"bucket": "failures"}}]}
    assert errors(linked) == []


def test_no_opensearch(changed: Any) -> None:
    assert errors(changed({"orders.sink": [{"s3": {"bucket": "a"}}]})) == [
        "body: has no opensearch sink; at least one sub-pipeline needs it"
    ]


@pytest.mark.parametrize(
    ("sink", "message"),
    [
        ({"opensaerch": {}}, "sink[0].opensaerch: is not a sink of Data Prepper; did you mean 'opensearch'?"),
        ({"s3": {}, "stdout": {}}, "sink[0]: 2 sinks in one list item; write one item for each"),
        ({"s3": []}, "sink[0].s3: [] is not a mapping of keys to values"),
        ({"s3": {"routes": "a"}}, "sink[0].s3.routes: 'a' is not a list"),
        ({"pipeline": {}}, "sink[0].pipeline.name: is required"),
        ("stdout", "sink[0]: 'stdout' is not a mapping of keys to values"),
    ],
)
def test_sink_refused(changed: Any, sink: Any, message: str) -> None:
    assert errors(changed({"orders.sink": [sink]})) == [f"orders.{message}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("core", "core: is a name that Data Prepper keeps for itself; choose another"),
        ("my orders", "my orders: is not a pipeline name; use letters, digits, - and _"),
        ("a\nb", "'a\\nb': is not a pipeline name; use letters, digits, - and _"),
    ],
)
def test_names(changed: Any, name: str, message: str) -> None:
    document = changed()
    document[name] = document.pop("orders")
    assert errors(document) == [message]


def test_number_of_sub_pipelines(linked: dict[str, Any]) -> None:
    for number in range(9):
        linked[f"copy-{number}"] = {"source": {"pipeline": {"name": "orders"}}, "sink": [{"stdout": None}]}
        linked["orders"]["sink"].append({"pipeline": {"name": f"copy-{number}"}})
    assert errors(linked) == ["body: has 11 sub-pipelines; at most 10"]


def test_number_of_sinks(changed: Any) -> None:
    document = changed()
    document["orders"]["sink"] += [{"stdout": None}] * 19
    assert errors(document) == []
    document["orders"]["sink"].append({"stdout": None})
    assert errors(document) == ["body: has 21 sinks; at most 20 that are no sub-pipelines"]


def test_no_pipeline() -> None:
    assert errors({"version": "2"}) == ["body: has no pipeline; write NAME: with source and sink below"]
