"""The key of a table, and the metadata that Data Prepper gives an event for it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.engine.events import Value, text_of


@dataclass(frozen=True)
class KeySchema:
    """A table's name and the names of its key attributes."""

    arn: str
    partition: str
    sort: str | None

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


def metadata(
    table: KeySchema,
    key: Mapping[str, Value],
    milliseconds: int,
    version: int,
    *,
    event_name: str | None,
    ttl_delete: bool,
) -> dict[str, Value]:
    """`key` holds at least the key attributes; `event_name` is the stream's, None for an export."""
    partition = _key_text(key[table.partition])
    found: dict[str, Value] = {
        # The source gives the last part of the ARN.
        "table_name": table.name,
        "dynamodb_timestamp": milliseconds,
        "dynamodb_event_name": event_name,
        "opensearch_action": "delete" if event_name == "REMOVE" else "index",
        "document_version": version,
        "ttl_delete": ttl_delete,
        "partition_key": partition,
        "primary_key": partition,
    }
    if table.sort is not None:
        sort = _key_text(key[table.sort])
        found |= {"sort_key": sort, "primary_key": f"{partition}|{sort}"}
    return found


def base64_of(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _key_text(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else text_of(value)
