"""The real Terraform and the real provider accept the JSON of every stack."""

import os
import shutil
from pathlib import Path

import pytest

from local import tools
from local.terraform import Terraform
from settings import ENVIRONMENTS, Settings, load
from stacks.app import synthesize
from tests.unit.conftest import settings_of

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))


@pytest.mark.parametrize("environment", NAMES)
def test_terraform_validates_every_stack(environment: str, tmp_path: Path) -> None:
    settings = load(environment)
    seeded = ["seeding"] if any(table.seeding for table in settings.tables.values()) else []
    delivery = ["delivery"] if settings.delivery else []
    assert validate(settings, tmp_path) == [*delivery, "pipeline", *seeded, "state"]


def test_terraform_validates_what_no_environment_has(tmp_path: Path) -> None:
    """Two generations side by side, and a network."""
    network = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
    settings = settings_of(tmp_path, {"tables.orders.generation": 2, "network": network})
    assert validate(settings, tmp_path) == ["pipeline", "seeding", "state"]


def validate(settings: Settings, directory: Path) -> list[str]:
    """The names of the stacks; raises where Terraform refuses one."""
    synthesize(settings, directory / "out")
    variables = {**os.environ, **tools.terraform_environment(directory)}
    stacks = sorted((directory / "out" / "stacks").iterdir())
    for stack in stacks:
        terraform = Terraform(stack, variables, directory / f"{stack.name}.log")
        terraform.init("-backend=false")
        terraform.validate()
    # With the provider, which may be a copy in each.
    shutil.rmtree(directory / "out")
    return [stack.name for stack in stacks]
