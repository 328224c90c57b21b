"""What can be told of Data Prepper's expressions without running them (its grammar: DataPrepperExpression.g4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_EMBEDDED = re.compile(r"\$\{(.*?)\}")
# A text is a function's argument where a parenthesis of a function or a comma stands before it.
_TEXT = re.compile(r'(?P<before>\w\(\s*|,\s*)?"(?P<text>(?:\\.|[^"\\])*)"', re.DOTALL)
_POINTER = r'(?:(?<!")/[\w.@]+(?:/[\w.@]+)*|"/[^"]*")'
_NUMBER = r"-?\d+(?:\.\d+(?:[eE]-?\d+)?)?"
_VALUE = re.compile(
    rf"\s*\(*\s*(?:{_POINTER}|(?!(?:contains|startsWith|cidrContains|hasTags)\()\w+\([^()]*\))\s*\)*\s*", re.ASCII
)
_COMPARISON = re.compile(
    rf"""(?P<left>{_POINTER})\s*(?:==|!=|[<>]=?)\s*{_NUMBER}(?![\w.@])
    |(?<![\w.@/]){_NUMBER}\s*(?:==|!=|[<>]=?)\s*(?P<right>{_POINTER})
    |(?P<member>{_POINTER})\ (?:not\ )?in\ \{{(?P<set>[^}}]*)\}}""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An attribute beside a number; `types` are the types of convert_type that make it right, the best one first."""

    key: str
    types: tuple[str, ...]


def made_of_attributes(text: str | None) -> bool:
    """Tell whether a `${...}` in `text` stands for an attribute of the item: `${/id}`, not `${getMetadata("...")}`."""
    return any("getMetadata(" not in inner for inner in _EMBEDDED.findall(text or ""))


def reads_attributes(condition: str) -> bool:
    """Tell whether `condition` looks at an attribute of the item, as `/kind == "odd"` does."""
    return "/" in _without_texts(condition)


def is_value_alone(condition: str) -> bool:
    """Tell whether `condition` is an attribute or a function alone, which is true or false only if its value is so."""
    return _VALUE.fullmatch(_without_texts(condition)) is not None


def comparisons_with_numbers(condition: str) -> Iterator[Comparison]:
    """Yield each attribute that `condition` compares with a number that is written out, or looks up among some."""
    for found in _COMPARISON.finditer(_without_texts(condition)):
        members = re.findall(_NUMBER, found["set"] or "")
        if found["member"] is None:
            yield Comparison(key_of(found["left"] or found["right"]), ("double", "long", "integer"))
        elif members:
            # As Java's equals has it: an Integer is no Long; decimals are Floats, and so is a double that is read here.
            decimal = any("." in member for member in members)
            yield Comparison(key_of(found["member"]), ("double",) if decimal else ("integer",))


def key_of(pointer: str) -> str:
    """Return the one form of a key that may be written as order/total, /order/total and "/order/total"."""
    return pointer.strip('"').strip("/")


def _without_texts(condition: str) -> str:
    """What stays in quotation marks is a pointer, as in `"/order total" > 5`."""

    def emptied(found: re.Match[str]) -> str:
        pointer = found["before"] is None and found["text"].startswith("/")
        return found[0] if pointer else f'{found["before"] or ""}""'

    return _TEXT.sub(emptied, condition)
