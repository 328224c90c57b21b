"""The real Terraform, run in one synthesized stack."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes, tools

# The longest command is an apply that updates the domain: two minutes on the local AWS, ten on a busy machine.
LIMIT_SECONDS = 900


class TerraformError(RuntimeError):
    """A command failed; the message holds its last lines and where the rest is."""


@dataclass(frozen=True)
class Terraform:
    """`directory` is a folder that holds a `cdk.tf.json`; `environment` replaces ours; all output goes to `log`."""

    directory: Path
    environment: Mapping[str, str]
    log: Path

    def init(self, *options: str) -> None:
        self._succeed("init", "-no-color", *options)

    def validate(self) -> None:
        self._succeed("validate", "-no-color")

    def apply(self, *options: str) -> None:
        self._succeed("apply", "-no-color", "-auto-approve", *options)

    def destroy(self) -> None:
        self._succeed("destroy", "-no-color", "-auto-approve")

    def import_(self, address: str, identity: str) -> None:
        """Take what exists under `identity` into the state, where the state does not have it yet."""
        if address not in self._answer("state", "list").splitlines():
            self._succeed("import", "-no-color", address, identity)

    def has_changes(self) -> bool:
        """Whether a plan would change anything."""
        return self._run("plan", "-no-color", "-detailed-exitcode", allowed=(0, 2)) == 2

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self._answer("output", "-json")).items()}

    def _succeed(self, *arguments: str) -> None:
        self._run(*arguments, allowed=(0,))

    def _run(self, *arguments: str, allowed: tuple[int, ...]) -> int:
        child = processes.start(
            f"terraform {arguments[0]}",
            [tools.terraform(), *arguments],
            log=self.log,
            directory=self.directory,
            environment=self.environment,
        )
        try:
            code = child.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise TerraformError(f"{child.name} did not end within {LIMIT_SECONDS} s; see {self.log}") from None
        finally:
            child.stop()
        if code not in allowed:
            raise TerraformError(
                f"{child.name} failed in {self.directory}\n{processes.tail(self.log, 30)}\n(all of it: {self.log})"
            )
        return code

    def _answer(self, *arguments: str) -> str:
        """What a quick, read-only command prints."""
        done = subprocess.run(
            [tools.terraform(), *arguments],
            cwd=self.directory,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        # An empty state is no error to us.
        if done.returncode and "No state file was found" not in done.stderr:
            raise TerraformError(f"terraform {' '.join(arguments)} failed in {self.directory}\n{done.stderr}")
        return done.stdout
