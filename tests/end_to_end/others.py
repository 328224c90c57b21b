"""What somebody else has in the account before we come."""

import json

from local.deployment import Deployment

OWNER = "owner"


def make_table(system: Deployment, name: str) -> None:
    """A table of orders that can be exported and followed."""
    dynamodb = system.aws.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    recover(system, name, enabled=True)


def recover(system: Deployment, table: str, *, enabled: bool) -> None:
    """Turn a table's point-in-time recovery on or off."""
    system.aws.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
    )


def make_role(system: Deployment, name: str) -> None:
    """A role that anybody of the account may take."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": system.settings.account_id}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    system.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))


def make_domain(system: Deployment, name: str) -> None:
    """A domain whose owners make our set-up function's role one of its masters."""
    names = system.settings.names
    system.await_node()
    make_role(system, OWNER)
    system.aws.client("opensearch").create_domain(
        DomainName=name,
        EngineVersion="OpenSearch_2.19",
        AdvancedSecurityOptions={
            "Enabled": True,
            "InternalUserDatabaseEnabled": False,
            "MasterUserOptions": {"MasterUserARN": names.role_arn(OWNER)},
        },
    )
    masters = [names.role_arn(OWNER), names.role_arn(names.search_setup_role)]
    system.search.transport.perform_request(
        "PUT", "/_plugins/_security/api/rolesmapping/all_access", body={"backend_roles": masters}
    )
