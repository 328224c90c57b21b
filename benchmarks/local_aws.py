"""From nothing to every item searchable on the local AWS: when each phase was, and what memory it takes when idle."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.memory import Process, tree
from benchmarks.pairs import CommandFailed
from benchmarks.picture import timeline
from local import demo, processes
from local.deployment import preflight
from local.progress import Progress
from local.terraform import TerraformError
from local.timeline import Phase, Timeline
from local.tools import MissingToolError

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build" / "benchmarks"
PICTURE = ROOT / "docs" / "local-aws.svg"
# After the last document, before memory is read.
IDLE_SECONDS = 30
# What is in the command line of each part, the most special first.
PARTS = {
    "local.engine": "engine of the pipeline",
    "local.emulator": "emulator",
    "org.opensearch.bootstrap": "OpenSearch",
    "guard.py": "guards of the others",
}
HOLDER = "what holds it all"


def phases(runs: int) -> float:
    """The median of the seconds from nothing to every item searchable; draws the medians of the phases."""
    timelines = []
    memory: dict[str, list[tuple[float, float]]] = {}
    for number in range(runs):
        run, idle = _run()
        timelines.append(run)
        for part, mib in _by_part(idle).items():
            memory.setdefault(part, []).append(mib)
        load = os.getloadavg()[0]
        _print(f"run {number + 1}: {run.seconds:.1f} s, side by side {run.overlap:.2f}, load afterwards {load:.1f}")
    whole = medians(timelines)
    _print(f"medians of {runs}:")
    for line in whole.bars():
        _print(line)
    _print(f"side by side: the lengths of all phases, added up, are {whole.overlap:.2f} of the time from first to last")
    for part, measured in memory.items():
        resident, own = (median(column) for column in zip(*measured, strict=True))
        _print(f"idle after {IDLE_SECONDS} s: {own:5.0f} MiB of its own, {resident:5.0f} MiB resident: {part}")
    _print(f"idle in all: {sum(median(own for _, own in measured) for measured in memory.values()):.0f} MiB")
    PICTURE.write_text(timeline(whole))
    return whole.seconds


def medians(timelines: Sequence[Timeline]) -> Timeline:
    """Each phase from the median of its starts to that of its ends; all runs have the same phases."""
    times: dict[str, list[Phase]] = {}
    for run in timelines:
        for phase in run.phases:
            times.setdefault(phase.title, []).append(phase)
    return Timeline.of(
        [
            Phase(title, median(one.start for one in measured), median(one.end for one in measured))
            for title, measured in times.items()
        ]
    )


def _run() -> tuple[Timeline, list[Process]]:
    """Raises CommandFailed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    progress = Progress(Console(file=sys.stderr))
    try:
        preflight()
        with (
            tempfile.TemporaryDirectory(dir=BUILD, prefix="local-aws-") as directory,
            demo.deployed(Path(directory), "embedded", progress),
        ):
            time.sleep(IDLE_SECONDS)
            return progress.timeline, tree(os.getpid())
    except (MissingToolError, processes.NotReadyError, TerraformError) as error:
        raise CommandFailed(str(error)) from error


def _by_part(idle: Sequence[Process]) -> dict[str, tuple[float, float]]:
    """MiB, resident and of its own."""
    parts: dict[str, tuple[float, float]] = {}
    for process in idle:
        part = next((name for word, name in PARTS.items() if word in process.command), HOLDER)
        resident, own = parts.get(part, (0.0, 0.0))
        parts[part] = (resident + process.resident_mib, own + process.own_mib)
    return parts


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
