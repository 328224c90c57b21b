"""The processors that this engine runs: each turns its options into a function that changes one event.

Names, defaults and the order of checks are Data Prepper's; an error leaves the event as it is at that point, is logged
and never stops the pipeline. Only of select_entries an error is the end of all events that were read with this one.
"""

import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from local.engine.events import (
    Event,
    Float,
    InvalidKeyError,
    Long,
    Path,
    Value,
    WrongShapeError,
    path_of,
    text_of,
    unchecked_path_of,
)
from local.engine.expressions import (
    Evaluate,
    EvaluationError,
    condition,
    expression,
    template,
    uses_keys_only,
)
from local.engine.java_numbers import decimal, double, double_text, float32, whole
from local.engine.java_patterns import compile_pattern, replacement
from local.engine.time_patterns import TimePattern

Process: TypeAlias = Callable[[Event], None]
T = TypeVar("T")

_log = logging.getLogger(__name__)

# A DynamoDB number has up to 38 digits, and 130 places; a BigDecimal has no limit.
_DIGITS = Context(prec=10_000, rounding=ROUND_HALF_EVEN)

Key = Annotated[Path, BeforeValidator(lambda key: path_of(str(key)))]
DeletedKey = Annotated[Path, BeforeValidator(lambda key: unchecked_path_of(str(key)))]
When = Annotated[Any, AfterValidator(lambda text: condition(str(text)))]
Template = Annotated[Any, AfterValidator(lambda text: template(str(text)))]
Expression = Annotated[Any, AfterValidator(lambda text: expression(str(text)))]
Format = Annotated[Any, AfterValidator(lambda text: _format(str(text)))]
Pattern = Annotated[Any, AfterValidator(lambda text: compile_pattern(str(text)))]


class UnsupportedProcessorError(ValueError):
    """`reasons` holds one line for each thing that this engine does not do."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class BatchLostError(Exception):
    """Data Prepper drops this event and all that it read together with it: no document, no dead letter, no counter."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def build(name: str, options: Mapping[str, Any] | None) -> Process:
    """The function of one processor, which may raise `BatchLostError`. Raises `UnsupportedProcessorError`."""
    if name not in _PROCESSORS:
        known = ", ".join(sorted(_PROCESSORS))
        raise UnsupportedProcessorError([f"{name}: this processor is not supported; supported: {known}"])
    model, run = _PROCESSORS[name]
    try:
        settings = model.model_validate(options or {})
    except ValidationError as error:
        raise UnsupportedProcessorError([_reason(name, problem) for problem in error.errors()]) from error

    def process(event: Event) -> None:
        try:
            run(settings, event)
        except ValueError as error:
            if name in _NOT_CAUGHT:
                raise BatchLostError(f"processor {name}, {event.metadata.get('primary_key')}: {error}") from error
            _log.error("processor %s, %s: %s", name, event.metadata.get("primary_key"), error)

    return process


def _reason(name: str, problem: Mapping[str, Any]) -> str:
    where = ".".join(map(str, (name, *problem["loc"])))
    if problem["type"] == "extra_forbidden":
        return f"{where}: this option is not supported"
    return f"{where}: {str(problem['msg']).removeprefix('Value error, ')}"


class _AddEntry(_Options):
    key: Template | None = None
    metadata_key: str | None = None
    value: Any = None
    format: Format | None = None
    value_expression: Expression | None = None
    overwrite_if_key_exists: bool = False
    append_if_key_exists: bool = False
    add_when: When | None = None


class _AddEntries(_Options):
    entries: tuple[_AddEntry, ...]


def _add_entries(options: _AddEntries, event: Event) -> None:
    for entry in options.entries:
        if entry.add_when and not entry.add_when(event):
            continue
        try:
            _add_entry(entry, event)
        except ValueError as error:
            _log.error("processor add_entries, %s: %s", event.metadata.get("primary_key"), error)


def _add_entry(entry: _AddEntry, event: Event) -> None:
    value = _computed(entry, event)
    path = _dynamic_path(entry.key, event) if entry.key else None
    if path is not None:
        if not event.contains(path) or entry.overwrite_if_key_exists:
            event.put(path, value)
        elif entry.append_if_key_exists:
            event.put(path, _appended(event.get(path), value))
    elif entry.metadata_key:
        known = event.metadata.get(entry.metadata_key)
        if entry.metadata_key not in event.metadata or entry.overwrite_if_key_exists:
            event.metadata[entry.metadata_key] = value
        elif entry.append_if_key_exists:
            event.metadata[entry.metadata_key] = _appended(known, value)


def _computed(entry: _AddEntry, event: Event) -> Value:
    if entry.value_expression:
        value = entry.value_expression(event)
        # An expression reads a double as a float of 32 bits.
        return Float(float32(value)) if isinstance(value, float) else value
    return entry.format(event) if entry.format else _value(entry.value)


def _dynamic_path(key: Callable[[Event], str], event: Event) -> Path | None:
    """None where what is in the event makes no key."""
    try:
        return path_of(key(event))
    except (InvalidKeyError, EvaluationError) as error:
        _log.debug("processor add_entries, %s: %s", event.metadata.get("primary_key"), error)
        return None


def _appended(known: Value, value: Value) -> Value:
    return [*known, value] if isinstance(known, list) else [known, value]


def _format(text: str) -> Evaluate:
    """The `format` of add_entries: a field that is missing leaves nothing behind."""
    if not uses_keys_only(text):
        raise ValueError(f"'{text}': only ${{/key}} works here; use value_expression")
    parts = re.split(r"\$\{([^}]*)\}", text)

    def evaluate(event: Event) -> Value:
        return "".join(_field_text(event, part) if index % 2 else part for index, part in enumerate(parts))

    return evaluate


def _field_text(event: Event, key: str) -> str:
    value = event.get(path_of(key))
    return "" if value is None else text_of(value)


def _value(value: Any) -> Value:
    """YAML reads dates by itself; Data Prepper's reader does not."""
    if isinstance(value, dict):
        return {str(name): _value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_value(member) for member in value]
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        return Long(value)
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


class _RenameEntry(_Options):
    from_key: Key | None = None
    from_key_regex: Pattern | None = None
    to_key: Key
    overwrite_if_to_key_exists: bool = False
    rename_when: When | None = None


class _RenameKeys(_Options):
    entries: tuple[_RenameEntry, ...] = ()


def _rename_keys(options: _RenameKeys, event: Event) -> None:
    for entry in options.entries:
        if entry.rename_when and not entry.rename_when(event):
            continue
        if entry.from_key is not None and (entry.from_key == entry.to_key or not event.contains(entry.from_key)):
            continue
        if event.contains(entry.to_key) and not entry.overwrite_if_to_key_exists:
            continue
        if entry.from_key is not None:
            _rename(event, entry.from_key, entry.to_key, event.get(entry.from_key))
        elif entry.from_key_regex:
            found = _matching(event, entry.from_key_regex)
            for name, value in found if entry.overwrite_if_to_key_exists else found[:1]:
                _rename(event, unchecked_path_of(name), entry.to_key, value)


def _rename(event: Event, from_key: Path, to_key: Path, value: Value) -> None:
    event.put(to_key, value)
    event.delete(from_key)


def _matching(event: Event, pattern: re.Pattern[str]) -> list[tuple[str, Value]]:
    return [(name, value) for name, value in event.data.items() if pattern.fullmatch(name)]


class _CopyEntry(_Options):
    from_key: Key
    to_key: Key
    overwrite_if_to_key_exists: bool = False
    copy_when: When | None = None


class _CopyValues(_Options):
    entries: tuple[_CopyEntry, ...]


def _copy_values(options: _CopyValues, event: Event) -> None:
    for entry in options.entries:
        if entry.copy_when and not entry.copy_when(event):
            continue
        if entry.from_key == entry.to_key or not event.contains(entry.from_key):
            continue
        if not event.contains(entry.to_key) or entry.overwrite_if_to_key_exists:
            event.put(entry.to_key, event.get(entry.from_key))


class _DeleteEntry(_Options):
    with_keys: tuple[DeletedKey, ...] = ()
    with_keys_regex: tuple[Pattern, ...] = ()
    exclude_from_delete: frozenset[str] = frozenset()
    delete_when: When | None = None


class _DeleteEntries(_DeleteEntry):
    entries: tuple[_DeleteEntry, ...] = ()


def _delete_entries(options: _DeleteEntries, event: Event) -> None:
    for entry in options.entries or (options,):
        if entry.delete_when and not entry.delete_when(event):
            continue
        for key in entry.with_keys:
            event.delete(key)
        for pattern in entry.with_keys_regex:
            for name, _ in _matching(event, pattern):
                if name not in entry.exclude_from_delete:
                    # Data Prepper takes the name for a key: of `a/b`, it is b in a.
                    event.delete(unchecked_path_of(name))


class _SelectEntries(_Options):
    include_keys: tuple[str, ...] = ()
    include_keys_regex: tuple[Pattern, ...] = ()
    select_when: When | None = None


def _select_entries(options: _SelectEntries, event: Event) -> None:
    if options.select_when and not options.select_when(event):
        return
    chosen = {key: event.get(path_of(key)) for key in options.include_keys}
    kept = {key: value for key, value in chosen.items() if value is not None} | {
        name: value
        for name, value in event.data.items()
        if name not in chosen and any(pattern.fullmatch(name) for pattern in options.include_keys_regex)
    }
    event.data = {}
    for key, value in kept.items():
        # The name of an attribute is taken for a key: one of other characters is none, and a number is an element.
        event.put(path_of(key), value)


class _ConvertType(_Options):
    key: Key | None = None
    keys: tuple[Key, ...] = ()
    type: Literal["integer", "long", "double", "boolean", "string", "big_decimal"] = "integer"
    null_values: tuple[str, ...] = Field((), validation_alias=AliasChoices("null_conversion_values", "null_values"))
    scale: int = 0
    convert_when: When | None = None
    tags_on_failure: tuple[str, ...] = ()


def _convert_type(options: _ConvertType, event: Event) -> None:
    if options.convert_when and not options.convert_when(event):
        return
    for key in (options.key,) if options.key is not None else options.keys:
        value = event.get(key)
        if value is None:
            continue
        if text_of(value) in options.null_values:
            event.delete(key)
            continue
        try:
            if isinstance(value, list):
                event.put(key, [_converted(member, options) for member in value])
            else:
                event.put(key, _converted(value, options))
        except (ValueError, InvalidOperation, OverflowError):
            _log.error(
                "processor convert_entry_type, %s: cannot convert %s with value %s to %s",
                event.metadata.get("primary_key"),
                "/".join(key),
                text_of(value),
                options.type,
            )


def _converted(value: Value, options: _ConvertType) -> Value:
    match options.type:
        case _ if value is None or isinstance(value, list | dict):
            raise WrongShapeError("only strings, numbers and booleans can be converted")
        case "integer":
            # Its converter knows neither long nor double.
            if isinstance(value, Long) or (isinstance(value, float) and not isinstance(value, Float)):
                raise WrongShapeError("a long or a double is not made an integer")
            return _whole(value, 32)
        case "long":
            return Long(_whole(value, 64))
        case "double":
            return double(value) if isinstance(value, str) else float(value)
        case "boolean":
            return value.lower() == "true" if isinstance(value, str) else float(value) != 0
        case "string":
            return text_of(value)
        case _:
            value = int(value) if isinstance(value, bool) else value
            number = decimal(double_text(value) if isinstance(value, float) else text_of(value))
            return _DIGITS.quantize(number, Decimal(1).scaleb(-options.scale)) if options.scale else number


def _whole(value: bool | float | Decimal | str, bits: int) -> int:
    if isinstance(value, str):
        return whole(value, bits)
    least, most = -(1 << bits - 1), (1 << bits - 1) - 1
    if isinstance(value, float):
        return 0 if math.isnan(value) else int(min(max(value, least), most))
    # Of any other number that is too large Java keeps the low bits.
    return (int(value) - least) % (1 << bits) + least


class _Substitution(_Options):
    source: Key
    from_: Pattern = Field(validation_alias="from")
    to: str
    substitute_when: When | None = None

    @cached_property
    def replacement(self) -> Callable[[re.Match[str]], str]:
        return replacement(self.to, self.from_)


class _SubstituteString(_Options):
    entries: tuple[_Substitution, ...]


def _substitute_string(options: _SubstituteString, event: Event) -> None:
    for entry in options.entries:
        value = event.get(entry.source)
        if isinstance(value, str) and (not entry.substitute_when or entry.substitute_when(event)):
            event.put(entry.source, entry.from_.sub(entry.replacement, value))


# How many to a second, and the most digits that Data Prepper takes for one.
_EPOCH_UNITS = {"epoch_second": (1, 10), "epoch_milli": (1_000, 13), "epoch_micro": (1_000_000, 16)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Timestamp = Annotated[Any, AfterValidator(lambda text: text if text in _EPOCH_UNITS else TimePattern(str(text)))]
Zone = Annotated[Any, AfterValidator(lambda name: _zone(str(name)))]


class _Match(_Options):
    key: Key
    patterns: Annotated[tuple[Timestamp, ...], Field(min_length=1)]


class _Date(_Options):
    match: tuple[_Match, ...] = ()
    from_time_received: bool = False
    destination: Key = ("@timestamp",)
    output_format: Timestamp = TimePattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
    source_timezone: Zone = UTC
    destination_timezone: Zone = UTC
    locale: Literal["en", "en-US", "en_US", "en-GB", "en_GB"] | None = None
    date_when: When | None = None


def _date(options: _Date, event: Event) -> None:
    if options.date_when and not options.date_when(event):
        return
    moment: datetime | None = None
    if options.from_time_received:
        moment = datetime.now(UTC)
    elif options.match:
        # Data Prepper keeps the last entry of `match` only.
        entry = options.match[-1]
        value = event.get(entry.key)
        if value is None or isinstance(value, list | dict):
            return
        moment = _moment(text_of(value), entry.patterns, options.source_timezone)
    if moment:
        event.put(options.destination, _written(moment, options))


def _moment(text: str, patterns: tuple[str | TimePattern, ...], zone: tzinfo) -> datetime | None:
    units = [pattern for pattern in patterns if isinstance(pattern, str)]
    if units and re.fullmatch(r"[+-]?\d+", text):
        unit = next((unit for unit, (_, digits) in _EPOCH_UNITS.items() if len(text) <= digits), None)
        if unit != "epoch_second" and unit not in units:
            return None
        return _EPOCH + timedelta(microseconds=int(text) * 1_000_000 // _EPOCH_UNITS[unit][0])
    readings = (pattern.read(text, zone) for pattern in patterns if isinstance(pattern, TimePattern))
    return next((reading for reading in readings if reading), None)


def _written(moment: datetime, options: _Date) -> str:
    if isinstance(options.output_format, TimePattern):
        return options.output_format.write(moment.astimezone(options.destination_timezone))
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    return str(microseconds * _EPOCH_UNITS[options.output_format][0] // 1_000_000)


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name in {"UTC", "Z"} else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"time zone '{name}' is not known here") from error


# Of these, Data Prepper does not catch the errors itself.
_NOT_CAUGHT = frozenset({"select_entries"})
_PROCESSORS: dict[str, tuple[type[_Options], Callable[[Any, Event], None]]] = {
    "add_entries": (_AddEntries, _add_entries),
    "convert_entry_type": (_ConvertType, _convert_type),
    "convert_type": (_ConvertType, _convert_type),
    "copy_values": (_CopyValues, _copy_values),
    "date": (_Date, _date),
    "delete_entries": (_DeleteEntries, _delete_entries),
    "rename_keys": (_RenameKeys, _rename_keys),
    "select_entries": (_SelectEntries, _select_entries),
    "substitute_string": (_SubstituteString, _substitute_string),
}
