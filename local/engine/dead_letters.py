"""Documents that OpenSearch does not take, written to S3 as Data Prepper writes them."""

import logging
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.engine.events import Value, to_json
from local.engine.time_patterns import TimePattern

_log = logging.getLogger(__name__)

# The major version of Data Prepper.
_VERSION = 2
_PLUGIN = "opensearch"


@dataclass(frozen=True)
class DeadLetter:
    """`status` is OpenSearch's for this document, 0 where there was no answer about it."""

    index: str
    document_id: str | None
    status: int
    message: str
    document: Value


@dataclass(frozen=True)
class Batch:
    """An object of the queue. Written again it replaces itself, so that a letter is never there twice for that."""

    key: str
    body: bytes


class DeadLetterQueue:
    """One object for each batch of dead letters. `key_path_prefix` may hold a date, `%{yyyy-MM-dd}`."""

    def __init__(self, client: Any, bucket: str, key_path_prefix: str | None, pipeline: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix_parts(key_path_prefix)
        self._pipeline = pipeline

    def batch(self, letters: Sequence[DeadLetter]) -> Batch:
        now = datetime.now(UTC)
        objects: list[Value] = [self._object(letter, now) for letter in letters]
        prefix = "".join(part if isinstance(part, str) else part.write(now) for part in self._prefix)
        moment = f"{now:%Y-%m-%dT%H:%M:%S}.{time.time_ns() % 1_000_000_000:09d}Z"
        return Batch(
            key=f"{prefix}dlq-v{_VERSION}-{self._pipeline}-{_PLUGIN}-{moment}-{uuid.uuid4()}.json",
            body=to_json({"dlqObjects": objects}).encode(),
        )

    def write(self, batch: Batch) -> None:
        """Raises botocore's errors when S3 does not take the object, or its answer is lost."""
        self._client.put_object(Bucket=self._bucket, Key=batch.key, Body=batch.body)

    def _object(self, letter: DeadLetter, now: datetime) -> Value:
        return {
            "pluginId": _PLUGIN,
            "pluginName": _PLUGIN,
            "pipelineName": self._pipeline,
            "failedData": {
                "index": letter.index,
                "indexId": letter.document_id,
                "status": letter.status,
                "message": letter.message,
                "document": letter.document,
            },
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def prefix_parts(prefix: str | None) -> list[str | TimePattern]:
    """Raises `UnsupportedPatternError`."""
    if not prefix:
        return []
    parts = re.split(r"%\{(.*?)\}", prefix if prefix.endswith("/") else f"{prefix}/")
    return [TimePattern(part) if index % 2 else part for index, part in enumerate(parts)]
