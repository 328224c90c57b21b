"""The stream of a table: its shards, parents first, each read in order."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from local.engine.checkpoint import Shard, State
from local.engine.events import Event, Value
from local.engine.keys import KeySchema, base64_of, metadata

_log = logging.getLogger(__name__)

_PAGE_RECORDS = 1_000
_DISCOVERY_SECONDS = 10.0
# As Data Prepper does: what happened up to five minutes before the start is read once more.
_OVERLAP_SECONDS = 5 * 60
_TTL_IDENTITY = ("Service", "dynamodb.amazonaws.com")


class StreamReader:
    """Delivers the changes after `state.started`, less the overlap; `state.shards` says how far it is."""

    def __init__(self, streams: Any, table: KeySchema, state: State, *, old_image_on_remove: bool) -> None:
        self._streams = streams
        self._table = table
        self._state = state
        self._old_image_on_remove = old_image_on_remove
        self._since = state.started / 1000 - _OVERLAP_SECONDS
        self._iterators: dict[str, str] = {}
        self._discovered = float("-inf")

    def step(self) -> Iterator[Event]:
        """What every open shard has now, up to a thousand records of each.

        Raises botocore's errors; the next step goes on after the last event.
        """
        if time.monotonic() - self._discovered > _DISCOVERY_SECONDS:
            self._discover()
        for shard_id in self._open_shards():
            yield from self._read(shard_id)

    def _discover(self) -> None:
        """Takes up the shards not known yet and forgets those that are finished and gone."""
        found: dict[str, str | None] = {}
        start: dict[str, str] = {}
        while True:
            description = self._streams.describe_stream(StreamArn=self._state.stream_arn, **start)["StreamDescription"]
            found |= {shard["ShardId"]: shard.get("ParentShardId") for shard in description["Shards"]}
            if not description.get("LastEvaluatedShardId"):
                break
            start = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}
        shards = self._state.shards
        for shard_id in found.keys() - shards.keys():
            _log.info("shard %s found", shard_id)
        self._state.shards = {
            shard_id: shards.get(shard_id, Shard(parent=parent)) for shard_id, parent in sorted(found.items())
        }
        self._discovered = time.monotonic()

    def _open_shards(self) -> list[str]:
        shards = self._state.shards
        return [
            shard_id
            for shard_id, shard in shards.items()
            if not shard.finished and (shard.parent not in shards or shards[shard.parent].finished)
        ]

    def _read(self, shard_id: str) -> list[Event]:
        shard = self._state.shards[shard_id]
        iterator = self._iterators.pop(shard_id, None) or self._iterator(shard_id, shard.sequence_number)
        page = self._streams.get_records(ShardIterator=iterator, Limit=_PAGE_RECORDS)
        following = page.get("NextShardIterator")
        if following:
            self._iterators[shard_id] = following
        else:
            shard.finished = True
            self._discovered = float("-inf")
            _log.info("shard %s finished", shard_id)
        records = page["Records"]
        if records:
            shard.sequence_number = records[-1]["dynamodb"]["SequenceNumber"]
        return [self._event(record, shard) for record in records if self._second(record) > self._since]

    def _iterator(self, shard_id: str, sequence_number: str | None) -> str:
        position = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": sequence_number}
            if sequence_number
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = self._streams.get_shard_iterator(StreamArn=self._state.stream_arn, ShardId=shard_id, **position)
        return str(answer["ShardIterator"])

    def _second(self, record: Mapping[str, Any]) -> int:
        return int(record["dynamodb"]["ApproximateCreationDateTime"].timestamp())

    def _event(self, record: Mapping[str, Any], shard: Shard) -> Event:
        change = record["dynamodb"]
        second = self._second(record)
        image = change.get("NewImage", {})
        if record["eventName"] == "REMOVE" and self._old_image_on_remove:
            image = change.get("OldImage", image)
        identity = record.get("userIdentity", {})
        return Event(
            _plain_map(image),
            metadata(
                self._table,
                _plain_map(change["Keys"]),
                second * 1000,
                _version(shard, second),
                event_name=record["eventName"],
                ttl_delete=record["eventName"] == "REMOVE"
                and (identity.get("Type"), identity.get("PrincipalId")) == _TTL_IDENTITY,
            ),
        )


def _version(shard: Shard, second: int) -> int:
    """The second in microseconds, plus how many records of it the shard has had."""
    if second < shard.second:
        return second * 1_000_000
    if second > shard.second:
        shard.second, shard.seen = second, 0
    else:
        shard.seen += 1
    return second * 1_000_000 + shard.seen


def _plain_map(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    return {name: plain(value) for name, value in attributes.items()}


def plain(attribute: Mapping[str, Any]) -> Value:
    """A DynamoDB attribute value as it stands in a document: sets as lists, binary values as Base64."""
    ((kind, value),) = attribute.items()
    return _KINDS[kind](value)


_KINDS: Mapping[str, Callable[[Any], Value]] = {
    "S": str,
    "N": Decimal,
    "B": base64_of,
    "BOOL": bool,
    "NULL": lambda _: None,
    "SS": list,
    "NS": lambda members: [Decimal(member) for member in members],
    "BS": lambda members: [base64_of(member) for member in members],
    "L": lambda members: [plain(member) for member in members],
    "M": _plain_map,
}
