import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from functions.dead_letters import exact_json, letters
from functions.dead_letters.letters import Object, Queue, UnreadableLetters
from tests.unit.dead_letters.conftest import AT, BUCKET, entry

Put = Callable[..., None]


@pytest.fixture
def queue(s3: Any) -> Queue:
    return Queue(s3, BUCKET)


def keys(queue: Queue, table: str | None = None, after: str | None = None) -> list[str]:
    return [found.key for found in queue.objects(table, after)]


def first(queue: Queue) -> Object:
    return next(queue.objects(None, None))


def test_objects_are_found_pipeline_by_pipeline_and_from_where_it_ended(queue: Queue, put: Put) -> None:
    for key in ("dlq/orders-1/a", "dlq/orders-1/b", "dlq/orders-2/a", "dlq/orders-archive-1/a", "export/orders-1/a"):
        put(key)
    every = ["dlq/orders-1/a", "dlq/orders-1/b", "dlq/orders-2/a", "dlq/orders-archive-1/a"]
    assert keys(queue) == every
    assert keys(queue, after="dlq/orders-1/a") == every[1:]
    assert keys(queue, "orders") == every[:3]
    assert keys(queue, "orders-archive") == every[3:]
    assert [found.pipeline for found in queue.objects("orders", None)] == ["orders-1", "orders-1", "orders-2"]


def test_a_letter_is_read_as_data_prepper_writes_it(queue: Queue, put: Put) -> None:
    put("dlq/orders-1/a", entry("x", {"id": "x", "price": "no number"}))
    (letter,) = queue.read(first(queue))
    assert (letter.index, letter.document_id, letter.status) == ("orders-1", "x", 400)
    assert letter.document == {"id": "x", "price": "no number"}
    assert letter.milliseconds == AT


def test_no_digit_is_lost(s3: Any, queue: Queue) -> None:
    number = "12345678901234567890123456789012345678"
    text = json.dumps({"dlqObjects": [entry("x", {"whole": 1, "fraction": "F"})]})
    text = text.replace('"F"', f"0.{number}").replace('"whole": 1', f'"whole": {number}')
    s3.put_object(Bucket=BUCKET, Key="dlq/orders-1/a", Body=text.encode())
    found = first(queue)
    (letter,) = queue.read(found)
    assert letter.document == {"whole": int(number), "fraction": Decimal(f"0.{number}")}
    queue.keep(found, [letter])
    assert queue.read(found) == [letter]
    assert f"0.{number}" in exact_json.dumps(letter.document)


def test_what_is_kept_is_what_is_left(s3: Any, queue: Queue, put: Put) -> None:
    put("dlq/orders-1/a", entry("x"), entry("y"))
    found = first(queue)
    one, other = queue.read(found)
    queue.keep(found, [other.refused(404, "gone")])
    (left,) = queue.read(found)
    assert (left.document_id, left.status, left.message) == ("y", 404, "gone")
    assert left.entry.keys() == one.entry.keys()
    assert left.milliseconds == other.milliseconds
    queue.keep(found, [])
    assert keys(queue) == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "JSONDecodeError"),
        (b'"\xff"', "UnicodeDecodeError"),
        (b"[]", "TypeError"),
        (b'{"dlqObjects": [{}]}', "KeyError: 'failedData'"),
        (b'{"dlqObjects": ["x"]}', "TypeError"),
        (b'{"dlqObjects": [{"failedData": {"index": "i"}}]}', "KeyError: 'timestamp'"),
        (b'{"dlqObjects": [{"failedData": {"index": "i"}, "timestamp": "now"}]}', "ValueError"),
    ],
)
def test_what_cannot_be_read_is_told(s3: Any, queue: Queue, body: bytes, why: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="dlq/orders-1/a", Body=body)
    with pytest.raises(UnreadableLetters, match=why):
        queue.read(first(queue))


def test_an_object_that_memory_might_not_hold_is_not_read(
    queue: Queue, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("dlq/orders-1/a", entry())
    monkeypatch.setattr(letters, "MOST_BYTES", 10)
    with pytest.raises(UnreadableLetters, match="at most 10 are read"):
        queue.read(first(queue))
