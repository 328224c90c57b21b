"""Sessions are short, and nothing else about the client that the service made has changed."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.search_setup import sessions
from functions.search_setup.domain import SetupFailed

PAGE = "https://search.example.com/_dashboards/app/home"


@pytest.fixture
def users() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("cognito-idp", "us-east-1", aws_access_key_id="any", aws_secret_access_key="any")


def client(users: Any, pool: str, name: str) -> str:
    made = users.create_user_pool_client(
        UserPoolId=pool,
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=[PAGE],
        SupportedIdentityProviders=["COGNITO"],
    )
    return str(made["UserPoolClient"]["ClientId"])


def test_limits_the_sessions_of_the_services_client_only(users: Any) -> None:
    pool = users.create_user_pool(PoolName="people")["UserPool"]["Id"]
    ours = client(users, pool, "AmazonOpenSearchService-orders-us-east-1-abc")
    other = client(users, pool, "other")

    def described(client_id: str) -> dict[str, Any]:
        return dict(users.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"])

    before, others = described(ours), described(other)
    wanted = {"user_pool_id": pool, "token_minutes": 60, "session_minutes": 720}
    assert sessions.limit(users, wanted) == 1
    after = described(ours)
    assert (after["RefreshTokenValidity"], after["IdTokenValidity"], after["AccessTokenValidity"]) == (720, 60, 60)
    assert set(after["TokenValidityUnits"].values()) == {"minutes"}
    kept = ("ClientSecret", "AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs", "SupportedIdentityProviders")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert described(other) == others
    assert sessions.limit(users, wanted) == 0


def test_says_what_is_missing_where_the_domain_is_not_connected(users: Any) -> None:
    pool = users.create_user_pool(PoolName="people")["UserPool"]["Id"]
    with pytest.raises(SetupFailed, match="has no client AmazonOpenSearchService-…: turn on Cognito for the domain"):
        sessions.limit(users, {"user_pool_id": pool, "token_minutes": 60, "session_minutes": 720})
