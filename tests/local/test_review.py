"""Plans against the local AWS: of whole environments from nothing, and saved ones that are applied as they are."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import review.__main__ as command
from local import tools
from local.emulator import Emulator
from review.stacks import Stack
from review.summary import markdown

BUCKET = "states"


@pytest.fixture(autouse=True)
def needed() -> None:
    try:
        tools.require(tools.terraform, tools.node)
    except tools.MissingToolError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("environment", "stacks"),
    [
        ("prod", 3),  # makes the roles of the workflows too
        ("private", 2),  # looks up the key that the state stack makes
        ("existing", 2),  # looks up a table and a domain
    ],
)
def test_an_environment_is_planned_from_nothing(
    environment: str, stacks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if environment == "existing":
        try:
            tools.opensearch()
        except tools.MissingToolError as error:
            pytest.skip(str(error))
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(variable, "not-to-be-used")
    monkeypatch.setattr(command, "LOCAL", tmp_path)
    assert command.main(["plan", environment, "--local", "--detailed-exitcode"]) == 2
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"plan: environment={environment} stacks={stacks} failed=0 ")
    assert last.endswith(" update=0 replace=0 delete=0 forget=0 lost=0")
    assert (tmp_path / environment / "cdktf.out" / "plan.md").read_text().startswith(f"## Plan of {environment}\n")


@pytest.fixture
def stack(emulator: Emulator, tmp_path: Path) -> Stack:
    """One table, with its state in a bucket of the local AWS, as every stack of ours has it."""
    emulator.client("s3").create_bucket(Bucket=BUCKET)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    stack = Stack(tmp_path, {**ours, **tools.terraform_environment(tmp_path), **emulator.environment})
    _write(stack, hash_key="order_id")
    return stack


def _write(stack: Stack, *, hash_key: str) -> None:
    table: dict[str, Any] = {
        "name": "orders",
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": hash_key,
        "attribute": [{"name": hash_key, "type": "S"}],
    }
    backend = {"bucket": BUCKET, "key": "dev/pipeline.tfstate", "region": "us-east-1", "use_lockfile": True}
    document = {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": tools.AWS_PROVIDER_VERSION}},
            "backend": {"s3": backend},
        },
        "provider": {"aws": [{"region": "us-east-1"}]},
        "resource": {"aws_dynamodb_table": {"orders": table}},
    }
    (stack.directory / "cdk.tf.json").write_text(json.dumps(document))


def test_saved_plans_are_applied_and_a_loss_is_told_before(stack: Stack, emulator: Emulator) -> None:
    stack.plan()
    dynamodb = emulator.client("dynamodb")
    assert dynamodb.list_tables()["TableNames"] == []
    stack.apply()
    assert dynamodb.list_tables()["TableNames"] == ["orders"]
    assert not stack.plan().changed

    _write(stack, hash_key="customer_id")
    plan = stack.plan()
    assert "> - pipeline: **replace** `aws_dynamodb_table.orders`: hash_key" in markdown("dev", {"pipeline": plan})
    # Nothing was done yet, and what was planned is no longer done once somebody else has applied.
    (key,) = dynamodb.describe_table(TableName="orders")["Table"]["KeySchema"]
    assert key["AttributeName"] == "order_id"
    dynamodb.tag_resource(
        ResourceArn=dynamodb.describe_table(TableName="orders")["Table"]["TableArn"],
        Tags=[{"Key": "seen", "Value": "by somebody else"}],
    )
    subprocess.run(
        [tools.terraform(), "apply", "-refresh-only", "-auto-approve"],
        cwd=stack.directory,
        env=dict(stack.variables),
        check=True,
    )
    with pytest.raises(subprocess.CalledProcessError):
        stack.apply()
    assert dynamodb.describe_table(TableName="orders")["Table"]["KeySchema"] == [key]
