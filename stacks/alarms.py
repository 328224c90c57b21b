"""Alarms of the pipelines and of the domain or collection that we make, told by e-mail. What to do about each:
docs/alarms.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cdktf import TerraformIterator, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from names import Names
from settings import Alarms, Settings
from settings.search import MASTERS
from stacks.key import ADMINISTRATION
from stacks.metrics import (
    CollectionMetrics,
    DomainMetrics,
    Expression,
    Metric,
    PipelineMetrics,
    SubPipelineMetrics,
    SystemMetrics,
)
from stacks.policies import Principal, Statement, acting_for, document

CLOUDWATCH = Principal("Service", ("cloudwatch.amazonaws.com",))
MINUTE, QUARTER_HOUR, HOUR = 60, 900, 3600

Comparison = Literal[
    "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanOrEqualToThreshold", "LessThanThreshold"
]
# What it means when nothing is measured. "ignore": things are as they were when something last was.
Silence = Literal["breaching", "ignore", "notBreaching"]


@dataclass(frozen=True)
class Alarm:
    """Rings when `watched` compares so with `threshold` in `periods` periods of `seconds`, one after the other."""

    noun: str
    meaning: str
    watched: Metric | Expression
    threshold: float
    seconds: int
    periods: int
    silence: Silence
    comparison: Comparison = "GreaterThanOrEqualToThreshold"
    says_when_over: bool = True


def _event(noun: str, meaning: str, watched: Metric | Expression) -> Alarm:
    """Something that should never happen: once is enough.

    What is not counted did not happen. That it does not happen again is no all-clear, so no mail says that it is over.
    """
    return Alarm(noun, meaning, watched, 1, 5 * MINUTE, 1, "notBreaching", says_when_over=False)


class Watch(Construct):
    """A topic, the people who hear of it, and every alarm that fits. `alarm_arns` are in a fixed order."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        alarms: Alarms,
        metrics: SystemMetrics,
    ) -> None:
        super().__init__(scope, id)
        self._names = settings.names
        self.topic = SnsTopic(
            self,
            "topic",
            name=self._names.alarm_topic,
            kms_master_key_id=settings.kms_key_arn or _key(self, self._names).arn,
            policy=document(
                Statement(
                    ("sns:Publish",),
                    (self._names.alarm_topic_arn,),
                    principal=CLOUDWATCH,
                    conditions=acting_for(self._names.account_id, self._names.any_alarm_arn),
                )
            ),
        )
        people = TerraformIterator.from_list(list(alarms.emails))
        SnsTopicSubscription(
            self,
            "subscriptions",
            for_each=people,
            topic_arn=self.topic.arn,
            protocol="email",
            endpoint=Token.as_string(people.value),
        )
        self.alarm_arns: list[str] = []
        for of_pipeline in metrics.pipelines:
            pipeline = of_pipeline.pipeline
            # As of the pipeline itself, the settings describe its successor already.
            lifecycle = TerraformResourceLifecycle(ignore_changes="all") if pipeline.settled else None
            within = Construct(self, pipeline.names.id)
            for alarm in _of_pipeline(of_pipeline):
                self._alarm(within, alarm.noun, f"{pipeline.names.id}-{alarm.noun}", alarm, lifecycle)
            # By number: their names are a user's words.
            for number, writer in enumerate(of_pipeline.writers):
                for alarm in _of_writer(of_pipeline, writer, alarms.latency_seconds):
                    place = f"{alarm.noun}-{number + 1}" if number else alarm.noun
                    self._alarm(within, place, f"{writer.label}-{alarm.noun}", alarm, lifecycle)
        if metrics.domain is not None:
            within = Construct(self, "domain")
            for alarm in _of_domain(metrics.domain, own_key=settings.kms_key_arn is not None):
                self._alarm(within, alarm.noun, f"domain-{alarm.noun}", alarm)
        if metrics.collection is not None:
            within = Construct(self, "collection")
            for alarm in _of_collection(metrics.collection):
                self._alarm(within, alarm.noun, f"collection-{alarm.noun}", alarm)

    def _alarm(
        self,
        scope: Construct,
        place: str,
        about: str,
        alarm: Alarm,
        lifecycle: TerraformResourceLifecycle | None = None,
    ) -> None:
        resource = CloudwatchMetricAlarm(
            scope,
            place,
            alarm_name=self._names.alarm(about),
            alarm_description=f"{alarm.meaning} What to do: docs/alarms.md, {alarm.noun}.",
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.silence,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn] if alarm.says_when_over else None,
            lifecycle=lifecycle,
            **_watched(alarm),
        )
        self.alarm_arns.append(resource.arn)


def _key(scope: Construct, names: Names) -> KmsKey:
    """For the topic alone: CloudWatch is not let into the key that AWS manages for SNS, and its policy is AWS's."""
    return KmsKey(
        scope,
        "key",
        description=f"Messages of {names.alarm_topic}",
        enable_key_rotation=True,
        policy=document(
            Statement(
                ADMINISTRATION,
                (names.any_key_arn,),
                principal=Principal("AWS", (names.account_arn,)),
            ),
            Statement(
                ("kms:Decrypt", "kms:GenerateDataKey"),
                (names.any_key_arn,),
                principal=CLOUDWATCH,
                conditions=acting_for(names.account_id, names.any_alarm_arn),
            ),
        ),
    )


def _watched(alarm: Alarm) -> dict[str, Any]:
    watched, seconds = alarm.watched, alarm.seconds
    if isinstance(watched, Metric):
        return {
            "namespace": watched.namespace,
            "metric_name": watched.name,
            "dimensions": watched.dimensions,
            "statistic": watched.statistic,
            "period": seconds,
        }
    return {
        "metric_query": [
            CloudwatchMetricAlarmMetricQuery(
                id="watched", label=alarm.noun, expression=watched.formula, return_data=True
            ),
            *(
                CloudwatchMetricAlarmMetricQuery(
                    id=name,
                    metric=CloudwatchMetricAlarmMetricQueryMetric(
                        namespace=metric.namespace,
                        metric_name=metric.name,
                        dimensions=metric.dimensions,
                        stat=metric.statistic,
                        period=seconds,
                    ),
                )
                for name, metric in watched.metrics.items()
            ),
        ]
    }


def _of_pipeline(metrics: PipelineMetrics) -> Iterator[Alarm]:
    """Levels are silent while it is stopped, which is not a fault: hours may have stopped it.

    Thresholds: OpenSearch Ingestion guide, recommended CloudWatch alarms. Deliberately none of the CPU: its metric is
    found by a search only, which no alarm takes.
    """
    table, reader = metrics.pipeline.table, metrics.reader
    # Where both are the same, it is always at its largest.
    if table.units.min < table.units.max:
        yield Alarm(
            "at-capacity",
            f"The pipeline has used all of its {table.units.max} OCUs for three quarters of an hour.",
            metrics.units,
            table.units.max,
            QUARTER_HOUR,
            3,
            "notBreaching",
        )
    yield Alarm(
        "buffer",
        "The buffer of the pipeline has been 80 % full or more for three quarters of an hour.",
        # What is behind a sub-pipeline that is too slow waits in that of the one before.
        reader.buffer_percent,
        80,
        QUARTER_HOUR,
        3,
        "notBreaching",
    )
    if table.exports:
        yield _event(
            "export-failed", "The table could not be exported: what was in it is missing.", reader.exports_failed
        )
    if table.streams:
        yield _event(
            "changes-not-read", "Changes of the table could not be read, and are missing.", reader.changes_not_read
        )


def _of_writer(metrics: PipelineMetrics, writer: SubPipelineMetrics, latency_seconds: int) -> Iterator[Alarm]:
    if metrics.pipeline.table.streams:
        yield Alarm(
            "latency",
            f"For a quarter of an hour, changes have been searchable later than {latency_seconds} seconds on average.",
            writer.latency_ms,
            latency_seconds * 1000,
            5 * MINUTE,
            3,
            # Nothing changed, nothing is late.
            "notBreaching",
            "GreaterThanThreshold",
        )
    yield _event(
        "documents-refused",
        "OpenSearch has refused documents.",
        # That something newer is there already is no error, and was counted as one until Data Prepper 2.16
        # (opensearch-project/data-prepper#6758). Where it is not, conflicts hide as many refusals here; dead-letters
        # and documents-lost know of no conflicts.
        Expression(
            "FILL(refused, 0) - FILL(conflicts, 0)",
            {"refused": writer.documents_refused, "conflicts": writer.version_conflicts},
        ),
    )
    if writer.name in metrics.with_dead_letters:
        yield _event("dead-letters", "Documents are in the dead-letter queue, not in the index.", writer.dead_letters)
        yield _event(
            "documents-lost", "Documents could not even be put into the dead-letter queue.", writer.dead_letters_lost
        )


def _of_domain(metrics: DomainMetrics, *, own_key: bool) -> Iterator[Alarm]:
    """Thresholds: OpenSearch Service guide, recommended CloudWatch alarms."""
    domain = metrics.domain
    nodes = domain.instance_count + (MASTERS if domain.masters else 0) + (domain.warm.count if domain.warm else 0)
    yield Alarm("red", "An index has lost a shard and all of its copies.", metrics.red, 1, MINUTE, 1, "ignore")
    yield Alarm("yellow", "A copy of a shard has had no node for five minutes.", metrics.yellow, 1, MINUTE, 5, "ignore")
    yield Alarm(
        "nodes",
        f"For an hour there have been fewer than the {nodes} nodes that the domain should have.",
        metrics.nodes,
        nodes,
        HOUR,
        1,
        # Not a word for an hour: there are none, or nobody knows.
        "breaching",
        "LessThanThreshold",
    )
    yield Alarm(
        "storage",
        f"A node has no more than a quarter of its {domain.volume_gib} GiB free.",
        metrics.free_storage_mib,
        metrics.low_storage_mib,
        MINUTE,
        1,
        "ignore",
        "LessThanOrEqualToThreshold",
    )
    yield Alarm("writes-blocked", "The domain takes no documents.", metrics.writes_blocked, 1, 5 * MINUTE, 1, "ignore")
    yield Alarm(
        "cpu",
        "A data node has used 80 % of its CPU or more for three quarters of an hour.",
        metrics.cpu_percent,
        80,
        QUARTER_HOUR,
        3,
        "ignore",
    )
    yield Alarm(
        "heap",
        "A data node has used 95 % of its heap for three minutes.",
        metrics.heap_percent,
        95,
        MINUTE,
        3,
        "ignore",
    )
    if domain.masters is not None:
        yield Alarm(
            "master-cpu",
            "A master node has used half of its CPU or more for three quarters of an hour.",
            metrics.master_cpu_percent,
            50,
            QUARTER_HOUR,
            3,
            "ignore",
        )
        yield Alarm(
            "master-heap",
            "A master node has used 95 % of its heap for three minutes.",
            metrics.master_heap_percent,
            95,
            MINUTE,
            3,
            "ignore",
        )
    yield Alarm(
        "write-queue",
        "Writes have queued up in the domain, 100 of them or more.",
        metrics.write_queue,
        100,
        MINUTE,
        1,
        "ignore",
    )
    yield _event("snapshot-failed", "The hourly snapshot of the domain has failed.", metrics.snapshot_failed)
    # Nobody can disable or withdraw a key of AWS. The metrics are only there while something is wrong.
    if own_key:
        for noun, meaning, metric in (
            ("key-disabled", "The domain's KMS key is disabled; the domain stops.", metrics.key_disabled),
            ("key-inaccessible", "The domain may not use its KMS key any more.", metrics.key_inaccessible),
        ):
            yield Alarm(noun, meaning, metric, 1, MINUTE, 1, "notBreaching")


def _of_collection(metrics: CollectionMetrics) -> Iterator[Alarm]:
    """AWS recommends none. A single failure passes by itself, for pipelines and clients try again.

    Deliberately none of OCUs: they are the account's, and so is their limit, which no setting here tells.
    """
    for noun, meaning, metric in (
        (
            "failing",
            "The collection has failed to answer requests, in each of three periods of 5 minutes.",
            metrics.failures,
        ),
        (
            "writes-refused",
            "The collection has not taken requests to write, in each of three periods of 5 minutes.",
            metrics.write_errors,
        ),
        (
            "searches-refused",
            "The collection has not answered searches, in each of three periods of 5 minutes.",
            metrics.search_errors,
        ),
    ):
        # Nothing is measured where nobody asks.
        yield Alarm(noun, meaning, metric, 1, 5 * MINUTE, 3, "notBreaching")
