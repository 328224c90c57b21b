"""How long people stay signed in: settings of the app client that OpenSearch Service made for Dashboards.

Not Terraform's work: whatever adopts that client into a state puts its secret there too.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from .domain import SetupFailed

# Clients that the service makes are named so; there is one for each domain that uses the pool.
PREFIX = "AmazonOpenSearchService-"


def cognito() -> Any:
    """A client that gives up in half a minute, where a network lets nothing through to Cognito."""
    return boto3.client("cognito-idp", config=Config(connect_timeout=5, read_timeout=5, retries={"max_attempts": 3}))


def limit(users: Any, wanted: Mapping[str, Any]) -> int:
    """Tokens of `token_minutes` and a new sign-in after `session_minutes`; how many clients changed.

    `users` is a client of cognito-idp. Raises SetupFailed where the user pool has no client of the service.
    """
    pool = wanted["user_pool_id"]
    found = users.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    ids = [client["ClientId"] for client in found if client["ClientName"].startswith(PREFIX)]
    if not ids:
        raise SetupFailed(f"the user pool {pool} has no client {PREFIX}…: turn on Cognito for the domain first")
    return sum(_limit(users, pool, client_id, wanted) for client_id in ids)


def _limit(users: Any, pool: str, client_id: str, wanted: Mapping[str, Any]) -> bool:
    client = users.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    # What else is told of a client grows with the boto3 of Lambda's runtime, and no update takes it.
    taken = users.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
    there = {name: value for name, value in client.items() if name in taken}
    limited = {
        **there,
        "AccessTokenValidity": wanted["token_minutes"],
        "IdTokenValidity": wanted["token_minutes"],
        "RefreshTokenValidity": wanted["session_minutes"],
        "TokenValidityUnits": dict.fromkeys(("AccessToken", "IdToken", "RefreshToken"), "minutes"),
        "EnableTokenRevocation": True,
        "PreventUserExistenceErrors": "ENABLED",
    }
    if limited == there:
        return False
    # What is left out of an update goes back to its default.
    users.update_user_pool_client(**limited)
    return True
