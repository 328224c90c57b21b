"""Terraform's commands, each run by a program that notes what it is asked."""

import json
import threading
from pathlib import Path

import pytest

from local.processes import wait_until
from local.terraform import Terraform, TerraformError

PROGRAM = """#!/bin/sh
case "$1" in
version) echo '{"terraform_version": "1.10.0"}'; exit ;;
init) mkdir .terraform ;;
state) if [ "$2" = push ]; then cp "$3" state; else cat state 2> /dev/null; exit 0; fi ;;
esac
echo "$*" >> commands
if [ "$1" = destroy ]; then sleep 600; fi
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    path = f"{program.parent}:/usr/bin:/bin"
    monkeypatch.setenv("PATH", path)
    (tmp_path / "stack").mkdir()
    return Terraform(tmp_path / "stack", {"PATH": path}, tmp_path / "log")


def commands(stack: Terraform) -> list[str]:
    """Without the options that each has."""
    file = stack.directory / "commands"
    return file.read_text().replace(" -no-color", "").splitlines() if file.exists() else []


def test_a_stack_is_initialized_once_unless_something_has_changed(stack: Terraform) -> None:
    stack.init()
    stack.init()
    assert commands(stack) == ["init"]
    stack.init("-migrate-state")
    assert commands(stack) == ["init", "init -migrate-state"]


def test_what_is_there_is_written_into_the_state(stack: Terraform) -> None:
    assert stack.attributes == {}
    role = {"mode": "managed", "type": "aws_iam_role", "name": "master"}
    looked_up = {"mode": "data", "type": "aws_kms_alias", "name": "key", "instances": [{"attributes": {"id": "k"}}]}
    before = {"serial": 7, "resources": [{**role, "instances": [{"attributes": {"arn": "a"}}]}, looked_up]}
    (stack.directory / "state").write_text(json.dumps(before))
    stack.adopt("aws_opensearch_domain.search_domain", {"id": "shop"})
    assert stack.attributes == {
        "aws_iam_role.master": {"arn": "a"},
        "aws_opensearch_domain.search_domain": {"id": "shop"},
    }
    after = json.loads((stack.directory / "state").read_text())
    # Terraform takes no state that is as old as the one it has.
    assert after["serial"] == 8
    assert after["resources"][-1]["provider"] == 'provider["registry.terraform.io/hashicorp/aws"]'


def test_what_is_kept_for_good_is_unprotected_for_as_long_as_it_takes(stack: Terraform) -> None:
    keep = {"lifecycle": {"prevent_destroy": True}}
    resources = {
        "aws_s3_bucket": {"logs": keep, "other": {}},
        "aws_kms_key": {"key": keep},
        "aws_iam_role": {"role": {}},
    }
    (stack.directory / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    with stack.unprotected():
        written = json.loads((stack.directory / "unprotected_override.tf.json").read_text())
    free = {"lifecycle": {"prevent_destroy": False}}
    assert written == {
        "resource": {"aws_s3_bucket": {"logs": {**free, "force_destroy": True}}, "aws_kms_key": {"key": free}}
    }
    assert [file.name for file in stack.directory.iterdir()] == ["cdk.tf.json"]


def test_an_interrupt_from_another_thread_ends_the_command(stack: Terraform) -> None:
    def interrupt() -> None:
        wait_until(lambda: commands(stack), limit_seconds=300, what="the command runs")
        stack.interrupted.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(TerraformError, match="terraform destroy was interrupted"):
        stack.destroy()
    thread.join()
