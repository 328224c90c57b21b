import json
from typing import Any

import pytest

from local.emulator import denials

USER = "and User [name=arn:aws:iam::1:role/x, backend_roles=[arn:aws:iam::1:role/x], requestedTenant=null]"


def error(reason: str, kind: str = "security_exception") -> dict[str, Any]:
    return {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}, "status": 403}


def item(action: str, status: int, actions: str = "") -> dict[str, Any]:
    return {action: {"status": status, **(error(f"no permissions for [{actions}] {USER}") if actions else {})}}


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/orders/_search", 403, True),
        ("/", 401, True),
        ("/_bulk", 200, True),
        ("/orders/_bulk", 200, True),
        ("/_msearch", 200, True),
        ("/orders/_mget", 200, True),
        ("/orders/_search", 200, False),
        ("/_bulk", 429, False),
    ],
)
def test_which_answers_are_read(path: str, status: int, expected: bool) -> None:
    assert denials.may_tell(path, status) is expected


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (403, error(f"no permissions for [indices:data/read/search] {USER}"), ["indices:data/read/search"]),
        (403, error(f"no permissions for [b/bulk[s], a/index] {USER}"), ["a/index", "b/bulk[s]"]),
        (403, {"status": "FORBIDDEN", "message": "No permission to access REST API"}, ["es:POST /_bulk"]),
        (403, error("index [a] blocked by: [FORBIDDEN/8/index write (api)];", "cluster_block_exception"), []),
        (401, "Authentication finally failed", ["es:POST /_bulk"]),
        (200, {"errors": False, "items": [item("index", 201)]}, []),
        (
            200,
            {"errors": True, "items": [item("index", 201), item("create", 403, "a"), item("index", 403, "a")]},
            ["a"],
        ),
    ],
)
def test_what_is_refused(status: int, answer: Any, expected: list[str]) -> None:
    assert denials.actions("POST", "/_bulk", status, json.dumps(answer).encode()) == expected


def test_an_answer_without_a_body_names_the_call() -> None:
    assert denials.actions("HEAD", "/orders", 403, b"") == ["es:HEAD /orders"]
