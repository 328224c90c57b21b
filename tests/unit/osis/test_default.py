"""The generated body has no trap of its own."""

from typing import Any

import pytest

import osis
from osis.default import dynamodb_to_opensearch
from osis.processors import DeleteEntries, Processor
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
            "processors": [Processor(delete_entries=DeleteEntries(with_keys=("secret",)))],
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


def test_a_wrong_argument() -> None:
    with pytest.raises(osis.InvalidBody) as refused:
        dynamodb_to_opensearch(**GIVEN | {"index": "Orders"})
    assert str(refused.value) == (
        "dynamodb-pipeline.sink[0].opensearch.index: 'Orders' has upper case; index names are lower case: 'orders'"
    )
