"""What the last release deployed, to be upgraded from."""

import json
from pathlib import Path

from changes.effects import synthesized
from changes.planning import Document, Offline
from review.changes import Resource
from settings import load

RELEASED = Path(__file__).with_name("released.json")
# Between them they have most kinds of resources.
ENVIRONMENTS = ("many-tables", "private", "prod")


def released() -> dict[str, dict[str, Document]]:
    """By environment, then by stack."""
    return dict(json.loads(RELEASED.read_text()))


def release(directory: Path) -> None:
    """Take what is synthesized now for the last release."""
    now = {environment: synthesized(load(environment), directory) for environment in ENVIRONMENTS}
    RELEASED.write_text(json.dumps(now, separators=(",", ":")) + "\n")


def upgrades(directory: Path) -> dict[str, list[Resource]]:
    """By ENVIRONMENT_STACK, what an apply of today would do where the last release is applied.

    Raises planning.CannotPlan.
    """
    before = _stacks(released())
    now = _stacks({environment: synthesized(load(environment), directory / "synth") for environment in ENVIRONMENTS})
    offline = Offline(directory / "terraform", next(iter(now.values()))["terraform"]["required_providers"])
    states = offline.applied(before)
    return offline.plans(now, {stack: states.get(stack, []) for stack in now})


def _stacks(of_environments: dict[str, dict[str, Document]]) -> dict[str, Document]:
    return {
        f"{environment}_{name}": document
        for environment, stacks in of_environments.items()
        for name, document in stacks.items()
    }
