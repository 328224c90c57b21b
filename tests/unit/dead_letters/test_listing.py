"""What the function tells about letters, a slice at a time."""

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest

from functions.dead_letters import events, handler, reasons
from functions.dead_letters.handler import SLICE_SECONDS, act
from functions.dead_letters.letters import Letter, Queue
from functions.dead_letters.reasons import Reasons
from functions.dead_letters.replay import Replay
from tests.unit.dead_letters.conftest import AT, BUCKET, MESSAGE, entry

Put = Callable[..., None]
LIST = {"action": "list", "table": None, "after": None}


def listed(s3: Any, event: dict[str, Any], clock: Callable[[], float] = lambda: 0.0) -> dict[str, Any]:
    """Without a domain and a table, for letters are only read."""
    return act(events.check(event), Queue(s3, BUCKET), cast(Replay, None), {}, clock)


def test_letters_are_counted_by_why(s3: Any, put: Put) -> None:
    limit = {"message": "Limit of total fields [1000] has been exceeded"}
    put("dlq/orders-1/a", entry("a", at=AT + 5000), entry("b", message=MESSAGE.replace("'a'", "'b'"), at=AT + 9000))
    put("dlq/orders-1/b", entry("c", **limit), entry("d", at=AT + 7000), entry("e"), entry("f", at=AT + 1000))
    put("dlq/people-2/a", entry("g", index="people-2"))
    put("dlq/people-2/b")
    answer = listed(s3, LIST)
    assert (answer["letters"], answer["fates"], answer["after"]) == (7, {}, None)
    assert answer["reasons"] == [
        {
            "pipeline": "orders-1",
            "index": "orders-1",
            "reason": "failed to parse field [price] of type [double]",
            "count": 5,
            "first": "2026-01-01T00:00:00+00:00",
            "last": "2026-01-01T00:00:09+00:00",
            "message": MESSAGE,
            "examples": ["a", "b", "d"],
        },
        {
            "pipeline": "orders-1",
            "index": "orders-1",
            "reason": limit["message"],
            "count": 1,
            "first": "2026-01-01T00:00:00+00:00",
            "last": "2026-01-01T00:00:00+00:00",
            "message": limit["message"],
            "examples": ["c"],
        },
        {
            "pipeline": "people-2",
            "index": "people-2",
            "reason": "failed to parse field [price] of type [double]",
            "count": 1,
            "first": "2026-01-01T00:00:00+00:00",
            "last": "2026-01-01T00:00:00+00:00",
            "message": MESSAGE,
            "examples": ["g"],
        },
    ]


def test_what_cannot_be_read_is_told_and_stops_nothing(s3: Any, put: Put) -> None:
    s3.put_object(Bucket=BUCKET, Key="dlq/orders-1/a", Body=b"{")
    put("dlq/orders-1/b", entry())
    answer = listed(s3, LIST)
    assert answer["letters"] == 1
    (unreadable,) = [one for one in answer["reasons"] if one["reason"] == "unreadable"]
    assert (unreadable["count"], unreadable["first"], unreadable["examples"]) == (1, None, ["dlq/orders-1/a"])
    assert "JSONDecodeError" in unreadable["message"]


def test_an_answer_ends_with_its_slice_and_the_next_goes_on(s3: Any, put: Put) -> None:
    for number in range(5):
        put(f"dlq/orders-1/{number}", entry(str(number)))
    # Read at the start and before each further object.
    times = itertools.count(step=SLICE_SECONDS / 2)
    found: list[str] = []
    after, calls = None, 0
    while calls == 0 or after is not None:
        answer = listed(s3, {**LIST, "after": after}, lambda: next(times))
        found += [id_ for one in answer["reasons"] for id_ in one["examples"]]
        after, calls = answer["after"], calls + 1
    assert found == ["0", "1", "2", "3", "4"]
    assert calls == 3


def test_each_call_gets_somewhere(s3: Any, put: Put) -> None:
    for number in range(2):
        put(f"dlq/orders-1/{number}", entry(str(number)))
    times = itertools.count(step=10 * SLICE_SECONDS)
    assert listed(s3, LIST, lambda: next(times))["after"] == "dlq/orders-1/0"


def test_only_one_table(s3: Any, put: Put) -> None:
    for folder in ("orders-1", "orders-archive-1", "people-1"):
        put(f"dlq/{folder}/a", entry())
    assert [one["pipeline"] for one in listed(s3, {**LIST, "table": "orders"})["reasons"]] == ["orders-1"]


def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "MOST_REASONS", 3)
    found = Reasons()
    for number in range(10):
        found.add("orders-1", Letter(entry("i" * 1000, index="x" * number)), f"{number} " + "y" * 10_000)
    answer = found.as_json()
    assert [(one["reason"][:5], one["count"]) for one in answer] == [
        ("other", 7),
        ("0 yyy", 1),
        ("1 yyy", 1),
        ("2 yyy", 1),
    ]
    assert all(len(text) <= 300 for one in answer for text in (one["reason"], one["message"], *one["examples"]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"action": "delete"}, "action"),
        ({"table": ""}, "table"),
        ({"after": 1}, "after"),
        ({"bucket": "mine"}, "bucket"),
    ],
)
def test_a_bad_event_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(events.BadEvent, match=rf"bad event: .*{problem}"):
        events.check({**LIST, **changes})
    with pytest.raises(events.BadEvent):
        handler.handle({"action": "list"}, cast(Any, Context()))


class Context:
    """What the logger reads of the runtime's."""

    function_name, memory_limit_in_mb = "dead-letters", 512
    invoked_function_arn, aws_request_id = "arn:aws:lambda:us-east-1:123456789012:function:dead-letters", "7a1b"
