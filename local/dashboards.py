"""A real OpenSearch Dashboards before a node: loopback only, a free port, data thrown away with its folder.

All that it does in the node it does as the node's administrator, so whoever reaches it is that.
"""

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local import opensearch, processes, security, tools

# Dashboards is released with OpenSearch, under the same number.
VERSION = opensearch.VERSION
BASE_PATH = "/_dashboards"  # where a domain has it
_START_SECONDS = 180
_IMAGE = f"opensearchproject/opensearch-dashboards:{VERSION}"
_IMAGE_SETTINGS = "/usr/share/opensearch-dashboards/config/opensearch_dashboards.yml"
_SECURITY_PLUGIN = Path("plugins", "securityDashboards")


@dataclass(frozen=True)
class Dashboards:
    """Answers at `url` + BASE_PATH (plain HTTP on 127.0.0.1). All it stores outside the node is under `directory`."""

    url: str
    process: processes.Child
    directory: Path

    def stop(self) -> None:
        """Ends it; its data goes with it."""
        self.process.stop()


@contextlib.contextmanager
def running(node_url: str, logs: Path) -> Iterator[Dashboards]:
    """Dashboards for the length of the block."""
    started = start(node_url, logs)
    try:
        yield started
    finally:
        started.stop()


def start(node_url: str, logs: Path) -> Dashboards:
    """Starts Dashboards, whose log is `dashboards.log` in `logs`, and waits until it is ready.

    Raises `tools.MissingToolError`, and `processes.NotReadyError` when it does not come up within three minutes.
    """
    distribution = tools.dashboards()
    port = processes.free_port()
    with processes.scratch("dashboards-") as directory:
        file = directory / "opensearch_dashboards.yml"
        file.write_text(json.dumps(_settings(distribution, port, node_url, directory)))  # JSON is YAML
        command = _home_command(distribution.home, file) if distribution.home else _in_container(file)
        child = processes.start("OpenSearch Dashboards", command, log=logs / "dashboards.log", scratch=directory)
    started = Dashboards(f"http://127.0.0.1:{port}", child, directory)
    try:
        processes.wait_until(
            lambda: _ready(started.url), limit_seconds=_START_SECONDS, what="Dashboards is ready", child=child
        )
    except BaseException:
        started.stop()
        raise
    return started


def _settings(distribution: tools.Distribution, port: int, node_url: str, directory: Path) -> dict[str, object]:
    settings: dict[str, object] = {
        "server.host": "127.0.0.1",
        "server.port": port,
        "server.basePath": BASE_PATH,
        "server.rewriteBasePath": True,
        "opensearch.hosts": [node_url],
        "opensearch.customHeaders": security.identity(),
    }
    if distribution.home:
        settings["path.data"] = str(directory / "data")
    # It would ask for a password, of which the node knows nothing. Without the plugin the setting is not known.
    if distribution.kind == "docker" or Path(distribution.home or "", _SECURITY_PLUGIN).exists():
        settings["opensearch_security.enabled"] = False
    return settings


def _home_command(home: Path, file: Path) -> list[str | Path]:
    # Root is refused otherwise.
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return [home / "bin" / "opensearch-dashboards", "--config", file, *root]


def _in_container(file: Path) -> list[str | Path]:
    docker = tools.docker()
    file.parent.chmod(0o755)  # an account of the image reads it
    file.chmod(0o644)
    if subprocess.run([docker, "image", "inspect", _IMAGE], check=False, capture_output=True).returncode:
        # Takes its time; where it fails, `docker run` says why.
        subprocess.run([docker, "pull", "--quiet", _IMAGE], check=False, capture_output=True)
    return _container_command(docker, file)


def _container_command(docker: Path, file: Path) -> list[str | Path]:
    """A container on the host's network, from where the loopback address of the node is ours."""
    return [
        *(docker, "run", "--rm", "--init", "--network", "host", "--name", file.parent.name),
        f"--volume={file}:{_IMAGE_SETTINGS}:ro",
        _IMAGE,
    ]


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}{BASE_PATH}/api/status", timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
