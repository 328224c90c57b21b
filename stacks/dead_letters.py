"""What replays dead letters: a function that somebody invokes who has looked at them (`python -m dead_letters`)."""

import json
from typing import Any

from constructs import Construct

from names import DLQ_PREFIX
from osis.default import ACTION, PRIMARY_KEY, VERSION
from pipelines import Pipeline
from settings import Settings
from stacks.collection import SERVERLESS, CollectionSearch
from stacks.function import Function
from stacks.network import Placement
from stacks.policies import Statement

HTTP_CALLS = ("es:ESHttpPost",)
# Lambda's longest run (Lambda quotas); it answers far earlier, after some seconds' worth of letters.
TIMEOUT_SECONDS = 900


class DeadLetters(Construct):
    """Its role reads the tables and the letters; `connect` it, once there is a domain that lets its role in.

    A `collection` does so by its policies.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        placement: Placement | None,
        collection: CollectionSearch | None,
    ) -> None:
        super().__init__(scope, id)
        self._settings, self._collection, names = settings, collection, settings.names
        tables = {pipeline.table_arn: pipeline.table_key_arn for pipeline in settings.pipelines}
        bucket, letters = names.export_bucket_arn, f"{names.export_bucket_arn}/{DLQ_PREFIX}*"
        # The function's own key can decrypt already; that of somebody else's table cannot.
        theirs = sorted({key for key in tables.values() if key not in (None, settings.kms_key_arn)})
        self._function = Function(
            self,
            "replay",
            settings,
            code="dead_letters",
            name=names.dead_letters,
            role=names.dead_letters_role,
            description=f"Lists and replays dead letters of the pipelines of {names.prefix}",
            statements=[
                Statement(("s3:ListBucket",), (bucket,), conditions={"StringLike": {"s3:prefix": f"{DLQ_PREFIX}*"}}),
                Statement(("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), (letters,)),
                Statement(("dynamodb:BatchGetItem", "dynamodb:DescribeTable"), tuple(tables)),
                *([Statement(("kms:GenerateDataKey",), (settings.kms_key_arn,))] if settings.kms_key_arn else []),
                *([Statement(("kms:Decrypt",), tuple(theirs))] if theirs else []),
                *([collection.data_access] if collection else []),
                # All that it may do to a domain of ours is in the domain's own policy.
                *(
                    [Statement(HTTP_CALLS, tuple(f"{names.domain_arn}/{path}" for path in ("_bulk", "_mget")))]
                    if settings.existing_domain is not None
                    else []
                ),
            ],
            environment={},  # with `connect`
            timeout_seconds=TIMEOUT_SECONDS,
            # Two at a time would only do everything twice.
            concurrency=1,
            placement=placement,
            files={"pipelines.json": _described(settings)},
        )
        self.role = self._function.role

    def connect(self, host: str) -> None:
        """Let it find the domain or collection at `host`."""
        self._function.function.put_environment(
            variables={
                "BUCKET": self._settings.names.export_bucket,
                "ENDPOINT": host,
                "POWERTOOLS_SERVICE_NAME": "dead-letters",
                **(SERVERLESS if self._collection else {}),
            }
        )


def _described(settings: Settings) -> bytes:
    """Every pipeline by its id, as functions/dead_letters/pipelines.py reads it."""
    described = {pipeline.names.id: _pipeline(pipeline) for pipeline in settings.pipelines}
    return json.dumps(described, indent=1, sort_keys=True).encode()


def _pipeline(pipeline: Pipeline) -> dict[str, Any]:
    sinks = [sink for _, sink in pipeline.unplaced.opensearch_sinks()]
    in_order = all(
        sink.document_version == VERSION and sink.document_version_type == "external" and sink.every_action == (ACTION,)
        for sink in sinks
    )
    key_in_id = all(sink.document_id == PRIMARY_KEY for sink in sinks)
    table, documents = pipeline.table, pipeline.table.documents
    # What a table's stream never follows may be right in the index and no more in the table.
    as_the_item = table.body is None and not documents.processors and table.streams
    return {
        "table": pipeline.table_name,
        "indices": [family.pattern for family in pipeline.families],
        # Of a generation that is settled the settings do not tell how its documents are made.
        "replayed": in_order and not pipeline.settled and (key_in_id or as_the_item),
        "key_in_id": key_in_id,
        "attributes": {"include": documents.include, "exclude": documents.exclude} if as_the_item else None,
    }
