"""Terraform in each synthesized stack: a plan that is saved, and an apply of exactly that one."""

import graphlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local import tools
from review.changes import Plan

# Beside `cdk.tf.json`: what is applied, and the same for people to read.
SAVED, IN_FULL = "tfplan", "tfplan.txt"
# A pull request's plan and a deploy may meet.
LOCK_TIMEOUT = "-lock-timeout=5m"


class PlanFailed(Exception):
    """Terraform made no plan; the message is what it said."""


class NothingSaved(Exception):
    """There is no plan to apply; the message says what to do."""


@dataclass(frozen=True)
class Stack:
    """`directory` holds a `cdk.tf.json`; `variables` are Terraform's environment."""

    directory: Path
    variables: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.directory.name

    def plan(self) -> Plan:
        """Saves the plan. Raises PlanFailed."""
        self._answer("init", "-input=false", "-no-color")
        self._answer("plan", "-input=false", "-no-color", LOCK_TIMEOUT, f"-out={SAVED}")
        (self.directory / IN_FULL).write_text(self._answer("show", "-no-color", SAVED))
        return Plan.model_validate_json(self._answer("show", "-json", SAVED))

    def apply(self) -> None:
        """What was saved, never another plan: where the state has changed since, Terraform refuses.

        Terraform's output passes through. Raises NothingSaved, and `subprocess.CalledProcessError` where it fails.
        """
        if not (self.directory / SAVED).is_file():
            raise NothingSaved(f"{self.directory / SAVED}: is missing; plan first: python -m review plan ENVIRONMENT")
        for command in (
            ["init", "-input=false", "-no-color"],
            ["apply", "-input=false", "-no-color", LOCK_TIMEOUT, SAVED],
        ):
            subprocess.run(
                [tools.terraform(), *command],
                cwd=self.directory,
                env=dict(self.variables),
                check=True,
            )

    def _answer(self, *arguments: str) -> str:
        done = subprocess.run(
            [tools.terraform(), *arguments],
            cwd=self.directory,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PlanFailed(done.stderr.strip())
        return done.stdout


def stacks(outdir: Path, variables: Mapping[str, str]) -> list[Stack]:
    """Every stack of a synth, each after those that it depends on."""
    manifest = json.loads((outdir / "manifest.json").read_text())["stacks"]
    order = graphlib.TopologicalSorter({name: stack["dependencies"] for name, stack in sorted(manifest.items())})
    return [Stack(outdir / "stacks" / name, variables) for name in order.static_order()]


def plans(stacks: Sequence[Stack]) -> dict[str, Plan | str]:
    """By name, in their order: the plan, or what Terraform said instead. No plan needs another stack to be applied."""
    with ThreadPoolExecutor() as pool:
        return dict(zip([stack.name for stack in stacks], pool.map(_planned, stacks), strict=True))


def _planned(stack: Stack) -> Plan | str:
    try:
        return stack.plan()
    except PlanFailed as error:
        return str(error)
