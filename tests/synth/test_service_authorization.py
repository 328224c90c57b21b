"""Every policy document of every environment, held against AWS's service authorization reference."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

import deployer
from local.emulator import calls
from settings import load
from stacks.policies import WITHOUT_RESOURCE
from tests import service_authorization as aws
from tests.synth.conftest import NAMES, StacksOf

# What the documents say against the reference, and whose word that is.
_TAGGED_COLLECTION = "the reference of October 2026 has a collection as its resource, and so the tags of one"
GUIDES = {
    "aoss:BatchGetCollection takes no resource": "OpenSearch Ingestion guide, pipeline access to collections",
    "aoss:UntagResource is called without aws:ResourceTag/": _TAGGED_COLLECTION,
}
# Actions that depend on others only for what is not used here.
_TAGGED = "whatever of it has tags; those of OpenSearch's applications and data sources are not ours"
NOT_USED = {
    "arn:*:opensearch:*:*:application/*": _TAGGED,
    "arn:*:opensearch:*:*:datasource/*": _TAGGED,
    "ec2:CreateTags": "interfaces of functions, which get no tags",
    "lambda:PassCapacityProvider": "functions on instances of one's own",
    **dict.fromkeys(
        (
            "autoscaling:DescribeTags",
            "ec2:DescribeTags",
            "ecs:ListClusters",
            "ecs:ListContainerInstances",
            "ecs:ListServices",
            "ecs:ListTaskDefinitions",
            "ecs:ListTasks",
        ),
        "flow logs with more fields than the default format's",
    ),
    **dict.fromkeys(
        tuple(f"logs:{verb}ScheduledQuery" for verb in ("Create", "Delete", "Get")), "alarms on queries of logs"
    ),
    **dict.fromkeys(("kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"), "a key: test_key.py asks for them"),
}
# On everything, though the action has resources.
_INTERFACES = "Lambda asks before there is an interface (Lambda developer guide, VPC)"
BEFORE_THERE_IS_ONE = {
    "ec2:AssignPrivateIpAddresses": _INTERFACES,
    "ec2:CreateNetworkInterface": _INTERFACES,
    "ec2:DeleteNetworkInterface": _INTERFACES,
    "ec2:UnassignPrivateIpAddresses": _INTERFACES,
    "route53:AssociateVPCWithHostedZone": "AWS gives the zone its name; refusals speak of the VPC",
}


def documents(tree: object) -> Iterator[list[dict[str, Any]]]:
    """The statements of whatever is a policy in IAM's language, wherever it stands in Terraform's JSON."""
    match tree:
        case {"Statement": list(statements)}:
            yield statements
        case dict():
            yield from (found for part in tree.values() for found in documents(part))
        case list():
            yield from (found for part in tree for found in documents(part))
        case str() if '"Statement"' in tree:
            yield from documents(json.loads(tree))


def printed(environment: str) -> dict[str, list[dict[str, Any]]]:
    """What a role may, or whoever gets the policies that `python -m deployer` prints."""
    policies = {"boundary": deployer.boundary, "deploy": deployer.deploying, "plan": deployer.planning}
    settings = load(environment)
    return {name: [one.as_json() for one in policy(settings)] for name, policy in policies.items()}


def test_the_data_have_what_they_are_asked_for() -> None:
    assert aws.dependent_actions("lambda:CreateFunction", ["*"]) >= {"iam:PassRole"}
    assert aws.resource_types("s3:GetObject").keys() >= {"arn:*:s3:::*/*"}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ({"Action": ["s3:HeadBucket"], "Resource": ["*"]}, "s3:HeadBucket is no action"),
        ({"Action": ["sns:Publish"], "Resource": ["arn:aws:s3:::b"]}, "sns:Publish takes"),
        (
            {"Action": ["xray:PutTraceSegments"], "Resource": ["arn:aws:s3:::b"]},
            "xray:PutTraceSegments takes no resource",
        ),
        (
            {"Action": ["s3:GetObject"], "Resource": ["*"], "Condition": {"StringEquals": {"s3:prefix": "p"}}},
            "s3:GetObject is called without s3:prefix",
        ),
        (
            {"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*", "arn:aws:sns:r:1:t"]},
            "arn:aws:sns:r:1:t is taken by none",
        ),
    ],
)
def test_faults_are_found(statement: dict[str, Any], fault: str) -> None:
    assert any(found.startswith(fault) for found in aws.faults(statement))


def test_every_statement_says_what_it_seems_to(stacks_of: StacksOf) -> None:
    found = [
        statement
        for environment in NAMES
        for document in (*documents(stacks_of(environment)), *printed(environment).values())
        for statement in document
    ]
    assert len(found) > 500
    faults = {fault for statement in found for fault in aws.faults(statement)}
    assert {fault for fault in faults if not fault.startswith(tuple(GUIDES))} == set()
    assert {excuse for excuse in GUIDES if not any(fault.startswith(excuse) for fault in faults)} == set()


def test_whoever_may_something_may_what_it_depends_on(stacks_of: StacksOf) -> None:
    holders = {
        f"{stack}.{name} of {environment}": json.loads(policy["policy"])["Statement"]
        for environment in NAMES
        for stack, tree in stacks_of(environment).items()
        for name, policy in tree["resource"].get("aws_iam_role_policy", {}).items()
    }
    for environment in NAMES:
        roles = printed(environment)
        holders |= {f"{role} of {environment}": roles[role] for role in ("deploy", "plan")}
    lacking = {(missing, action, who) for who, may in holders.items() for action, missing in aws.lacking(may)}
    assert {one for one in lacking if one[0] not in NOT_USED} == set()
    assert NOT_USED.keys() - {missing for missing, _, _ in lacking} == set()


def test_all_that_is_granted_on_everything_knows_no_resource() -> None:
    granted = {action for action in WITHOUT_RESOURCE if aws.resource_types(action)}
    assert granted == BEFORE_THERE_IS_ONE.keys()


def asked(service: str) -> Iterator[calls.Need]:
    """What the local AWS wants of whoever calls each operation of the service that it knows."""
    # botocore's names, where they are not those of the signatures.
    model = botocore.session.get_session().get_service_model(
        {"es": "opensearch", "monitoring": "cloudwatch"}.get(service, service)
    )
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        texts = {name for name, member in (shape.members if shape else {}).items() if member.type_name == "string"}
        given = {name: "x" for name in texts if not name.lower().endswith("arn")}
        given.update(dict.fromkeys(texts & {"Role", "RoleArn"}, "arn:aws:iam::123456789012:role/x"))
        items = {"RequestItems": {"x": []}, "TransactItems": []}
        headers = {"x-amz-copy-source": "x/x"}
        with contextlib.suppress(calls.UnknownCallError):
            yield from calls.needs(
                calls.Call(service, "us-east-1", operation, {**items, **given}, headers, b"<Delete/>")
            )


def test_the_local_aws_asks_for_what_aws_asks() -> None:
    """Of what our policies grant: everything else it refuses to whoever has a role."""
    statements = [one for name in NAMES for policy in printed(name).values() for one in policy]
    granted = {action for one in statements for pattern in one["Action"] for action in aws.actions(pattern)}
    needs = {need[:2] for service in calls.SERVICES for need in asked(service) if need.action in granted}
    assert len(needs) > 150
    assert {(action, resource) for action, resource in needs if not aws.takes(action, resource)} == set()
    on_everything = {action for action, resource in needs if resource == "*" and aws.resource_types(action)}
    assert on_everything == set()
