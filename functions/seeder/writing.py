"""Writing to DynamoDB. BatchWriteItem is the only action that the function's role needs on the table."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from random import uniform
from threading import BoundedSemaphore, Event, Lock
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

Request = dict[str, Any]
"""{"PutRequest": {"Item": …}} or {"DeleteRequest": {"Key": …}}, in DynamoDB JSON."""

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25
# A batch takes DynamoDB some 10 ms: 16 in flight are far more than an on-demand table takes at first, 4,000 items/s.
CONNECTIONS = 16
# Batches made but not sent yet; keeps memory flat however many items there are.
QUEUE = CONNECTIONS
# Seconds kept back to report; longer than one call can last (connect and read timeouts).
RESERVE = 10.0
CONNECT_TIMEOUT, READ_TIMEOUT = 2, 6
# Back-off in seconds, with full jitter: the wait before retry n is random, from 0 to FIRST_WAIT * (2**n - 1) at most.
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0

RETRYABLE = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}
UNREACHABLE = (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)


class SeedingIncomplete(Exception):
    """Something was not written: how much was, of how much, and why it ended."""


class RejectedItem(Exception):
    """DynamoDB refuses the item itself, so that no retry helps."""


def client() -> "DynamoDBClient":
    """A client that never retries by itself: the writer does, because it knows how much time is left."""
    return boto3.client(
        "dynamodb",
        config=Config(
            max_pool_connections=CONNECTIONS,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": 1},
        ),
    )


def write(
    dynamodb: "DynamoDBClient",
    table: str,
    requests: Iterable[Request],
    *,
    total: int,
    key: Sequence[str],
    seconds_left: Callable[[], float],
) -> Counter[str]:
    """Send all requests, in no particular order; no two may have the same key.

    `total` is their number and `key` names the table's key attributes (none: unknown), both for messages only.
    Returns how many PutRequest, DeleteRequest and retries there were. Raises SeedingIncomplete.
    """
    writer = _Writer(dynamodb, table, key, seconds_left)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for batch in _batches(requests):
            writer.slots.acquire()
            if writer.failure:
                break
            pool.submit(writer.send, batch)
    if writer.failure:
        done = writer.counts
        raise SeedingIncomplete(
            f"{done['PutRequest'] + done['DeleteRequest']} of {total} done ({done['PutRequest']} put, "
            f"{done['DeleteRequest']} deleted, {done['retries']} retries): {writer.failure}"
        ) from writer.failure
    return writer.counts


class _Writer:
    def __init__(
        self, dynamodb: "DynamoDBClient", table: str, key: Sequence[str], seconds_left: Callable[[], float]
    ) -> None:
        self._dynamodb, self._table, self._key, self._seconds_left = dynamodb, table, key, seconds_left
        self._lock = Lock()
        self._stop = Event()
        self._refusal = ""
        self.slots = BoundedSemaphore(CONNECTIONS + QUEUE)
        self.counts: Counter[str] = Counter()
        self.failure: Exception | None = None

    def send(self, batch: list[Request]) -> None:
        try:
            pending = batch
            for attempt in count():
                wait = uniform(0, min(LONGEST_WAIT, FIRST_WAIT * (2 ** min(attempt, 16) - 1)))  # noqa: S311 - jitter
                if self._seconds_left() - wait < RESERVE:
                    self._fail(self._out_of_time())
                    return
                if self._stop.wait(wait):
                    return
                if attempt:
                    self._count(Counter(retries=1))
                pending = self._unprocessed(pending)
                if not pending:
                    return
        except Exception as error:
            self._fail(error)
        finally:
            self.slots.release()

    def _unprocessed(self, batch: list[Request]) -> list[Request]:
        try:
            response = self._dynamodb.batch_write_item(
                RequestItems={self._table: cast("list[WriteRequestTypeDef]", batch)}
            )
        except UNREACHABLE as error:
            self._refusal = str(error)
            return batch
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in RETRYABLE or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                self._refusal = f"{code}: {message}"
                return batch
            if code != "ValidationException":
                raise
            if len(batch) == 1:
                raise RejectedItem(f"DynamoDB refuses the item {self._named(batch[0])}: {message}") from error
            # DynamoDB refuses a whole batch without saying which item it means.
            return [left for request in batch for left in self._unprocessed([request])]
        unprocessed = cast("list[Request]", response["UnprocessedItems"].get(self._table, []))
        if unprocessed:
            self._refusal = f"{len(unprocessed)} UnprocessedItems"
        self._count(_kinds(batch) - _kinds(unprocessed))
        return unprocessed

    def _named(self, request: Request) -> str:
        ((_, body),) = request.items()
        ((_, item),) = body.items()
        text = json.dumps({name: item[name] for name in self._key or item if name in item}, default=str)
        return text if len(text) <= 200 else f"{text[:197]}..."

    def _out_of_time(self) -> TimeoutError:
        refusal = f"; DynamoDB's last refusal: {self._refusal}" if self._refusal else ""
        return TimeoutError(
            f"{self._seconds_left():.1f} s left are too few for another attempt and the {RESERVE:.0f} s kept in reserve"
            f"{refusal}; raise the function's timeout or the table's write capacity and run it again, "
            "what was done is only repeated"
        )

    def _count(self, counts: Counter[str]) -> None:
        with self._lock:
            self.counts.update(counts)

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self.failure = self.failure or error
        self._stop.set()


def _kinds(requests: Iterable[Request]) -> Counter[str]:
    return Counter(kind for request in requests for kind in request)


def _batches(requests: Iterable[Request]) -> Iterator[list[Request]]:
    iterator = iter(requests)
    while batch := list(islice(iterator, BATCH)):
        yield batch
