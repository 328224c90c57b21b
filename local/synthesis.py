"""Synthesizes one environment after the other in a process of its own, which loads CDKTF once.

Loading takes most of a synth. ``python -m local.synthesis FOLDER`` waits for `request.json` in FOLDER, file and folder
of the outcome, and writes what went wrong to `answer.json` there.
"""

import functools
import json
import math
import sys
import threading
import traceback
from pathlib import Path

from local import processes

LIMIT_SECONDS = 300
_ROOT = Path(__file__).parent.parent
_REQUEST, _ANSWER = "request.json", "answer.json"
_one_at_a_time = threading.Lock()


def synthesize(file: Path, outdir: Path) -> None:
    """Write to `outdir` the Terraform JSON that `main.py` writes for the environment of `file`.

    Raises `RuntimeError` with what was wrong, and `processes.NotReadyError`.
    """
    with _one_at_a_time:
        child, folder = _started()
        answer = folder / _ANSWER
        processes.publish(json.dumps([str(file), str(outdir)]), folder / _REQUEST)
        processes.wait_until(answer.exists, limit_seconds=LIMIT_SECONDS, what="synth", child=child)
        wrong = json.loads(answer.read_text())
        answer.unlink()
    if wrong:
        raise RuntimeError(f"synth failed\n{wrong}")


@functools.cache
def _started() -> tuple[processes.Child, Path]:
    """Ends with our own process."""
    with processes.scratch("synth-") as folder:
        command = [sys.executable, "-m", "local.synthesis", str(folder)]
        return processes.start("synth", command, log=folder / "log", directory=_ROOT, scratch=folder), folder


def _serve(folder: Path) -> None:
    from settings import load  # noqa: PLC0415 - loading them is the work of this process alone
    from stacks.app import synthesize as write  # noqa: PLC0415

    request = folder / _REQUEST
    while processes.wait_until(request.exists, limit_seconds=math.inf, what="a request"):
        file, outdir = json.loads(request.read_text())
        request.unlink()
        wrong = ""
        try:
            write(load(file), Path(outdir))
        except Exception:
            wrong = traceback.format_exc()
        processes.publish(json.dumps(wrong), folder / _ANSWER)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
