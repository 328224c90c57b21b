"""Ctrl-C leaves nothing behind."""

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
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import processes, tools

ROOT = Path(__file__).parents[2]


@pytest.fixture
def room() -> Iterator[Path]:
    """Where OpenSearch, as an account that cannot enter pytest's folders, keeps its data."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def demo(tmp_path: Path, room: Path) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        tools.require(tools.terraform, tools.node, tools.opensearch)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    with (tmp_path / "demo.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "local", "demo"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(room)},
            start_new_session=True,
            # In the background of a shell the tests ignore it, and so would what they start.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )
    yield running
    running.kill()
    running.wait()


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


def processes_of(room: Path) -> list[str]:
    """Command lines that name it: OpenSearch and its guard."""
    commands = subprocess.run(["ps", "-eww", "-o", "args"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    return [command for command in commands.splitlines() if str(room) in command]


@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGTERM, "state.log"), (signal.SIGINT, "seeding.log")],
    ids=["while OpenSearch starts", "while three stacks are applied"],
)
def test_an_interrupted_demo_ends_everything_and_keeps_its_logs(
    demo: "subprocess.Popen[bytes]", room: Path, tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    def folder() -> Path | None:
        found = re.search(r"Logs: (\S+)", (tmp_path / "demo.log").read_text())
        return Path(found[1]) if found else None

    directory = processes.wait_until(folder, limit_seconds=60, what="the demo says where its logs are")
    assert directory
    terraform_log = directory / moment
    processes.wait_until(terraform_log.exists, limit_seconds=400, what="Terraform runs")
    addresses = json.loads((directory / "aws" / "addresses.json").read_text())
    urls = [addresses["endpoint_url"], f"https://{addresses['domain_endpoint']}"]
    assert all(map(listens, urls))
    assert processes_of(room)

    demo.send_signal(number)
    code = demo.wait(120)

    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert not any(map(listens, urls))
    assert not processes_of(room)
    assert not list(room.glob("opensearch-*"))
    assert terraform_log.exists()
    shutil.rmtree(directory)
