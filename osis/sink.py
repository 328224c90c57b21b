"""The sinks (Data Prepper: OpenSearchSinkConfig, what it holds and what ConnectionConfiguration and IndexConfiguration
check when they read it; SinkModel)."""

import json
import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from osis.plugin import Plugin
from osis.problems import Inconsistent, Path, refuse
from osis.source import HeaderOverrides
from osis.values import (
    AccountId,
    AnyCase,
    BucketOrAccessPoint,
    Condition,
    Duration,
    ExternalId,
    Flag,
    Format,
    Integer,
    Long,
    Name,
    Options,
    Region,
    RoleArn,
    Several,
    Text,
    between,
    has_placeholder,
    without_placeholders,
)

OTHER_SINKS = frozenset(
    """
    aws_lambda aws_personalize cloudwatch_logs drop file http kafka noop otlp prometheus s3 sns sqs stdout
    """.split()  # noqa: SIM905 - names read better as words
)
ACTIONS = ("create", "upsert", "update", "delete", "index")  # OpenSearchBulkActions, read without regard to case

_SIGNED = "is not available: OpenSearch Ingestion signs its requests with the role of aws.sts_role_arn; remove it"
_NO_FILES = "is not available: OpenSearch Ingestion has no local files"
_DATE = re.compile(r"%\{(.*?)\}")

IndexType = Literal[
    "custom",
    "management_disabled",
    "trace-analytics-raw",
    "trace-analytics-plain-raw",
    "trace-analytics-service-map",
    "otel-v2-apm-service-map",
    "log-analytics",
    "log-analytics-plain",
    "metric-analytics",
    "metric-analytics-plain",
    "tsdb",
]


def _plain_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        if "/" in key:
            raise ValueError(f"{key!r} has a slash; write the names of top-level attributes")
    return keys


def _host(host: str) -> str:
    if has_placeholder(host) and "://" not in without_placeholders(host):
        return host
    try:
        url = urlsplit(without_placeholders(host) if has_placeholder(host) else host)
        known = url.scheme in ("https", "http") and (bool(url.hostname) or has_placeholder(host)) and url.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"{host!r} is not an endpoint; use https://NAME or https://NAME:PORT")
    return host


def _action(action: str) -> str:
    if "${" not in action and action.lower() not in ACTIONS:
        raise ValueError(f"{action!r} is not allowed; use {', '.join(ACTIONS)} or ${{...}}")
    return action


def _version_expression(version: str) -> str:
    if "${" not in version:
        raise ValueError(f"{version!r} is not an expression; use ${{/NAME}} or ${{getMetadata(...)}}")
    return version


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is a constant of JavaScript")


def _json_object(content: str) -> str:
    try:
        document = json.loads(content, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValueError(f"is not a JSON object but {type(document).__name__}; write {{...}}")  # noqa: TRY004
    return content


def _without_scheme(bucket: object) -> object:
    return bucket.removeprefix("s3://") if isinstance(bucket, str) else bucket


def _in_s3(uri: str) -> str:
    if has_placeholder(uri):
        return uri
    if not uri.lower().startswith("s3://"):
        raise ValueError(f"{uri!r} is a local file, and OpenSearch Ingestion has none; use s3://BUCKET/KEY")
    if not re.fullmatch(r"[^/]+/.+", uri[5:]):
        raise ValueError(f"{uri!r} has no bucket or no key; use s3://BUCKET/KEY")
    return uri


Keys = Annotated[Several[Text], AfterValidator(_plain_keys)]
Host = Annotated[Text, AfterValidator(_host)]
Action = Annotated[Format, AfterValidator(_action)]
S3Uri = Annotated[Text, AfterValidator(_in_s3)]
PolicyName = Annotated[Text, between(3, 32)]


class ForwardTo(Options):
    """SinkForwardConfig: where the events go once they are delivered."""

    pipelines: Annotated[Several[Text], Field(min_length=1, max_length=1)]
    with_data: dict[str, Any] | None = None
    with_metadata: dict[str, Any] | None = None


class SinkContext(Options):
    """What every sink may have (SinkModel)."""

    routes: Several[Text] | None = None
    tags_target_key: Text | None = None
    include_keys: Keys | None = None
    exclude_keys: Keys | None = None
    forward_to: ForwardTo | None = None

    @model_validator(mode="after")
    def _keys_one_way(self) -> "SinkContext":
        if self.include_keys and self.exclude_keys:
            raise Inconsistent((("include_keys",), "cannot stand beside exclude_keys; keep one of them"))
        return self


class ServerlessOptions(Options):
    """ServerlessOptions: how a private collection lets the pipeline in."""

    network_policy_name: PolicyName | None = None
    collection_name: PolicyName | None = None
    vpce_id: Name | None = None


class SemanticField(Options):
    """SemanticFieldMapping."""

    name: Text | None = None
    language: Annotated[Literal["english", "multilingual"], AnyCase] | None = None


class SemanticEnrichment(Options):
    """SemanticEnrichmentConfig."""

    fields: Several[SemanticField] | None = None


class SinkAws(Options):
    """AwsAuthenticationConfiguration of the sink. Without `region`, Data Prepper takes us-east-1."""

    never_null: ClassVar[frozenset[str]] = frozenset({"region"})

    sts_role_arn: RoleArn | None = None
    region: Region | None = None
    sts_external_id: ExternalId | None = None
    sts_header_overrides: HeaderOverrides | None = None
    serverless: Flag = False
    serverless_options: ServerlessOptions | None = None
    resource_name: Text | None = None
    semantic_enrichment: SemanticEnrichment | None = None


class S3Dlq(Options):
    """S3DlqWriterConfig. Without `region`, Data Prepper takes us-east-1."""

    bucket: Annotated[BucketOrAccessPoint, BeforeValidator(_without_scheme)]
    key_path_prefix: Annotated[Text, between(1, 1024)] | None = None
    region: Region | None = None
    sts_role_arn: RoleArn | None = None
    sts_external_id: ExternalId | None = None
    sts_header_overrides: dict[str, Text] | None = None
    bucket_owner: AccountId | None = None
    force_path_style: Flag = False
    legacy_md5_checksum: Flag = False


class Dlq(Options):
    """DlqConfiguration: where documents go that OpenSearch does not take."""

    s3: S3Dlq


class ConditionalAction(Options):
    """ActionConfiguration: the first action whose condition holds is taken."""

    type: Action
    when: Text | None = None


class Script(Options):
    """ScriptConfiguration."""

    source: Name
    params: dict[str, Any] | None = None


class QueryLookup(Options):
    """QueryForExistingDocumentConfiguration."""

    query_when: Condition
    query_term: Text
    query_duration: Duration | None = None
    query_on_bulk_errors: Flag = False
    async_limit: Integer | None = None


class OpenSearchSink(SinkContext):
    """OpenSearchSinkConfig, without what OpenSearch Ingestion does not support
    (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/pipeline-config-reference.html).

    `bulk_size` is in MiB, `flush_timeout`, `connect_timeout` and `socket_timeout` in milliseconds.
    """

    refused: ClassVar[dict[str, str]] = {
        "username": _SIGNED,
        "password": _SIGNED,
        "api_token": _SIGNED,
        "authentication": _SIGNED,
        "cert": f"{_NO_FILES}; remove it",
        "proxy": "is not available on OpenSearch Ingestion; remove it",
        "dlq_file": f"{_NO_FILES}; use dlq.s3",
        "pull_indexing": "is experimental, and OpenSearch Ingestion has no experimental features; remove it",
    }
    never_null: ClassVar[frozenset[str]] = frozenset(
        """action number_of_shards number_of_replicas bulk_size max_local_compressions_for_estimation flush_timeout
        distribution_version""".split()  # noqa: SIM905 - names read better as words
    )

    hosts: Annotated[Several[Host], Field(min_length=1)]
    index: Text | None = None
    index_type: IndexType | None = None
    document_id: Text | None = None
    action: Action | None = None
    actions: Several[ConditionalAction] | None = None
    document_version: Annotated[Format, AfterValidator(_version_expression)] | None = None
    document_version_type: Annotated[Literal["internal", "external", "external_gte"], AnyCase] | None = None
    document_root_key: Name | None = None
    routing: Text | None = None
    normalize_index: Flag = False
    script: Script | None = None
    query_lookup: QueryLookup | None = None
    template_type: Literal["v1", "index-template"] | None = None
    template_content: Annotated[Text, AfterValidator(_json_object)] | None = None
    template_file: S3Uri | None = None
    ism_policy_file: S3Uri | None = None
    number_of_shards: Integer | None = None
    number_of_replicas: Integer | None = None
    bulk_size: Long | None = None
    estimate_bulk_size_using_compression: Flag = False
    max_local_compressions_for_estimation: Integer | None = None
    enable_request_compression: Flag | None = None
    flush_timeout: Long | None = None
    max_retries: Annotated[Integer, Field(ge=1)] | None = None
    connect_timeout: Integer | None = None
    socket_timeout: Integer | None = None
    path_prefix: Text | None = None
    distribution_version: Literal["default", "es6"] | None = None
    insecure: Flag = False
    aws: SinkAws | None = None
    dlq: Dlq | None = None

    # Deprecated in Data Prepper, still read.
    aws_sigv4: Flag = False
    aws_region: Region | None = None
    aws_sts_role_arn: RoleArn | None = None
    aws_sts_external_id: ExternalId | None = None
    aws_sts_header_overrides: HeaderOverrides | None = None
    serverless: Flag = False
    serverless_options: ServerlessOptions | None = None
    document_id_field: Text | None = None
    routing_field: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "OpenSearchSink":
        refuse([*self._connection(), *self._index_name(), *self._writing()])
        return self

    def _connection(self) -> list[tuple[Path, str]]:
        found: list[tuple[Path, str]] = [
            (("hosts", number), f"{host!r} is plain HTTP, and requests are signed; use https://")
            for number, host in enumerate(self.hosts)
            if host.lower().startswith("http://")
        ]
        if self.insecure:
            found.append((("insecure",), "is not available on OpenSearch Ingestion; remove it"))
        if self.aws is not None:
            found += [
                ((name,), "is deprecated and cannot stand beside aws; move it into aws")
                for name in (
                    "aws_sigv4",
                    "aws_sts_role_arn",
                    "aws_sts_external_id",
                    "aws_sts_header_overrides",
                    "serverless",
                    "serverless_options",
                )
                if getattr(self, name) not in (None, False)
            ]
        return found

    def _index_name(self) -> list[tuple[Path, str]]:
        if self.index is None:
            needs_index = self.index_type in (None, "custom", "management_disabled")
            return [(("index",), "is required")] if needs_index else []
        dates = _DATE.findall(self.index)
        if len(dates) > 1:
            return [(("index",), f"{self.index!r} has {len(dates)} date patterns; at most one is allowed")]
        # AbstractIndexManager: nothing finer than an hour, no character that an index name cannot have.
        for date in dates:
            if wrong := sorted(set(date) & set('mSsAnN#\\/*?"<>|,:%{')):
                return [(("index",), f"the date pattern %{{{date}}} has {' '.join(wrong)}; use year to hour only")]
        name = _DATE.sub("0", without_placeholders(self.index, "0"))
        if self.normalize_index and "${" in self.index:
            return []
        return [(("index",), message) for message in _index_name_problems(self.index, name)]

    def _writing(self) -> list[tuple[Path, str]]:
        found: list[tuple[Path, str]] = []
        action = (self.action or "index").lower()
        if self.script is not None:
            if "${" not in action and action not in ("update", "upsert"):
                found.append((("script",), f"is only for update and upsert, and action is {action!r}"))
            if self.document_version_type == "external":
                found.append((("script",), "cannot stand beside document_version_type external; remove one of them"))
        if self.document_id is not None and self.document_id_field is not None:
            found.append((("document_id_field",), "is deprecated and cannot stand beside document_id; remove it"))
        return found

    @property
    def every_action(self) -> tuple[str, ...]:
        """The actions that may be taken; Data Prepper's default is `index`."""
        if self.actions:
            return tuple(action.type for action in self.actions)
        return (self.action or "index",)


def _index_name_problems(index: str, name: str) -> list[str]:
    # OpenSearch's rules for index names, on the parts that are written out.
    if not index:
        return ["is empty"]
    if name != name.lower():
        return (
            [f"{index!r} has upper case; index names are lower case: {index.lower()!r}"]
            if name == index
            else [f"{index!r} has upper case outside its expressions; index names are lower case"]
        )
    if wrong := sorted(set(name) & set(' ,:"*+/\\|?#<>')):
        return [f"{index!r} has {' '.join(map(repr, wrong))}, which an index name cannot have"]
    if name[0] in "_-+" or name in (".", ".."):
        return [f"{index!r} starts with {name[0]!r}; start it with a letter or a digit"]
    if len(name.encode()) > 255:
        return [f"is {len(name.encode())} bytes long; at most 255"]
    return []


class PipelineSink(SinkContext):
    """Another sub-pipeline, which has this one as its source."""

    name: Name


class OtherSink(SinkContext):
    """A sink of which only the common options are known."""

    model_config = ConfigDict(extra="allow")


class Sink(Plugin):
    """Exactly one sink. Others than `opensearch` and `pipeline` are known by name and not checked."""

    noun = "sink"
    unchecked = OTHER_SINKS
    __pydantic_extra__: dict[str, OtherSink] = Field(init=False)

    opensearch: OpenSearchSink | None = None
    pipeline: PipelineSink | None = None
