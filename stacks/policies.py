"""IAM documents as values. A document that grants too much cannot be built."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# The one wildcard that AWS has no list for: the HTTP methods of a domain's endpoint.
HTTP_METHODS = "es:ESHttp*"

# Lambda makes the network interfaces of a function in a VPC with the function's role (Lambda developer guide, "Giving
# functions access to resources in an Amazon VPC").
NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
# Log groups take what services deliver by policies of the account. A pipeline's logs are delivered in the name of
# whoever creates it (OpenSearch Ingestion guide, pipeline logs).
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
SUBSCRIPTIONS = ("sns:GetSubscriptionAttributes", "sns:Unsubscribe")
# With the condition aoss:collection: the policies of collections have no ARNs.
COLLECTION_POLICIES = ("aoss:CreateSecurityPolicy", "aoss:GetSecurityPolicy", "aoss:UpdateSecurityPolicy")
COLLECTION_LOOKUP = ("aoss:BatchGetCollection",)
# The same of a collection's data access policies; and what belongs to it, for which IAM knows no resource either.
COLLECTION_ACCESS = tuple(f"aoss:{verb}AccessPolicy" for verb in ("Create", "Delete", "Get", "Update"))
COLLECTION_PARTS = (
    "aoss:BatchGetVpcEndpoint",
    "aoss:CreateSecurityConfig",
    "aoss:CreateVpcEndpoint",
    "aoss:DeleteSecurityConfig",
    "aoss:DeleteVpcEndpoint",
    "aoss:GetSecurityConfig",
    "aoss:UpdateSecurityConfig",
    "aoss:UpdateVpcEndpoint",
)
# What has no name before it is there.
COLLECTION_CREATION = ("aoss:CreateCollection",)
COLLECTION_TAGS = ("aoss:ListTagsForResource", "aoss:TagResource", "aoss:UntagResource")
PIPELINE_CREATION = ("osis:CreatePipeline",)
POOL_CREATION = ("cognito-identity:CreateIdentityPool", "cognito-idp:CreateUserPool")
# It passes roles, which do have names.
POOL_ROLES = ("cognito-identity:SetIdentityPoolRoles",)
LOG_GROUP_LOOKUP = ("logs:DescribeLogGroups",)
# Whoever makes a private endpoint makes its hosted zone too, through the service that makes the endpoint.
HOSTED_ZONE_CREATION = (
    "route53:AssociateVPCWithHostedZone",
    "route53:CreateHostedZone",
    "route53:ListHostedZonesByName",
    "route53:ListHostedZonesByVPC",
)
SIGN_IN_DOMAINS = ("cognito-idp:DescribeUserPoolDomain",)
KEY_ALIASES = ("kms:ListAliases",)
NETWORK_LOOKUP = (
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
)
# Actions for which IAM knows no resource, or which a service calls before there is one
# (https://docs.aws.amazon.com/service-authorization/latest/reference/).
WITHOUT_RESOURCE = frozenset(
    {
        *NETWORK_INTERFACES,
        *TRACING,
        *LOG_DELIVERY,
        *SUBSCRIPTIONS,
        *COLLECTION_POLICIES,
        "aoss:DeleteSecurityPolicy",
        *COLLECTION_LOOKUP,
        *COLLECTION_ACCESS,
        *COLLECTION_PARTS,
        *COLLECTION_CREATION,
        *COLLECTION_TAGS,
        *PIPELINE_CREATION,
        *POOL_CREATION,
        *POOL_ROLES,
        *LOG_GROUP_LOOKUP,
        *HOSTED_ZONE_CREATION,
        *SIGN_IN_DOMAINS,
        *KEY_ALIASES,
        *NETWORK_LOOKUP,
    }
)

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


@dataclass(frozen=True)
class Principal:
    """Who a resource policy or a trust policy speaks of."""

    kind: Literal["AWS", "Service", "Federated"]
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement. Raises ValueError for an allowed action or resource that is a wildcard."""

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    principal: Principal | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict)
    effect: Literal["Allow", "Deny"] = "Allow"

    def __post_init__(self) -> None:
        if self.effect == "Deny":
            return
        for action in self.actions:
            if action != HTTP_METHODS and not re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action):
                raise ValueError(f"{action!r} is not one action; name each action that is needed")
        if "*" in self.resources and not WITHOUT_RESOURCE.issuperset(self.actions):
            raise ValueError(f"{self.actions} on every resource; name the resources")
        if self.principal == "*":
            raise ValueError(f"{self.actions} for everybody; name the principal")

    def as_json(self) -> dict[str, Any]:
        statement: dict[str, Any] = {"Effect": self.effect, "Action": list(self.actions)}
        if self.principal == "*":
            statement["Principal"] = "*"
        elif self.principal is not None:
            statement["Principal"] = {self.principal.kind: list(self.principal.identifiers)}
        if self.resources:
            statement["Resource"] = list(self.resources)
        if self.conditions:
            statement["Condition"] = self.conditions
        return statement


def document(*statements: Statement) -> str:
    """The JSON of a policy, version 2012-10-17."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement.as_json() for statement in statements]})


def acting_for(account_id: str, *source_arns: str) -> Conditions:
    """Holds for a service that acts for one of these resources of ours, without any for whatever is the account's
    (confused deputy)."""
    account = {"StringEquals": {"aws:SourceAccount": account_id}}
    if not source_arns:
        return account
    return {**account, "ArnLike": {"aws:SourceArn": source_arns[0] if len(source_arns) == 1 else source_arns}}


def service_trust(service: str, account_id: str, *source_arns: str) -> str:
    """Lets an AWS service assume the role for one resource of ours, or for the account where it names no resource."""
    return document(
        Statement(
            ("sts:AssumeRole",),
            principal=Principal("Service", (service,)),
            conditions=acting_for(account_id, *source_arns),
        )
    )
