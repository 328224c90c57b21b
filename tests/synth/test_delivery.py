"""Who may plan and deploy, and that neither can give itself more."""

import json
import re
from typing import Any

import pytest

import deployer
from local.emulator import policies
from local.emulator.policies import Decision, Request
from settings import Settings, load
from tests import service_authorization as aws
from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized
from tests.unit.conftest import ABSENT

GITHUB = "token.actions.githubusercontent.com"
DELIVERY = {"repository": "acme/shop"}


def trusted(stacks: Stacks, role: str) -> dict[str, Any]:
    policy = json.loads(stacks["delivery"]["resource"]["aws_iam_role"][f"{role}_role"]["assume_role_policy"])
    (statement,) = policy["Statement"]
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Principal"] == {"Federated": [f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"]}
    assert statement["Condition"].keys() == {"StringEquals"}
    return dict(statement["Condition"]["StringEquals"])


def documents(stacks: Stacks, role: str) -> list[dict[str, Any]]:
    """What the role's policies say."""
    made = stacks["delivery"]["resource"]
    attached = [one for name, one in made["aws_iam_role_policy_attachment"].items() if name.startswith(f"{role}_")]
    assert {one["role"] for one in attached} == {f"${{aws_iam_role.{role}_role.name}}"}
    names = [one["policy_arn"].split(".")[1] for one in attached]
    return [json.loads(made["aws_iam_policy"][name]["policy"]) for name in names]


def may(stacks: Stacks, role: str, action: str, resource: str, **context: str) -> bool:
    """With condition keys as iam__PassedToService."""
    keys = {key.replace("__", ":").lower(): value for key, value in context.items()}
    return policies.evaluate(documents(stacks, role), Request(action, resource, keys)) is Decision.ALLOW


@pytest.fixture
def settings(settings_with: SettingsOf) -> Settings:
    return settings_with({"delivery": DELIVERY})


@pytest.fixture
def stacks(settings: Settings, synthesized: Synthesized) -> Stacks:
    return synthesized(settings)


def test_nothing_is_made_unless_it_is_asked_for(stacks_of: StacksOf) -> None:
    stacks = stacks_of("dev")
    assert "delivery" not in stacks
    assert all("permissions_boundary" not in role for role in roles(stacks))


def roles(stacks: Stacks) -> list[dict[str, Any]]:
    """Those that whoever deploys makes."""
    return [
        role
        for name, stack in stacks.items()
        if name != "delivery"
        for role in stack["resource"].get("aws_iam_role", {}).values()
    ]


def test_pull_requests_and_the_branch_plan(stacks: Stacks) -> None:
    assert trusted(stacks, "plan") == {
        f"{GITHUB}:aud": "sts.amazonaws.com",
        f"{GITHUB}:sub": ["repo:acme/shop:pull_request", "repo:acme/shop:ref:refs/heads/main"],
    }


def test_only_the_approved_environment_deploys(stacks: Stacks) -> None:
    assert trusted(stacks, "deploy") == {
        f"{GITHUB}:aud": "sts.amazonaws.com",
        f"{GITHUB}:sub": ["repo:acme/shop:environment:test"],
    }


def test_a_provider_that_is_there_is_not_made_again(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({"delivery": {**DELIVERY, "oidc_provider": "existing"}}))
    assert "aws_iam_openid_connect_provider" not in stacks["delivery"]["resource"]
    assert trusted(stacks, "deploy")


def test_outputs_are_what_a_workflow_needs(stacks: Stacks) -> None:
    assert stacks["delivery"]["output"] == {
        f"{role}_role_arn": {"value": f"${{aws_iam_role.{role}_role.arn}}"} for role in ("plan", "deploy")
    }
    made = stacks["delivery"]["resource"]["aws_iam_role"]
    assert made["plan_role"]["name"] == "shop-test-plan-eu-west-1"
    assert made["deploy_role"]["name"] == "shop-test-deploy-eu-west-1"


def test_every_role_that_is_made_has_the_boundary(stacks: Stacks) -> None:
    arn = "arn:aws:iam::111122223333:policy/shop-test-boundary-eu-west-1"
    assert stacks["delivery"]["resource"]["aws_iam_policy"]["boundary"]["name"] in arn
    assert len(roles(stacks)) == 8
    assert {role["permissions_boundary"] for role in roles(stacks)} == {arn}


ROLE = "arn:aws:iam::111122223333:role/shop-test-{}-eu-west-1"
BOUNDARY = "arn:aws:iam::111122223333:policy/shop-test-boundary-eu-west-1"


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])
def test_a_role_is_only_given_something_within_the_boundary(action: str, stacks: Stacks) -> None:
    role = ROLE.format("orders-1")
    assert may(stacks, "deploy", action, role, iam__PermissionsBoundary=BOUNDARY)
    assert not may(stacks, "deploy", action, role)
    assert not may(
        stacks, "deploy", action, role, iam__PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    assert not may(stacks, "deploy", action, "arn:aws:iam::111122223333:role/admin", iam__PermissionsBoundary=BOUNDARY)


@pytest.mark.parametrize("own", ["plan", "deploy"])
@pytest.mark.parametrize(
    "action", ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:PassRole"]
)
def test_whoever_deploys_cannot_change_who_deploys(action: str, own: str, stacks: Stacks) -> None:
    context = {"iam__PermissionsBoundary": BOUNDARY, "iam__PassedToService": "lambda.amazonaws.com"}
    assert may(stacks, "deploy", action, ROLE.format("orders-1"), **context)
    assert not may(stacks, "deploy", action, ROLE.format(own), **context)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:DeletePolicy", BOUNDARY),
        ("iam:DeleteRolePermissionsBoundary", ROLE.format("orders-1")),
        ("iam:AttachRolePolicy", ROLE.format("orders-1")),
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/me"),
        ("sts:AssumeRole", ROLE.format("search-setup")),
        ("s3:GetObject", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1/test/delivery.tfstate"),
        ("s3:PutObject", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1/test/delivery.tfstate"),
        ("s3:DeleteObject", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1/test/pipeline.tfstate"),
        ("s3:DeleteBucket", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1"),
        ("s3:PutObject", "arn:aws:s3:::shop-test-state-111122223333-eu-west-1/test/state.tfstate"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-test-orders"),
        ("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/other"),
    ],
)
def test_whoever_deploys_does_not_get_around_it(action: str, resource: str, stacks: Stacks) -> None:
    assert not may(stacks, "deploy", action, resource, iam__PermissionsBoundary=BOUNDARY)


# Permissions of CloudFormation's handlers of AWS::OpenSearchServerless::VpcEndpoint, beside those of `aoss`:
# the service calls in the name of whoever calls it.
ENDPOINT = {
    "ec2:CreateTags",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteVpcEndpoints",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ec2:ModifyVpcEndpoint",
    "route53:AssociateVPCWithHostedZone",
    "route53:ChangeResourceRecordSets",
    "route53:CreateHostedZone",
    "route53:DeleteHostedZone",
    "route53:GetChange",
    "route53:GetHostedZone",
    "route53:ListHostedZonesByName",
    "route53:ListHostedZonesByVPC",
    "route53:ListResourceRecordSets",
}


def test_whoever_deploys_may_have_a_collections_endpoint_made(settings_with: SettingsOf) -> None:
    network = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
    statements = list(deployer.deploying(settings_with({"domain": ABSENT, "collection": {}, "network": network})))
    assert {action for one in statements for action in one.actions} >= ENDPOINT
    # Endpoints and zones of others are out of reach: only the service makes such calls.
    direct = {action for one in statements if not one.conditions for action in one.actions}
    assert {action for action in direct & ENDPOINT if "Describe" not in action} == set()
    faults = [fault for one in statements for fault in aws.faults(one.as_json())]
    assert [fault for fault in faults if "route53" in fault or "ec2" in fault] == []


def test_whoever_deploys_takes_away_what_functions_leave_in_a_network(settings_with: SettingsOf) -> None:
    """The provider does, before it destroys a subnet or a security group."""
    for network, may_so in (({"cidr": "10.0.0.0/24"}, True), (None, False)):
        granted = {one for policy in deployer.deploying(settings_with({"network": network})) for one in policy.actions}
        assert (granted >= {"ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"}) is may_so


def test_what_administrators_apply_is_theirs_to_change(settings: Settings) -> None:
    """A state that somebody else writes, or lets be written, runs code as whoever applies it next."""
    buckets = [
        settings.names.bucket_arn(name) for name in (settings.names.state_bucket, settings.names.access_log_bucket)
    ]
    states = [f"{buckets[0]}/test/{stack}.tfstate" for stack in deployer.ADMINISTERED]
    changed = {
        (action, resource)
        for statement in deployer.deploying(settings)
        for action in statement.actions
        for resource in statement.resources
        if resource.startswith((*buckets, *states)) and not action.startswith(("s3:Get", "s3:List"))
    }
    applied = [f"{buckets[0]}/test/{stack}.tfstate{lock}" for stack in deployer.STACKS for lock in ("", ".tflock")]
    assert {resource for _, resource in changed} == set(applied)
    assert set(deployer.ADMINISTERED).isdisjoint(deployer.STACKS)


def test_a_plan_changes_nothing_but_its_lock(settings: Settings) -> None:
    changing = [
        (action, resource)
        for statement in deployer.planning(settings)
        for action in statement.actions
        if not action.partition(":")[2].startswith(("AdminGet", "AdminList", "Describe", "Get", "List", "View"))
        for resource in statement.resources
    ]
    assert {action for action, _ in changing} == {"s3:DeleteObject", "s3:PutObject"}
    assert all(resource.endswith(".tflock") for _, resource in changing)


def test_every_policy_of_a_role_is_within_the_boundary(environment: str, stacks_of: StacksOf) -> None:
    """Also of environments without a boundary, which may get one at any time."""
    settings = load(environment)
    boundary = json.loads(deployer.documents("boundary", deployer.boundary(settings), most=1)[0])
    context = {
        "aws:resourcetag/project": settings.project,
        "aws:resourcetag/environment": environment,
        "iam:passedtoservice": "cognito-identity.amazonaws.com",
        "aoss:collection": settings.names.collection,
    }
    asked = [
        Request(action, resource, {key: context[key] for key in context if aws.carries(action, key, [resource])})
        for stack in stacks_of(environment).values()
        for policy in stack["resource"].get("aws_iam_role_policy", {}).values()
        for statement in json.loads(policy["policy"])["Statement"]
        for action in statement["Action"]
        for resource in (named_by_aws(one, settings) for one in statement["Resource"])
    ]
    assert len(asked) > 20
    beyond = [one for one in asked if policies.evaluate([boundary], one) is not Decision.ALLOW]
    assert beyond == []


def named_by_aws(resource: str, settings: Settings) -> str:
    """An ARN for a reference of Terraform's."""
    kinds = {
        "aws_cognito_user_pool": ("cognito-idp", "userpool/eu_1"),
        "aws_cognito_identity_pool": ("cognito-identity", "identitypool/eu:1"),
        "aws_opensearchserverless_collection": ("aoss", "collection/1"),
        "data": ("kms", "key/1"),
    }
    reference = re.fullmatch(r"\$\{(\w+)\..*\}", resource)
    return settings.names.arn(*kinds[reference[1]]) if reference else resource


def test_a_policy_that_iam_would_not_take_is_refused(settings_with: SettingsOf) -> None:
    tables = {f"t{number}": {"existing": {"name": f"Table{number}" + "x" * 60}} for number in range(60)}
    settings = settings_with({"delivery": DELIVERY, "tables": tables, "ingestion": {"pipeline_quota": 100}})
    with pytest.raises(
        deployer.PolicyTooLarge, match=r"delivery: the boundary policy has \d+ characters; IAM takes 1 of"
    ):
        deployer.documents("boundary", deployer.boundary(settings), most=1)
