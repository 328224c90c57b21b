"""What is true of the Terraform JSON of every environment."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from local.tools import AWS_PROVIDER_VERSION
from settings import load
from stacks.app import synthesize
from tests.synth.conftest import SettingsOf, StacksOf, Synthesized, read_stacks

BUCKET = {
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}
KEY = {"aws_kms_alias", "aws_kms_key"}
NETWORK = {
    "aws_default_security_group",
    "aws_flow_log",
    "aws_route_table",
    "aws_route_table_association",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
}
FUNCTION = {
    "aws_cloudwatch_log_group",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_lambda_function",
    "aws_lambda_invocation",
}
PIPELINE = BUCKET | FUNCTION | {"aws_osis_pipeline"}
DOMAIN = {
    "aws_cloudwatch_log_resource_policy",
    "aws_cognito_identity_pool",
    "aws_cognito_identity_pool_roles_attachment",
    "aws_cognito_user_group",
    "aws_cognito_user_pool",
    "aws_cognito_user_pool_domain",
    "aws_opensearch_domain",
}
COLLECTION = {
    "aws_opensearchserverless_access_policy",
    "aws_opensearchserverless_collection",
    "aws_opensearchserverless_security_policy",
}
USERS = {"aws_cognito_user", "aws_cognito_user_in_group"}
ALARMS = {
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_metric_alarm",
    "aws_sns_topic",
    "aws_sns_topic_subscription",
}
DELIVERY = {"aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_role", "aws_iam_role_policy_attachment"}
HOURS = {"aws_scheduler_schedule", "aws_scheduler_schedule_group"}
OUTPUTS = {"dashboards_url", "export_bucket", "pipelines", "tables"}
DOMAIN_OUTPUTS = {"dashboard_url", "identity_pool_id", "user_pool_id"}
COLLECTION_OUTPUTS = {"collection_endpoint", "dashboard_url"}
ALARM_OUTPUTS = {"alarm_topic", "overview_url"}


def values(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, node
    if isinstance(node, dict):
        for key, child in node.items():
            yield from values(child, f"{path}.{key}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from values(child, f"{path}[{number}]")


def test_has_every_resource_of_the_system(environment: str, stacks_of: StacksOf) -> None:
    settings, stacks = load(environment), stacks_of(environment)
    tables = settings.tables.values()
    made = DOMAIN if settings.domain else COLLECTION if settings.collection else set()
    users = USERS if settings.dashboards.groups else set()
    table = {"aws_dynamodb_table"} if any(not table.existing for table in tables) else set()
    alarms = ALARMS if settings.alarms else set()
    key = {"aws_kms_key"} if settings.alarms and not (settings.kms_key_arn or settings.own_key) else set()
    hours = HOURS if settings.hours else set()
    budget = {"aws_budgets_budget"} if settings.budget else set()
    network = NETWORK if settings.network and settings.network.cidr else set()
    assert stacks["state"]["resource"].keys() == BUCKET | (KEY if settings.own_key else set())
    collection = settings.collection
    saml = {"aws_opensearchserverless_security_config"} if collection and collection.dashboards.saml else set()
    optional = users | table | alarms | key | hours | budget | network | saml
    assert stacks["pipeline"]["resource"].keys() == PIPELINE | made | optional
    if any(table.seeding for table in tables):
        assert stacks["seeding"]["resource"].keys() == FUNCTION
    else:
        assert "seeding" not in stacks
    if settings.delivery:
        assert stacks["delivery"]["resource"].keys() == DELIVERY
    else:
        assert "delivery" not in stacks


def test_shows_where_everything_is(environment: str, stacks_of: StacksOf) -> None:
    settings, stack = load(environment), stacks_of(environment)["pipeline"]
    of_target = COLLECTION_OUTPUTS if settings.collection else {"domain_endpoint"}
    of_domain = DOMAIN_OUTPUTS if settings.domain else set()
    of_alarms = ALARM_OUTPUTS if settings.alarms else set()
    assert stack["output"].keys() == OUTPUTS | of_target | of_domain | of_alarms
    assert stack["output"]["tables"]["value"].keys() == settings.tables.keys()
    assert stack["output"]["pipelines"]["value"] == {
        f"{pipeline.key}-{pipeline.generation}": pipeline.names.pipeline for pipeline in settings.pipelines
    }


def test_no_block_is_empty(environment: str, stacks_of: StacksOf) -> None:
    """CDKTF turns a nested dict into `{}` without an error."""
    for name, stack in stacks_of(environment).items():
        for blocks in ("resource", "data"):
            empty = [path for path, value in values(stack.get(blocks)) if path and value in ({}, [], None)]
            assert empty == [], name


def test_no_token_is_left(environment: str, stacks_of: StacksOf) -> None:
    for stack in stacks_of(environment).values():
        assert not re.search(r"TfToken|Token\[|TOKEN\.", json.dumps(stack))


def test_no_stack_reads_another_ones_state(environment: str, stacks_of: StacksOf) -> None:
    """What is looked up is in AWS, by its name there: what is somebody else's, and what AWS makes by itself."""
    settings = load(environment)
    looked_up = {
        "aws_cognito_user_pool_clients": settings.domain is not None,
        "aws_dynamodb_table": any(table.existing for table in settings.tables.values()),
        "aws_opensearch_domain": settings.existing_domain is not None,
        "aws_kms_alias": settings.own_key,
        "aws_availability_zones": settings.network is not None and settings.network.cidr is not None,
    }
    for name, stack in stacks_of(environment).items():
        expected = {kind for kind, needed in looked_up.items() if needed and name == "pipeline"}
        assert stack.get("data", {}).keys() == expected


def test_addresses_are_readable(environment: str, stacks_of: StacksOf) -> None:
    for stack in stacks_of(environment).values():
        for resources in (*stack["resource"].values(), *stack.get("data", {}).values()):
            assert all(
                re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name) and not re.search(r"[0-9a-f]{8}", name) for name in resources
            )


def test_a_tag_of_a_users_takes_the_place_of_ours(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    """Whatever its spelling: IAM refuses two keys that differ in capitals only."""
    given = {"Project": "web", "STACK": "all", "team": "search"}
    for stack in synthesized(settings_with({"tags": given})).values():
        (provider,) = stack["provider"]["aws"]
        assert provider["default_tags"] == [{"tags": {**given, "environment": "test"}}]


def test_provider_and_backend(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    for name, stack in stacks_of(environment).items():
        (provider,) = stack["provider"]["aws"]
        assert provider["region"] == settings.region
        assert provider["allowed_account_ids"] == [settings.account_id]
        assert provider["default_tags"][0]["tags"]["environment"] == environment
        assert stack["terraform"]["required_version"] == ">= 1.10"
        assert stack["terraform"]["required_providers"]["aws"]["version"] == AWS_PROVIDER_VERSION
        if name == "state":
            assert stack["terraform"]["backend"] == {
                "local": {"path": f"../../../{settings.names.prefix}-state.tfstate"}
            }
        else:
            assert stack["terraform"]["backend"]["s3"] == {
                "bucket": settings.names.state_bucket,
                "key": f"{environment}/{name}.tfstate",
                "region": settings.region,
                "use_lockfile": True,
                "allowed_account_ids": [settings.account_id],
            }


def test_order_of_the_stacks(environment: str, tmp_path: Path) -> None:
    synthesize(load(environment), tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())["stacks"]
    dependencies = {name: stack["dependencies"] for name, stack in manifest.items()}
    expected = {"state": [], "delivery": ["state"], "pipeline": ["state"], "seeding": ["pipeline"]}
    if "delivery" in dependencies:
        expected["pipeline"] = ["state", "delivery"]
    assert dependencies == {name: expected[name] for name in dependencies}


def test_another_environments_stack_does_not_stay_behind(tmp_path: Path) -> None:
    synthesize(load("dev"), tmp_path)
    assert "seeding" in read_stacks(tmp_path)
    synthesize(load("prod"), tmp_path)
    assert "seeding" not in read_stacks(tmp_path)


@pytest.mark.parametrize("stack", ["state", "delivery", "pipeline", "seeding"])
def test_is_what_was_reviewed(environment: str, stack: str, stacks_of: StacksOf, snapshot: SnapshotAssertion) -> None:
    """The whole JSON of a stack. A wanted change: `pytest tests/synth --snapshot-update`, and read the difference."""
    stacks = stacks_of(environment)
    if stack not in stacks:
        assert stack in ("delivery", "seeding")
        return
    text = json.dumps(stacks[stack])
    # The package changes with each change of the function's code, which is not what a snapshot is for.
    text = re.sub(r'"(source_code_hash|filename|package)": "[^"]*"', r'"\1": "…"', text)
    assert json.loads(text) == snapshot(extension_class=JSONSnapshotExtension)
