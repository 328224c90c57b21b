"""IAM policy evaluation: documents, a request and its context in, a decision out. No state and no I/O.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]


class Decision(Enum):
    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


class UnsupportedPolicyError(Exception):
    """The policy uses an element that is not evaluated here; guessing could allow what AWS denies."""


@dataclass(frozen=True)
class Request:
    """One action on one resource. Keys of `context` are condition keys in lower case."""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def evaluate(documents: Iterable[Document], request: Request, principals: frozenset[str] | None = None) -> Decision:
    """What the documents together say: a Deny wins, then an Allow, else the implicit deny.

    `principals` are all names of the caller (ARNs, account, service) for documents that name principals, that is
    resource and trust policies; None for identity policies, which name none.
    """
    decision = Decision.IMPLICIT_DENY
    for document in documents:
        for statement in _listed(document["Statement"]):
            if not _applies(statement, request, principals):
                continue
            if statement["Effect"] == "Deny":
                return Decision.EXPLICIT_DENY
            decision = Decision.ALLOW
    return decision


def pinned(documents: Iterable[Document], keys: Iterable[str]) -> list[Document]:
    """The documents without what they allow on no condition on one of `keys`, whatever the condition asks for."""
    wanted = {key.lower() for key in keys}

    def pins(statement: Mapping[str, Any]) -> bool:
        conditions = statement.get("Condition", {}).values()
        return wanted <= {key.lower() for condition in conditions for key in condition}

    return [
        {"Statement": [one for one in _listed(document["Statement"]) if one["Effect"] == "Deny" or pins(one)]}
        for document in documents
    ]


def _applies(statement: Mapping[str, Any], request: Request, principals: frozenset[str] | None) -> bool:
    if "NotPrincipal" in statement:
        raise UnsupportedPolicyError("NotPrincipal is not supported by the local AWS; name the principals")
    return (
        (principals is None or _names_principal(statement.get("Principal", {}), principals))
        and _selects(statement, "Action", request.action.lower(), str.lower)
        and _selects(statement, "Resource", request.resource, str)
        and all(
            _condition_holds(operator, key, _listed(wanted), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _names_principal(principal: str | Mapping[str, Any], principals: frozenset[str]) -> bool:
    kinds = [principal] if isinstance(principal, str) else principal.values()
    named = {name for kind in kinds for name in _listed(kind)}
    return "*" in named or not principals.isdisjoint(named)


def _selects(statement: Mapping[str, Any], element: str, value: str, fold: Callable[[str], str]) -> bool:
    """True too where the element is absent: trust policies name no resource."""
    patterns = [*_listed(statement.get(element, [])), *_listed(statement.get(f"Not{element}", []))]
    if variable := next((pattern for pattern in patterns if "${" in pattern), None):
        raise UnsupportedPolicyError(f"policy variable in {variable!r} is not supported by the local AWS; write it out")
    if element in statement:
        return any(_like(fold(pattern), value) for pattern in _listed(statement[element]))
    return not any(_like(fold(pattern), value) for pattern in _listed(statement.get(f"Not{element}", [])))


def _condition_holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, str | tuple[str, ...]]) -> bool:
    if operator == "Null":
        return (key.lower() not in context) == (str(wanted[0]).lower() == "true")
    qualifier, _, plain = operator.rpartition(":")
    compare = _OPERATORS.get(plain)
    if compare is None or qualifier not in ("", "ForAnyValue"):
        supported = ", ".join([*_OPERATORS, "ForAnyValue:… of each", "Null"])
        raise UnsupportedPolicyError(
            f"condition operator {operator!r} is not supported by the local AWS, which knows {supported}"
        )
    values = context.get(key.lower(), ())
    return any(
        compare(str(one).lower() if plain == "Bool" else one, value)
        for value in ((values,) if isinstance(values, str) else values)
        for one in wanted
    )


def _like(pattern: str, value: str) -> bool:
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    """IAM knows two wildcards, * and ?; everything else is literal."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in pattern), re.DOTALL)


def _arn_like(pattern: str, value: str) -> bool:
    """Each of an ARN's six parts is compared by itself, so that no wildcard crosses a colon."""
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(given) and all(map(_like, wanted, given))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, value: wanted == value,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
