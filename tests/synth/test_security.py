"""Secure settings, asserted one by one on what Terraform gets."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settings import load
from tests.synth.conftest import Stacks

StacksOf = Callable[[str], Stacks]


def one(stacks: Stacks, stack: str, kind: str) -> dict[str, Any]:
    (resource,) = stacks[stack]["resource"][kind].values()
    return dict(resource)


def policies(stacks: Stacks) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy and trust document."""
    for stack in stacks.values():
        for kind, resources in stack["resource"].items():
            for name, resource in resources.items():
                for argument in ("policy", "assume_role_policy", "access_policies"):
                    if argument in resource:
                        for statement in json.loads(resource[argument])["Statement"]:
                            yield f"{kind}.{name}.{argument}", statement


def granted(stacks: Stacks, name: str) -> dict[str, set[str]]:
    """Resource -> actions that the role policy of that name allows."""
    grants: dict[str, set[str]] = {}
    for where, statement in policies(stacks):
        if where == f"aws_iam_role_policy.{name}.policy":
            for resource in statement["Resource"]:
                grants.setdefault(resource, set()).update(statement["Action"])
    return grants


def test_no_policy_allows_more_than_named_actions_on_named_resources(environment: str, stacks_of: StacksOf) -> None:
    for where, statement in policies(stacks_of(environment)):
        if statement["Effect"] == "Allow":
            wild = [action for action in statement["Action"] if "*" in action and action != "es:ESHttp*"]
            assert wild == [], where
            assert "*" not in statement.get("Resource", []), where
            assert statement.get("Principal") != "*", where


def test_no_managed_policy_is_attached(environment: str, stacks_of: StacksOf) -> None:
    text = json.dumps(stacks_of(environment))
    assert "policy_attachment" not in text
    assert "managed_policy_arns" not in text
    assert "FullAccess" not in text


def test_the_pipeline_role_has_the_documented_permissions_only(environment: str, stacks_of: StacksOf) -> None:
    names = load(environment).names
    table, bucket, domain = names.table_arn, names.export_bucket_arn, names.domain_arn
    assert granted(stacks_of(environment), "ingestion_role_policy") == {
        table: {
            "dynamodb:DescribeTable",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:ExportTableToPointInTime",
        },
        f"{table}/export/*": {"dynamodb:DescribeExport"},
        f"{table}/stream/*": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        f"{bucket}/export/*": {"s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"},
        f"{bucket}/dlq/*": {"s3:PutObject"},
        domain: {"es:DescribeDomain"},
        f"{domain}/*": {"es:ESHttp*"},
    }


def test_the_pipeline_role_trusts_pipelines_of_this_account_and_region_only(
    environment: str, stacks_of: StacksOf
) -> None:
    names = load(environment).names
    role = stacks_of(environment)["pipeline"]["resource"]["aws_iam_role"]["ingestion_role"]
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"Service": ["osis-pipelines.amazonaws.com"]}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": names.account_id},
        "ArnLike": {"aws:SourceArn": names.any_pipeline_arn},
    }


def test_only_the_pipeline_and_signed_in_people_reach_the_domain(environment: str, stacks_of: StacksOf) -> None:
    policy = one(stacks_of(environment), "pipeline", "aws_opensearch_domain")["access_policies"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {
        "AWS": [
            "${aws_iam_role.ingestion_role.arn}",
            "${aws_iam_role.authentication_signed_in_role.arn}",
        ]
    }


def test_the_signed_in_role_is_for_authenticated_identities_of_this_pool(environment: str, stacks_of: StacksOf) -> None:
    role = stacks_of(environment)["pipeline"]["resource"]["aws_iam_role"]["authentication_signed_in_role"]
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            "cognito-identity.amazonaws.com:aud": "${aws_cognito_identity_pool.authentication_identity_pool.id}"
        },
        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
    }


def test_the_seeder_may_write_to_the_table_and_its_log_only(stacks_of: StacksOf) -> None:
    names = load("dev").names
    assert granted(stacks_of("dev"), "role_policy") == {
        names.table_arn: {"dynamodb:BatchWriteItem"},
        f"{names.log_group_arn(names.seeder_log_group)}:*": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }


def test_the_domain_is_encrypted_and_speaks_modern_tls_only(environment: str, stacks_of: StacksOf) -> None:
    domain = one(stacks_of(environment), "pipeline", "aws_opensearch_domain")
    assert domain["encrypt_at_rest"] == {"enabled": True}
    assert domain["node_to_node_encryption"] == {"enabled": True}
    assert domain["domain_endpoint_options"] == {
        "enforce_https": True,
        "tls_security_policy": "Policy-Min-TLS-1-2-PFS-2023-10",
    }
    assert domain["cognito_options"]["enabled"] is True


def test_the_domain_is_destroyed_before_what_it_signs_in_with(environment: str, stacks_of: StacksOf) -> None:
    domain = one(stacks_of(environment), "pipeline", "aws_opensearch_domain")
    assert set(domain["depends_on"]) == {
        "aws_cognito_user_pool_domain.authentication_sign_in_domain",
        "aws_iam_role_policy.authentication_search_role_policy",
    }


def test_the_pipeline_starts_when_all_that_it_needs_is_there(environment: str, stacks_of: StacksOf) -> None:
    pipeline = one(stacks_of(environment), "pipeline", "aws_osis_pipeline")
    assert {
        "aws_iam_role_policy.ingestion_role_policy",
        "aws_dynamodb_table.source_table",
        "aws_s3_bucket.ingestion_export_bucket",
        "aws_s3_bucket_policy.ingestion_export_policy",
    } <= set(pipeline["depends_on"])


def test_sign_in_survives_the_next_apply(environment: str, stacks_of: StacksOf) -> None:
    pool = one(stacks_of(environment), "pipeline", "aws_cognito_identity_pool")
    assert pool["lifecycle"]["ignore_changes"] == ["cognito_identity_providers"]
    assert pool["allow_unauthenticated_identities"] is False
    assert pool["allow_classic_flow"] is False
    attachment = one(stacks_of(environment), "pipeline", "aws_cognito_identity_pool_roles_attachment")
    assert attachment["roles"].keys() == {"authenticated"}


def test_only_administrators_create_users_and_passwords_are_strong(environment: str, stacks_of: StacksOf) -> None:
    pool = one(stacks_of(environment), "pipeline", "aws_cognito_user_pool")
    assert pool["admin_create_user_config"] == {"allow_admin_create_user_only": True}
    password = pool["password_policy"]
    assert password["minimum_length"] >= 14
    assert all(password[f"require_{what}"] for what in ("lowercase", "uppercase", "numbers", "symbols"))


def test_the_table_can_be_exported_streamed_and_restored(environment: str, stacks_of: StacksOf) -> None:
    table = one(stacks_of(environment), "pipeline", "aws_dynamodb_table")
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["stream_enabled"] is True
    assert table["stream_view_type"] == "NEW_AND_OLD_IMAGES"
    assert table["point_in_time_recovery"] == {"enabled": True}
    assert table["server_side_encryption"] == {"enabled": True}


@pytest.mark.parametrize("stack", ["state", "pipeline"])
def test_buckets_are_private_encrypted_versioned_and_tls_only(
    environment: str, stack: str, stacks_of: StacksOf
) -> None:
    stacks = stacks_of(environment)
    block = one(stacks, stack, "aws_s3_bucket_public_access_block")
    assert all(
        block[f] for f in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    )
    assert one(stacks, stack, "aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}
    assert one(stacks, stack, "aws_s3_bucket_ownership_controls")["rule"] == {"object_ownership": "BucketOwnerEnforced"}
    (rule,) = one(stacks, stack, "aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule == {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    (statement,) = json.loads(one(stacks, stack, "aws_s3_bucket_policy")["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert one(stacks, stack, "aws_s3_bucket_lifecycle_configuration")["rule"]


def test_the_state_bucket_is_never_destroyed(environment: str, stacks_of: StacksOf) -> None:
    bucket = one(stacks_of(environment), "state", "aws_s3_bucket")
    assert bucket["lifecycle"] == {"prevent_destroy": True}
    assert bucket["force_destroy"] is False


@pytest.mark.parametrize(("environment_name", "protected"), [("prod", True), ("dev", False)])
def test_what_holds_data_is_protected_in_production(
    environment_name: str, protected: bool, stacks_of: StacksOf
) -> None:
    stacks = stacks_of(environment_name)
    assert one(stacks, "pipeline", "aws_dynamodb_table")["deletion_protection_enabled"] is protected
    assert one(stacks, "pipeline", "aws_cognito_user_pool")["deletion_protection"] == (
        "ACTIVE" if protected else "INACTIVE"
    )
    assert one(stacks, "pipeline", "aws_s3_bucket")["force_destroy"] is not protected
    for kind in ("aws_dynamodb_table", "aws_cognito_user_pool", "aws_opensearch_domain", "aws_s3_bucket"):
        lifecycle = one(stacks, "pipeline", kind).get("lifecycle", {})
        assert lifecycle.get("prevent_destroy", False) is protected, kind


def test_log_groups_are_where_the_services_write(stacks_of: StacksOf) -> None:
    logs = one(stacks_of("dev"), "pipeline", "aws_cloudwatch_log_group")
    assert re.match("/aws/vendedlogs/", logs["name"])
    assert logs["retention_in_days"] == load("dev").log_retention_days


def test_no_secret_is_in_the_json(environment: str, stacks_of: StacksOf) -> None:
    assert not re.search(r'"(password|temporary_password|secret)":', json.dumps(stacks_of(environment)))
