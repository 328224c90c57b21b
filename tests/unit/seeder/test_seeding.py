"""The function against moto's DynamoDB; refusals are injected where DynamoDB's answers arrive."""

import io
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from urllib3 import HTTPResponse, PoolManager
from urllib3.exceptions import TimeoutError as NoAnswer

from functions.seeder import handler, items, writing
from functions.seeder.events import BadEvent
from functions.seeder.orders import Orders
from functions.seeder.writing import SeedingIncomplete

UNTIL = "2026-11-01T00:00:00Z"
FILL = {"action": "fill", "source": "sample", "items": 1000, "seed": 7, "until": UNTIL}
SMALL = {**FILL, "items": 200}
CHANGE = {**SMALL, "action": "change", "round": 1}

Requests = list[dict[str, Any]]


@dataclass
class Context:
    """What the runtime hands over; `falls` is taken off the time left each time that somebody asks for it."""

    milliseconds: int = 60_000
    falls: int = 0
    function_name: str = "seeder"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:seeder"
    aws_request_id: str = "7a1b"

    def get_remaining_time_in_millis(self) -> int:
        self.milliseconds -= self.falls
        return self.milliseconds


@dataclass
class Table:
    """The table, and every batch that was sent to it. `answer` may answer in its place, given the batch's number."""

    dynamodb: Any
    batches: list[Requests] = field(default_factory=list)
    answer: Callable[[int, Requests], AWSResponse | None] = lambda _number, _requests: None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def items(self) -> dict[str, Any]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="orders")
        return {item["order_id"]["S"]: item for page in pages for item in page["Items"]}

    def intercept(self, request: Any, **_: Any) -> AWSResponse | None:
        requests = json.loads(request.body)["RequestItems"]["orders"]
        self.batches.append(requests)
        answer = self.answer(next(self.numbers), requests)
        if answer:
            # The first answer counts, but botocore asks every listener: moto finds nothing to write.
            request.body = b'{"RequestItems": {}}'
        return answer


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE_NAME": "orders",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        own = boto3.Session().client("dynamodb")
        own.create_table(
            TableName="orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        )
        table = Table(own)
        # moto answers where botocore's clients are about to send.
        events = boto3.Session().client("dynamodb").meta.events
        events.register_first("before-send.dynamodb.BatchWriteItem", cast("Any", table.intercept))

        def request(_: PoolManager, method: str, url: str, *, body: bytes, headers: dict[str, str]) -> HTTPResponse:
            asked = AWSRequest(method, url, headers=headers, data=body).prepare()
            answers = events.emit("before-send.dynamodb.BatchWriteItem", request=asked)
            answer = next(answer for _, answer in answers if answer)
            return HTTPResponse(answer.content, status=answer.status_code)

        monkeypatch.setattr(PoolManager, "request", request)
        yield table


@pytest.fixture
def data_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[dict[str, Any]]], None]:
    monkeypatch.setattr(handler, "ITEMS_FILE", tmp_path / "items.ndjson")

    def write(items: list[dict[str, Any]]) -> None:
        (tmp_path / "items.ndjson").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")

    return write


class Body(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def response(status: int, body: dict[str, Any]) -> AWSResponse:
    return AWSResponse("https://dynamodb", status, HTTPHeaders(), cast("Any", Body(json.dumps(body).encode())))


def refusal(code: str, status: int = 400) -> AWSResponse:
    return response(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "refused by the test"})


def handle(event: object, context: Context | None = None) -> dict[str, Any]:
    return handler.handle(cast("dict[str, Any]", event), cast("LambdaContext", context or Context()))


def test_fill_writes_every_item_once(table: Table) -> None:
    result = handle(FILL)
    orders = Orders(1000, 7, UNTIL)
    assert table.items() == {orders[number]["order_id"]["S"]: orders[number] for number in range(1000)}
    assert Counter(len(batch) for batch in table.batches) == {25: 40}
    assert result.pop("seconds") >= 0
    assert result == {"action": "fill", "written": 1000, "updated": 0, "deleted": 0, "retries": 0}


def test_the_last_batch_may_be_short(table: Table) -> None:
    assert handle({**FILL, "items": 26})["written"] == 26
    assert sorted(len(batch) for batch in table.batches) == [1, 25]


def test_fill_twice_gives_the_same_table(table: Table) -> None:
    handle(SMALL)
    before = table.items()
    assert handle(SMALL)["written"] == 200
    assert table.items() == before


def test_a_fill_of_many_items_part_by_part(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "PART", 80)
    assert handle(SMALL)["written"] == 80
    assert [handle({**SMALL, "part": number})["written"] for number in (1, 2, 3)] == [80, 80, 40]
    orders = Orders(200, 7, UNTIL)
    assert table.items() == {orders[number]["order_id"]["S"]: orders[number] for number in range(200)}
    with pytest.raises(BadEvent, match=r"^bad event: part = 4 is not allowed; give at most 3: 200 items are not more"):
        handle({**SMALL, "part": 4})


def test_progress_is_logged(table: Table, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def answer(number: int, _: Requests) -> None:
        """The last batch is not answered before progress was logged."""
        ends = time.monotonic() + 300
        while number == 40 and time.monotonic() < ends:
            if any(vars(record).get("PutRequest") for record in caplog.records):
                return
            time.sleep(0.001)

    table.answer = answer
    monkeypatch.setattr(writing, "PROGRESS", 0.01)
    handle(FILL)
    *progress, end = [vars(record) for record in caplog.records]
    assert (end["message"], end["written"]) == ("seeded", 1000)
    assert {(line["message"], line["action"], line["of"]) for line in progress} == {("seeding", "fill", 1000)}
    done = [line.get("PutRequest", 0) for line in progress]
    assert done == sorted(done)
    assert 0 < done[-1] <= 1000


def test_a_round_of_changes(table: Table) -> None:
    handle(SMALL)
    filled = table.items()
    result = handle(CHANGE)
    changed = table.items()
    updated = {key for key in changed if changed[key] != filled[key]}
    assert len(filled) - len(changed) == result["deleted"] == 10
    assert len(updated) == result["updated"] == 20
    assert result["written"] == 0
    assert {changed[key]["updated_at"]["S"] for key in updated} == {"2026-11-01T01:00:00Z"}

    handle(CHANGE)
    assert table.items() == changed, "the round again"
    handle({**CHANGE, "round": 2})
    assert table.items() != changed, "another round"
    handle(SMALL)
    assert table.items() == filled, "fill restores"


def test_refusals_are_retried_until_all_is_written(table: Table) -> None:
    def answer(number: int, requests: Requests) -> AWSResponse | None:
        match number % 8:
            case 1:
                return refusal("ProvisionedThroughputExceededException")
            case 2:
                return refusal("ThrottlingException")
            case 3:
                return refusal("BadGateway", 502)
            case 4:
                raise NoAnswer
            case 5 | 6:
                table.dynamodb.batch_write_item(RequestItems={"orders": requests[::2]})
                return response(200, {"UnprocessedItems": {"orders": requests[1::2]} if requests[1::2] else {}})
        return None

    table.answer = answer
    result = handle(SMALL)
    orders = Orders(200, 7, UNTIL)
    assert table.items() == {orders[number]["order_id"]["S"]: orders[number] for number in range(200)}
    assert result["written"] == 200
    assert result["retries"] == len(table.batches) - 8 > 0


def test_deletes_that_were_refused_are_counted_once(table: Table) -> None:
    handle(SMALL)
    number = len(table.batches)
    table.answer = lambda n, requests: (
        response(200, {"UnprocessedItems": {"orders": requests}}) if n == number + 1 else None
    )
    assert (handle(CHANGE)["updated"], len(table.items())) == (20, 190)


def test_refusals_without_end_fail_with_counts_before_the_time_is_up(table: Table) -> None:
    table.answer = lambda number, _: refusal("ThrottlingException") if number > 4 else None
    context = Context(milliseconds=20_000, falls=100)
    with pytest.raises(
        SeedingIncomplete,
        match=r"^100 of 1000 done \(100 put, 0 deleted, \d+ retries\): 1?\d\.\d s left are too few for another attempt "
        r"and the 10 s kept in reserve; DynamoDB's last refusal: ThrottlingException: refused by the test; raise the f",
    ):
        handle(FILL, context)
    assert context.milliseconds > 5_000
    assert len(table.items()) == 100


def test_no_time_at_all_writes_nothing(table: Table) -> None:
    with pytest.raises(SeedingIncomplete, match=r"^0 of 1000 done .*: 3\.0 s left are too few for another attempt"):
        handle(FILL, Context(milliseconds=3_000))
    assert table.batches == []


def test_what_waits_to_be_sent_is_bounded(table: Table) -> None:
    table.answer = lambda _number, _requests: refusal("ThrottlingException")
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield b'{"PutRequest":{"Item":{"order_id":{"S":"%d"}}}}' % made

    context = Context(milliseconds=20_000, falls=100)
    with pytest.raises(SeedingIncomplete):
        writing.write(
            "orders",
            endless(),
            total=10**9,
            key=("order_id",),
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
            report=lambda _counts: None,
        )
    assert made <= 25 * writing.CONNECTIONS


def test_an_item_that_dynamodb_refuses_is_named(
    table: Table, data_file: Callable[[list[dict[str, Any]]], None]
) -> None:
    items = [{"order_id": {"S": f"o{number}"}} for number in range(30)]
    items[7]["text"] = {"S": "x" * 410_000}
    data_file(items)
    with pytest.raises(
        SeedingIncomplete,
        match=r"^\d+ of 30 done .*: DynamoDB refuses the item \{\"order_id\": \{\"S\": \"o7\"\}\}: .*size",
    ):
        handle({"action": "fill", "source": "file", "key": ["order_id"]})
    with pytest.raises(SeedingIncomplete, match=r'refuses the item \{"order_id": \{"S": "o7"\}, "text": .{0,200}: '):
        handle({"action": "fill", "source": "file"})


def test_a_missing_permission_ends_it_at_once(table: Table) -> None:
    table.answer = lambda _number, _requests: refusal("AccessDeniedException")
    with pytest.raises(SeedingIncomplete, match=r"^0 of 1000 done .*AccessDeniedException.*refused by the test"):
        handle(FILL)
    assert len(table.batches) <= writing.CONNECTIONS


def test_own_data(table: Table, data_file: Callable[[list[dict[str, Any]]], None]) -> None:
    items = [{"order_id": {"S": f"o{number}"}, "n": {"N": str(number)}} for number in range(40)]
    data_file(items)
    assert handle({"action": "fill", "source": "file"})["written"] == 40
    filled = table.items()
    assert filled == {item["order_id"]["S"]: item for item in items}
    change = {"action": "change", "source": "file", "round": 3, "key": ["order_id"]}
    result = handle(change)
    assert (result["updated"], result["deleted"]) == (4, 2)
    changed = table.items()
    updated = [changed[key] for key in changed if changed[key] != filled[key]]
    assert updated == [{**filled[item["order_id"]["S"]], "updated_round": {"N": "3"}} for item in updated]
    handle({**change, "seed": 0})
    assert table.items() == changed, "0 is the seed that is not given"
    handle({**change, "seed": 1})
    assert table.items() != changed


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "event = [] is not allowed; give an object"),
        ({}, "action is missing; give 'fill' or 'change'"),
        ({"action": "fill"}, "source is missing; give 'sample' or 'file'"),
        ({**FILL, "action": "drop"}, "action = 'drop' is not allowed; give 'fill' or 'change'"),
        ({**FILL, "source": ["sample"]}, "source = ['sample'] is not allowed; give 'sample' or 'file'"),
        (
            {**FILL, "itmes": 5},
            "itmes = 5 is not a field here; allowed: action, source, items, seed, until, part, round, key",
        ),
        ({**FILL, "round": 1}, "round = 1 is not a field here; allowed: action, source, items, seed, until, part"),
        (
            {**FILL, "items": 0},
            "items = 0 is not allowed; give a whole number from 1 to 1000000, the number of sample orders",
        ),
        (
            {**FILL, "items": 1_000_001},
            "items = 1000001 is not allowed; give a whole number from 1 to 1000000, the number of sample orders",
        ),
        (
            {**FILL, "items": True},
            "items = True is not allowed; give a whole number from 1 to 1000000, the number of sample orders",
        ),
        ({**FILL, "seed": "7"}, "seed = '7' is not allowed; give a whole number"),
        (
            {**FILL, "until": "2026-02-30T00:00:00Z"},
            "until = '2026-02-30T00:00:00Z' is not allowed; give a time in UTC such as '2026-11-01T00:00:00Z', "
            "2001 to 2099, at which the sample orders end",
        ),
        (
            {key: value for key, value in FILL.items() if key != "seed"},
            "seed is missing; give a whole number",
        ),
        (
            {**CHANGE, "round": 0},
            "round = 0 is not allowed; give a whole number from 1 to 1000, the number of the round of changes",
        ),
        (
            {"action": "change", "source": "file", "round": 1},
            "key is missing; give a list of the table's key attributes, partition key first",
        ),
        (
            {"action": "change", "source": "file", "round": 1, "key": ["id", ""]},
            "key = ['id', ''] is not allowed; give a list of the table's key attributes, partition key first",
        ),
        (
            {"action": "change", "source": "file", "round": 1, "key": ["id", "id"]},
            "key = ['id', 'id'] is not allowed; give a list of the table's key attributes, partition key first",
        ),
        (
            {"action": "fill", "source": "file", "items": 3},
            "items = 3 is not a field here; allowed: action, source, key, part",
        ),
    ],
)
def test_bad_events(event: object, message: str) -> None:
    with pytest.raises(BadEvent) as caught:
        handle(event)
    assert str(caught.value) == f"bad event: {message}"


def test_own_data_that_was_not_packed() -> None:
    with pytest.raises(BadEvent, match=r"source = 'file', but the package holds no items\.ndjson; name a data file"):
        handle({"action": "fill", "source": "file"})


def test_a_key_that_the_items_do_not_have(data_file: Callable[[list[dict[str, Any]]], None]) -> None:
    data_file([{"order_id": {"S": "a"}, "n": {"N": "1"}}])
    with pytest.raises(BadEvent, match=r"key = \['id'\], but the items have no id: order_id, n"):
        handle({"action": "change", "source": "file", "round": 1, "key": ["id"]})
