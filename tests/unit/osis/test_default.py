"""The generated body has no trap of its own."""

from typing import Any

import pytest

import osis
from osis.default import Route, dynamodb_to_opensearch, needs_old_image
from osis.processors import DeleteEntries
from osis.source import Export

ROLE = "arn:aws:iam::123456789012:role/pipeline"
GIVEN: dict[str, Any] = {
    "table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
    "role_arn": ROLE,
    "region": "eu-west-1",
    "host": "https://${TfToken[TOKEN.0]}",
    "index": "orders",
    "dlq_bucket": "dead-letters",
    "export": Export(s3_bucket="exports", s3_prefix="export/"),
}


def test_everything_is_safe() -> None:
    text = osis.render(dynamodb_to_opensearch(**GIVEN))
    (template,) = osis.check(text, region="eu-west-1")
    assert template.path == "dynamodb-pipeline.sink[0].opensearch.template_content"
    assert template.severity == "warning"
    assert (
        text
        == f"""version: "2"
dynamodb-pipeline:
  source:
    dynamodb:
      acknowledgments: true
      tables:
      - table_arn: arn:aws:dynamodb:eu-west-1:123456789012:table/orders
        stream:
          start_position: LATEST
          view_on_remove: NEW_IMAGE
        export:
          s3_bucket: exports
          s3_prefix: export/
          s3_region: eu-west-1
      aws:
        sts_role_arn: {ROLE}
        region: eu-west-1
  sink:
  - opensearch:
      hosts:
      - https://${{TfToken[TOKEN.0]}}
      index: orders
      index_type: custom
      document_id: ${{getMetadata("primary_key")}}
      action: ${{getMetadata("opensearch_action")}}
      document_version: ${{getMetadata("document_version")}}
      document_version_type: external
      flush_timeout: 1000
      max_retries: 14
      aws:
        sts_role_arn: {ROLE}
        region: eu-west-1
      dlq:
        s3:
          bucket: dead-letters
          key_path_prefix: dlq/
          region: eu-west-1
          sts_role_arn: {ROLE}
"""
    )


def test_export_only() -> None:
    body = dynamodb_to_opensearch(**GIVEN | {"stream": False})
    assert body.source.tables[0].stream is None


def test_stream_only() -> None:
    body = dynamodb_to_opensearch(**GIVEN | {"export": None, "view_on_remove": "OLD_IMAGE"})
    assert body.source.tables[0].export is None
    assert body.source.tables[0].stream is not None
    assert body.source.tables[0].stream.view_on_remove == "OLD_IMAGE"


def test_own_choices() -> None:
    body = dynamodb_to_opensearch(
        **GIVEN
        | {
            "name": "orders",
            "dlq_prefix": "failed/",
            "flush_timeout_ms": 500,
            "max_retries": 3,
            "processors": [{"delete_entries": {"with_keys": ["secret"]}}],
        }
    )
    pipeline = body.pipelines["orders"]
    sink = pipeline.sink[0].opensearch
    assert sink is not None
    assert (sink.flush_timeout, sink.max_retries) == (500, 3)
    assert sink.dlq is not None
    assert sink.dlq.s3.key_path_prefix == "failed/"
    (processor,) = pipeline.processors
    assert processor.plugin == ("delete_entries", DeleteEntries(with_keys=("secret",)))


LARGE = Route("large", "/total > 1000", "orders-large-1")
OPEN = Route("open", '/status == "open"', "orders-open-1-%{yyyy.MM}")


def test_routes() -> None:
    body = dynamodb_to_opensearch(
        **GIVEN
        | {
            "index": "orders-1",
            "routes": [LARGE, OPEN],
            "document_id": "${/customer}-${/id}",
            "exclude_keys": ["secret"],
            "processors": [{"convert_type": {"key": "total", "type": "double"}}],
            "view_on_remove": "OLD_IMAGE",
        }
    )
    pipeline = body.pipelines["dynamodb-pipeline"]
    assert pipeline.conditions == {"large": "/total > 1000", "open": '/status == "open"'}
    main, large, opened = [sink.opensearch.model_dump(exclude_unset=True) for sink in pipeline.sink if sink.opensearch]
    assert (main["index"], main["routes"]) == ("orders-1", ("_default",))
    assert large == main | {"index": "orders-large-1", "routes": ("large",)}
    assert opened == main | {"index": "orders-open-1-%{yyyy.MM}", "routes": ("open",)}
    assert (main["document_id"], main["exclude_keys"]) == ("${/customer}-${/id}", ("secret",))
    assert osis.parse(osis.render(body)) == body
    risks = {problem.message for problem in osis.warnings_of(body) if "template_content" not in problem.path}
    stale = "is chosen by attributes: when the attribute changes, the old copy of the document stays"
    date = "has a date pattern, which is the time of processing: later changes and deletes go to another index"
    assert risks == {f"'large' {stale}", f"'open' {stale}", date}


def test_some_keys_only() -> None:
    sink = dynamodb_to_opensearch(**GIVEN | {"include_keys": ("id", "total")}).pipelines["dynamodb-pipeline"].sink[0]
    assert sink.opensearch is not None
    assert sink.opensearch.include_keys == ("id", "total")
    with pytest.raises(osis.InvalidBody, match=r"include_keys: cannot stand beside exclude_keys; keep one of them"):
        dynamodb_to_opensearch(**GIVEN | {"include_keys": ["id"], "exclude_keys": ["total"]})


@pytest.mark.parametrize("document_id", ['${getMetadata("primary_key")}', "${/id}", '${getMetadata("sort_key")}-${id}'])
@pytest.mark.parametrize(
    "condition", ["/total > 1", '"/order total" > 1', 'getMetadata("ttl_delete") == true', 'getMetadata("/x") == "/a"']
)
def test_old_image_is_needed_where_the_check_says_that_deletes_are_lost(document_id: str, condition: str) -> None:
    routes = [Route("some", condition, "some-1")]
    body = dynamodb_to_opensearch(**GIVEN | {"document_id": document_id, "routes": routes})
    lost = [problem for problem in osis.warnings_of(body) if "a delete is lost" in problem.message]
    assert needs_old_image(document_id, routes) == bool(lost)
    assert needs_old_image(document_id, []) == any(problem.path.endswith("document_id") for problem in lost)


def test_a_wrong_argument() -> None:
    with pytest.raises(osis.InvalidBody) as refused:
        dynamodb_to_opensearch(**GIVEN | {"index": "Orders"})
    assert str(refused.value) == (
        "dynamodb-pipeline.sink[0].opensearch.index: 'Orders' has upper case; index names are lower case: 'orders'"
    )
    with pytest.raises(osis.InvalidBody, match=r"^dynamodb-pipeline.processor\[0\].delete_entries: deletes nothing"):
        dynamodb_to_opensearch(**GIVEN | {"processors": [{"delete_entries": {}}]})
