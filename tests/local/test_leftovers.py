"""`python -m local` leaves no process, port or file behind, however it ends; only a failed run's folder with its logs.

Each run has a copy of the project and a folder for temporary files of its own, so whatever is left is seen.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import processes, tools

ROOT = Path(__file__).parents[2]
CACHE = Path(".local", "cache")
# Engines, emulator and node have their grace one after the other.
END_SECONDS = 240
DEPLOY_SECONDS = 1800
# Terraform's own way to add options: this one it does not know.
FAILING = {"TF_CLI_ARGS_apply": "-no-such-option"}


@dataclass(frozen=True)
class Run:
    """One `python -m local …`."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait(self, limit_seconds: float = END_SECONDS) -> int:
        return self.process.wait(limit_seconds)

    def send(self, number: signal.Signals) -> None:
        """Ctrl-C goes to the whole process group, as from a terminal."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)


@dataclass(frozen=True)
class Checkout:
    """A copy of the project, and the folder that its runs have for temporary files."""

    project: Path
    temporary: Path

    def run(self, *arguments: str, **environment: str) -> Run:
        log = self.project.parent / f"{len(list(self.project.parent.glob('*.log')))}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "local", *arguments],
                cwd=self.project,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={
                    **os.environ,
                    "TMPDIR": str(self.temporary),
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    **environment,
                },
                start_new_session=True,
                # In the background of a shell the tests ignore it, and so would what they start.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
            )
        return Run(process, log)

    @property
    def files(self) -> set[str]:
        """All that is there, besides what OpenSearch is kept in from run to run."""
        there = {path.relative_to(self.project) for path in self.project.rglob("*")}
        return {str(path) for path in there if path not in (CACHE, CACHE.parent)}

    @property
    def folder(self) -> Path:
        """Where the only run that has one keeps its files and logs."""
        (folder,) = (path for path in (self.project / ".local").iterdir() if path.name != CACHE.name)
        return folder

    @property
    def addresses(self) -> list[str]:
        """Where the emulator, its domain and OpenSearch are."""
        emulator = json.loads((self.folder / "aws" / "addresses.json").read_text())
        nodes = [file.read_text().split()[0] for file in self.temporary.glob("opensearch-*/**/http.ports")]
        return [emulator["endpoint_url"], *(f"http://{at}" for at in (emulator["domain_endpoint"], *nodes))]

    @property
    def processes(self) -> dict[int, str]:
        """What runs that has one of our folders in its command line or environment."""
        listed = subprocess.run(["ps", "axeww", "-o", "pid=,args="], capture_output=True, text=True, check=True)  # noqa: S607
        lines = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
        ours = (str(self.project), str(self.temporary))
        return {int(pid): command for pid, command in lines if any(folder in command for folder in ours)}

    def wait_until_over(self) -> None:
        """Wait until nothing runs any more, and there are no temporary files."""
        limit = partial(processes.wait_until, limit_seconds=END_SECONDS)
        limit(lambda: not self.processes, what=f"all has ended of {list(self.processes.values())}")
        assert list(self.temporary.iterdir()) == []

    def wait_for(self, file: str, words: str) -> None:
        """Wait until a file of the run says so."""

        def says() -> bool:
            found = list((self.project / ".local").glob(f"*/{file}"))
            return bool(found) and words in found[0].read_text(errors="replace")

        processes.wait_until(says, limit_seconds=END_SECONDS, what=f"{words} in {file}")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    try:
        tools.require(tools.terraform, tools.node, tools.opensearch)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    project = tmp_path / "project"
    generated = shutil.ignore_patterns(".*", "__pycache__", "cdktf.out", "node_modules", "tests")
    shutil.copytree(ROOT, project, ignore=generated)
    shutil.copytree(ROOT / ".build" / "functions", project / ".build" / "functions")
    (ROOT / CACHE).mkdir(parents=True, exist_ok=True)
    (project / CACHE).parent.mkdir()
    (project / CACHE).symlink_to(ROOT / CACHE)
    # Not in pytest's folder, which the account that OpenSearch may run as cannot enter.
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        copy = Checkout(project, Path(temporary).resolve())
        yield copy
        for pid in copy.processes:
            os.kill(pid, signal.SIGKILL)


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


# What a run is in the middle of: a file of its folder, and what it then says.
PHASES = {"opensearch": ("opensearch.log", "starting ..."), "terraform": ("state.log", "Creating...")}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}


def end(checkout: Checkout, run: Run, number: signal.Signals) -> None:
    """By a signal: all that it started ends, too, before it where it can see to that itself."""
    run.send(number)
    assert run.wait() == CODES[number]
    if number != signal.SIGKILL:
        assert checkout.processes == {}
    checkout.wait_until_over()


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@pytest.mark.parametrize("phase", PHASES)
def test_a_demo_that_is_ended_leaves_its_logs(checkout: Checkout, phase: str, number: signal.Signals) -> None:
    before = checkout.files
    run = checkout.run("demo")
    checkout.wait_for(*PHASES[phase])
    assert len(checkout.processes) > 1
    served = checkout.addresses if phase == "terraform" else []
    assert all(map(listens, served))

    end(checkout, run, number)

    assert not any(map(listens, served))
    kept = checkout.folder.relative_to(checkout.project)
    assert all(file.startswith(str(kept)) for file in checkout.files - before)
    assert before <= checkout.files
    assert (checkout.folder / PHASES[phase][0]).exists()


def test_a_demo_that_fails_leaves_its_logs_and_says_where(checkout: Checkout) -> None:
    before = checkout.files
    run = checkout.run("demo", **FAILING)
    assert run.wait() == 1
    assert checkout.processes == {}
    checkout.wait_until_over()
    assert not any(map(listens, checkout.addresses))
    assert "flag provided but not defined: -no-such-option" in (checkout.folder / "state.log").read_text()
    assert f"all of it: {checkout.folder / 'state.log'}" in run.said
    assert all(file.startswith(str(checkout.folder.relative_to(checkout.project))) for file in checkout.files - before)


def test_a_demo_that_succeeds_leaves_nothing(checkout: Checkout) -> None:
    before = checkout.files
    run = checkout.run("demo", "--engine", "embedded")
    assert run.wait(DEPLOY_SECONDS) == 0, run.said
    assert checkout.processes == {}
    checkout.wait_until_over()
    assert checkout.files == before


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_an_up_that_is_ended_before_its_time_is_as_if_it_had_not_been(
    checkout: Checkout, number: signal.Signals
) -> None:
    before = checkout.files
    run = checkout.run("up")
    checkout.wait_for(*PHASES["terraform"])
    served = checkout.addresses

    end(checkout, run, number)
    assert not any(map(listens, served))
    assert (checkout.folder / "state.log").exists()

    assert checkout.run("down").wait() == 0
    assert checkout.files == before


def test_an_up_that_fails_leaves_its_logs_until_down(checkout: Checkout) -> None:
    before = checkout.files
    run = checkout.run("up", **FAILING)
    assert run.wait() == 1
    assert "-no-such-option" in run.said
    assert f"logs are in {checkout.folder}" in run.said
    assert checkout.processes == {}
    checkout.wait_until_over()

    down = checkout.run("down")
    assert down.wait() == 0
    assert "Nothing is up." in down.said
    assert checkout.files == before


def test_what_a_killed_holder_left_hinders_nobody_and_down_ends_what_comes_up(checkout: Checkout) -> None:
    before = checkout.files
    stale = checkout.project / ".local" / "up" / "session.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    first = checkout.run("up")
    checkout.wait_for(*PHASES["opensearch"])
    second = checkout.run("up")
    assert second.wait() == 1
    assert "It is coming up" in second.said
    assert len(checkout.processes) > 1

    down = checkout.run("down")
    assert down.wait() == 0
    assert "Everything has ended." in down.said
    assert first.wait() == 1
    checkout.wait_until_over()
    assert checkout.files == before


def test_what_is_up_stays_until_down(checkout: Checkout) -> None:
    before = checkout.files
    run = checkout.run("up", "--engine", "embedded")
    assert run.wait(DEPLOY_SECONDS) == 0, run.said
    served = checkout.addresses
    assert all(map(listens, served))
    again = checkout.run("up")
    assert again.wait() == 0
    assert "It is up already" in again.said
    (exported,) = re.findall(r"export AWS_ENDPOINT_URL=(\S+)", again.said)
    assert exported == served[0]

    assert checkout.run("down").wait() == 0
    assert checkout.processes == {}
    checkout.wait_until_over()
    assert not any(map(listens, served))
    assert checkout.files == before
