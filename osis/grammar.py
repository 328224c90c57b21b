"""Whether Data Prepper can read an expression (its grammar: DataPrepperExpression.g4).

Operators bind as there: `and` and `or` alike, then equality, comparison, membership, sums, products. Only spaces make a
word an operator: ` and `, ` or `, ` in `, ` not in `, ` typeof `, `not `.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_WORD = r"[A-Za-z0-9_.@]+"
_TOKEN = re.compile(
    rf"""(?P<operator>[ ](?:not[ ]in|in|and|or|typeof)[ ]|not[ ])
    |(?P<space>[ \t\r\n])
    |(?P<pointer>(?:/{_WORD})+|"/(?:[^"\\]|\\[btnfr"'\\/])*")
    |(?P<number>(?:0|[1-9][0-9]*)(?:\.0*(?:0|[1-9][0-9]*)(?:[eE]-?(?:0|[1-9][0-9]*))?)?(?![A-Za-z0-9_.@]))
    |(?P<variable>\$\{{[A-Za-z_][A-Za-z0-9_-]*\}})
    |(?P<word>{_WORD})
    |(?P<text>\"""(?:[^"\\$]|\\[btnfr"'\\$])*\"""|"(?:[^"\\$]|\\[btnfr"'\\$])*")
    |(?P<symbol>==|!=|<=|>=|=~|!~|[<>(){{}},+*%/-])""",
    re.VERBOSE | re.ASCII,
)
_TYPES = frozenset({"integer", "big_decimal", "boolean", "long", "double", "string", "map", "array"})
_LITERALS = frozenset({"true", "false", "null"})
_DEEPEST = 40  # nested parentheses and signs; each takes eleven calls of the thousand that Python allows


class NotAnExpression(ValueError):
    """The message says where it ends to be one."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def read(text: str) -> None:
    """Raises NotAnExpression where Data Prepper cannot read `text`."""
    tokens = _tokens(text)
    try:
        _Reader(tokens).whole(_Reader.conditional)
    except NotAnExpression as error:
        try:
            _Reader(tokens).whole(_Reader.joined)
        except NotAnExpression:
            raise error from None


def _tokens(text: str) -> list[_Token]:
    found = []
    start = 0
    while start < len(text):
        token = _TOKEN.match(text, start)
        if token is None:
            raise NotAnExpression(f"{text[start : start + 10]!r} cannot be read")
        kind = token.lastgroup or ""
        if kind == "word" and token[0] in _LITERALS:
            kind = "literal"
        if kind != "space":
            found.append(_Token(kind, token[0], start))
        start = token.end()
    return [*found, _Token("end", "", start)]


@dataclass(slots=True)
class _Reader:
    """Each method reads one rule; those of operands tell whether what they read may be part of a calculation."""

    tokens: list[_Token]
    place: int = 0
    depth: int = 0

    def whole(self, rule: Callable[["_Reader"], bool]) -> None:
        rule(self)
        if self._next.kind != "end":
            raise self._unexpected()

    def conditional(self) -> bool:
        return self._compared(self._equality, " and ", " or ")

    def joined(self) -> bool:
        """Texts put together with +."""
        while True:
            if self._next.kind == "word":
                self._function()
            elif not self._take_kind("pointer", "text"):
                raise self._unexpected()
            if not self._take("+"):
                return False

    def _equality(self) -> bool:
        return self._compared(self._matched, "==", "!=")

    def _matched(self) -> bool:
        if self._next.kind in ("pointer", "text") and self.tokens[self.place + 1].text in ("=~", "!~"):
            self.place += 2
            if not self._take_kind("pointer", "text"):
                raise self._unexpected()
            return False
        return self._compared(self._member, "<", "<=", ">", ">=")

    def _compared(self, part: Callable[[], bool], *operators: str) -> bool:
        calculable = part()
        while self._take(*operators):
            part()
            calculable = False
        return calculable

    def _member(self) -> bool:
        if self._next.text.startswith("/") and self.tokens[self.place + 1].text == " typeof ":
            self.place += 2
            if self._next.text not in _TYPES:
                raise self._unexpected()
            self.place += 1
            return False
        calculable = self._calculated(self._product, "+", "-")
        while self._take(" in ", " not in "):
            self._set()
            calculable = False
        return calculable

    def _product(self) -> bool:
        return self._calculated(self._operand, "*", "/", "%")

    def _calculated(self, part: Callable[[], bool], *operators: str) -> bool:
        calculable = part()
        while self._next.text in operators:
            if not calculable:
                raise self._unexpected()
            self.place += 1
            if not part():
                raise self._unexpected()
        return calculable

    def _operand(self) -> bool:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotAnExpression("it is nested too deep")
        try:
            return self._nested()
        finally:
            self.depth -= 1

    def _nested(self) -> bool:
        if self._take("("):
            calculable = self.conditional()
            self._expect(")")
            return calculable
        if self._take("not "):
            if self._next.text == "-":
                raise self._unexpected()
            self._operand()
            return False
        if self._take("-"):
            if not self._operand():
                raise self._unexpected()
            return True
        if self._next.text == "{":
            self._set()
            return False
        if self._next.kind == "word":
            self._function()
            return True
        if self._take_kind("pointer", "number"):
            return True
        if self._take_kind("text", "literal", "variable"):
            return False
        raise self._unexpected()

    def _function(self) -> None:
        name = self._next.text
        self.place += 1
        if not self._take("("):
            raise NotAnExpression(f"{name!r} is no key, which starts with a slash, and no function")
        if self._take(")"):
            return
        while True:
            self._argument()
            if not self._take(","):
                break
        self._expect(")")

    def _argument(self) -> None:
        start = self.place
        try:
            self.conditional()
        except NotAnExpression:
            pass
        else:
            if self._next.text in (",", ")"):
                return
        self.place = start
        self.joined()

    def _set(self) -> None:
        self._expect("{")
        while True:
            if not self._take_kind("number", "text", "literal"):
                raise self._unexpected()
            if not self._take(","):
                break
        self._expect("}")

    @property
    def _next(self) -> _Token:
        return self.tokens[self.place]

    def _take(self, *texts: str) -> bool:
        if self._next.kind in ("operator", "symbol") and self._next.text in texts:
            self.place += 1
            return True
        return False

    def _take_kind(self, *kinds: str) -> bool:
        if self._next.kind in kinds:
            self.place += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _unexpected(self) -> NotAnExpression:
        if self._next.kind == "end":
            return NotAnExpression("something is missing at its end")
        return NotAnExpression(f"{self._next.text.strip()!r} at character {self._next.start + 1} does not fit")
