"""What the local AWS knows of whoever deploys: boundaries, roles that are passed, tags, the policy simulator."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.conftest import Client
from tests.local.policy_documents import allow, document

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
TRUST = document(allow("sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}))


def role_of(session: Client) -> str:
    name: str = session("sts").get_caller_identity()["Arn"].split("/")[1]
    return name


def policy(client: Client, name: str, *statements: Any) -> str:
    arn: str = client("iam").create_policy(PolicyName=name, PolicyDocument=document(*statements))["Policy"]["Arn"]
    return arn


def test_a_boundary_limits_what_policies_grant(client: Client, as_role: Callable[..., Client]) -> None:
    session = as_role(allow(["iam:GetRole", "iam:ListRolePolicies"], f"{ROLE}/*"))
    role, iam = role_of(session), session("iam")
    iam.get_role(RoleName=role)
    arn = policy(client, "only-get", allow("iam:GetRole", f"{ROLE}/*"))
    client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    iam.get_role(RoleName=role)
    with pytest.raises(ClientError, match="no permissions boundary allows the iam:ListRolePolicies action"):
        iam.list_role_policies(RoleName=role)


def test_a_boundary_limits_what_a_bucket_grants_to_the_role(client: Client, as_role: Callable[..., Client]) -> None:
    session = as_role()
    role, administrator = role_of(session), client("s3")
    administrator.create_bucket(Bucket="bounded")
    administrator.put_object(Bucket="bounded", Key="a", Body=b"")
    grant = allow("s3:GetObject", "arn:aws:s3:::bounded/*", Principal={"AWS": f"{ROLE}/{role}"})
    administrator.put_bucket_policy(Bucket="bounded", Policy=document(grant))
    session("s3").get_object(Bucket="bounded", Key="a")
    arn = policy(client, "nothing-of-s3", allow("iam:GetRole", f"{ROLE}/*"))
    client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    with pytest.raises(ClientError, match="no permissions boundary allows the s3:GetObject action"):
        session("s3").get_object(Bucket="bounded", Key="a")


def test_roles_are_made_within_a_boundary_only(client: Client, as_role: Callable[..., Client]) -> None:
    limit, other = (policy(client, name, allow("s3:GetObject", "arn:aws:s3:::b/*")) for name in ("limit", "other"))
    bound = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    iam = as_role(allow(["iam:CreateRole", "iam:PutRolePolicy"], f"{ROLE}/made-*", Condition=bound))("iam")
    made = {"RoleName": "made-1", "AssumeRolePolicyDocument": TRUST}
    with pytest.raises(ClientError, match="iam:CreateRole"):
        iam.create_role(**made)
    with pytest.raises(ClientError, match="iam:CreateRole"):
        iam.create_role(**made, PermissionsBoundary=other)
    iam.create_role(**made, PermissionsBoundary=limit)
    grant = {"PolicyName": "p", "PolicyDocument": document(allow("s3:GetObject", "arn:aws:s3:::b/*"))}
    iam.put_role_policy(RoleName="made-1", **grant)
    client("iam").create_role(RoleName="made-2", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="iam:PutRolePolicy"):
        iam.put_role_policy(RoleName="made-2", **grant)


def test_a_role_is_passed_to_a_service_that_may_have_it(client: Client, as_role: Callable[..., Client]) -> None:
    def trying(service: str) -> Any:
        passing = allow("iam:PassRole", f"{ROLE}/*", Condition={"StringEquals": {"iam:PassedToService": service}})
        return as_role(
            allow(["scheduler:CreateSchedule"], f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/*"),
            passing,
        )("scheduler")

    client("iam").create_role(RoleName="passed", AssumeRolePolicyDocument=TRUST)
    schedule = {
        "Name": "one",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:osis:stopPipeline", "RoleArn": f"{ROLE}/passed"},
    }
    with pytest.raises(ClientError, match="iam:PassRole"):
        trying("lambda.amazonaws.com").create_schedule(**schedule)
    trying("scheduler.amazonaws.com").create_schedule(**schedule)


def test_pools_are_told_by_their_tags(client: Client, as_role: Callable[..., Client]) -> None:
    pools = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/*"
    cognito = as_role(
        allow("cognito-idp:CreateUserPool", "*", Condition={"StringEquals": {"aws:RequestTag/project": "shop"}}),
        allow("cognito-idp:DescribeUserPool", pools, Condition={"StringEquals": {"aws:ResourceTag/project": "shop"}}),
    )("cognito-idp")
    with pytest.raises(ClientError, match="cognito-idp:CreateUserPool"):
        cognito.create_user_pool(PoolName="other")
    pool = cognito.create_user_pool(PoolName="shop", UserPoolTags={"project": "shop"})["UserPool"]["Id"]
    cognito.describe_user_pool(UserPoolId=pool)
    client("cognito-idp").update_user_pool(UserPoolId=pool, DeletionProtection="ACTIVE")
    assert cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["DeletionProtection"] == "ACTIVE"
    other = client("cognito-idp").create_user_pool(PoolName="other")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="cognito-idp:DescribeUserPool"):
        cognito.describe_user_pool(UserPoolId=other)


def test_who_makes_something_with_tags_must_be_allowed_to_tag_it(as_role: Callable[..., Client]) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
    sns = as_role(allow("sns:CreateTopic", topic))("sns")
    sns.create_topic(Name="topic")
    with pytest.raises(ClientError, match="sns:TagResource"):
        sns.create_topic(Name="topic", Tags=[{"Key": "a", "Value": "b"}])


def test_the_simulator_says_what_a_role_may(client: Client, as_role: Callable[..., Client]) -> None:
    role = role_of(as_role(allow("s3:GetObject", "arn:aws:s3:::b/*")))
    results = client("iam").simulate_principal_policy(
        PolicySourceArn=f"{ROLE}/{role}",
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/key"],
    )["EvaluationResults"]
    assert {one["EvalActionName"]: one["EvalDecision"] for one in results} == {
        "s3:GetObject": "allowed",
        "s3:PutObject": "implicitDeny",
    }


def test_lambda_says_what_is_left_to_reserve(emulator: Emulator) -> None:
    settings = emulator.client("lambda").get_account_settings()
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000
