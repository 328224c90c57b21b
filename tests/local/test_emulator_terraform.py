"""What Terraform creates in the local AWS it finds there again as it was, and so has nothing left to do."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import tools
from local.emulator import Emulator
from local.terraform import Terraform
from tests.local.cognito import Pools, create_pools
from tests.local.policy_documents import Statement, allow, document

ACCOUNT = "123456789012"
Resources = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def pools(emulator: Emulator) -> Iterator[Pools]:
    """With a domain's connection to them, which Terraform would wait ten minutes for."""
    pools = create_pools(emulator)
    pools.client("cognito-idp").create_user_pool_domain(UserPoolId=pools.user_pool, Domain="connected")
    everything = allow(["cognito-idp:*", "cognito-identity:*"], "*")
    trust = service_trust("opensearchservice", "es", "domain/search")
    pools.role("connection", trust)
    pools.client("iam").put_role_policy(RoleName="connection", PolicyName="p", PolicyDocument=document(everything))
    emulator.client("opensearch").create_domain(
        DomainName="search",
        CognitoOptions={
            "Enabled": True,
            "UserPoolId": pools.user_pool,
            "IdentityPoolId": pools.identity_pool,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/connection",
        },
    )
    yield pools
    emulator.client("opensearch").delete_domain(DomainName="search")


@pytest.fixture
def apply(emulator: Emulator, tmp_path: Path) -> Callable[[Resources], Terraform]:
    """Applies these resources in the place of those that the test has applied before."""
    try:
        tools.require(tools.terraform)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    (tmp_path / "function.zip").write_bytes(package.getvalue())
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**ours, **tools.terraform_environment(tmp_path), **emulator.environment}
    terraform = Terraform(tmp_path, environment, tmp_path / "terraform.log")

    def applied(resources: Resources) -> Terraform:
        providers = {"aws": {"source": "hashicorp/aws", "version": tools.AWS_PROVIDER_VERSION}}
        configuration = {
            "terraform": {"required_providers": providers},
            "provider": {"aws": [{"region": "us-east-1"}]},
            "resource": resources,
        }
        (tmp_path / "main.tf.json").write_text(json.dumps(configuration))
        terraform.init()
        terraform.apply()
        return terraform

    return applied


def service_trust(name: str, prefix: str, resource: str) -> Statement:
    return allow(
        "sts:AssumeRole",
        Principal={"Service": f"{name}.amazonaws.com"},
        Condition={
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:{prefix}:us-east-1:{ACCOUNT}:{resource}"},
        },
    )


def people(pools: Pools) -> Resources:
    """Who may sign in, and as whom."""
    pool = "${aws_cognito_user_pool.people.id}"
    return {
        "aws_cognito_user_pool": {
            "people": {
                "name": "people",
                "username_attributes": ["email"],
                "auto_verified_attributes": ["email"],
                "username_configuration": {"case_sensitive": False},
                "mfa_configuration": "ON",
                "software_token_mfa_configuration": {"enabled": True},
                "user_pool_tier": "PLUS",
                "user_pool_add_ons": {"advanced_security_mode": "ENFORCED"},
                "admin_create_user_config": {"allow_admin_create_user_only": True},
                "password_policy": {"minimum_length": 14, "temporary_password_validity_days": 7},
                "account_recovery_setting": {"recovery_mechanism": [{"name": "verified_email", "priority": 1}]},
            }
        },
        "aws_cognito_user": {
            "ada": {
                "user_pool_id": pool,
                "username": "ada@example.com",
                "attributes": {"email": "ada@example.com", "email_verified": "true"},
                "desired_delivery_mediums": ["EMAIL"],
            }
        },
        "aws_iam_role": {
            "analysts": {"name": "analysts", "assume_role_policy": document(pools.trust())},
            "function": {
                "name": "function",
                "assume_role_policy": document(service_trust("lambda", "lambda", "function:function")),
            },
        },
        "aws_cognito_user_group": {
            "analysts": {
                "name": "analysts",
                "user_pool_id": pool,
                "description": "may look",
                "precedence": 2,
                "role_arn": "${aws_iam_role.analysts.arn}",
            }
        },
        "aws_cognito_user_in_group": {
            "ada": {
                "user_pool_id": pool,
                "group_name": "${aws_cognito_user_group.analysts.name}",
                "username": "${aws_cognito_user.ada.username}",
            }
        },
        "aws_cognito_managed_user_pool_client": {
            "dashboards": {
                "user_pool_id": pools.user_pool,
                "name_prefix": "AmazonOpenSearchService-",
                "prevent_user_existence_errors": "ENABLED",
                "id_token_validity": 60,
                "token_validity_units": [{"id_token": "minutes"}],
            }
        },
        "aws_cognito_identity_pool_roles_attachment": {
            "roles": {
                "identity_pool_id": pools.identity_pool,
                "roles": {"authenticated": "${aws_iam_role.analysts.arn}"},
                "role_mapping": [
                    {
                        "identity_provider": (
                            f"{pools.provider}:${{aws_cognito_managed_user_pool_client.dashboards.id}}"
                        ),
                        "type": "Token",
                        "ambiguous_role_resolution": "Deny",
                    }
                ],
            }
        },
    }


def machines() -> Resources:
    """A function with all that goes with it, and a bucket with access logs."""
    key = "${aws_kms_key.key.arn}"
    account = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    logging = allow(
        "s3:PutObject",
        "arn:aws:s3:::access-logs/*",
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    )
    return {
        "aws_kms_key": {"key": {"enable_key_rotation": True, "policy": document(account)}},
        "aws_kms_alias": {"key": {"name": "alias/key", "target_key_id": "${aws_kms_key.key.key_id}"}},
        "aws_sqs_queue": {"dead": {"name": "dead", "kms_master_key_id": key}},
        "aws_cloudwatch_log_group": {"log": {"name": "/aws/lambda/function", "kms_key_id": key}},
        "aws_lambda_function": {
            "function": {
                "function_name": "function",
                "role": "${aws_iam_role.function.arn}",
                "handler": "app.handler",
                "runtime": "python3.13",
                "filename": "function.zip",
                "reserved_concurrent_executions": 2,
                "kms_key_arn": key,
                "tracing_config": {"mode": "Active"},
                "dead_letter_config": {"target_arn": "${aws_sqs_queue.dead.arn}"},
                "logging_config": {"log_format": "JSON", "log_group": "${aws_cloudwatch_log_group.log.name}"},
                "environment": {"variables": {"GREETING": "hello"}},
            }
        },
        "aws_s3_bucket": {"data": {"bucket": "logged-data"}, "logs": {"bucket": "access-logs"}},
        "aws_s3_bucket_policy": {"logs": {"bucket": "${aws_s3_bucket.logs.id}", "policy": document(logging)}},
        "aws_s3_bucket_logging": {
            "data": {
                "bucket": "${aws_s3_bucket.data.id}",
                "target_bucket": "${aws_s3_bucket_policy.logs.bucket}",
                "target_prefix": "data/",
            }
        },
    }


def test_nothing_is_left_to_do(pools: Pools, apply: Callable[[Resources], Terraform]) -> None:
    resources = {**people(pools), **machines()}
    stack = apply(resources)
    assert not stack.has_changes()
    found = pools.client("cognito-idp").list_user_pool_clients(UserPoolId=pools.user_pool)["UserPoolClients"]
    names = [client["ClientName"] for client in found]
    assert len([name for name in names if name.startswith("AmazonOpenSearchService-search-")]) == 1

    function = resources["aws_lambda_function"]["function"]
    function["tracing_config"] = {"mode": "PassThrough"}
    function["environment"] = {"variables": {"GREETING": "goodbye"}}
    del function["kms_key_arn"], function["dead_letter_config"]
    resources["aws_cognito_user_group"]["analysts"]["precedence"] = 3
    resources["aws_cognito_user_pool"]["people"]["mfa_configuration"] = "OPTIONAL"
    assert not apply(resources).has_changes()


def test_a_budget_is_made_and_changed(apply: Callable[[Resources], Terraform], emulator: Emulator) -> None:
    budget: dict[str, Any] = {
        "name": "month",
        "budget_type": "COST",
        "time_unit": "MONTHLY",
        "limit_amount": "250",
        "limit_unit": "USD",
        "cost_filter": [{"name": "TagKeyValue", "values": ["user:environment$prod"]}],
        "notification": [
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": kind,
                "threshold": 100,
                "threshold_type": "PERCENTAGE",
                "subscriber_email_addresses": ["ann@example.com"],
            }
            for kind in ("ACTUAL", "FORECASTED")
        ],
        "tags": {"environment": "prod"},
    }
    resources: Resources = {"aws_budgets_budget": {"month": budget}}
    assert not apply(resources).has_changes()
    budget["limit_amount"] = "300"
    budget["notification"][0]["subscriber_email_addresses"] = ["ben@example.com"]
    budget["tags"] = {"project": "shop"}
    terraform = apply(resources)
    assert not terraform.has_changes()
    client, account = emulator.client("budgets"), {"AccountId": ACCOUNT, "BudgetName": "month"}
    assert client.describe_budget(**account)["Budget"]["BudgetLimit"] == {"Amount": "300", "Unit": "USD"}
    told = [
        client.describe_subscribers_for_notification(**account, Notification=one)["Subscribers"]
        for one in client.describe_notifications_for_budget(**account)["Notifications"]
    ]
    assert sorted(subscriber["Address"] for (subscriber,) in told) == ["ann@example.com", "ben@example.com"]
    terraform.destroy()
    with pytest.raises(ClientError, match="NotFoundException"):
        client.describe_budget(**account)
