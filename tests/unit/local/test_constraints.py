"""Requests as botocore writes them, and what AWS's models say about them."""

import functools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from moto.core.request import Request
from moto.core.utils import get_service_model

from local.emulator import calls, constraints

FORM = "application/x-www-form-urlencoded"


class Sent(Exception):
    pass


@functools.cache
def client(service: str) -> Any:
    """Does not look at its parameters, and sends nothing: it raises `Sent` with the request."""

    def keep(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request)

    session: Any = boto3.Session("key", "secret", region_name="us-east-1")
    made = session.client(service, endpoint_url="http://127.0.0.1", config=Config(parameter_validation=False))
    made.meta.events.register("before-send", keep)
    return made


def problems(service: str, operation: str, **parameters: Any) -> list[str]:
    with pytest.raises(Sent) as sent:
        getattr(client(service), operation)(**parameters)
    (request,) = sent.value.args
    return problems_of(service, request.method, request.url, dict(request.headers), request.body)


def problems_of(service: str, method: str, url: str, headers: Mapping[str, Any], body: Any) -> list[str]:
    request = Request.from_primitives(method, url, headers, body)
    content = request.get_data(cache=False)
    scope = calls.credential(request.headers.get("Authorization"))
    call = calls.read(request, content, scope.service if scope else service, "us-east-1")
    assert call.operation
    return [str(violation) for violation in constraints.violations(call, request)]


def problems_of_target(service: str, target: str, parameters: Mapping[str, Any]) -> list[str]:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    return problems_of(service, "POST", "http://127.0.0.1/", headers, json.dumps(parameters).encode())


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        (
            "dynamodb",
            "put_item",
            {"TableName": "orders", "Item": {"id": {"S": "1"}, "m": {"M": {"l": {"L": [{"N": "1"}, {"NULL": True}]}}}}},
        ),
        ("dynamodb", "batch_write_item", {"RequestItems": {"t": [{"DeleteRequest": {"Key": {"id": {"B": b"1"}}}}]}}),
        ("dynamodbstreams", "list_streams", {"TableName": "orders", "Limit": 5}),
        ("kms", "encrypt", {"KeyId": "key", "Plaintext": b"text"}),
        ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": "é", "Value": ""}]}),
        ("sns", "create_topic", {"Name": "alarms", "Attributes": {"DisplayName": "x"}}),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16", "TagSpecifications": [{"ResourceType": "vpc", "Tags": []}]}),
        ("ec2", "describe_subnets", {"Filters": [{"Name": "vpc-id", "Values": ["a", "b"]}], "MaxResults": 5}),
        ("lambda", "list_functions", {"MaxItems": 50, "FunctionVersion": "ALL"}),
        ("lambda", "invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": b"\xff"}),
        ("opensearch", "create_domain", {"DomainName": "search", "EBSOptions": {"EBSEnabled": True, "VolumeSize": 10}}),
        ("opensearch", "create_domain", {"DomainName": "new", "ClusterConfig": {"InstanceType": "r7g.large.search"}}),
        ("osis", "list_pipelines", {}),
        ("s3", "put_object", {"Bucket": "b", "Key": "a/b", "Body": b"<x/>", "Metadata": {"k": "v"}, "ACL": "private"}),
        ("s3", "list_objects_v2", {"Bucket": "b", "Prefix": "a", "MaxKeys": 5}),
        (
            "s3",
            "put_bucket_lifecycle_configuration",
            {"Bucket": "b", "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Expiration": {"Days": 3}}]}},
        ),
        ("s3", "delete_objects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}}),
    ],
)  # fmt: skip
def test_what_the_model_allows(service: str, operation: str, parameters: dict[str, Any]) -> None:
    assert problems(service, operation, **parameters) == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "problem"),
    [
        (
            "logs",
            "create_log_group",
            {"logGroupName": "a group"},
            "Value 'a group' at 'logGroupName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
        ),
        (
            "logs",
            "create_log_group",
            {},
            "Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "dynamodb",
            "create_table",
            {"TableName": "orders", "KeySchema": [{"AttributeName": "id", "KeyType": "FIRST"}]},
            "Value 'FIRST' at 'keySchema.1.member.keyType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [HASH, RANGE]",
        ),
        (
            "dynamodb",
            "put_item",
            {"TableName": "orders", "Item": {"id": {"S": 1}}},
            "Value '1' at 'item.id.member.s' failed to satisfy constraint: Member must be a string",
        ),
        (
            "dynamodb",
            "query",
            {"TableName": "orders", "Limit": 0},
            "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            "kms",
            "encrypt",
            {"KeyId": "key", "Plaintext": b"1" * 4097},
            "Value '4097 bytes' at 'plaintext' failed to satisfy constraint: "
            "Member must have length less than or equal to 4096",
        ),
        (
            "cognito-idp",
            "update_user_pool_client",
            {"UserPoolId": "us-east-1_abc", "ClientId": "client", "AccessTokenValidity": 90000},
            "Value '90000' at 'accessTokenValidity' failed to satisfy constraint: "
            "Member must have value less than or equal to 86400",
        ),
        (
            "iam",
            "create_role",
            {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"},
            f"Value '{'r' * 65}' at 'roleName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64",
        ),
        (
            "iam",
            "create_role",
            {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "k"}]},
            "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ec2",
            "create_vpc",
            {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "mine"},
            "Value 'mine' at 'instanceTenancy' failed to satisfy constraint: "
            "Member must satisfy enum value set: [default, dedicated, host]",
        ),
        (
            "lambda",
            "list_functions",
            {"MaxItems": 0},
            "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            "opensearch",
            "create_domain",
            {"DomainName": "Search"},
            "Value 'Search' at 'domainName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [a-z][a-z0-9\-]+",
        ),
        (
            "s3",
            "put_object",
            {"Bucket": "b", "Key": "k", "ACL": "mine"},
            "Value 'mine' at 'aCL' failed to satisfy constraint: Member must satisfy enum value set: "
            "[private, public-read, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, "
            "bucket-owner-full-control]",
        ),
        (
            "s3",
            "put_bucket_lifecycle_configuration",
            {"Bucket": "b", "LifecycleConfiguration": {"Rules": [{"Expiration": {"Days": 3}}]}},
            "Value null at 'lifecycleConfiguration.rules.1.member.status' failed to satisfy constraint: "
            "Member must not be null",
        ),
    ],
)  # fmt: skip
def test_what_it_does_not_allow(service: str, operation: str, parameters: dict[str, Any], problem: str) -> None:
    assert problem in problems(service, operation, **parameters)


def test_a_secret_is_not_told() -> None:
    (problem,) = problems_of_target(
        "cognito-idp",
        "AWSCognitoIdentityProviderService.AdminSetUserPassword",
        {"UserPoolId": "us-east-1_abc", "Username": "ann", "Password": "p" * 300},
    )
    assert problem.startswith("Value at 'password' failed to satisfy constraint: ")


UNKNOWN = "failed to satisfy constraint: There is no such member"


def test_an_unknown_member_of_json() -> None:
    """What DescribeUserPoolClient says is not all that UpdateUserPoolClient takes."""
    given = {"UserPoolId": "us-east-1_abc", "ClientId": "client", "CreationDate": 1}
    target = "AWSCognitoIdentityProviderService.UpdateUserPoolClient"
    assert problems_of_target("cognito-idp", target, given) == [f"Value '1' at 'creationDate' {UNKNOWN}"]


def test_an_unknown_member_of_a_rest_body() -> None:
    url = "http://127.0.0.1/2021-01-01/opensearch/domain"
    body = json.dumps({"DomainName": "search", "EBSOptions": {"Size": 1}}).encode()
    assert problems_of("es", "POST", url, {}, body) == [f"Value '1' at 'eBSOptions.size' {UNKNOWN}"]


def test_an_unknown_member_of_a_form() -> None:
    form = {"Action": "GetRole", "Version": "2010-05-08", "RoleName": "r", "Tags.member.1.Key": "k"}
    body = urlencode(form).encode()
    found = problems_of("iam", "POST", "http://127.0.0.1/", {"Content-Type": FORM}, body)
    assert found == [f"Value 'k' at 'tags.member.1.Key' {UNKNOWN}"]


def test_an_unknown_element_of_xml() -> None:
    body = b"<VersioningConfiguration><Status>Enabled</Status><State>On</State></VersioningConfiguration>"
    found = problems_of("s3", "PUT", "http://127.0.0.1/bucket?versioning", {}, body)
    assert found == [f"Value null at 'state' {UNKNOWN}"]


def test_several_are_told_at_once() -> None:
    found = [constraints.Violation("Member must not be null", path=(name,)) for name in ("Name", "Value")]
    assert constraints.message(found) == (
        "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; "
        "Value null at 'value' failed to satisfy constraint: Member must not be null"
    )


def test_a_number_that_is_none() -> None:
    url = "http://127.0.0.1/2015-03-31/functions?MaxItems=many"
    (found,) = problems_of("lambda", "GET", url, {}, None)
    assert "at 'listFunctions'" in found
    assert "must be readable" in found


@pytest.mark.parametrize("service", ["opensearchserverless", "cloudwatch", "ec2", "dynamodbstreams", *calls.SERVICES])
def test_every_pattern_of_the_models_is_understood(service: str) -> None:
    if service in ("es", "monitoring"):
        service = {"es": "opensearch", "monitoring": "cloudwatch"}[service]
    model = get_service_model(service)
    shapes = map(model.shape_for, model.shape_names)
    for pattern in {shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata}:
        constraints._compiled(pattern)
