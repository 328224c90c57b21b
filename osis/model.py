"""A pipeline body: sub-pipelines between the DynamoDB table and OpenSearch
(Data Prepper: PipelinesDataFlowModel, PipelineModel, PipelineConfigurationValidator)."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from osis.problems import Inconsistent, InvalidBody, Path, at, problems_of, refuse
from osis.processors import Processor
from osis.sink import OpenSearchSink, Sink
from osis.source import DynamoDBSource, Source
from osis.values import Condition, Integer, Options, Several, Text, has_placeholder

LONGEST_BODY = 24_000  # characters; CreatePipeline's PipelineConfigurationBody
MOST_SUB_PIPELINES = 10
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html, OpenSearch Ingestion quotas
MOST_SINKS = 20
NEWEST_MINOR_VERSION = 16
RESERVED_NAMES = frozenset({"data-prepper", "dataPrepper", "core"})  # PipelineConfigurationValidator
DEFAULT_ROUTE = "_default"
FAILURE_PIPELINE = "dlq_pipeline"


def _version(version: str) -> str:
    # DataPrepperVersion: major or major.minor, at most the running one.
    parts = re.fullmatch(r"2(?:\.(\d{1,3}))?", version, re.ASCII)
    if not parts or int(parts[1] or 0) > NEWEST_MINOR_VERSION:
        raise ValueError(f'{version!r} is not supported; use "2"')
    return version


def _route(route: dict[str, Condition]) -> dict[str, Condition]:
    # ConditionalRoute
    if len(route) != 1:
        raise ValueError(f"{len(route)} routes in one list item; write one item for each: - NAME: CONDITION")
    return route


Route = Annotated[dict[str, Condition], AfterValidator(_route)]


class SubPipeline(Options):
    """PipelineModel: one source, processors in order, conditional routes, sinks. `delay` is in milliseconds."""

    refused: ClassVar[dict[str, str]] = {
        "buffer": "is not available: OpenSearch Ingestion has a buffer of its own; remove it",
    }

    workers: Annotated[Integer, Field(ge=1)] | None = None
    delay: Annotated[Integer, Field(ge=0)] | None = None
    source: Source | None = None
    processor: Several[Processor] | None = None
    routes: Several[Route] | None = None
    route: Several[Route] | None = None
    sink: Annotated[Several[Sink], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _routes_once(cls, data: Any) -> Any:
        # Data Prepper takes the last one, null or not.
        if isinstance(data, dict) and {"routes", "route"} <= data.keys():
            raise Inconsistent((("route",), "is another name for routes; write one of them"))
        return data

    @model_validator(mode="after")
    def _routes_exist(self) -> "SubPipeline":
        found: list[tuple[Path, str]] = []
        known = ", ".join(self.conditions) or "none"
        for number, sink in enumerate(self.sink):
            name, context = sink.plugin
            found += [
                (
                    ("sink", number, name, "routes", place),
                    f"{route!r} is not a route of this pipeline; defined: {known}",
                )
                for place, route in enumerate(context.routes or ())
                if route not in self.conditions and route != DEFAULT_ROUTE
            ]
        refuse(found)
        return self

    @property
    def conditions(self) -> dict[str, str]:
        """The condition of each route, by name."""
        return {name: condition for route in self.routes or self.route or () for name, condition in route.items()}

    @property
    def processors(self) -> tuple[Processor, ...]:
        return self.processor or ()

    @property
    def forwards(self) -> Iterator[tuple[Path, str]]:
        """Yield the path and the target of each `forward_to`."""
        for number, sink in enumerate(self.sink):
            name, context = sink.plugin
            if context.forward_to is not None:
                yield ("sink", number, name, "forward_to"), context.forward_to.pipelines[0]


class PipelineBody(Options):
    """The whole document. Sub-pipelines are its extra keys; `pipelines` has them by name."""

    __pydantic_extra__: dict[str, SubPipeline] = Field(init=False)
    model_config = ConfigDict(extra="allow")

    never_null: ClassVar[frozenset[str]] = frozenset({"version"})

    version: Annotated[Text, AfterValidator(_version)] = "2"
    extension: dict[str, Any] | None = None
    pipeline_configurations: dict[str, Any] | None = None

    @property
    def pipelines(self) -> dict[str, SubPipeline]:
        return self.__pydantic_extra__ or {}

    @property
    def source(self) -> DynamoDBSource:
        """The one DynamoDB source."""
        return self.dynamodb()[1]

    @model_validator(mode="after")
    def _consistent(self) -> "PipelineBody":
        refuse([*self._names(), *self._ends(), *self._links()])
        refuse([*self._regions(), *self._roles()])
        return self

    def _names(self) -> Iterator[tuple[Path, str]]:
        if not self.pipelines:
            yield (), "has no pipeline; write NAME: with source and sink below"
        if len(self.pipelines) > MOST_SUB_PIPELINES:
            yield (), f"has {len(self.pipelines)} sub-pipelines; at most {MOST_SUB_PIPELINES}"
        for name in self.pipelines:
            if name in RESERVED_NAMES:
                yield (name,), "is a name that Data Prepper keeps for itself; choose another"
            elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
                yield (name,), "is not a pipeline name; use letters, digits, - and _"
        if self.extension is not None and self.pipeline_configurations is not None:
            yield ("pipeline_configurations",), "is another name for extension; write one of them"

    def _ends(self) -> Iterator[tuple[Path, str]]:
        sinks = sum(sink.pipeline is None for pipeline in self.pipelines.values() for sink in pipeline.sink)
        if sinks > MOST_SINKS:
            yield (), f"has {sinks} sinks; at most {MOST_SINKS} that are no sub-pipelines"
        readers = [name for name, one in self.pipelines.items() if one.source is not None and one.source.dynamodb]
        if self.pipelines and not readers:
            yield (), "has no DynamoDB source; one sub-pipeline needs source: dynamodb"
        for name in readers[1:]:
            yield (name, "source"), f"is a second source beside {readers[0]}.source; a pipeline has exactly one"
        if self.pipelines and next(self.opensearch_sinks(), None) is None:
            yield (), "has no opensearch sink; at least one sub-pipeline needs it"

    def _links(self) -> Iterator[tuple[Path, str]]:
        links = {
            (name, sink.pipeline.name)
            for name, pipeline in self.pipelines.items()
            for sink in pipeline.sink
            if sink.pipeline is not None
        }
        for name, pipeline in self.pipelines.items():
            yield from self._link_before(name, pipeline, links)
            yield from self._links_after(name, pipeline)
        yield from self._loops(links)

    def _link_before(self, name: str, pipeline: SubPipeline, links: set[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
        if pipeline.source is None:
            forwarded = {target for each in self.pipelines.values() for _, target in each.forwards}
            if name not in forwarded and name != FAILURE_PIPELINE:
                yield (name, "source"), "is required"
        elif pipeline.source.pipeline is not None:
            before = pipeline.source.pipeline.name
            path = (name, "source", "pipeline", "name")
            if before not in self.pipelines:
                yield path, f"no pipeline is named {before!r}"
            elif (before, name) not in links:
                yield path, f"{before!r} has no pipeline sink with the name {name!r}"

    def _links_after(self, name: str, pipeline: SubPipeline) -> Iterator[tuple[Path, str]]:
        for number, sink in enumerate(pipeline.sink):
            if sink.pipeline is not None:
                path = (name, "sink", number, "pipeline", "name")
                after = self.pipelines.get(sink.pipeline.name)
                if after is None:
                    yield path, f"no pipeline is named {sink.pipeline.name!r}"
                elif after.source is None or after.source.pipeline is None or after.source.pipeline.name != name:
                    yield path, f"{sink.pipeline.name!r} has no pipeline source with the name {name!r}"
        for below, target in pipeline.forwards:
            if target not in self.pipelines or self.pipelines[target].source is not None:
                yield (name, *below), f"{target!r} is not a pipeline without a source"

    def _loops(self, links: set[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
        reached = {
            name
            for name, pipeline in self.pipelines.items()
            if pipeline.source is None or pipeline.source.dynamodb is not None
        }
        while more := {after for before, after in links if before in reached} - reached:
            reached |= more
        for name in self.pipelines.keys() - reached:
            source = self.pipelines[name].source
            if source is not None and source.pipeline is not None and (source.pipeline.name, name) in links:
                yield (name,), "is part of a loop; no event from DynamoDB ever reaches it"

    def _regions(self) -> Iterator[tuple[Path, str]]:
        given = [(path, region) for path, region in self.regions() if not has_placeholder(region)]
        for path, region in given[1:]:
            if region != given[0][1]:
                yield path, f"{region!r} is another Region than {given[0][1]!r} in {at(given[0][0])}; use one Region"

    def regions(self) -> Iterator[tuple[Path, str]]:
        """Yield every Region that the body names, the table's first."""
        path, source = self.dynamodb()
        table = source.tables[0]
        if not has_placeholder(table.table_arn):
            yield (*path, "tables", 0, "table_arn"), table.table_arn.split(":")[3]
        if source.aws.region is not None:
            yield (*path, "aws", "region"), source.aws.region
        if table.export is not None and table.export.s3_region is not None:
            yield (*path, "tables", 0, "export", "s3_region"), table.export.s3_region
        yield from self._of_sinks("region")

    def _roles(self) -> Iterator[tuple[Path, str]]:
        given = [(path, role) for path, role in self.roles() if not has_placeholder(role)]
        for path, role in given[1:]:
            if role != given[0][1]:
                yield path, f"{role!r} is another role than {given[0][1]!r} in {at(given[0][0])}; use one role"
        arn = self.source.tables[0].table_arn
        if given and not has_placeholder(arn) and (theirs := given[0][1].split(":")[4]) != (ours := arn.split(":")[4]):
            yield given[0][0], f"is a role of account {theirs}, and the table is in {ours}; they must be in the same"

    def roles(self) -> Iterator[tuple[Path, str]]:
        """Yield every role that the body names, the source's first."""
        path, source = self.dynamodb()
        if source.aws.sts_role_arn is not None:
            yield (*path, "aws", "sts_role_arn"), source.aws.sts_role_arn
        yield from self._of_sinks("sts_role_arn")

    def _of_sinks(self, option: str) -> Iterator[tuple[Path, str]]:
        for path, sink in self.opensearch_sinks():
            for below, value in (
                (("aws", option), getattr(sink.aws, option, None)),
                ((f"aws_{option}",), getattr(sink, f"aws_{option}")),
                (("dlq", "s3", option), getattr(sink.dlq and sink.dlq.s3, option, None)),
            ):
                if value is not None:
                    yield (*path, *below), value

    def dynamodb(self) -> tuple[Path, DynamoDBSource]:
        """Return the path and the options of the one DynamoDB source."""
        return next(
            ((name, "source", "dynamodb"), pipeline.source.dynamodb)
            for name, pipeline in self.pipelines.items()
            if pipeline.source is not None and pipeline.source.dynamodb is not None
        )

    def opensearch_sinks(self) -> Iterator[tuple[Path, OpenSearchSink]]:
        """Yield the path and the options of each OpenSearch sink."""
        for name, pipeline in self.pipelines.items():
            for number, sink in enumerate(pipeline.sink):
                if sink.opensearch is not None:
                    yield (name, "sink", number, "opensearch"), sink.opensearch


def body_of(document: dict[str, Any]) -> PipelineBody:
    """Return the body that `document`, a parsed YAML mapping, describes. Raises InvalidBody."""
    try:
        return PipelineBody.model_validate(document)
    except ValidationError as error:
        raise InvalidBody(problems_of(error, PipelineBody)) from None
