"""Plain values as Jackson reads them, not as YAML 1.1 does."""

import pytest

from strict_yaml import InvalidYaml, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("012", "012"),
        ("12:30", "12:30"),
        ("2026-11-01", "2026-11-01"),
        ("7", 7),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("", None),
        ("~", None),
        ("'7'", "7"),
        ("a b", "a b"),
    ],
)
def test_plain_values(text: str, value: object) -> None:
    read_value = read(f"key: {text}\n".encode())["key"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_keys_are_text() -> None:
    assert read(b"404: a\ntrue: b\n") == {"404": "a", "true": "b"}


@pytest.mark.parametrize("text", [b"a: {1: x, '1': y}", b"a: &b 1\nc: *b", b"a: 1\n---\nb: 2", b"\xff"])
def test_refused(text: bytes) -> None:
    with pytest.raises(InvalidYaml):
        read(text)


def test_too_large() -> None:
    with pytest.raises(InvalidYaml, match="250,001 bytes are too many"):
        read(b"a" * 250_001)
