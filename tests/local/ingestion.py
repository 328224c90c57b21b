"""A pipeline and what is around it: a table, the domain, buckets, a role with exactly the documented permissions."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import osis
from local import emulator
from local.emulator import Emulator
from local.emulator.authorization import osis_key
from local.engine import LOG, Kind, data_prepper
from osis.default import dynamodb_to_opensearch
from osis.source import Export

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/contract"
DOMAIN_ARN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/contract"


@contextlib.contextmanager
def surroundings(directory: Path, node_url: str, engine: Kind = "embedded") -> Iterator[Emulator]:
    """A local AWS with the domain, the buckets for exports and dead letters, and the role `pipeline`."""
    aws = emulator.start(directory, node_url=node_url, engine=engine)
    try:
        aws.client("opensearch").create_domain(DomainName="contract")
        for bucket in ("export-bucket", "dlq-bucket"):
            aws.client("s3").create_bucket(Bucket=bucket)
        _create_role(aws.client("iam"))
        yield aws
    finally:
        aws.stop()


def body(aws: Emulator, index: str = "contract", **options: Any) -> str:
    """The body of the pipeline from the table to `index`; `options` are those of `dynamodb_to_opensearch`."""
    return osis.render(
        dynamodb_to_opensearch(
            table_arn=TABLE_ARN,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/pipeline",
            region=REGION,
            host=f"https://{aws.domain_endpoint}",
            index=index,
            export=Export(s3_bucket="export-bucket", s3_prefix="export/"),
            dlq_bucket="dlq-bucket",
            **options,
        )
    )


def start_engine(
    aws: Emulator, body: str, directory: Path, kind: Kind = "embedded", **variables: str
) -> "subprocess.Popen[bytes]":
    """An engine for the test to end: started again in the same `directory`, which has its log, it goes on there.

    `variables` are added to its environment.
    """
    file = directory / "body.yaml"
    file.write_text(body)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **aws.environment,
        "AWS_ACCESS_KEY_ID": osis_key("contract"),
        "AWS_REGION": REGION,
        "AWS_CA_BUNDLE": str(aws.ca_file),
        **variables,
    }
    if kind == "embedded":
        command = [sys.executable, "-m", "local.engine", "--body", str(file), "--directory", str(directory)]
    else:
        command = data_prepper.command(file, directory, environment)
    with (directory / LOG).open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


def _create_role(iam: Any) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "osis-pipelines.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:osis:{REGION}:{ACCOUNT}:pipeline/*"},
        },
    }
    iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=_policy(trust))
    table_actions = ["DescribeTable", "DescribeContinuousBackups", "ExportTableToPointInTime"]
    stream_actions = ["DescribeStream", "GetRecords", "GetShardIterator"]
    iam.put_role_policy(
        RoleName="pipeline",
        PolicyName="pipeline",
        PolicyDocument=_policy(
            _allow([f"dynamodb:{action}" for action in table_actions], TABLE_ARN),
            _allow(["dynamodb:DescribeExport"], f"{TABLE_ARN}/export/*"),
            _allow([f"dynamodb:{action}" for action in stream_actions], f"{TABLE_ARN}/stream/*"),
            _allow(
                ["s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"],
                "arn:aws:s3:::export-bucket/export/*",
            ),
            _allow(["s3:PutObject"], "arn:aws:s3:::dlq-bucket/dlq/*"),
            _allow(["es:DescribeDomain"], DOMAIN_ARN),
            _allow(["es:ESHttp*"], f"{DOMAIN_ARN}/*"),
        ),
    )


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def create_table(dynamodb: Any, key: Sequence[Sequence[str]]) -> None:
    """`key` holds (name, HASH or RANGE, type) of each attribute."""
    dynamodb.create_table(
        TableName="contract",
        KeySchema=[{"AttributeName": name, "KeyType": role} for name, role, _ in key],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, _, type_ in key],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_continuous_backups(
        TableName="contract", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def write(dynamodb: Any, *items: Mapping[str, Any]) -> None:
    """Put items of different keys."""
    for first in range(0, len(items), 25):
        requests = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
        dynamodb.batch_write_item(RequestItems={"contract": requests})


def enable_stream(dynamodb: Any, view: str) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": view}
    dynamodb.update_table(TableName="contract", StreamSpecification=specification)
