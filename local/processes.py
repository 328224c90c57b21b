"""Child processes that never outlive us, and what they and we wait for."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

GRACE_SECONDS = 10.0
_ASK_SECONDS = 0.1
# Whoever waits leaves the processor to those who are waited for.
_REST = 2
_GUARD = Path(__file__).with_name("guard.py")
T = TypeVar("T")


class NotReadyError(Exception):
    """Something did not come about; the message names it, the log and the log's last lines."""


@dataclass(frozen=True)
class User:
    """An account to run a child as; only root can ask for one."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Child:
    """A running command under its guard.

    `guard` is the process that we hold: its exit code is the command's (128 + signal number where a signal ended it).
    End it with `stop`: a SIGKILL to the guard would let the command live on.
    """

    name: str
    guard: subprocess.Popen[bytes]
    log: Path

    @property
    def exit_code(self) -> int | None:
        """None while the command runs."""
        return self.guard.poll()

    def wait(self, limit_seconds: float) -> int:
        """The exit code. Raises `subprocess.TimeoutExpired`."""
        return self.guard.wait(limit_seconds)

    def stop(self) -> None:
        """SIGTERM to the command's process group, SIGKILL after the grace time; returns when it is gone."""
        if self.guard.stdin:
            self.guard.stdin.close()
        self.guard.wait()


def publish(text: str, file: Path) -> None:
    """Write a file in one step, so that a process which waits for it never reads half of it."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(text)
    unfinished.replace(file)


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A temporary folder to be given to `start` in the block; removed here where the block fails."""
    directory = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    try:
        yield directory
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    user: User | None = None,
    scratch: Path | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> Child:
    """Starts a command whose output is appended to `log` and which ends when this process does, however it does.

    `environment` replaces ours; None inherits it. `scratch`, a folder that is there, is the command's for temporary
    files, and is removed when the command has ended. The command reads nothing from standard input.
    """
    account = f"{user.uid}:{user.gid}" if user else ""
    guard_command = [sys.executable, "-I", "-S", str(_GUARD), str(grace_seconds), account, str(scratch or "")]
    if scratch:
        environment = {**(os.environ if environment is None else environment), "TMPDIR": str(scratch)}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        guard = subprocess.Popen(
            [*guard_command, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=directory,
            env=environment,
            # Ctrl-C in the terminal reaches our process group only; we stop our children in order.
            start_new_session=True,
        )
    return Child(name, guard, log)


@contextlib.contextmanager
def running(child: Child) -> Iterator[Child]:
    """Stops the child at the end of the block."""
    try:
        yield child
    finally:
        child.stop()


def wait_until(condition: Callable[[], T], *, limit_seconds: float, what: str, child: Child | None = None) -> T:
    """The first truthy answer of `condition`, asked ten times a second at most, less often the longer it takes.

    Raises `NotReadyError` after `limit_seconds`, and at once when `child` ends meanwhile. Errors of `condition` pass.
    """
    end = time.monotonic() + limit_seconds
    while True:
        asked = time.monotonic()
        if answer := condition():
            return answer
        took = time.monotonic() - asked
        if child and child.exit_code is not None:
            raise NotReadyError(f"{child.name} ended with code {child.exit_code} before {what}{_evidence(child.log)}")
        if time.monotonic() >= end:
            raise NotReadyError(f"not within {limit_seconds:g} s: {what}{_evidence(child.log) if child else ''}")
        time.sleep(max(_ASK_SECONDS, _REST * took))


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log; empty where there is none."""
    try:
        with log.open(errors="replace") as text:
            return "".join(deque(text, maxlen=lines)).rstrip()
    except FileNotFoundError:
        return ""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago, for programs that cannot bind to port 0 themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def without_root() -> User | None:
    """For programs that refuse root: the account `nobody` when we are root, None (our own account) otherwise."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _evidence(log: Path) -> str:
    return f"\nlast lines of {log}:\n{tail(log)}"
