"""Lambda functions run from their zip, with their role's rights, and fail as Lambda says they do."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import processes
from local.emulator import Emulator
from tests.local.conftest import Client
from tests.local.policy_documents import Statement, allow

SOURCE = """
import os
import sys
import time

import boto3
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config


def describe(event, context):
    print("said by the function")
    return {
        "event": event,
        "environment": {name: os.environ.get(name) for name in ("GREETING", "AWS_REGION", "HOME")},
        "identity": boto3.client("sts").get_caller_identity()["Arn"],
        "limit": context.get_remaining_time_in_millis(),
        "context": [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn],
        "request_id": context.aws_request_id,
    }


def fail(event, context):
    raise ValueError(f"cannot do {event['what']}")


def call_dynamodb(event, context):
    boto3.client("dynamodb").describe_table(TableName="orders")


def be_slow(event, context):
    time.sleep(60)


def answer_nothing_json(event, context):
    return {1, 2}


def leave(event, context):
    os._exit(7)


def use_our_packages(event, context):
    import moto


def call_out(event, context):
    once = Config(retries={"total_max_attempts": 1})
    request = AWSRequest("GET", f"https://{event['domain']}/")
    SigV4Auth(boto3.Session().get_credentials(), "es", "us-east-1").add_auth(request)
    http = urllib3.PoolManager(ca_certs=os.environ["AWS_CA_BUNDLE"], retries=False)
    heard = {}
    for name, call in {
        "sts": boto3.client("sts", config=once).get_caller_identity,
        "domain": lambda: http.request("GET", request.url, headers=dict(request.headers)).status,
    }.items():
        try:
            call()
            heard[name] = "an answer"
        except Exception as error:
            heard[name] = type(error).__name__
    return heard


def put_object(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="done", Body=b"")
"""
ARN = "arn:aws:lambda:us-east-1:123456789012:function"


def lambda_trust(account: str = "123456789012", **more: dict[str, str]) -> Statement:
    """What trusts Lambda on behalf of an account."""
    condition = {"StringEquals": {"aws:SourceAccount": account}, **more}
    return allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}, Condition=condition)


def package(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return content.getvalue()


@pytest.fixture
def create(client: Client, create_role: Callable[..., str], request: pytest.FixtureRequest) -> Callable[..., str]:
    """Creates a function with a role of its own; answers its name."""

    def function(handler: str, *statements: dict[str, Any], source: str = SOURCE, **more: Any) -> str:
        name: str = request.node.name.translate(str.maketrans("[].", "---"))[:60]
        client("lambda").create_function(
            FunctionName=name,
            Role=more.pop("role", None) or create_role(*statements, trust=lambda_trust()),
            Handler=handler,
            Runtime="python3.13",
            Architectures=["arm64"],
            Code={"ZipFile": package(app=source)},
            **more,
        )
        return name

    return function


def invoke(client: Client, name: str, event: Any = None) -> tuple[str | None, Any]:
    """The kind of error, if any, and the payload."""
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_handler_runs_as_its_role(client: Client, create: Callable[..., str]) -> None:
    variables = {"Variables": {"GREETING": "hello"}}
    name = create("app.describe", Environment=variables, Timeout=30, MemorySize=256)
    error, answer = invoke(client, name, {"a": [1]})
    assert error is None
    assert answer["event"] == {"a": [1]}
    assert answer["environment"] == {"GREETING": "hello", "AWS_REGION": "us-east-1", "HOME": None}
    assert answer["identity"].startswith("arn:aws:sts::123456789012:assumed-role/")
    assert 0 < answer["limit"] <= 30_000
    assert answer["context"] == [name, "256", f"{ARN}:{name}"]
    assert answer["request_id"]


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("app.fail", "ValueError", "cannot do that"),
        ("app.call_dynamodb", "ClientError", "is not authorized to perform: dynamodb:DescribeTable"),
        ("app.be_slow", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("app.answer_nothing_json", "Runtime.MarshalError", "set is not JSON serializable"),
        ("app.leave", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
        ("app.use_our_packages", "ModuleNotFoundError", "No module named 'moto'"),
        ("app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        ("nowhere.at_all", "Runtime.ImportModuleError", "Unable to import module 'nowhere'"),
    ],
)
def test_failure_is_reported_as_lambda_does(
    handler: str, kind: str, message: str, client: Client, create: Callable[..., str]
) -> None:
    error, answer = invoke(client, create(handler, Timeout=1 if "slow" in handler else 30), {"what": "that"})
    assert error == "Unhandled"
    assert answer["errorType"] == kind
    assert message in answer["errorMessage"]


def test_stack_trace_is_the_functions_own(client: Client, create: Callable[..., str]) -> None:
    _, answer = invoke(client, create("app.fail", Timeout=30), {"what": "that"})
    assert [line for line in answer["stackTrace"] if "in fail" in line] == answer["stackTrace"]
    assert "raise ValueError" in answer["stackTrace"][0]


def test_new_code_is_run(client: Client, create: Callable[..., str]) -> None:
    name = create("app.answer", source="def answer(event, context): return 1", Timeout=30)
    assert invoke(client, name) == (None, 1)
    second = package(app="def answer(event, context): return 2")
    client("lambda").update_function_code(FunctionName=name, ZipFile=second)
    assert invoke(client, name) == (None, 2)


def test_role_that_does_not_trust_lambda_is_refused(
    client: Client, create: Callable[..., str], create_role: Callable[..., str]
) -> None:
    role = create_role(trust=allow("sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}), suffix="-ec2")
    name = create("app.describe", role=role)
    with pytest.raises(ClientError, match="cannot be assumed by Lambda") as refusal:
        invoke(client, name)
    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_role_that_trusts_lambda_for_another_account_is_refused(
    client: Client, create: Callable[..., str], create_role: Callable[..., str]
) -> None:
    name = create("app.describe", role=create_role(trust=lambda_trust("999999999999"), suffix="-another"))
    with pytest.raises(ClientError, match=r"no trust policy of the role allows the sts:AssumeRole action"):
        invoke(client, name)


def test_lambda_does_not_say_for_which_function_it_takes_a_role(
    client: Client, create: Callable[..., str], create_role: Callable[..., str]
) -> None:
    trust = lambda_trust(ArnLike={"aws:SourceArn": f"{ARN}:*"})
    name = create("app.describe", role=create_role(trust=trust, suffix="-function"))
    with pytest.raises(ClientError, match=r"no trust policy of the role allows the sts:AssumeRole action"):
        invoke(client, name)


def test_role_that_trusts_lambda_on_behalf_of_anybody_is_refused(
    client: Client, create: Callable[..., str], create_role: Callable[..., str]
) -> None:
    trust = allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    name = create("app.describe", role=create_role(trust=trust, suffix="-anybody"))
    with pytest.raises(ClientError, match=r"add conditions on aws:SourceAccount$"):
        invoke(client, name)


def test_log_goes_where_the_function_says_if_the_role_may(client: Client, create: Callable[..., str]) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/mine:*"
    client("logs").create_log_group(logGroupName="/mine")
    name = create(
        "app.describe",
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], group),
        Timeout=30,
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/mine"},
    )
    assert client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"] == "/mine"
    answer = client("lambda").invoke(FunctionName=name, LogType="Tail", Payload="{}")
    assert b"said by the function" in base64.b64decode(answer["LogResult"])
    events = client("logs").filter_log_events(logGroupName="/mine")["events"]
    assert "said by the function" in [event["message"] for event in events]


def test_log_is_lost_without_the_right(client: Client, create: Callable[..., str]) -> None:
    name = create("app.describe", Timeout=30)
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    assert invoke(client, name)[0] is None
    assert client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"] == []


def test_event_invocation_runs_behind_our_back(client: Client, create: Callable[..., str]) -> None:
    client("s3").create_bucket(Bucket="events")
    name = create("app.put_object", allow("s3:PutObject", "arn:aws:s3:::events/*"), Timeout=30)
    answer = client("lambda").invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"bucket": "events"})
    )
    assert answer["StatusCode"] == 202
    processes.wait_until(
        lambda: client("s3").list_objects_v2(Bucket="events")["KeyCount"] == 1,
        limit_seconds=300,
        what="the object is there",
    )


def test_function_hears_nothing_of_what_its_network_does_not_lead_to(
    emulator: Emulator, client: Client, create: Callable[..., str]
) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/26")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="members", Description="members")["GroupId"]
    place = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    client("opensearch").create_domain(DomainName="search", VPCOptions=place)
    where = {"domain": emulator.domain_endpoint}
    name = create("app.call_out", Timeout=30)
    assert invoke(client, name, where) == (None, {"sts": "an answer", "domain": "an answer"})
    client("lambda").update_function_configuration(FunctionName=name, VpcConfig=place)
    assert invoke(client, name, where) == (None, {"sts": "ConnectionClosedError", "domain": "ProtocolError"})
    cut_off = [line for line in emulator.decisions_log.read_text().splitlines() if "no way from the VPC" in line]
    assert len(cut_off) == 2
