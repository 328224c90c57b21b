"""One table several times on the local AWS, each with a pipeline of its own, for benchmarks to write to and search."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from opensearchpy import OpenSearch

from benchmarks.bodies import Body
from local import emulator, opensearch, processes, security, tools
from local.engine import Kind
from pipelines import Pipeline
from settings import ENVIRONMENTS, Settings, load

RUNS = Path(__file__).parents[1] / ".local"
# What BatchWriteItem takes.
BATCH = 25
TABLE_ACTIONS = (
    *("DescribeTable", "DescribeContinuousBackups", "ExportTableToPointInTime", "DescribeExport"),
    *("DescribeStream", "GetRecords", "GetShardIterator"),
)

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Ingestion:
    """`key` is that of a table in `settings`."""

    aws: emulator.Emulator
    node: OpenSearch
    settings: Settings
    engine: Kind

    @cached_property
    def dynamodb(self) -> Any:
        # One for all: to make a client takes longer than a write.
        return self.aws.client("dynamodb")

    def pipeline(self, key: str) -> Pipeline:
        return next(pipeline for pipeline in self.settings.pipelines if pipeline.key == key)

    def create_table(self, key: str) -> None:
        """A table without items or stream, and the role of its pipeline."""
        pipeline = self.pipeline(key)
        keys = zip(("HASH", "RANGE"), pipeline.table.keys, strict=False)
        self.dynamodb.create_table(
            TableName=pipeline.table_name,
            KeySchema=[{"AttributeName": attribute.name, "KeyType": role} for role, attribute in keys],
            AttributeDefinitions=[
                {"AttributeName": attribute.name, "AttributeType": attribute.type} for attribute in pipeline.table.keys
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dynamodb.update_continuous_backups(
            TableName=pipeline.table_name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        self._create_role(pipeline)

    def enable_stream(self, key: str) -> None:
        """From now on; what was written before comes by the export alone."""
        self.dynamodb.update_table(
            TableName=self.pipeline(key).table_name,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def define_mapping(self, key: str) -> None:
        """Put the index template that a deployment has; the sample has none."""
        pipeline = self.pipeline(key)
        template = {
            "settings": pipeline.template["settings"],
            "mappings": {"properties": pipeline.template["properties"]},
        }
        body = {"index_patterns": [pipeline.families[0].pattern], "template": template}
        self.node.indices.put_index_template(name=key, body=body)

    def start(self, key: str, body: Body) -> None:
        """Returns at once, before the engine reads."""
        pipeline = self.pipeline(key)
        self.aws.client("osis").create_pipeline(
            PipelineName=pipeline.names.pipeline,
            MinUnits=1,
            MaxUnits=1,
            PipelineConfigurationBody=body(pipeline, self.aws.domain_endpoint),
        )

    def end(self, key: str) -> None:
        """End the pipeline, and forget what it wrote."""
        pipeline = self.pipeline(key)
        self.aws.client("osis").delete_pipeline(PipelineName=pipeline.names.pipeline)
        self.node.indices.delete(index=pipeline.families[0].pattern)

    def put(self, key: str, item: Item) -> None:
        self.dynamodb.put_item(TableName=self.pipeline(key).table_name, Item=item)

    def fill(self, key: str, items: Sequence[Item]) -> None:
        """Put all as fast as the table takes them."""
        table = self.pipeline(key).table_name
        for first in range(0, len(items), BATCH):
            requests = [{"PutRequest": {"Item": item}} for item in items[first : first + BATCH]]
            left = self.dynamodb.batch_write_item(RequestItems={table: requests})["UnprocessedItems"]
            if left:
                raise processes.NotReadyError(f"{table}: the local AWS leaves items unprocessed")

    def found(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        """Which documents a search finds now, of those wanted by id from each table's index."""
        lines: list[Mapping[str, Any]] = []
        for key, ids in wanted.items():
            lines.append({"index": self.pipeline(key).families[0].pattern, "ignore_unavailable": True})
            lines.append({"size": len(ids), "_source": False, "query": {"ids": {"values": list(ids)}}})
        answers = self.node.msearch(body=lines)["responses"]
        return {
            key: {hit["_id"] for hit in answer["hits"]["hits"]} for key, answer in zip(wanted, answers, strict=True)
        }

    def documents(self, key: str) -> int:
        """How many a search finds now."""
        index = self.pipeline(key).families[0].pattern
        count: int = self.node.count(index=index, params={"ignore_unavailable": "true"})["count"]
        return count

    def wait_for(self, key: str, documents: int, *, limit_seconds: float) -> None:
        """Wait until a search finds so many. Raises `processes.NotReadyError`."""
        what = f"{key}: {documents} documents are searchable"
        processes.wait_until(lambda: self.documents(key) >= documents, limit_seconds=limit_seconds, what=what)

    def bulk_requests(self) -> int:
        """How many the domain has been sent, by the log of who may do what."""
        with self.aws.decisions_log.open() as log:
            return sum('"es:ESHttpPost"' in line and '/_bulk"' in line for line in log)

    def _create_role(self, pipeline: Pipeline) -> None:
        """With a resource for each action it is proved elsewhere; here only the time counts."""
        iam, name = self.aws.client("iam"), pipeline.names.role
        condition = {
            "StringEquals": {"aws:SourceAccount": self.settings.account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:osis:*:{self.settings.account_id}:pipeline/*"},
        }
        trust = _allow("sts:AssumeRole", Principal={"Service": "osis-pipelines.amazonaws.com"}, Condition=condition)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
        needs = [*(f"dynamodb:{action}" for action in TABLE_ACTIONS), "s3:*Object*", "s3:Abort*", "es:ESHttp*"]
        policy = _document(*(_allow(action, Resource="*") for action in needs))
        iam.put_role_policy(RoleName=name, PolicyName="pipeline", PolicyDocument=policy)


@contextlib.contextmanager
def ingestion(*keys: str) -> Iterator[Ingestion]:
    """The orders of `environments/local.yaml` under each key, without pipelines yet; gone at the end of the block.

    Raises `tools.MissingToolError` and `processes.NotReadyError`. Where the block fails, its logs stay in `.local`.
    """
    engine: Kind = "data-prepper" if tools.data_prepper() else "embedded"
    RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=RUNS))
    settings = _settings(folder / "benchmark.yaml", keys)
    with contextlib.ExitStack() as stack:
        node = stack.enter_context(opensearch.node(folder))
        aws = emulator.start(folder / "aws", node_url=node.url, engine=engine)
        stack.callback(aws.stop)
        search = OpenSearch(node.url, headers=security.identity(), timeout=60)
        local = Ingestion(aws, search, settings, engine)
        aws.client("opensearch").create_domain(DomainName=settings.names.domain)
        aws.client("s3").create_bucket(Bucket=settings.names.export_bucket)
        for key in keys:
            local.create_table(key)
        yield local
    shutil.rmtree(folder)


def _settings(file: Path, keys: Sequence[str]) -> Settings:
    document = yaml.safe_load((ENVIRONMENTS / "local.yaml").read_text())
    (orders,) = document["tables"].values()
    # JSON is YAML.
    file.write_text(json.dumps({**document, "tables": dict.fromkeys(keys, orders)}))
    return load(str(file))


def _allow(action: str, **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **rest}


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
