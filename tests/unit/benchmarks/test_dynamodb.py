"""The emulated table refuses what is over its limit, as DynamoDB does."""

import json
import time
from typing import Any

import pytest

from benchmarks.dynamodb import THROTTLED, Table


def put(*keys: str, text: str = "") -> bytes:
    requests = [{"PutRequest": {"Item": {"id": {"S": key}, "text": {"S": text}}}} for key in keys]
    return json.dumps({"RequestItems": {"t": requests}}).encode()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def unprocessed(answer: tuple[int, dict[str, Any]]) -> list[str]:
    status, body = answer
    assert status == 200
    return [request["PutRequest"]["Item"]["id"]["S"] for request in body["UnprocessedItems"].get("t", [])]


def test_what_is_over_the_limit_comes_back(clock: list[float]) -> None:
    table = Table(key="id", limit=2)
    assert table.write(put("a")) == (400, THROTTLED)
    clock[0] += 1
    assert unprocessed(table.write(put("a", "b", "c"))) == ["c"]
    clock[0] += 60
    assert unprocessed(table.write(put("c", "d", "e"))) == ["e"], "what was not used is kept for a second only"
    assert set(table.items) == {"a", "b", "c", "d"}


def test_each_kilobyte_that_is_begun_takes_a_unit(clock: list[float]) -> None:
    table = Table(key="id", limit=3)
    clock[0] += 1
    assert unprocessed(table.write(put("a", "b", text="x" * 1024))) == ["b"]


def test_puts_and_deletes(clock: list[float]) -> None:
    table = Table(key="id")
    assert unprocessed(table.write(put("a", "b", text="new"))) == []
    delete = {"RequestItems": {"t": [{"DeleteRequest": {"Key": {"id": {"S": "a"}}}}]}}
    assert table.write(json.dumps(delete).encode()) == (200, {"UnprocessedItems": {}})
    assert table.items == {"b": {"id": {"S": "b"}, "text": {"S": "new"}}}
