"""Stands before an OpenSearch node and keeps what was asked of it and what it answered."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.local.proxy import Call, Forward, Proxy, Reply


@dataclass(frozen=True)
class Request:
    """A request other than a bulk; `path` has its query and is unquoted."""

    method: str
    path: str
    status: int
    body: Any


@dataclass(frozen=True)
class Action:
    """One action of a bulk, as the contract's recordings have them; `source` is None for a delete."""

    action: str
    index: str
    document_id: str
    version: int | None
    version_type: str | None
    source: Any
    status: int


class RecordingProxy(Proxy):
    """While `refuses_bulks` is set the node sees none; `refused` counts them."""

    def __init__(self, node_url: str) -> None:
        super().__init__(node_url, self._record)
        self.requests: list[Request] = []
        self.actions: list[Action] = []
        self.refuses_bulks = False
        self.refused = 0

    def forget(self) -> None:
        self.requests, self.actions = [], []

    def _record(self, call: Call, forward: Forward) -> Reply:
        is_bulk = call.path.partition("?")[0].endswith("/_bulk")
        if self.refuses_bulks and is_bulk:
            self.refused += 1
            return Reply(503, {"content-type": "application/json"}, b"{}")
        reply = forward(call)
        if is_bulk:
            items = json.loads(reply.body).get("items", []) if reply.status == 200 else []
            self.actions += _actions(call.body.decode(), items)
        else:
            body = json.loads(call.body) if call.body else None
            self.requests.append(Request(call.method, unquote(call.path), reply.status, body))
        return reply


def _actions(body: str, items: list[Any]) -> list[Action]:
    lines = iter(body.splitlines())
    found: list[Action] = []
    for line in lines:
        ((action, target),) = json.loads(line).items()
        source = None if action == "delete" else json.loads(next(lines))
        status = next(iter(items[len(found)].values()))["status"] if items else 0
        found.append(
            Action(
                action,
                target["_index"],
                target["_id"],
                target.get("version"),
                target.get("version_type"),
                source,
                status,
            )
        )
    return found
