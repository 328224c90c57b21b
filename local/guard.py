"""Runs a command and ends its whole process group when the process that asked for it is gone.

Started by `local.processes` as ``python guard.py GRACE_SECONDS UID:GID SCRATCH COMMAND…`` with a pipe from the asker on
standard input; an empty UID:GID means our own account, an empty SCRATCH no folder.
The pipe closes when the asker closes it or dies, by SIGKILL too; then, or on SIGTERM, the command's group gets SIGTERM
and, after GRACE_SECONDS, SIGKILL. When all have ended the folder SCRATCH is removed: nobody else is sure to be left who
could. The exit code is the command's, 128 + signal number where a signal ended it.
Standard library only: it must start in milliseconds and on every platform.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def main(grace_seconds: float, account: str, command: list[str]) -> int:
    stopping = threading.Event()
    uid, gid = map(int, account.split(":")) if account else (None, None)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        user=uid,
        group=gid,
        extra_groups=[] if account else None,
    )

    def send(number: signal.Signals) -> None:
        # PermissionError is what macOS answers for a group of which only a zombie is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)

    def stop_when_asked() -> None:
        stopping.wait()
        send(signal.SIGTERM)
        try:
            child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            send(signal.SIGKILL)

    def await_end_of_pipe() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        stopping.set()

    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    for target in (stop_when_asked, await_end_of_pipe):
        threading.Thread(target=target, daemon=True).start()
    code = child.wait()
    send(signal.SIGKILL)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.stdout.flush()
    try:
        code = main(float(sys.argv[1]), sys.argv[2], sys.argv[4:])
    finally:
        if scratch := sys.argv[3]:
            shutil.rmtree(scratch, ignore_errors=True)
    os._exit(code)
