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


def upgrade(environment: str, directory: Path) -> dict[str, list[Resource]]:
    """By stack, what an apply of today would do where the last release is applied. Raises planning.CannotPlan."""
    before, now = released()[environment], synthesized(load(environment), directory / "synth")
    offline = Offline(directory / "terraform", now["state"]["terraform"]["required_providers"])
    states = offline.applied(before)
    return offline.plans(now, {stack: states.get(stack, []) for stack in now})
