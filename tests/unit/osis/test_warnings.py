"""What is legal but risky: each trap once, and the body that avoids it."""

import json
from typing import Any

import pytest

import osis

SOURCE = "orders.source.dynamodb"
SINK = "orders.sink[0].opensearch"
OLD_IMAGE = {"start_position": "LATEST", "view_on_remove": "OLD_IMAGE"}
LOST = "a delete is lost without view_on_remove: OLD_IMAGE"
STALE = "when the attribute changes, the old copy of the document stays"
ROLE = "arn:aws:iam::123456789012:role/pipeline"


def warnings(document: dict[str, Any]) -> list[str]:
    problems = osis.check(json.dumps(document))
    assert {problem.severity for problem in problems} <= {"warning"}, problems
    return [str(problem).removeprefix("warning: ") for problem in problems]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sink.document_id": "${/id}", "table.stream": OLD_IMAGE},
        {"sink.document_id": "${/id}", "table.stream": None, "source.acknowledgments": False},
        {"sink.index": '${getMetadata("table_name")}'},
        {"orders.route": [{"all": 'getMetadata("ttl_delete") != "a/b"'}], "sink.routes": ["all"]},
        {"orders.route": [{"all": 'contains(getMetadata("x"), "/kind")'}], "sink.routes": ["all"]},
        {"sink.actions": [{"type": "delete", "when": "/a"}, {"type": "index"}], "sink.action": ...},
        {"sink.template_type": None, "sink.template_content": '{"mappings": {}}'},
        {"sink.index_type": "management_disabled", "sink.template_content": None},
    ],
    ids=str,
)
def test_nothing_to_warn_of(changed: Any, changes: dict[str, Any]) -> None:
    found = [warning for warning in warnings(changed(changes)) if "has an export and no stream" not in warning]
    assert found == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"sink.dlq": None},
            f"{SINK}.dlq: is missing while acknowledgments are on: one document that OpenSearch refuses is read "
            "again for ever",
        ),
        (
            {"sink.dlq": None, "source.acknowledgments": False},
            f"{SINK}.dlq: is missing: documents that OpenSearch refuses are lost",
        ),
        (
            {"sink.max_retries": None},
            f"{SINK}.max_retries: is missing: a failing request is retried for ever and holds up all that follows",
        ),
        (
            {"sink.flush_timeout": ...},
            f"{SINK}.flush_timeout: is missing: a change may stay invisible for 60 seconds; 1000 means one second",
        ),
        (
            {"sink.action": ...},
            f"{SINK}.action: is missing: a delete overwrites the document with {{}}; "
            'use ${getMetadata("opensearch_action")}',
        ),
        ({"sink.action": "index"}, f"{SINK}.action: never deletes: a deleted item stays in OpenSearch"),
        (
            {"sink.action": ..., "sink.actions": [{"type": "index"}]},
            f"{SINK}.actions: never deletes: a deleted item stays in OpenSearch",
        ),
        (
            {"sink.document_version": None},
            f"{SINK}.document_version: is missing: a change that arrives late overwrites a newer one; "
            'use ${getMetadata("document_version")} with document_version_type: external',
        ),
        (
            {"sink.document_version_type": None},
            f"{SINK}.document_version_type: is not external: OpenSearch refuses versions that are given with the "
            "internal type",
        ),
        (
            {"sink.document_id": None},
            f"{SINK}.document_id: is missing: every change of an item makes another document; "
            'use ${getMetadata("primary_key")}',
        ),
        ({"sink.document_id": "${/kind}-${/id}"}, f"{SINK}.document_id: is made of attributes: {LOST}"),
        (
            {"sink.document_id": None, "sink.document_id_field": "id"},
            f"{SINK}.document_id_field: is made of attributes: {LOST}",
        ),
        ({"sink.index": "orders-${/kind}"}, f"{SINK}.index: is made of attributes: {LOST} and {STALE}"),
        (
            {"sink.index": "orders-${/kind}", "table.stream": OLD_IMAGE},
            f"{SINK}.index: is made of attributes: {STALE}",
        ),
        (
            {"sink.index": "orders-%{yyyy.MM}"},
            f"{SINK}.index: has a date pattern, which is the time of processing: later changes and deletes go to "
            "another index",
        ),
        (
            {"orders.route": [{"odd": '/kind == "odd"'}], "sink.routes": ["odd"]},
            f"{SINK}.routes[0]: 'odd' is chosen by attributes: {LOST} and {STALE}",
        ),
        (
            {"orders.route": [{"odd": '"/the kind" == "odd"'}], "sink.routes": ["odd"]},
            f"{SINK}.routes[0]: 'odd' is chosen by attributes: {LOST} and {STALE}",
        ),
        (
            {"orders.route": [{"odd": '/kind == "odd"'}], "sink.routes": ["odd"], "table.stream": OLD_IMAGE},
            f"{SINK}.routes[0]: 'odd' is chosen by attributes: {STALE}",
        ),
        (
            {"sink.template_content": None},
            f"{SINK}.template_content: is missing: the first value of an attribute fixes its mapping, and later "
            "values of another type are refused; declare the attributes in an index template",
        ),
        (
            {"sink.template_file": "s3://bucket/template"},
            f"{SINK}.template_file: is not read beside template_content; keep one of them",
        ),
        (
            {"sink.template_content": '{"mappings": {}}'},
            f"{SINK}.template_content: has settings or mappings at its top; an index-template has them in template",
        ),
        (
            {"sink.template_type": None},
            f"{SINK}.template_type: is v1, and template_content is written as an index-template: it has no effect",
        ),
        (
            {"table.stream": None},
            f"{SOURCE}.tables[0]: has an export and no stream: changes after the export never reach OpenSearch",
        ),
        (
            {"table.export": None},
            f"{SOURCE}.tables[0]: has a stream and no export: items that exist already reach OpenSearch only on change",
        ),
        (
            {"sink.aws.sts_role_arn": None},
            f"{SINK}.aws: has no sts_role_arn, and the source has one; write the same in each",
        ),
        (
            {"sink.dlq.s3.sts_role_arn": None},
            f"{SINK}.dlq: has no sts_role_arn, and the source has one; write the same in each",
        ),
        ({"sink.aws.region": ...}, f"{SINK}.aws.region: is missing: Data Prepper takes us-east-1"),
        ({"sink.dlq.s3.region": None}, f"{SINK}.dlq.s3.region: is missing: Data Prepper takes us-east-1"),
        (
            {"orders.workers": 4},
            "orders.workers: is set by OpenSearch Ingestion, which documents it as not supported; remove it",
        ),
        (
            {"sink.socket_timeout": 1000},
            f"{SINK}.socket_timeout: is documented by OpenSearch Ingestion as not supported; remove it",
        ),
        (
            {"orders.processor": [{"aggregate": {"identification_keys": ["a"]}}]},
            "orders.processor[0].aggregate: remembers events, and acknowledgments work with stateless processors only",
        ),
    ],
)
def test_warning(changed: Any, changes: dict[str, Any], expected: str) -> None:
    assert warnings(changed(changes)) == [expected]


def test_routes_to_another_pipeline(changed: Any) -> None:
    document = changed({"orders.route": [{"odd": "/odd"}], "table.stream": OLD_IMAGE})
    document["search"] = {"source": {"pipeline": {"name": "orders"}}, "sink": document["orders"]["sink"]}
    document["orders"]["sink"] = [{"pipeline": {"name": "search", "routes": ["odd"]}}, {"s3": {"routes": ["odd"]}}]
    assert warnings(document) == [f"orders.sink[0].pipeline.routes[0]: 'odd' is chosen by attributes: {STALE}"]


def test_version_is_missing(changed: Any) -> None:
    document = changed()
    del document["version"]
    assert warnings(document) == [
        'version: is missing, and OpenSearch Ingestion asks for it; write version: "2"',
    ]


def test_role_of_the_pipeline_itself(changed: Any) -> None:
    document = changed({"source.aws.sts_role_arn": None, "sink.aws": None, "sink.dlq.s3.sts_role_arn": None})
    assert warnings(document) == [
        f"{SOURCE}.aws: has no sts_role_arn: the pipeline itself must be given the role (PipelineRoleArn)"
    ]


def test_warnings_of_a_parsed_body(changed: Any) -> None:
    body = osis.parse(json.dumps(changed({"sink.max_retries": None})))
    (problem,) = osis.warnings_of(body)
    assert (problem.path, problem.severity) == (f"{SINK}.max_retries", "warning")
