"""What a plan does, read from Terraform's JSON."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from review.changes import Plan


def change(*actions: str, **more: Any) -> dict[str, Any]:
    return {"actions": list(actions), "before": None, "after": None, "after_unknown": {}, **more}


def resource(address: str, *actions: str, mode: str = "managed", **more: Any) -> dict[str, Any]:
    """As Terraform 1.11 writes it, most of its fields left out."""
    kind, name = address.split(".")
    return {"address": address, "mode": mode, "type": kind, "name": name, "change": change(*actions, **more)}


def plan(*resources: dict[str, Any], **more: Any) -> Plan:
    document = {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(resources), **more}
    return Plan.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], "create"),
        (["update"], "update"),
        (["delete"], "delete"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
        (["forget"], "forget"),
        (["no-op"], None),
    ],
)
def test_each_action_has_a_name(actions: list[str], action: str | None) -> None:
    made = plan(resource("aws_s3_bucket.logs", *actions))
    assert [one.action for one in made.changes] == ([action] if action else [])
    assert made.changed == (action is not None)


def test_what_is_only_read_is_no_change() -> None:
    made = plan(resource("aws_kms_alias.key", "read", mode="data"))
    assert not made.changed


def test_an_action_that_is_not_known_is_never_taken_for_nothing() -> None:
    with pytest.raises(KeyError):
        _ = plan(resource("aws_s3_bucket.logs", "rename")).changes


@pytest.mark.parametrize(
    ("address", "actions", "loses"),
    [
        ("aws_dynamodb_table.orders", ["delete"], True),
        ("aws_dynamodb_table.orders", ["delete", "create"], True),
        ("aws_dynamodb_table.orders", ["create", "delete"], True),
        ("aws_dynamodb_table.orders", ["update"], False),
        ("aws_dynamodb_table.orders", ["forget"], False),
        ("aws_opensearch_domain.search", ["delete"], True),
        ("aws_opensearchserverless_collection.search", ["delete"], True),
        ("aws_cognito_user_pool.people", ["delete"], True),
        ("aws_cognito_identity_pool.people", ["delete"], True),
        ("aws_s3_bucket.export", ["delete"], True),
        ("aws_kms_key.key", ["delete"], True),
        ("aws_osis_pipeline.orders", ["delete"], False),
    ],
)
def test_what_no_apply_brings_back(address: str, actions: list[str], loses: bool) -> None:
    (one,) = plan(resource(address, *actions)).changes
    assert one.loses == loses


def test_an_update_names_its_arguments_and_never_their_values() -> None:
    before = {"name": "a", "tags": {"a": "1"}, "secret": "old", "arn": "arn:1"}
    after = {"name": "a", "tags": {"a": "2"}, "secret": "new"}
    (one,) = plan(
        resource("aws_x.y", "update", before=before, after=after, after_unknown={"arn": True, "etag": True, "tags": {}})
    ).changes
    assert one.why == "arn, etag, secret, tags"


def test_a_replacement_names_what_forces_it() -> None:
    paths = [["hash_key"], ["attribute", 0, "type"]]
    (one,) = plan(resource("aws_x.y", "delete", "create", before={"a": 1}, after={"a": 2}, replace_paths=paths)).changes
    assert one.why == "hash_key, attribute.0.type"


def test_outputs_alone_are_a_change() -> None:
    made = plan(output_changes={"url": change("update"), "name": change("no-op")})
    assert made.outputs == ("url",)
    assert made.changed


def test_another_major_version_of_the_format_is_refused() -> None:
    with pytest.raises(ValidationError):
        plan(format_version="2.0")
