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
POOL_CREATION = ("cognito-identity:CreateIdentityPool", "cognito-idp:CreateUserPool")
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
_WITHOUT_RESOURCE = frozenset(
    {
        *NETWORK_INTERFACES,
        *TRACING,
        *LOG_DELIVERY,
        *SUBSCRIPTIONS,
        *COLLECTION_POLICIES,
        "aoss:DeleteSecurityPolicy",
        *COLLECTION_ACCESS,
        *COLLECTION_PARTS,
        *COLLECTION_CREATION,
        *POOL_CREATION,
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
        if "*" in self.resources and not _WITHOUT_RESOURCE.issuperset(self.actions):
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
    """Holds for a service that acts for one of these resources of ours, and for nobody else's (confused deputy)."""
    return {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": source_arns[0] if len(source_arns) == 1 else source_arns},
    }


def service_trust(service: str, account_id: str, source_arn: str) -> str:
    """Lets an AWS service assume the role for one resource of ours."""
    return document(
        Statement(
            ("sts:AssumeRole",),
            principal=Principal("Service", (service,)),
            conditions=acting_for(account_id, source_arn),
        )
    )
