"""What Terraform and CDKTF need on this machine."""

import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from doctor.finding import Finding, bad, good, unknown
from local import tools

CDKTF_CLI = "0.21.0"
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
_ANSWER_SECONDS = 20


def programs() -> Iterator[Finding]:
    """Terraform and Node.js: absent or too old is bad."""
    finders: tuple[tuple[str, Callable[[], Path]], ...] = (("terraform", tools.terraform), ("node", tools.node))
    for name, find in finders:
        try:
            yield good(name, str(find()))
        except tools.MissingToolError as error:
            (missing,) = error.missing
            yield bad(name, missing.found, missing.remedy)


def command_line(root: Path) -> Finding:
    """The CDKTF CLI, of the project in `root` or on PATH; who applies with plain Terraform needs none."""
    of_project = root / "node_modules" / ".bin" / "cdktf"
    program = str(of_project) if of_project.exists() else shutil.which("cdktf")
    remedy = f"npm install --global cdktf-cli@{CDKTF_CLI}, or apply the stacks of cdktf.out with terraform"
    if program is None:
        return unknown("cdktf-cli", "no cdktf in node_modules or on PATH", remedy)
    version = _version([program, "--version"], {"DISABLE_VERSION_CHECK": "1", "CHECKPOINT_DISABLE": "1"})
    if version != CDKTF_CLI:
        return bad("cdktf-cli", f"{program} has version {version or 'unknown'}", remedy)
    return good("cdktf-cli", f"{program}, {version}")


def provider(mirror: Path | None, registry: str = REGISTRY) -> Finding:
    """The AWS provider: in a mirror, or in a registry that answers."""
    if mirror is not None:
        return good("provider", f"aws {tools.AWS_PROVIDER_VERSION} in {mirror}")
    try:
        with urllib.request.urlopen(registry, timeout=_ANSWER_SECONDS):  # noqa: S310 - a constant, or a test's
            return good("provider", "the Terraform registry answers")
    except (urllib.error.URLError, TimeoutError) as error:
        return bad(
            "provider",
            f"no mirror has aws {tools.AWS_PROVIDER_VERSION}, and {registry} does not answer: {error}",
            "open the way to the registry, or name a mirror of it in TF_PLUGIN_MIRROR (terraform providers mirror)",
        )


def _version(command: list[str], environment: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+\.\d+", done.stdout)
    return found[0] if found else None
