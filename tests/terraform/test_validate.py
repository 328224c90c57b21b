"""The real Terraform and the real provider accept the JSON of every stack."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local import tools
from local.terraform import Terraform, TerraformError
from settings import ENVIRONMENTS, Settings, load
from stacks.app import synthesize
from tests.unit.conftest import settings_of

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))


def test_terraform_validates_every_stack(tmp_path: Path) -> None:
    """With two generations side by side and a network that is given, which no environment has."""
    network = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
    (tmp_path / "settings").mkdir()
    changes = {"tables.orders.generation": 2, "network": network}
    of = {**{name: load(name) for name in NAMES}, "given": settings_of(tmp_path / "settings", changes)}
    found = {name: stacks_of(settings, tmp_path / name) for name, settings in of.items()}
    for name, settings in of.items():
        seeded = ["seeding"] if any(table.seeding for table in settings.tables.values()) else []
        delivery = ["delivery"] if settings.delivery else []
        assert sorted(found[name]) == [*delivery, "pipeline", *seeded, "state"]
    validate({f"{name}_{stack}": path for name, stacks in found.items() for stack, path in stacks.items()}, tmp_path)


def test_a_fault_in_one_stack_is_found(tmp_path: Path) -> None:
    path = stacks_of(load("minimal"), tmp_path)["pipeline"]
    document = json.loads((path / "cdk.tf.json").read_text())
    document["resource"]["aws_osis_pipeline"]["ingestion_orders_1_pipeline"]["min_units"] = "few"
    (path / "cdk.tf.json").write_text(json.dumps(document))
    with pytest.raises(TerraformError, match="min_units"):
        validate({"minimal_pipeline": path}, tmp_path)


def stacks_of(settings: Settings, directory: Path) -> dict[str, Path]:
    """By the stack's name where it was synthesized."""
    directory.mkdir(exist_ok=True)
    synthesize(settings, directory / "out")
    return {path.name: path for path in (directory / "out" / "stacks").iterdir()}


def validate(stacks: Mapping[str, Path], directory: Path) -> None:
    """Raises where Terraform refuses one: each is a module of one root, as it is but for its provider's block.

    So the provider starts once for those that configure it in one way, not twice for each.
    """
    modules: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for name, path in stacks.items():
        document = json.loads((path / "cdk.tf.json").read_text())
        required = document["terraform"]["required_providers"]
        (provider,) = document.pop("provider")["aws"]
        alias = aliases.setdefault(json.dumps(provider), f"p{len(aliases)}")
        modules[name] = {"source": f"./{path.relative_to(directory)}", "providers": {"aws": f"aws.{alias}"}}
        (path / "cdk.tf.json").write_text(json.dumps(document))
    providers = [{**json.loads(provider), "alias": alias} for provider, alias in aliases.items()]
    root = {"terraform": {"required_providers": required}, "provider": {"aws": providers}, "module": modules}
    (directory / "main.tf.json").write_text(json.dumps(root))
    terraform = Terraform(directory, {**os.environ, **tools.terraform_environment(directory)}, directory / "all.log")
    terraform.init("-backend=false")
    terraform.validate()
