"""What Data Prepper reads as an expression and what not; all but the deepest was asked of Data Prepper 2.16."""

import pytest

from osis.grammar import NotAnExpression, read


@pytest.mark.parametrize(
    "text",
    [
        "/a",
        '"/a b" == 1',
        "true",
        "-1.5e-3 < /a",
        "${x} == 1",
        "not /a and (/b or not (/c))",
        '/a in {1, "x", null} == true',
        "/a not in {1}",
        "/a typeof integer",
        '/a =~ "x.*" or /b !~ /c',
        "/a + 1 * (2 - -/b) % 3 >= length(/c)",
        '"x" + /a + f()',
        'contains(/a, "x" + /b, 1 < 2)',
        '"""a"""',
        "1 == 2 == 3",
        "/a/b.c@d_e",
        " 1 ",
    ],
)
def test_read(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "something is missing at its end"),
        ("/a ==", "something is missing at its end"),
        ("/a == 1 2", "'2' at character 9 does not fit"),
        ("a == 1", "'a' is no key, which starts with a slash, and no function"),
        ("/a = 1", "'= 1' cannot be read"),
        ("/a and/b", "'and' at character 4 does not fit"),
        ("01 == 1", "'01' is no key, which starts with a slash, and no function"),
        ('"$x" == 1', "'\"$x\" == 1' cannot be read"),
        ("true + 1", "'+' at character 6 does not fit"),
        ("(/a == 1) + 1", "'+' at character 11 does not fit"),
        ("/a in 1", "'1' at character 7 does not fit"),
        ("/a in {}", "'}' at character 8 does not fit"),
        ("/a typeof text", "'text' at character 11 does not fit"),
        ("not -1", "'-' at character 5 does not fit"),
        ("(" * 500 + "1" + ")" * 500, "it is nested too deep"),
    ],
)
def test_not_read(text: str, why: str) -> None:
    with pytest.raises(NotAnExpression) as caught:
        read(text)
    assert str(caught.value) == why
