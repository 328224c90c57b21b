"""Ctrl-C leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import processes, tools

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
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
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_ends_everything_and_keeps_its_logs(
    demo: "subprocess.Popen[bytes]", tmp_path: Path, number: signal.Signals
) -> None:
    def folder() -> Path | None:
        found = re.search(r"Logs: (\S+)", (tmp_path / "demo.log").read_text())
        return Path(found[1]) if found else None

    directory = processes.wait_until(folder, limit_seconds=60, what="the demo says where its logs are")
    assert directory
    terraform_log = directory / "state.log"
    processes.wait_until(terraform_log.exists, limit_seconds=120, what="Terraform runs")
    addresses = json.loads((directory / "aws" / "addresses.json").read_text())
    node_url = json.loads((directory / "aws" / "configuration.json").read_text())["node_url"]
    urls = [addresses["endpoint_url"], f"https://{addresses['domain_endpoint']}", node_url]
    assert all(map(listens, urls))

    demo.send_signal(number)
    code = demo.wait(60)

    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert not any(map(listens, urls))
    assert terraform_log.exists()
    shutil.rmtree(directory)
