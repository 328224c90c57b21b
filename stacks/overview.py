"""The dashboard of CloudWatch: the way from the tables to the indices at a glance, domain or collection below."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from constructs import Construct

from settings import Alarms, Settings
from stacks.metrics import CollectionMetrics, DomainMetrics, Expression, Metric, PipelineMetrics, SystemMetrics

# CloudWatch's grid, and what an alarm widget takes (CloudWatch API, dashboard body structure).
COLUMNS = 24
MOST_ALARMS = 100
ROW_HEIGHT = 6
# Sums are then those of a minute; over longer times CloudWatch widens it.
PERIOD_SECONDS = 60


@dataclass(frozen=True)
class Graph:
    """Lines by their labels; `limit` is drawn across them."""

    title: str
    lines: Mapping[str, Metric | Expression]
    limit: float | None = None


def overview(
    scope: Construct,
    id: str,  # noqa: A002
    settings: Settings,
    alarms: Alarms,
    metrics: SystemMetrics,
    *,
    alarm_arns: Sequence[str],
) -> CloudwatchDashboard:
    """One graph for each step, with a line for each pipeline: it is as long for many tables as for one."""
    rows = [
        *_of_pipelines(metrics.pipelines, alarms),
        *(_of_domain(metrics.domain) if metrics.domain else ()),
        *(_of_collection(metrics.collection) if metrics.collection else ()),
    ]
    return CloudwatchDashboard(
        scope,
        id,
        dashboard_name=settings.names.cloudwatch_dashboard,
        dashboard_body=json.dumps({"widgets": [*_widgets(rows, alarm_arns, settings.region)]}),
    )


def _of_pipelines(pipelines: Sequence[PipelineMetrics], alarms: Alarms) -> Iterator[Sequence[Graph]]:
    """From left to right, and then below: read, on the way, written."""
    exports = [one for one in pipelines if one.pipeline.table.exports]
    streams = [one for one in pipelines if one.pipeline.table.streams]
    yield [
        Graph("Read: items of the exports", {one.pipeline.names.id: one.reader.items_exported for one in exports}),
        Graph("Read: changes of the tables", {one.pipeline.names.id: one.reader.changes_read for one in streams}),
    ]
    yield [
        Graph("On the way: buffer in use, %", {one.pipeline.names.id: one.reader.buffer_percent for one in pipelines}),
        Graph("On the way: OCUs", {one.pipeline.names.id: one.units for one in pipelines}),
        Graph("On the way: CPU, as measured", {one.pipeline.names.id: one.cpu for one in pipelines}),
    ]
    writers = [writer for one in pipelines for writer in one.writers]
    yield [
        Graph("Written: documents", {writer.label: writer.documents_written for writer in writers}),
        Graph(
            "Not written: dead letters",
            {
                writer.label: writer.dead_letters
                for one in pipelines
                for writer in one.writers
                if writer.name in one.with_dead_letters
            },
        ),
        Graph(
            "From change to document, ms on average",
            {writer.label: writer.latency_ms for one in streams for writer in one.writers},
            limit=alarms.latency_seconds * 1000,
        ),
    ]


def _of_domain(metrics: DomainMetrics) -> Iterator[Sequence[Graph]]:
    masters = {"masters' CPU": metrics.master_cpu_percent, "masters' heap": metrics.master_heap_percent}
    yield [
        Graph("Domain: documents in all indices", {"documents": metrics.documents}),
        Graph(
            "Domain: time of a shard, ms on average", {"to search": metrics.search_ms, "to index": metrics.indexing_ms}
        ),
        Graph("Domain: writes that wait", {"writes": metrics.write_queue}),
    ]
    yield [
        Graph(
            "Domain: state", {"red": metrics.red, "yellow": metrics.yellow, "writes blocked": metrics.writes_blocked}
        ),
        Graph(
            "Domain: free storage of the fullest node, MiB",
            {"free": metrics.free_storage_mib},
            limit=metrics.low_storage_mib,
        ),
        Graph(
            "Domain: busiest node, %",
            {"CPU": metrics.cpu_percent, "heap": metrics.heap_percent, **(masters if metrics.domain.masters else {})},
        ),
    ]


def _of_collection(metrics: CollectionMetrics) -> Iterator[Sequence[Graph]]:
    yield [
        Graph("Collection: documents in all indices", {"documents": metrics.documents}),
        Graph(
            "Collection: time of a request, ms on average",
            {"to search": metrics.search_ms, "to index": metrics.indexing_ms},
        ),
        Graph("Collection: requests with no result", {"failed": metrics.failures, "refused": metrics.refusals}),
        Graph(
            "All collections of the account: OCUs",
            {"to search": metrics.search_units, "to index": metrics.indexing_units},
        ),
    ]


def _widgets(rows: Sequence[Sequence[Graph]], alarm_arns: Sequence[str], region: str) -> Iterator[dict[str, Any]]:
    y = 0
    for first in range(0, len(alarm_arns), MOST_ALARMS):
        place = {"x": 0, "y": y, "width": COLUMNS, "height": ROW_HEIGHT}
        alarms = list(alarm_arns[first : first + MOST_ALARMS])
        yield {"type": "alarm", **place, "properties": {"title": "Alarms", "alarms": alarms}}
        y += ROW_HEIGHT
    for row in rows:
        # A step that no table takes is not there.
        graphs = [graph for graph in row if graph.lines]
        width = COLUMNS // len(graphs)
        for column, graph in enumerate(graphs):
            place = {"x": column * width, "y": y, "width": width, "height": ROW_HEIGHT}
            yield {"type": "metric", **place, "properties": _graph(graph, region)}
        y += ROW_HEIGHT


def _graph(graph: Graph, region: str) -> dict[str, Any]:
    limit = {"annotations": {"horizontal": [{"label": "alarm", "value": graph.limit}]}} if graph.limit else {}
    return {
        "title": graph.title,
        "region": region,
        "view": "timeSeries",
        "period": PERIOD_SECONDS,
        "yAxis": {"left": {"min": 0}},
        "metrics": [part for label, shown in graph.lines.items() for part in _line(label, shown)],
        **limit,
    }


def _line(label: str, shown: Metric | Expression) -> Iterator[list[Any]]:
    if isinstance(shown, Metric):
        yield _metric(shown, label=label)
        return
    yield [{"expression": shown.formula, "label": label}]
    for name, metric in shown.metrics.items():
        yield _metric(metric, id=name, visible=False)


def _metric(metric: Metric, **options: str | bool) -> list[Any]:
    """As CloudWatch takes it: namespace, name, each dimension's name and value, and then options."""
    dimensions = (part for dimension in metric.dimensions.items() for part in dimension)
    return [metric.namespace, metric.name, *dimensions, {**options, "stat": metric.statistic}]
