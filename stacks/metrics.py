"""The metrics of CloudWatch that tell how the system is: each is written once, here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines import Pipeline
from settings import Domain, Settings


@dataclass(frozen=True)
class Metric:
    """A metric, and the one statistic of it that means something."""

    namespace: Literal["AWS/AOSS", "AWS/ES", "AWS/OSIS"]
    name: str
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Expression:
    """CloudWatch's metric math; `metrics` are those that `formula` speaks of, by their names in it.

    In a graph the names are unique.
    """

    formula: str
    metrics: Mapping[str, Metric]


class SubPipelineMetrics:
    """Of the part of a pipeline that holds a plugin.

    Source of the names: OpenSearch Ingestion guide, "Monitoring pipeline metrics", and that of the DynamoDB source,
    "Recommended CloudWatch alarms". All sinks of one kind count together.
    """

    def __init__(self, pipeline: Pipeline, name: str) -> None:
        self.name, self.label = name, pipeline.names.part(name)
        self._dimensions = {"PipelineName": pipeline.names.pipeline}

        self.buffer_percent = self._metric("BlockingBuffer.bufferUsage.value", "Average")

        self.items_exported = self._metric("dynamodb.exportRecordsProcessed.count", "Sum")
        self.exports_failed = self._metric("dynamodb.exportJobFailure.count", "Sum")
        self.changes_read = self._metric("dynamodb.changeEventsProcessed.count", "Sum")
        self.changes_not_read = self._metric("dynamodb.changeEventsProcessingErrors.count", "Sum")

        self.documents_written = self._metric("opensearch.documentsSuccess.count", "Sum")
        self.documents_refused = self._metric("opensearch.documentErrors.count", "Sum")
        self.version_conflicts = self._metric("opensearch.documentsVersionConflictErrors.count", "Sum")
        self.dead_letters = self._metric("opensearch.s3.dlqS3RecordsSuccess.count", "Sum")
        self.dead_letters_lost = self._metric("opensearch.s3.dlqS3RecordsFailed.count", "Sum")
        # From the change in the table on, which only the stream tells.
        self.latency_ms = self._metric("opensearch.EndToEndLatency.avg", "Average")

    def _metric(self, suffix: str, statistic: Literal["Average", "Sum"]) -> Metric:
        return Metric("AWS/OSIS", f"{self.name}.{suffix}", statistic, self._dimensions)


class PipelineMetrics:
    """Of a pipeline: as a whole, of its part that reads the table, and of those that write to OpenSearch."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        body = pipeline.unplaced
        (reader, *_), _ = body.dynamodb()
        self.reader = SubPipelineMetrics(pipeline, str(reader))
        writers = [(str(name), sink) for (name, *_), sink in body.opensearch_sinks()]
        self.writers = tuple(SubPipelineMetrics(pipeline, name) for name in dict.fromkeys(name for name, _ in writers))
        self.with_dead_letters = {name for name, sink in writers if sink.dlq is not None}
        """Names of those of them that have a dead-letter queue."""
        dimensions = {"PipelineName": pipeline.names.pipeline}
        self.units = Metric("AWS/OSIS", "computeUnits", "Maximum", dimensions)
        # The guide gives it two more dimensions, `area` and `id`, and the values of neither. Nor does it go by the
        # percent that the guide speaks of: Data Prepper measures a share of one.
        search = f'"AWS/OSIS" "system.cpu.usage.value" "{pipeline.names.pipeline}"'
        self.cpu = Expression(f"AVG(SEARCH('{search}', 'Average'))", {})


class DomainMetrics:
    """Of a domain: of all its nodes together, or of the node that is worst off.

    Source of the names: OpenSearch Service guide, "Monitoring OpenSearch cluster metrics". Without both dimensions an
    alarm watches nothing.
    """

    def __init__(self, domain: Domain, name: str, account_id: str) -> None:
        self.domain = domain
        self._dimensions = {"DomainName": name, "ClientId": account_id}

        self.red = self._metric("ClusterStatus.red", "Maximum")
        self.yellow = self._metric("ClusterStatus.yellow", "Maximum")
        # Data nodes and masters.
        self.nodes = self._metric("Nodes", "Maximum")
        self.free_storage_mib = self._metric("FreeStorageSpace", "Minimum")
        self.writes_blocked = self._metric("ClusterIndexWritesBlocked", "Maximum")
        self.snapshot_failed = self._metric("AutomatedSnapshotFailure", "Maximum")
        self.cpu_percent = self._metric("CPUUtilization", "Maximum")
        self.heap_percent = self._metric("JVMMemoryPressure", "Maximum")
        self.master_cpu_percent = self._metric("MasterCPUUtilization", "Maximum")
        self.master_heap_percent = self._metric("MasterJVMMemoryPressure", "Maximum")
        self.key_disabled = self._metric("KMSKeyError", "Maximum")
        self.key_inaccessible = self._metric("KMSKeyInaccessible", "Maximum")
        self.write_queue = self._metric("ThreadpoolWriteQueue", "Average")

        self.documents = self._metric("SearchableDocuments", "Maximum")
        self.search_ms = self._metric("SearchLatency", "Average")
        self.indexing_ms = self._metric("IndexingLatency", "Average")

    @property
    def low_storage_mib(self) -> int:
        """A quarter of a data node's volume, as AWS recommends, in MiB."""
        return self.domain.volume_gib * 1024 // 4

    def _metric(self, name: str, statistic: Literal["Average", "Maximum", "Minimum"]) -> Metric:
        return Metric("AWS/ES", name, statistic, self._dimensions)


class CollectionMetrics:
    """Of a collection; its OCUs are those of all collections of the account and Region, which share them.

    Source of the names: OpenSearch Serverless guide, "Monitoring OpenSearch Serverless with CloudWatch".
    """

    def __init__(self, name: str, collection_id: str, account_id: str) -> None:
        account = {"ClientId": account_id}
        self._dimensions = {**account, "CollectionId": collection_id, "CollectionName": name}

        self.failures = self._metric("5xx", "Sum")
        self.refusals = self._metric("4xx", "Sum")
        self.write_errors = self._metric("IngestionRequestErrors", "Sum")
        self.search_errors = self._metric("SearchRequestErrors", "Sum")
        self.documents = _level("documents", self._metric("SearchableDocuments", "Sum"))
        self.search_ms = self._metric("SearchRequestLatency", "Average")
        # In seconds, unlike the other.
        writes = self._metric("IngestionRequestLatency", "Average")
        self.indexing_ms = Expression("1000 * writes", {"writes": writes})
        self.search_units = _level("searching", Metric("AWS/AOSS", "SearchOCU", "Sum", account))
        self.indexing_units = _level("indexing", Metric("AWS/AOSS", "IndexingOCU", "Sum", account))

    def _metric(self, name: str, statistic: Literal["Average", "Sum"]) -> Metric:
        return Metric("AWS/AOSS", name, statistic, self._dimensions)


def _level(name: str, metric: Metric) -> Expression:
    """What there is of something whose parts are told once a minute, over whatever time a graph takes for one."""
    return Expression(f"{name} / (PERIOD({name}) / 60)", {name: metric})


class SystemMetrics:
    """Of everything that is watched: each pipeline, and the domain unless its owners watch it, or the collection.

    `target_id` is the domain's name or the collection's id.
    """

    def __init__(self, settings: Settings, target_id: str) -> None:
        account = settings.account_id
        self.pipelines = tuple(PipelineMetrics(pipeline) for pipeline in settings.pipelines)
        self.domain = DomainMetrics(settings.domain, target_id, account) if settings.domain else None
        self.collection = (
            CollectionMetrics(settings.names.collection, target_id, account) if settings.collection else None
        )
