"""The export: a full copy of the table, made by DynamoDB in S3 in the Ion format, read file by file."""

import gzip
import io
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from amazon.ion import simpleion
from amazon.ion.simple_types import IonPyBool, IonPyNull

from local.engine.checkpoint import DataFile, Export
from local.engine.events import Event, Value
from local.engine.keys import KeySchema, base64_of, metadata
from local.engine.support import ExportPlan

_log = logging.getLogger(__name__)

_BATCH_LINES = 1_000
# An item has up to 400 KB, maybe in one text; the library by itself reads 64 KiB.
_LONGEST_TEXT_BYTES = 1024 * 1024
# Data Prepper makes an exported document five minutes older than the export, so that changes made meanwhile win.
_OVERLAP_MILLISECONDS = 5 * 60 * 1000


class ExportFailedError(Exception):
    """DynamoDB says that the export failed, and why."""


class ExportReader:
    """Starts the export that `state` does not have yet and delivers its items; `state` says how far it is."""

    def __init__(self, dynamodb: Any, s3: Any, plan: ExportPlan, table: KeySchema, state: Export) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._plan = plan
        self._table = table
        self._state = state
        self._file: DataFile | None = None
        self._lines: Iterator[bytes] = iter(())

    def step(self) -> list[Event]:
        """The next items, up to a thousand; none while the export is being made.

        Raises botocore's errors and `ExportFailedError`; the next step then tries again, after a failed export with
        another.
        """
        if self._state.arn is None:
            self._begin()
        elif self._state.files is None:
            self._look()
        else:
            return self._read()
        return []

    def _begin(self) -> None:
        encryption = {"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": self._plan.kms_key_id} if self._plan.kms_key_id else {}
        answer = self._dynamodb.export_table_to_point_in_time(
            TableArn=self._table.arn,
            S3Bucket=self._plan.bucket,
            ExportFormat="ION",
            **({"S3Prefix": self._plan.prefix} if self._plan.prefix else {}),
            **encryption,
        )
        self._state.arn = answer["ExportDescription"]["ExportArn"]
        _log.info("export %s started", self._state.arn)

    def _look(self) -> None:
        description = self._dynamodb.describe_export(ExportArn=self._state.arn)["ExportDescription"]
        if description["ExportStatus"] == "FAILED":
            failed, self._state.arn = self._state.arn, None
            raise ExportFailedError(f"export {failed}: {description.get('FailureMessage', 'failed')}")
        if description["ExportStatus"] != "COMPLETED":
            return
        summary = json.loads(self._object(self._plan.bucket, description["ExportManifest"]).read())
        files = self._object(summary["s3Bucket"], summary["manifestFilesS3Key"]).read().decode()
        self._state.bucket = summary["s3Bucket"]
        self._state.time = int(datetime.fromisoformat(summary["exportTime"]).timestamp() * 1000)
        self._state.files = [DataFile(key=json.loads(line)["dataFileS3Key"]) for line in files.splitlines()]
        _log.info("export complete: %s items in %d files", summary.get("itemCount"), len(self._state.files))

    def _read(self) -> list[Event]:
        # Should reading fail, the file is opened again and what was delivered of it is passed over.
        file, self._file = self._file or self._open(), None
        lines = list(islice(self._lines, _BATCH_LINES))
        file.lines += len(lines)
        if len(lines) < _BATCH_LINES:
            file.finished = True
        else:
            self._file = file
        return [self._event(line) for line in lines]

    def _open(self) -> DataFile:
        file = next(file for file in self._state.files or () if not file.finished)
        body = self._object(self._state.bucket, file.key)
        self._lines = islice(io.BufferedReader(gzip.GzipFile(fileobj=body)), file.lines, None)
        return file

    def _object(self, bucket: str, key: str) -> Any:
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"]

    def _event(self, line: bytes) -> Event:
        item = item_of(line)
        version = (self._state.time - _OVERLAP_MILLISECONDS) * 1000
        return Event(item, metadata(self._table, item, self._state.time, version, event_name=None, ttl_delete=False))


def item_of(line: bytes) -> dict[str, Value]:
    """The item of one line, `$ion_1_0 {Item:{…}}`: sets as lists, binary values as Base64."""
    read = simpleion.loads(line, text_buffer_size_limit=_LONGEST_TEXT_BYTES)
    return {name: _plain(value) for name, value in read["Item"].items()}


def _plain(value: Any) -> Value:
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return _scalar(value)


def _scalar(value: Any) -> Value:
    match value:
        case IonPyNull() | None:
            return None
        case bool() | IonPyBool():
            return bool(value)
        case Decimal() | int():
            return Decimal(value)
        case bytes():
            return base64_of(value)
    return str(value)
