"""Terraform without CDKTF, as docs/terraform.md tells: a stack's folder is copied elsewhere and planned there."""

import json
import re
import shutil
from pathlib import Path

import pytest

from local import tools
from review.empty_account import empty_account, moved_in
from review.stacks import Stack
from settings import load
from stacks.app import synthesize


def test_a_copied_folder_is_all_that_a_plan_needs(tmp_path: Path) -> None:
    try:
        tools.require(tools.terraform)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    settings = moved_in(load("dev"))
    synthesize(settings, tmp_path / "cdktf.out")
    folders = {
        folder.name: shutil.copytree(folder, tmp_path / "reviewer" / f"of {folder.name}")
        for folder in (tmp_path / "cdktf.out" / "stacks").iterdir()
    }
    assert folders.keys() == {"pipeline", "seeding", "state"}
    shutil.rmtree(tmp_path / "cdktf.out")
    with empty_account(settings, tmp_path) as variables:
        for name, folder in folders.items():
            # Nothing else is run: no Python, no Node.js, no CDKTF.
            planned = Stack(folder, {**variables, "PATH": ""}).plan()
            assert {resource.action for resource in planned.changes} == {"create"}, name
            words = [resource.address.rpartition(".")[2] for resource in planned.changes]
            assert [word for word in words if not re.fullmatch("[a-z_0-9]+", word)] == []
            stack = json.loads((folder / "cdk.tf.json").read_text())
            for function in stack["resource"].get("aws_lambda_function", {}).values():
                assert not Path(function["filename"]).is_absolute()
                assert (folder / function["filename"]).is_file()
