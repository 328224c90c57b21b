"""What the tests take, by layer and file: a pytest plugin that prints the layers beside their budgets.

With `--times FILE` it writes the table of all files between the markers of a Markdown file: `make times`.
Processor time is that of pytest and of all that it started and waited for, which hardly depends on what else the
machine does; the time that passes does. What is over its budget is printed, and fails nothing.
"""

import os
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local import processes
from local.terraform import Terraform

BUDGETS = {"unit": 4, "synth": 3, "properties": 1, "terraform": 10, "local": 14, "end_to_end": 27, "browser": 1}
"""Minutes of processor time of each folder of tests, with the embedded engine."""
BUDGET_MINUTES = 30
"""Of all of it on two processors, as it passes."""
MARKERS = "<!-- times: made by `make times` -->\n", "<!-- end of times -->\n"
SLOWEST = 10
_SHOWN_WAITS = 2
_SHOWN_SECONDS = 10


@dataclass
class Spent:
    """Seconds; `waits` by what was waited for."""

    tests: int = 0
    passed: float = 0.0
    processor: float = 0.0
    waits: "Counter[str]" = field(default_factory=Counter)


class Measure:
    """Adds to each report what its phase took. In each process that runs tests."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._waits: defaultdict[str, float] = defaultdict(float)
        self._living = 0.0
        self._before = _of_the_ended()
        patch.setattr(processes, "wait_until", self._timed(processes.wait_until, lambda _, named: named["what"]))
        patch.setattr(Terraform, "_run", self._timed(Terraform._run, lambda given, _: f"terraform {given[1]}"))

    def _timed(self, work: Callable[..., Any], name: Callable[[Any, Any], str]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = time.monotonic()
            try:
                return work(*given, **named)
            finally:
                self._waits[name(given, named)] += time.monotonic() - start

        return timed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        now = _of_the_ended() + self._living
        report.spent = {"processor": now - self._before, "waits": dict(self._waits)}
        self._before = now
        self._waits.clear()
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        torn_down = yield
        # To look at every process takes too long for every test.
        if nextitem is None or nextitem.path != item.path:
            self._living = _of_the_living()
        return torn_down


class Summary:
    """Adds up the reports of all processes."""

    def __init__(self, table: Path | None) -> None:
        self._table = table
        self._start = time.monotonic()
        self._files: dict[str, Spent] = defaultdict(Spent)
        self._tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        file = self._files[report.nodeid.partition("::")[0]]
        file.tests += report.when == "call" or (report.when == "setup" and report.skipped)
        file.passed += report.duration
        file.processor += report.spent["processor"]
        file.waits.update(report.spent["waits"])
        self._tests[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        minutes = (time.monotonic() - self._start) / 60
        layers: dict[str, Spent] = defaultdict(Spent)
        for name, file in self._files.items():
            layer = layers[name.split("/")[1]]
            layer.tests += file.tests
            layer.processor += file.processor
        over = [f"all of it took {minutes:.1f} minutes of {BUDGET_MINUTES}"] if minutes > BUDGET_MINUTES else []
        terminalreporter.section("minutes of processor time, beside the budget")
        for name, layer in layers.items():
            spent, budget = layer.processor / 60, BUDGETS[name]
            terminalreporter.write_line(f"{name:12} {spent:6.1f} of {budget:4.1f}  {layer.tests:5} tests")
            over += [f"{name} took {spent:.1f} minutes of {budget}"] if spent > budget else []
        terminalreporter.write_line(f"passed       {minutes:6.1f} of {BUDGET_MINUTES:4.1f}")
        if over:
            terminalreporter.write_line(f"warning: over budget: {'; '.join(over)}. The slowest:", yellow=True)
            for test, seconds in self._tests.most_common(SLOWEST):
                terminalreporter.write_line(f"{seconds:8.1f} s  {test}")
        if self._table:
            self._write(self._table)

    def _write(self, document: Path) -> None:
        before, _, rest = document.read_text().partition(MARKERS[0])
        _, _, after = rest.partition(MARKERS[1])
        rows = sorted(self._files.items(), key=lambda one: -one[1].processor)
        rows, others = (
            [one for one in rows if (one[1].processor >= _SHOWN_SECONDS) is shown] for shown in (True, False)
        )
        lines = ["| file | tests | passed s | processor s | waits most for |", "|---|---|---|---|---|"]
        for name, file in rows:
            waits = ", ".join(f"{what} {seconds:.0f}" for what, seconds in file.waits.most_common(_SHOWN_WAITS))
            lines.append(f"| {name} | {file.tests} | {file.passed:.0f} | {file.processor:.0f} | {waits} |")
        tests, processor = sum(file.tests for _, file in others), sum(file.processor for _, file in others)
        lines.append(f"| {len(others)} others | {tests} | | {processor:.0f} | |")
        text = "\n".join(lines)
        document.write_text(f"{before}{MARKERS[0]}{text}\n{MARKERS[1]}{after}")


def _of_the_ended() -> float:
    """Seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _of_the_living() -> float:
    """Seconds of all that descends from this process and runs still."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,time="], capture_output=True, text=True, check=True)  # noqa: S607
    children: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in listed.stdout.splitlines():
        pid, parent, spent = line.split()
        children[parent].append((pid, spent))

    def below(parent: str) -> float:
        return sum(_seconds(spent) + below(pid) for pid, spent in children[parent])

    return below(str(os.getpid()))


def _seconds(spent: str) -> float:
    """Of what `ps` writes as [[days-]hours:]minutes:seconds."""
    days, _, clock = spent.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86_400 * int(days or 0)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", type=Path, metavar="FILE", help="write the table of all files to a Markdown file")


def pytest_configure(config: pytest.Config) -> None:
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    config.pluginmanager.register(Measure(patch))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary(config.getoption("times")))
