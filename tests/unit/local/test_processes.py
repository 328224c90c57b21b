import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes

ROOT = Path(__file__).parents[3]
# Writes its process id, then waits; a child of its own does the same.
FAMILY = """
import os, subprocess, sys, time
file = sys.argv[1]
if len(sys.argv) == 2:
    subprocess.Popen([sys.executable, __file__, file + ".child", "child"])
open(file + ".part", "w").write(str(os.getpid()))
os.rename(file + ".part", file)
time.sleep(600)
"""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Path]:
    """A program that starts a child; ends both should a test not have done so."""
    program = tmp_path / "family.py"
    program.write_text(FAMILY)
    yield program
    for file in (tmp_path / "pid", tmp_path / "pid.child"):
        if file.exists() and alive(int(file.read_text())):
            os.kill(int(file.read_text()), signal.SIGKILL)


def alive(pid: int) -> bool:
    """False for a zombie too: nothing runs any more."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True)  # noqa: S607
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def pids(folder: Path) -> list[int]:
    files = [folder / "pid", folder / "pid.child"]
    processes.wait_until(lambda: all(file.exists() for file in files), limit_seconds=300, what="the family runs")
    return [int(file.read_text()) for file in files]


def wait_until_gone(family: list[int]) -> None:
    processes.wait_until(lambda: not any(map(alive, family)), limit_seconds=300, what="the family is gone")


def test_family_ends_with_us_even_after_sigkill(family: Path, tmp_path: Path) -> None:
    """The process that starts the family is killed in a way that nothing can catch."""
    starter = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from local import processes
        with processes.scratch("family-") as scratch:
            command = [sys.executable, {str(family)!r}, {str(tmp_path / "pid")!r}]
            processes.start("family", command, log=Path("log"), scratch=scratch)
        time.sleep(600)
    """)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", starter],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
    ) as parent:
        running = pids(tmp_path)
        assert all(map(alive, running))
        assert len(list(temporary.iterdir())) == 1
        parent.kill()
    wait_until_gone(running)
    processes.wait_until(lambda: not list(temporary.iterdir()), limit_seconds=300, what="its temporary files are gone")


@pytest.mark.parametrize("stubborn", [False, True], ids=["ends on SIGTERM", "ignores SIGTERM"])
def test_stop_ends_the_whole_family(stubborn: bool, family: Path, tmp_path: Path) -> None:
    if stubborn:
        family.write_text(STUBBORN + FAMILY)
    child = processes.start(
        "family", [sys.executable, family, tmp_path / "pid"], log=tmp_path / "log", grace_seconds=0.2
    )
    running = pids(tmp_path)
    child.stop()
    wait_until_gone(running)
    assert child.exit_code == 128 + (signal.SIGKILL if stubborn else signal.SIGTERM)


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    leaves = f"""
import subprocess, sys
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(tmp_path / "pid")!r}, "w").write(str(process.pid))
"""
    child = processes.start("leaver", [sys.executable, "-c", leaves], log=tmp_path / "log")
    with processes.running(child):
        assert child.wait(20) == 0
    wait_until_gone([int((tmp_path / "pid").read_text())])


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("", 0)])
def test_exit_code_is_the_commands(code: str, expected: int, tmp_path: Path) -> None:
    child = processes.start("command", [sys.executable, "-c", code], log=tmp_path / "log")
    with processes.running(child):
        assert child.wait(20) == expected


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['WORD'], os.getcwd(), sys.stdin.read()); print('error', file=sys.stderr)"
    child = processes.start(
        "command",
        [sys.executable, "-c", code],
        log=tmp_path / "logs" / "log",
        directory=tmp_path,
        environment={"WORD": "said"},
    )
    with processes.running(child):
        assert child.wait(20) == 0
    assert sorted(child.log.read_text().splitlines()) == ["error", f"said {tmp_path.resolve()} "]


@pytest.mark.parametrize("code", ["", "raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_temporary_files_go_with_the_command(code: str, tmp_path: Path) -> None:
    leaves = f"import tempfile; print(tempfile.mkdtemp(), flush=True); {code}"
    with processes.scratch("leaver-") as scratch:
        child = processes.start("leaver", [sys.executable, "-c", leaves], log=tmp_path / "log", scratch=scratch)
    with processes.running(child):
        child.wait(20)
    assert Path(child.log.read_text().strip()).parent == scratch
    assert not scratch.exists()


def test_a_command_that_does_not_start_leaves_no_temporary_files(tmp_path: Path) -> None:
    with processes.scratch("none-") as scratch:
        child = processes.start("none", [tmp_path / "none"], log=tmp_path / "log", scratch=scratch)
    with processes.running(child):
        assert child.wait(20) == 1
    assert not scratch.exists()


def test_temporary_files_go_where_nothing_is_started() -> None:
    with contextlib.suppress(ZeroDivisionError), processes.scratch("none-") as scratch:
        (scratch / "file").touch()
        raise ZeroDivisionError
    assert not scratch.exists()


def test_wait_until_answers_what_the_condition_does() -> None:
    answers = iter([None, "", "there"])
    assert processes.wait_until(lambda: next(answers), limit_seconds=300, what="an answer") == "there"


def test_wait_until_says_what_did_not_come() -> None:
    with pytest.raises(processes.NotReadyError, match=r"not within 0\.1 s: the moon is blue"):
        processes.wait_until(lambda: False, limit_seconds=0.1, what="the moon is blue")


def test_wait_until_gives_up_when_the_child_ends(tmp_path: Path) -> None:
    child = processes.start("teller", [sys.executable, "-c", "print('why'); raise SystemExit(4)"], log=tmp_path / "log")
    with processes.running(child), pytest.raises(processes.NotReadyError) as error:
        processes.wait_until(lambda: False, limit_seconds=300, what="it is ready", child=child)
    assert str(error.value) == f"teller ended with code 4 before it is ready\nlast lines of {tmp_path / 'log'}:\nwhy"


def test_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(f"{number}\n" for number in range(100)))
    assert processes.tail(tmp_path / "log", 3) == "97\n98\n99"
    assert processes.tail(tmp_path / "none") == ""


def test_a_question_that_takes_long_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits must not take the processor from what is waited for."""
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    def ask(took: float) -> bool:
        now[0] += took
        return len(slept) == 3

    monkeypatch.setattr("local.processes.time.monotonic", lambda: now[0])
    monkeypatch.setattr("local.processes.time.sleep", sleep)
    processes.wait_until(lambda: ask(0.001), limit_seconds=300, what="an answer")
    assert slept == [pytest.approx(0.1)] * 3
    slept.clear()
    processes.wait_until(lambda: ask(1.0), limit_seconds=300, what="an answer")
    assert slept == [pytest.approx(2.0)] * 3
