"""The real Data Prepper as a command: its files, and how it is run from an unpacked distribution or in a container."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local import processes, tools

VERSION = "2.16.0"
IMAGE = f"opensearchproject/data-prepper:{VERSION}"

_MAIN_CLASS = "org.opensearch.dataprepper.DataPrepperExecute"
_COORDINATION_TABLE = "DataPrepperSourceCoordinationStore"
_CONTAINER_HOME = PurePosixPath("/usr/share/data-prepper")
_HEAP = ("-Xms256m", "-Xmx512m")
# Nothing secret: it guards a copy of a certificate that is public.
_STORE_PASSWORD = "changeit"  # noqa: S105
_SHUTDOWN = "5s"

_LOG_SETTINGS = """\
status = error
appender.console.type = Console
appender.console.name = STDOUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} [%t] %-5p %40C - %m%n
rootLogger.level = info
rootLogger.appenderRef.stdout.ref = STDOUT
"""


@dataclass(frozen=True)
class Files:
    """What Data Prepper reads. `trust_store` holds the authority of AWS_CA_BUNDLE; None leaves Java's own."""

    body: Path
    settings: Path
    log_settings: Path
    trust_store: Path | None


def command(body_file: Path, directory: Path, environment: Mapping[str, str]) -> list[str]:
    """The command that runs the body; writes its files to `directory`.

    `environment` is what Data Prepper shall have of AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE and the credentials.
    Raises `tools.MissingToolError` where there is neither DATA_PREPPER_HOME nor a Docker with host networking.
    """
    found = tools.data_prepper()
    if found is None:
        remedy = f"Name an unpacked Data Prepper {VERSION} in DATA_PREPPER_HOME, or start Docker"
        raise tools.MissingToolError(tools.Missing("Data Prepper", "no DATA_PREPPER_HOME and no Docker", remedy))
    files = write_files(body_file, directory, environment)
    if found.home:
        return from_home(found.home, tools.java_home(), files, directory)
    if sys.platform != "linux":
        remedy = f"Name an unpacked Data Prepper {VERSION} in DATA_PREPPER_HOME"
        missing = tools.Missing("Data Prepper", "Docker has no host networking on this system", remedy)
        raise tools.MissingToolError(missing)
    return in_container(tools.docker(), files, directory, environment)


def write_files(body_file: Path, directory: Path, environment: Mapping[str, str]) -> Files:
    """Writes everything beside the body. Raises `tools.MissingToolError` without Java's keytool."""
    settings = directory / "data-prepper-config.yaml"
    settings.write_text(_settings(environment["AWS_REGION"], processes.free_port()))
    log_settings = directory / "log4j2.properties"
    log_settings.write_text(_LOG_SETTINGS)
    bundle = environment.get("AWS_CA_BUNDLE")
    trust_store = _trust_store(Path(bundle), directory / "trust.p12") if bundle else None
    files = Files(body_file, settings, log_settings, trust_store)
    # In the container an account reads them that is not ours.
    for path in (files.body, files.settings, files.log_settings, files.trust_store):
        if path:
            path.chmod(0o644)
    return files


def from_home(home: Path, java_home: Path, files: Files, directory: Path) -> list[str]:
    """The command for an unpacked distribution."""
    return [str(java_home / "bin" / "java"), *_java_options(home, directory, files)]


def in_container(docker: Path, files: Files, directory: Path, environment: Mapping[str, str]) -> list[str]:
    """The command for a container on the host's network, from where the loopback addresses of the body are ours."""
    container = f"data-prepper-{directory.name}"
    # One that a killed run left behind would hold the name.
    subprocess.run([docker, "rm", "--force", container], check=False, capture_output=True)
    inside = Files(
        body=Path(_CONTAINER_HOME / "pipelines" / "pipelines.yaml"),
        settings=Path(_CONTAINER_HOME / "config" / "data-prepper-config.yaml"),
        log_settings=Path(_CONTAINER_HOME / "config" / "log4j2.properties"),
        trust_store=Path(_CONTAINER_HOME / "config" / "trust.p12") if files.trust_store else None,
    )
    mounts = [
        f"--volume={outer.resolve()}:{inner}:ro" for outer, inner in zip(_paths(files), _paths(inside), strict=True)
    ]
    return [
        *(str(docker), "run", "--rm", "--init", "--network", "host", "--name", container),
        *mounts,
        # Without a value Docker takes it from our environment, so no secret is on the command line. The rest of our
        # environment stays outside: the image has a PATH and a Java of its own.
        *(f"--env={name}" for name in sorted(environment) if name.startswith("AWS_") and name != "AWS_CA_BUNDLE"),
        *(IMAGE, "java"),
        *_java_options(Path(_CONTAINER_HOME), Path(_CONTAINER_HOME), inside),
    ]


def _paths(files: Files) -> list[Path]:
    return [path for path in (files.body, files.settings, files.log_settings, files.trust_store) if path]


def _java_options(home: Path, directory: Path, files: Files) -> list[str]:
    trust = [
        f"-Djavax.net.ssl.trustStore={files.trust_store}",
        f"-Djavax.net.ssl.trustStorePassword={_STORE_PASSWORD}",
    ]
    return [
        *_HEAP,
        *(trust if files.trust_store else []),
        "-Dfile.encoding=UTF-8",
        f"-Dlog4j.configurationFile={files.log_settings}",
        f"-Ddata-prepper.dir={directory}",
        *("-cp", f"{home}/lib/*", _MAIN_CLASS),
        *(str(files.body), str(files.settings)),
    ]


def _settings(region: str, port: int) -> str:
    """JSON, which is YAML. The dynamodb source works with no other coordination store than DynamoDB."""
    store = {"dynamodb": {"table_name": _COORDINATION_TABLE, "region": region}}
    settings = {
        "ssl": False,
        "serverPort": port,
        "processor_shutdown_timeout": _SHUTDOWN,
        "sink_shutdown_timeout": _SHUTDOWN,
        "source_coordination": {"store": store},
    }
    return json.dumps(settings, indent=2) + "\n"


def _trust_store(certificate: Path, store: Path) -> Path:
    store.unlink(missing_ok=True)
    subprocess.run(
        [
            *(tools.java_home() / "bin" / "keytool", "-importcert", "-noprompt", "-alias", "local-aws"),
            *("-file", certificate, "-keystore", store, "-storetype", "PKCS12", "-storepass", _STORE_PASSWORD),
        ],
        check=True,
        capture_output=True,
    )
    return store
