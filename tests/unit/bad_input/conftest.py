"""The front door, as somebody with a wrong settings file meets it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import main

# What one wrong file may cost: half a second, on any machine and beside any other work; what grows faster than the file
# takes minutes.
CPU_SECONDS = 20.0
Refused = Callable[[str | bytes], list[str]]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """What `python main.py` says of a settings file with this content; it says nothing else, and writes nothing."""
    (tmp_path / "cdktf.out").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVIRONMENT", "bad.yaml")

    def problems(content: str | bytes) -> list[str]:
        Path("bad.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        before = everything(tmp_path)
        started = time.process_time()
        assert main.main() == 2
        assert time.process_time() - started < CPU_SECONDS
        assert everything(tmp_path) == before
        printed, complaint = capsys.readouterr()
        assert printed == ""
        return lines_of(complaint, "bad.yaml")

    return problems


def lines_of(complaint: str, file: str) -> list[str]:
    """Each line without the name of the file that it begins with."""
    assert complaint.endswith("\n")
    lines = complaint[:-1].split("\n")
    for line in lines:
        assert line.startswith(f"{file}: "), complaint
        assert line.isprintable(), line
        assert len(line) <= 1000, line
    return [line.removeprefix(f"{file}: ") for line in lines]


def everything(folder: Path) -> dict[Path, int]:
    """What is there, with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}
