"""Sessions are short, and nothing else about the client that the service made has changed."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.stub import Stubber
from moto import mock_aws

from functions.search_setup import sessions
from functions.search_setup.domain import SetupFailed

LIMITED = {
    "AccessTokenValidity",
    "EnableTokenRevocation",
    "IdTokenValidity",
    "PreventUserExistenceErrors",
    "RefreshTokenValidity",
    "TokenValidityUnits",
}
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


def anything(shape: Shape) -> Any:
    """A value with every member that the shape has."""
    if isinstance(shape, StructureShape):
        return {name: anything(member) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [anything(shape.member)]
    if isinstance(shape, MapShape):
        return {"any": anything(shape.value)}
    if isinstance(shape, StringShape):
        return next(iter(shape.enum), "x" * shape.metadata.get("min", 1))
    return {"boolean": True, "timestamp": "2026-01-01T00:00:00Z"}.get(shape.type_name, shape.metadata.get("min", 1))


def test_takes_over_all_that_an_update_takes_and_nothing_else(users: Any) -> None:
    """Whatever the service may tell of a client, by the model in botocore; Lambda's may be a newer one."""
    operation = users.meta.service_model.operation_model
    described = anything(operation("DescribeUserPoolClient").output_shape)
    client = described["UserPoolClient"]
    with Stubber(users) as stub:
        listed = {"UserPoolClients": [{"ClientId": client["ClientId"], "ClientName": f"{sessions.PREFIX}x"}]}
        stub.add_response("list_user_pool_clients", listed)
        stub.add_response("describe_user_pool_client", described)
        # Refused here like by the service: an unknown parameter.
        stub.add_response("update_user_pool_client", {})
        sent: dict[str, Any] = {}
        users.meta.events.register(
            "provide-client-params.cognito-idp.UpdateUserPoolClient", lambda params, **_: sent.update(params)
        )
        assert sessions.limit(users, {"user_pool_id": "any_pool", "token_minutes": 60, "session_minutes": 720}) == 1
    kept = {name: client[name] for name in sent if name not in LIMITED}
    assert sent.keys() == operation("UpdateUserPoolClient").input_shape.members.keys()
    assert sent.items() >= kept.items()


def test_no_function_updates_anything_else_with_what_it_was_told() -> None:
    """Another call of that kind needs a test like the one before."""
    found = {
        f"{file.name}: {call.func.attr}"
        for file in Path(sessions.__file__).parents[1].rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr.startswith(("put_", "update_")) and any(keyword.arg is None for keyword in call.keywords)
    }
    assert found == {"sessions.py: update_user_pool_client"}
