"""The body that this project runs: safe defaults against the traps that `osis.check` warns of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from osis.expressions import made_of_attributes, reads_attributes
from osis.model import DEFAULT_ROUTE, PipelineBody, body_of
from osis.source import Export

# 14 tries and 13 waits, from 50 ms doubled each time: about 7 minutes, within the 30 of shard_acknowledgment_timeout.
MAX_RETRIES = 14
PRIMARY_KEY = '${getMetadata("primary_key")}'
ACTION = '${getMetadata("opensearch_action")}'
VERSION = '${getMetadata("document_version")}'


@dataclass(frozen=True, slots=True)
class Route:
    """Documents for which `condition` holds, a Data Prepper expression, go to `index`."""

    name: str
    condition: str
    index: str


def needs_old_image(document_id: str, routes: Sequence[Route]) -> bool:
    """Tell whether deletes are lost without `view_on_remove: OLD_IMAGE`, as `osis.check` warns.

    Data Prepper looks for the document of a deleted item by attributes then, and NEW_IMAGE has none of it.
    """
    return made_of_attributes(document_id) or any(reads_attributes(route.condition) for route in routes)


def dynamodb_to_opensearch(
    *,
    table_arn: str,
    role_arn: str,
    region: str,
    host: str,
    index: str,
    routes: Sequence[Route] = (),
    document_id: str = PRIMARY_KEY,
    include_keys: Sequence[str] = (),
    exclude_keys: Sequence[str] = (),
    processors: Sequence[Mapping[str, Any]] = (),
    dlq_bucket: str,
    dlq_prefix: str = "dlq/",
    export: Export | None = None,
    stream: bool = True,
    view_on_remove: Literal["NEW_IMAGE", "OLD_IMAGE"] = "NEW_IMAGE",
    flush_timeout_ms: int = 1000,
    max_retries: int = MAX_RETRIES,
    serverless: bool = False,
    network_policy: str | None = None,
    name: str = "dynamodb-pipeline",
) -> PipelineBody:
    """Return a pipeline that keeps `index` equal to the table: inserts, updates and deletes, in order.

    With `routes`, `index` gets what no route takes; a document for which several conditions hold goes to each of their
    indices. `processors`, each as in YAML, come first: conditions, `document_id` and keys see what they leave. `host`
    is the endpoint with https://. `view_on_remove: OLD_IMAGE` asks for NEW_AND_OLD_IMAGES on the table;
    `needs_old_image` says when it is needed. `serverless` is for a collection of OpenSearch Serverless, and
    `network_policy` the name of that with which a private one lets the pipeline in. The index template is deliberately
    not in the body: put beforehand, it spares the pipeline's role two permissions on the whole cluster.
    Raises InvalidBody.
    """
    access = {"sts_role_arn": role_arn, "region": region}
    table: dict[str, Any] = {"table_arn": table_arn}
    if stream:
        table["stream"] = {"start_position": "LATEST", "view_on_remove": view_on_remove}
    if export is not None:
        table["export"] = {"s3_region": region} | export.model_dump(exclude_unset=True)
    collection: dict[str, Any] = {"serverless": True} if serverless else {}
    if network_policy is not None:
        collection["serverless_options"] = {"network_policy_name": network_policy}
    sink: dict[str, Any] = {
        "hosts": [host],
        "index": index,
        # A collection has no state management to ask for, and makes an index with the first document.
        "index_type": "management_disabled" if serverless else "custom",
        "document_id": document_id,
        "action": ACTION,
        "document_version": VERSION,
        "document_version_type": "external",
        "flush_timeout": flush_timeout_ms,
        "max_retries": max_retries,
        "aws": access | collection,
        "dlq": {"s3": {"bucket": dlq_bucket, "key_path_prefix": dlq_prefix, **access}},
    }
    if include_keys:
        sink["include_keys"] = list(include_keys)
    if exclude_keys:
        sink["exclude_keys"] = list(exclude_keys)
    sinks = [sink]
    if routes:
        sinks = [sink | {"routes": [DEFAULT_ROUTE]}]
        sinks += [sink | {"index": route.index, "routes": [route.name]} for route in routes]
    pipeline: dict[str, Any] = {
        "source": {"dynamodb": {"acknowledgments": True, "tables": [table], "aws": access}},
        "sink": [{"opensearch": one} for one in sinks],
    }
    if processors:
        pipeline["processor"] = list(processors)
    if routes:
        pipeline["route"] = [{route.name: route.condition} for route in routes]
    return body_of({"version": "2", name: pipeline})
