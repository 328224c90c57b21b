"""Secure settings, asserted one by one on what Terraform gets."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from settings import load
from stacks.policies import WITHOUT_RESOURCE
from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized, event, granted, key_of, of_pipeline, one


def running(stacks: Stacks) -> Stacks:
    return {name: stack for name, stack in stacks.items() if name != "delivery"}


def policies(stacks: Stacks) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy and trust document of IAM of what runs; a collection's are of another kind.

    Whoever deploys is looked at in test_delivery.py.
    """
    for stack in running(stacks).values():
        for kind, resources in stack["resource"].items():
            if kind.startswith("aws_opensearchserverless_"):
                continue
            for name, resource in resources.items():
                for argument in ("policy", "assume_role_policy", "access_policies", "policy_document"):
                    if argument in resource:
                        for statement in json.loads(resource[argument])["Statement"]:
                            yield f"{kind}.{name}.{argument}", statement


def test_no_policy_allows_more_than_named_actions_on_named_resources(environment: str, stacks_of: StacksOf) -> None:
    for where, statement in policies(stacks_of(environment)):
        if statement["Effect"] == "Allow":
            wild = [action for action in statement["Action"] if "*" in action and action != "es:ESHttp*"]
            assert wild == [], where
            if "*" in statement.get("Resource", []):
                # Which IAM knows no resource for, as tests/synth/test_service_authorization.py sees.
                assert WITHOUT_RESOURCE.issuperset(statement["Action"]), where
            assert statement.get("Principal") != "*", where


def test_no_managed_policy_is_attached(environment: str, stacks_of: StacksOf) -> None:
    text = json.dumps(running(stacks_of(environment)))
    assert "policy_attachment" not in text
    assert "managed_policy_arns" not in text
    assert "FullAccess" not in text


def test_every_service_is_trusted_for_one_source_only(environment: str, stacks_of: StacksOf) -> None:
    """Roles and resource policies: a service gets in for resources of this account, and for those it is meant for."""
    settings = load(environment)
    names = settings.names
    sources: dict[str, list[Any]] = {
        "osis-pipelines.amazonaws.com": [f"arn:aws:osis:{settings.region}:{settings.account_id}:pipeline/*"],
        # No page of AWS's says that Lambda names the function when it takes an execution role.
        "lambda.amazonaws.com": [None],
        "logging.s3.amazonaws.com": [[names.bucket_arn(names.state_bucket), names.export_bucket_arn]],
    }
    if settings.domain:
        sources["opensearchservice.amazonaws.com"] = sources["es.amazonaws.com"] = [names.domain_arn]
    if settings.alarms:
        sources["cloudwatch.amazonaws.com"] = [names.any_alarm_arn]
    if settings.network and settings.network.cidr:
        sources["vpc-flow-logs.amazonaws.com"] = [names.any_flow_log_arn]
    if settings.hours:
        sources["scheduler.amazonaws.com"] = [names.schedule_group_arn]
    seen = set()
    for where, statement in policies(stacks_of(environment)):
        principal = statement.get("Principal", {})
        if not isinstance(principal, dict) or "Service" not in principal:
            continue
        (service,) = principal["Service"]
        if service == f"logs.{settings.region}.amazonaws.com":
            # The key's policy, whose condition is the group that is encrypted (tests/synth/test_key.py).
            continue
        seen.add(service)
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": names.account_id}, where
        assert statement["Condition"].get("ArnLike", {}).get("aws:SourceArn") in sources[service], where
    assert seen == sources.keys()


def test_the_domain_lets_in_named_roles_for_named_methods(with_domain: str, stacks_of: StacksOf) -> None:
    policy = json.loads(one(stacks_of(with_domain), "pipeline", "aws_opensearch_domain")["access_policies"])
    methods = {role: set(s["Action"]) for s in policy["Statement"] for role in s["Principal"]["AWS"]}
    pipelines = [of_pipeline(pipeline, "role") for pipeline in load(with_domain).pipelines]
    writing = {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"}
    assert methods == {
        **{f"${{aws_iam_role.{role}.arn}}": writing for role in pipelines},
        "${aws_iam_role.search_setup_setup_role.arn}": {
            "es:ESHttpDelete",
            "es:ESHttpGet",
            "es:ESHttpPost",
            "es:ESHttpPut",
        },
        "${aws_iam_role.dead_letters_replay_role.arn}": {"es:ESHttpPost"},
        "${aws_iam_role.authentication_administrators_role.arn}": {"es:ESHttp*"},
        "${aws_iam_role.authentication_analysts_role.arn}": {"es:ESHttp*"},
    }


def test_the_master_is_the_role_of_the_set_up_function_and_there_are_no_passwords(
    with_domain: str, stacks_of: StacksOf
) -> None:
    assert one(stacks_of(with_domain), "pipeline", "aws_opensearch_domain")["advanced_security_options"] == {
        "enabled": True,
        "internal_user_database_enabled": False,
        "master_user_options": {"master_user_arn": "${aws_iam_role.search_setup_setup_role.arn}"},
    }


def test_nobody_has_every_right_inside_the_domain(environment: str, stacks_of: StacksOf) -> None:
    prefix, prepared = load(environment).names.prefix, event(stacks_of(environment))
    if load(environment).collection:
        # It has no roles inside (tests/synth/test_collection.py).
        assert (prepared["roles"], [one["role"] for one in prepared["generations"]]) == ({}, [None])
        return
    people = {f"{prefix}-administrator"} if load(environment).domain else set()
    ours = {f"{prefix}-reader", f"{prefix}-dead-letters"} | people
    assert prepared["roles"].keys() == prepared["mappings"].keys() == ours
    for role in (*prepared["roles"].values(), *(generation["role"] for generation in prepared["generations"])):
        rights = {*role["cluster_permissions"], *(a for i in role["index_permissions"] for a in i["allowed_actions"])}
        assert rights.isdisjoint({"*", "indices_all", "cluster_all", "unlimited"})


def test_an_applications_role_may_search_and_nothing_else(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    reader = "arn:aws:iam::111122223333:role/shop"
    stacks = synthesized(settings_with({"domain.reader_roles": [reader]}))
    policy = json.loads(one(stacks, "pipeline", "aws_opensearch_domain")["access_policies"])
    (methods,) = [s["Action"] for s in policy["Statement"] if reader in s["Principal"]["AWS"]]
    assert methods == ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"]
    mappings = event(stacks)["mappings"]
    assert [role for role, arns in mappings.items() if reader in arns] == ["shop-test-reader"]


GROUP_ROLES = ("administrators", "analysts", "no_group")


@pytest.mark.parametrize("group", GROUP_ROLES)
def test_group_roles_are_for_authenticated_identities_of_this_pool(
    group: str, with_domain: str, stacks_of: StacksOf
) -> None:
    role = stacks_of(with_domain)["pipeline"]["resource"]["aws_iam_role"][f"authentication_{group}_role"]
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
    assert granted(stacks_of("dev"), "seeder_orders_seeder_role_policy") == {
        names.table_arn("shop-dev-orders"): {"dynamodb:BatchWriteItem"},
        names.log_group_arn("/aws/lambda/shop-dev-orders-seeder:*"): logs,
        **traces,
    }
    assert granted(stacks_of("dev"), "search_setup_setup_role_policy") == {
        "${aws_cognito_user_pool.authentication_user_pool.arn}": {
            "cognito-idp:DescribeUserPoolClient",
            "cognito-idp:ListUserPoolClients",
            "cognito-idp:UpdateUserPoolClient",
        },
        names.log_group_arn("/aws/lambda/shop-dev-search-setup:*"): logs,
        **traces,
    }


def test_functions_run_as_often_at_once_as_they_are_invoked_and_are_traced(
    environment: str, stacks_of: StacksOf
) -> None:
    """Terraform invokes the set-up ten times at once; all others have one thing to do after the other."""
    functions = {
        name: function
        for stack in stacks_of(environment).values()
        for name, function in stack["resource"].get("aws_lambda_function", {}).items()
    }
    seeded = [table for table in load(environment).tables.values() if table.seeding]
    assert len(functions) == 2 + len(seeded)
    for name, function in functions.items():
        at_once = 10 if name == "search_setup_setup_function" else 1
        assert function["reserved_concurrent_executions"] == at_once
        assert function["timeout"] == 900
        assert function["tracing_config"] == {"mode": "Active"}


def test_the_domain_is_encrypted_and_speaks_modern_tls_only(with_domain: str, stacks_of: StacksOf) -> None:
    domain = one(stacks_of(with_domain), "pipeline", "aws_opensearch_domain")
    key = key_of(load(with_domain))
    assert domain["encrypt_at_rest"] == {"enabled": True, **({"kms_key_id": key} if key else {})}
    assert domain["node_to_node_encryption"] == {"enabled": True}
    assert domain["domain_endpoint_options"] == {
        "enforce_https": True,
        "tls_security_policy": "Policy-Min-TLS-1-2-PFS-2023-10",
    }
    assert domain["cognito_options"]["enabled"] is True


def test_the_domain_is_destroyed_before_what_it_signs_in_with(with_domain: str, stacks_of: StacksOf) -> None:
    domain = one(stacks_of(with_domain), "pipeline", "aws_opensearch_domain")
    assert set(domain["depends_on"]) >= {
        "aws_cognito_user_pool_domain.authentication_sign_in_domain",
        "aws_iam_role_policy.authentication_search_role_policy",
        "aws_cloudwatch_log_resource_policy.search_log_delivery",
    }


def test_sign_in_survives_the_next_apply(with_domain: str, stacks_of: StacksOf) -> None:
    pool = one(stacks_of(with_domain), "pipeline", "aws_cognito_identity_pool")
    assert pool["lifecycle"]["ignore_changes"] == ["cognito_identity_providers"]
    assert pool["allow_unauthenticated_identities"] is False
    assert pool["allow_classic_flow"] is False


def test_the_token_decides_about_the_role_and_nobodys_group_gets_none(with_domain: str, stacks_of: StacksOf) -> None:
    stacks = stacks_of(with_domain)
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


def test_only_administrators_create_users_and_passwords_are_strong(with_domain: str, stacks_of: StacksOf) -> None:
    pool = one(stacks_of(with_domain), "pipeline", "aws_cognito_user_pool")
    assert pool["admin_create_user_config"] == {"allow_admin_create_user_only": True}
    password = pool["password_policy"]
    assert password["minimum_length"] >= 14
    assert all(password[f"require_{what}"] for what in ("lowercase", "uppercase", "numbers", "symbols"))
    assert pool["software_token_mfa_configuration"] == {"enabled": True}
    assert pool["mfa_configuration"] == ("OPTIONAL" if load(with_domain).dashboards.mfa == "optional" else "ON")


def test_sessions_end_after_half_a_day(with_domain: str, stacks_of: StacksOf) -> None:
    assert event(stacks_of(with_domain))["sessions"] == {
        "user_pool_id": "${aws_cognito_user_pool.authentication_user_pool.id}",
        "token_minutes": 60,
        "session_minutes": 720,
    }


def test_no_resource_brings_the_secret_of_a_client_into_the_state(environment: str, stacks_of: StacksOf) -> None:
    kinds = {kind for stack in stacks_of(environment).values() for kind in stack["resource"]}
    assert kinds.isdisjoint({"aws_cognito_managed_user_pool_client", "aws_cognito_user_pool_client"})


def test_threat_protection_comes_with_the_plan_that_has_it(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    settings = settings_with({"dashboards.threat_protection": "enforced"})
    pool = one(synthesized(settings), "pipeline", "aws_cognito_user_pool")
    assert pool["user_pool_add_ons"] == {"advanced_security_mode": "ENFORCED"}
    assert pool["user_pool_tier"] == "PLUS"


@pytest.mark.parametrize(
    ("stack", "bucket", "logs_to"),
    [("state", "state", True), ("state", "logs", False), ("pipeline", "export", True)],
)
def test_buckets_are_private_encrypted_versioned_logged_and_tls_only(
    environment: str, stack: str, bucket: str, logs_to: bool, stacks_of: StacksOf
) -> None:
    names, key = load(environment).names, key_of(load(environment), stack)

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
    # Whoever waits for the policy waits for all that a first object needs.
    resources = stacks_of(environment)[stack]["resource"]
    parts = {f"{kind}.{name}" for kind in resources for name in resources[kind] if kind.startswith("aws_s3_bucket")}
    of_bucket = {name for name in parts if name.split(".")[1].startswith(f"{bucket}_")}
    policy, rules = f"aws_s3_bucket_policy.{bucket}_policy", f"aws_s3_bucket_lifecycle_configuration.{bucket}_lifecycle"
    assert set(part("policy", "policy")["depends_on"]) == of_bucket - {policy, rules}
    assert part("lifecycle_configuration", "lifecycle")["rule"]
    assert part("lifecycle_configuration", "lifecycle")["depends_on"] == [policy]
    if logs_to:
        assert part("logging", "access_logs")["target_bucket"] in (
            names.access_log_bucket,
            "${aws_s3_bucket.logs_bucket.id}",
        )


def test_the_buckets_of_the_state_stack_are_never_destroyed(environment: str, stacks_of: StacksOf) -> None:
    for bucket in stacks_of(environment)["state"]["resource"]["aws_s3_bucket"].values():
        assert bucket["lifecycle"] == {"prevent_destroy": True}
        assert bucket["force_destroy"] is False


@pytest.mark.parametrize(
    ("environment_name", "protected"), [("prod", True), ("minimal", True), ("dev", False), ("many-tables", False)]
)
def test_what_holds_data_is_protected_unless_told_otherwise(
    environment_name: str, protected: bool, stacks_of: StacksOf
) -> None:
    resources = stacks_of(environment_name)["pipeline"]["resource"]
    for kind, argument, value in (
        ("aws_dynamodb_table", "deletion_protection_enabled", protected),
        ("aws_cognito_user_pool", "deletion_protection", "ACTIVE" if protected else "INACTIVE"),
        ("aws_s3_bucket", "force_destroy", not protected),
    ):
        assert {resource[argument] for resource in resources[kind].values()} == {value}, kind
    for kind in ("aws_dynamodb_table", "aws_cognito_user_pool", "aws_opensearch_domain", "aws_s3_bucket"):
        for resource in resources[kind].values():
            assert resource.get("lifecycle", {}).get("prevent_destroy", False) is protected, kind


@pytest.mark.parametrize("protected", [True, False])
def test_a_network_that_holds_a_domain_is_not_replaced(
    protected: bool, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    changes = {"network": {"cidr": "10.0.0.0/24"}, "deletion_protection": protected}
    (vpc,) = synthesized(settings_with(changes))["pipeline"]["resource"]["aws_vpc"].values()
    assert vpc.get("lifecycle") == ({"prevent_destroy": True} if protected else None)


def test_log_groups_are_where_the_services_write_and_encrypted_in_production(
    environment: str, stacks_of: StacksOf
) -> None:
    settings, stacks = load(environment), stacks_of(environment)
    names = settings.names
    seeders = [f"/aws/lambda/{names.prefix}-{key}-seeder" for key, table in settings.tables.items() if table.seeding]
    pipelines = [f"/aws/vendedlogs/OpenSearchIngestion/{one.names.pipeline}" for one in settings.pipelines]
    domain = [f"/aws/opensearch/{names.prefix}/{kind}" for kind in ("audit", "errors") if settings.domain]
    functions = [f"/aws/lambda/{names.prefix}-{name}" for name in ("dead-letters", "search-setup")]
    flows = [f"/aws/vpc/{names.prefix}-private"] if settings.network and settings.network.cidr else []
    groups = [
        (name, group)
        for name, stack in stacks.items()
        for group in stack["resource"].get("aws_cloudwatch_log_group", {}).values()
    ]
    assert sorted(group["name"] for _, group in groups) == sorted([*seeders, *pipelines, *domain, *flows, *functions])
    for stack, group in groups:
        assert group["retention_in_days"] == settings.log_retention_days
        assert group.get("kms_key_id") == key_of(settings, stack)
    assert key_of(settings) is not None or not settings.production


def test_in_a_network_everything_that_meets_the_domain_is_inside(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    place = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
    stacks = synthesized(settings_with({"network": place}))
    assert one(stacks, "pipeline", "aws_opensearch_domain")["vpc_options"] == place
    functions = stacks["pipeline"]["resource"]["aws_lambda_function"].values()
    assert [function["vpc_config"] for function in functions] == [place, place]
    assert one(stacks, "seeding", "aws_lambda_function")["vpc_config"] == place
    assert one(stacks, "pipeline", "aws_osis_pipeline")["vpc_options"] == [
        {**place, "vpc_endpoint_management": "SERVICE"}
    ]
    assert "ec2:CreateNetworkInterface" in granted(stacks, "search_setup_setup_role_policy")["*"]


def test_no_secret_is_in_the_json(environment: str, stacks_of: StacksOf) -> None:
    assert not re.search(r'"(password|temporary_password|secret)":', json.dumps(stacks_of(environment)))


def test_the_audit_log_tells_of_refusals_and_changes_and_of_nobodys_data(with_domain: str, stacks_of: StacksOf) -> None:
    audit = event(stacks_of(with_domain))["audit"]
    assert audit["enabled"]
    for layer in ("rest", "transport"):
        assert {"AUTHENTICATED", "GRANTED_PRIVILEGES"} <= set(audit["audit"][f"disabled_{layer}_categories"])
    assert not audit["audit"]["log_request_body"]
    assert audit["compliance"]["internal_config"]
    assert not audit["compliance"]["read_watched_fields"]
    assert not audit["compliance"]["write_watched_indices"]


def test_the_audit_log_may_be_off(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    assert event(synthesized(settings_with({"domain.audit": False})))["audit"] == {"enabled": False}
