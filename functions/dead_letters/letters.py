"""Dead letters where Data Prepper puts them: objects in S3, each of them a list, in a folder for each pipeline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import exact_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "dlq/"
# Data Prepper writes an object for each bulk request, which is of 5 MiB unless its body says otherwise. In memory the
# letters of an object take about ten times its size.
MOST_BYTES = 64 * 1024**2


class UnreadableLetters(Exception):
    """The object does not hold what Data Prepper writes; the message says what is wrong with it."""


@dataclass(frozen=True)
class Object:
    key: str
    size: int
    """In bytes."""

    @property
    def pipeline(self) -> str:
        """The pipeline that it is of: orders-1."""
        return self.key.removeprefix(PREFIX).partition("/")[0]


@dataclass(frozen=True)
class Letter:
    """A document that OpenSearch did not take (Data Prepper: DlqObject, FailedDlqData).

    Neither its version nor what was to be done with it is known: Data Prepper does not write them down.
    """

    entry: dict[str, Any]
    """As it is in the object."""

    @property
    def index(self) -> str:
        return str(self.entry["failedData"]["index"])

    @property
    def document_id(self) -> str | None:
        """None where it never had one."""
        found: str | None = self.entry["failedData"].get("indexId")
        return found

    @property
    def status(self) -> int:
        """OpenSearch's for this document, 0 where there was no answer about it."""
        return int(self.entry["failedData"].get("status", 0))

    @property
    def message(self) -> str:
        return str(self.entry["failedData"].get("message", ""))

    @property
    def document(self) -> Any:
        """The document as a dict; its text where Data Prepper could not even choose an index."""
        return self.entry["failedData"].get("document")

    @cached_property
    def milliseconds(self) -> int:
        """When it was written, since the epoch: later than the change that it is about."""
        return round(datetime.fromisoformat(self.entry["timestamp"]).timestamp() * 1000)

    def refused(self, status: int, message: str) -> "Letter":
        """The same letter with a newer reason."""
        data = {**self.entry["failedData"], "status": status, "message": message}
        return replace(self, entry={**self.entry, "failedData": data})


class Queue:
    """The dead letters of all pipelines of an environment."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def objects(self, table: str | None, after: str | None) -> Iterator[Object]:
        """Those of a table, None: of all, whose key is greater than `after`; of each pipeline the oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{PREFIX}{table}-" if table else PREFIX, StartAfter=after or ""
        )
        for page in pages:
            for entry in page.get("Contents", []):
                found = Object(entry["Key"], entry["Size"])
                # orders-archive-1 begins with orders-, too.
                if table is None or found.pipeline.rpartition("-")[0] == table:
                    yield found

    def read(self, found: Object) -> list[Letter]:
        """Raises UnreadableLetters."""
        if found.size > MOST_BYTES:
            raise UnreadableLetters(f"has {found.size:,} bytes; at most {MOST_BYTES:,} are read")
        body = self._s3.get_object(Bucket=self._bucket, Key=found.key)["Body"].read()
        try:
            letters = [Letter(entry) for entry in exact_json.loads(body)["dlqObjects"]]
            for letter in letters:
                _ = letter.index, letter.status, letter.milliseconds
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableLetters(f"is not what Data Prepper writes ({type(error).__name__}: {error})") from error
        return letters

    def keep(self, found: Object, letters: Sequence[Letter]) -> None:
        """Let the object hold these letters and no others; without any it goes."""
        if not letters:
            self._s3.delete_object(Bucket=self._bucket, Key=found.key)
            return
        body = exact_json.dumps({"dlqObjects": [letter.entry for letter in letters]})
        self._s3.put_object(Bucket=self._bucket, Key=found.key, Body=body.encode())
