import re
from decimal import Decimal

import pytest

from local.engine.events import Event, Long, Value
from local.engine.expressions import (
    EvaluationError,
    KeyNotFoundError,
    NoConditionError,
    UnsupportedExpressionError,
    condition,
    expression,
    template,
    uses_keys_only,
)

EVENT = Event(
    {
        "kind": "odd",
        "n": Decimal(5),
        "same": Decimal(5),
        "longer": Decimal("5.0"),
        "count": 5,
        "long": Long(5),
        "price": 0.1,
        "yes": True,
        "nothing": None,
        "tags": ["a", "b"],
        "deep": {"er": "x"},
        "flag": "/kind",
    },
    {"primary_key": "a|1", "document_version": 17, "event": None},
)


@pytest.mark.parametrize(
    "text",
    [
        '/kind == "odd"',
        '/kind != "even"',
        "/missing == null",
        "/nothing == null",
        "/yes == true",
        "/yes",
        "/count == 5",
        "/n == /same",
        "/count == 5.0",
        "/count >= 5 and /count < 6",
        "/count > -1",
        # Data Prepper's decimals are floats of 32 bits.
        "/price == 0.1",
        '/kind in {"odd", "even"}',
        "/count not in {1, 2}",
        "/count in {4, 5}",
        "/price in {0.1}",
        "/long == 5 and /long >= /count",
        '/kind =~ "o.d"',
        '/kind !~ "o"',
        '/kind =~ "(?<first>o).+"',
        'not (/kind == "even")',
        "not /missing == false",
        '/deep/er == "x" or /x == 1',
        # The same rank, from the left: (true or true) and false would be false.
        '/kind == "odd" or /kind == "x" and /yes == true',
        'contains(/kind, "dd")',
        'startsWith(/kind, "o") and length(/kind) == 3',
        'length("abc") == 3',
        "length(/kind) == 3",
        'getMetadata("primary_key") == "a|1"',
        'getMetadata("/document_version") == 17',
        # A quoted string that begins with a slash is a pointer, but not among a function's arguments.
        '/kind == "/kind"',
        'startsWith(/flag, "/k")',
        '(/kind == "odd") and (/yes)',
    ],
)
def test_condition_holds(text: str) -> None:
    assert condition(text)(EVENT)


@pytest.mark.parametrize(
    "text",
    [
        # A DynamoDB number is a BigDecimal, which Data Prepper compares with no literal.
        "/n == 5",
        # ... and BigDecimals are equal with the same number of digits only.
        "/n == /longer",
        "/n > 1",
        "/n in {5}",
        "/missing > 1",
        '/kind > "a"',
        '/kind == "odd" or /kind == "odd" and /missing == 1',
        "/kind and /yes",
        "not /kind",
        '/count =~ "5"',
        '/missing !~ "x"',
        'contains(/count, "5")',
        'contains(/missing, "5")',
        "length(/count) == 1",
        "length(/count)",
        "length(/tags) == 2",
        "length(/deep) == 1",
        "/yes == 1",
        "/count in {5.0}",
        # Java's Long equals no Integer, and to look into a set is to ask for equality.
        "/long in {5}",
    ],
)
def test_condition_does_not_hold(text: str) -> None:
    assert not condition(text)(EVENT)


@pytest.mark.parametrize(
    ("text", "value"),
    [("/kind", "odd"), ("/missing", "null"), ("(/count)", "5"), ('getMetadata("primary_key")', "a|1"), ("7", "7")],
)
def test_condition_may_be_none(text: str, value: str) -> None:
    with pytest.raises(NoConditionError, match=re.escape(f"Unexpected expression return value of {value}: {text}")):
        condition(text)(EVENT)


@pytest.mark.parametrize("text", ["/n > 1", "1 == /n", "/n in {5}", "/n not in {0.5}"])
def test_comparing_a_number_of_the_table_is_logged_once(text: str, caplog: pytest.LogCaptureFixture) -> None:
    holds = condition(text)
    holds(EVENT)
    holds(EVENT)
    (message,) = caplog.messages
    assert message.startswith(f"condition {text}: Data Prepper cannot compare a DynamoDB number with a literal")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/a + 1 == 2", "arithmetic and string concatenation ('+') are not supported"),
        ("/a typeof integer", "'typeof' is not supported"),
        ("now() == 1", "the function now() is not supported; supported: getMetadata, contains, startsWith, length"),
        ("/a == ", "ends too early"),
        ("/a == 'x'", "cannot read ''x''"),
        ("/a ==== 1", "'==' is not expected here"),
        ("kind == 1", "'kind' is not expected here"),
        ('/a =~ "("', "pattern"),
        ('/a =~ "[a&&b]"', "does not read '&&' within a set as Java does"),
        ("/a =~ /b", "only a quoted pattern is supported after =~"),
        ("contains(/a)", "wrong arguments of contains()"),
        ("length(1)", "length() takes keys and strings only"),
        ("(/a == 1", "ends too early"),
        ("/a in {1 2}", "'2' is not expected here"),
        ("/a == 1 && /b == 2", "cannot read '&& /b == 2'"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(UnsupportedExpressionError) as caught:
        condition(text)
    assert str(caught.value).startswith(f"'{text}'")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [('getMetadata("event")', None), ("/n", Decimal(5)), ('"text"', "text"), ("7", 7), ("true", True)],
)
def test_expression_has_a_value(text: str, value: Value) -> None:
    assert expression(text)(EVENT) == value


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("${/kind}-${/n}", "odd-5"),
        ("${kind}", "odd"),
        ('${getMetadata("primary_key")}', "a|1"),
        ("${/missing}-${/nothing}", "-"),
        ("${/tags}${/deep}", "[a, b]{er=x}"),
        ("plain", "plain"),
    ],
)
def test_template(text: str, formatted: str) -> None:
    assert template(text)(EVENT) == formatted


def test_template_without_slash_misses_its_key() -> None:
    with pytest.raises(KeyNotFoundError, match="The key missing could not be found in the Event when formatting"):
        template("${missing}")(EVENT)


def test_template_passes_errors_of_its_expression_on() -> None:
    with pytest.raises(EvaluationError, match="not a string"):
        template('${length(/count)}-${getMetadata("x")}')(EVENT)


@pytest.mark.parametrize("text", ["${now()}", "${/a"])
def test_template_with_unsupported_parts_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedExpressionError):
        template(text)


def test_keys_and_expressions_are_told_apart() -> None:
    assert uses_keys_only("${/a}-${b}")
    assert not uses_keys_only('${getMetadata("a")}')
