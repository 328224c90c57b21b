"""What a sink talks to: a cluster and a bucket that remember what they were sent."""

import json
from typing import Any

from botocore.exceptions import ClientError
from opensearchpy.exceptions import TransportError


class FakeCluster:
    """An opensearch-py client. `answers` are for the bulks in order, (status, error) per document; then all passes."""

    def __init__(self) -> None:
        self.transport = self.indices = self.cluster = self
        self.answers: list[Exception | list[tuple[int, Any]]] = []
        self.bulks: list[list[Any]] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.known: set[str] = set()
        self.settings: dict[str, Any] = {"persistent": {}}

    def perform_request(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        if path == "/_bulk":
            return self._bulk(body)
        self.calls.append((method, path, body))
        if method == "HEAD":
            return path in self.known
        if "_data_stream" in path:
            return {"data_streams": [path] if path in self.known else []}
        if method == "GET":
            return {"index_templates": [{"index_template": {"version": 3}}], path.rpartition("/")[2]: {"version": 3}}
        return {}

    def _bulk(self, body: bytes) -> Any:
        lines = iter(map(json.loads, body.decode().splitlines()))
        self.bulks.append([])
        for line in lines:
            ((action, target),) = line.items()
            self.bulks[-1].append((action, target, None if action == "delete" else next(lines)))
        answer = self.answers.pop(0) if self.answers else [(200, None)] * len(self.bulks[-1])
        if isinstance(answer, Exception):
            raise answer
        items = [{"index": {"status": status} | ({"error": error} if error else {})} for status, error in answer]
        return {"errors": True, "items": items}

    def info(self) -> Any:
        self.calls.append(("GET", "/", None))

    def get_settings(self, **_: Any) -> Any:
        return self.settings

    def exists_alias(self, name: str) -> bool:
        return f"alias {name}" in self.known

    def exists(self, index: str) -> bool:
        return index in self.known

    def create(self, index: str, body: Any) -> Any:
        self.calls.append(("PUT", f"/{index}", body))
        if index == "bad-a":
            raise TransportError(400, "invalid_index_name_exception", {})


class FakeBucket:
    """Refuses the next `refusals` objects."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.keys: list[str] = []
        self.refusals = 0

    def put_object(self, **request: Any) -> None:
        self.keys.append(request["Key"])
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")
        self.objects[request["Key"]] = json.loads(request["Body"])

    @property
    def letters(self) -> list[Any]:
        failed = [letter["failedData"] for content in self.objects.values() for letter in content["dlqObjects"]]
        return [(one["index"], one["indexId"], one["status"], one["message"]) for one in failed]
