"""The index of a sink: its name for an event, and the calls that make it and its template exist."""

import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opensearchpy.exceptions import AuthorizationException, NotFoundError, TransportError

from local.engine.events import Event
from local.engine.expressions import EvaluationError, template
from local.engine.time_patterns import TimePattern

_log = logging.getLogger(__name__)

_DATE = re.compile(r"%\{(.*?)\}")
_RETRY_SECONDS = 1.0
_ISM = "index_state_management"


class UnusableIndexError(ValueError):
    """This event's index cannot be named or made; the event is a dead letter."""


class Stopped(Exception):
    """We were asked to stop while something was being tried again."""


@dataclass(frozen=True)
class IndexOptions:
    """What a sink says of its index. `template` is None where there is none to put."""

    name: str
    managed: bool
    normalized: bool
    composable: bool
    template: dict[str, Any] | None


@dataclass
class Indices:
    """Names and makes indices. Call `prepare` once before the first `name_for`."""

    client: Any
    options: IndexOptions
    stop: threading.Event
    _known: set[str] = field(default_factory=set)
    _requires_alias: bool = False

    def __post_init__(self) -> None:
        self._dynamic = "${" in self.options.name
        self._format: Callable[[Event], str] = template(self.options.name)

    @property
    def requires_alias(self) -> bool:
        """The `require_alias` of a bulk: the name is an alias that index state management rolls over."""
        return self._requires_alias

    def prepare(self) -> None:
        """Raises opensearch-py's errors, which may heal (a role is mapped later, a node starts)."""
        if not self._dynamic:
            self._make(self.options.name)
        try:
            _asked(self.client.info)
        except NotFoundError:
            # A collection tells no version. Data Prepper then asks for no alias.
            return
        self._requires_alias = bool(
            _asked(lambda: self.client.indices.exists_alias(name=self.options.name)) and self._has_state_management()
        )

    def name_for(self, event: Event) -> str:
        """Raises `UnusableIndexError`, and `Stopped` while a dynamic index cannot be made."""
        try:
            name = self._format(event)
        except EvaluationError as error:
            raise UnusableIndexError(str(error)) from error
        name = _dated(name)
        if self._dynamic:
            if self.options.normalized:
                name = _normalized(name)
            if name not in self._known:
                self._make_until_made(name)
        if name not in self._known:
            self._look_for_data_stream(name)
            self._known.add(name)
        return name

    def _make_until_made(self, name: str) -> None:
        while True:
            try:
                return self._make(name)
            except TransportError as error:
                _log.warning("index %s cannot be made yet: %s", name, error)
            if self.stop.wait(_RETRY_SECONDS):
                raise Stopped

    def _make(self, alias: str) -> None:
        if not self.options.managed:
            return
        managed = self._has_state_management()
        if self.options.template:
            self._put_template(alias, managed)
        name = _dated(alias)
        if self.client.indices.exists(index=name):
            return
        try:
            self.client.indices.create(index=name, body={})
            _log.info("index %s created", name)
        except TransportError as error:
            if "invalid_index_name_exception" in str(error):
                raise UnusableIndexError(f"Invalid characters in the index name {name}") from error
            if "resource_already_exists_exception" not in str(error):
                raise

    def _put_template(self, alias: str, managed: bool) -> None:
        name = _DATE.sub("", alias.replace("-%{", "%{").replace("}-", "}")) + "-index-template"
        path = f"/_index_template/{name}" if self.options.composable else f"/_template/{name}"
        body = json.loads(json.dumps(self.options.template))
        if self.client.transport.perform_request("HEAD", path):
            known = self._template_version(path, name)
            if known >= int(body.get("version", 0)):
                _log.info("template %s is kept: version %d", name, known)
                return
        if managed:
            # What Data Prepper adds where the cluster has index state management.
            settings = body.setdefault("template", {}) if self.options.composable else body
            settings.setdefault("settings", {})[f"opendistro.{_ISM}.rollover_alias"] = name.removesuffix(
                "-index-template"
            )
        body["index_patterns"] = [_DATE.sub("*", alias)]
        self.client.transport.perform_request("PUT", path, body=body)
        _log.info("template %s put", name)

    def _template_version(self, path: str, name: str) -> int:
        answer = self.client.transport.perform_request("GET", path)
        known = answer["index_templates"][0]["index_template"] if self.options.composable else answer[name]
        return int(known.get("version", 0))

    def _has_state_management(self) -> bool:
        answer = self.client.cluster.get_settings(include_defaults=True)
        levels = (answer.get(level, {}) for level in ("persistent", "transient", "defaults"))
        group: dict[str, Any] = next((level["opendistro"] for level in levels if "opendistro" in level), {})
        return str(group.get(_ISM, {}).get("enabled")) == "true"

    def _look_for_data_stream(self, name: str) -> None:
        try:
            answer = self.client.transport.perform_request("GET", f"/_data_stream/{name}")
        except TransportError:
            return
        if answer.get("data_streams"):
            raise UnusableIndexError(f"{name} is a data stream, which this engine does not support")


def _asked(question: Callable[[], Any]) -> Any:
    """The answer; None where it is refused, for Data Prepper goes on without it."""
    try:
        return question()
    except AuthorizationException as error:
        _log.info("not answered: %s", error)
        return None


def check(options: IndexOptions) -> None:
    """Raises `UnsupportedExpressionError` and `UnsupportedPatternError` for what cannot be named here."""
    template(options.name)
    _dated(options.name)


def _dated(name: str) -> str:
    return _DATE.sub(lambda found: TimePattern(found[1]).write(datetime.now(UTC)), name)


def _normalized(name: str) -> str:
    normalized = re.sub(r'[:"*+/\\|?#><]', "", name.lower()).lstrip("_-")
    if not normalized.strip():
        raise UnusableIndexError(f"Unable to normalize index '{name}'. This index name is invalid.")
    return normalized
