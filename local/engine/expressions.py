"""Data Prepper expressions: conditions such as `/kind == "odd" and not /n in {1, 2}`, and `${…}` in strings.

Reads the grammar of Data Prepper 2.16 without arithmetic, string concatenation, `typeof` and rarely used functions,
which are refused by name. What is unusual here is so in Data Prepper: `and` and `or` bind equally, left to right;
a comparison of things that cannot be compared is false; a quoted string that begins with a slash is a pointer.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from local.engine.events import Event, InvalidKeyError, Long, Path, Value, path_of, text_of
from local.engine.java_numbers import float32
from local.engine.java_patterns import UnsupportedPatternError, compile_pattern

Evaluate: TypeAlias = Callable[[Event], "Value"]
Condition: TypeAlias = Callable[[Event], bool]

_log = logging.getLogger(__name__)

_TOKEN = re.compile(
    r"""(?P<keyword>\ not\ in\ |\ in\ |\ and\ |\ or\ |not\ (?=\S)|\ typeof\ )
    |(?P<skip>[ \t\r\n]+?)
    |(?P<pointer>(?:/[A-Za-z0-9_.@]+)+)
    |(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE]-?[0-9]+)?)?(?![A-Za-z0-9_.@]))
    |(?P<word>[A-Za-z0-9_.@]+)
    |(?P<string>"(?:[^"\\$]|\\[btnfr"'\\$])*")
    |(?P<symbol>==|!=|<=|>=|=~|!~|[<>(){},+*%/-])""",
    re.VERBOSE,
)
_FUNCTIONS = ("getMetadata", "contains", "startsWith", "length")
_ARITHMETIC = frozenset("+*%/-")


class UnsupportedExpressionError(ValueError):
    """The expression is malformed, or uses what this engine does not know."""


class EvaluationError(ValueError):
    """Data Prepper gives up the whole expression here; as a condition it is then false."""


class NoConditionError(EvaluationError):
    """A condition is neither true nor false."""


class KeyNotFoundError(EvaluationError):
    """`${key}` names a field that the event does not have."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


@dataclass(frozen=True)
class _Pointer:
    path: Path


def condition(text: str) -> Condition:
    """A condition ready to be asked of events; the answer may be `NoConditionError`, raised.

    Raises `UnsupportedExpressionError`.
    """
    evaluate = expression(text)

    def holds(event: Event) -> bool:
        try:
            value = evaluate(event)
        except EvaluationError as error:
            _log.warning("condition %s: %s; taken as false", text, error)
            return False
        if not isinstance(value, bool):
            raise NoConditionError(f"Unexpected expression return value of {text_of(value)}: {text}")
        return value

    return holds


def expression(text: str) -> Evaluate:
    """An expression ready to be evaluated; evaluation may raise `EvaluationError`.

    Raises `UnsupportedExpressionError`.
    """
    return _Parser(text).parse()


def template(text: str) -> Callable[[Event], str]:
    """A string with `${key}` and `${expression}`; formatting may raise `EvaluationError`.

    Raises `UnsupportedExpressionError`.
    """
    parts = [_part(part) for part in re.split(r"(\$\{[^}]*\})", text) if part]
    if "${" in re.sub(r"\$\{[^}]*\}", "", text):
        raise UnsupportedExpressionError(f"'{text}': a '${{' without its '}}'")
    return lambda event: "".join(part(event) for part in parts)


def uses_keys_only(text: str) -> bool:
    """Whether every `${…}` in the string is the key of a field, none an expression."""
    names: list[str] = re.findall(r"\$\{([^}]*)\}", text)
    try:
        return all("(" not in name and path_of(name) for name in names)
    except InvalidKeyError:
        return False


def _part(part: str) -> Callable[[Event], str]:
    if not part.startswith("${") or not part.endswith("}"):
        return lambda _: part
    name = part[2:-1]
    evaluate: Evaluate | None
    path: Path | None
    try:
        path = path_of(name)
    except InvalidKeyError:
        path = None
    try:
        evaluate = expression(name)
    except UnsupportedExpressionError:
        # A name with parentheses could be a key, but a function is what is meant.
        if path is None or "(" in name:
            raise
        evaluate = None

    def text(event: Event) -> str:
        value = event.get(path) if path is not None else None
        if value is None:
            if evaluate is None:
                raise KeyNotFoundError(f"The key {name} could not be found in the Event when formatting")
            value = evaluate(event)
        return "" if value is None else text_of(value)

    return text


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenize()
        self._warned = False

    def parse(self) -> Evaluate:
        try:
            evaluate = self._conditional()
        except InvalidKeyError as error:
            raise UnsupportedExpressionError(f"'{self._text}': {error}") from error
        if self._tokens:
            self._refuse(self._tokens[0])
        return evaluate

    def _tokenize(self) -> list[_Token]:
        tokens, position = [], 0
        while position < len(self._text):
            found = _TOKEN.match(self._text, position)
            if not found or not found.lastgroup:
                raise UnsupportedExpressionError(f"'{self._text}': cannot read '{self._text[position:]}'")
            if found.lastgroup != "skip":
                tokens.append(_Token(found.lastgroup, found[0].strip()))
            position = found.end()
        return tokens

    def _refuse(self, token: _Token) -> None:
        if token.text in _ARITHMETIC:
            reason = f"arithmetic and string concatenation ('{token.text}') are not supported"
        elif token.text == "typeof":
            reason = "'typeof' is not supported"
        else:
            reason = f"'{token.text}' is not expected here"
        raise UnsupportedExpressionError(f"'{self._text}': {reason}")

    def _next(self) -> _Token:
        if not self._tokens:
            raise UnsupportedExpressionError(f"'{self._text}' ends too early")
        return self._tokens.pop(0)

    def _take(self, *texts: str) -> str | None:
        if self._tokens and self._tokens[0].kind in {"keyword", "symbol"} and self._tokens[0].text in texts:
            return self._tokens.pop(0).text
        return None

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            self._refuse(self._next())

    def _conditional(self) -> Evaluate:
        left = self._equality()
        while operator := self._take("and", "or"):
            left = _logical(operator, left, self._equality())
        return left

    def _equality(self) -> Evaluate:
        left = self._regular_expression()
        while operator := self._take("==", "!="):
            left = self._compared(operator, left, self._regular_expression())
        return left

    def _regular_expression(self) -> Evaluate:
        left = self._relational()
        if operator := self._take("=~", "!~"):
            return self._matched(operator, left)
        return left

    def _relational(self) -> Evaluate:
        left = self._set()
        while operator := self._take("<", "<=", ">", ">="):
            left = self._compared(operator, left, self._set())
        return left

    def _set(self) -> Evaluate:
        left = self._unary()
        while operator := self._take("in", "not in"):
            self._expect("{")
            left = self._looked_up(operator, left, self._members())
        return left

    def _unary(self) -> Evaluate:
        if self._take("not"):
            operand = self._unary()
            return lambda event: operand(event) is False
        if self._take("("):
            inner = self._conditional()
            self._expect(")")
            return inner
        return self._primary()

    def _primary(self) -> Evaluate:
        token = self._next()
        if token.kind == "pointer" or (token.kind == "string" and token.text.startswith('"/')):
            path = path_of(token.text.strip('"'))
            return lambda event: event.get(path)
        if token.kind == "word" and self._take("("):
            return self._call(token.text)
        if token.text == "-" and self._tokens and self._tokens[0].kind == "number":
            token = _Token("number", "-" + self._next().text)
        return _constant(self._literal(token))

    def _literal(self, token: _Token) -> Value:
        if token.kind == "number":
            if not re.fullmatch(r"-?[0-9]+", token.text):
                # Data Prepper's decimal literals are Java floats.
                return float32(float(token.text))
            number = int(token.text)
            return number if -(2**31) <= number < 2**31 else Long(number)
        if token.kind == "string":
            return token.text[1:-1]
        words: dict[str, Value] = {"true": True, "false": False, "null": None}
        if token.text not in words:
            self._refuse(token)
        return words[token.text]

    def _members(self) -> list[Value]:
        members = [self._literal(self._next())]
        while self._take(","):
            members.append(self._literal(self._next()))
        self._expect("}")
        return members

    def _call(self, name: str) -> Evaluate:
        if name not in _FUNCTIONS:
            raise UnsupportedExpressionError(
                f"'{self._text}': the function {name}() is not supported; supported: {', '.join(_FUNCTIONS)}"
            )
        arguments: list[_Pointer | str] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            token = self._next()
            if token.kind == "pointer":
                arguments.append(_Pointer(path_of(token.text)))
            elif token.kind == "string":
                arguments.append(token.text[1:-1])
            else:
                raise UnsupportedExpressionError(f"'{self._text}': {name}() takes keys and strings only")
        return self._function(name, arguments)

    def _function(self, name: str, arguments: Sequence[_Pointer | str]) -> Evaluate:
        match name, arguments:
            case "getMetadata", [str(key)]:
                return lambda event: event.metadata.get(key.strip().removeprefix("/"))
            case "length", [argument]:
                return lambda event: _length(_argument(argument, event))
            case "contains", [whole, part]:
                return lambda event: _on_strings("contains", str.__contains__, whole, part, event)
            case "startsWith", [whole, part]:
                return lambda event: _on_strings("startsWith", str.startswith, whole, part, event)
        raise UnsupportedExpressionError(f"'{self._text}': wrong arguments of {name}()")

    def _matched(self, operator: str, left: Evaluate) -> Evaluate:
        token = self._next()
        if token.kind != "string":
            raise UnsupportedExpressionError(f"'{self._text}': only a quoted pattern is supported after {operator}")
        try:
            pattern = compile_pattern(token.text[1:-1])
        except UnsupportedPatternError as error:
            raise UnsupportedExpressionError(f"'{self._text}': {error}") from error

        def evaluate(event: Event) -> Value:
            value = left(event)
            return isinstance(value, str) and (pattern.fullmatch(value) is not None) == (operator == "=~")

        return evaluate

    def _compared(self, operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
        def evaluate(event: Event) -> Value:
            values = left(event), right(event)
            if any(isinstance(value, Decimal) for value in values) and any(map(_is_number, values)):
                self._warn_of_decimals()
            if operator in {"==", "!="}:
                return _equal(*values) == (operator == "==")
            return _ordered(operator, *values)

        return evaluate

    def _looked_up(self, operator: str, left: Evaluate, members: Sequence[Value]) -> Evaluate:
        def evaluate(event: Event) -> Value:
            value = left(event)
            if isinstance(value, Decimal) and any(map(_is_number, members)):
                self._warn_of_decimals()
            value = float32(value) if isinstance(value, float) else value
            found = any(type(value) is type(member) and value == member for member in members)
            return found == (operator == "in")

        return evaluate

    def _warn_of_decimals(self) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "condition %s: Data Prepper cannot compare a DynamoDB number with a literal and takes it as unequal; "
                "put convert_entry_type before it (data-prepper issue 4817)",
                self._text,
            )


def _constant(value: Value) -> Evaluate:
    return lambda _: value


def _logical(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(event: Event) -> Value:
        values = left(event), right(event)
        if not all(isinstance(value, bool) for value in values):
            return False
        return all(values) if operator == "and" else any(values)

    return evaluate


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float) and _is_number(left) and _is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            return float32(left) == float32(right)
        return left == right
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        # BigDecimal.equals: 1.0 is not 1.00.
        return left.as_tuple() == right.as_tuple()
    return type(left) is type(right) and left == right


def _ordered(operator: str, left: Value, right: Value) -> bool:
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        return False
    if not (_is_number(left) and _is_number(right)):
        return False
    if isinstance(left, float) or isinstance(right, float):
        left, right = float32(left), float32(right)
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _argument(argument: _Pointer | str, event: Event) -> Value:
    return event.get(argument.path) if isinstance(argument, _Pointer) else argument


def _length(value: Value) -> Value:
    match value:
        case None:
            return None
        case str():
            return len(value.encode("utf-16-le")) // 2
    # From 2.17 on, Data Prepper counts the members of lists and objects, too.
    raise EvaluationError(f"length() of {text_of(value)}: not a string")


def _on_strings(
    name: str, test: Callable[[str, str], bool], whole: _Pointer | str, part: _Pointer | str, event: Event
) -> Value:
    values = _argument(whole, event), _argument(part, event)
    if None in values:
        return False
    first, second = values
    if not (isinstance(first, str) and isinstance(second, str)):
        raise EvaluationError(f"{name}() takes strings only")
    return test(first, second)
