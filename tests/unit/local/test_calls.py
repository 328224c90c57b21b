import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from moto.core.request import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from local.emulator import calls
from local.emulator.calls import Credential, Need, UnknownCallError

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table"


def needs(
    service: str, method: str = "POST", path: str = "/", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    request = Request(EnvironBuilder(path, method=method, data=body, headers=Headers(headers)).get_environ())
    return [need[:2] for need in calls.needs(calls.read(request, body, service, "us-east-1"))]


def dynamodb(operation: str, **parameters: Any) -> list[tuple[str, str]]:
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    return needs("dynamodb", body=json.dumps(parameters).encode(), headers=headers)


def s3(method: str, path: str, body: bytes = b"", **headers: str) -> list[tuple[str, str]]:
    return needs("s3", method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("PutItem", {"TableName": "t"}, [("PutItem", "/t")]),
        ("PutItem", {"TableName": f"{TABLE}/t"}, [("PutItem", "/t")]),
        ("Query", {"TableName": "t", "IndexName": "i"}, [("Query", "/t/index/i")]),
        ("BatchWriteItem", {"RequestItems": {"t": [], "u": []}}, [("BatchWriteItem", "/t"), ("BatchWriteItem", "/u")]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]},
            [("PutItem", "/t"), ("ConditionCheckItem", "/u")],
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "t"}}]}, [("GetItem", "/t")]),
        ("ExportTableToPointInTime", {"TableArn": f"{TABLE}/t"}, [("ExportTableToPointInTime", "/t")]),
        ("DescribeExport", {"ExportArn": f"{TABLE}/t/export/1"}, [("DescribeExport", "/t/export/1")]),
        ("DescribeStream", {"StreamArn": f"{TABLE}/t/stream/1"}, [("DescribeStream", "/t/stream/1")]),
        ("GetRecords", {"ShardIterator": f"{TABLE}/t/stream/1|1|x"}, [("GetRecords", "/t/stream/1")]),
    ],
)
def test_dynamodb(operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert dynamodb(operation, **parameters) == [(f"dynamodb:{action}", f"{TABLE}{path}") for action, path in expected]


def test_call_on_no_resource() -> None:
    assert dynamodb("ListTables") == [("dynamodb:ListTables", "*")]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", [("s3:ListAllMyBuckets", "*")]),
        ("HEAD", "/b", [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("GET", "/b?list-type=2&prefix=x", [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("GET", "/b/a/key%20with%20space", [("s3:GetObject", "arn:aws:s3:::b/a/key with space")]),
        ("GET", "/b/k?versionId=1", [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
        ("HEAD", "/b/k", [("s3:GetObject", "arn:aws:s3:::b/k")]),
        ("PUT", "/b/k", [("s3:PutObject", "arn:aws:s3:::b/k")]),
        ("POST", "/b/k?uploads", [("s3:PutObject", "arn:aws:s3:::b/k")]),
        ("PUT", "/b/k?partNumber=1&uploadId=u", [("s3:PutObject", "arn:aws:s3:::b/k")]),
        ("POST", "/b/k?uploadId=u", [("s3:PutObject", "arn:aws:s3:::b/k")]),
        ("DELETE", "/b/k?uploadId=u", [("s3:AbortMultipartUpload", "arn:aws:s3:::b/k")]),
        ("DELETE", "/b/k", [("s3:DeleteObject", "arn:aws:s3:::b/k")]),
    ],
)
def test_s3(method: str, path: str, expected: list[tuple[str, str]]) -> None:
    assert s3(method, path) == expected


def test_s3_copy_needs_both_objects() -> None:
    expected = [("s3:GetObject", "arn:aws:s3:::a/from"), ("s3:PutObject", "arn:aws:s3:::b/to")]
    assert s3("PUT", "/b/to", x_amz_copy_source="/a/from?versionId=1") == expected


def test_s3_listing_tells_which_folder() -> None:
    request = Request(EnvironBuilder("/b?list-type=2&prefix=dlq%2F").get_environ())
    (need,) = calls.needs(calls.read(request, b"", "s3", "us-east-1"))
    assert need == Need("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "dlq/"})


def test_s3_acl_is_a_right_of_its_own() -> None:
    expected = [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectAcl", "arn:aws:s3:::b/k")]
    assert s3("PUT", "/b/k", x_amz_acl="bucket-owner-full-control") == expected


def test_s3_delete_of_many_needs_every_object() -> None:
    body = b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>x</Key></Object><Object><Key>y</Key></Object></Delete>'
    expected = [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")]
    assert s3("POST", "/b?delete", body) == expected


@pytest.mark.parametrize(
    ("service", "method", "path", "expected"),
    [
        ("lambda", "POST", "/2015-03-31/functions/f/invocations", ("lambda:InvokeFunction", "lambda", "function:f")),
        ("es", "GET", "/2021-01-01/opensearch/domain/d", ("es:DescribeDomain", "es", "domain/d")),
        ("osis", "PUT", "/2022-01-01/osis/stopPipeline/p", ("osis:StopPipeline", "osis", "pipeline/p")),
    ],
)
def test_rest_services(service: str, method: str, path: str, expected: tuple[str, str, str]) -> None:
    action, prefix, resource = expected
    assert needs(service, method, path) == [(action, f"arn:aws:{prefix}:us-east-1:123456789012:{resource}")]


ARN = "arn:aws:{}:us-east-1:123456789012:{}"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "resource"),
    [
        ("cognito-idp", "CreateUserPoolClient", {"UserPoolId": "us-east-1_p"}, "userpool/us-east-1_p"),
        ("cognito-identity", "UpdateIdentityPool", {"IdentityPoolId": "us-east-1:p"}, "identitypool/us-east-1:p"),
        ("kms", "Decrypt", {"KeyId": "k"}, "key/k"),
        ("kms", "GenerateDataKey", {"KeyId": ARN.format("kms", "key/k")}, "key/k"),
        ("sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1:5000/123456789012/q"}, "q"),
    ],
)
def test_services_that_name_a_target(service: str, operation: str, parameters: dict[str, str], resource: str) -> None:
    body, headers = json.dumps(parameters).encode(), {"X-Amz-Target": f"Target.{operation}"}
    assert needs(service, body=body, headers=headers) == [(f"{service}:{operation}", ARN.format(service, resource))]


def test_an_alias_that_is_not_there_is_no_key() -> None:
    found = needs("kms", body=b'{"KeyId": "alias/k"}', headers={"X-Amz-Target": "TrentService.Decrypt"})
    assert found == [("kms:Decrypt", ARN.format("kms", "key/"))]


def test_traces_are_on_no_resource() -> None:
    assert needs("xray", path="/TraceSegments", body=b"{}") == [("xray:PutTraceSegments", "*")]
    assert needs("xray", path="/TelemetryRecords", body=b"{}") == [("xray:PutTelemetryRecords", "*")]


def test_logs_name_group_and_stream() -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/g:log-stream:"
    body = json.dumps({"logGroupName": "/g", "logStreamName": "s"}).encode()
    for operation, resource in (("CreateLogStream", group), ("PutLogEvents", f"{group}s")):
        headers = {"X-Amz-Target": f"Logs_20140328.{operation}"}
        assert needs("logs", body=body, headers=headers) == [(f"logs:{operation}", resource)]


def sts(**form: str) -> tuple[Need, ...]:
    body = urlencode({"Action": "AssumeRole", **form}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = Request(EnvironBuilder(method="POST", data=body, headers=Headers(headers)).get_environ())
    return calls.needs(calls.read(request, body, "sts", "us-east-1"))


def test_sts_hands_its_own_condition_keys_over() -> None:
    role = "arn:aws:iam::123456789012:role/r"
    (need,) = sts(RoleArn=role, RoleSessionName="s", ExternalId="e")
    assert need[:2] == ("sts:AssumeRole", role)
    assert need.context == {"sts:externalid": "e", "sts:rolesessionname": "s"}


def test_session_policy_is_not_ignored() -> None:
    with pytest.raises(UnknownCallError, match="session policies"):
        sts(RoleArn="arn:aws:iam::123456789012:role/r", Policy="{}")


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [("s3", "GET", "/b?analytics"), ("kms", "POST", "/"), ("lambda", "GET", "/2015-03-31/functions")],
)
def test_what_is_not_known_is_not_guessed(service: str, method: str, path: str) -> None:
    with pytest.raises(UnknownCallError):
        needs(service, method, path)


def test_credential_is_read_from_the_signature() -> None:
    header = "AWS4-HMAC-SHA256 Credential=local-administrator/20260101/eu-west-1/es/aws4_request, SignedHeaders=host"
    assert calls.credential(header) == Credential("local-administrator", "eu-west-1", "es")
    for nothing in (None, "", "Basic abc", "AWS key:signature"):
        assert calls.credential(nothing) is None
