"""DynamoDB as the ingestion reads it: exports with manifests, streams with whole seconds."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from amazon.ion import simpleion
from botocore.exceptions import ClientError

from tests.local.conftest import Client
from tests.local.policy_documents import allow

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table"
ITEM: dict[str, Any] = {
    "id": {"S": 'quote " and ü'},
    "integer": {"N": "7"},
    "long": {"N": "12345678901234567890123456789012345678"},
    "fraction": {"N": "-1.50"},
    "binary": {"B": b"\x00\xff"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": "a"}, {"N": "1"}]},
    "map": {"M": {"inner key": {"S": "b"}}},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "binaries": {"BS": [b"\x01"]},
}


@pytest.fixture
def table(client: Client, request: pytest.FixtureRequest) -> str:
    """A table with stream and point-in-time recovery, named after the test, and a bucket of the same name."""
    name: str = request.node.name.replace("_", "-").translate(str.maketrans("[]", "--")).strip("-")[:60]
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client("dynamodb").update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    client("s3").create_bucket(Bucket=name)
    return name


def export(dynamodb: Any, table: str, **more: str) -> dict[str, Any]:
    started = dynamodb.export_table_to_point_in_time(TableArn=f"{ARN}/{table}", S3Bucket=table, **more)
    described = dynamodb.describe_export(ExportArn=started["ExportDescription"]["ExportArn"])
    description: dict[str, Any] = described["ExportDescription"]
    return description


def read(client: Client, bucket: str, key: str) -> bytes:
    content: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def data_files(client: Client, bucket: str, manifest_key: str) -> list[bytes]:
    summary = json.loads(read(client, bucket, manifest_key))
    entries = map(json.loads, read(client, bucket, summary["manifestFilesS3Key"]).splitlines())
    return [gzip.decompress(read(client, bucket, entry["dataFileS3Key"])) for entry in entries]


def test_export_in_ion_holds_every_type(client: Client, table: str) -> None:
    client("dynamodb").put_item(TableName=table, Item=ITEM)
    described = export(client("dynamodb"), table, S3Prefix="a/b/", ExportFormat="ION")
    lines = b"".join(data_files(client, table, described["ExportManifest"])).splitlines()
    assert len(lines) == 1
    item = simpleion.loads(lines[0])["Item"]
    assert item["id"] == ITEM["id"]["S"]
    assert (item["integer"], item["fraction"]) == (Decimal(7), Decimal("-1.50"))
    assert item["long"] == Decimal(ITEM["long"]["N"])
    assert item["binary"] == b"\x00\xff"
    assert item["yes"]
    assert item["nothing"].ion_type.name == "NULL"
    assert item["list"] == ["a", Decimal(1)]
    assert item["map"] == {"inner key": "b"}
    for name, annotation, members in (
        ("strings", "$dynamodb_SS", {"a", "b"}),
        ("numbers", "$dynamodb_NS", {Decimal(1), Decimal("2.5")}),
        ("binaries", "$dynamodb_BS", {b"\x01"}),
    ):
        assert set(item[name]) == members
        assert [one.text for one in item[name].ion_annotations] == [annotation]


def test_export_has_both_manifests(client: Client, table: str) -> None:
    for number in range(10):
        client("dynamodb").put_item(TableName=table, Item={"id": {"S": str(number)}})
    described = export(client("dynamodb"), table, S3Prefix="prefix", ExportFormat="ION")
    assert described["ExportStatus"] == "COMPLETED"
    assert described["ExportArn"].startswith(f"{ARN}/{table}/export/")
    export_id = described["ExportArn"].rpartition("/")[2]
    assert described["ExportManifest"] == f"prefix/AWSDynamoDB/{export_id}/manifest-summary.json"
    summary_text = read(client, table, described["ExportManifest"])
    assert summary_text.count(b"\n") == 1
    summary = json.loads(summary_text)
    assert summary["exportArn"] == described["ExportArn"]
    assert summary["s3Bucket"] == table
    assert summary["itemCount"] == described["ItemCount"] == 10
    assert summary["outputFormat"] == "ION"
    assert summary["exportTime"] == described["ExportTime"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    entries = [json.loads(line) for line in read(client, table, summary["manifestFilesS3Key"]).splitlines()]
    assert sum(entry["itemCount"] for entry in entries) == 10
    files = data_files(client, table, described["ExportManifest"])
    ids = {simpleion.loads(line)["Item"]["id"] for file in files for line in file.splitlines()}
    assert ids == {str(number) for number in range(10)}


def test_export_is_done_when_first_looked_at(client: Client, table: str) -> None:
    for first in range(0, 2000, 25):
        write = [{"PutRequest": {"Item": {**ITEM, "id": {"S": str(first + number)}}}} for number in range(25)]
        client("dynamodb").batch_write_item(RequestItems={table: write})
    described = export(client("dynamodb"), table, ExportFormat="ION")
    assert (described["ExportStatus"], described["ItemCount"]) == ("COMPLETED", 2000)


def test_export_in_json(client: Client, table: str) -> None:
    client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}, "binary": {"B": b"x"}})
    described = export(client("dynamodb"), table, ExportFormat="DYNAMODB_JSON")
    assert described["ExportManifest"].startswith("AWSDynamoDB/")
    (line,) = b"".join(data_files(client, table, described["ExportManifest"])).splitlines()
    assert json.loads(line) == {"Item": {"id": {"S": "a"}, "binary": {"B": "eA=="}}}


def test_export_is_of_one_moment(client: Client, table: str) -> None:
    dynamodb = client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
    started = dynamodb.export_table_to_point_in_time(TableArn=f"{ARN}/{table}", S3Bucket=table, ExportFormat="ION")
    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": "a"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )
    described = dynamodb.describe_export(ExportArn=started["ExportDescription"]["ExportArn"])["ExportDescription"]
    (line,) = b"".join(data_files(client, table, described["ExportManifest"])).splitlines()
    assert simpleion.loads(line)["Item"]["n"] == 1


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        (["s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"], "COMPLETED"),
        (["s3:PutObject", "s3:PutObjectAcl"], "FAILED"),
        (["s3:GetObject"], "FAILED"),
    ],
)
def test_export_writes_with_the_rights_of_the_caller(
    actions: list[str], status: str, client: Client, table: str, as_role: Callable[..., Client]
) -> None:
    session = as_role(
        allow(["dynamodb:ExportTableToPointInTime"], f"{ARN}/{table}"),
        allow("dynamodb:DescribeExport", f"{ARN}/{table}/export/*"),
        allow(actions, f"arn:aws:s3:::{table}/export/*"),
    )
    described = export(session("dynamodb"), table, S3Prefix="export/", ExportFormat="ION")
    assert described["ExportStatus"] == status
    if status == "FAILED":
        assert described["FailureCode"] == "S3AccessDenied"
        assert "is not authorized to perform: s3:" in described["FailureMessage"]
        assert client("s3").list_objects_v2(Bucket=table)["KeyCount"] == 0


def test_export_of_an_unknown_arn_is_an_error(client: Client, table: str) -> None:
    with pytest.raises(ClientError, match="ExportNotFoundException"):
        client("dynamodb").describe_export(ExportArn=f"{ARN}/{table}/export/none")


def records(client: Client, table: str) -> list[dict[str, Any]]:
    stream = client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = client("dynamodbstreams")
    (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    found: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
    return found


def test_stream_has_whole_seconds(client: Client, table: str) -> None:
    for number in range(20):
        client("dynamodb").put_item(TableName=table, Item={"id": {"S": str(number)}})
    times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records(client, table)]
    assert len(times) == 20
    assert {moment.microsecond for moment in times} == {0}


def test_role_reads_the_stream_with_rights_on_the_stream(
    client: Client, table: str, as_role: Callable[..., Client]
) -> None:
    client("dynamodb").put_item(TableName=table, Item={"id": {"S": "a"}})
    reads = ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"]
    session = as_role(allow(reads, f"{ARN}/{table}/stream/*"), allow("dynamodb:DescribeTable", f"{ARN}/{table}"))
    assert len(records(session, table)) == 1
    session = as_role(allow(reads[:2], f"{ARN}/{table}/stream/*"), allow("dynamodb:DescribeTable", f"{ARN}/{table}"))
    with pytest.raises(ClientError, match=f"dynamodb:GetRecords on resource: {ARN}/{table}/stream/"):
        records(session, table)
