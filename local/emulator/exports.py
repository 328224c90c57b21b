"""DynamoDB's export to S3 as AWS writes it: data files in Amazon Ion or DynamoDB JSON, and both manifests.

moto writes one file of DynamoDB JSON and no manifest.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

import base64
import gzip
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import moto.dynamodb.models
from amazon.ion import simpleion
from amazon.ion.core import IonType
from amazon.ion.simple_types import IonPyList
from amazon.ion.symbols import SymbolToken
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import s3_backends

from local.emulator.authorization import Authorizer, current_caller

# Several, because a reader that handles one file may yet mishandle the second.
_DATA_FILES = 4
_LONGEST_EXPORT_SECONDS = 60.0


class _RefusedError(Exception):
    """The bucket may not be written to with the caller's rights."""


class _NotFoundError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, export_arn: str) -> None:
        super().__init__("ExportNotFoundException", f"Export not found: {export_arn}")


def install(authorizer: Authorizer) -> None:
    """Puts this export in the place of moto's; its writes are checked with the rights of whoever asked for it."""

    class Export(_Export):
        _authorizer = authorizer

    moto.dynamodb.models.TableExport = Export
    describe = DynamoDBBackend.describe_export

    def describe_when_done(backend: DynamoDBBackend, export_arn: str) -> TableExport:
        if export_arn not in backend.table_exports:
            raise _NotFoundError(export_arn)
        export = describe(backend, export_arn)
        # An answer of IN_PROGRESS would cost the asker a poll interval of 30 s.
        export.join(_LONGEST_EXPORT_SECONDS)
        return export

    DynamoDBBackend.describe_export = describe_when_done
    export = DynamoHandler.export_table_to_point_in_time

    def export_without_prefix(handler: DynamoHandler) -> ActionResult:
        handler.body.setdefault("S3Prefix", "")
        return export(handler)

    DynamoHandler.export_table_to_point_in_time = export_without_prefix


class _Export(TableExport):  # type: ignore[misc] # moto is untyped here
    """A thread of moto's that writes the export and then says COMPLETED or FAILED."""

    _authorizer: Authorizer

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        export_id = f"{time.time_ns() // 1_000_000:014d}-{secrets.token_hex(4)}"
        self.arn = f"{self.table.table_arn}/export/{export_id}"
        self._caller = current_caller.get()
        self._start = datetime.now(UTC)
        self._folder = "/".join(filter(None, ((self.s3_prefix or "").strip("/"), "AWSDynamoDB", export_id)))
        # Now, not in the thread: an export is of one moment, and moto changes items in place.
        self._items = [item.to_json()["Attributes"] for item in self.table.all_items()]

    @property
    def _manifest(self) -> str:
        return f"{self._folder}/manifest-summary.json"

    def response(self) -> dict[str, Any]:
        described: dict[str, Any] = {**super().response(), "StartTime": self._start, "ExportTime": self._start}
        if self.status == "COMPLETED":
            described["ExportManifest"] = self._manifest
        return described

    def _backup_to_s3_file(self, s3_backend: Any) -> None:
        del s3_backend  # moto's choice of backend is repeated in _put
        self.item_count = len(self._items)
        try:
            entries = [self._write_data(part) for part in self._parts()]
            self._put_with_checksum("manifest-files", _json_lines(entries))
            self._put_with_checksum("manifest-summary", _json_lines([self._summary()]))
        except _RefusedError as error:
            self.status, self.failure_code, self.failure_message = "FAILED", "S3AccessDenied", str(error)
        else:
            self.status = "COMPLETED"

    def _parts(self) -> list[list[dict[str, Any]]]:
        return [self._items[first::_DATA_FILES] for first in range(_DATA_FILES)]

    def _write_data(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        ion = self.export_format == "ION"
        lines = _ion_lines(items) if ion else (json.dumps({"Item": item}, default=_base64) for item in items)
        text = "".join(f"{line}\n" for line in lines).encode()
        self.processed_bytes += len(text)
        content = gzip.compress(text)
        key = f"{self._folder}/data/{secrets.token_hex(13)}.{'ion' if ion else 'json'}.gz"
        self._put(key, content)
        return {
            "itemCount": len(items),
            "md5Checksum": _md5(content),
            "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "dataFileS3Key": key,
        }

    def _summary(self) -> dict[str, Any]:
        return {
            "version": "2020-06-30",
            "exportArn": self.arn,
            "startTime": _iso(self._start),
            "endTime": _iso(datetime.now(UTC)),
            "tableArn": self.table.table_arn,
            "tableId": str(uuid.uuid5(uuid.NAMESPACE_URL, self.table.table_arn)),
            "exportTime": _iso(self._start),
            "s3Bucket": self.s3_bucket,
            "s3Prefix": self.s3_prefix,
            "s3SseAlgorithm": "AES256",
            "s3SseKmsKeyId": None,
            "manifestFilesS3Key": f"{self._folder}/manifest-files.json",
            "billedSizeBytes": self.processed_bytes,
            "itemCount": self.item_count,
            "outputFormat": "ION" if self.export_format == "ION" else "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        }

    def _put_with_checksum(self, name: str, content: bytes) -> None:
        self._put(f"{self._folder}/{name}.json", content)
        self._put(f"{self._folder}/{name}.md5", _md5(content).encode())

    def _put(self, key: str, content: bytes) -> None:
        resource = f"arn:aws:s3:::{self.s3_bucket}/{key}"
        for action in ("s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"):
            if refusal := self._authorizer.refusal(self._caller, action, resource, self.region_name):
                raise _RefusedError(refusal.message)
        s3_backends[self.account_id][self.partition].put_object(bucket_name=self.s3_bucket, key_name=key, value=content)


def _ion_lines(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        values = {name: _ion(value) for name, value in item.items()}
        yield simpleion.dumps({"Item": values}, binary=False)


def _ion(attribute: dict[str, Any]) -> Any:
    """The Ion value of one DynamoDB attribute value such as ``{"N": "7"}``."""
    ((kind, value),) = attribute.items()
    return _ION[kind](value)


def _ion_set(kind: str) -> Callable[[list[Any]], Any]:
    annotation = (SymbolToken(f"$dynamodb_{kind}S", None, None),)
    return lambda members: IonPyList.from_value(IonType.LIST, [_ION[kind](one) for one in members], annotation)


_ION: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": Decimal,
    "B": lambda value: base64.b64decode(value) if isinstance(value, str) else value,
    "BOOL": bool,
    "NULL": lambda _: None,
    "L": lambda members: [_ion(member) for member in members],
    "M": lambda members: {name: _ion(member) for name, member in members.items()},
    "SS": _ion_set("S"),
    "NS": _ion_set("N"),
    "BS": _ion_set("B"),
}


def _json_lines(documents: Iterable[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(document, separators=(',', ':'))}\n" for document in documents).encode()


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()


def _md5(content: bytes) -> str:
    return _base64(hashlib.md5(content, usedforsecurity=False).digest())


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
