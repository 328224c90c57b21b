"""The user's own data: reads a CSV, JSON or NDJSON file into DynamoDB items, at synth time."""

import csv
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import named_file

Item = dict[str, dict[str, Any]]
"""DynamoDB JSON: {"id": {"S": "a"}, "n": {"N": "7"}}."""
KeyAttribute = tuple[str, Literal["S", "N", "B"]]
Row = tuple[str, Any]
"""Where it is in the file ("line 3"), and what should be an object of str, Number, bool, None, list and dict."""
Report = Callable[[str], None]

# The file goes up inside the function's deployment package, of which Lambda takes 50 MB
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
MAX_FILE_BYTES = 40_000_000
MAX_NDJSON_BYTES = 45_000_000
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM_BYTES = 400 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 38
MAX_KEY_BYTES = {"partition key": 2048, "sort key": 1024}

SHOWN = 10
# With so many, it is another file than was meant: the rest is not looked at.
MOST_PROBLEMS = 100
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
SURROGATE = re.compile("[\ud800-\udfff]")
A_NUMBER = f"a number of at most {MAX_DIGITS} significant digits between 1E-130 and 9.9E+125, or 0"


class Number(str):
    """A number as it is written in the file; no digit is lost."""

    __slots__ = ()


class InvalidDataset(Exception):
    """The file cannot be seeded; `problems` has one message for each reason, and the text at most ten of them.

    Reading ends with the hundredth.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - SHOWN
        at_least = "at least " if len(self.problems) >= MOST_PROBLEMS else ""
        rest = [f"… and {at_least}{more} more problems"] if more > 0 else []
        super().__init__("\n".join([*self.problems[:SHOWN], *rest]))


def read(path: Path, partition_key: KeyAttribute = ("id", "S"), sort_key: KeyAttribute | None = None) -> list[Item]:
    """The file's items in its order, key attributes first in each.

    CSV: a header; an empty cell is no attribute; a column is numeric if all its cells are JSON numbers that DynamoDB
    can hold, boolean if all are true or false, else text. JSON: an array of objects; NDJSON: an object a line.
    Key attributes have the type that the table declares. Raises InvalidDataset.
    """
    keys = {"partition key": partition_key} | ({"sort key": sort_key} if sort_key else {})
    problems: list[str] = []

    def report(problem: str) -> None:
        problems.append(problem)
        if len(problems) == MOST_PROBLEMS:
            raise _EnoughProblems

    items: list[Item] = []
    try:
        items += _items(_rows(path, keys, report), keys, report)
        if not items and not problems:
            report("no items; give at least one")
    except _UnreadableFile as error:
        problems.append(str(error))
    except _EnoughProblems:
        pass
    if problems:
        raise InvalidDataset(f"{path.name}: {problem}" for problem in problems)
    return items


def _items(rows: Iterable[Row], keys: dict[str, KeyAttribute], report: Report) -> Iterator[Item]:
    lines_of: dict[tuple[str | Decimal, ...], str] = {}
    for where, row in rows:
        faults = 0
        for faults, problem in enumerate(_row_problems(row, keys), 1):  # noqa: B007 - how many there were
            report(f"{where}: {problem}")
        if faults:
            continue
        item = _item(row, keys)
        key = tuple(_comparable(row[name]) for name, _ in keys.values())
        if (size := _size(item)) > MAX_ITEM_BYTES:
            report(f"{where}: the item has {size} bytes; allowed: {MAX_ITEM_BYTES}; split it")
        if (first := lines_of.setdefault(key, where)) != where:
            named = ", ".join(f"{name} = {_short(row[name])}" for name, _ in keys.values())
            report(f"{where}: {named} is the key of {first} already; allowed: each key once")
        yield item


def to_ndjson(items: Iterable[Item]) -> bytes:
    """One item a line; the same items give the same bytes. Raises InvalidDataset if they do not fit the package."""
    lines = b"".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for item in items)
    if len(lines) > MAX_NDJSON_BYTES:
        raise InvalidDataset(
            [
                f"the items are {len(lines)} bytes as DynamoDB JSON, the form in which they go up with the function; "
                f"allowed: {MAX_NDJSON_BYTES}; seed a part of them"
            ]
        )
    return lines


class _UnreadableFile(Exception):
    """Nothing can be said about single rows."""


class _EnoughProblems(Exception):
    """More of them would tell nothing more."""


def _rows(path: Path, keys: dict[str, KeyAttribute], report: Report) -> Iterable[Row]:
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json", ".ndjson", ".jsonl"):
        raise _UnreadableFile(f"a file of type {suffix or 'none'!r}; allowed: .csv, .json, .ndjson, .jsonl")
    for role, (name, type_) in keys.items():
        if type_ == "B":
            raise _UnreadableFile(f"the {role} {name} is binary, which no {suffix} file can hold; allowed: S and N")
    text = _text(path)
    if suffix == ".csv":
        return _csv_rows(text, keys, report)
    return _json_rows(text) if suffix == ".json" else _ndjson_rows(text, report)


def _text(path: Path) -> str:
    try:
        data = named_file.read(path, MAX_FILE_BYTES)
    except named_file.Unreadable as error:
        raise _UnreadableFile(f"{error}; give a file that can go up with the function") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _UnreadableFile(
            f"line {line}: byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    if not text.strip():
        raise _UnreadableFile("the file is empty; give at least one item")
    return text


def _csv_rows(text: str, keys: dict[str, KeyAttribute], report: Report) -> Iterator[Row]:
    """Twice through the text: what a column holds shows in its last cell only."""
    _, header = next(_csv_lines(text))
    _check_header(header, keys)
    columns = [_Column(dict(keys.values()).get(name)) for name in header]
    for line, cells in itertools.islice(_csv_lines(text), 1, None):
        if len(cells) == len(header):
            for column, cell in zip(columns, cells, strict=True):
                column.see(cell)
        else:
            report(
                f"line {line}: {len(cells)} cells; allowed: {len(header)}, as in the header; quote cells with commas"
            )
    for line, cells in itertools.islice(_csv_lines(text), 1, None):
        if len(cells) == len(header):
            whole = zip(header, columns, cells, strict=True)
            yield f"line {line}", {name: column.typed(cell) for name, column, cell in whole if cell}


def _check_header(header: list[str], keys: dict[str, KeyAttribute]) -> None:
    times = Counter(header)
    if "" in times:
        raise _UnreadableFile(f"line 1: column {header.index('') + 1} has no name; allowed: a name for each column")
    if twice := next((name for name in header if times[name] > 1), None):
        raise _UnreadableFile(f"line 1: the column {_short(twice)} is there {times[twice]} times; allowed: once")
    for role, (name, _) in keys.items():
        if name not in times:
            there = ", ".join(there[:60] for there in header[:SHOWN]) + (", …" if len(header) > SHOWN else "")
            raise _UnreadableFile(f"line 1: no column {name!r}, the table's {role}; there are: {there}")


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line; a quoted cell may span lines."""
    # Above an item's own limit, which has a better message, and far below a file whose quote does not end. The setting
    # is the process's, there is no other.
    csv.field_size_limit(10 * MAX_ITEM_BYTES)
    # A StringIO would take four bytes for each character.
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")
    reader = csv.reader(lines, strict=True)
    first_line = 1
    try:
        for cells in reader:
            if cells:
                yield first_line, cells
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise _UnreadableFile(f"line {first_line}: not CSV: {error}; double the quotes inside a quoted cell") from None


class _Column:
    """What all cells of a column are."""

    def __init__(self, key_type: str | None) -> None:
        self._key_type = key_type
        self._boolean = self._number = key_type is None

    def see(self, cell: str) -> None:
        if cell:
            self._boolean = self._boolean and cell in ("true", "false")
            self._number = self._number and _is_number(cell)

    def typed(self, cell: str) -> Any:
        if self._boolean:
            return cell == "true"
        # In a key of type N what is no number stays text, and is told with its row.
        is_number = NUMBER.fullmatch(cell) is not None if self._key_type == "N" else self._number
        return Number(cell) if is_number else cell


def _json_rows(text: str) -> Iterable[Row]:
    try:
        document = _parsed(text)
    except ValueError as error:
        raise _UnreadableFile(f"not JSON: {error}") from None
    if not isinstance(document, list):
        raise _UnreadableFile(f"{_short(document)}; allowed: an array of objects; for an object a line call it .ndjson")
    return ((f"item {number}", value) for number, value in enumerate(document, 1))


def _ndjson_rows(text: str, report: Report) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", _parsed(line)
            except ValueError as error:
                report(f"line {number}: {_short(line)} is not JSON: {error}; allowed: an object a line")


def _parsed(text: str) -> Any:
    """Raises ValueError."""
    try:
        # NaN and Infinity, which are no JSON, become Numbers too: they are refused with the field that has them.
        return json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=_without_duplicates
        )
    except RecursionError:
        raise ValueError(f"nested too deeply; allowed: {MAX_DEPTH} levels") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise ValueError(f"an object has the name {_short(name)} twice; allowed: once")
        names[name] = value
    return names


def _row_problems(row: Any, keys: dict[str, KeyAttribute]) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{_short(row)}; allowed: an object"
        return
    for role, (name, type_) in keys.items():
        if name not in row:
            yield f"{name} is missing; allowed: the {role} in every item"
        elif type_ == "N" and not isinstance(row[name], Number):
            yield f"{name} = {_short(row[name])}; allowed: a number, as the table's {role} is of type N"
        elif type_ == "S" and not _is_key_text(row[name], MAX_KEY_BYTES[role]):
            yield (
                f"{name} = {_short(row[name])}; allowed: text of 1 to {MAX_KEY_BYTES[role]} bytes, "
                f"as the table's {role} is of type S"
            )
    for name, value in row.items():
        yield from _name_problems(name, name)
        yield from _problems(value, name, 0)


def _problems(value: Any, place: str, depth: int) -> Iterator[str]:
    if isinstance(value, Number):
        if not _is_number(value):
            yield f"{place} = {_short(value)}; allowed: {A_NUMBER}"
    elif isinstance(value, str):
        if not _is_unicode(value):
            yield f"{place} = {_short(value)}; allowed: Unicode text, without half of a surrogate pair"
    elif isinstance(value, (list, dict)):
        if depth == MAX_DEPTH:
            yield f"{place} = {_short(value)}; allowed: {MAX_DEPTH} levels of arrays and objects"
        elif isinstance(value, dict):
            for name, inner in value.items():
                yield from _name_problems(name, f"{place}.{name}")
                yield from _problems(inner, f"{place}.{name}", depth + 1)
        else:
            for index, inner in enumerate(value):
                yield from _problems(inner, f"{place}[{index}]", depth + 1)


def _name_problems(name: str, place: str) -> Iterator[str]:
    if not name or not _is_unicode(name):
        yield f"the name {_short(name)} at {_short(place)}; allowed: Unicode text of at least one character"


def _is_key_text(value: Any, longest: int) -> bool:
    return (
        isinstance(value, str)
        and not isinstance(value, Number)
        and 0 < len(value.encode(errors="surrogatepass")) <= longest
    )


def _is_unicode(text: str) -> bool:
    return SURROGATE.search(text) is None


def _is_number(text: str) -> bool:
    if not NUMBER.fullmatch(text):
        return False
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond decimal's own range
        return False
    return len(_digits(number)) <= MAX_DIGITS and -130 <= number.adjusted() <= 125


def _digits(number: Decimal) -> str:
    return "".join(map(str, number.as_tuple().digits)).strip("0")


def _comparable(value: str) -> str | Decimal:
    return Decimal(value) if isinstance(value, Number) else value


def _item(row: dict[str, Any], keys: dict[str, KeyAttribute]) -> Item:
    names = dict.fromkeys((*(name for name, _ in keys.values()), *row))
    return {name: _typed(row[name]) for name in names}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case Number():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [_typed(inner) for inner in value]}
        case _:
            return {"M": {name: _typed(inner) for name, inner in value.items()}}


def _size(item: Item) -> int:
    """Bytes as DynamoDB counts them, numbers approximately.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(typed: dict[str, Any]) -> int:
    ((type_, value),) = typed.items()
    match type_:
        case "S":
            return len(value.encode())
        case "N":
            number = Decimal(value)
            return (len(_digits(number)) + 1) // 2 + 1 + number.is_signed()
        case "L":
            return 3 + sum(1 + _value_size(inner) for inner in value)
        case "M":
            return 3 + len(value) + _size(value)
        case _:
            return 1


def _short(value: object) -> str:
    text = str(value) if isinstance(value, Number) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
