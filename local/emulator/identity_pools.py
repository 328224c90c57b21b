"""Roles of a Cognito identity pool, which moto does not keep; Terraform sets them and reads them back."""

import json
from typing import Any

from moto.cognitoidentity.exceptions import ResourceNotFoundError
from moto.cognitoidentity.responses import CognitoIdentityResponse


def install() -> None:
    """Adds SetIdentityPoolRoles and GetIdentityPoolRoles."""
    CognitoIdentityResponse.set_identity_pool_roles = _set_roles
    CognitoIdentityResponse.get_identity_pool_roles = _get_roles


def _set_roles(response: CognitoIdentityResponse) -> str:
    given = json.loads(response.body)
    pool = _pool(response, given["IdentityPoolId"])
    pool.roles = {"Roles": given["Roles"], "RoleMappings": given.get("RoleMappings", {})}
    return ""


def _get_roles(response: CognitoIdentityResponse) -> str:
    identity_pool_id = json.loads(response.body)["IdentityPoolId"]
    roles = getattr(_pool(response, identity_pool_id), "roles", {})
    return json.dumps({"IdentityPoolId": identity_pool_id, **roles})


def _pool(response: CognitoIdentityResponse, identity_pool_id: str) -> Any:
    pool = response.backend.identity_pools.get(identity_pool_id)
    if pool is None:
        raise ResourceNotFoundError(identity_pool_id)
    return pool
