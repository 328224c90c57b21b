"""What Terraform needs of the local AWS beyond moto."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

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
        client("cognito-identity").get_identity_pool_roles(IdentityPoolId="us-east-1:none")


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
