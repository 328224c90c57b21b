"""What this engine does of a pipeline body, and by name what it does not."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from local.engine import dead_letters, indices, processors
from local.engine.events import Path, path_of
from local.engine.expressions import Condition, condition, template
from local.engine.indices import IndexOptions
from local.engine.processors import Process, UnsupportedProcessorError
from local.engine.sink import SinkOptions, version
from osis import PipelineBody, SubPipeline
from osis.expressions import is_value_alone

T = TypeVar("T")
Given = TypeVar("Given")

_DEFAULT_REGION = "us-east-1"
_DEFAULT_BULK_MEBIBYTES = 5
_DEFAULT_FLUSH_MILLISECONDS = 60_000
_UNSUPPORTED = "this option is not supported by the embedded engine"
_PRIMARY_KEY_ROLE = "is required: the embedded engine works with the role's permissions only"

_BODY = frozenset({"version"})
# Workers, delays, time-outs and compression change how fast the data moves, not what arrives.
_PIPELINE = frozenset({"workers", "delay", "source", "processor", "routes", "route", "sink"})
_SOURCE = frozenset(
    {"acknowledgments", "tables", "aws", "shard_acknowledgment_timeout", "s3_data_file_acknowledgment_timeout"}
)
_STREAM = frozenset({"start_position", "view_on_remove"})
_AWS = frozenset({"sts_role_arn", "region", "sts_external_id", "serverless"})
_DLQ = frozenset({"bucket", "key_path_prefix", "region", "sts_role_arn", "sts_external_id", "force_path_style"})
_SINK = frozenset(
    """hosts index index_type document_id document_id_field document_version document_version_type document_root_key
    action actions routing routing_field routes include_keys exclude_keys normalize_index template_type template_content
    number_of_shards number_of_replicas bulk_size estimate_bulk_size_using_compression
    max_local_compressions_for_estimation enable_request_compression flush_timeout max_retries connect_timeout
    socket_timeout distribution_version aws dlq""".split()  # noqa: SIM905 - a list of 33 strings is longer than the code
)
_INDEX_TYPES = (None, "custom", "management_disabled")


class UnsupportedBodyError(ValueError):
    """`reasons` holds one line, with the path of the option, for each thing that this engine does not do."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Role:
    """A role to assume and where."""

    arn: str
    region: str
    external_id: str | None


@dataclass(frozen=True)
class ExportPlan:
    bucket: str
    prefix: str | None
    kms_key_id: str | None


@dataclass(frozen=True)
class DeadLetterPlan:
    role: Role
    bucket: str
    key_path_prefix: str | None


@dataclass(frozen=True)
class SinkPlan:
    hosts: tuple[str, ...]
    serverless: bool
    role: Role
    index: IndexOptions
    options: SinkOptions
    dead_letters: DeadLetterPlan | None


@dataclass(frozen=True)
class Plan:
    """A body that this engine can run, compiled. `old_image_on_remove` is None where the stream is not read."""

    pipeline: str
    role: Role
    table_arn: str
    export: ExportPlan | None
    old_image_on_remove: bool | None
    processors: tuple[Process, ...]
    routes: tuple[tuple[str, Condition], ...]
    sinks: tuple[SinkPlan, ...]


def plan(body: PipelineBody) -> Plan:
    """Raises `UnsupportedBodyError` with everything that is not supported."""
    return _Planner().plan(body)


class _Planner:
    def __init__(self) -> None:
        self._reasons: list[str] = []

    def plan(self, body: PipelineBody) -> Plan:
        self._only(body, _BODY | frozenset(body.pipelines), "body")
        if len(body.pipelines) > 1:
            names = ", ".join(body.pipelines)
            self._refuse("body", f"sub-pipelines are not supported by the embedded engine; found {names}")
            raise UnsupportedBodyError(self._reasons)
        ((name, pipeline),) = body.pipelines.items()
        self._only(pipeline, _PIPELINE, name)
        source = body.source
        where = f"{name}.source.dynamodb"
        self._only(source, _SOURCE, where)
        self._only(source.aws, _AWS, f"{where}.aws")
        table = source.tables[0]
        if table.stream:
            self._only(table.stream, _STREAM, f"{where}.tables[0].stream")
        result = Plan(
            pipeline=name,
            role=self._role(source.aws, f"{where}.aws", table.table_arn.split(":")[3]),
            table_arn=table.table_arn,
            export=ExportPlan(table.export.s3_bucket, table.export.s3_prefix, table.export.s3_sse_kms_key_id)
            if table.export
            else None,
            old_image_on_remove=table.stream.view_on_remove == "OLD_IMAGE" if table.stream else None,
            processors=self._processors(pipeline, name),
            routes=tuple(
                (route, self._compiled(condition, text, f"{name}.routes.{route}", lambda _: False))
                for route, text in pipeline.conditions.items()
            ),
            sinks=self._sinks(pipeline, name),
        )
        if self._reasons:
            raise UnsupportedBodyError(self._reasons)
        return result

    def _refuse(self, where: str, reason: str) -> None:
        self._reasons.append(f"{where}: {reason}")

    def _only(self, options: Any, supported: frozenset[str], where: str) -> None:
        """Refuses each option that is given, is not supported and has not its default."""
        for name in sorted(options.model_fields_set - supported):
            field = type(options).model_fields.get(name)
            if field is None or getattr(options, name) != field.default:
                self._refuse(f"{where}.{name}", _UNSUPPORTED)

    def _compiled(self, compile_: Callable[[Given], T], given: Given, where: str, otherwise: T) -> T:
        try:
            return compile_(given)
        except ValueError as error:
            self._refuse(where, str(error))
            return otherwise

    def _role(self, aws: Any, where: str, region: str) -> Role:
        if aws is None or aws.sts_role_arn is None:
            self._refuse(f"{where}.sts_role_arn", _PRIMARY_KEY_ROLE)
            return Role("", region, None)
        return Role(aws.sts_role_arn, aws.region or region, aws.sts_external_id)

    def _processors(self, pipeline: SubPipeline, name: str) -> tuple[Process, ...]:
        built = []
        for number, processor in enumerate(pipeline.processors):
            plugin, options = processor.plugin
            if not isinstance(options, Mapping):
                options = options.model_dump(by_alias=True, exclude_unset=True)
            try:
                built.append(processors.build(plugin, options))
            except UnsupportedProcessorError as error:
                for reason in error.reasons:
                    self._refuse(f"{name}.processor[{number}]", reason)
        return tuple(built)

    def _sinks(self, pipeline: SubPipeline, name: str) -> tuple[SinkPlan, ...]:
        plans = []
        for number, sink in enumerate(pipeline.sink):
            plugin, options = sink.plugin
            where = f"{name}.sink[{number}].{plugin}"
            if sink.opensearch is None:
                self._refuse(where, "this sink is not supported by the embedded engine; supported: opensearch")
            else:
                plans.append(self._sink(options, where))
        return tuple(plans)

    def _sink(self, sink: Any, where: str) -> SinkPlan:
        self._only(sink, _SINK, where)
        if sink.aws is not None:
            self._only(sink.aws, _AWS, f"{where}.aws")
        serverless = sink.aws is not None and sink.aws.serverless
        if sink.index_type not in _INDEX_TYPES:
            self._refuse(f"{where}.index_type", f"{sink.index_type} is not supported by the embedded engine")
        index = IndexOptions(
            name=sink.index or "",
            managed=sink.index_type != "management_disabled" and not (serverless and sink.index_type is None),
            normalized=sink.normalize_index,
            composable=serverless or sink.template_type == "index-template",
            template=self._template(sink, where),
        )
        self._compiled(indices.check, index, f"{where}.index", None)
        return SinkPlan(
            hosts=sink.hosts,
            serverless=serverless,
            role=self._role(sink.aws, f"{where}.aws", _DEFAULT_REGION),
            index=index,
            options=self._sink_options(sink, where),
            dead_letters=self._dead_letters(sink, where),
        )

    def _template(self, sink: Any, where: str) -> dict[str, Any] | None:
        content: dict[str, Any] = json.loads(sink.template_content) if sink.template_content else {}
        for name in ("number_of_shards", "number_of_replicas"):
            if number := getattr(sink, name):
                if sink.template_type == "index-template":
                    self._refuse(f"{where}.{name}", "not with template_type index-template; write it into the template")
                content.setdefault("settings", {}).setdefault(name, number)
        return content or None

    def _sink_options(self, sink: Any, where: str) -> SinkOptions:
        def compiled(option: str, text: str | None) -> Any:
            return None if text is None else self._compiled(template, text, f"{where}.{option}", None)

        mebibytes = _DEFAULT_BULK_MEBIBYTES if sink.bulk_size is None else sink.bulk_size
        milliseconds = _DEFAULT_FLUSH_MILLISECONDS if sink.flush_timeout is None else sink.flush_timeout
        return SinkOptions(
            routes=frozenset(sink.routes or ()),
            document_id=compiled("document_id", sink.document_id or _of_field(sink.document_id_field)),
            document_version=None
            if sink.document_version is None
            else self._compiled(version, sink.document_version, f"{where}.document_version", lambda _: 0),
            version_type=sink.document_version_type,
            routing=compiled("routing", sink.routing or _of_field(sink.routing_field)),
            action=compiled("action", sink.action or "index"),
            actions=[
                (
                    self._compiled(_action_condition, entry.when, f"{where}.actions[{number}].when", None)
                    if entry.when
                    else None,
                    compiled(f"actions[{number}].type", entry.type),
                )
                for number, entry in enumerate(sink.actions or ())
            ],
            document_root=self._document_root(sink.document_root_key, where),
            include_keys=sink.include_keys or (),
            exclude_keys=sink.exclude_keys or (),
            bulk_bytes=None if mebibytes < 0 else mebibytes * 1024 * 1024,
            flush_seconds=milliseconds / 1000,
            max_retries=sink.max_retries,
        )

    def _document_root(self, key: str | None, where: str) -> Path | None:
        otherwise: Path | None = None
        return None if key is None else self._compiled(path_of, key, f"{where}.document_root_key", otherwise)

    def _dead_letters(self, sink: Any, where: str) -> DeadLetterPlan | None:
        if sink.dlq is None:
            return None
        s3 = sink.dlq.s3
        self._only(s3, _DLQ, f"{where}.dlq.s3")
        try:
            dead_letters.prefix_parts(s3.key_path_prefix)
        except ValueError as error:
            self._refuse(f"{where}.dlq.s3.key_path_prefix", str(error))
        return DeadLetterPlan(self._role(s3, f"{where}.dlq.s3", _DEFAULT_REGION), s3.bucket, s3.key_path_prefix)


def _action_condition(text: str) -> Condition:
    if is_value_alone(text):
        raise ValueError(
            f"'{text}': where the value is not true or false, Data Prepper sends nothing of what it read with it, and "
            f"the embedded engine does not do so; write {text} == true"
        )
    return condition(text)


def _of_field(key: str | None) -> str | None:
    """`document_id_field` and `routing_field` are older words for a template of one field."""
    return None if key is None else f"${{{key}}}"
