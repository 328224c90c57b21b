"""A running pipeline: reads export and stream, changes and routes the events, and keeps the checkpoint.

One thread does it all: what has been read is delivered before more is read, so memory is bounded by the bulk size. It
stays in memory until then, whatever fails meanwhile, so nothing is read twice; and the checkpoint is written when
nothing is waiting, so that whatever ends the process loses nothing.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from opensearchpy.exceptions import TransportError

from local.engine import aws
from local.engine.checkpoint import Checkpoint, Export, State
from local.engine.dead_letters import DeadLetterQueue
from local.engine.events import Event
from local.engine.export import ExportFailedError, ExportReader
from local.engine.expressions import Condition, NoConditionError
from local.engine.indices import Indices, Stopped
from local.engine.keys import KeySchema
from local.engine.processors import BatchLostError
from local.engine.sink import Sink
from local.engine.stream import StreamReader
from local.engine.support import Plan, SinkPlan
from osis.model import DEFAULT_ROUTE

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
_RETRY_SECONDS = 1.0
# BlockingBufferConfig.DEFAULT_BATCH_SIZE
_BATCH_EVENTS = 200
_VIEWS = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")


class UnusableSourceError(Exception):
    """The table is not as the body needs it; it may become so."""


class UnsupportedTableError(Exception):
    """The table is such that this engine cannot run the body."""


class Pipeline:
    """Runs a plan until `stop` is set. Files go to `directory`."""

    def __init__(self, plan: Plan, directory: Path, stop: threading.Event) -> None:
        self._plan = plan
        self._stop = stop
        self._checkpoint = Checkpoint(directory)
        self._session = aws.assume(plan.role.arn, plan.role.region, plan.role.external_id)
        self._sinks = [self._sink(sink) for sink in plan.sinks]

    def run(self) -> None:
        """Returns when `stop` is set and what was read has been delivered.

        Raises `UnsupportedTableError`, and `UnusableIndexError` for the name of an index that can never be made.
        """
        try:
            self._prepare()
            self._work(*self._start())
        except Stopped:
            _log.warning("stopped while something was tried again; what could not be delivered will be read again")

    def _sink(self, plan: SinkPlan) -> Sink:
        session = aws.assume(plan.role.arn, plan.role.region, plan.role.external_id)
        client = aws.connect(plan.hosts, session, "aoss" if plan.serverless else "es")
        letters = None
        if plan.dead_letters:
            role = plan.dead_letters.role
            s3 = aws.assume(role.arn, role.region, role.external_id).client("s3")
            letters = DeadLetterQueue(
                s3, plan.dead_letters.bucket, plan.dead_letters.key_path_prefix, self._plan.pipeline
            )
        return Sink(client, Indices(client, plan.index, self._stop), plan.options, letters, self._stop)

    def _prepare(self) -> None:
        """Data Prepper does not read before every sink is ready, and tries for ever to make it so."""
        for sink in self._sinks:
            while True:
                try:
                    sink.indices.prepare()
                    break
                except TransportError as error:
                    _log.warning("sink %s is not ready: %s", sink.indices.options.name, error)
                if self._stop.wait(_RETRY_SECONDS):
                    raise Stopped
        _log.info("%d sinks ready", len(self._sinks))

    def _start(self) -> tuple[KeySchema, State]:
        """The table and how far we are, as soon as the table is as the body needs it."""
        dynamodb = self._session.client("dynamodb")
        while True:
            try:
                description = dynamodb.describe_table(TableName=self._plan.table_arn)["Table"]
                table = _key_schema(self._plan.table_arn, description)
                return table, self._checkpoint.load() or self._begin(dynamodb, description)
            except (ClientError, BotoCoreError, UnusableSourceError) as error:
                _log.error("%s; trying again", error)
            if self._stop.wait(_RETRY_SECONDS):
                raise Stopped

    def _work(self, table: KeySchema, state: State) -> None:
        """Goes on from `state` until `stop` is set."""
        self._checkpoint.save(state)
        if state.export and self._plan.export:
            clients = self._session.client("dynamodb"), self._session.client("s3")
            self._export(ExportReader(*clients, self._plan.export, table, state.export), state)
        if state.stream_arn:
            streams = self._session.client("dynamodbstreams")
            old_image = bool(self._plan.old_image_on_remove)
            self._follow(StreamReader(streams, table, state, old_image_on_remove=old_image), state)
        while not self._stop.wait(_POLL_SECONDS):
            self._acknowledge(state)
        self._acknowledge(state, now=True)

    def _begin(self, dynamodb: Any, description: Any) -> State:
        """A new state. Raises `UnusableSourceError`."""
        if self._plan.export:
            backups = dynamodb.describe_continuous_backups(TableName=self._plan.table_arn)[
                "ContinuousBackupsDescription"
            ]
            if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
                raise UnusableSourceError(
                    f"Point-in-time recovery (PITR) needs to be enabled for exporting data from {self._plan.table_arn}"
                )
        if self._plan.old_image_on_remove is not None:
            view = description.get("StreamSpecification", {}).get("StreamViewType")
            if view not in _VIEWS:
                raise UnusableSourceError(
                    f"Stream of {self._plan.table_arn} has the view {view}; supported: {', '.join(_VIEWS)}"
                )
        return State(
            started=time.time_ns() // 1_000_000,
            export=Export() if self._plan.export else None,
            stream_arn=None if self._plan.old_image_on_remove is None else description["LatestStreamArn"],
        )

    def _export(self, reader: ExportReader, state: State) -> None:
        assert state.export  # noqa: S101 - for the type checker
        if state.export.finished:
            return
        count = 0
        while not state.export.finished and not self._stop.is_set():
            delivered = self._read(reader)
            count += delivered
            self._acknowledge(state)
            if not delivered and state.export.files is None:
                self._stop.wait(_POLL_SECONDS)
        if state.export.finished:
            _log.info("export finished: %d items", count)

    def _follow(self, reader: StreamReader, state: State) -> None:
        while not self._stop.is_set():
            delivered = self._read(reader)
            self._acknowledge(state)
            if not delivered:
                self._stop.wait(_POLL_SECONDS)

    def _read(self, reader: ExportReader | StreamReader) -> int:
        """Delivers what the reader has now and returns how much that was; 0 where reading failed."""
        try:
            return deliver(reader.step(), self._plan, self._sinks)
        except (ClientError, BotoCoreError, ExportFailedError) as error:
            _log.error("%s; reading again", error)
            self._stop.wait(_RETRY_SECONDS)
            return 0

    def _acknowledge(self, state: State, *, now: bool = False) -> None:
        """Writes the checkpoint when every document that was read has been delivered."""
        if settle(self._sinks, now=now):
            self._checkpoint.save(state)


def deliver(events: Iterable[Event], plan: Plan, sinks: Sequence[Sink]) -> int:
    """Changes each event and adds it to the sinks, those of `plan` in order, to which its routes lead; counts them."""
    count = 0
    for batch in _batches(events):
        count += len(batch)
        try:
            for event in batch:
                for process in plan.processors:
                    process(event)
        except BatchLostError as error:
            _log.error("%s; %d events are dropped, without a dead letter", error, len(batch))
            continue
        for event in batch:
            routes = {name for name, condition in plan.routes if _leads(condition, event)} or {DEFAULT_ROUTE}
            for sink in sinks:
                if not sink.options.routes or sink.options.routes & routes:
                    sink.add(event)
    return count


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """As many as Data Prepper takes from its buffer at once. What was read before an error comes before the error."""
    batch: list[Event] = []
    try:
        for event in events:
            batch.append(event)
            if len(batch) == _BATCH_EVENTS:
                yield batch
                batch = []
    except Exception:
        yield batch
        raise
    yield batch


def _leads(condition: Condition, event: Event) -> bool:
    try:
        return condition(event)
    except NoConditionError as error:
        _log.error("%s; the route is not taken", error)
        return False


def settle(sinks: Sequence[Sink], *, now: bool = False) -> bool:
    """Sends what is waiting in every sink as soon as one of them is due; tells whether nothing is waiting any more.

    One sink after the other, there would always be something waiting while the table is busy.
    """
    if now or any(sink.due for sink in sinks):
        for sink in sinks:
            sink.flush()
    return not any(sink.waiting for sink in sinks)


def _key_schema(arn: str, description: Any) -> KeySchema:
    """Raises `UnsupportedTableError`."""
    names = {element["KeyType"]: element["AttributeName"] for element in description["KeySchema"]}
    types = {one["AttributeName"]: one["AttributeType"] for one in description["AttributeDefinitions"]}
    for name in names.values():
        if types[name] == "B":
            raise UnsupportedTableError(
                f"{arn}: the key {name} is binary, of which Data Prepper makes other document ids at every run; "
                "use a string or a number"
            )
    return KeySchema(arn, names["HASH"], names.get("RANGE"))
