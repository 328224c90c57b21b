"""What this machine has for the local AWS, and how to get what it lacks. Installs nothing, assumes no path."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

AWS_PROVIDER_VERSION = "5.100.0"
AWS_PROVIDER = "registry.terraform.io/hashicorp/aws"
_ANSWER_SECONDS = 10
# Each command loads the provider's schema, hundreds of megabytes at once; collecting them as often as Go does by
# default takes a fifth of the processor time of a plan.
_SELDOM_COLLECTED = {"GOGC": os.environ.get("GOGC", "400")}


@dataclass(frozen=True)
class Missing:
    """One tool that is not there: what it is, what was found instead, how to get it."""

    tool: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.tool}: {self.found}. {self.remedy}"


class MissingToolError(Exception):
    """Everything that is missing at once, in `missing`."""

    def __init__(self, *missing: Missing) -> None:
        self.missing = missing
        super().__init__("\n".join(["missing on this machine:", *(f"  {one}" for one in missing)]))


@dataclass(frozen=True)
class Distribution:
    """Where a server program comes from: an unpacked folder, Maven's repository, or a container image."""

    kind: Literal["home", "maven", "docker"]
    home: Path | None = None


@dataclass(frozen=True)
class Browser:
    program: Path
    driver: Path


def require(*finders: Callable[[], object]) -> None:
    """Runs every finder of this module that is given; raises one `MissingToolError` that names all that is missing."""
    missing: list[Missing] = []
    for find in finders:
        try:
            find()
        except MissingToolError as error:
            missing += error.missing
    if missing:
        raise MissingToolError(*missing)


def terraform() -> Path:
    """Terraform 1.10 or later, the first with native locks in S3."""
    remedy = "Install Terraform 1.10 or later: https://developer.hashicorp.com/terraform/install"
    program = _on_path("terraform", "Terraform", remedy)
    # On standard error Terraform warns about a TF_CLI_CONFIG_FILE that is gone.
    answer = _output([program, "version", "-json"], {"CHECKPOINT_DISABLE": "1"}, only_success=True)
    version = _numbers(str(json.loads(answer)["terraform_version"])) if answer.startswith("{") else ()
    if version < (1, 10):
        raise MissingToolError(Missing("Terraform", f"{program} has version {_dotted(version)}", remedy))
    return program


def node() -> Path:
    """Node.js, in which jsii runs the constructs of CDKTF."""
    remedy = "Install Node.js 22 or 24: https://nodejs.org/en/download"
    program = _on_path("node", "Node.js", remedy)
    version = _numbers(_output([program, "--version"]))
    if version < (18,):
        raise MissingToolError(Missing("Node.js", f"{program} has version {_dotted(version)}", remedy))
    return program


def java_home() -> Path:
    """Home of Java 17 or later: JAVA_HOME, else that of the `java` on PATH."""
    remedy = "Install a Java 17 or later (https://adoptium.net) or name one in JAVA_HOME"
    named = os.environ.get("JAVA_HOME")
    program = Path(named, "bin", "java") if named else _on_path("java", "Java", remedy)
    if not program.exists():
        raise MissingToolError(Missing("Java", f"JAVA_HOME is {named}, which has no bin/java", remedy))
    settings = _output([program, "-XshowSettings:properties", "-version"])
    home = re.search(r"^\s*java\.home = (.+)$", settings, re.MULTILINE)
    version = re.search(r"^\s*java\.specification\.version = (.+)$", settings, re.MULTILINE)
    if not home or not version or _numbers(version[1]) < (17,):
        found = f"{program} has version {version[1]}" if version else f"{program} does not run"
        raise MissingToolError(Missing("Java", found, remedy))
    return Path(home[1].strip())


def maven() -> Path:
    """Maven, which fetches OpenSearch from Maven Central."""
    return _on_path("mvn", "Maven", "Install Maven: https://maven.apache.org/install.html")


def docker() -> Path:
    """A Docker client whose daemon answers."""
    remedy = "Install Docker and start its daemon: https://docs.docker.com/get-started/get-docker"
    program = _on_path("docker", "Docker", remedy)
    if not _output([program, "version", "--format", "{{.Server.Version}}"], only_success=True).strip():
        raise MissingToolError(Missing("Docker", f"{program} reaches no daemon", remedy))
    return program


def opensearch() -> Distribution:
    """OPENSEARCH_HOME, else Maven with Java, else Docker."""
    if home := os.environ.get("OPENSEARCH_HOME"):
        if not Path(home, "bin", "opensearch").exists():
            found = f"OPENSEARCH_HOME is {home}, which has no bin/opensearch"
            raise MissingToolError(Missing("OpenSearch", found, "Name an unpacked OpenSearch 2.19 or unset it"))
        if not Path(home, "plugins", "opensearch-security").exists():
            found = f"OPENSEARCH_HOME is {home}, which has no plugins/opensearch-security"
            remedy = "Install it with bin/opensearch-plugin, name an OpenSearch that has it, or unset OPENSEARCH_HOME"
            raise MissingToolError(Missing("security plugin of OpenSearch", found, remedy))
        java_home()
        return Distribution("home", Path(home))
    try:
        require(java_home, maven)
    except MissingToolError as without_maven:
        try:
            docker()
        except MissingToolError as without_docker:
            raise MissingToolError(*without_maven.missing, *without_docker.missing) from None
        return Distribution("docker")
    return Distribution("maven")


def data_prepper() -> Distribution | None:
    """DATA_PREPPER_HOME, else Docker; None where there is neither, which leaves the embedded engine."""
    if home := os.environ.get("DATA_PREPPER_HOME"):
        if not any(Path(home, "lib").glob("*.jar")):
            found = f"DATA_PREPPER_HOME is {home}, which has no lib/*.jar"
            raise MissingToolError(Missing("Data Prepper", found, "Name an unpacked Data Prepper 2.16 or unset it"))
        java_home()
        return Distribution("home", Path(home))
    try:
        docker()
    except MissingToolError:
        return None
    return Distribution("docker")


def dashboards() -> Distribution:
    """DASHBOARDS_HOME, else Docker with host networking."""
    remedy = "Name an unpacked OpenSearch Dashboards 2.19 in DASHBOARDS_HOME, or start Docker on Linux"
    if home := os.environ.get("DASHBOARDS_HOME"):
        if not Path(home, "bin", "opensearch-dashboards").exists():
            found = f"DASHBOARDS_HOME is {home}, which has no bin/opensearch-dashboards"
            raise MissingToolError(Missing("OpenSearch Dashboards", found, remedy))
        return Distribution("home", Path(home))
    if sys.platform != "linux":
        found = "no DASHBOARDS_HOME, and Docker has no host networking on this system"
        raise MissingToolError(Missing("OpenSearch Dashboards", found, remedy))
    try:
        docker()
    except MissingToolError:
        raise MissingToolError(Missing("OpenSearch Dashboards", "no DASHBOARDS_HOME and no Docker", remedy)) from None
    return Distribution("docker")


def browser() -> Browser:
    """Chromium or Chrome with the driver of the same version."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for found in map(shutil.which, names) if found), None)
    driver = shutil.which("chromedriver")
    remedy = "Install Chromium and its driver, in Debian: apt-get install chromium chromium-driver"
    absent = [Missing("Chromium", f"no {', '.join(names)} on PATH", remedy)] if program is None else []
    absent += [Missing("driver of Chromium", "no chromedriver on PATH", remedy)] if driver is None else []
    if program is None or driver is None:
        raise MissingToolError(*absent)
    return Browser(Path(program), Path(driver))


def terraform_environment(directory: Path) -> dict[str, str]:
    """What to add to Terraform's environment so that it finds its providers and asks nobody anything.

    A CLI configuration that the user has is respected. Otherwise a plugin mirror that holds the pinned AWS provider is
    used through a configuration file written to `directory`.
    """
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", **_SELDOM_COLLECTED}
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    if named and Path(named).exists():
        return environment
    mirror = provider_mirror()
    # Without a mirror an empty file still has its use: Terraform warns on every command about a named one that is gone.
    if mirror or named:
        configuration = directory / "terraform.rc"
        directory.mkdir(parents=True, exist_ok=True)
        configuration.write_text(_cli_configuration(mirror) if mirror else "")
        environment["TF_CLI_CONFIG_FILE"] = str(configuration)
    return environment


def provider_mirror() -> Path | None:
    """A folder laid out as a Terraform filesystem mirror that holds the pinned AWS provider, packed or unpacked."""
    named = os.environ.get("TF_PLUGIN_MIRROR")
    shared = (Path("/opt"), Path("/usr/share"), Path("/usr/local/share"))
    candidates = [
        *([Path(named)] if named else []),
        Path.home() / ".terraform.d" / "plugins",
        *(folder for parent in shared for depth in ("*", "*/*", "*/*/*") for folder in sorted(parent.glob(depth))),
    ]
    return next((mirror for mirror in candidates if _holds_provider(mirror / AWS_PROVIDER)), None)


def _holds_provider(folder: Path) -> bool:
    unpacked = folder / AWS_PROVIDER_VERSION
    return unpacked.is_dir() or any(folder.glob(f"terraform-provider-aws_{AWS_PROVIDER_VERSION}_*.zip"))


def _cli_configuration(mirror: Path) -> str:
    provider = json.dumps([AWS_PROVIDER])
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = {provider}\n  }}\n"
        f"  direct {{\n    exclude = {provider}\n  }}\n"
        "}\n"
    )


def _on_path(program: str, tool: str, remedy: str) -> Path:
    found = shutil.which(program)
    if not found:
        raise MissingToolError(Missing(tool, f"no {program} on PATH", remedy))
    return Path(found)


def _output(
    command: list[str | Path], environment: Mapping[str, str] | None = None, *, only_success: bool = False
) -> str:
    """What the program prints on either stream; empty when it hangs."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if only_success else subprocess.STDOUT,
            timeout=_ANSWER_SECONDS,
            check=False,
            text=True,
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return "" if only_success and done.returncode else done.stdout


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "unknown"
