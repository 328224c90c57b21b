"""Date and time in the common patterns of Java's DateTimeFormatter, such as `yyyy-MM-dd'T'HH:mm:ss.SSSXXX`."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TypeAlias

_MONTHS = tuple(calendar.month_name)[1:]
_DAYS = tuple(calendar.day_name)
_RUN = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+")
_MAX_FRACTION = 6

_Read: TypeAlias = Callable[[str], dict[str, int | tzinfo]]


class UnsupportedPatternError(ValueError):
    """The pattern has a letter, or a letter so many times, that is not supported."""


@dataclass(frozen=True)
class _Field:
    """One run of a pattern: how it reads (regular expression and meaning) and how it is written."""

    expression: str
    read: _Read
    write: Callable[[datetime], str]


class TimePattern:
    """A pattern ready to read and write times. Raises `UnsupportedPatternError`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._fields = [_field(found[0], pattern) for found in _RUN.finditer(pattern)]
        if "".join(found[0] for found in _RUN.finditer(pattern)) != pattern:
            raise UnsupportedPatternError(f"pattern '{pattern}': a quote is not closed")
        self._expression = re.compile("".join(f"({field.expression})" for field in self._fields))

    def write(self, moment: datetime) -> str:
        return "".join(field.write(moment) for field in self._fields)

    def read(self, text: str, zone: tzinfo) -> datetime | None:
        """None where the text does not fit. What the pattern lacks is today's date and midnight, in `zone`."""
        found = self._expression.fullmatch(text)
        if not found:
            return None
        parts: dict[str, int | tzinfo] = {}
        for field, part in zip(self._fields, found.groups(), strict=True):
            parts |= field.read(part)
        own_zone = parts.pop("zone", zone)
        afternoon = parts.pop("afternoon", None)
        numbers = {name: value for name, value in parts.items() if isinstance(value, int)}
        if afternoon is not None:
            numbers["hour"] = numbers.get("hour", 0) % 12 + (12 if afternoon else 0)
        today = datetime.now(zone)
        year, month = numbers.pop("year", today.year), numbers.pop("month", today.month)
        try:
            # An impossible day up to 31 is the month's last, as Java's smart resolver has it.
            day = min(numbers.pop("day", today.day), calendar.monthrange(year, month)[1])
            return datetime(year, month, day, tzinfo=own_zone if isinstance(own_zone, tzinfo) else zone, **numbers)
        except ValueError:
            return None


# One or two of these letters are a number.
_NUMBERS: dict[str, tuple[str, Callable[[datetime], int]]] = {
    "M": ("month", lambda moment: moment.month),
    "L": ("month", lambda moment: moment.month),
    "d": ("day", lambda moment: moment.day),
    "H": ("hour", lambda moment: moment.hour),
    "h": ("hour", lambda moment: moment.hour % 12 or 12),
    "m": ("minute", lambda moment: moment.minute),
    "s": ("second", lambda moment: moment.second),
}


def _field(run: str, pattern: str) -> _Field:
    letter, width = run[0], len(run)
    if letter == "'":
        return _literal(run[1:-1].replace("''", "'") or "'")
    if not letter.isalpha():
        return _literal(run)
    if letter in _NUMBERS and width <= 2:
        return _number(*_NUMBERS[letter], width)
    field = _year(letter, width) or _words(letter, width) or _fraction(letter, width) or _offset(letter, width)
    if not field:
        raise UnsupportedPatternError(f"pattern '{pattern}': '{run}' is not supported")
    return field


def _year(letter: str, width: int) -> _Field | None:
    if letter not in "yu":
        return None
    if width == 2:
        return _number("year", lambda moment: moment.year % 100, width, offset=2000)
    return _number("year", lambda moment: moment.year, width)


def _words(letter: str, width: int) -> _Field | None:
    if letter in "ML" and width in {3, 4}:
        return _name("month", _MONTHS, width, lambda moment: moment.month - 1)
    if letter == "E" and width <= 4:
        return _name(None, _DAYS, width, lambda moment: moment.weekday())
    if letter == "a" and width == 1:
        return _Field(
            "AM|PM",
            lambda text: {"afternoon": int(text == "PM")},
            lambda moment: "PM" if moment.hour >= 12 else "AM",
        )
    return None


def _fraction(letter: str, width: int) -> _Field | None:
    if letter != "S" or width > _MAX_FRACTION:
        return None
    return _Field(
        rf"\d{{{width}}}",
        lambda text: {"microsecond": int(text.ljust(6, "0"))},
        lambda moment: f"{moment.microsecond:06d}"[:width],
    )


def _literal(text: str) -> _Field:
    return _Field(re.escape(text), lambda _: {}, lambda _: text)


def _number(name: str, value: Callable[[datetime], int], width: int, offset: int = 0) -> _Field:
    expression = r"\d{1,19}" if width == 1 else rf"\d{{{width}}}"
    return _Field(expression, lambda text: {name: int(text) + offset}, lambda moment: f"{value(moment):0{width}d}")


def _name(name: str | None, names: tuple[str, ...], width: int, value: Callable[[datetime], int]) -> _Field:
    texts = [text if width == 4 else text[:3] for text in names]
    return _Field(
        "|".join(texts),
        lambda text: {name: texts.index(text) + 1} if name else {},
        lambda moment: texts[value(moment)],
    )


def _offset(letter: str, width: int) -> _Field | None:
    if letter not in "XxZ" or width > 3:
        return None
    colon = ":" if letter in "Xx" and width == 3 else ""
    expression = rf"[+-]\d\d{colon}\d\d" if letter == "Z" or width > 1 else r"[+-]\d\d(?:\d\d)?"

    def read(text: str) -> dict[str, int | tzinfo]:
        if text == "Z":
            return {"zone": UTC}
        digits = text[1:].replace(":", "").ljust(4, "0")
        distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return {"zone": timezone(-distance if text[0] == "-" else distance)}

    def write(moment: datetime) -> str:
        minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
        if minutes == 0 and letter == "X":
            return "Z"
        sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
        tail = "" if letter != "Z" and width == 1 and minutes % 60 == 0 else f"{colon}{minutes % 60:02d}"
        return f"{sign}{minutes // 60:02d}{tail}"

    return _Field(f"Z|{expression}" if letter == "X" else expression, read, write)
