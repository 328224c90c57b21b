"""What a check has found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

Verdict = Literal["good", "bad", "unknown"]


@dataclass(frozen=True)
class Finding:
    """`remedy` is the way out where it is bad, or what to make sure of where it is unknown; empty where it is good."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


def good(check: str, found: str) -> Finding:
    return Finding(check, "good", found)


def bad(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, "bad", found, remedy)


def unknown(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, "unknown", found, remedy)


# What AWS's services call it when somebody may not, or asks for what is not there.
_DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_ABSENT = frozenset({"404", "NoSuchBucket", "NoSuchEntity", "NoSuchKey", "NotFound", "ResourceNotFoundException"})


def denied(error: ClientError) -> bool:
    return code(error) in _DENIED


def absent(error: ClientError) -> bool:
    return code(error) in _ABSENT


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def looked(check: str, look: Callable[..., Iterator[Finding]], *given: Any) -> Iterator[Finding]:
    """What `look` finds; where AWS does not let us look, or does not answer, that."""
    try:
        yield from look(*given)
    except ClientError as error:
        what = f"{error.operation_name} is not allowed" if denied(error) else str(error)
        yield unknown(check, what, f"let this caller call {error.operation_name}, or look in the console")
    except BotoCoreError as error:
        yield unknown(check, str(error), "see that this machine reaches AWS")
