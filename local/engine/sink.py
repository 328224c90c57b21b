"""The OpenSearch sink: events become bulk operations; what OpenSearch refuses for good becomes a dead letter."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from opensearchpy.exceptions import TransportError

from local.engine.dead_letters import DeadLetter, DeadLetterQueue
from local.engine.events import Event, Path, Value, to_json
from local.engine.expressions import Condition, EvaluationError, template
from local.engine.indices import Indices, Stopped, UnusableIndexError
from local.engine.java_numbers import whole

_log = logging.getLogger(__name__)

ACTIONS = frozenset({"create", "delete", "index", "update", "upsert"})
_ANSWER_FIELDS = "errors,took,items.*.error,items.*.status,items.*._index,items.*._id"
_NOT_RETRIED = frozenset({400, 404, 409})
_FIRST_DELAY_SECONDS = 0.05
_LONGEST_DELAY_SECONDS = 600.0
_DEAD_LETTERS_SECONDS = 1.0


@dataclass(frozen=True)
class SinkOptions:
    """A sink's options, compiled. `max_retries` None is without end; `bulk_bytes` None is without limit."""

    routes: frozenset[str]
    document_id: Callable[[Event], str] | None
    document_version: Callable[[Event], int] | None
    version_type: str | None
    routing: Callable[[Event], str] | None
    action: Callable[[Event], str]
    actions: Sequence[tuple[Condition | None, Callable[[Event], str]]]
    document_root: Path | None
    include_keys: tuple[str, ...]
    exclude_keys: tuple[str, ...]
    bulk_bytes: int | None
    flush_seconds: float
    max_retries: int | None


@dataclass(frozen=True)
class Operation:
    """One action of a bulk; `lines` is its text, `document` what a dead letter shows."""

    action: str
    index: str
    document_id: str | None
    lines: str
    document: Value


@dataclass
class Sink:
    """Collects operations and sends them. Not for several threads."""

    client: Any
    indices: Indices
    options: SinkOptions
    dead_letters: DeadLetterQueue | None
    stop: threading.Event
    _operations: list[Operation] = field(default_factory=list)
    _bytes: int = 0
    _flushed: float = field(default_factory=time.monotonic)

    @property
    def waiting(self) -> bool:
        return bool(self._operations)

    @property
    def due(self) -> bool:
        """Whether Data Prepper would send what is waiting now."""
        return self.waiting and time.monotonic() - self._flushed > self.options.flush_seconds

    def add(self, event: Event) -> None:
        """May send what is waiting, when the bulk is full."""
        index = self.indices.options.name
        try:
            index = self.indices.name_for(event)
            operation = self._operation(event, index)
        except (UnusableIndexError, EvaluationError) as error:
            self._bury([DeadLetter(index, None, 0, str(error), to_json(event.data))])
            return
        if operation is None:
            return
        size = len(operation.lines.encode())
        if self.options.bulk_bytes is not None and self.waiting and self._bytes + size >= self.options.bulk_bytes:
            self.flush()
        self._operations.append(operation)
        self._bytes += size

    def flush(self) -> None:
        """Sends what is waiting and returns when each document is stored, buried or known to be older than another.

        Raises `Stopped`.
        """
        operations, self._operations, self._bytes = self._operations, [], 0
        if operations:
            self._send(operations)
        self._flushed = time.monotonic()

    def _operation(self, event: Event, index: str) -> Operation | None:
        document_id = self._document_id(event)
        version = self.options.document_version(event) if self.options.document_version else None
        action = self._action(event)
        if action.lower() not in ACTIONS:
            _log.error("Unknown action %s, skipping the event", action)
            return None
        # Data Prepper takes the word in any case, but then compares it as it is.
        action = action if action in ACTIONS else "index"
        target: dict[str, Value] = {"_index": index}
        if document_id is not None:
            target["_id"] = document_id
        if self.options.routing:
            target["routing"] = self.options.routing(event)
        if action != "create" and version is not None:
            target["version"] = version
        if action != "create" and self.options.version_type:
            target["version_type"] = self.options.version_type
        source = self._document(event)
        lines = to_json({"update" if action == "upsert" else action: target}) + "\n"
        if action in {"index", "create"}:
            lines += to_json(source) + "\n"
        elif action == "update":
            lines += to_json({"doc": source}) + "\n"
        elif action == "upsert":
            lines += to_json({"doc": source, "upsert": source}) + "\n"
        return Operation(action, index, document_id, lines, event.data if action == "delete" else source)

    def _document_id(self, event: Event) -> str | None:
        if not self.options.document_id:
            return None
        try:
            return self.options.document_id(event)
        except EvaluationError as error:
            _log.error("document_id: %s; OpenSearch will choose the id", error)
            return None

    def _action(self, event: Event) -> str:
        action = self.options.action
        for holds, action in self.options.actions:  # noqa: B007 - the last one stays when none holds
            if holds and holds(event):
                break
        return action(event)

    def _document(self, event: Event) -> Value:
        root = self.options.document_root
        document: Value = event.get(root) if root and event.contains(root) else event.data
        if self.options.include_keys:
            document = _filtered(document, "", self.options.include_keys, keep=True)
        elif self.options.exclude_keys:
            document = _filtered(document, "", self.options.exclude_keys, keep=False)
        return document if isinstance(document, dict) else {"data": document}

    def _send(self, operations: Sequence[Operation]) -> None:
        delay, attempt = _FIRST_DELAY_SECONDS, 0
        while True:
            attempt += 1
            again, failure = self._attempt(operations)
            if not again:
                return
            if self.options.max_retries is not None and attempt >= self.options.max_retries:
                # Data Prepper gives up the whole request, documents that it took included.
                message = (
                    "Number of retries reached the limit of max retries "
                    f"(configured value {self.options.max_retries}. Last exception message: {failure})"
                )
                self._bury([_letter(operation, 0, message) for operation in operations])
                return
            if attempt % 5 == 1:
                _log.warning("bulk failed, %d documents are tried again: %s", len(again), failure)
            operations = again
            if self.stop.wait(delay):
                raise Stopped
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    def _attempt(self, operations: Sequence[Operation]) -> tuple[Sequence[Operation], str]:
        """Sends one request; returns what has to be sent again and why."""
        try:
            answer = self.client.transport.perform_request(
                "POST",
                "/_bulk",
                params={
                    "require_alias": str(self.indices.requires_alias).lower(),
                    "filter_path": _ANSWER_FIELDS,
                },
                body="".join(operation.lines for operation in operations).encode(),
                headers={"content-type": "application/x-ndjson"},
            )
        except TransportError as error:
            if error.status_code in _NOT_RETRIED:
                self._bury([_letter(operation, 0, str(error)) for operation in operations])
                return (), ""
            return operations, str(error)
        return self._settle(operations, answer)

    def _settle(self, operations: Sequence[Operation], answer: Mapping[str, Any]) -> tuple[Sequence[Operation], str]:
        results = [next(iter(item.values())) for item in answer["items"]]
        again, letters, reason = [], [], "-"
        for operation, result in zip(operations, results, strict=True):
            error = result.get("error")
            if not error:
                continue
            if self.options.version_type and error.get("type") == "version_conflict_engine_exception":
                continue
            if result["status"] in _NOT_RETRIED:
                letters.append(_letter(operation, result["status"], _reason(error)))
            else:
                again.append(operation)
                reason = f"{result['status']} {_reason(error)}"
        if letters:
            self._bury(letters)
        _log.info("bulk: %d actions, %d refused, %d to try again", len(operations), len(letters), len(again))
        return again, reason

    def _bury(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            _log.warning("dead letter %s/%s: %d %s", letter.index, letter.document_id, letter.status, letter.message)
        if not self.dead_letters:
            _log.warning("%d documents are lost: the sink has no dlq", len(letters))
            return
        batch = self.dead_letters.batch(letters)
        while True:
            try:
                self.dead_letters.write(batch)
            except (ClientError, BotoCoreError) as error:
                _log.error("dead letters cannot be written: %s", error)
            else:
                return
            if self.stop.wait(_DEAD_LETTERS_SECONDS):
                raise Stopped


def version(text: str) -> Callable[[Event], int]:
    """A sink's `document_version`; its evaluation may raise `EvaluationError`, with Data Prepper's message.

    Raises `UnsupportedExpressionError`.
    """
    evaluate = template(text)

    def version_of(event: Event) -> int:
        try:
            found = evaluate(event)
        except EvaluationError as error:
            raise EvaluationError(
                f"There was an exception when evaluating the document_version '{text}': {error}"
            ) from error
        try:
            return whole(found, 64)
        except ValueError as error:
            raise EvaluationError(
                f"Unable to convert the result of evaluating document_version '{text}' to Long for an Event. "
                f"The evaluation result '{found}' must be a valid Long type"
            ) from error

    return version_of


def _letter(operation: Operation, status: int, message: str) -> DeadLetter:
    return DeadLetter(operation.index, operation.document_id, status, message, operation.document)


def _reason(error: Mapping[str, Any]) -> str:
    reasons = []
    cause: Mapping[str, Any] | None = error
    while cause:
        reasons.append(str(cause.get("reason") or "unknown"))
        cause = cause.get("caused_by")
    return " caused by ".join(reasons)


def _filtered(document: Value, path: str, keys: Sequence[str], *, keep: bool) -> Value:
    """The members named by `keys`, or the others.

    As in Data Prepper, a member whose name is the beginning of a key is taken for a way to it: of it, `{}` is left.
    """
    if isinstance(document, list):
        return [_filtered(member, path, keys, keep=keep) for member in document]
    if not isinstance(document, dict):
        return {}
    left: dict[str, Value] = {}
    for name, value in document.items():
        here = f"{path}/{name}" if path else name
        key = next((key for key in sorted(keys) if key.startswith(here) or key > here), "")
        if not key.startswith(here):
            if not keep:
                left[name] = value
        elif key != here:
            left[name] = _filtered(value, here, keys, keep=keep)
        elif keep:
            left[name] = value
    return left
