"""Two commands in turn, so that both meet the machine in the same state; what counts is the ratio within a pair."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


class CommandFailed(Exception):
    """A measured command ended with an error; its last line says which."""


@dataclass(frozen=True)
class Command:
    """A whole process, from its start to its end."""

    name: str
    arguments: Sequence[str | Path]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def seconds(self) -> float:
        """Run it once, by the wall clock. Raises CommandFailed."""
        environment = {**os.environ, **self.environment}
        started = time.perf_counter()
        done = subprocess.run(
            self.arguments, cwd=self.directory, env=environment, capture_output=True, text=True, check=False
        )
        elapsed = time.perf_counter() - started
        if done.returncode != 0:
            raise CommandFailed(f"{self.name}: exit code {done.returncode}: {(done.stderr.splitlines() or ['?'])[-1]}")
        return elapsed


@dataclass(frozen=True)
class Pair:
    """Seconds of both commands, one right after the other."""

    first: float
    second: float

    @property
    def ratio(self) -> float:
        return self.first / self.second


def paired(first: Command, second: Command, pairs: int) -> Iterator[Pair]:
    """Run each once unmeasured, to fill caches, then `pairs` times in turn. Raises CommandFailed."""
    first.seconds(), second.seconds()
    for _ in range(pairs):
        yield Pair(first.seconds(), second.seconds())


def compare(first: Command, second: Command, *, pairs: int, at_most: float) -> float:
    """Print each pair, and then the medians; return the median of the ratios, which is wanted to be `at_most`."""
    measured = []
    for pair in paired(first, second, pairs):
        measured.append(pair)
        _print(f"{first.name} {pair.first:.2f} s, {second.name} {pair.second:.2f} s, ratio {pair.ratio:.2f}")
    ratio = median(pair.ratio for pair in measured)
    _print(
        f"median of {len(measured)}: {first.name} {median(pair.first for pair in measured):.2f} s, "
        f"{second.name} {median(pair.second for pair in measured):.2f} s, ratio {ratio:.2f} (wanted: {at_most} at most)"
    )
    return ratio


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
