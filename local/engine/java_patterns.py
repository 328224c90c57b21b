"""Regular expressions and replacement texts of Java, made Python's; what has no counterpart is refused by name.

With `re.ASCII`, Python has Java's meaning of \\w, \\d, \\s and of (?i). What else differs is written out: `.` stops at
every line end, `$` is before the last one, and \\b is at the words of any alphabet (but takes a numeral like ² for part
of one, which Java does not).
"""

import re
from collections.abc import Callable

_LINE_ENDS = r"\n\r\x85\u2028\u2029"
_AT_END = r"(?:(?=(?:\r\n|[\r\x85\u2028\u2029])?\Z)|(?<!\r)(?=\n\Z))"
# With the accents that follow their letter.
_WORD = r"[\w\u0300-\u036f]"
_OUTSIDE_SETS = {
    "A": r"\A",
    "Z": _AT_END,
    "z": r"\Z",
    "b": rf"(?u:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": rf"(?u:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_CHARACTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_FLAGS = re.compile(r"\(\?([is]+)\)")
_GROUPS = re.compile(r"\((?:\?(?::|=|!|>|<=|<!|<(?P<name>[A-Za-z][A-Za-z0-9]*)>))?(?!\?)")
_QUANTIFIERS = re.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})[+?]?")
_CODES = re.compile(r"x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})|0([0-3]?[0-7]{1,2})")
_REPLACEMENT = re.compile(
    r"\\(?P<literal>.)|\$\{(?P<name>[A-Za-z][A-Za-z0-9]*)\}|\$(?P<number>[0-9]+)|[^\\$]+", re.DOTALL
)


class UnsupportedPatternError(ValueError):
    """The pattern is none of Java's, or uses what this engine does not do."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """Raises `UnsupportedPatternError`."""
    flags = _FLAGS.match(text)
    letters = flags[1] if flags else ""
    reader = _Reader(text, flags.end() if flags else 0, dot_all="s" in letters)
    try:
        return re.compile(reader.read(), re.ASCII | (re.IGNORECASE if "i" in letters else re.RegexFlag(0)))
    except (re.error, OverflowError, RecursionError) as error:
        raise UnsupportedPatternError(f"pattern '{text}' is not supported: {error}") from error


def replacement(text: str, pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """What Matcher.replaceAll puts in the place of a match: `$1`, `${name}`, a backslash before what is literal.

    The function raises ValueError at the first match where Java does: `USD $`, `$2` without a second group.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        found = _REPLACEMENT.match(text, position)
        if not found:
            return _failing(f"'{text}' has a $ without a group or ends with a backslash")
        position = found.end()
        if found["literal"] is not None:
            parts.append(found["literal"])
        elif found["name"] is not None:
            if found["name"] not in pattern.groupindex:
                return _failing(f"'{text}': the pattern has no group {found['name']}")
            parts.append(pattern.groupindex[found["name"]])
        elif found["number"] is not None:
            # The first digit is of the number; others are, as long as there is such a group.
            digits = 1
            while digits < len(found["number"]) and int(found["number"][: digits + 1]) <= pattern.groups:
                digits += 1
            if int(found["number"][:digits]) > pattern.groups:
                return _failing(f"'{text}': the pattern has no group {found['number'][:digits]}")
            parts += [int(found["number"][:digits]), found["number"][digits:]]
        else:
            parts.append(found[0])
    return lambda match: "".join(part if isinstance(part, str) else match[part] or "" for part in parts)


def _failing(reason: str) -> Callable[[re.Match[str]], str]:
    def fail(_: re.Match[str]) -> str:
        raise ValueError(reason)

    return fail


class _Reader:
    def __init__(self, text: str, position: int, *, dot_all: bool) -> None:
        self._text = text
        self._position = position
        self._any = r"[\s\S]" if dot_all else f"[^{_LINE_ENDS}]"

    def read(self) -> str:
        parts = []
        while self._position < len(self._text):
            parts.append(self._part())
        return "".join(parts)

    def _part(self) -> str:
        character = self._text[self._position]
        match character:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case "\\":
                return self._escaped(in_set=False)
            case "*" | "+" | "?" | "{":
                return self._quantifier()
        self._position += 1
        match character:
            case ".":
                return self._any
            case "$":
                return _AT_END
            case "^":
                return r"\A"
            case ")" | "|":
                return character
        return re.escape(character)

    def _group(self) -> str:
        found = _GROUPS.match(self._text, self._position)
        if not found:
            raise self._refused(self._text[self._position : self._position + 4])
        self._position = found.end()
        return found[0].replace("(?<", "(?P<", 1) if found["name"] else found[0]

    def _quantifier(self) -> str:
        found = _QUANTIFIERS.match(self._text, self._position)
        if not found:
            raise self._refused(self._text[self._position])
        self._position = found.end()
        return found[0]

    def _set(self) -> str:
        start = self._position
        self._position += 1
        negated = self._text.startswith("^", self._position)
        self._position += negated
        members: list[str] = []
        while True:
            rest = self._text[self._position :]
            if not rest:
                raise self._refused(self._text[start:])
            if rest[0] == "]" and members:
                self._position += 1
                return f"[{'^' if negated else ''}{''.join(members)}]"
            if rest[0] in "[]" or rest.startswith("&&"):
                # A set within a set, and what both have in common.
                raise self._refused(rest[:2] if rest[0] == "&" else rest[0], "within a set")
            members.append(self._member())

    def _member(self) -> str:
        if self._text[self._position] == "\\":
            return self._escaped(in_set=True)
        character = self._text[self._position]
        self._position += 1
        if (
            character == "-"
            and self._text[self._position - 2] != "["
            and not self._text.startswith("]", self._position)
        ):
            return "-"
        return re.escape(character)

    def _escaped(self, *, in_set: bool) -> str:
        escape = self._text[self._position : self._position + 2]
        letter = escape[1:]
        self._position += len(escape)
        if letter and not letter.isalnum():
            return re.escape(letter)
        if letter == "Q" and not in_set:
            end = self._text.find(r"\E", self._position)
            quoted = self._text[self._position : end if end >= 0 else len(self._text)]
            self._position += len(quoted) + (2 if end >= 0 else 0)
            return "".join(f"(?:{re.escape(character)})" for character in quoted)
        if letter and letter in "wWdDsS":
            return escape
        if letter in _CHARACTERS:
            return re.escape(_CHARACTERS[letter])
        if letter in _OUTSIDE_SETS and not in_set:
            return _OUTSIDE_SETS[letter]
        self._position -= 1
        if code := _CODES.match(self._text, self._position):
            self._position = code.end()
            *hexadecimals, octal = code.groups()
            return re.escape(chr(int(octal, 8) if octal else int(next(filter(None, hexadecimals)), 16)))
        if letter == "k" and (name := re.match(r"k<(\w+)>", self._text[self._position :], re.ASCII)) and not in_set:
            self._position += name.end()
            return f"(?P={name[1]})"
        if letter and letter in "123456789" and not in_set and not self._text[self._position + 1 :][:1].isdigit():
            self._position += 1
            return f"(?:\\{letter})"
        raise self._refused(escape)

    def _refused(self, part: str, where: str = "") -> UnsupportedPatternError:
        return UnsupportedPatternError(
            f"pattern '{self._text}': the embedded engine does not read '{part}'{where and f' {where}'} as Java does"
        )
