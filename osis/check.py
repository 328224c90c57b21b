"""What is wrong with a body, and what is legal but risky: the traps that running pipelines fell into."""

import json
import re
from collections.abc import Iterator

from osis.comparisons import wrong_comparisons
from osis.expressions import made_of_attributes, reads_attributes
from osis.model import PipelineBody
from osis.problems import InvalidBody, Path, Problem, at
from osis.reading import parse
from osis.sink import OpenSearchSink
from osis.source import DynamoDBSource, Stream
from osis.values import has_placeholder

# Processors that remember earlier events; end-to-end acknowledgment is for stateless ones only.
STATEFUL_PROCESSORS = frozenset({"aggregate", "otel_apm_service_map", "service_map", "service_map_stateful"})
DEFAULT_REGION = "us-east-1"

_LOST = "a delete is lost without view_on_remove: OLD_IMAGE"
_DATE = re.compile(r"%\{.*?\}")


def check(text: str, region: str | None = None) -> tuple[Problem, ...]:
    """Return every problem of the YAML in `text`: its errors, or its warnings where it has no errors.

    With `region`, every Region in the body must be that one.
    """
    try:
        body = parse(text)
    except InvalidBody as error:
        return error.problems
    errors = tuple(
        Problem(at(path), f"{found!r} is another Region than {region!r}, where the pipeline runs")
        for path, found in body.regions()
        if region is not None and found != region and not has_placeholder(found)
    )
    return errors or warnings_of(body)


def warnings_of(body: PipelineBody) -> tuple[Problem, ...]:
    """Return what is legal in `body` but risky, with the reason."""
    found = [*_of_document(body), *_of_source(body), *_of_routes(body), *wrong_comparisons(body)]
    for path, sink in body.opensearch_sinks():
        found += [*_of_delivery(path, sink, body.source), *_of_writing(path, sink, body.source), *_of_index(path, sink)]
        found += [*_of_attributes(path, sink, body), *_of_access(path, sink, body)]
    return tuple(Problem(at(path), message, "warning") for path, message in found)


Found = Iterator[tuple[Path, str]]


def _of_document(body: PipelineBody) -> Found:
    if "version" not in body.model_fields_set:
        yield ("version",), 'is missing, and OpenSearch Ingestion asks for it; write version: "2"'
    for name, pipeline in body.pipelines.items():
        for option in ("workers", "delay"):
            if getattr(pipeline, option) is not None:
                yield (name, option), "is set by OpenSearch Ingestion, which documents it as not supported; remove it"
        for number, processor in enumerate(pipeline.processors):
            plugin, _ = processor.plugin
            if plugin in STATEFUL_PROCESSORS and body.source.acknowledgments:
                yield (
                    (name, "processor", number, plugin),
                    "remembers events, and acknowledgments work with stateless processors only",
                )


def _of_source(body: PipelineBody) -> Found:
    path, source = body.dynamodb()
    table = source.tables[0]
    if table.stream is None:
        yield (*path, "tables", 0), "has an export and no stream: changes after the export never reach OpenSearch"
    if table.export is None:
        yield (
            (*path, "tables", 0),
            "has a stream and no export: items that exist already reach OpenSearch only on change",
        )
    if source.aws.sts_role_arn is None:
        yield (*path, "aws"), "has no sts_role_arn: the pipeline itself must be given the role (PipelineRoleArn)"


def _of_delivery(path: Path, sink: OpenSearchSink, source: DynamoDBSource) -> Found:
    if sink.dlq is None and source.acknowledgments:
        yield (
            (*path, "dlq"),
            "is missing while acknowledgments are on: one document that OpenSearch refuses is read again for ever",
        )
    elif sink.dlq is None:
        yield (*path, "dlq"), "is missing: documents that OpenSearch refuses are lost"
    if sink.max_retries is None:
        yield (*path, "max_retries"), "is missing: a failing request is retried for ever and holds up all that follows"
    if sink.flush_timeout is None:
        yield (*path, "flush_timeout"), "is missing: a change may stay invisible for 60 seconds; 1000 means one second"
    if sink.socket_timeout is not None:
        yield (*path, "socket_timeout"), "is documented by OpenSearch Ingestion as not supported; remove it"


def _of_writing(path: Path, sink: OpenSearchSink, source: DynamoDBSource) -> Found:
    if source.tables[0].stream is not None:
        actions = [action.lower() for action in sink.every_action]
        if sink.action is None and sink.actions is None:
            yield (
                (*path, "action"),
                'is missing: a delete overwrites the document with {}; use ${getMetadata("opensearch_action")}',
            )
        elif not any("${" in action or action == "delete" for action in actions):
            yield (*path, "action" if sink.action else "actions"), "never deletes: a deleted item stays in OpenSearch"
        if sink.document_version is None:
            yield (
                (*path, "document_version"),
                "is missing: a change that arrives late overwrites a newer one; "
                'use ${getMetadata("document_version")} with document_version_type: external',
            )
    if sink.document_version is not None and sink.document_version_type in (None, "internal"):
        yield (
            (*path, "document_version_type"),
            "is not external: OpenSearch refuses versions that are given with the internal type",
        )
    if sink.document_id is None and sink.document_id_field is None:
        yield (
            (*path, "document_id"),
            'is missing: every change of an item makes another document; use ${getMetadata("primary_key")}',
        )


def _of_index(path: Path, sink: OpenSearchSink) -> Found:
    if sink.template_content is None and sink.template_file is None:
        if sink.index_type in (None, "custom") and not (sink.aws is not None and sink.aws.serverless):
            yield (
                (*path, "template_content"),
                "is missing: the first value of an attribute fixes its mapping, and later values of another type "
                "are refused; declare the attributes in an index template",
            )
    elif sink.template_content is not None and sink.template_file is not None:
        yield (*path, "template_file"), "is not read beside template_content; keep one of them"
    if sink.template_content is not None:
        yield from _of_template(path, sink, json.loads(sink.template_content))


def _of_template(path: Path, sink: OpenSearchSink, template: dict[str, object]) -> Found:
    serverless = sink.aws is not None and sink.aws.serverless
    composable = serverless or sink.template_type == "index-template"
    if composable and not template.keys().isdisjoint({"settings", "mappings", "aliases"}):
        yield (*path, "template_content"), "has settings or mappings at its top; an index-template has them in template"
    elif not composable and "template" in template:
        yield (*path, "template_type"), "is v1, and template_content is written as an index-template: it has no effect"


def _of_attributes(path: Path, sink: OpenSearchSink, body: PipelineBody) -> Found:
    stream = body.source.tables[0].stream
    if stream is None:
        return
    for option in ("document_id", "document_id_field"):
        value = getattr(sink, option)
        if (
            stream.view_on_remove != "OLD_IMAGE"
            and value is not None
            and (option == "document_id_field" or made_of_attributes(value))
        ):
            yield (*path, option), f"is made of attributes: {_LOST}"
    if made_of_attributes(sink.index):
        yield (*path, "index"), f"is made of attributes: {_risks(stream)}"
    if _DATE.search(sink.index or ""):
        yield (
            (*path, "index"),
            "has a date pattern, which is the time of processing: later changes and deletes go to another index",
        )


def _of_routes(body: PipelineBody) -> Found:
    stream = body.source.tables[0].stream
    if stream is None:
        return
    for name, pipeline in body.pipelines.items():
        for number, sink in enumerate(pipeline.sink):
            plugin, context = sink.plugin
            for place, route in enumerate(context.routes or ()):
                condition = pipeline.conditions.get(route, "")
                if plugin in ("opensearch", "pipeline") and reads_attributes(condition):
                    yield (
                        (name, "sink", number, plugin, "routes", place),
                        f"{route!r} is chosen by attributes: {_risks(stream)}",
                    )


def _risks(stream: Stream) -> str:
    stale = "when the attribute changes, the old copy of the document stays"
    return stale if stream.view_on_remove == "OLD_IMAGE" else f"{_LOST} and {stale}"


def _of_access(path: Path, sink: OpenSearchSink, body: PipelineBody) -> Found:
    if body.source.aws.sts_role_arn is not None:
        for below, options in (("aws", sink.aws), ("dlq", sink.dlq and sink.dlq.s3)):
            role = getattr(options, "sts_role_arn", None) or (sink.aws_sts_role_arn if below == "aws" else None)
            if role is None and (options is not None or below == "aws"):
                yield (*path, below), "has no sts_role_arn, and the source has one; write the same in each"
    regions = {region for _, region in body.regions() if not has_placeholder(region)}
    if regions and DEFAULT_REGION not in regions:
        if sink.aws is not None and sink.aws.region is None:
            yield (*path, "aws", "region"), f"is missing: Data Prepper takes {DEFAULT_REGION}"
        if sink.dlq is not None and sink.dlq.s3.region is None:
            yield (*path, "dlq", "s3", "region"), f"is missing: Data Prepper takes {DEFAULT_REGION}"
