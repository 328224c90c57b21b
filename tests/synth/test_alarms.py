"""Alarms that watch what is there, tell somebody who may hear it, and are silent when they should be."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from settings import ENVIRONMENTS, load
from tests.synth.conftest import NAMES, SettingsOf, Stacks, StacksOf, Synthesized, one
from tests.unit.conftest import ABSENT

WATCHED = [name for name in NAMES if "alarms" in yaml.safe_load((ENVIRONMENTS / f"{name}.yaml").read_text())]
ALARMS = {"alarms": {"emails": ["ann@example.com"]}}
OUR_KEY = "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222"

# What AWS's guides say is measured, with the statistics that they call relevant. OpenSearch Ingestion: "Monitoring
# pipeline metrics", and of the DynamoDB source "Recommended CloudWatch alarms"; those with the one dimension.
OF_PIPELINE = {"computeUnits": {"Maximum", "Sum", "Average"}}
OF_BUFFER = {"bufferUsage.value": {"Average"}}
OF_SOURCE = {
    "exportJobFailure.count": {"Sum"},
    "exportRecordsProcessed.count": {"Sum"},
    "changeEventsProcessed.count": {"Sum"},
    "changeEventsProcessingErrors.count": {"Sum"},
}
OF_SINK = {
    "documentsSuccess.count": {"Sum"},
    "documentErrors.count": {"Sum"},
    "documentsVersionConflictErrors.count": {"Sum"},
    "EndToEndLatency.avg": {"Average"},
}
OF_DEAD_LETTERS = {"s3.dlqS3RecordsSuccess.count": {"Sum"}, "s3.dlqS3RecordsFailed.count": {"Sum"}}
# OpenSearch Service: "Monitoring OpenSearch cluster metrics".
OF_DOMAIN = {
    "AutomatedSnapshotFailure": {"Minimum", "Maximum"},
    "CPUUtilization": {"Maximum", "Average"},
    "ClusterIndexWritesBlocked": {"Maximum"},
    "ClusterStatus.red": {"Maximum"},
    "ClusterStatus.yellow": {"Maximum"},
    "FreeStorageSpace": {"Minimum", "Maximum", "Average", "Sum"},
    "IndexingLatency": {"Average"},
    "JVMMemoryPressure": {"Maximum"},
    "KMSKeyError": {"Minimum", "Maximum"},
    "KMSKeyInaccessible": {"Minimum", "Maximum"},
    "MasterCPUUtilization": {"Maximum"},
    "MasterJVMMemoryPressure": {"Maximum"},
    "Nodes": {"Maximum"},
    "SearchLatency": {"Average"},
    "SearchableDocuments": {"Minimum", "Maximum", "Average"},
    "ThreadpoolWriteQueue": {"Maximum", "Sum", "Average"},
}
# OpenSearch Serverless: "Monitoring OpenSearch Serverless with Amazon CloudWatch"; OCUs are the account's.
OF_COLLECTION = {
    "4xx": {"Sum"},
    "5xx": {"Sum"},
    "IngestionRequestErrors": {"Sum"},
    "IngestionRequestLatency": {"Minimum", "Maximum", "Average"},
    "SearchRequestErrors": {"Sum"},
    "SearchRequestLatency": {"Minimum", "Maximum", "Average"},
    "SearchableDocuments": {"Sum"},
}
OF_COLLECTIONS = {"IndexingOCU": {"Sum"}, "SearchOCU": {"Sum"}}

TWO_WRITERS = """\
version: "2"
Read_all:
  source:
    dynamodb:
      acknowledgments: true
      tables:
        - table_arn: "{{table_arn}}"
          stream: { start_position: LATEST }
      aws: { sts_role_arn: "{{role_arn}}", region: "{{region}}" }
  sink: [{ pipeline: { name: write-a } }, { pipeline: { name: write_b } }]
write-a:
  source: { pipeline: { name: Read_all } }
  sink:
    - opensearch:
        hosts: ["https://{{host}}"]
        index: "{{index}}"
        document_id: '${getMetadata("primary_key")}'
        action: '${getMetadata("opensearch_action")}'
        aws: { sts_role_arn: "{{role_arn}}", region: "{{region}}" }
        dlq: { s3: { bucket: "{{bucket}}", key_path_prefix: "{{dlq_prefix}}", sts_role_arn: "{{role_arn}}" } }
write_b:
  source: { pipeline: { name: Read_all } }
  sink:
    - opensearch:
        hosts: ["https://{{host}}"]
        index: "{{index}}"
        document_id: '${getMetadata("primary_key")}'
        action: '${getMetadata("opensearch_action")}'
        aws: { sts_role_arn: "{{role_arn}}", region: "{{region}}" }
"""


class Watched(NamedTuple):
    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str


def alarms_of(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """By the name without what begins every name."""
    alarms = stacks["pipeline"]["resource"]["aws_cloudwatch_metric_alarm"].values()
    prefix = stacks["pipeline"]["resource"]["aws_sns_topic"]["alarms_topic"]["name"].removesuffix("alarms")
    assert all(alarm["alarm_name"].startswith(prefix) for alarm in alarms)
    return {alarm["alarm_name"].removeprefix(prefix): alarm for alarm in alarms}


def watched(alarm: dict[str, Any]) -> list[Watched]:
    queries = alarm.get("metric_query", [{"metric": {**alarm, "stat": alarm.get("statistic")}}])
    metrics = [query["metric"] for query in queries if "metric" in query]
    assert metrics
    return [Watched(m["namespace"], m["metric_name"], m["dimensions"], m["stat"]) for m in metrics]


def body_of(stacks: Stacks) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(one(stacks, "pipeline", "aws_cloudwatch_dashboard")["dashboard_body"])
    return body


def lines(stacks: Stacks) -> Iterator[tuple[Watched, dict[str, Any]]]:
    """Every metric of the dashboard, with the properties of its graph."""
    for widget in body_of(stacks)["widgets"]:
        for *metric, options in widget["properties"].get("metrics", []):
            if metric:
                namespace, name, *pairs = metric
                dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
                yield Watched(namespace, name, dimensions, options["stat"]), widget["properties"]


def drawn(stacks: Stacks, title: str) -> dict[str, str]:
    """Of a graph: label -> formula, each name in it in place of the metric that it stands for, with its statistic."""
    (graph,) = [w["properties"] for w in body_of(stacks)["widgets"] if w["properties"]["title"] == title]
    formulas: dict[str, str] = {}
    metrics: dict[str, str] = {}
    for *metric, options in graph["metrics"]:
        if not metric:
            formulas[options["label"]] = options["expression"]
        elif options.get("visible", True):
            formulas[options["label"]] = f"{options['stat']} of {metric[1]}"
        else:
            assert options["id"] not in metrics
            metrics[options["id"]] = f"{options['stat']} of {metric[1]}"
    assert all(any(name in formula for formula in formulas.values()) for name in metrics)
    for name, metric in metrics.items():
        formulas = {label: re.sub(rf"\b{name}\b", metric, formula) for label, formula in formulas.items()}
    return formulas


def everything_watched(stacks: Stacks) -> list[Watched]:
    return [metric for alarm in alarms_of(stacks).values() for metric in watched(alarm)] + [
        metric for metric, _ in lines(stacks)
    ]


def measured(stacks: Stacks, account_id: str) -> dict[tuple[str, str, str], set[str]]:
    """(namespace, dimensions as JSON, metric) -> statistics, of all that AWS measures of this stack's resources."""

    def key(namespace: str, dimensions: dict[str, str], name: str) -> tuple[str, str, str]:
        return namespace, json.dumps(dimensions, sort_keys=True), name

    resources = stacks["pipeline"]["resource"]
    found: dict[tuple[str, str, str], set[str]] = {}
    for pipeline in resources["aws_osis_pipeline"].values():
        names: dict[str, set[str]] = dict(OF_PIPELINE)
        for name, part in yaml.safe_load(pipeline["pipeline_configuration_body"]).items():
            if name == "version":
                continue
            names |= {f"{name}.BlockingBuffer.{suffix}": stats for suffix, stats in OF_BUFFER.items()}
            if "dynamodb" in part["source"]:
                names |= {f"{name}.dynamodb.{suffix}": stats for suffix, stats in OF_SOURCE.items()}
            sinks = [sink["opensearch"] for sink in part["sink"] if "opensearch" in sink]
            suffixes = {**(OF_SINK if sinks else {}), **(OF_DEAD_LETTERS if any("dlq" in s for s in sinks) else {})}
            names |= {f"{name}.opensearch.{suffix}": stats for suffix, stats in suffixes.items()}
        dimensions = {"PipelineName": pipeline["pipeline_name"]}
        found |= {key("AWS/OSIS", dimensions, name): stats for name, stats in names.items()}
    for place in resources.get("aws_opensearch_domain", {}):
        dimensions = {"DomainName": f"${{aws_opensearch_domain.{place}.domain_name}}", "ClientId": account_id}
        found |= {key("AWS/ES", dimensions, name): stats for name, stats in OF_DOMAIN.items()}
    for place, collection in resources.get("aws_opensearchserverless_collection", {}).items():
        account, name = {"ClientId": account_id}, collection["name"]
        reference = f"${{aws_opensearchserverless_collection.{place}.id}}"
        dimensions = {**account, "CollectionId": reference, "CollectionName": name}
        found |= {key("AWS/AOSS", dimensions, metric): stats for metric, stats in OF_COLLECTION.items()}
        found |= {key("AWS/AOSS", account, metric): stats for metric, stats in OF_COLLECTIONS.items()}
    return found


def assert_measured(stacks: Stacks, account_id: str) -> None:
    known = measured(stacks, account_id)
    for metric in everything_watched(stacks):
        key = (metric.namespace, json.dumps(metric.dimensions, sort_keys=True), metric.name)
        assert key in known, metric
        assert metric.statistic in known[key], metric


@pytest.fixture(params=WATCHED)
def with_alarms(request: pytest.FixtureRequest) -> str:
    """Each shipped environment that has alarms."""
    return str(request.param)


def test_every_alarm_and_graph_is_of_something_that_is_measured(with_alarms: str, stacks_of: StacksOf) -> None:
    """Real sub-pipelines and plugins, resources that are there, all dimensions, a statistic that means something."""
    assert_measured(stacks_of(with_alarms), load(with_alarms).account_id)


def test_a_body_of_ones_own_has_its_own_sub_pipelines(
    tmp_path: Path, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    (tmp_path / "own.yaml").write_text(TWO_WRITERS)
    tables = {
        f"tables.{key}": {"partition_key": {"name": "id", "type": "S"}, "mode": "stream", "body": "own.yaml"}
        for key in ("orders", "more")
    }
    settings = settings_with({**ALARMS, **tables})
    stacks = synthesized(settings)
    assert_measured(stacks, settings.account_id)
    assert {name for name in alarms_of(stacks) if name.startswith("orders-1")} == {
        "orders-1-at-capacity",
        "orders-1-buffer",
        "orders-1-changes-not-read",
        "orders-1.write-a-latency",
        "orders-1.write-a-documents-refused",
        "orders-1.write-a-dead-letters",
        "orders-1.write-a-documents-lost",
        # No dead-letter queue.
        "orders-1.write_b-latency",
        "orders-1.write_b-documents-refused",
    }


@pytest.mark.parametrize(
    ("mode", "absent"),
    [
        ("export-and-stream", set()),
        ("stream", {"export-failed"}),
        ("export", {"changes-not-read", "latency"}),
    ],
)
def test_only_what_is_read_is_watched(
    mode: str, absent: set[str], synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**ALARMS, "tables.orders.mode": mode}))
    always = {"at-capacity", "buffer", "documents-refused", "dead-letters", "documents-lost"}
    expected = always | {"export-failed", "changes-not-read", "latency"} - absent
    there = {name.removeprefix("orders-1-") for name in alarms_of(stacks) if name.startswith("orders-1-")}
    assert there == expected
    suffixes = {metric.name.partition(".")[2] for metric, _ in lines(stacks)}
    assert ("dynamodb.exportRecordsProcessed.count" in suffixes) == ("export-failed" in expected)
    assert ("dynamodb.changeEventsProcessed.count" in suffixes) == ("latency" in expected)


def test_each_generation_is_watched_and_the_old_one_as_it_was_applied(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**ALARMS, "tables.orders.generation": 2}))
    kept = {name: alarm.get("lifecycle") for name, alarm in alarms_of(stacks).items() if not name.startswith("domain")}
    assert len(kept) == 2 * 8
    for name, lifecycle in kept.items():
        assert lifecycle == ({"ignore_changes": "all"} if name.startswith("orders-1-") else None), name


DOMAIN = {"red", "yellow", "nodes", "storage", "writes-blocked", "cpu", "heap", "write-queue", "snapshot-failed"}
MASTERS, OWN_KEY = {"master-cpu", "master-heap"}, {"key-disabled", "key-inaccessible"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, DOMAIN),
        ({"domain.masters": "m7g.medium.search"}, DOMAIN | MASTERS),
        ({"kms_key_arn": OUR_KEY}, DOMAIN | OWN_KEY),
        ({"domain": ABSENT, "existing_domain": {"name": "company-search"}}, set()),
    ],
)
def test_the_domain_is_watched_by_whoever_makes_it(
    changes: dict[str, Any], expected: set[str], synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**ALARMS, **changes}))
    alarms = {name for name in alarms_of(stacks) if name.startswith("domain-")}
    assert alarms == {f"domain-{noun}" for noun in expected}
    assert any(metric.namespace == "AWS/ES" for metric, _ in lines(stacks)) is bool(expected)


def test_thresholds_follow_from_the_settings(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    changes = {
        "alarms": {"emails": ["ann@example.com"], "latency_seconds": 90},
        "tables.orders.units": {"min": 2, "max": 6},
        "domain.instance_type": "r7g.large.search",
        "domain.instance_count": 3,
        "domain.masters": "m7g.medium.search",
        "domain.warm": {"type": "ultrawarm1.medium.search", "count": 2},
        "domain.volume_gib": 100,
    }
    stacks = synthesized(settings_with(changes))
    alarms = alarms_of(stacks)
    at = {name: (alarm["comparison_operator"], alarm["threshold"]) for name, alarm in alarms.items()}
    assert at["orders-1-at-capacity"] == ("GreaterThanOrEqualToThreshold", 6)
    assert at["orders-1-latency"] == ("GreaterThanThreshold", 90_000)
    assert at["domain-storage"] == ("LessThanOrEqualToThreshold", 25 * 1024)
    assert at["domain-nodes"] == ("LessThanThreshold", 3 + 3 + 2)
    limits = {
        graph["title"]: graph["annotations"]["horizontal"] for _, graph in lines(stacks) if "annotations" in graph
    }
    assert sorted(limit["value"] for (limit,) in limits.values()) == [25 * 1024, 90_000]


def test_the_smallest_volume_does_not_ring_when_it_is_empty(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    assert alarms_of(synthesized(settings_with(ALARMS)))["domain-storage"]["threshold"] == 2560


def test_a_pipeline_that_cannot_grow_is_not_always_at_its_largest(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**ALARMS, "tables.orders.units": {"min": 2, "max": 2}}))
    assert "orders-1-at-capacity" not in alarms_of(stacks)
    assert "orders-1-buffer" in alarms_of(stacks)


# Seconds, periods, and what silence means.
TIMING = {
    "orders-1-at-capacity": (900, 3, "notBreaching"),
    "orders-1-buffer": (900, 3, "notBreaching"),
    "orders-1-export-failed": (300, 1, "notBreaching"),
    "orders-1-changes-not-read": (300, 1, "notBreaching"),
    "orders-1-latency": (300, 3, "notBreaching"),
    "orders-1-documents-refused": (300, 1, "notBreaching"),
    "orders-1-dead-letters": (300, 1, "notBreaching"),
    "orders-1-documents-lost": (300, 1, "notBreaching"),
    "domain-red": (60, 1, "ignore"),
    "domain-yellow": (60, 5, "ignore"),
    "domain-nodes": (3600, 1, "breaching"),
    "domain-storage": (60, 1, "ignore"),
    "domain-writes-blocked": (300, 1, "ignore"),
    "domain-cpu": (900, 3, "ignore"),
    "domain-heap": (60, 3, "ignore"),
    "domain-master-cpu": (900, 3, "ignore"),
    "domain-master-heap": (60, 3, "ignore"),
    "domain-write-queue": (60, 1, "ignore"),
    "domain-snapshot-failed": (300, 1, "notBreaching"),
    "domain-key-disabled": (60, 1, "notBreaching"),
    "domain-key-inaccessible": (60, 1, "notBreaching"),
}
# After these, no mail says that it is over.
EVENTS = ("export-failed", "changes-not-read", "documents-refused", "dead-letters", "documents-lost", "snapshot-failed")


def test_how_long_each_waits_and_what_silence_means(stacks_of: StacksOf) -> None:
    alarms = alarms_of(stacks_of("prod"))
    timing = {
        name: (
            {query["metric"]["period"] for query in alarm.get("metric_query", []) if "metric" in query}
            or {alarm["period"]},
            alarm["evaluation_periods"],
            alarm["treat_missing_data"],
        )
        for name, alarm in alarms.items()
    }
    assert timing == {name: ({seconds}, periods, silence) for name, (seconds, periods, silence) in TIMING.items()}


def test_what_happened_is_not_over_when_it_does_not_happen_again(with_alarms: str, stacks_of: StacksOf) -> None:
    topic = ["${aws_sns_topic.alarms_topic.arn}"]
    for name, alarm in alarms_of(stacks_of(with_alarms)).items():
        event = name.endswith(tuple(f"-{noun}" for noun in EVENTS))
        assert alarm["alarm_actions"] == topic, name
        assert alarm.get("ok_actions") == (None if event else topic), name


def test_a_conflict_of_versions_is_no_refusal(stacks_of: StacksOf) -> None:
    formula, *metrics = alarms_of(stacks_of("prod"))["orders-1-documents-refused"]["metric_query"]
    assert formula["expression"] == "FILL(refused, 0) - FILL(conflicts, 0)"
    assert formula["return_data"] is True
    assert {query["id"]: query["metric"]["metric_name"] for query in metrics} == {
        "refused": "orders-1.opensearch.documentErrors.count",
        "conflicts": "orders-1.opensearch.documentsVersionConflictErrors.count",
    }


def test_the_cpu_is_found_by_a_search(stacks_of: StacksOf) -> None:
    """It has dimensions whose values AWS's guide does not tell."""
    assert drawn(stacks_of("prod"), "On the way: CPU, as measured") == {
        "orders-1": 'AVG(SEARCH(\'"AWS/OSIS" "system.cpu.usage.value" "shop-prod-orders-1"\', \'Average\'))'
    }


def test_a_collection_is_drawn_in_its_units(stacks_of: StacksOf) -> None:
    """AWS's guide has seconds for writes and milliseconds for searches, and a sum each minute of what there is."""
    stacks = stacks_of("serverless")
    assert drawn(stacks, "Collection: time of a request, ms on average") == {
        "to search": "Average of SearchRequestLatency",
        "to index": "1000 * Average of IngestionRequestLatency",
    }
    assert drawn(stacks, "Collection: documents in all indices") == {
        "documents": "Sum of SearchableDocuments / (PERIOD(Sum of SearchableDocuments) / 60)"
    }
    assert drawn(stacks, "All collections of the account: OCUs") == {
        "to search": "Sum of SearchOCU / (PERIOD(Sum of SearchOCU) / 60)",
        "to index": "Sum of IndexingOCU / (PERIOD(Sum of IndexingOCU) / 60)",
    }


def test_each_alarm_is_explained(with_alarms: str, stacks_of: StacksOf) -> None:
    guide = (ENVIRONMENTS.parent / "docs" / "alarms.md").read_text()
    for alarm in alarms_of(stacks_of(with_alarms)).values():
        noun = alarm["alarm_description"].rpartition(", ")[2].rstrip(".")
        assert alarm["alarm_name"].endswith(f"-{noun}")
        assert f"| `{noun}` |" in guide, noun


def test_cloudwatch_may_publish_for_these_alarms_and_nobody_else_may(with_alarms: str, stacks_of: StacksOf) -> None:
    settings, stacks = load(with_alarms), stacks_of(with_alarms)
    topic = one(stacks, "pipeline", "aws_sns_topic")
    (statement,) = json.loads(topic["policy"])["Statement"]
    assert statement["Action"] == ["sns:Publish"]
    assert statement["Principal"] == {"Service": ["cloudwatch.amazonaws.com"]}
    assert statement["Resource"] == [f"arn:aws:sns:{settings.region}:{settings.account_id}:{topic['name']}"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": settings.account_id}
    pattern = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    for alarm in stacks["pipeline"]["resource"]["aws_cloudwatch_metric_alarm"].values():
        arn = f"arn:aws:cloudwatch:{settings.region}:{settings.account_id}:alarm:{alarm['alarm_name']}"
        assert fnmatchcase(arn, pattern)
    assert not fnmatchcase(f"arn:aws:cloudwatch:{settings.region}:{settings.account_id}:alarm:other", pattern)


def test_messages_are_encrypted_with_a_key_that_cloudwatch_may_use(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with(ALARMS))
    assert one(stacks, "pipeline", "aws_sns_topic")["kms_master_key_id"] == "${aws_kms_key.alarms_key.arn}"
    key = one(stacks, "pipeline", "aws_kms_key")
    assert key["enable_key_rotation"] is True
    administration, use = json.loads(key["policy"])["Statement"]
    assert administration["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]}
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= set(administration["Action"])
    assert use["Principal"] == {"Service": ["cloudwatch.amazonaws.com"]}
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


def test_with_a_key_of_ones_own_there_is_no_other(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({**ALARMS, "kms_key_arn": OUR_KEY}))
    assert one(stacks, "pipeline", "aws_sns_topic")["kms_master_key_id"] == OUR_KEY
    assert "aws_kms_key" not in stacks["pipeline"]["resource"]


def test_everybody_who_is_named_is_asked(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    """One by one: who is taken out leaves, and nobody else is asked again."""
    emails = ["ann@example.com", "bob@example.com"]
    subscription = one(
        synthesized(settings_with({"alarms": {"emails": emails}})), "pipeline", "aws_sns_topic_subscription"
    )
    assert subscription["for_each"] == f"${{toset({json.dumps(emails, separators=(', ', ':'))})}}"
    assert subscription["protocol"] == "email"
    assert subscription["endpoint"] == "${each.value}"


def test_without_alarms_there_is_nothing_of_them(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    kinds = synthesized(settings_with({}))["pipeline"]["resource"].keys()
    assert not any(
        kind.startswith(("aws_sns", "aws_kms", "aws_cloudwatch_metric", "aws_cloudwatch_d")) for kind in kinds
    )


def test_the_dashboard_shows_every_alarm_and_no_widget_covers_another(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    tables = {f"tables.t{number}": {"partition_key": {"name": "id", "type": "S"}} for number in range(12)}
    stacks = synthesized(settings_with({**ALARMS, **tables}))
    widgets = body_of(stacks)["widgets"]
    boxes = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    shown = [arn for box in boxes for arn in box]
    there = stacks["pipeline"]["resource"]["aws_cloudwatch_metric_alarm"]
    assert len(there) > 100
    assert sorted(shown) == sorted(f"${{aws_cloudwatch_metric_alarm.{place}.arn}}" for place in there)
    # CloudWatch's limits.
    assert max(map(len, boxes)) <= 100
    assert all(widget["x"] >= 0 and widget["x"] + widget["width"] <= 24 for widget in widgets)
    for one_widget, other in combinations(widgets, 2):
        assert any(
            first[axis] + first[size] <= second[axis]
            for first, second in ((one_widget, other), (other, one_widget))
            for axis, size in (("x", "width"), ("y", "height"))
        )


def test_each_pipeline_is_a_line_of_every_graph_that_concerns_it(stacks_of: StacksOf) -> None:
    stacks = stacks_of("documents")
    pipelines = {pipeline.names.pipeline for pipeline in load("documents").pipelines}
    graphs: dict[str, set[str]] = {}
    for metric, graph in lines(stacks):
        if metric.namespace == "AWS/OSIS":
            graphs.setdefault(graph["title"], set()).add(metric.dimensions["PipelineName"])
    assert len(graphs) == 7
    assert all(there == pipelines for there in graphs.values())


def test_says_where_it_can_be_seen(stacks_of: StacksOf) -> None:
    stack, settings = stacks_of("prod")["pipeline"], load("prod")
    name = one(stacks_of("prod"), "pipeline", "aws_cloudwatch_dashboard")["dashboard_name"]
    # Dashboards of CloudWatch are the account's, whatever the Region.
    assert name == "shop-prod-us-east-1"
    assert stack["output"]["overview_url"]["value"] == (
        f"https://{settings.region}.console.aws.amazon.com/cloudwatch/home#dashboards:name={name}"
    )
    assert stack["output"]["alarm_topic"]["value"] == "${aws_sns_topic.alarms_topic.arn}"
