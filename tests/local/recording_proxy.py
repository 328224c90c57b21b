"""Stands before an OpenSearch node and keeps what was asked of it and what it answered."""

import http.client
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from local import security


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


class RecordingProxy(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1 between `start` and `stop`.

    While `refuses_bulks` is set the node sees none; `refused` counts them.
    """

    daemon_threads = True

    def __init__(self, node_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.node = urlsplit(node_url).netloc
        self.requests: list[Request] = []
        self.actions: list[Action] = []
        self.refuses_bulks = False
        self.refused = 0
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def forget(self) -> None:
        self.requests, self.actions = [], []

    def keep(self, method: str, path: str, body: bytes, status: int, answer: bytes) -> None:
        if path.partition("?")[0].endswith("/_bulk"):
            items = json.loads(answer).get("items", []) if status == 200 else []
            self.actions += _actions(body.decode(), items)
        else:
            self.requests.append(Request(method, unquote(path), status, json.loads(body) if body else None))


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


class _Exchange(BaseHTTPRequestHandler):
    server: RecordingProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        body = self._body()
        if self.server.refuses_bulks and "/_bulk" in self.path:
            self.server.refused += 1
            self._answer(503, "application/json", b"{}")
            return
        node = http.client.HTTPConnection(self.server.node, timeout=60)
        headers = {name: self.headers[name] for name in security.HEADERS if name in self.headers}
        if body:
            headers["content-type"] = self.headers.get("content-type", "application/json")
        node.request(self.command, self.path, body or None, headers)
        answer = node.getresponse()
        content = answer.read()
        node.close()
        self.server.keep(self.command, self.path, body, answer.status, content)
        self._answer(answer.status, answer.getheader("content-type", "application/json"), content)

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - the library's names

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
