import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

BUCKET = "export"
AT = 1_767_225_600_000
"""Milliseconds since the epoch: the beginning of 2026."""
MESSAGE = "failed to parse field [price] of type [double] in document with id 'a'. Preview of field's value: 'x'"


def entry(document_id: str | None = "a", document: Any = None, **changes: Any) -> dict[str, Any]:
    """One letter as Data Prepper writes it; `at` is in milliseconds."""
    at = changes.pop("at", AT)
    data = {
        "index": "orders-1",
        "indexId": document_id,
        "status": 400,
        "message": MESSAGE,
        "document": {"id": document_id} if document is None else document,
        **changes,
    }
    time = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    names = {"pluginId": "opensearch", "pluginName": "opensearch", "pipelineName": "orders-1"}
    return {**names, "failedData": data, "timestamp": time}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of S3, with the export bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def put(s3: Any) -> Callable[..., None]:
    """``put("dlq/orders-1/1.json", entry(), …)`` writes an object of letters."""

    def write(key: str, *entries: dict[str, Any]) -> None:
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({"dlqObjects": entries}).encode())

    return write
