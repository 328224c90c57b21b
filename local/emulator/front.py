"""The HTTPS endpoint of the domain: checks who may do what there, then passes the request on to the OpenSearch node.

As on AWS a request needs a Signature Version 4 for the service ``es``; what an unsigned one may do is up to the
domain's access policy. Dashboards, and with it signing in through Cognito, is not served.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from local.emulator import calls, domains
from local.emulator.authorization import ANONYMOUS, Authorizer, identify
from local.emulator.certificates import Certificate

_CHUNK = 64 * 1024
_NODE_SECONDS = 120
# Headers that belong to one connection, and those of the signature, which end here.
_OWN_HEADERS = frozenset(
    {"authorization", "connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding"}
)


class Front(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 once created; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, certificate: Certificate, node_url: str, authorizer: Authorizer) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.node = urlsplit(node_url).netloc
        self.authorizer = authorizer
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.chain, certificate.key)

    @property
    def endpoint(self) -> str:
        """``localhost:port``, the form in which DescribeDomain gives an endpoint."""
        return f"localhost:{self.server_port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Here we are in the connection's own thread: a slow handshake keeps nobody else waiting.
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up or distrust the certificate are no news."""


class _Exchange(BaseHTTPRequestHandler):
    """One client connection, with a connection to the node of its own."""

    server: Front
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment: two small ones cost 40 ms of delayed acknowledgement.
    wbufsize = _CHUNK
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._node = http.client.HTTPConnection(self.server.node, timeout=_NODE_SECONDS)

    def finish(self) -> None:
        self._node.close()
        super().finish()

    def log_message(self, *_: object) -> None:
        """The decision log has every request."""

    def _serve(self) -> None:
        if refused := self._refused():
            self._refuse(*refused)
            return
        try:
            self._node.request(self.command, self.path, **self._forwarded())
            answer = self._node.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._node.close()
            self._refuse(502, f"the OpenSearch node at {self.server.node} does not answer: {error!r}")
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        length = answer.getheader("content-length")
        self.send_header(*(("content-length", length) if length else ("transfer-encoding", "chunked")))
        self.end_headers()
        # For HEAD there is nothing to read, but reading is what frees the node's connection for the next request.
        while part := answer.read(_CHUNK):
            self.wfile.write(part if length else b"%x\r\n%s\r\n" % (len(part), part))
        if not length and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - the names that BaseHTTPRequestHandler looks for

    def _refused(self) -> tuple[int, str] | None:
        """Status and message of the refusal, None for a request to pass on."""
        domain = domains.the_domain()
        path = self.path.partition("?")[0]
        if domain is None:
            return 503, "the domain does not exist yet"
        if path.startswith("/_dashboards"):
            return 404, "OpenSearch Dashboards is not part of the local AWS"
        credential = calls.credential(self.headers.get("authorization"))
        region = domain.arn.split(":")[3]
        caller = identify(credential.key, region) if credential else ANONYMOUS
        if caller is None:
            return 403, "The security token included in the request is invalid."
        if credential and (credential.service, credential.region) != ("es", region):
            return 403, f"Credential should be scoped to the service es and the Region {region}"
        action = f"es:ESHttp{self.command.capitalize()}"
        refusal = self.server.authorizer.refusal(caller, action, f"{domain.arn}{path}", region)
        return (403, refusal.message) if refusal else None

    def _forwarded(self) -> dict[str, Any]:
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _OWN_HEADERS and not name.lower().startswith("x-amz-")
        }
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            headers["Transfer-Encoding"] = "chunked"
            return {"headers": headers, "body": self._chunks(), "encode_chunked": True}
        length = int(self.headers.get("content-length") or 0)
        if length:
            headers["Content-Length"] = str(length)
            return {"headers": headers, "body": self._sized(length)}
        return {"headers": headers}

    def _sized(self, length: int) -> Iterator[bytes]:
        while length and (part := self.rfile.read(min(length, _CHUNK))):
            length -= len(part)
            yield part

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._sized(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # the request's body stays unread
        content = json.dumps({"message": message}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def serve(front: Front) -> threading.Thread:
    """Answers in a thread until `front.shutdown()`."""
    thread = threading.Thread(target=front.serve_forever, name="front", daemon=True)
    thread.start()
    return thread
