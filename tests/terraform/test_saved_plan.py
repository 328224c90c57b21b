"""Terraform itself: what is applied is what was saved, or nothing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import tools
from review.changes import Plan
from review.stacks import IN_FULL, SAVED, NothingSaved, Stack, plans, stacks


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack of Terraform's own resource, which needs no provider."""
    try:
        tools.require(tools.terraform)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    return written(tmp_path, {"kept": {"input": "a"}, "gone": {"input": "a"}, "made-anew": {"triggers_replace": "a"}})


def written(folder: Path, resources: dict[str, Any]) -> Stack:
    directory = folder / "cdktf.out" / "stacks" / "pipeline"
    directory.mkdir(parents=True, exist_ok=True)
    stack = {"resource": {"terraform_data": resources}, "output": {"kept": {"value": "${terraform_data.kept.output}"}}}
    (directory / "cdk.tf.json").write_text(json.dumps(stack))
    return Stack(directory, {**os.environ, **tools.terraform_environment(folder)})


def actions(plan: Plan) -> dict[str, str | None]:
    return {resource.address.partition(".")[2]: resource.action for resource in plan.changes}


def test_the_saved_plan_is_applied_whatever_the_files_say_by_then(stack: Stack, tmp_path: Path) -> None:
    assert actions(stack.plan()) == {"gone": "create", "kept": "create", "made-anew": "create"}
    assert "# terraform_data.kept will be created" in (stack.directory / IN_FULL).read_text()
    written(tmp_path, {"kept": {"input": "something else"}})
    stack.apply()
    state = json.loads((stack.directory / "terraform.tfstate").read_text())
    assert {one["name"] for one in state["resources"]} == {"gone", "kept", "made-anew"}
    assert state["outputs"]["kept"]["value"] == "a"


def test_terraform_s_own_words_for_each_change_are_understood(stack: Stack, tmp_path: Path) -> None:
    stack.plan()
    stack.apply()
    assert not stack.plan().changed
    written(tmp_path, {"kept": {"input": "b"}, "made-anew": {"triggers_replace": "b"}})
    plan = stack.plan()
    assert actions(plan) == {"gone": "delete", "kept": "update", "made-anew": "replace"}
    why = {one.address.partition(".")[2]: one.why for one in plan.changes}
    assert why == {"gone": "", "kept": "input, output", "made-anew": "triggers_replace"}
    assert plan.outputs == ("kept",)


def test_a_plan_from_before_another_change_is_refused(stack: Stack, tmp_path: Path) -> None:
    stack.plan()
    saved = (stack.directory / SAVED).read_bytes()
    stack.apply()
    (stack.directory / SAVED).write_bytes(saved)
    with pytest.raises(subprocess.CalledProcessError):
        stack.apply()


def test_nothing_is_applied_that_was_not_planned(stack: Stack) -> None:
    with pytest.raises(NothingSaved, match="tfplan: is missing; plan first"):
        stack.apply()


def test_a_stack_without_a_plan_says_why_beside_the_others(stack: Stack, tmp_path: Path) -> None:
    broken = Stack(tmp_path / "broken", stack.variables)
    broken.directory.mkdir()
    (broken.directory / "cdk.tf.json").write_text(json.dumps({"output": {"x": {"value": "${nothing.at_all}"}}}))
    made = plans([broken, stack])
    assert list(made) == ["broken", "pipeline"]
    assert "Reference to undeclared resource" in str(made["broken"])
    assert isinstance(made["pipeline"], Plan)


def test_stacks_come_after_what_they_depend_on(tmp_path: Path) -> None:
    manifest = {"seeding": ["pipeline"], "pipeline": ["delivery", "state"], "delivery": ["state"], "state": []}
    entries = {name: {"dependencies": dependencies} for name, dependencies in manifest.items()}
    (tmp_path / "manifest.json").write_text(json.dumps({"stacks": entries}))
    assert [stack.name for stack in stacks(tmp_path, {})] == ["state", "delivery", "pipeline", "seeding"]
