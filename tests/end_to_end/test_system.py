"""The demo's story under test: real Terraform, real OpenSearch, every kind of item and of change, no call denied."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from opensearchpy import AuthorizationException
from rich.console import Console

from local import demo, panels, people, processes, proof, tools
from local.deployment import ROOT, Deployment, deployment
from local.engine import Kind
from local.jobs import Jobs
from local.progress import Progress
from local.terraform import Terraform
from way_out.candidates import CANDIDATES, synthesize

ANALYST, ADMINISTRATOR = "analyst@example.com", "operator@example.com"
USERS, MEMBERSHIPS = "aws_cognito_user.authentication_user", "aws_cognito_user_in_group.authentication_membership"
Session = Callable[[Deployment], boto3.Session]

EVERY_TYPE: dict[str, Any] = {
    "text": {"S": 'Tïtle "q" \\ 日本 😀 \n'},
    "empty": {"S": ""},
    "negative": {"N": "-12.50"},
    "tiny": {"N": "1E-20"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "binary": {"B": b"\x00\x01binary"},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1.5", "2.5"]},
    "binaries": {"BS": [b"x", b"y"]},
    "list": {"L": [{"S": "x"}, {"S": "y"}, {"NULL": True}]},
    "map": {"M": {"deep": {"M": {"deeper": {"L": [{"BOOL": True}]}}}}},
    "empty_list": {"L": []},
    "empty_map": {"M": {}},
}


def item(identity: str, **attributes: Any) -> dict[str, Any]:
    return {"order_id": {"S": identity}, **attributes}


@pytest.fixture(scope="module")
def system(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Deployed, with the sample data and an item of every type exported."""
    progress = Progress(Console())
    with deployment(tmp_path_factory.mktemp(kind), kind) as system:
        system.make_state_bucket()
        system.apply_tables()
        put(system, item("exported", **EVERY_TYPE))
        demo.deploy(system, progress)
        yield system


def put(system: Deployment, item: dict[str, Any]) -> None:
    system.aws.client("dynamodb").put_item(TableName=system.table_name(), Item=item)


def role_of(system: Deployment, email: str) -> str:
    """The IAM role that a person is, once signed in."""
    arn: str = _aws(system, system.sign_in(email), "sts").get_caller_identity()["Arn"]
    return arn.split("/")[1]


def dead_letters(system: Deployment) -> list[dict[str, Any]]:
    s3, bucket = system.aws.client("s3"), system.settings.names.export_bucket
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="dlq/orders-1/").get("Contents", [])]
    objects = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return [letter for content in objects for letter in content["dlqObjects"]]


def test_everything_was_exported(system: Deployment) -> None:
    documents = system.documents()
    assert len(documents) == system.settings.tables["orders"].seeding.items + 1  # type: ignore[union-attr]
    assert system.differences() == []
    assert documents["exported"]["binary"] == "AAFiaW5hcnk="


def test_declared_attributes_are_mapped_as_declared(system: Deployment) -> None:
    mapping = system.search.indices.get_mapping(index="orders")["orders-1"]["mappings"]["properties"]
    declared = system.settings.tables["orders"].documents.attributes
    assert {name: mapping[name] for name in declared} == {name: one.mapping for name, one in declared.items()}


def test_every_type_comes_through_the_stream(system: Deployment) -> None:
    put(system, item("streamed", **EVERY_TYPE))
    system.wait_until_same()


def test_the_last_of_many_writes_within_a_second_wins(system: Deployment) -> None:
    for number in range(5):
        put(system, item("hot", quantity={"N": str(number)}))
    system.wait_until_same()
    assert system.documents()["hot"]["quantity"] == 4


def test_an_item_put_and_deleted_at_once_is_gone(system: Deployment) -> None:
    put(system, item("gone"))
    system.aws.client("dynamodb").delete_item(TableName=system.table_name(), Key=item("gone"))
    put(system, item("after"))
    system.wait_until_same()
    assert "gone" not in system.documents()


def test_changes_and_deletes_reach_the_index(system: Deployment) -> None:
    before = system.documents()
    demo.change(system, Progress(Console()))
    after = system.documents()
    assert before.keys() > after.keys()
    assert any(before[identity] != after[identity] for identity in after)


def test_a_poison_document_goes_to_the_dead_letters_and_stops_nothing(system: Deployment) -> None:
    put(system, item("poison", price={"S": "not a number"}))
    put(system, item("healthy", price={"N": "1.25"}))
    letters = processes.wait_until(lambda: dead_letters(system), limit_seconds=300, what="a dead letter")
    (letter,) = letters
    assert letter["failedData"]["indexId"] == "poison"
    assert letter["failedData"]["status"] == 400
    assert "price" in letter["failedData"]["message"]
    processes.wait_until(lambda: "healthy" in system.documents(), limit_seconds=300, what="the document after it")
    assert system.differences() == ["poison: in the table, not in the index"]
    system.aws.client("dynamodb").delete_item(TableName=system.table_name(), Key=item("poison"))


def test_dead_letters_are_listed_and_replayed_once_the_cause_is_mended(system: Deployment) -> None:
    """By somebody who may invoke the function and nothing else."""
    environment = {**system.environment, "AWS_ACCESS_KEY_ID": _key_of_an_operator(system)}

    def command(*options: str) -> tuple[int, str]:
        file = system.directory / f"{system.environment_name}.yaml"
        run = [sys.executable, "-m", "dead_letters", str(file), *options]
        done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    def limit_fields(limit: int | None) -> None:
        system.search.indices.put_settings(index="orders-1", body={"index.mapping.total_fields.limit": limit})

    def ids() -> set[str]:
        return {letter["failedData"]["indexId"] for letter in dead_letters(system)}

    limit_fields(1)
    put(system, item("one-too-many", never_seen={"S": "x"}))
    processes.wait_until(lambda: "one-too-many" in ids(), limit_seconds=300, what="a dead letter")
    code, shown = command()
    assert code == 0
    assert "Limit of total fields [1] has been exceeded" in shown
    assert shown.splitlines()[-1].startswith("dead-letters: environment=local ")

    # The item of the letter before is gone by now; this one's is there, and its document still refused.
    assert command("--replay", "--table", "orders")[0] == 1
    assert ids() == {"one-too-many"}
    assert "one-too-many" not in system.documents()

    limit_fields(None)
    processes.wait_until(lambda: command("--replay")[0] == 0, limit_seconds=300, what="the letter is old enough")
    system.wait_until_same()
    assert system.documents()["one-too-many"]["never_seen"] == "x"
    assert dead_letters(system) == []
    assert command()[1] == "dead-letters: environment=local reasons=0 letters=0\n"


def _key_of_an_operator(system: Deployment) -> str:
    names, iam = system.settings.names, system.aws.client("iam")
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": system.settings.account_id}}
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": names.function_arn(names.dead_letters)}
    trust, policy = (json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (assume, invoke))
    iam.create_role(RoleName="operator", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="operator", PolicyName="invoke", PolicyDocument=policy)
    session = system.aws.client("sts").assume_role(RoleArn=names.role_arn("operator"), RoleSessionName="looks")
    return str(session["Credentials"]["AccessKeyId"])


def test_users_are_invited_into_their_groups(system: Deployment) -> None:
    mails = [json.loads(line) for line in system.aws.outbox.read_text().splitlines()]
    people = system.settings.dashboards
    assert {mail["to"] for mail in mails} == people.groups.keys()
    assert all(mail["temporary_password"] in mail["text"] for mail in mails)
    cognito, pool = system.aws.client("cognito-idp"), system.pools["UserPoolId"]
    for email, group in people.groups.items():
        groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=email)["Groups"]
        assert [there["GroupName"] for there in groups] == [group]


def test_people_come_move_and_leave_with_the_settings(system: Deployment) -> None:
    def apply(administrators: list[str], analysts: list[str]) -> dict[str, str]:
        """E-mail address -> id of the user, afterwards."""
        system.configure(
            dashboards={
                "administrators": {"users": [ADMINISTRATOR, *administrators]},
                "analysts": {"users": [ANALYST, *analysts]},
            }
        )
        stack = system.terraform("pipeline")
        stack.init()
        stack.apply(f"-target={USERS}", f"-target={MEMBERSHIPS}")
        pool = system.pools["UserPoolId"]
        users = system.aws.client("cognito-idp").list_users(UserPoolId=pool)["Users"]
        attributes = [{a["Name"]: a["Value"] for a in user["Attributes"]} for user in users]
        return {one["email"]: one["sub"] for one in attributes}

    newcomer = "newcomer@example.com"
    before = apply([], [newcomer])
    assert newcomer in before
    assert role_of(system, newcomer) == system.settings.names.analysts_role
    assert apply([newcomer], []) == before
    assert role_of(system, newcomer) == system.settings.names.administrators_role
    assert apply([], []).keys() == {ADMINISTRATOR, ANALYST}


def test_an_analyst_sees_the_table_on_the_dashboard(system: Deployment) -> None:
    shown = panels.seen_by(ANALYST, system)
    assert {panel.id: panel.differences for panel in shown if panel.differences} == {}
    # Count, total, changes, two counts by attribute, money over time, latest documents; the map where there is a grid.
    assert len([panel for panel in shown if panel.unsupported is None]) >= 7
    assert {panel.id for panel in shown if panel.unsupported} <= {"orders-map"}


def test_the_dashboard_is_what_people_see_first(system: Deployment) -> None:
    search = system.search_as(system.sign_in(ANALYST))
    headers = {"osd-xsrf": "true", "securitytenant": "global"}
    path = "/_dashboards/api/opensearch-dashboards/settings"
    answer = search.transport.perform_request("POST", path, headers=headers, body={"changes": {}})
    assert answer["settings"]["defaultRoute"]["userValue"] == "/app/dashboards#/view/orders-overview"
    tenancy = system.search.transport.perform_request("GET", "/_plugins/_security/api/tenancy/config")
    assert tenancy["default_tenant"] == "global"


def test_sessions_are_short(system: Deployment) -> None:
    described = system.dashboards_client()
    assert described["RefreshTokenValidity"] == 12 * 60
    assert set(described["TokenValidityUnits"].values()) == {"minutes"}


def test_setting_up_again_changes_nothing(system: Deployment) -> None:
    def security() -> list[Any]:
        paths = ("roles", "rolesmapping", "tenancy/config")
        request = system.search.transport.perform_request
        return [request("GET", f"/_plugins/_security/api/{path}") for path in paths]

    before = security()
    with Jobs(system) as jobs, ThreadPoolExecutor(1) as worker:
        jobs.begin("set-up", worker).result(timeout=300)
    assert security() == before


def test_a_second_plan_changes_nothing(system: Deployment) -> None:
    assert system.changed_stacks() == []


def test_cdktfs_continuation_finds_nothing_to_do(system: Deployment, tmp_path: Path) -> None:
    """With the provider kept, as docs/way-out.md tells: the state that CDKTF's JSON made is that of cdktn's."""
    (cdktn,) = (candidate for candidate in CANDIDATES if candidate.name == "cdktn")
    if not cdktn.python.exists() and "CI" not in os.environ:
        pytest.skip("the packages of cdktn are not installed: run `make way-out`, which needs PyPI")
    synthesize(cdktn, [str(system.directory / f"{system.environment_name}.yaml")], tmp_path)
    stacks = sorted((tmp_path / system.environment_name / "stacks").iterdir())
    assert [stack.name for stack in stacks] == ["pipeline", "seeding", "state"]
    for stack in stacks:
        file = stack / "cdk.tf.json"
        document = json.loads(file.read_text())
        document["terraform"]["required_providers"]["aws"]["version"] = tools.AWS_PROVIDER_VERSION
        file.write_text(json.dumps(document))
        terraform = Terraform(stack, system.environment, tmp_path / f"{stack.name}.log")
        terraform.init()
        assert not terraform.has_changes(), terraform.log.read_text()


def test_no_call_was_denied(system: Deployment) -> None:
    assert system.refusals() == []
    # arn:aws:sts::123456789012:assumed-role/ROLE/SESSION
    callers = {d["who"].split("/")[1] for d in system.decisions() if ":assumed-role/" in d["who"]}
    names, (pipeline,) = system.settings.names, system.settings.pipelines
    roles = {names.table("orders").seeder_role, names.search_setup_role, names.analysts_role, pipeline.names.role}
    assert roles | {names.dead_letters_role} <= callers


def test_no_secret_is_in_state_variables_or_logs(system: Deployment) -> None:
    described = system.dashboards_client()
    mails = [json.loads(line) for line in system.aws.outbox.read_text().splitlines()]
    secrets = {mail["temporary_password"] for mail in mails} | system.chosen_secrets | {described["ClientSecret"]}
    assert len(secrets) >= 6
    s3, names = system.aws.client("s3"), system.settings.names
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=names.state_bucket)["Contents"]]
    written = {key: s3.get_object(Bucket=names.state_bucket, Key=key)["Body"].read().decode() for key in keys}
    assert len(written) == 3
    # The outbox stands for the mail: there a password belongs.
    files = {file for file in system.directory.rglob("*") if file.suffix in (".log", ".jsonl", ".json")}
    written |= {str(file): file.read_text(errors="replace") for file in files - {system.aws.outbox}}
    logs = system.aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        written[group["logGroupName"]] = "\n".join(event["message"] for event in events)
    functions = system.aws.client("lambda").list_functions()["Functions"]
    written |= {function["FunctionName"]: json.dumps(function["Environment"]) for function in functions}
    found = [
        place
        for place, text in written.items()
        if any(secret in text for secret in secrets) or "PRIVATE KEY-----" in text
    ]
    assert found == []


def _of_role(name_of: Callable[[Deployment], str]) -> Session:
    def session(system: Deployment) -> boto3.Session:
        name = name_of(system)
        credentials = system.aws.client("sts").assume_role(
            RoleArn=system.settings.names.role_arn(name), RoleSessionName="tries"
        )["Credentials"]
        return boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])

    return session


def _stranger(system: Deployment) -> boto3.Session:
    """A role of the same account that nobody gave anything."""
    account = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": system.settings.account_id}}
    iam = system.aws.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        trust = {"Version": "2012-10-17", "Statement": [account]}
        iam.create_role(RoleName="stranger", AssumeRolePolicyDocument=json.dumps(trust))
    arn = system.settings.names.role_arn("stranger")
    credentials = system.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="tries")["Credentials"]
    return boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


CALLERS: dict[str, Session] = {
    "stranger": _stranger,
    "analyst": lambda system: system.sign_in(ANALYST),
    "administrator": lambda system: system.sign_in(ADMINISTRATOR),
    "pipeline": _of_role(lambda system: system.settings.pipelines[0].names.role),
    "seeder": _of_role(lambda system: system.settings.names.table("orders").seeder_role),
    "dead letters": _of_role(lambda system: system.settings.names.dead_letters_role),
}


def _aws(system: Deployment, session: boto3.Session, service: str) -> Any:
    connect: Any = session.client
    return connect(service, endpoint_url=system.aws.endpoint_url, region_name=system.settings.region)


ATTEMPTS: dict[str, Callable[[Deployment, boto3.Session], object]] = {
    "read the index": lambda system, session: system.search_as(session).search(index="orders"),
    "read another index": lambda system, session: system.search_as(session).search(index="elsewhere"),
    "write a document": lambda system, session: system.search_as(session).index(
        index="orders-1", id="x", body={"a": 1}
    ),
    "write elsewhere": lambda system, session: system.search_as(session).index(
        index="elsewhere", id="x", body={"a": 1}
    ),
    "delete the index": lambda system, session: system.search_as(session).indices.delete(index="orders-1"),
    "change who may what": lambda system, session: system.search_as(session).transport.perform_request(
        "PUT", "/_plugins/_security/api/rolesmapping/all_access", body={"backend_roles": ["arn:aws:iam::1:role/me"]}
    ),
    "read the state": lambda system, session: _aws(system, session, "s3").get_object(
        Bucket=system.settings.names.state_bucket, Key="local/pipeline.tfstate"
    ),
    "become the master": lambda system, session: _aws(system, session, "sts").assume_role(
        RoleArn=system.settings.names.role_arn(system.settings.names.search_setup_role), RoleSessionName="tries"
    ),
    "write to the table": lambda system, session: _aws(system, session, "dynamodb").put_item(
        TableName=system.table_name(), Item={"order_id": {"S": "x"}}
    ),
}
# What somebody may, all the same.
PERMITTED = {
    "analyst": {"read the index"},
    # Looks after every index; deleting one is not tried here.
    "administrator": {"read the index", "read another index", "delete the index"},
    "pipeline": {"write a document"},
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_may_do_more_than_their_job(system: Deployment, caller: str, attempt: str) -> None:
    session = CALLERS[caller](system)
    system.search.index(index="elsewhere", id="there", body={"a": 1}, refresh=True)
    if attempt in PERMITTED.get(caller, ()):
        if attempt != "delete the index":
            ATTEMPTS[attempt](system, session)
        system.search.delete(index="orders-1", id="x", ignore=[404])
        return
    with pytest.raises((ClientError, AuthorizationException), match=r"AccessDenied|403"):
        ATTEMPTS[attempt](system, session)


def test_who_is_in_no_group_gets_nothing(system: Deployment) -> None:
    pool = system.pools["UserPoolId"]
    email = "somebody@example.com"
    system.aws.client("cognito-idp").admin_create_user(
        UserPoolId=pool,
        Username=email,
        UserAttributes=[{"Name": "email", "Value": email}],
        DesiredDeliveryMediums=["EMAIL"],
    )
    with pytest.raises(people.SignInRefused, match="NotAuthorizedException"):
        system.sign_in(email)


def test_each_permission_is_needed(system: Deployment, kind: Kind) -> None:
    if kind != "embedded":
        pytest.skip("Data Prepper starts too slowly to be started some thirty times; the embedded engine stands for it")
    result = proof.prove(system, Progress(Console()))
    assert result.problems == []
    assert len(result.needed) > len(result.documented)
    assert system.differences() == []


def test_destroying_the_seeding_leaves_the_table_as_it_is(system: Deployment) -> None:
    before = len(system.items())
    system.terraform("seeding").destroy()
    assert len(system.items()) == before
    assert system.differences() == []
