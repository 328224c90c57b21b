"""The DynamoDB source (Data Prepper: DynamoDBSourceConfig and what it holds)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from osis.problems import Inconsistent, suggestion
from osis.values import (
    Bucket,
    Duration,
    ExternalId,
    Flag,
    KeyArn,
    Name,
    Options,
    Region,
    RoleArn,
    Several,
    TableArn,
    Text,
)

OTHER_SOURCES = frozenset(
    """
    confluence crowdstrike cloudwatch documentdb file http iceberg jira kafka kinesis kinesis-data-streams
    kinesis_data_streams log_generator microsoft_office365 mongodb opensearch opensearch_api otel_logs_source
    otel_metrics_source otel_trace_source otlp otlp_logs otlp_metrics otlp_traces prometheus random rds rss s3
    sqs stdin
    """.split()  # noqa: SIM905 - names read better as words
)

HeaderOverrides = Annotated[dict[str, Text], Field(max_length=5)]


class Export(Options):
    """ExportConfig: the full copy of the table through S3."""

    s3_bucket: Bucket
    s3_prefix: Text | None = None
    s3_region: Region | None = None
    s3_sse_kms_key_id: KeyArn | None = None


class Stream(Options):
    """StreamConfig: the changes of the table."""

    start_position: Literal["LATEST"] = "LATEST"
    view_on_remove: Literal["NEW_IMAGE", "OLD_IMAGE"] = "NEW_IMAGE"
    disable_checkpointing: Flag = False


class Table(Options):
    """TableConfig."""

    table_arn: TableArn
    stream: Stream | None = None
    export: Export | None = None

    @model_validator(mode="after")
    def _reads_something(self) -> "Table":
        if self.stream is None and self.export is None:
            raise Inconsistent(((), "neither export nor stream: nothing would be read; write one of them or both"))
        return self


class SourceAws(Options):
    """AwsAuthenticationConfig of the source."""

    sts_role_arn: RoleArn | None = None
    region: Region | None = None
    sts_external_id: ExternalId | None = None
    sts_header_overrides: HeaderOverrides | None = None


def _one_table(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    # DynamoDBSourceConfig.isExactlyOneTableConfigured
    if len(tables) != 1:
        raise ValueError(f"{len(tables)} tables; a pipeline reads exactly one, write a pipeline for each table")
    return tables


class DynamoDBSource(Options):
    """DynamoDBSourceConfig. Durations default to 30 minutes (shard) and 15 minutes (export file)."""

    acknowledgments: Flag = False
    tables: Annotated[Several[Table], AfterValidator(_one_table)]
    aws: SourceAws
    shard_acknowledgment_timeout: Duration | None = None
    s3_data_file_acknowledgment_timeout: Duration | None = None


class PipelineSource(Options):
    """The events of another sub-pipeline."""

    name: Name


class Source(Options):
    """Exactly one of: the DynamoDB table, another sub-pipeline."""

    dynamodb: DynamoDBSource | None = None
    pipeline: PipelineSource | None = None

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: Any) -> Any:
        if isinstance(data, list):
            raise Inconsistent(((), "is a list; a pipeline has one source, written as a mapping: dynamodb: ..."))
        if not isinstance(data, dict):
            return data
        if len(data) != 1:
            names = ", ".join(map(str, data)) or "none"
            raise Inconsistent(((), f"{len(data)} sources ({names}); write exactly one"))
        name, options = next(iter(data.items()))
        if name in OTHER_SOURCES:
            raise Inconsistent(((name,), "is another source; only pipelines that read DynamoDB are known here"))
        if name not in cls.model_fields:
            raise Inconsistent(((name,), f"is not a source{suggestion(name, cls.model_fields)}"))
        return {name: {} if options is None else options}
