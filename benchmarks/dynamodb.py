"""One table of an emulated DynamoDB: BatchWriteItem alone, with the time that DynamoDB takes, within a write limit."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from random import uniform
from threading import Thread
from typing import Any

# Seconds from request to answer, as BatchWriteItem takes within a Region.
LATENCY = (0.005, 0.010)
# Writes that were not used are kept for so many seconds. (DynamoDB keeps up to 300, which would hide the limit.)
BURST_SECONDS = 1.0
THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}

Item = dict[str, Any]


class Table:
    """`limit` in write units a second, None: none. `key` is the only key attribute, of type S.

    Without `keeps_items` only the keys are remembered, so that a million fit.
    """

    def __init__(self, *, key: str, limit: float | None = None, keeps_items: bool = True) -> None:
        self.items: dict[str, Item | None] = {}
        self.url = ""
        self._key, self._limit, self._keeps_items = key, limit, keeps_items
        self._units, self._filled = 0.0, time.monotonic()

    def write(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer to one BatchWriteItem; what is over the limit comes back unprocessed, or all is refused."""
        ((table, requests),) = json.loads(body)["RequestItems"].items()
        left = [request for request in requests if not self._applied(request)]
        if len(left) == len(requests):
            return 400, THROTTLED
        return 200, {"UnprocessedItems": {table: left} if left else {}}

    def _applied(self, request: dict[str, Any]) -> bool:
        ((kind, body),) = request.items()
        ((_, item),) = body.items()
        if not self._takes(item):
            return False
        if kind == "PutRequest":
            self.items[item[self._key]["S"]] = item if self._keeps_items else None
        else:
            self.items.pop(item[self._key]["S"], None)
        return True

    def _takes(self, item: Item) -> bool:
        if self._limit is None:
            return True
        now = time.monotonic()
        self._units = min(self._limit * BURST_SECONDS, self._units + (now - self._filled) * self._limit)
        self._filled = now
        # A write unit for each KB that is begun. JSON is a little longer than what DynamoDB counts.
        units = ceil(len(json.dumps(item)) / 1024)
        if self._units < units:
            return False
        self._units -= units
        return True


@contextmanager
def serving(table: Table) -> Iterator[Table]:
    """The table at `table.url`, for the programs that are measured: they have processes of their own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(table, loop), "127.0.0.1", 0))
    table.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield table
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as botocore speaks it: one request after the other, each with its Content-Length."""

    def __init__(self, table: Table, loop: asyncio.AbstractEventLoop) -> None:
        self._table, self._loop = table, loop
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) == int(headers[b"content-length"]):
            self._received = b""
            self._loop.call_later(uniform(*LATENCY), self._answer, *self._table.write(body))  # noqa: S311

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
