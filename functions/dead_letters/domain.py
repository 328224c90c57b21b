"""The documents of the domain: looked up and written by their ids, many at a time.

A collection of OpenSearch Serverless is a domain with fewer operations and other signatures.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from opensearchpy import OpenSearch, TransportError, Urllib3AWSV4SignerAuth

from . import exact_json

REQUEST_SECONDS = 30
# What passes by itself; the client asks again at once, three times. Not after a time-out: OpenSearch remembers for a
# minute that a document was deleted (index.gc_deletes), and what is written later than that would bring it back.
PASSING = (429, 502, 503)

# The services that requests are signed for.
DOMAIN, COLLECTION = "es", "aoss"


class ReplayFailed(Exception):
    """The domain does not do what it is asked; the message says at which request and why."""


@dataclass(frozen=True)
class Place:
    """Where a document is or would be."""

    index: str
    document_id: str


@dataclass(frozen=True)
class Document:
    """A document that is in an index."""

    version: int
    source: dict[str, Any]


@dataclass(frozen=True)
class NoIndex:
    """Why nothing can be looked up there, in OpenSearch's words."""

    why: str


@dataclass(frozen=True)
class Write:
    """A document to be written, or None to be deleted, unless its place has one of this version or a greater one."""

    place: Place
    version: int
    document: dict[str, Any] | None

    @property
    def lines(self) -> str:
        """As the bulk API takes it."""
        target = {"_index": self.place.index, "_id": self.place.document_id}
        version = {"version": self.version, "version_type": "external"}
        if self.document is None:
            return exact_json.dumps({"delete": {**target, **version}}) + "\n"
        return f"{exact_json.dumps({'index': {**target, **version}})}\n{exact_json.dumps(self.document)}\n"


@dataclass(frozen=True)
class Answer:
    """OpenSearch's to one write; `reason` is empty where there is nothing wrong."""

    status: int
    reason: str = ""


def connect(endpoint: str, service: str) -> OpenSearch:
    """A client of the domain at `endpoint`, a host or host:port, that signs for `service` with the credentials of this
    function."""
    host, _, port = endpoint.partition(":")
    session = boto3.Session()
    return OpenSearch(
        hosts=[{"host": host, "port": int(port or 443)}],
        use_ssl=True,
        # Only where certificates are not those of AWS.
        ca_certs=os.environ.get("AWS_CA_BUNDLE"),
        http_auth=Urllib3AWSV4SignerAuth(session.get_credentials(), session.region_name, service),
        serializer=exact_json.Serializer(),
        timeout=REQUEST_SECONDS,
        retry_on_status=PASSING,
    )


class Domain:
    """What is not the answer of a single document raises ReplayFailed."""

    def __init__(self, client: OpenSearch, *, serverless: bool = False) -> None:
        self._client = client
        # A domain's policy names methods, of which POST does everything; a collection knows no other than this one.
        self._look_up = "GET" if serverless else "POST"

    def look_up(self, places: Sequence[Place]) -> list[Document | NoIndex | None]:
        """What is at each place now, whether searches find it already or not; None: no document."""
        wanted = [{"_index": place.index, "_id": place.document_id} for place in places]
        return [_found(one) for one in self._ask(self._look_up, "/_mget", exact_json.dumps({"docs": wanted}))["docs"]]

    def write(self, writes: Iterable[Write]) -> list[Answer]:
        """Do each of them, in this order. A deletion of what is not there is answered with 404 and no reason."""
        body = "".join(write.lines for write in writes)
        if not body:
            return []
        items = self._ask("POST", "/_bulk", body, {"content-type": "application/x-ndjson"})["items"]
        return [_answer(result) for item in items for result in item.values()]

    def _ask(self, method: str, path: str, body: str, headers: Mapping[str, str] | None = None) -> Any:
        try:
            return self._client.transport.perform_request(method, path, body=body, headers=headers)
        except TransportError as error:
            raise ReplayFailed(f"{method} {path}: {error}") from error


def _found(result: Mapping[str, Any]) -> Document | NoIndex | None:
    if "error" in result:
        return NoIndex(_reason(result["error"]))
    return Document(result["_version"], result["_source"]) if result["found"] else None


def _answer(result: Mapping[str, Any]) -> Answer:
    return Answer(result["status"], _reason(result.get("error")))


def _reason(error: Mapping[str, Any] | None) -> str:
    """In the words in which Data Prepper writes it into a letter."""
    reasons = []
    while error:
        reasons.append(str(error.get("reason") or "unknown"))
        error = error.get("caused_by")
    return " caused by ".join(reasons)
