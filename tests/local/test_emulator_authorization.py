"""IAM is enforced: who gets in, what a role may do, and how AWS says no."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.conftest import Client
from tests.local.policy_documents import Statement, allow, document

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table"


@pytest.fixture(scope="module", autouse=True)
def resources(client: Client) -> None:
    """Two tables and a bucket with one object."""
    for name in ("orders", "other"):
        client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    client("s3").create_bucket(Bucket="bucket")
    client("s3").put_object(Bucket="bucket", Key="in/object", Body=b"content")


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "dynamodb": ("dynamodb", lambda client: client.describe_table(TableName="orders")),
    "dynamodbstreams": ("dynamodbstreams", lambda client: client.describe_stream(StreamArn=f"{TABLE}/orders/stream/x")),
    "s3": ("s3", lambda client: client.get_object(Bucket="bucket", Key="in/object")),
    "sts": (
        "sts",
        lambda client: client.assume_role(RoleArn="arn:aws:iam::123456789012:role/no", RoleSessionName="no"),
    ),
    "iam": ("iam", lambda client: client.list_roles()),
    "logs": ("logs", lambda client: client.create_log_group(logGroupName="group")),
    "lambda": ("lambda", lambda client: client.invoke(FunctionName="function")),
    "osis": ("osis", lambda client: client.list_pipelines()),
    "domains": ("opensearch", lambda client: client.list_domain_names()),
    "es": ("opensearch", lambda client: client.describe_domain(DomainName="search")),
}


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        ("dynamodb", "UnrecognizedClientException", 400),
        ("s3", "InvalidAccessKeyId", 403),
        ("sts", "InvalidClientTokenId", 403),
        ("iam", "InvalidClientTokenId", 403),
        ("logs", "UnrecognizedClientException", 400),
        ("lambda", "UnrecognizedClientException", 403),
        ("osis", "UnrecognizedClientException", 403),
        ("es", "UnrecognizedClientException", 403),
    ],
)
def test_unknown_key_is_refused(call: str, code: str, status: int, client: Client) -> None:
    service, perform = CALLS[call]
    with pytest.raises(ClientError) as refusal:
        perform(client(service, key="AKIAUNKNOWN"))
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("call", "code", "status"),
    [
        ("dynamodb", "AccessDeniedException", 400),
        ("dynamodbstreams", "AccessDeniedException", 400),
        ("s3", "AccessDenied", 403),
        ("sts", "AccessDenied", 403),
        ("iam", "AccessDenied", 403),
        ("logs", "AccessDeniedException", 400),
        ("lambda", "AccessDeniedException", 403),
        ("osis", "AccessDeniedException", 403),
        ("es", "AccessDeniedException", 403),
        ("domains", "AccessDeniedException", 403),
    ],
)
def test_role_without_policies_may_nothing(call: str, code: str, status: int, as_role: Callable[..., Client]) -> None:
    service, perform = CALLS[call]
    with pytest.raises(ClientError, match="is not authorized to perform") as refusal:
        perform(as_role()(service))
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_unsigned_request_is_refused(emulator: Emulator) -> None:
    anonymous = boto3.client(
        "s3", endpoint_url=emulator.endpoint_url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError, match=r"AccessDenied.*Missing Authentication Token"):
        anonymous.get_object(Bucket="bucket", Key="in/object")


def test_anybody_may_ask_who_they_are(as_role: Callable[..., Client]) -> None:
    assert ":assumed-role/" in as_role()("sts").get_caller_identity()["Arn"]


def test_resource_is_the_table_itself(as_role: Callable[..., Client]) -> None:
    dynamodb = as_role(allow("dynamodb:PutItem", f"{TABLE}/orders"))("dynamodb")
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "a"}})
    with pytest.raises(ClientError, match=f"dynamodb:PutItem on resource: {TABLE}/other because no identity-based"):
        dynamodb.put_item(TableName="other", Item={"id": {"S": "a"}})


def test_batch_needs_every_table(as_role: Callable[..., Client]) -> None:
    dynamodb = as_role(allow("dynamodb:BatchWriteItem", f"{TABLE}/orders"))("dynamodb")
    write = [{"PutRequest": {"Item": {"id": {"S": "b"}}}}]
    dynamodb.batch_write_item(RequestItems={"orders": write})
    with pytest.raises(ClientError, match=f"{TABLE}/other"):
        dynamodb.batch_write_item(RequestItems={"orders": write, "other": write})


def test_explicit_deny_wins(as_role: Callable[..., Client]) -> None:
    deny = {**allow("dynamodb:Describe*", "*"), "Effect": "Deny"}
    dynamodb = as_role(allow("dynamodb:*", "*"), deny)("dynamodb")
    dynamodb.get_item(TableName="orders", Key={"id": {"S": "a"}})
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        dynamodb.describe_table(TableName="orders")


def test_attached_policy_counts(client: Client, as_role: Callable[..., Client]) -> None:
    session = as_role()
    role = session("sts").get_caller_identity()["Arn"].split("/")[1]
    policy = client("iam").create_policy(
        PolicyName="reader", PolicyDocument=document(allow("s3:GetObject", "arn:aws:s3:::bucket/in/*"))
    )["Policy"]
    with pytest.raises(ClientError, match="AccessDenied"):
        session("s3").get_object(Bucket="bucket", Key="in/object")
    client("iam").attach_role_policy(RoleName=role, PolicyArn=policy["Arn"])
    assert session("s3").get_object(Bucket="bucket", Key="in/object")["Body"].read() == b"content"


def test_object_actions_have_their_own_names(as_role: Callable[..., Client]) -> None:
    s3 = as_role(allow("s3:ListBucket", "arn:aws:s3:::bucket"), allow("s3:PutObject", "arn:aws:s3:::bucket/out/*"))(
        "s3"
    )
    assert s3.list_objects_v2(Bucket="bucket", Prefix="in/")["KeyCount"] == 1
    s3.put_object(Bucket="bucket", Key="out/new", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="bucket", Key="in/new", Body=b"")
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket="bucket", Key="in/object")
    with pytest.raises(ClientError, match="s3:DeleteObject"):
        s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "out/new"}]})


def test_bucket_policy_grants_and_denies(client: Client, as_role: Callable[..., Client]) -> None:
    session = as_role(allow("s3:GetObject", "arn:aws:s3:::guarded/*"))
    role = session("sts").get_caller_identity()["Arn"].split("/")[1]
    s3, administrator = session("s3"), client("s3")
    administrator.create_bucket(Bucket="guarded")
    for key in ("open", "closed"):
        administrator.put_object(Bucket="guarded", Key=key, Body=b"")
    principal = {"AWS": f"arn:aws:iam::123456789012:role/{role}"}
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    deny: Statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    administrator.put_bucket_policy(
        Bucket="guarded",
        Policy=document(
            {**deny, "Resource": "arn:aws:s3:::guarded/closed"},
            {**deny, "Resource": ["arn:aws:s3:::guarded", "arn:aws:s3:::guarded/*"], "Condition": plain_http},
            allow("s3:PutObject", "arn:aws:s3:::guarded/open", Principal=principal),
        ),
    )
    s3.get_object(Bucket="guarded", Key="open")
    s3.put_object(Bucket="guarded", Key="open", Body=b"")
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        s3.get_object(Bucket="guarded", Key="closed")


def test_condition_that_is_not_known_is_no_allow(as_role: Callable[..., Client]) -> None:
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    dynamodb = as_role(allow("dynamodb:DescribeTable", f"{TABLE}/orders", Condition=condition))("dynamodb")
    with pytest.raises(ClientError, match="condition operator 'DateGreaterThan' is not supported by the local AWS"):
        dynamodb.describe_table(TableName="orders")


def osis_key(pipeline: str) -> str:
    return f"OSIS{pipeline.encode().hex()}"


OURS = {"aws:SourceAccount": "123456789012"}
ANY_PIPELINE = {"aws:SourceArn": "arn:aws:osis:us-east-1:123456789012:pipeline/*"}


def osis_trust(**condition: dict[str, str]) -> Statement:
    return allow("sts:AssumeRole", Principal={"Service": "osis-pipelines.amazonaws.com"}, Condition=condition)


def assume(client: Client, role: str, key: str, **more: str) -> None:
    client("sts", key=key).assume_role(RoleArn=role, RoleSessionName="engine", **more)


def test_service_may_assume_a_role_whose_trust_conditions_hold(client: Client, create_role: Callable[..., str]) -> None:
    role = create_role(
        trust=osis_trust(
            StringEquals=OURS, ArnLike={"aws:SourceArn": "arn:aws:osis:us-east-1:123456789012:pipeline/dev-*"}
        )
    )
    assume(client, role, osis_key("dev-orders"))
    with pytest.raises(ClientError, match="no trust policy of the role allows"):
        assume(client, role, osis_key("prod-orders"))


def test_service_of_another_account_may_not(client: Client, create_role: Callable[..., str]) -> None:
    role = create_role(trust=osis_trust(StringEquals={"aws:SourceAccount": "999999999999"}, ArnLike=ANY_PIPELINE))
    with pytest.raises(ClientError, match="no trust policy of the role allows"):
        assume(client, role, osis_key("dev-orders"))


def test_service_that_the_trust_policy_does_not_name_may_not(client: Client, create_role: Callable[..., str]) -> None:
    role = create_role(trust=allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}))
    with pytest.raises(
        ClientError, match=r"osis-pipelines\.amazonaws\.com is not authorized to perform: sts:AssumeRole"
    ):
        assume(client, role, osis_key("dev-orders"))


@pytest.mark.parametrize("condition", [{}, {"StringEquals": OURS}, {"ArnLike": ANY_PIPELINE}])
def test_trust_in_a_service_is_pinned_to_our_resources(
    condition: dict[str, dict[str, str]], client: Client, create_role: Callable[..., str]
) -> None:
    role = create_role(trust=osis_trust(**condition))
    with pytest.raises(ClientError, match="add conditions on aws:SourceAccount and aws:SourceArn"):
        assume(client, role, osis_key("dev-orders"))


def test_external_id_is_a_condition(client: Client, create_role: Callable[..., str]) -> None:
    role = create_role(trust=osis_trust(StringEquals={**OURS, "sts:ExternalId": "secret"}, ArnLike=ANY_PIPELINE))
    assume(client, role, osis_key("dev-orders"), ExternalId="secret")
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(client, role, osis_key("dev-orders"))


def test_role_may_assume_a_role_when_both_policies_say_so(client: Client, create_role: Callable[..., str]) -> None:
    target = create_role(suffix="-target")
    key: dict[str, str] = {}
    for suffix, statements in (("-may", [allow("sts:AssumeRole", target)]), ("-may-not", [])):
        role = create_role(*statements, suffix=suffix)
        session = client("sts").assume_role(RoleArn=role, RoleSessionName="test")
        key[suffix] = session["Credentials"]["AccessKeyId"]
    assume(client, target, key["-may"])
    with pytest.raises(ClientError, match="no identity-based policy allows the sts:AssumeRole action"):
        assume(client, target, key["-may-not"])


def test_coordination_table_belongs_to_the_service(client: Client, as_role: Callable[..., Client]) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("dynamodb", key=osis_key("p")).describe_table(TableName="DataPrepperSourceCoordinationStore")
    with pytest.raises(ClientError, match="AccessDenied"):
        client("dynamodb", key=osis_key("p")).describe_table(TableName="orders")
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role()("dynamodb").describe_table(TableName="DataPrepperSourceCoordinationStore")


def test_every_decision_is_written_down(emulator: Emulator, as_role: Callable[..., Client]) -> None:
    session = as_role(allow("dynamodb:DescribeTable", f"{TABLE}/orders"))
    session("dynamodb").describe_table(TableName="orders")
    with pytest.raises(ClientError):
        session("dynamodb").delete_table(TableName="orders")
    *_, allowed, denied = map(json.loads, emulator.decisions_log.read_text().splitlines())
    who = session("sts").get_caller_identity()["Arn"]
    orders = f"{TABLE}/orders"
    del allowed["time"], denied["time"]
    assert allowed == {"who": who, "action": "dynamodb:DescribeTable", "resource": orders, "result": "allow"}
    assert denied == {"who": who, "action": "dynamodb:DeleteTable", "resource": orders, "result": "implicit deny"}
