"""Checks of an account, against moto's, and against what AWS answers where moto knows no such call."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

import deployer
from doctor import access, names, permissions, quotas, state
from doctor.__main__ import of_account
from doctor.finding import Finding, looked
from local.emulator.policies import Decision, Request, evaluate
from settings import Settings, load
from stacks.policies import Statement, document
from tests.unit.conftest import ABSENT, settings_of

ACCOUNT = "123456789012"
REGION = "eu-west-1"
Change = Callable[..., Settings]
EXISTING = {"existing": {"name": "Legacy"}}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/me"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def settings_with(tmp_path: Path) -> Change:
    return lambda **changes: settings_of(tmp_path, {"account_id": ACCOUNT, **changes})


def client(service: str) -> Any:
    session: Any = boto3.Session("key", "secret", region_name=REGION)
    return session.client(service)


def verdicts(found: Iterator[Finding]) -> dict[str, str]:
    """What was found -> the verdict."""
    return {finding.found: finding.verdict for finding in found}


def refusal(operation: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Refusing:
    """A client of AWS whose every call ends so."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            raise self._error

        return call


def ours(settings: Settings) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in settings.identity.items()]


def test_somebody_of_the_account_calls() -> None:
    arn, found = access.caller(client("sts"), ACCOUNT)
    assert arn is not None
    assert [one.verdict for one in found] == ["good", "good"]


def test_somebody_of_another_account_calls() -> None:
    arn, found = access.caller(client("sts"), "999999999999")
    assert arn is None
    assert (found[-1].check, found[-1].verdict) == ("account", "bad")
    assert "account_id is 999999999999" in found[-1].found


@pytest.mark.parametrize(
    ("code", "said"), [("ExpiredToken", "have expired"), ("InvalidClientTokenId", "does not know")]
)
def test_nobody_calls(code: str, said: str) -> None:
    arn, (found,) = access.caller(Refusing(refusal("GetCallerIdentity", code)), ACCOUNT)
    assert (arn, found.verdict) == (None, "bad")
    assert said in found.found
    assert "log in" in found.remedy


@pytest.mark.parametrize(("name", "verdict"), [(REGION, "good"), ("me-south-1", "bad")])
def test_a_region_is_enabled(name: str, verdict: str) -> None:
    (found,) = access.region(client("ec2"), name)
    assert found.verdict == verdict


@pytest.mark.parametrize(("backend", "verdict"), [("local", "good"), ("s3", "bad")])
def test_without_the_state_bucket_only_a_local_state_is_well(backend: str, verdict: str, settings_with: Change) -> None:
    (found,) = state.bucket(client("s3"), settings_with(state={"backend": backend}))
    assert (found.check, found.verdict) == ("state bucket", verdict)


def test_a_state_bucket_that_may_not_be_read(settings_with: Change) -> None:
    (found,) = state.bucket(Refusing(refusal("ListObjectsV2", "AccessDenied")), settings_with())
    assert found.verdict == "bad"
    assert "may not be read" in found.found


def make_bucket(name: str) -> None:
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def test_a_lock_says_who_holds_it(settings_with: Change) -> None:
    settings = settings_with()
    make_bucket(settings.names.state_bucket)
    assert {one.check: one.verdict for one in state.bucket(client("s3"), settings)} == {
        "state bucket": "good",
        "locks": "good",
    }
    lock = {"ID": "c0ffee", "Who": "ann@laptop", "Created": "2026-01-01T00:00:00Z", "Operation": "OperationTypeApply"}
    key = "test/pipeline.tfstate.tflock"
    client("s3").put_object(Bucket=settings.names.state_bucket, Key=key, Body=io.BytesIO(json.dumps(lock).encode()))
    _, held = state.bucket(client("s3"), settings)
    assert (held.check, held.verdict) == ("lock of pipeline", "bad")
    assert "ann@laptop" in held.found
    assert "force-unlock c0ffee" in held.remedy


@pytest.mark.parametrize(("unreserved", "verdict"), [(1000, "good"), (112, "good"), (111, "bad"), (10, "bad")])
def test_functions_leave_lambda_its_share(unreserved: int, verdict: str, settings_with: Change) -> None:
    """Ten, one, and one for the seeder of the one table."""
    lambda_client = client("lambda")
    with Stubber(lambda_client) as stub:
        for _ in range(3):
            stub.add_client_error("get_function_concurrency", "ResourceNotFoundException", http_status_code=404)
        stub.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}})
        (found,) = quotas.concurrency(lambda_client, settings_with())
    assert found.verdict == verdict


def test_what_functions_have_reserved_is_not_asked_for_again(settings_with: Change) -> None:
    lambda_client = client("lambda")
    with Stubber(lambda_client) as stub:
        for _ in range(3):
            stub.add_response("get_function_concurrency", {"ReservedConcurrentExecutions": 1})
        stub.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": 100}})
        (found,) = quotas.concurrency(lambda_client, settings_with())
    assert found.verdict == "good"


def make_pipeline(name: str, tags: list[dict[str, str]]) -> None:
    client("osis").create_pipeline(
        PipelineName=name, MinUnits=1, MaxUnits=1, PipelineConfigurationBody="version: '2'", Tags=tags
    )


@pytest.mark.parametrize(("quota", "verdict"), [(2, "good"), (1, "bad")])
def test_pipelines_fit_into_their_quota(quota: int, verdict: str, settings_with: Change) -> None:
    make_pipeline("other", [])
    (found,) = quotas.pipelines(client("osis"), settings_with(ingestion={"pipeline_quota": quota}))
    assert found.verdict == verdict


def test_a_domain_that_should_be_there_is(settings_with: Change) -> None:
    settings = settings_with(domain=ABSENT, existing_domain={"name": "company"})
    (found,) = quotas.domains(client("opensearch"), settings)
    assert found.verdict == "bad"
    client("opensearch").create_domain(DomainName="company")
    (found,) = quotas.domains(client("opensearch"), settings)
    assert found.verdict == "good"


def test_more_domains_than_aws_gives(settings_with: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "DOMAINS", 1)
    client("opensearch").create_domain(DomainName="other")
    (found,) = quotas.domains(client("opensearch"), settings_with())
    assert found.verdict == "bad"


def make_log_policies(count: int) -> None:
    for number in range(count):
        client("logs").put_resource_policy(policyName=f"other-{number}", policyDocument="{}")


@pytest.mark.parametrize(("others", "verdict"), [(9, "good"), (10, "bad")])
def test_a_policy_for_log_delivery_fits_in(others: int, verdict: str, settings_with: Change) -> None:
    make_log_policies(others)
    (found,) = quotas.log_policies(client("logs"), settings_with())
    assert found.verdict == verdict
    assert list(quotas.log_policies(client("logs"), settings_with(domain=ABSENT, collection={}))) == []


def test_a_policy_that_is_there_takes_no_other_place(settings_with: Change) -> None:
    settings = settings_with()
    make_log_policies(9)
    client("logs").put_resource_policy(policyName=settings.names.domain, policyDocument="{}")
    (found,) = quotas.log_policies(client("logs"), settings)
    assert found.verdict == "good"


def node_limits(most: int = 10, gib: int = 1024, disk: str = "gp3") -> dict[str, Any]:
    """As DescribeInstanceTypeLimits tells them of data nodes."""
    sizes = {"MinimumVolumeSize": 10, "MaximumVolumeSize": gib, "MaximumIops": 16000, "MaximumThroughput": 1000}
    storage = {
        "StorageTypeName": "ebs",
        "StorageSubTypeName": disk,
        "StorageTypeLimits": [{"LimitName": name, "LimitValues": [str(size)]} for name, size in sizes.items()],
    }
    counts = {"InstanceCountLimits": {"MinimumInstanceCount": 1, "MaximumInstanceCount": most}}
    return {"LimitsByRole": {"data": {"StorageTypes": [storage], "InstanceLimits": counts}}}


@pytest.mark.parametrize(
    ("limits", "verdict", "found"),
    [
        (node_limits(), "good", "2 of r7g.large.search"),
        (node_limits(most=1), "bad", "r7g.large.search: 2 are wanted, 1 is the limit"),
        (node_limits(gib=50), "bad", "r7g.large.search: a gp3 disk has 10 to 50 GiB, 100 are wanted"),
        (node_limits(disk="gp2"), "bad", "r7g.large.search: it takes no gp3 disk"),
        ({"LimitsByRole": {}}, "unknown", "AWS tells no limits of r7g.large.search as a data node"),
        (None, "bad", "r7g.large.search is not there in eu-west-1 with OpenSearch_2.19"),
    ],
)
def test_the_region_has_the_nodes(
    limits: dict[str, Any] | None, verdict: str, found: str, settings_with: Change
) -> None:
    settings = settings_with(domain={"instance_type": "r7g.large.search", "instance_count": 2, "volume_gib": 100})
    opensearch = client("opensearch")
    with Stubber(opensearch) as stub:
        if limits is None:
            stub.add_client_error("describe_instance_type_limits", "InvalidTypeException", http_status_code=409)
        else:
            asked = {"InstanceType": "r7g.large.search", "EngineVersion": "OpenSearch_2.19"}
            stub.add_response("describe_instance_type_limits", limits, asked)
        (finding,) = quotas.instances(opensearch, settings)
    assert (finding.verdict, finding.found) == (verdict, found)


def test_masters_and_warm_nodes_are_looked_up_too(settings_with: Change) -> None:
    domain = {
        "instance_type": "r7g.large.search",
        "instance_count": 2,
        "volume_gib": 100,
        "masters": "m7g.large.search",
        "warm": {"type": "ultrawarm1.medium.search", "count": 2},
    }
    opensearch = client("opensearch")
    with Stubber(opensearch) as stub:
        stub.add_response("describe_instance_type_limits", node_limits())
        stub.add_response("describe_instance_type_limits", {"LimitsByRole": {"master": {}}})
        stub.add_client_error("describe_instance_type_limits", "ValidationException")
        found = list(quotas.instances(opensearch, settings_with(domain=domain)))
    assert [one.verdict for one in found] == ["good", "good", "bad"]


def test_names_of_buckets_are_free_or_ours(settings_with: Change) -> None:
    settings = settings_with()
    make_bucket(settings.names.export_bucket)
    assert verdicts(names.buckets(client("s3"), settings)) == {
        f"{settings.names.state_bucket} is free": "good",
        f"{settings.names.access_log_bucket} is free": "good",
        f"{settings.names.export_bucket} is this account's": "good",
    }
    taken = names.buckets(Refusing(refusal("HeadBucket", "403")), settings)
    assert {one.verdict for one in taken} == {"bad"}


def test_the_sign_in_prefix_is_free_or_ours(settings_with: Change) -> None:
    settings, cognito = settings_with(), client("cognito-idp")
    assert verdicts(names.sign_in_prefix(cognito, settings)) == {f"{settings.names.sign_in_prefix} is free": "good"}
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    cognito.create_user_pool_domain(Domain=settings.names.sign_in_prefix, UserPoolId=pool)
    (found,) = names.sign_in_prefix(cognito, settings)
    assert found.verdict == "bad"
    cognito.delete_user_pool_domain(Domain=settings.names.sign_in_prefix, UserPoolId=pool)
    pool = cognito.create_user_pool(PoolName="ours", UserPoolTags=settings.identity)["UserPool"]["Id"]
    cognito.create_user_pool_domain(Domain=settings.names.sign_in_prefix, UserPoolId=pool)
    (found,) = names.sign_in_prefix(cognito, settings)
    assert found.verdict == "good"


@pytest.mark.parametrize("tagged", [True, False])
def test_what_is_there_is_ours_by_its_tags(tagged: bool, settings_with: Change) -> None:
    settings = settings_with()
    tags = ours(settings) if tagged else []
    dynamodb, opensearch, osis = client("dynamodb"), client("opensearch"), client("osis")
    free = [
        *names.domain(opensearch, settings),
        *names.pipelines(osis, settings),
        *names.tables(dynamodb, settings),
    ]
    assert all(one.verdict == "good" and one.found.endswith("is free") for one in free)
    opensearch.create_domain(DomainName=settings.names.domain, TagList=tags)
    make_pipeline("shop-test-orders-1", tags)
    make_table("shop-test-orders", tags)
    there = [
        *names.domain(opensearch, settings),
        *names.pipelines(osis, settings),
        *names.tables(dynamodb, settings),
    ]
    assert len(there) == len(free)
    assert {one.verdict for one in there} == ({"good"} if tagged else {"bad"})


def make_table(name: str, tags: list[dict[str, str]]) -> None:
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        Tags=tags,
    )


def test_a_table_of_somebody_else_is_there(settings_with: Change) -> None:
    settings = settings_with(tables={"orders": EXISTING})
    (found,) = names.tables(client("dynamodb"), settings)
    assert (found.verdict, found.found) == ("bad", "Legacy is not there")
    make_table("Legacy", [])
    (found,) = names.tables(client("dynamodb"), settings)
    assert found.verdict == "good"


NETWORK = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}


def test_only_a_domain_in_a_vpc_waits_for_its_service_linked_role(settings_with: Change) -> None:
    iam = client("iam")
    assert {one.verdict for one in permissions.service_linked_roles(iam, settings_with())} == {"good"}
    private = settings_with(network=NETWORK)
    found = list(permissions.service_linked_roles(iam, private))
    assert [one.verdict for one in found] == ["bad", "good"]
    assert found[0].remedy == "aws iam create-service-linked-role --aws-service-name opensearchservice.amazonaws.com"
    iam.create_role(RoleName="AWSServiceRoleForAmazonOpenSearchService", AssumeRolePolicyDocument="{}")
    assert [one.verdict for one in permissions.service_linked_roles(iam, private)] == ["good", "good"]


def simulation(decisions: dict[str, str]) -> dict[str, Any]:
    return {
        "EvaluationResults": [
            {"EvalActionName": action, "EvalDecision": decision} for action, decision in decisions.items()
        ]
    }


def test_permissions_that_are_missing_are_named(settings_with: Change) -> None:
    iam, statements = client("iam"), list(deployer.deploying(settings_with()))[:2]
    with Stubber(iam) as stub:
        for number, statement in enumerate(statements):
            asked = {
                "PolicySourceArn": ROLE,
                "ActionNames": list(statement.actions),
                "ResourceArns": list(statement.resources),
                "ContextEntries": [],
            }
            decided = dict.fromkeys(statement.actions, "implicitDeny" if number else "allowed")
            stub.add_response("simulate_principal_policy", simulation(decided), asked)
        (found,) = permissions.simulated(iam, SESSION, statements)
    assert found.verdict == "bad"
    assert found.found == f"{ROLE} may not {', '.join(sorted(statements[1].actions))}"


def test_permissions_that_are_all_there(settings_with: Change) -> None:
    iam, statements = client("iam"), list(deployer.deploying(settings_with()))[:1]
    with Stubber(iam) as stub:
        stub.add_response("simulate_principal_policy", simulation(dict.fromkeys(statements[0].actions, "allowed")))
        (found,) = permissions.simulated(iam, SESSION, statements)
    assert found.verdict == "good"


class Simulator:
    """IAM for a role with these statements and no other."""

    def __init__(self, *statements: Statement) -> None:
        self._document = json.loads(document(*statements))

    def get_paginator(self, name: str) -> "Simulator":
        assert name == "simulate_principal_policy"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        context = {one["ContextKeyName"].lower(): tuple(one["ContextKeyValues"]) for one in asked["ContextEntries"]}
        allowed = {
            action: all(
                evaluate([self._document], Request(action, resource, context)) is Decision.ALLOW
                for resource in asked["ResourceArns"]
            )
            for action in asked["ActionNames"]
        }
        return [simulation({action: "allowed" if well else "implicitDeny" for action, well in allowed.items()})]


ENVIRONMENTS = sorted(file.stem for file in (Path(__file__).parents[3] / "environments").glob("*.yaml"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_role_with_the_policy_that_is_printed_may_deploy(environment: str) -> None:
    statements = list(deployer.deploying(load(environment)))
    (found,) = permissions.simulated(Simulator(*statements), SESSION, statements)
    assert (found.verdict, found.found) == ("good", f"{ROLE} may do everything that a deployment does")


@pytest.mark.parametrize(
    ("environment", "action"),
    [
        ("prod", "cognito-identity:SetIdentityPoolRoles"),
        ("prod", "osis:CreatePipeline"),
        ("serverless", "aoss:BatchGetCollection"),
    ],
)
def test_a_policy_that_names_a_resource_where_iam_knows_none_is_found(environment: str, action: str) -> None:
    statements = list(deployer.deploying(load(environment)))
    arns = (f"arn:aws:{action.partition(':')[0]}:{REGION}:{ACCOUNT}:*",)
    granted = [replace(one, resources=arns) if action in one.actions else one for one in statements]
    (found,) = permissions.simulated(Simulator(*granted), SESSION, statements)
    assert found.verdict == "bad"
    assert action in found.found


def test_whoever_may_not_simulate_is_told_so(settings_with: Change) -> None:
    iam = client("iam")
    with Stubber(iam) as stub:
        stub.add_client_error("simulate_principal_policy", "AccessDenied", http_status_code=403)
        (found,) = permissions.simulated(iam, SESSION, deployer.deploying(settings_with()))
    assert found.verdict == "unknown"
    assert "python -m deployer" in found.remedy


def test_the_root_user_is_not_simulated(settings_with: Change) -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    (found,) = permissions.simulated(client("iam"), root, deployer.deploying(settings_with()))
    assert found.verdict == "good"


def test_what_may_not_be_looked_at_is_unknown_not_bad(settings_with: Change) -> None:
    client_ = Refusing(refusal("ListPipelines", "AccessDeniedException"))
    (found,) = looked("pipelines", quotas.pipelines, client_, settings_with())
    assert (found.verdict, found.found) == ("unknown", "ListPipelines is not allowed")


def test_nothing_more_is_asked_in_another_account(settings_with: Change) -> None:
    settings = settings_with(account_id="999999999999")
    found = list(of_account(boto3.Session("key", "secret", region_name=REGION), settings))
    assert [one.check for one in found] == ["credentials", "account"]
