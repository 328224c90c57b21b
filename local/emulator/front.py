"""The HTTPS endpoint of the domain or collection: checks who may do what there, then passes the request on to the
OpenSearch node.

As on AWS a request needs a Signature Version 4 for the service ``es``; what an unsigned one may do is up to the
domain's access policy. With fine-grained access control the node then decides by the caller's IAM role, and what it
refuses is written into the decision log too; without it everybody whom IAM lets through may do everything. What is
signed for ``aoss`` is for a collection, whose data access policies the node knows as such roles.

As AWS's guide says of the service, it ignores the parameters in the URL of a signed POST.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-signing-service-requests.html

Of Dashboards there is what `local.emulator.dashboards` stands in for; signing in through Cognito is not served.
"""

import http.client
import io
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from urllib3 import BaseHTTPResponse

from local import security
from local.emulator import calls, collections, dashboards, denials, domains, networks
from local.emulator.authorization import ADMINISTRATOR, ANONYMOUS, Authorizer, Caller, identify
from local.emulator.certificates import Certificate
from local.emulator.node import ANSWER_SECONDS, Node, UnreachableError
from local.emulator.policies import Decision

_CHUNK = 64 * 1024
# The node believes what headers say about who asks: of a client's only these reach it.
_PASSED_ON = frozenset({"accept", "content-encoding", "content-type", "securitytenant", "x-opaque-id"})
# Headers of an answer that belong to one connection.
_OWN_HEADERS = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class Front(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 once created; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, certificate: Certificate, node: Node, authorizer: Authorizer) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.node = node
        self.dashboards = dashboards.Dashboards(node)
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
        self._node = http.client.HTTPConnection(self.server.node.address, timeout=ANSWER_SECONDS)

    def finish(self) -> None:
        self._node.close()
        super().finish()

    def log_message(self, *_: object) -> None:
        """The decision log has every request."""

    def _serve(self) -> None:
        try:
            visit = self._admitted()
            if visit.of_dashboards:
                self._answer_as_dashboards(visit)
            else:
                self._pass_on(visit)
        except _RefusedError as refused:
            self.close_connection = True  # the request's body may be unread
            self._answer(refused.status, {"message": str(refused)})
        except networks.NoWayError:
            self.close_connection = True

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - the names that BaseHTTPRequestHandler looks for

    def _admitted(self) -> "_Visit":
        collection, domain = collections.the_collection(), domains.the_domain()
        target = collection or domain
        if target is None:
            raise _RefusedError(503, "the domain does not exist yet")
        path, service = self.path.partition("?")[0], "aoss" if collection else "es"
        credential = calls.credential(self.headers.get("authorization"))
        region = target.arn.split(":")[3]
        caller = identify(credential.key, region) if credential else ANONYMOUS
        if caller is None:
            raise _RefusedError(403, "The security token included in the request is invalid.")
        if not collection:
            networks.require_way_to_domain(self.server.authorizer, caller, domain)
        if credential and (credential.service, credential.region) != (service, region):
            raise _RefusedError(403, f"Credential should be scoped to the service {service} and the Region {region}")
        visit = _Visit(target.arn, collection is not None or domains.is_fine_grained(domain), caller, path)
        for action, resource in visit.needs_in_collection if collection else visit.needs_in_domain(self.command):
            if refusal := self.server.authorizer.refusal(caller, action, resource, region):
                raise _RefusedError(403, refusal.message)
        # The administrator of the local AWS may look at everything.
        known = visit.of_dashboards or caller is ADMINISTRATOR or collections.answers(self.command, path)
        if collection and not known:
            raise _RefusedError(404, f"a collection has no operation {self.command} {path}")
        return visit

    def _pass_on(self, visit: "_Visit") -> None:
        try:
            self._node.request(self.command, self._heard, **self._forwarded(visit.identity))
            answer = self._node.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._node.close()
            raise self._unreachable(error) from error
        body: io.BufferedIOBase = answer
        length = answer.getheader("content-length")
        if denials.may_tell(visit.path, answer.status):
            content = answer.read()
            self._write_denials_down(visit, self.command, visit.path, answer.status, content)
            body = io.BytesIO(content)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header(*(("content-length", length) if length else ("transfer-encoding", "chunked")))
        self.end_headers()
        # For HEAD there is nothing to read, but reading is what frees the node's connection for the next request.
        while part := body.read(_CHUNK):
            self.wfile.write(part if length else b"%x\r\n%s\r\n" % (len(part), part))
        if not length and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")

    def _answer_as_dashboards(self, visit: "_Visit") -> None:
        def ask(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> BaseHTTPResponse:
            answer = self.server.node.ask(method, path, body, headers={**visit.identity_in_dashboards, **headers})
            if denials.may_tell(path.partition("?")[0], answer.status):
                self._write_denials_down(visit, method, path.partition("?")[0], answer.status, answer.data)
            return answer

        request = dashboards.Request(
            self.command,
            visit.path.removeprefix(dashboards.PREFIX),
            dict(parse_qsl(urlsplit(self._heard).query)),
            {name.lower(): value for name, value in self.headers.items()},
            b"".join(self._body()),
        )
        try:
            status, document = self.server.dashboards.answer(request, ask)
        except UnreachableError as error:
            raise self._unreachable(error) from error
        self._answer(status, document)

    def _write_denials_down(self, visit: "_Visit", method: str, path: str, status: int, content: bytes) -> None:
        for action in denials.actions(method, path, status, content):
            self.server.authorizer.decided(
                visit.caller, action, f"{visit.arn}{path}", Decision.IMPLICIT_DENY, "by the security plugin"
            )

    def _unreachable(self, error: Exception) -> "_RefusedError":
        return _RefusedError(502, f"the OpenSearch node at {self.server.node.address} does not answer: {error!r}")

    @property
    def _heard(self) -> str:
        """The path, with the query unless that is ignored."""
        ignored = self.command == "POST" and "authorization" in self.headers
        return self.path.partition("?")[0] if ignored else self.path

    def _forwarded(self, identity: Mapping[str, str]) -> dict[str, Any]:
        passed_on = {name: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
        headers = {**passed_on, **identity}
        if self._is_chunked:
            headers["Transfer-Encoding"] = "chunked"
            return {"headers": headers, "body": self._body(), "encode_chunked": True}
        length = int(self.headers.get("content-length") or 0)
        if length:
            headers["Content-Length"] = str(length)
            return {"headers": headers, "body": self._body()}
        return {"headers": headers}

    @property
    def _is_chunked(self) -> bool:
        return bool(self.headers.get("transfer-encoding", "").lower() == "chunked")

    def _body(self) -> Iterator[bytes]:
        return self._chunks() if self._is_chunked else self._sized(int(self.headers.get("content-length") or 0))

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

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class _Visit:
    """A request to the domain or collection `arn`; `by_roles`: the node decides, too."""

    arn: str
    by_roles: bool
    caller: Caller
    path: str

    @property
    def of_dashboards(self) -> bool:
        return self.path == dashboards.PREFIX or self.path.startswith(f"{dashboards.PREFIX}/")

    def needs_in_domain(self, method: str) -> list[tuple[str, str]]:
        """Actions of IAM, and on what."""
        return [(f"es:ESHttp{method.capitalize()}", f"{self.arn}{self.path}")]

    @property
    def needs_in_collection(self) -> list[tuple[str, str]]:
        """Dashboards are those of all collections."""
        of_dashboards = ("aoss:DashboardsAccessAll", f"{self.arn.partition(':collection/')[0]}:dashboards/default")
        return [("aoss:APIAccessAll", self.arn), *([of_dashboards] if self.of_dashboards else [])]

    @property
    def identity(self) -> dict[str, str]:
        """Headers that tell the node who asks; none for who has no role, whom the node refuses then."""
        if self.caller is ADMINISTRATOR or not self.by_roles:
            return security.identity()
        return security.identity(self.caller.role) if self.caller.role else {}

    @property
    def identity_in_dashboards(self) -> dict[str, str]:
        """A collection keeps its saved objects apart from its indices, for whoever may come to Dashboards."""
        return security.identity() if ":collection/" in self.arn else self.identity


def serve(front: Front) -> threading.Thread:
    """Answers in a thread until `front.shutdown()`."""
    thread = threading.Thread(target=front.serve_forever, name="front", daemon=True)
    thread.start()
    return thread
