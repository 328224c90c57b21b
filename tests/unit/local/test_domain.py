"""The domain that is made before Terraform: in CreateDomain's words, complete, and known to Terraform's state."""

import json

import pytest

from local import domain

POLICY = json.dumps({"Statement": [{"Principal": {"AWS": ["${aws_iam_role.master.arn}"]}}]})
STACK = {
    "resource": {
        "aws_opensearch_domain": {
            "search_domain": {
                "access_policies": POLICY,
                "advanced_security_options": {
                    "enabled": True,
                    "internal_user_database_enabled": False,
                    "master_user_options": {"master_user_arn": "${aws_iam_role.master.arn}"},
                },
                "cluster_config": {"instance_count": 1, "multi_az_with_standby_enabled": False},
                "cognito_options": {"enabled": True, "user_pool_id": "${aws_cognito_user_pool.people.id}"},
                "depends_on": ["aws_cloudwatch_log_resource_policy.delivery"],
                "domain_endpoint_options": {"enforce_https": True},
                "domain_name": "shop",
                "ebs_options": {"ebs_enabled": True, "volume_size": 10},
                "encrypt_at_rest": {"enabled": True},
                "log_publishing_options": [
                    {
                        "cloudwatch_log_group_arn": "${aws_cloudwatch_log_group.audit.arn}",
                        "enabled": True,
                        "log_type": "AUDIT_LOGS",
                    }
                ],
                "node_to_node_encryption": {"enabled": True},
                "timeouts": {"create": "90m"},
                "vpc_options": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
            }
        }
    }
}
ATTRIBUTES = {
    "aws_iam_role.master": {"arn": "arn:aws:iam::123456789012:role/master"},
    "aws_cognito_user_pool.people": {"id": "us-east-1_people"},
    "aws_cloudwatch_log_group.audit": {"arn": "arn:aws:logs:us-east-1:123456789012:log-group:audit"},
}


def test_what_the_domain_refers_to_or_waits_for_is_needed_before_it() -> None:
    assert domain.needed(STACK) == {*ATTRIBUTES, "aws_cloudwatch_log_resource_policy.delivery"}
    assert domain.needed({"resource": {"aws_dynamodb_table": {}}}) == set()


def test_everything_that_terraform_asks_for_is_in_the_request() -> None:
    assert domain.request(STACK, ATTRIBUTES) == {
        "DomainName": "shop",
        "AccessPolicies": POLICY.replace("${aws_iam_role.master.arn}", "arn:aws:iam::123456789012:role/master"),
        "AdvancedSecurityOptions": {
            "Enabled": True,
            "InternalUserDatabaseEnabled": False,
            "MasterUserOptions": {"MasterUserARN": "arn:aws:iam::123456789012:role/master"},
        },
        "ClusterConfig": {"InstanceCount": 1, "MultiAZWithStandbyEnabled": False},
        "CognitoOptions": {"Enabled": True, "UserPoolId": "us-east-1_people"},
        "DomainEndpointOptions": {"EnforceHTTPS": True},
        "EBSOptions": {"EBSEnabled": True, "VolumeSize": 10},
        "EncryptionAtRestOptions": {"Enabled": True},
        "LogPublishingOptions": {
            "AUDIT_LOGS": {
                "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:audit",
                "Enabled": True,
            }
        },
        "NodeToNodeEncryptionOptions": {"Enabled": True},
        "VPCOptions": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }


def test_what_is_not_in_the_state_yet_is_named() -> None:
    with pytest.raises(KeyError, match=r"aws_cognito_user_pool\.people"):
        domain.request(STACK, {name: one for name, one in ATTRIBUTES.items() if "cognito" not in name})


def test_the_state_knows_the_master_user_which_aws_never_tells() -> None:
    request = domain.request(STACK, ATTRIBUTES)
    assert domain.known(request, "arn:aws:es:us-east-1:123456789012:domain/shop") == {
        "id": "arn:aws:es:us-east-1:123456789012:domain/shop",
        "domain_name": "shop",
        "advanced_security_options": [
            {
                "enabled": True,
                "master_user_options": [{"master_user_arn": "arn:aws:iam::123456789012:role/master"}],
            }
        ],
    }
