"""What may go wrong at a server, as the `exchange` of a `Proxy` before it."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from tests.local.proxy import Call, Forward, NoReply, Reply

LIMIT_SECONDS = 120
_EXPIRED = "The security token included in the request is expired"


def operation_of(call: Call) -> str:
    """What is asked for: ``GetRecords`` of an AWS service, ``_bulk`` of OpenSearch."""
    if target := call.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(call.body.decode())["Action"][0]
    if "/s3/" in call.headers.get("authorization", ""):
        return f"{call.method.capitalize()}Object"
    return call.path.partition("?")[0].rpartition("/")[2]


def json_error(code: str, message: str = "Rate exceeded") -> Reply:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return Reply(400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(document).encode())


def s3_error(status: int, code: str) -> Reply:
    text = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Reply(status, {"content-type": "application/xml"}, text.encode())


def query_error(code: str) -> Reply:
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
    )
    return Reply(400, {"content-type": "text/xml"}, text.encode())


def search_error(status: int) -> Reply:
    document = {"error": {"type": "rejected_execution_exception", "reason": "no room"}, "status": status}
    return Reply(status, {"content-type": "application/json"}, json.dumps(document).encode())


def lost(call: Call, forward: Forward) -> Reply:
    """The server does what it was asked to do, and its answer gets lost."""
    forward(call)
    raise NoReply


def broken_off(call: Call, forward: Forward) -> Reply:
    """The connection breaks in the middle of the answer."""
    reply = forward(call)
    return replace(reply, body=reply.body[: len(reply.body) // 2], length=len(reply.body))


def refused_items(status: int) -> Callable[[Call, Forward], Reply]:
    """Of a bulk, every second document finds no room; the others reach the node."""

    def exchange(call: Call, forward: Forward) -> Reply:
        operations = _operations(call.body)
        kept = [text for number, (_, _, text) in enumerate(operations) if number % 2]
        reply = forward(replace(call, body=b"".join(kept))) if kept else None
        taken = iter(json.loads(reply.body)["items"] if reply else ())
        error = {"type": "rejected_execution_exception", "reason": "no room"}
        items = [
            next(taken)
            if number % 2
            else {action: {"_index": target["_index"], "_id": target["_id"], "status": status, "error": error}}
            for number, (action, target, _) in enumerate(operations)
        ]
        answer = json.dumps({"took": 1, "errors": True, "items": items}).encode()
        return Reply(200, {"content-type": "application/json"}, answer)

    return exchange


def _operations(body: bytes) -> list[tuple[str, Mapping[str, Any], bytes]]:
    """Action, target and text of each operation of a bulk."""
    lines = iter(body.splitlines(keepends=True))
    found = []
    for line in lines:
        ((action, target),) = json.loads(line).items()
        found.append((action, target, line if action == "delete" else line + next(lines)))
    return found


class Faults:
    """Does to the next calls of each operation what `planned` says, one after the other; then all is well again."""

    def __init__(self, planned: Mapping[str, Sequence[Callable[[Call, Forward], Reply] | Reply]]) -> None:
        self._left = {operation: list(faults) for operation, faults in planned.items()}

    @property
    def left(self) -> list[str]:
        """The operations to which more is to be done."""
        return [operation for operation, faults in self._left.items() if faults]

    def __call__(self, call: Call, forward: Forward) -> Reply:
        faults = self._left.get(operation_of(call))
        if not faults:
            return forward(call)
        fault = faults.pop(0)
        return fault if isinstance(fault, Reply) else fault(call, forward)


@dataclass
class Held:
    """Keeps the `number`-th call of an operation waiting for ever, `after` the server has done it or before.

    `reached` says that it waits; whoever made it can be killed then.
    """

    operation: str
    number: int
    after: bool

    def __post_init__(self) -> None:
        self.reached = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def __call__(self, call: Call, forward: Forward) -> Reply:
        if operation_of(call) != self.operation or self.reached.is_set():
            return forward(call)
        self.number -= 1
        if self.number > 0:
            return forward(call)
        if self.after:
            forward(call)
        self.reached.set()
        self._released.wait(LIMIT_SECONDS)
        raise NoReply


@dataclass
class ExpiredSession:
    """Of `refusing`, "AWS" or "the domain", who refuses every session until somebody has assumed the role anew.

    `services` is for the proxy before AWS, `domain` for the one before the node.
    """

    refusing: str
    refused: int = 0
    renewed: bool = False

    def services(self, call: Call, forward: Forward) -> Reply:
        if operation_of(call) == "AssumeRole":
            self.renewed = True
        elif self.refusing == "AWS" and not self.renewed:
            self.refused += 1
            of_s3 = "/s3/" in call.headers["authorization"]
            return s3_error(400, "ExpiredToken") if of_s3 else json_error("ExpiredTokenException", _EXPIRED)
        return forward(call)

    def domain(self, call: Call, forward: Forward) -> Reply:
        if self.refusing == "the domain" and not self.renewed:
            self.refused += 1
            return Reply(403, {"content-type": "application/json"}, json.dumps({"message": _EXPIRED}).encode())
        return forward(call)
