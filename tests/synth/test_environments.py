"""What is true of the Terraform JSON of every environment."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

import osis
from settings import load
from stacks.app import synthesize
from tests.synth.conftest import Stacks, read_stacks

StacksOf = Callable[[str], Stacks]

STATE = {
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}
PIPELINE = STATE | {
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_log_resource_policy",
    "aws_cognito_identity_pool",
    "aws_cognito_identity_pool_roles_attachment",
    "aws_cognito_user_group",
    "aws_cognito_user_pool",
    "aws_cognito_user_pool_domain",
    "aws_dynamodb_table",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_lambda_function",
    "aws_lambda_invocation",
    "aws_opensearch_domain",
    "aws_osis_pipeline",
}
SEEDING = {
    "aws_cloudwatch_log_group",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_lambda_function",
    "aws_lambda_invocation",
}
OUTPUTS = {
    "dashboard_url",
    "dashboards_url",
    "domain_endpoint",
    "export_bucket",
    "identity_pool_id",
    "pipeline_arn",
    "pipeline_name",
    "table_arn",
    "table_name",
    "user_pool_id",
}


def values(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, node
    if isinstance(node, dict):
        for key, child in node.items():
            yield from values(child, f"{path}.{key}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from values(child, f"{path}[{number}]")


def test_has_every_resource_of_the_system(environment: str, stacks_of: StacksOf) -> None:
    stacks = stacks_of(environment)
    users = {"aws_cognito_user", "aws_cognito_user_in_group"} if load(environment).dashboards.groups else set()
    assert stacks["state"]["resource"].keys() == STATE
    assert stacks["pipeline"]["resource"].keys() == PIPELINE | users
    assert stacks["pipeline"]["output"].keys() == OUTPUTS
    if load(environment).seeding:
        assert stacks["seeding"]["resource"].keys() == SEEDING
    else:
        assert "seeding" not in stacks


def test_no_block_is_empty(environment: str, stacks_of: StacksOf) -> None:
    """CDKTF turns a nested dict into `{}` without an error."""
    for name, stack in stacks_of(environment).items():
        empty = [path for path, value in values(stack["resource"]) if value in ({}, [], None)]
        assert empty == [], name


def test_no_token_is_left(environment: str, stacks_of: StacksOf) -> None:
    for stack in stacks_of(environment).values():
        assert not re.search(r"TfToken|Token\[|TOKEN\.", json.dumps(stack))


def test_no_stack_reads_another_ones_state(environment: str, stacks_of: StacksOf) -> None:
    for name, stack in stacks_of(environment).items():
        assert stack.get("data", {}).keys() == ({"aws_cognito_user_pool_clients"} if name == "pipeline" else set())


def test_addresses_are_readable(environment: str, stacks_of: StacksOf) -> None:
    for stack in stacks_of(environment).values():
        for resources in stack["resource"].values():
            assert all(
                re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name) and not re.search(r"[0-9a-f]{8}", name) for name in resources
            )


def test_provider_and_backend(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    for name, stack in stacks_of(environment).items():
        (provider,) = stack["provider"]["aws"]
        assert provider["region"] == settings.region
        assert provider["allowed_account_ids"] == [settings.account_id]
        assert provider["default_tags"][0]["tags"]["environment"] == environment
        assert stack["terraform"]["required_version"] == ">= 1.10"
        assert stack["terraform"]["required_providers"]["aws"]["version"] == "5.100.0"
        if name == "state":
            assert stack["terraform"]["backend"] == {
                "local": {"path": f"../../../{settings.names.prefix}-state.tfstate"}
            }
        else:
            assert stack["terraform"]["backend"]["s3"] == {
                "bucket": settings.names.state_bucket,
                "key": f"{environment}/{name}.tfstate",
                "region": settings.region,
                "encrypt": True,
                "use_lockfile": True,
                "allowed_account_ids": [settings.account_id],
            }


def test_the_pipeline_body_survives_terraform(environment: str, stacks_of: StacksOf) -> None:
    """Escaped for Terraform exactly once: what OSIS gets is a body that the model accepts.

    Its one warning, that no index template is in it, is for those who have none: here the set-up function puts it.
    """
    resource = stacks_of(environment)["pipeline"]["resource"]["aws_osis_pipeline"]["ingestion_pipeline"]
    written = resource["pipeline_configuration_body"]
    references = re.findall(r"(?<!\$)\$\{[^}]*\}", written)
    assert references == ["${aws_opensearch_domain.search_domain.endpoint}"]
    received = written.replace(references[0], "search.example.com").replace("$${", "${").replace("%%{", "%{")
    (warning,) = osis.check(received, region=load(environment).region)
    assert (warning.severity, warning.path.rpartition(".")[2]) == ("warning", "template_content")
    event = json.loads(
        stacks_of(environment)["pipeline"]["resource"]["aws_lambda_invocation"]["search_setup_run"]["input"]
    )
    (template,) = event["index_templates"].values()
    assert template["index_patterns"] == [load(environment).ingestion.index]
    assert template["template"]["mappings"]["properties"]["location"] == {"type": "geo_point"}
    assert "${getMetadata(" in received


def test_order_of_the_stacks(environment: str, tmp_path: Path) -> None:
    synthesize(load(environment), tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())["stacks"]
    dependencies = {name: stack["dependencies"] for name, stack in manifest.items()}
    expected = {"state": [], "pipeline": ["state"], "seeding": ["pipeline"]}
    assert dependencies == {name: expected[name] for name in dependencies}


def test_another_environments_stack_does_not_stay_behind(tmp_path: Path) -> None:
    synthesize(load("dev"), tmp_path)
    assert "seeding" in read_stacks(tmp_path)
    synthesize(load("prod"), tmp_path)
    assert "seeding" not in read_stacks(tmp_path)


@pytest.mark.parametrize("stack", ["state", "pipeline", "seeding"])
def test_is_what_was_reviewed(environment: str, stack: str, stacks_of: StacksOf, snapshot: SnapshotAssertion) -> None:
    """The whole JSON of a stack. A wanted change: `pytest tests/synth --snapshot-update`, and read the difference."""
    stacks = stacks_of(environment)
    if stack not in stacks:
        assert (environment, stack) == ("prod", "seeding")
        return
    text = json.dumps(stacks[stack])
    # The package changes with each change of the function's code, which is not what a snapshot is for.
    text = re.sub(r'"(source_code_hash|filename|package)": "[^"]*"', r'"\1": "…"', text)
    assert json.loads(text) == snapshot(extension_class=JSONSnapshotExtension)
