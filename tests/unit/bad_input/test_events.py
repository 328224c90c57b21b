"""Events that the three functions do not take: refused at the entry point, in one line, before anything is called."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.dead_letters import events as dead_letters
from functions.dead_letters.handler import handle as dead_letter
from functions.search_setup import events as search_setup
from functions.search_setup.handler import handle as set_up
from functions.seeder import events as seeder
from functions.seeder.handler import handle as seed

Path = tuple[str | int, ...]
ARN = "arn:aws:iam::111122223333:role"
UNTIL = "2026-11-01T00:00:00Z"
FAMILY = {"alias": "orders", "pattern": "orders-1", "settings": {}, "properties": {}}
GENERATION = {
    "pipeline": "shop-orders-1",
    "table": "shop-orders",
    "generation": 1,
    "settled": False,
    "compare": True,
    "role": {},
    "members": [f"{ARN}/pipeline"],
    "families": [FAMILY],
}
# What each function takes, and the schema of that.
GOOD: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "seeder: fill from sample": (
        seed,
        {"action": "fill", "source": "sample", "items": 20, "seed": 1, "until": UNTIL},
        {"properties": seeder.FIELDS},
    ),
    "seeder: fill from a file": (
        seed,
        {"action": "fill", "source": "file", "key": ["id"]},
        {"properties": {name: seeder.FIELDS[name] for name in ("action", "source", "key")}},
    ),
    "seeder: change": (
        seed,
        {"action": "change", "source": "sample", "items": 20, "seed": 1, "until": UNTIL, "round": 1},
        {"properties": {name: field for name, field in seeder.FIELDS.items() if name != "key"}},
    ),
    "dead letters: list": (
        dead_letter,
        {"action": "list", "table": None, "after": None},
        dead_letters._SCHEMA,
    ),
    "search set-up: prepare": (
        set_up,
        {
            "action": "prepare",
            "endpoint": "localhost:1",
            "audit": {"enabled": True, "audit": {"enable_rest": True}, "compliance": {}},
            "roles": {"reader": {}},
            "mappings": {"reader": [f"{ARN}/analysts"]},
            "dashboards_users": [f"{ARN}/analysts"],
            "generations": [GENERATION],
            "start_page": "/app/dashboards",
            "sessions": {"user_pool_id": "eu-west-1_1", "token_minutes": 60, "session_minutes": 720},
        },
        search_setup.SCHEMAS["prepare"],
    ),
    "search set-up: serve": (
        set_up,
        {
            "action": "serve",
            "endpoint": "localhost:1",
            "table": "shop-orders",
            "generation": 1,
            "tf": {"action": "create", "prev_input": None},
        },
        search_setup.SCHEMAS["serve"],
    ),
}
ABSENT = object()
OF_TYPE: dict[str, Any] = {
    "string": "x",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "array": ["x"],
    "object": {"x": "y"},
    "null": None,
}


@dataclass
class Context:
    """What the logger reads of the runtime's."""

    function_name: str = "any"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:any"
    aws_request_id: str = "7a1b"


def complaint(handle: Any, event: Any) -> str:
    """What the function fails with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each function has a BadEvent of its own
        handle(event, cast("LambdaContext", Context()))
    assert type(caught.value).__name__ == "BadEvent", repr(caught.value)
    message = str(caught.value)
    assert message.startswith("bad event: ")
    assert len(message.splitlines()) == 1
    assert len(message) <= 300
    return message


def wrong(schema: dict[str, Any], value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """(where, what stands there): each thing that the schema says, broken alone."""
    types = schema.get("type", ())
    taken = {types} if isinstance(types, str) else set(types)
    if taken:
        yield from ((at, one) for type_, one in OF_TYPE.items() if type_ not in taken)
    for limit, broken in (
        ("minimum", lambda least: least - 1),
        ("maximum", lambda most: most + 1),
        ("minLength", lambda _: ""),
        ("pattern", lambda _: "\n"),
        ("format", lambda _: "2026-02-30T00:00:00Z"),
        ("enum", lambda names: f"{names[0]}\u200b"),
        ("minItems", lambda _: []),
        ("maxItems", lambda most: [f"a{number}" for number in range(most + 1)]),
        ("uniqueItems", lambda _: ["a", "a"]),
    ):
        if limit in schema:
            yield at, broken(schema[limit])
    for name in schema.get("required", ()):
        yield (*at, name), ABSENT
    if schema.get("additionalProperties") is False:
        yield (*at, "surprise"), 1
    if isinstance(value, dict):
        inner = schema.get("properties") or dict.fromkeys(value, schema.get("additionalProperties") or {})
        for name in inner.keys() & value.keys():
            yield from wrong(inner[name], value[name], (*at, name))
    if isinstance(value, list):
        yield from wrong(schema.get("items", {}), value[0], (*at, 0))


def with_value(event: dict[str, Any], path: Path, value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(event)
    *parents, last = path
    target: Any = changed
    for parent in parents:
        target = target[parent]
    if value is ABSENT:
        del target[last]
    else:
        target[last] = value
    return changed


@pytest.mark.parametrize("name", GOOD)
def test_one_thing_is_wrong(name: str) -> None:
    handle, event, schema = GOOD[name]
    for path, value in wrong(schema, event):
        message = complaint(handle, with_value(event, path, value))
        named = [str(part) for part in path if isinstance(part, str)][-1:]
        assert all(part in message for part in named), (path, value, message)


def test_the_cases_are_many() -> None:
    assert sum(1 for _, event, schema in GOOD.values() for _ in wrong(schema, event)) > 250


@pytest.mark.parametrize("handle", [seed, dead_letter, set_up], ids=["seeder", "dead letters", "search set-up"])
@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "fill",
        7,
        True,
        {},
        {"action": None},
        {"action": []},
        {"action": {}},
        {"action": "fill\n"},
        {"action": "FILL"},
        {"action": "f\u0456ll"},
        {"action": "x" * 1_000_000},
        {"action": ["x"] * 100_000},
        {"x" * 1_000_000: 1},
        {"action": "fill", "source": "sample", "a\nb": 1},
        {f"a{number}": number for number in range(10_000)},
        {"Records": [{"eventSource": "aws:dynamodb"}]},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_another_event_altogether(handle: Any, event: Any) -> None:
    complaint(handle, event)
