"""A real OpenSearch node of one's own: loopback only, free ports, data thrown away with its folder."""

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local import processes, security, tools

VERSION = "2.19.3"
# The second compiler takes half of the processor time of a start, for what pays only after hours. OpenSearch has the
# heap touched when it starts, which is then resident in full: half of the memory of a node that has little to do.
JAVA_OPTIONS = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch"
_START_SECONDS = 300
_ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
_SECURITY_ARTIFACT = f"org.opensearch.plugin:{security.PLUGIN}:{VERSION}.0:zip"
_IMAGE = f"opensearchproject/opensearch:{VERSION}"
_IMAGE_CONFIGURATION = "/usr/share/opensearch/config"
_CACHE = Path(__file__).parent.parent / ".local" / "cache"

_SETTINGS = {
    "discovery.type": "single-node",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    **security.SETTINGS,
}
_PROCESS_SETTINGS = {
    **_SETTINGS,
    "network.host": "127.0.0.1",
    # Port 0 lets the kernel choose; the node writes what it got to logs/http.ports.
    "http.port": "0",
    "transport.port": "0",
    "node.portsfile": "true",
}


@dataclass(frozen=True)
class Node:
    """A node that may still be starting. All it stores is under `directory`; `addresses` is written once it listens."""

    process: processes.Child
    directory: Path
    addresses: Path

    @functools.cached_property
    def url(self) -> str:
        """Where it answers, plain HTTP on 127.0.0.1, to who sends headers of `security.identity`.

        Who asks first waits until the cluster is healthy. Raises `processes.NotReadyError` when that takes more than
        five minutes, and when the node ends.
        """
        return processes.wait_until(
            self._answering, limit_seconds=_START_SECONDS, what="OpenSearch answers", child=self.process
        )

    def _answering(self) -> str:
        """The URL; empty as long as nobody answers there."""
        try:
            # One line for each address bound, "127.0.0.1:41235".
            url = f"http://{self.addresses.read_text().split()[0]}"
            request = urllib.request.Request(f"{url}/_cluster/health", headers=security.identity())  # noqa: S310 - loopback
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
                return url if answer.status == 200 else ""
        except (OSError, IndexError):
            return ""

    @property
    def log(self) -> Path:
        return self.process.log

    def stop(self) -> None:
        """Ends the node; its data goes with it. Again changes nothing."""
        self.process.stop()


@contextlib.contextmanager
def node(logs: Path) -> Iterator[Node]:
    """A node for the length of the block."""
    started = start(logs)
    try:
        yield started
    finally:
        started.stop()


def start(logs: Path) -> Node:
    """Starts a node, whose log is `opensearch.log` in `logs`, without waiting for it.

    Raises `tools.MissingToolError`, and `processes.NotReadyError` when OpenSearch cannot be fetched.
    """
    distribution = tools.opensearch()
    # A short path of the system's: OpenSearch may run as an account that cannot enter the project's folder.
    with processes.scratch("opensearch-") as directory:
        if distribution.kind == "docker":
            return _start_container(directory, logs / "opensearch.log")
        home = distribution.home or _unpacked()
        return _start_process(home, directory, logs / "opensearch.log")


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
            "OPENSEARCH_JAVA_OPTS": JAVA_OPTIONS,
            "OPENSEARCH_TMPDIR": str(directory / "tmp"),
        },
        user=account,
        scratch=directory,
    )
    return Node(child, directory, directory / "logs" / "http.ports")


def _write_configuration(home: Path, directory: Path) -> None:
    configuration = directory / "config"
    shutil.copytree(home / "config", configuration)
    security.configure(configuration, proxies=r"127\.0\.0\.1")
    settings = {**_PROCESS_SETTINGS, "path.data": str(directory / "data"), "path.logs": str(directory / "logs")}
    (configuration / "opensearch.yml").write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
    options = (configuration / "jvm.options").read_text().splitlines()
    # The options about logs name a folder relative to the distribution, which need not be ours to write to.
    (configuration / "jvm.options").write_text("".join(f"{line}\n" for line in options if "logs/" not in line))


def _start_container(directory: Path, log: Path) -> Node:
    docker = tools.docker()
    port = processes.free_port()
    configuration = directory / "config"
    configuration.mkdir()
    # In the container the front's address is that of Docker's bridge; the port is published on loopback only.
    security.configure(configuration, proxies=".*")
    for path in configuration.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)  # an account of the image reads them
    if subprocess.run([docker, "image", "inspect", _IMAGE], check=False, capture_output=True).returncode:
        _run([docker, "pull", "--quiet", _IMAGE], directory)
    addresses = directory / "http.ports"
    addresses.write_text(f"127.0.0.1:{port}\n")
    command = _container_command(docker, port, configuration)
    return Node(processes.start("OpenSearch", command, log=log, scratch=directory), directory, addresses)


def _container_command(docker: Path, port: int, configuration: Path) -> list[str | Path]:
    name = configuration.parent.name
    return [
        *(docker, "run", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:9200"),
        *(f"--volume={path}:{_IMAGE_CONFIGURATION}/{path.name}:ro" for path in sorted(configuration.iterdir())),
        *(f"--env={key}={value}" for key, value in _SETTINGS.items()),
        "--env=DISABLE_INSTALL_DEMO_CONFIG=true",
        f"--env=OPENSEARCH_JAVA_OPTS={JAVA_OPTIONS}",
        _IMAGE,
    ]


def _inherited_environment() -> Mapping[str, str]:
    """Ours without OpenSearch's own variables, which could point the node at somebody else's configuration."""
    return {key: value for key, value in os.environ.items() if not key.startswith("OPENSEARCH_")}


def _unpacked() -> Path:
    """Home of the distribution from Maven Central with the security plugin, put together once in the cache."""
    home = _CACHE / f"opensearch-{VERSION}-security"
    if home.exists():
        return home
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        with zipfile.ZipFile(_fetched(_ARTIFACT, Path(scratch, "distribution"))) as packed:
            packed.extractall(scratch)
        unpacked = Path(scratch, f"opensearch-{VERSION}")
        for program in (unpacked / "bin").iterdir():
            program.chmod(0o755)
        plugin = _fetched(_SECURITY_ARTIFACT, Path(scratch, "plugin")).resolve().as_uri()
        install: list[str | Path] = [unpacked / "bin" / "opensearch-plugin", "install", "--batch", plugin]
        _run(install, Path(scratch), {**_inherited_environment(), "OPENSEARCH_JAVA_HOME": str(tools.java_home())})
        # The rename comes last and is atomic: an interrupted run leaves no half-unpacked home.
        try:
            unpacked.rename(home)
        except OSError:
            # Another run may have been faster.
            if not home.exists():
                raise
    return home


def _fetched(artifact: str, directory: Path) -> Path:
    """The file of an artifact of Maven Central, copied to `directory`."""
    goal = ("dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={directory}")
    _run([tools.maven(), "--batch-mode", "--quiet", *goal], directory.parent)
    (file,) = directory.iterdir()
    return file


def _run(command: list[str | Path], directory: Path, environment: Mapping[str, str] | None = None) -> None:
    """Raises `processes.NotReadyError` where a step of getting OpenSearch fails."""
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise processes.NotReadyError(f"OpenSearch {VERSION} could not be fetched: {done.args}\n{done.stdout[-2000:]}")
