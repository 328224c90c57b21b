"""What is there already, looked after by somebody else: looked up, and nothing of it is managed."""

import json
from typing import Any

import pytest

from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized, event, granted
from tests.unit.conftest import ABSENT

STREAM = '${self.stream_enabled && self.stream_view_type == "NEW_AND_OLD_IMAGES"}'
RECOVERY = "${self.point_in_time_recovery[0].enabled}"


def conditions(stacks: Stacks, kind: str, name: str) -> list[str]:
    """Without which a plan fails."""
    lifecycle = stacks["pipeline"]["data"][kind][name]["lifecycle"]
    assert lifecycle.keys() == {"postcondition"}
    assert all(condition["error_message"].endswith(".") for condition in lifecycle["postcondition"])
    return [condition["condition"] for condition in lifecycle["postcondition"]]


def test_nothing_of_what_is_there_is_made(stacks_of: StacksOf) -> None:
    stacks = stacks_of("existing")
    assert "seeding" not in stacks
    for kind in stacks["pipeline"]["resource"]:
        assert not kind.startswith(("aws_cognito_", "aws_dynamodb_", "aws_opensearch_")), kind
    assert "cognito" not in json.dumps(stacks)
    assert stacks["pipeline"]["data"].keys() == {"aws_dynamodb_table", "aws_opensearch_domain"}


def test_the_table_is_looked_up_and_read(stacks_of: StacksOf) -> None:
    stacks = stacks_of("existing")
    (table,) = stacks["pipeline"]["data"]["aws_dynamodb_table"].values()
    assert table["name"] == "LegacyOrders"
    assert stacks["pipeline"]["output"]["tables"]["value"] == {"orders": "LegacyOrders"}


@pytest.mark.parametrize(
    ("mode", "needed"),
    [("export-and-stream", [STREAM, RECOVERY]), ("stream", [STREAM]), ("export", [RECOVERY])],
)
def test_the_table_must_have_what_its_mode_reads(
    mode: str, needed: list[str], synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({"tables.orders": {"existing": {"name": "Legacy"}, "mode": mode}}))
    assert conditions(stacks, "aws_dynamodb_table", "source_orders_table") == needed
    assert "aws_dynamodb_table" not in stacks["pipeline"]["resource"]


def test_the_stream_of_the_table_must_have_the_view_that_is_said(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    legacy = {"existing": {"name": "Legacy"}, "stream_view": "NEW_IMAGE"}
    stacks = synthesized(settings_with({"tables.orders": legacy}))
    stream, _ = conditions(stacks, "aws_dynamodb_table", "source_orders_table")
    assert stream == '${self.stream_enabled && self.stream_view_type == "NEW_IMAGE"}'


def test_the_domain_must_have_fine_grained_access_control(stacks_of: StacksOf) -> None:
    stacks = stacks_of("existing")
    assert stacks["pipeline"]["data"]["aws_opensearch_domain"]["search_domain"]["domain_name"] == "company-search"
    assert conditions(stacks, "aws_opensearch_domain", "search_domain")[1:] == [
        "${self.advanced_security_options[0].enabled}"
    ]


def test_the_version_of_the_domain_is_read_and_only_its_major_counts(stacks_of: StacksOf) -> None:
    """Nobody declares it; the owner's upgrades change nothing here."""
    stacks = stacks_of("existing")
    assert conditions(stacks, "aws_opensearch_domain", "search_domain")[:1] == [
        '${try(tonumber(regex("^OpenSearch_([0-9]+)[.]", self.engine_version)[0]) >= 2, false)}'
    ]
    assert "engine_version" not in event(stacks)


def test_the_set_up_function_may_call_the_domain_and_log_only(stacks_of: StacksOf) -> None:
    """The policy of a domain of ours says the same; that of somebody else's may leave it to IAM."""
    assert granted(stacks_of("existing"), "search_setup_setup_role_policy") == {
        "arn:aws:es:eu-central-1:111122223333:domain/company-search/*": {
            "es:ESHttpDelete",
            "es:ESHttpGet",
            "es:ESHttpPost",
            "es:ESHttpPut",
        },
        "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/shop-existing-search-setup:*": {
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        },
        "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
    }


def test_people_and_dashboards_are_left_alone(stacks_of: StacksOf) -> None:
    prepared = event(stacks_of("existing"))
    assert prepared["start_page"] is None
    assert prepared["sessions"] is None
    assert prepared["audit"] is None
    assert prepared["dashboards_users"] == []
    assert prepared["mappings"] == {
        "shop-existing-dead-letters": ["arn:aws:iam::111122223333:role/shop-existing-dead-letters-eu-central-1"],
        "shop-existing-reader": ["arn:aws:iam::111122223333:role/shop-website"],
    }


@pytest.mark.parametrize(
    ("changes", "made", "looked_up"),
    [
        ({"tables.orders": {"existing": {"name": "Legacy"}}}, "aws_opensearch_domain", "aws_dynamodb_table"),
        (
            {"domain": ABSENT, "existing_domain": {"name": "company-search"}},
            "aws_dynamodb_table",
            "aws_opensearch_domain",
        ),
    ],
)
def test_one_may_be_there_and_the_other_made(
    changes: dict[str, Any], made: str, looked_up: str, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stack = synthesized(settings_with(changes))["pipeline"]
    assert made in stack["resource"]
    assert made not in stack["data"]
    assert looked_up in stack["data"]
    assert looked_up not in stack["resource"]
