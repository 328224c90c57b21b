"""Secure settings, asserted one by one on what Terraform gets."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settings import Network, Settings, load
from tests.synth.conftest import Stacks

StacksOf = Callable[[str], Stacks]


NO_RESOURCE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def one(stacks: Stacks, stack: str, kind: str) -> dict[str, Any]:
    (resource,) = stacks[stack]["resource"][kind].values()
    return dict(resource)


def policies(stacks: Stacks) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy and trust document."""
    for stack in stacks.values():
        for kind, resources in stack["resource"].items():
            for name, resource in resources.items():
                for argument in ("policy", "assume_role_policy", "access_policies", "policy_document"):
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
            assert "*" not in statement.get("Resource", []) or NO_RESOURCE.issuperset(statement["Action"]), where
            assert statement.get("Principal") != "*", where


def test_no_managed_policy_is_attached(environment: str, stacks_of: StacksOf) -> None:
    text = json.dumps(stacks_of(environment))
    assert "policy_attachment" not in text
    assert "managed_policy_arns" not in text
    assert "FullAccess" not in text


def test_the_pipeline_role_has_the_documented_permissions_only(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    names = settings.names
    table, bucket, domain = names.table_arn, names.export_bucket_arn, names.domain_arn
    key = {settings.kms_key_arn: {"kms:Decrypt", "kms:GenerateDataKey"}} if settings.kms_key_arn else {}
    assert granted(stacks_of(environment), "ingestion_role_policy") == {
        **key,
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
        f"{domain}/*": {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"},
    }


def test_every_service_is_trusted_for_one_source_only(environment: str, stacks_of: StacksOf) -> None:
    """Roles and resource policies: a service gets in for resources of this account, and for those it is meant for."""
    names = load(environment).names
    sources: dict[str, list[Any]] = {
        "osis-pipelines.amazonaws.com": [names.any_pipeline_arn],
        "opensearchservice.amazonaws.com": [names.domain_arn],
        "es.amazonaws.com": [names.domain_arn],
        "lambda.amazonaws.com": [names.function_arn(names.search_setup), names.function_arn(names.seeder)],
        "logging.s3.amazonaws.com": [[names.bucket_arn(names.state_bucket), names.export_bucket_arn]],
    }
    seen = set()
    for where, statement in policies(stacks_of(environment)):
        principal = statement.get("Principal", {})
        if not isinstance(principal, dict) or "Service" not in principal:
            continue
        (service,) = principal["Service"]
        seen.add(service)
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": names.account_id}, where
        assert statement["Condition"]["ArnLike"]["aws:SourceArn"] in sources[service], where
    assert seen == sources.keys()


def test_the_domain_lets_in_named_roles_for_named_methods(environment: str, stacks_of: StacksOf) -> None:
    policy = json.loads(one(stacks_of(environment), "pipeline", "aws_opensearch_domain")["access_policies"])
    methods = {role: set(s["Action"]) for s in policy["Statement"] for role in s["Principal"]["AWS"]}
    assert methods == {
        "${aws_iam_role.ingestion_role.arn}": {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"},
        "${aws_iam_role.search_setup_setup_role.arn}": {"es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"},
        "${aws_iam_role.authentication_administrators_role.arn}": {"es:ESHttp*"},
        "${aws_iam_role.authentication_analysts_role.arn}": {"es:ESHttp*"},
    }


def test_the_master_is_the_role_of_the_set_up_function_and_there_are_no_passwords(
    environment: str, stacks_of: StacksOf
) -> None:
    assert one(stacks_of(environment), "pipeline", "aws_opensearch_domain")["advanced_security_options"] == {
        "enabled": True,
        "internal_user_database_enabled": False,
        "master_user_options": {"master_user_arn": "${aws_iam_role.search_setup_setup_role.arn}"},
    }


def test_the_domain_is_set_up_before_the_pipeline_starts(environment: str, stacks_of: StacksOf) -> None:
    stacks = stacks_of(environment)
    event = json.loads(one(stacks, "pipeline", "aws_lambda_invocation")["input"])
    names = load(environment).names
    assert event["endpoint"] == "${aws_opensearch_domain.search_domain.endpoint}"
    assert event["roles"].keys() == {f"{names.prefix}-{role}" for role in ("pipeline", "reader", "administrator")}
    assert "all_access" not in event["mappings"]
    start = event["start_page"].rpartition("/")[2]
    assert start in {json.loads(line)["id"] for line in load(environment).saved_objects.splitlines()}
    assert "aws_lambda_invocation.search_setup_run" in one(stacks, "pipeline", "aws_osis_pipeline")["depends_on"]


def test_an_applications_role_may_search_and_nothing_else(synthesized: Callable[[Settings], Stacks]) -> None:
    reader = "arn:aws:iam::111122223333:role/shop"
    dev = load("dev")
    settings = dev.model_copy(update={"domain": dev.domain.model_copy(update={"reader_roles": (reader,)})})
    stacks = synthesized(settings)
    policy = json.loads(one(stacks, "pipeline", "aws_opensearch_domain")["access_policies"])
    (methods,) = [s["Action"] for s in policy["Statement"] if reader in s["Principal"]["AWS"]]
    assert methods == ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"]
    mappings = json.loads(one(stacks, "pipeline", "aws_lambda_invocation")["input"])["mappings"]
    assert [role for role, arns in mappings.items() if reader in arns] == ["orders-search-dev-reader"]


GROUP_ROLES = ("administrators", "analysts", "no_group")


@pytest.mark.parametrize("group", GROUP_ROLES)
def test_group_roles_are_for_authenticated_identities_of_this_pool(
    group: str, environment: str, stacks_of: StacksOf
) -> None:
    role = stacks_of(environment)["pipeline"]["resource"]["aws_iam_role"][f"authentication_{group}_role"]
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            "cognito-identity.amazonaws.com:aud": "${aws_cognito_identity_pool.authentication_identity_pool.id}"
        },
        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
    }


def test_the_functions_may_do_their_work_and_log_it_only(stacks_of: StacksOf) -> None:
    names = load("dev").names
    traces = {"*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}}
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert granted(stacks_of("dev"), "seeder_role_policy") == {
        names.table_arn: {"dynamodb:BatchWriteItem"},
        f"{names.log_group_arn(names.function_log_group(names.seeder))}:*": logs,
        **traces,
    }
    assert granted(stacks_of("dev"), "search_setup_setup_role_policy") == {
        "${aws_cognito_user_pool.authentication_user_pool.arn}": {
            "cognito-idp:DescribeUserPoolClient",
            "cognito-idp:ListUserPoolClients",
            "cognito-idp:UpdateUserPoolClient",
        },
        f"{names.log_group_arn(names.function_log_group(names.search_setup))}:*": logs,
        **traces,
    }


@pytest.mark.parametrize("stack", ["pipeline", "seeding"])
def test_functions_run_one_at_a_time_and_are_traced(stack: str, stacks_of: StacksOf) -> None:
    function = one(stacks_of("dev"), stack, "aws_lambda_function")
    assert function["reserved_concurrent_executions"] == 1
    assert function["tracing_config"] == {"mode": "Active"}


def test_the_domain_is_encrypted_and_speaks_modern_tls_only(environment: str, stacks_of: StacksOf) -> None:
    domain = one(stacks_of(environment), "pipeline", "aws_opensearch_domain")
    key = load(environment).kms_key_arn
    assert domain["encrypt_at_rest"] == {"enabled": True, **({"kms_key_id": key} if key else {})}
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
        "aws_cloudwatch_log_resource_policy.search_log_delivery",
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


def test_the_token_decides_about_the_role_and_nobodys_group_gets_none(environment: str, stacks_of: StacksOf) -> None:
    stacks = stacks_of(environment)
    attachment = one(stacks, "pipeline", "aws_cognito_identity_pool_roles_attachment")
    assert attachment["roles"] == {"authenticated": "${aws_iam_role.authentication_no_group_role.arn}"}
    assert attachment["role_mapping"] == [
        {
            "ambiguous_role_resolution": "Deny",
            "identity_provider": "${aws_cognito_user_pool.authentication_user_pool.endpoint}:"
            "${one(data.aws_cognito_user_pool_clients.authentication_dashboards_clients.client_ids)}",
            "type": "Token",
        }
    ]
    assert "no_group_role_policy" not in json.dumps(stacks)
    groups = stacks["pipeline"]["resource"]["aws_cognito_user_group"].values()
    assert {group["name"]: group["role_arn"] for group in groups} == {
        "administrators": "${aws_iam_role.authentication_administrators_role.arn}",
        "analysts": "${aws_iam_role.authentication_analysts_role.arn}",
    }


def test_only_administrators_create_users_and_passwords_are_strong(environment: str, stacks_of: StacksOf) -> None:
    pool = one(stacks_of(environment), "pipeline", "aws_cognito_user_pool")
    assert pool["admin_create_user_config"] == {"allow_admin_create_user_only": True}
    password = pool["password_policy"]
    assert password["minimum_length"] >= 14
    assert all(password[f"require_{what}"] for what in ("lowercase", "uppercase", "numbers", "symbols"))
    assert pool["software_token_mfa_configuration"] == {"enabled": True}
    assert pool["mfa_configuration"] == ("OPTIONAL" if load(environment).dashboards.mfa == "optional" else "ON")


def test_sessions_end_after_half_a_day(environment: str, stacks_of: StacksOf) -> None:
    event = json.loads(one(stacks_of(environment), "pipeline", "aws_lambda_invocation")["input"])
    assert event["sessions"] == {
        "user_pool_id": "${aws_cognito_user_pool.authentication_user_pool.id}",
        "token_minutes": 60,
        "session_minutes": 720,
    }


def test_no_resource_brings_the_secret_of_a_client_into_the_state(environment: str, stacks_of: StacksOf) -> None:
    kinds = {kind for stack in stacks_of(environment).values() for kind in stack["resource"]}
    assert kinds.isdisjoint({"aws_cognito_managed_user_pool_client", "aws_cognito_user_pool_client"})


def test_threat_protection_comes_with_the_plan_that_has_it(synthesized: Callable[[Settings], Stacks]) -> None:
    dev = load("dev")
    people = dev.dashboards.model_copy(update={"threat_protection": "enforced"})
    pool = one(synthesized(dev.model_copy(update={"dashboards": people})), "pipeline", "aws_cognito_user_pool")
    assert pool["user_pool_add_ons"] == {"advanced_security_mode": "ENFORCED"}
    assert pool["user_pool_tier"] == "PLUS"


def test_the_table_can_be_exported_streamed_and_restored(environment: str, stacks_of: StacksOf) -> None:
    table = one(stacks_of(environment), "pipeline", "aws_dynamodb_table")
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["stream_enabled"] is True
    assert table["stream_view_type"] == "NEW_AND_OLD_IMAGES"
    assert table["point_in_time_recovery"] == {"enabled": True}
    key = load(environment).kms_key_arn
    assert table["server_side_encryption"] == {"enabled": True, **({"kms_key_arn": key} if key else {})}


@pytest.mark.parametrize(
    ("stack", "bucket", "logs_to"),
    [("state", "state", True), ("state", "logs", False), ("pipeline", "ingestion_export", True)],
)
def test_buckets_are_private_encrypted_versioned_logged_and_tls_only(
    environment: str, stack: str, bucket: str, logs_to: bool, stacks_of: StacksOf
) -> None:
    names, key = load(environment).names, load(environment).kms_key_arn

    def part(kind: str, noun: str) -> dict[str, Any]:
        return dict(stacks_of(environment)[stack]["resource"][f"aws_s3_bucket_{kind}"][f"{bucket}_{noun}"])

    block = part("public_access_block", "public_access")
    assert all(
        block[f] for f in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    )
    assert part("versioning", "versioning")["versioning_configuration"] == {"status": "Enabled"}
    assert part("ownership_controls", "ownership")["rule"] == {"object_ownership": "BucketOwnerEnforced"}
    (rule,) = part("server_side_encryption_configuration", "encryption")["rule"]
    encryption = rule["apply_server_side_encryption_by_default"]
    # S3 delivers access logs only to buckets that it encrypts with its own keys.
    assert encryption.get("kms_master_key_id") == (key if bucket != "logs" else None)
    assert encryption["sse_algorithm"] == ("aws:kms" if key and bucket != "logs" else "AES256")
    denied = json.loads(part("policy", "policy")["policy"])["Statement"][0]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert part("lifecycle_configuration", "lifecycle")["rule"]
    if logs_to:
        assert part("logging", "access_logs")["target_bucket"] in (
            names.access_log_bucket,
            "${aws_s3_bucket.logs_bucket.id}",
        )


def test_the_buckets_of_the_state_stack_are_never_destroyed(environment: str, stacks_of: StacksOf) -> None:
    for bucket in stacks_of(environment)["state"]["resource"]["aws_s3_bucket"].values():
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


def test_log_groups_are_where_the_services_write_and_encrypted_in_production(
    environment: str, stacks_of: StacksOf
) -> None:
    settings = load(environment)
    groups = stacks_of(environment)["pipeline"]["resource"]["aws_cloudwatch_log_group"]
    assert groups["ingestion_logs"]["name"].startswith("/aws/vendedlogs/")
    assert len(groups) == 4
    for group in groups.values():
        assert group["retention_in_days"] == settings.log_retention_days
        assert group.get("kms_key_id") == settings.kms_key_arn
    assert settings.kms_key_arn is not None or not settings.production


def test_in_a_network_everything_that_meets_the_domain_is_inside(synthesized: Callable[[Settings], Stacks]) -> None:
    network = Network(subnet_ids=("subnet-01234567",), security_group_ids=("sg-01234567",))
    stacks = synthesized(load("dev").model_copy(update={"network": network}))
    place = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
    assert one(stacks, "pipeline", "aws_opensearch_domain")["vpc_options"] == place
    assert one(stacks, "pipeline", "aws_lambda_function")["vpc_config"] == place
    assert one(stacks, "seeding", "aws_lambda_function")["vpc_config"] == place
    assert one(stacks, "pipeline", "aws_osis_pipeline")["vpc_options"] == [
        {**place, "vpc_endpoint_management": "SERVICE"}
    ]
    assert "ec2:CreateNetworkInterface" in granted(stacks, "search_setup_setup_role_policy")["*"]


def test_no_secret_is_in_the_json(environment: str, stacks_of: StacksOf) -> None:
    assert not re.search(r'"(password|temporary_password|secret)":', json.dumps(stacks_of(environment)))
