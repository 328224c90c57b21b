"""Checks of this machine, with programs and a registry of a test's own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from doctor import machine


def program(folder: Path, name: str, output: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{output}'\n")
    file.chmod(0o755)


@pytest.mark.parametrize(("terraform", "verdict"), [("1.10.0", "good"), ("1.9.8", "bad"), (None, "bad")])
def test_terraform_is_there_and_new_enough(
    terraform: str | None, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "node", "v22.1.0")
    if terraform:
        program(tmp_path, "terraform", f'{{"terraform_version": "{terraform}"}}')
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {one.check: one.verdict for one in machine.programs()}
    assert found == {"terraform": verdict, "node": "good"}


@pytest.mark.parametrize(("version", "verdict"), [("0.21.0", "good"), ("0.20.1", "bad"), (None, "unknown")])
def test_the_cli_is_the_one_that_fits(
    version: str | None, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    if version:
        program(tmp_path / "node_modules" / ".bin", "cdktf", version)
    assert machine.command_line(tmp_path).verdict == verdict


@pytest.fixture
def registry() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_provider_comes_from_a_mirror_or_a_registry_that_answers(tmp_path: Path, registry: str) -> None:
    assert machine.provider(tmp_path, "http://127.0.0.1:9/").verdict == "good"
    assert machine.provider(None, registry).verdict == "good"


def test_no_mirror_and_no_registry() -> None:
    # Nothing listens on the discard port.
    found = machine.provider(None, "http://127.0.0.1:9/")
    assert found.verdict == "bad"
    assert "TF_PLUGIN_MIRROR" in found.remedy
