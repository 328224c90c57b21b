"""What Terraform needs of the local AWS beyond moto."""

from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.conftest import Client


@pytest.fixture
def identity_pool(client: Client) -> str:
    pool: dict[str, Any] = client("cognito-identity").create_identity_pool(
        IdentityPoolName="pool", AllowUnauthenticatedIdentities=False
    )
    identity_pool_id: str = pool["IdentityPoolId"]
    return identity_pool_id


def test_identity_pool_keeps_its_roles(client: Client, identity_pool: str) -> None:
    cognito = client("cognito-identity")
    assert "Roles" not in cognito.get_identity_pool_roles(IdentityPoolId=identity_pool)
    given = {
        "IdentityPoolId": identity_pool,
        "Roles": {"authenticated": "arn:aws:iam::123456789012:role/reader"},
        "RoleMappings": {"provider:client": {"Type": "Token", "AmbiguousRoleResolution": "Deny"}},
    }
    cognito.set_identity_pool_roles(**given)
    assert given.items() <= cognito.get_identity_pool_roles(IdentityPoolId=identity_pool).items()


def test_roles_of_an_unknown_identity_pool_are_an_error(client: Client) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("cognito-identity").get_identity_pool_roles(IdentityPoolId="us-east-1:0")


def test_state_lock_is_taken_once(client: Client) -> None:
    """Terraform's `use_lockfile` rests on conditional writes."""
    s3 = client("s3")
    s3.create_bucket(Bucket="state")
    s3.put_object(Bucket="state", Key="key.tflock", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="state", Key="key.tflock", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="state", Key="key.tflock")["Body"].read() == b"first"


def test_domain_is_ready_at_once_with_the_known_endpoint(client: Client, emulator: Any) -> None:
    opensearch = client("opensearch")
    opensearch.create_domain(DomainName="search", EngineVersion="OpenSearch_2.19")
    domain = opensearch.describe_domain(DomainName="search")["DomainStatus"]
    assert domain["Endpoint"] == emulator.domain_endpoint
    assert domain["Created"]
    assert not domain["Processing"]
    with pytest.raises(ClientError, match="serves the domain 'search' already"):
        opensearch.create_domain(DomainName="another")


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        ("logs", "create_log_group", {"logGroupName": "a group"}, "ValidationException"),
        ("opensearch", "create_domain", {"DomainName": "Search"}, "ValidationException"),
        ("iam", "create_role", {"RoleName": "a role", "AssumeRolePolicyDocument": "{}"}, "ValidationError"),
        ("s3", "put_bucket_acl", {"Bucket": "state", "ACL": "mine"}, "InvalidArgument"),
    ],
)
def test_what_no_model_of_aws_allows_is_refused(
    emulator: Emulator, service: str, operation: str, given: dict[str, str], code: str
) -> None:
    """botocore looks at some of the constraints only before it sends."""
    with pytest.raises(ClientError, match="1 validation error detected: Value '") as refused:
        getattr(emulator.client(service), operation)(**given)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_also_what_is_not_signed_is_held_to_the_models(emulator: Emulator) -> None:
    session: Any = boto3.Session(region_name="us-east-1")
    anonymous = session.client(
        "cognito-idp", endpoint_url=emulator.endpoint_url, config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError, match=r"ValidationException.*at 'authFlow'"):
        anonymous.initiate_auth(ClientId="client", AuthFlow="BY_NAME", AuthParameters={})


def test_every_kind_of_node_is_there(client: Client) -> None:
    limits = client("opensearch").describe_instance_type_limits(
        InstanceType="r7g.large.search", EngineVersion="OpenSearch_2.19"
    )
    assert limits["LimitsByRole"].keys() == {"data", "master", "ultra_warm"}
