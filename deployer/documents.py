"""Statements packed into as many policies as IAM's limits ask for."""

import json
from collections.abc import Iterable

from stacks.policies import Statement, document

# IAM and STS quotas: characters of a managed policy, white space aside, and managed policies of a role.
LONGEST = 6144
MOST = 10


class PolicyTooLarge(ValueError):
    """IAM would not take the policy; the message says what to change."""


def documents(what: str, statements: Iterable[Statement], most: int = MOST) -> tuple[str, ...]:
    """The JSON of at most `most` managed policies that grant all of it together; none is longer than IAM takes.

    Raises PolicyTooLarge, which calls them `what`.
    """
    packed: list[list[Statement]] = []
    for statement in statements:
        if packed and _length(*packed[-1], statement) <= LONGEST:
            packed[-1].append(statement)
        else:
            packed.append([statement])
    if len(packed) > most or any(_length(*one) > LONGEST for one in packed):
        characters = sum(_length(*one) for one in packed)
        raise PolicyTooLarge(
            f"delivery: the {what} policy has {characters} characters; IAM takes {most} of {LONGEST} (IAM and STS "
            "quotas); each table that is there already adds its name: spread such tables over environments"
        )
    return tuple(document(*one) for one in packed)


def _length(*statements: Statement) -> int:
    """White space does not count (the same quotas)."""
    return len(json.dumps(json.loads(document(*statements)), separators=(",", ":")))
