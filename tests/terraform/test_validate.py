"""The real Terraform and the real provider accept the JSON of every stack."""

import os
import shutil
from pathlib import Path

import pytest

from local import tools
from local.terraform import Terraform
from settings import ENVIRONMENTS, load
from stacks.app import synthesize

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))


@pytest.mark.parametrize("environment", NAMES)
def test_terraform_validates_every_stack(environment: str, tmp_path: Path) -> None:
    synthesize(load(environment), tmp_path / "out")
    variables = {**os.environ, **tools.terraform_environment(tmp_path)}
    stacks = sorted((tmp_path / "out" / "stacks").iterdir())
    assert [stack.name for stack in stacks] == [
        s for s in ("pipeline", "seeding", "state") if s != "seeding" or load(environment).seeding
    ]
    for stack in stacks:
        terraform = Terraform(stack, variables, tmp_path / f"{stack.name}.log")
        terraform.init("-backend=false")
        terraform.validate()
    shutil.rmtree(tmp_path / "out")
