"""The connection to the domain: signed, patient, and clear about what went wrong.

A collection of OpenSearch Serverless is a domain with fewer operations and other signatures: it has no security roles,
and what is written is found some seconds later, whoever asks to have it found at once.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import boto3
from opensearchpy import ConnectionError as Unreachable
from opensearchpy import OpenSearch, SerializationError, TransportError, Urllib3AWSV4SignerAuth

REQUEST_SECONDS = 30
# Seconds kept back to report; longer than one request can last.
RESERVE = REQUEST_SECONDS + 5
# Back-off in seconds, with full jitter.
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0

# What passes by itself: too many requests, a node or Dashboards that is just starting, and two of us who change
# security roles at the same moment, which are all in one document of the plugin's.
PASSING = frozenset({409, 429, 502, 503, 504})
# While fine-grained access control is being switched on, the master is refused as well.
NOT_YET = PASSING | {401, 403, 500}


# The services that requests are signed for.
DOMAIN, COLLECTION = "es", "aoss"


class SetupFailed(Exception):
    """The domain could not be made ready; the message says at which request and why."""


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
        timeout=REQUEST_SECONDS,
        max_retries=0,
    )


class Domain:
    """Every request may be repeated, for each says how things should be; it is, while `seconds_left` lets it."""

    def __init__(
        self,
        client: OpenSearch,
        seconds_left: Callable[[], float],
        pause: Callable[[float], None] = time.sleep,
        *,
        serverless: bool = False,
    ) -> None:
        self._client, self._seconds_left, self._pause = client, seconds_left, pause
        self.serverless = serverless

    def wait(self) -> None:
        """Return when the domain answers us as its master, the collection as its policy has it. Raises SetupFailed when
        that takes too long."""
        self._request("GET", "/_index_template" if self.serverless else "/_cluster/health", passing=NOT_YET)

    def pause(self, seconds: float) -> bool:
        """Let `seconds` pass; False, and at once, where they are no longer left."""
        if not self._lasts(seconds):
            return False
        self._pause(seconds)
        return True

    def _lasts(self, seconds: float) -> bool:
        """Whether so much time is left, and the reserve besides."""
        return self._seconds_left() - seconds >= RESERVE

    def request(self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer; None where there is nothing at `path` to get or to delete. Raises SetupFailed."""
        return self._request(method, path, body=body, headers=headers)

    def get(self, path: str, params: Mapping[str, str], *, body: Any = None) -> Any:
        """The same, with parameters in the URL; the service ignores those of a signed POST.
        https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-signing-service-requests.html
        """
        return self._request("GET", path, params=params, body=body)

    def _request(self, method: str, path: str, *, passing: frozenset[int] = PASSING, **given: Any) -> Any:
        if not self._lasts(0):
            raise SetupFailed(f"{method} {path}: not asked, for the time is up; apply again")
        for attempt in count():
            try:
                return self._client.transport.perform_request(method, path, **given)
            except SerializationError as error:
                raise SetupFailed(f"{method} {path}: the answer is not JSON ({error})") from error
            except TransportError as error:
                if error.status_code == 404 and method in ("GET", "DELETE"):
                    return None
                if not isinstance(error, Unreachable) and error.status_code not in passing:
                    raise SetupFailed(f"{method} {path}: {_reason(error)}") from error
                wait = random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 16)))  # noqa: S311 - jitter
                if not self.pause(wait):
                    raise SetupFailed(
                        f"{method} {path}: no better answer in the time that there was than: {_reason(error)}"
                    ) from error
        raise AssertionError("count() has no end")


def _reason(error: TransportError) -> str:
    if isinstance(error, Unreachable):
        return f"the domain cannot be reached ({error.error})"
    # Only answers in JSON have `info`.
    text = f"HTTP {error.status_code}: {json.dumps(error.info) if error.info else error.error}"
    if error.status_code in (401, 403):
        text += (
            "; the role of this function must be the domain's master user and be named in its access policy, or in "
            "one of the collection"
        )
    return text if len(text) <= 1000 else f"{text[:997]}..."
