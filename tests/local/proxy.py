"""An HTTP proxy: what it does with a request is a function's choice, and it can be unreachable for a while."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import urlsplit

_OWN_HEADERS = frozenset({"connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding"})
_ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Call:
    """A request; `path` has its query, the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer. `length` is what the header says of the body: more than it has breaks off in the middle."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    length: int | None = None


Forward: TypeAlias = Callable[[Call], Reply]
Exchange: TypeAlias = Callable[[Call, Forward], Reply]


class NoReply(Exception):
    """The connection is closed without an answer."""


def pass_on(call: Call, forward: Forward) -> Reply:
    return forward(call)


class Proxy:
    """Stands before an OpenSearch node or another HTTP server between `start` and `stop`.

    `exchange` decides about each request: what it answers, and whether the server sees it at all.
    """

    def __init__(self, url: str, exchange: Exchange = pass_on) -> None:
        self.node = urlsplit(url).netloc
        self.exchange = exchange
        # Bound and never listening: it keeps the port ours while nobody listens there.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind(("127.0.0.1", 0))
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        host, port = self._place.getsockname()
        return f"http://{host}:{port}"

    def start(self) -> None:
        self._server = _Server(self._place.getsockname(), self)

    def stop(self) -> None:
        self._cut()
        self._place.close()

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Closes all connections and refuses new ones until the end of the block."""
        self._cut()
        try:
            yield
        finally:
            self.start()

    def _cut(self) -> None:
        if self._server:
            self._server.cut()
            self._server = None

    def forward(self, call: Call) -> Reply:
        server = http.client.HTTPConnection(self.node, timeout=_ANSWER_SECONDS)
        with contextlib.closing(server):
            server.request(call.method, call.path, call.body or None, dict(call.headers))
            answer = server.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
            return Reply(answer.status, headers, answer.read())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True

    def __init__(self, address: Any, proxy: Proxy) -> None:
        super().__init__(address, _Exchange)
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who is killed or cut off hangs up; that is what these tests are about."""

    def cut(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Exchange(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        passed_on = {name: value for name, value in headers.items() if name not in _OWN_HEADERS}
        proxy = self.server.proxy
        try:
            reply = proxy.exchange(Call(self.command, self.path, passed_on, self._body()), proxy.forward)
        except NoReply:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or reply.length is not None

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - the library's names

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
