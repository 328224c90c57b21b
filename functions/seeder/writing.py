"""Writing to DynamoDB. BatchWriteItem is the only action that the function's role needs on the table."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count, islice
from random import uniform
from threading import Event, Lock

from .dynamodb import DynamoDB, Refused
from .items import Request

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25
# A batch takes DynamoDB some 10 ms: 16 in flight are far more than an on-demand table takes at first, 4,000 items/s.
CONNECTIONS = 16
# Seconds between two reports of progress.
PROGRESS = 10.0
# Seconds kept back to report; longer than one request can last (connect and read timeouts).
RESERVE = 10.0
# Back-off in seconds, with full jitter: the wait before retry n is random, from 0 to FIRST_WAIT * (2**n - 1) at most.
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0


class SeedingIncomplete(Exception):
    """Something was not written: how much was, of how much, and why it ended."""


class RejectedItem(Exception):
    """DynamoDB refuses the item itself, so that no retry helps."""


def write(
    table: str,
    requests: Iterable[Request],
    *,
    total: int,
    key: Sequence[str],
    seconds_left: Callable[[], float],
    report: Callable[[Counter[str]], None],
) -> Counter[str]:
    """Send all requests, in no particular order; no two may have the same key.

    A batch is made when a connection is free for it, so that memory is the same however many there are. `total` is
    their number and `key` names the table's key attributes (none: unknown), both for messages only. Returns how many
    PutRequest, DeleteRequest and retries there were; `report` gets the same every PROGRESS seconds until then. Raises
    SeedingIncomplete.
    """
    writer = _Writer(DynamoDB(CONNECTIONS), table, requests, key, seconds_left)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        connections = [pool.submit(writer.run) for _ in range(CONNECTIONS)]
        while wait(connections, PROGRESS).not_done:
            report(writer.counts.copy())
    if writer.failure:
        done = writer.counts
        raise SeedingIncomplete(
            f"{done['PutRequest'] + done['DeleteRequest']} of {total} done ({done['PutRequest']} put, "
            f"{done['DeleteRequest']} deleted, {done['retries']} retries): {writer.failure}"
        ) from writer.failure
    return writer.counts


class _Writer:
    """What the connections share."""

    def __init__(
        self,
        dynamodb: DynamoDB,
        table: str,
        requests: Iterable[Request],
        key: Sequence[str],
        seconds_left: Callable[[], float],
    ) -> None:
        self._dynamodb, self._table, self._key, self._seconds_left = dynamodb, table, key, seconds_left
        self._requests = iter(requests)
        self._making, self._counting = Lock(), Lock()
        self._stop = Event()
        self._refusal = ""
        self.counts: Counter[str] = Counter()
        self.failure: Exception | None = None

    def run(self) -> None:
        """One connection: sends batches until there are no more, or until one of them fails on any connection."""
        try:
            while not self._stop.is_set() and (batch := self._batch()):
                self._send(batch)
        except Exception as error:
            with self._counting:
                self.failure = self.failure or error
            self._stop.set()

    def _batch(self) -> list[Request]:
        with self._making:
            return list(islice(self._requests, BATCH))

    def _send(self, pending: list[Request]) -> None:
        for attempt in count():
            pause = uniform(0, min(LONGEST_WAIT, FIRST_WAIT * (2 ** min(attempt, 16) - 1)))  # noqa: S311 - jitter
            if self._seconds_left() - pause < RESERVE:
                raise self._out_of_time()
            if self._stop.wait(pause):
                return
            if attempt:
                self._count(Counter(retries=1))
            pending = self._unprocessed(pending)
            if not pending:
                return

    def _unprocessed(self, batch: list[Request]) -> list[Request]:
        try:
            unprocessed = self._dynamodb.batch_write_item(self._table, batch)
        except Refused as error:
            if error.passes:
                self._refusal = str(error)
                return batch
            if error.code != "ValidationException":
                raise
            if len(batch) == 1:
                raise RejectedItem(f"DynamoDB refuses the item {self._named(batch[0])}: {error.message}") from error
            # DynamoDB refuses a whole batch without saying which item it means.
            return [left for request in batch for left in self._unprocessed([request])]
        if unprocessed:
            self._refusal = f"{len(unprocessed)} UnprocessedItems"
        self._count(_kinds(batch) - _kinds(unprocessed))
        return unprocessed

    def _named(self, request: Request) -> str:
        ((_, body),) = json.loads(request).items()
        ((_, item),) = body.items()
        text = json.dumps({name: item[name] for name in self._key or item if name in item})
        return text if len(text) <= 200 else f"{text[:197]}..."

    def _out_of_time(self) -> TimeoutError:
        refusal = f"; DynamoDB's last refusal: {self._refusal}" if self._refusal else ""
        return TimeoutError(
            f"{self._seconds_left():.1f} s left are too few for another attempt and the {RESERVE:.0f} s kept in reserve"
            f"{refusal}; raise the function's timeout or the table's write capacity and run it again, "
            "what was done is only repeated"
        )

    def _count(self, counts: Counter[str]) -> None:
        with self._counting:
            self.counts.update(counts)


def _kinds(requests: Iterable[Request]) -> Counter[str]:
    return Counter("PutRequest" if request.startswith(b'{"PutRequest"') else "DeleteRequest" for request in requests)
