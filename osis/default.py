"""The body that this project runs: safe defaults against the traps that `osis.check` warns of."""

from collections.abc import Sequence
from typing import Any, Literal

from osis.model import PipelineBody, body_of
from osis.processors import Processor
from osis.source import Export

# 50 ms doubled 14 times: about 14 minutes, within the 30 minutes of shard_acknowledgment_timeout.
MAX_RETRIES = 14


def dynamodb_to_opensearch(
    *,
    table_arn: str,
    role_arn: str,
    region: str,
    host: str,
    index: str,
    dlq_bucket: str,
    dlq_prefix: str = "dlq/",
    export: Export | None = None,
    stream: bool = True,
    view_on_remove: Literal["NEW_IMAGE", "OLD_IMAGE"] = "NEW_IMAGE",
    flush_timeout_ms: int = 1000,
    max_retries: int = MAX_RETRIES,
    processors: Sequence[Processor] = (),
    name: str = "dynamodb-pipeline",
) -> PipelineBody:
    """Return a pipeline that keeps `index` equal to the table: inserts, updates and deletes, in order.

    `host` is the endpoint with https://. `view_on_remove: OLD_IMAGE` asks for NEW_AND_OLD_IMAGES on the table. The
    index template is deliberately not in the body: put beforehand, it spares the pipeline's role two permissions on the
    whole cluster.
    Raises InvalidBody.
    """
    access = {"sts_role_arn": role_arn, "region": region}
    table: dict[str, Any] = {"table_arn": table_arn}
    if stream:
        table["stream"] = {"start_position": "LATEST", "view_on_remove": view_on_remove}
    if export is not None:
        table["export"] = {"s3_region": region} | export.model_dump(exclude_unset=True)
    sink: dict[str, Any] = {
        "hosts": [host],
        "index": index,
        "index_type": "custom",
        "document_id": '${getMetadata("primary_key")}',
        "action": '${getMetadata("opensearch_action")}',
        "document_version": '${getMetadata("document_version")}',
        "document_version_type": "external",
        "flush_timeout": flush_timeout_ms,
        "max_retries": max_retries,
        "aws": access,
        "dlq": {"s3": {"bucket": dlq_bucket, "key_path_prefix": dlq_prefix, **access}},
    }
    pipeline: dict[str, Any] = {
        "source": {"dynamodb": {"acknowledgments": True, "tables": [table], "aws": access}},
        "sink": [{"opensearch": sink}],
    }
    if processors:
        pipeline["processor"] = [one.model_dump(by_alias=True, exclude_unset=True) for one in processors]
    return body_of({"version": "2", name: pipeline})
