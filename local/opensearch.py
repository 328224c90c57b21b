"""A real OpenSearch node of one's own: loopback only, free ports, data thrown away with its folder."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local import processes, tools

VERSION = "2.19.3"
HEAP = "512m"
_START_SECONDS = 120
_ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
_IMAGE = f"opensearchproject/opensearch:{VERSION}"
_CACHE = Path(__file__).parent.parent / ".local" / "cache"

_SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    # Port 0 lets the kernel choose; the node writes what it got to logs/http.ports.
    "http.port": "0",
    "transport.port": "0",
    "node.portsfile": "true",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
}


@dataclass(frozen=True)
class Node:
    """A node that answers at `url` (plain HTTP on 127.0.0.1); all it stores is under `directory`."""

    url: str
    process: processes.Child
    directory: Path

    @property
    def log(self) -> Path:
        return self.process.log

    def stop(self) -> None:
        """Ends the node and removes its data."""
        self.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def node(logs: Path) -> Iterator[Node]:
    """A node for the length of the block."""
    started = start(logs)
    try:
        yield started
    finally:
        started.stop()


def start(logs: Path) -> Node:
    """Starts a node, whose log is `opensearch.log` in `logs`, and waits until its cluster is healthy.

    Raises `tools.MissingToolError`, and `processes.NotReadyError` when the node does not come up within two minutes.
    """
    distribution = tools.opensearch()
    # A short path of the system's: OpenSearch may run as an account that cannot enter the project's folder.
    directory = Path(tempfile.mkdtemp(prefix="opensearch-")).resolve()
    try:
        if distribution.kind == "docker":
            return _start_container(directory, logs / "opensearch.log")
        home = distribution.home or _unpacked()
        return _start_process(home, directory, logs / "opensearch.log")
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _start_process(home: Path, directory: Path, log: Path) -> Node:
    account = processes.without_root()
    if account:
        shutil.copytree(home, directory / "home", ignore=shutil.ignore_patterns("data", "logs"))
        home = directory / "home"
    _write_configuration(home, directory)
    for folder in ("tmp", "logs"):
        (directory / folder).mkdir()
    if account:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, account.uid, account.gid)
    child = processes.start(
        "OpenSearch",
        [home / "bin" / "opensearch"],
        log=log,
        directory=directory,
        environment={
            **_inherited_environment(),
            "HOME": str(directory),
            "OPENSEARCH_PATH_CONF": str(directory / "config"),
            "OPENSEARCH_JAVA_HOME": str(tools.java_home()),
            "OPENSEARCH_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
            "OPENSEARCH_TMPDIR": str(directory / "tmp"),
        },
        user=account,
    )
    ports = directory / "logs" / "http.ports"
    with _stopped_on_failure(child):
        processes.wait_until(ports.exists, limit_seconds=_START_SECONDS, what="OpenSearch listens", child=child)
        # One line per address bound, "127.0.0.1:41235".
        address = ports.read_text().split()[0]
        return _ready(f"http://{address}", child, directory)


def _write_configuration(home: Path, directory: Path) -> None:
    configuration = directory / "config"
    shutil.copytree(home / "config", configuration)
    settings = {**_SETTINGS, "path.data": str(directory / "data"), "path.logs": str(directory / "logs")}
    if (home / "plugins" / "opensearch-security").exists():
        settings["plugins.security.disabled"] = "true"
    (configuration / "opensearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
    options = (configuration / "jvm.options").read_text().splitlines()
    # The options about logs name a folder relative to the distribution, which need not be ours to write to.
    (configuration / "jvm.options").write_text("".join(f"{line}\n" for line in options if "logs/" not in line))


def _start_container(directory: Path, log: Path) -> Node:
    docker = tools.docker()
    port = processes.free_port()
    name = directory.name
    settings = {key: value for key, value in _SETTINGS.items() if "port" not in key and key != "network.host"}
    options = {**settings, "plugins.security.disabled": "true", "DISABLE_INSTALL_DEMO_CONFIG": "true"}
    if subprocess.run([docker, "image", "inspect", _IMAGE], check=False, capture_output=True).returncode:
        _fetch([docker, "pull", "--quiet", _IMAGE], directory)
    child = processes.start(
        "OpenSearch",
        [
            *(docker, "run", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:9200"),
            *(f"--env={key}={value}" for key, value in options.items()),
            f"--env=OPENSEARCH_JAVA_OPTS=-Xms{HEAP} -Xmx{HEAP}",
            _IMAGE,
        ],
        log=log,
    )
    with _stopped_on_failure(child):
        return _ready(f"http://127.0.0.1:{port}", child, directory)


@contextlib.contextmanager
def _stopped_on_failure(child: processes.Child) -> Iterator[None]:
    try:
        yield
    except BaseException:
        child.stop()
        raise


def _ready(url: str, child: processes.Child, directory: Path) -> Node:
    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/_cluster/health", timeout=5) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    processes.wait_until(healthy, limit_seconds=_START_SECONDS, what="OpenSearch answers", child=child)
    return Node(url, child, directory)


def _inherited_environment() -> Mapping[str, str]:
    """Ours without OpenSearch's own variables, which could point the node at somebody else's configuration."""
    return {key: value for key, value in os.environ.items() if not key.startswith("OPENSEARCH_")}


def _unpacked() -> Path:
    """Home of the distribution from Maven Central, fetched and unpacked once into the cache."""
    home = _CACHE / f"opensearch-{VERSION}"
    if home.exists():
        return home
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        goal = ("dependency:copy", f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={scratch}")
        _fetch([tools.maven(), "--batch-mode", "--quiet", *goal], Path(scratch))
        (archive,) = Path(scratch).glob("*.zip")
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(scratch)
        unpacked = Path(scratch) / home.name
        for program in (unpacked / "bin").iterdir():
            program.chmod(0o755)
        # The rename comes last and is atomic: an interrupted run leaves no half-unpacked home.
        try:
            unpacked.rename(home)
        except OSError:
            # Another run may have been faster.
            if not home.exists():
                raise
    return home


def _fetch(command: list[str | Path], directory: Path) -> None:
    done = subprocess.run(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise processes.NotReadyError(f"OpenSearch {VERSION} could not be fetched: {done.args}\n{done.stdout[-2000:]}")
