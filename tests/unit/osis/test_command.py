"""`python -m osis check FILE...` as a process: what it prints, its exit codes, and that it never shows a traceback."""

import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from osis.__main__ import main

ROOT = Path(__file__).parents[3]


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "osis", *arguments], cwd=ROOT, input=stdin, capture_output=True, timeout=600, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def good(tmp_path: Path, changed: Any) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(yaml.safe_dump(changed()))
    return path


@pytest.fixture
def bad(tmp_path: Path, changed: Any) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(changed({"sink.index": "Orders"})))
    return path


UPPER_CASE = "orders.sink[0].opensearch.index: 'Orders' has upper case; index names are lower case: 'orders'"


def test_valid(good: Path) -> None:
    assert run("check", str(good)) == (0, "ok\n", "")


def test_invalid(bad: Path) -> None:
    assert run("check", str(bad)) == (1, f"{UPPER_CASE}\n", "")


def test_several(good: Path, bad: Path) -> None:
    assert run("check", str(good), str(bad)) == (1, f"{good}: ok\n{bad}: {UPPER_CASE}\n", "")


def test_warnings_are_ok(tmp_path: Path, changed: Any) -> None:
    path = tmp_path / "risky.yaml"
    path.write_text(yaml.safe_dump(changed({"sink.max_retries": None})))
    code, printed, _ = run("check", str(path))
    assert (code, printed.splitlines()) == (
        0,
        [
            "warning: orders.sink[0].opensearch.max_retries: is missing: a failing request is retried for ever and "
            "holds up all that follows",
            "ok",
        ],
    )


def test_region(good: Path) -> None:
    code, printed, _ = run("check", str(good), "--region", "us-east-1")
    assert code == 1
    assert "'eu-west-1' is another Region than 'us-east-1', where the pipeline runs" in printed
    assert run("check", str(good), "--region", "eu-west-1")[0] == 0


def test_standard_input(good: Path) -> None:
    assert run("check", "-", stdin=good.read_bytes()) == (0, "ok\n", "")
    assert run("check", "-", stdin=b"\xef\xbb\xbf" + good.read_bytes()) == (0, "ok\n", "")


def test_unreadable(tmp_path: Path, good: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert run("check", str(missing), str(good)) == (2, f"{good}: ok\n", f"{missing}: No such file or directory\n")
    assert run("check", str(tmp_path)) == (2, "", f"{tmp_path}: Is a directory\n")
    assert run("check", "-", stdin=b"\x00\xff") == (2, "", "-: is not UTF-8 text (byte 1)\n")


def test_usage() -> None:
    code, printed, complaint = run("check")
    assert (code, printed) == (2, "")
    assert "the following arguments are required: FILE" in complaint


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nversion: '2'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "body: the document is not a mapping of keys to values"),
        (b"- a", "body: the document is not a mapping of keys to values"),
        (b"\x00", "body: position 0: control characters are not allowed"),
        (b"a\x07: 1", "body: position 1: control characters are not allowed"),
        (BOMB.encode(), "body: line 1, column 4: anchors and aliases are not allowed; write the value out"),
        (b"[" * 5000, "body: line 1, column 51: nested more than 50 deep"),
        (b"[" * 50_000, "body: has 50,000 characters; OpenSearch Ingestion takes at most 24,000"),
        (b"x" * 2_000_000, "body: has 1,000,001 characters; OpenSearch Ingestion takes at most 24,000"),
        (b"a: !!python/object:os.system x", "body: line 1, column 4: the tag !!python/object:os.system is not allowed"),
        (b"? [a]\n: b", "body: line 1, column 3: a key must be text"),
        (b"a: 1\n---\nb: 2", "body: line 2, column 1: but found another document"),
        (b"version: '2'\nx: {source: {dynamodb: [[]]}, sink: [[[]]]}", "x.source.dynamodb: [[]] is not a mapping"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_hostile_files(content: bytes, message: str) -> None:
    code, printed, complaint = run("check", "-", stdin=content)
    assert (code, complaint) == (1, "")
    assert printed.startswith(message)


def test_output_that_the_terminal_cannot_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    code, printed, complaint = run("check", "-", stdin="commandes-payées: {}".encode())
    assert (code, complaint) == (1, "")
    assert printed.startswith("commandes-pay\\xe9es.sink: is required")


def test_output_that_nobody_reads(bad: Path) -> None:
    command = f"{sys.executable} -m osis check {' '.join([str(bad)] * 500)} | true"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, timeout=600, check=False)
    assert done.stderr == b""


@given(data=st.data())
def test_damaged_files(
    data: st.DataObject, changed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut, swap and overwrite pieces of a valid body: always an answer, never an exception."""
    content = bytearray(yaml.safe_dump(changed()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 12))] = data.draw(
            st.binary(max_size=4)
            | st.sampled_from(
                [b": ", b"\n- ", b"{", b"[", b"'", b"&a ", b"*a", b"!!set ", b"null", b"~", b"\t", b"1e9"]
            )
        )
        if not content:
            break
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(bytes(content))))
    assert main(["check", "-"]) in (0, 1, 2)
    printed, complaint = capsys.readouterr()
    assert (printed + complaint).strip()
