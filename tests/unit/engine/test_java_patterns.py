"""What java.util.regex of Java 17 did with each pattern and text."""

import pytest

from local.engine.java_patterns import UnsupportedPatternError, compile_pattern, replacement


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        # Words, digits and blanks are those of ASCII, and so is what has two cases.
        (r"\w+", "größe_1", ["gr", "e_1"]),
        (r"\W", "aé", ["é"]),
        (r"\d+", "42٤٢", ["42"]),
        (r"\D", "4٤", ["٤"]),
        (r"\s", "a\u00a0 b", [" "]),
        (r"[^\s]", " \u00a0", ["\u00a0"]),
        ("(?i)größe", "GRÖßE", []),
        ("(?i)gr", "GR", ["GR"]),
        ("(?i)k", "K\u212a", ["K"]),
        ("(?i)[a-z]+", "Aé", ["A"]),
        # Every line end ends a line.
        (".+", "a\rb\u0085c\u2028d\ne", ["a", "b", "c", "d", "e"]),
        ("(?s).+", "a\rb\n", ["a\rb\n"]),
        ("a$", "a\r\n", ["a"]),
        ("a$", "a\u2028", ["a"]),
        ("a$", "a\n\n", []),
        ("$", "\r\n", ["", ""]),
        (r"a\Z", "a\n", ["a"]),
        (r"a\z", "a\n", []),
        # The border of a word is one of any alphabet.
        (r"\bx", "éx x", ["x"]),
        (r"\bx", "e\u0301x", []),
        (r"\B", "", [""]),
        (r"(?<n>a)\k<n>(b)\2", "aabb", ["aabb"]),
        (r"\Qa.\E+", "a..ab", ["a.."]),
        (r"\x41\u00e9\x{42}\0103", "AéBC", ["AéBC"]),
        (r"[.$\-\]&~|]+", "a.$-]&~|", [".$-]&~|"]),
        ("a++b|c{2,3}?", "aabccc", ["aab", "cc"]),
        ("^a|b$", "ab", ["a", "b"]),
    ],
)
def test_pattern_finds_what_java_finds(pattern: str, text: str, found: list[str]) -> None:
    assert [match[0] for match in compile_pattern(pattern).finditer(text)] == found


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("[a-z&&[^b]]", "'&&' within a set"),
        ("[a[b]]", "'[' within a set"),
        ("[]a]", "']' within a set"),
        (r"\p{L}", r"'\p'"),
        (r"\R", r"'\R'"),
        (r"\h", r"'\h'"),
        ("(?m)^a", "'(?m)'"),
        ("a(?i)b", "'(?i)'"),
        ("(?i:a)", "'(?i:'"),
        ("(?P<n>a)", "'(?P<'"),
        ("a{,2}", "'{'"),
    ],
)
def test_what_python_reads_otherwise_is_refused_by_name(pattern: str, part: str) -> None:
    with pytest.raises(UnsupportedPatternError) as caught:
        compile_pattern(pattern)
    assert str(caught.value) == f"pattern '{pattern}': the embedded engine does not read {part} as Java does"


@pytest.mark.parametrize("pattern", ["(", "a)", "[a", "a**", r"\2", "[b-a]", "(?<=a+)b", "a{99999999999}", "\\"])
def test_what_python_cannot_compile_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "replaced"),
    [
        ("a(b)?", "$1x", "bxxc"),
        ("(a)(b)", "$12", "a2ac"),
        ("(a)", "$10", "a0ba0c"),
        ("(a)", "$0$1", "aabaac"),
        ("a", r"\$1", "$1b$1c"),
        ("a", r"\q", "qbqc"),
        ("(?<n>a)", "${n}!", "a!ba!c"),
        ("b*", "-", "-a--a-c-"),
        ("z", "$", "abac"),
    ],
)
def test_replacement(pattern: str, text: str, replaced: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.sub(replacement(text, compiled), "abac") == replaced


@pytest.mark.parametrize("text", ["USD $", "$", "$x", "$2", "${n}", "${1}", "${", "a\\"])
def test_replacement_that_java_cannot_make_fails_at_the_first_match(text: str) -> None:
    pattern = compile_pattern("a")
    with pytest.raises(ValueError, match=r"has no group|has a \$"):
        pattern.sub(replacement(text, pattern), "abac")
