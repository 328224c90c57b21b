"""What a pipeline has around it: a table, the domain, buckets, and a role with exactly the documented permissions."""

import json
from collections.abc import Sequence
from typing import Any

from local.emulator import Emulator

REGION = "us-east-1"
ACCOUNT = "123456789012"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/contract"
DOMAIN_ARN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/contract"


def create_surroundings(aws: Emulator) -> None:
    """The domain, the buckets for exports and dead letters, and the role `pipeline`."""
    aws.client("opensearch").create_domain(DomainName="contract")
    for bucket in ("export-bucket", "dlq-bucket"):
        aws.client("s3").create_bucket(Bucket=bucket)
    create_role(aws.client("iam"))


def create_role(iam: Any) -> None:
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


def enable_stream(dynamodb: Any, view: str) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": view}
    dynamodb.update_table(TableName="contract", StreamSpecification=specification)
