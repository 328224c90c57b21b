"""One key of its own for everything that the environment stores."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import deployer
from tests.synth.conftest import SettingsOf, Stacks, Synthesized, one

MADE = "${aws_kms_key.encryption_key.arn}"
FOUND = "${data.aws_kms_alias.key.target_key_arn}"
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"


def made(synthesized: Synthesized, settings_with: SettingsOf) -> Stacks:
    return synthesized(settings_with({"own_key": True, "alarms": {"emails": ["ops@example.com"]}}))


def encrypted_with(stack: dict[str, Any]) -> dict[str, str | None]:
    """Address of what can be encrypted -> its key."""
    arguments: dict[str, Callable[[dict[str, Any]], str | None]] = {
        "aws_cloudwatch_log_group": lambda one: one.get("kms_key_id"),
        "aws_dynamodb_table": lambda one: one["server_side_encryption"].get("kms_key_arn"),
        "aws_lambda_function": lambda one: one.get("kms_key_arn"),
        "aws_opensearch_domain": lambda one: one["encrypt_at_rest"].get("kms_key_id"),
        ENCRYPTION: lambda one: one["rule"][0]["apply_server_side_encryption_by_default"].get("kms_master_key_id"),
        "aws_sns_topic": lambda one: one.get("kms_master_key_id"),
    }
    return {
        f"{kind}.{name}": key_of(resource)
        for kind, key_of in arguments.items()
        for name, resource in stack["resource"].get(kind, {}).items()
    }


def test_everything_is_encrypted_with_it(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = made(synthesized, settings_with)
    # S3 delivers access logs only to a bucket that it encrypts with its own keys.
    state = encrypted_with(stacks["state"])
    assert state.pop(f"{ENCRYPTION}.logs_encryption") is None
    assert set(state.values()) == {MADE}
    for name in ("pipeline", "seeding"):
        keys = encrypted_with(stacks[name])
        assert keys, name
        assert set(keys.values()) == {FOUND}, name
        assert stacks[name]["data"]["aws_kms_alias"]["key"]["name"] == "alias/shop-test"
    assert one(stacks, "state", "aws_kms_alias")["name"] == "alias/shop-test"
    assert "aws_kms_key" not in stacks["pipeline"]["resource"]


def test_export_and_roles_use_it(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    resources = made(synthesized, settings_with)["pipeline"]["resource"]
    body = resources["aws_osis_pipeline"]["ingestion_orders_1_pipeline"]["pipeline_configuration_body"]
    assert f"s3_sse_kms_key_id: {FOUND}" in body
    policy = json.loads(resources["aws_iam_role_policy"]["ingestion_orders_1_role_policy"]["policy"])
    (grant,) = [one for one in policy["Statement"] if FOUND in one["Resource"]]
    assert grant["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_who_may_use_it_is_named(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    key = one(made(synthesized, settings_with), "state", "aws_kms_key")
    assert key["enable_key_rotation"] is True
    account, logs, alarms = json.loads(key["policy"])["Statement"]
    assert account["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]}
    assert not any("*" in action for statement in (account, logs, alarms) for action in statement["Action"])
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/*shop-test*"
    }
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


# What services ask of whoever has them use a key, beside reading what they encrypted.
ASKED = {
    "Lambda": {"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"},
    "DynamoDB": {
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    },
    "OpenSearch Ingestion": {"kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"},
}


@pytest.mark.parametrize("service", ASKED)
def test_whoever_deploys_may_have_services_use_it(
    service: str, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    """By the key's policy and by their own; a key that is given is granted alike."""
    account, *_ = json.loads(one(made(synthesized, settings_with), "state", "aws_kms_key")["policy"])["Statement"]
    assert ASKED[service] <= set(account["Action"])
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    for chosen in ({"own_key": True}, {"kms_key_arn": key}):
        granted = {action for one in deployer.deploying(settings_with(chosen)) for action in one.actions}
        assert ASKED[service] <= granted


def test_states_are_encrypted_with_it(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    """By the bucket's default, which an `encrypt` of Terraform's without a key overrides for every object."""
    stacks = synthesized(settings_with({"own_key": True, "state": {"backend": "s3"}}))
    for name, stack in stacks.items():
        assert "encrypt" not in stack["terraform"]["backend"]["s3"], name
    assert encrypted_with(stacks["state"])[f"{ENCRYPTION}.state_encryption"] == MADE


def test_whoever_plans_writes_the_encrypted_lock(settings_with: SettingsOf) -> None:
    planned = {action for one in deployer.planning(settings_with({"own_key": True})) for action in one.actions}
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= planned


def test_it_stays_where_data_is_protected(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    for protected in (True, False):
        stacks = synthesized(settings_with({"own_key": True, "deletion_protection": protected}))
        key = one(stacks, "state", "aws_kms_key")
        assert key.get("lifecycle", {}).get("prevent_destroy", False) is protected
