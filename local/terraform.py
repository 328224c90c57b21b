"""The real Terraform, run in one synthesized stack."""

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import processes, tools

# The longest command is an apply that updates the domain: two minutes on the local AWS, ten on a busy machine.
LIMIT_SECONDS = 900


class TerraformError(RuntimeError):
    """A command failed; the message holds its last lines and where the rest is."""


@dataclass(frozen=True)
class Terraform:
    """`directory` is a folder that holds a `cdk.tf.json`; `environment` replaces ours; all output goes to `log`.

    Another thread may set `interrupted`: what runs, or begins later, is ended.
    """

    directory: Path
    environment: Mapping[str, str]
    log: Path
    interrupted: threading.Event = field(default_factory=threading.Event)
    limit_seconds: float = LIMIT_SECONDS
    grace_seconds: float = processes.GRACE_SECONDS
    """From the interruption to the kill: Terraform writes down what it has begun to make."""

    @property
    def begun(self) -> bool:
        """Whether it was ever initialized, without which nothing was made."""
        return (self.directory / ".terraform").exists()

    def init(self, *options: str) -> None:
        """Once for a stack; again only with `options`, which say what has changed."""
        if options or not self.begun:
            self._succeed("init", "-no-color", *options)

    def validate(self) -> None:
        self._succeed("validate", "-no-color")

    def apply(self, *options: str) -> None:
        self._succeed("apply", "-no-color", "-auto-approve", *options)

    def destroy(self) -> None:
        self._succeed("destroy", "-no-color", "-auto-approve")

    @contextlib.contextmanager
    def unprotected(self) -> Iterator[None]:
        """Within the block nothing keeps the stack from being destroyed: neither `prevent_destroy` nor full buckets."""
        resources = self.document["resource"]
        kept = {
            kind: {
                name: {
                    "lifecycle": {"prevent_destroy": False},
                    **({"force_destroy": True} if kind == "aws_s3_bucket" else {}),
                }
                for name, resource in named.items()
                if resource.get("lifecycle", {}).get("prevent_destroy")
            }
            for kind, named in resources.items()
        }
        file = self.directory / "unprotected_override.tf.json"
        file.write_text(json.dumps({"resource": {kind: named for kind, named in kept.items() if named}}))
        try:
            yield
        finally:
            file.unlink()

    def addresses(self, kind: str) -> list[str]:
        """Of the declared resources of a kind."""
        return [f"{kind}.{name}" for name in self.document["resource"].get(kind, {})]

    @property
    def document(self) -> dict[str, Any]:
        """What was synthesized."""
        document: dict[str, Any] = json.loads((self.directory / "cdk.tf.json").read_text())
        return document

    @property
    def attributes(self) -> dict[str, dict[str, Any]]:
        """Of each resource in the state by its address; of those with a count or a key those of the first."""
        return {
            f"{one['type']}.{one['name']}": one["instances"][0]["attributes"]
            for one in self._state["resources"]
            if one["mode"] == "managed" and one["instances"]
        }

    def adopt(self, address: str, attributes: Mapping[str, Any]) -> None:
        """Write a resource that is there into the state; what `attributes` leave out the next plan reads.

        An import reads no attribute that AWS never tells.
        """
        state, (kind, name) = self._state, address.split(".")
        resource = {
            "mode": "managed",
            "type": kind,
            "name": name,
            "provider": f'provider["{tools.AWS_PROVIDER}"]',
            "instances": [{"schema_version": 0, "attributes": attributes}],
        }
        changed = {**state, "serial": state["serial"] + 1, "resources": [*state["resources"], resource]}
        file = self.log.with_name(f"{self.directory.name}.tfstate")
        file.write_text(json.dumps(changed))
        self.command("state", "push", str(file))

    def forget(self, address: str) -> None:
        """Leave a resource as it is and take it out of the state, where it is there."""
        if address in self.attributes:
            self.command("state", "rm", address)

    @property
    def _state(self) -> dict[str, Any]:
        """In Terraform's own form."""
        # Before the first apply Terraform prints nothing.
        state: dict[str, Any] = json.loads(self.command("state", "pull") or '{"resources": []}')
        return state

    def has_changes(self) -> bool:
        """Whether a plan would change anything."""
        return self._run("plan", "-no-color", "-detailed-exitcode", allowed=(0, 2)) == 2

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.command("output", "-json")).items()}

    def command(self, *arguments: str) -> str:
        """Run a short command; returns what it prints, which goes to no log."""
        done = subprocess.run(
            [tools.terraform(), *arguments],
            cwd=self.directory,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise TerraformError(f"terraform {arguments[0]} failed in {self.directory}\n{done.stderr}")
        return done.stdout

    def _succeed(self, *arguments: str) -> None:
        self._run(*arguments, allowed=(0,))

    def _run(self, *arguments: str, allowed: tuple[int, ...]) -> int:
        # Plugins that are killed leave their sockets there.
        with processes.scratch("terraform-") as scratch:
            child = processes.start(
                f"terraform {arguments[0]}",
                [tools.terraform(), *arguments],
                log=self.log,
                directory=self.directory,
                environment=self.environment,
                scratch=scratch,
                grace_seconds=self.grace_seconds,
            )
        end = time.monotonic() + self.limit_seconds
        with processes.running(child):
            while (code := child.exit_code) is None:
                if self.interrupted.wait(0.1):
                    raise TerraformError(f"{child.name} was interrupted")
                if time.monotonic() >= end:
                    raise TerraformError(f"{child.name} did not end within {self.limit_seconds:g} s; see {self.log}")
        if code not in allowed:
            raise TerraformError(
                f"{child.name} failed in {self.directory}\n{processes.tail(self.log, 30)}\n(all of it: {self.log})"
            )
        return code
