"""What is there in IAM: roles of AWS's services, and what whoever calls may do."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from deployer.permissions import SERVICE_LINKED_ROLES
from doctor.finding import Finding, absent, bad, denied, good, unknown
from settings import Settings
from stacks.policies import Statement

_SHOWN = 8


def service_linked_roles(iam: Any, settings: Settings) -> Iterator[Finding]:
    """A domain in a VPC is refused without one (Terraform's provider); others AWS makes with the first of a kind."""
    needed = {
        "observability.aoss.amazonaws.com": settings.collection is not None,
        "opensearchservice.amazonaws.com": settings.network is not None and settings.domain is not None,
        "osis.amazonaws.com": True,
    }
    for service, role in SERVICE_LINKED_ROLES.items():
        if not needed[service]:
            continue
        make = f"aws iam create-service-linked-role --aws-service-name {service}"
        try:
            iam.get_role(RoleName=role)
        except ClientError as error:
            if not absent(error):
                raise
            if service == "opensearchservice.amazonaws.com":
                yield bad("service-linked role", f"{role} is not there", make)
            else:
                yield good("service-linked role", f"{role} is made when it is needed, or by: {make}")
        else:
            yield good("service-linked role", role)


def simulated(iam: Any, caller_arn: str, statements: Iterable[Statement]) -> Iterator[Finding]:
    """Whether the caller's policies allow all of `statements`, as IAM's simulator says.

    What is asked is what they name. Statements of the deployer name "*" where IAM knows no resource, so that a policy
    which names one there is found; tests hold them to the service authorization reference.
    """
    check = "permissions"
    source = _policy_source(caller_arn)
    if source is None:
        yield good(check, "the account's root user may do everything")
        return
    refused: set[str] = set()
    for statement in statements:
        if statement.effect == "Deny":
            continue
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source,
            ActionNames=list(statement.actions),
            ResourceArns=list(statement.resources),
            ContextEntries=_context(statement),
        )
        try:
            refused |= {
                result["EvalActionName"]
                for page in pages
                for result in page["EvaluationResults"]
                if result["EvalDecision"] != "allowed"
            }
        except ClientError as error:
            if not denied(error) and not absent(error):
                raise
            yield unknown(check, f"{source} may not be simulated", "compare with `python -m deployer ENVIRONMENT`")
            return
    if not refused:
        yield good(check, f"{source} may do everything that a deployment does")
        return
    some = ", ".join(sorted(refused)[:_SHOWN]) + (f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else "")
    yield bad(
        check, f"{source} may not {some}", "grant what `python -m deployer ENVIRONMENT` prints (docs/deployer.md)"
    )


def _policy_source(caller_arn: str) -> str | None:
    """The role of a session, whose policies the simulator reads; None of the root user, who has none.

    A role with a path loses it in the ARN of its session, so it is not found.
    """
    if caller_arn.endswith(":root"):
        return None
    return re.sub(r":sts::(\d+):assumed-role/([^/]+)/.*", r":iam::\1:role/\2", caller_arn)


def _context(statement: Statement) -> list[dict[str, Any]]:
    """Condition keys as the statement wants them; what it wants to be absent is so."""
    return [
        {
            "ContextKeyName": key,
            "ContextKeyValues": [value] if isinstance(value, str) else [value[0]],
            "ContextKeyType": "string",
        }
        for operator, keys in statement.conditions.items()
        for key, value in keys.items()
        if operator != "Null"
    ]
