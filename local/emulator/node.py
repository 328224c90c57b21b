"""The OpenSearch node for what the emulator itself has to ask of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from local import security
from local.emulator.configuration import Attachment

ANSWER_SECONDS = 120
_NOWHERE = "http://127.0.0.1:9"
UnreachableError = urllib3.exceptions.HTTPError


@dataclass(frozen=True)
class Node:
    """The node that the file `attachment` names, once it is there."""

    attachment: Path

    @property
    def url(self) -> str:
        """Plain HTTP; where nothing listens as long as no node is attached."""
        try:
            return Attachment.model_validate_json(self.attachment.read_text()).node_url
        except FileNotFoundError:
            return _NOWHERE

    @property
    def address(self) -> str:
        """``host:port``."""
        return urlsplit(self.url).netloc

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """The whole answer to a request whose `headers` say who makes it. Raises `UnreachableError`."""
        headers = {**headers, "content-type": "application/json"}
        return urllib3.request(
            method, f"{self.url}{path}", body=body, headers=headers, timeout=ANSWER_SECONDS, retries=False
        )

    def put(self, path: str, document: Mapping[str, Any]) -> None:
        """Put a document as the administrator. Raises `UnreachableError`, and `RuntimeError` when the node refuses."""
        answer = self.ask("PUT", path, json.dumps(document).encode(), headers=security.identity())
        if answer.status >= 300:
            raise RuntimeError(f"the OpenSearch node refuses PUT {path}: {answer.status} {answer.data.decode()}")

    def delete(self, path: str) -> None:
        """Delete as the administrator what may be there. Raises as `put` does."""
        answer = self.ask("DELETE", path, headers=security.identity())
        if answer.status >= 300 and answer.status != 404:
            raise RuntimeError(f"the OpenSearch node refuses DELETE {path}: {answer.status} {answer.data.decode()}")
