"""The engine of a pipeline: what runs a Data Prepper body against the local AWS.

``embedded`` is this package's own, in Python, with the behaviour of Data Prepper 2.16 for what it supports;
``data-prepper`` is the real one, from DATA_PREPPER_HOME or Docker.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from local import processes
from local.engine import data_prepper

Kind: TypeAlias = Literal["embedded", "data-prepper"]

LOG = "engine.log"
REFUSED = 2

_ROOT = Path(__file__).parent.parent.parent
# The embedded engine first delivers what it has read; Data Prepper ends at once.
_GRACE_SECONDS = 20.0


def launch(kind: Kind, body_file: Path, directory: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Starts an engine for the body. SIGTERM ends it; so does the end of this process, however it comes.

    `environment` holds AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_CA_BUNDLE; of our
    own environment the engine gets nothing that concerns AWS. What it prints is appended to `LOG` in `directory`.
    The exit code is `REFUSED` when the embedded engine does not support the body; the log ends with a line per reason.
    Raises `local.tools.MissingToolError` when Data Prepper is not on this machine.
    """
    directory.mkdir(parents=True, exist_ok=True)
    complete = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        # Nobody's profile or instance role may slip in.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **environment,
    }
    if kind == "embedded":
        command = [sys.executable, "-m", "local.engine", "--body", str(body_file), "--directory", str(directory)]
    else:
        command = data_prepper.command(body_file, directory, environment)
    return processes.start(
        f"{kind} engine",
        command,
        log=directory / LOG,
        directory=_ROOT,
        environment=complete,
        grace_seconds=_GRACE_SECONDS,
    ).guard
