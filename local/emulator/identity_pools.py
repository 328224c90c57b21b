"""Identity pools: who has an ID token of a user pool gets credentials of the role that the pool's mapping names.

moto keeps no roles and gives everybody the same credentials. https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cognitoidentity.exceptions import ResourceNotFoundError
from moto.cognitoidentity.models import CognitoIdentityPool, cognitoidentity_backends
from moto.cognitoidentity.responses import CognitoIdentityResponse
from moto.cognitoidp.exceptions import InvalidParameterException, NotAuthorizedError
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.core.exceptions import JsonRESTError

from local.emulator.authorization import Authorizer, signed_in
from local.emulator.refusals import Refusal
from local.emulator.user_pools import id_token_claims, is_enabled

_SESSION_NAME = "CognitoIdentityCredentials"


class _ConfigurationError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, why: str) -> None:
        sentence = f"Invalid identity pool configuration. Check assigned IAM roles for this pool. {why}"
        super().__init__("InvalidIdentityPoolConfigurationException", sentence)


@dataclass(frozen=True)
class _Login:
    """Who a pool has found a token to be good for; `claims` are the token's."""

    provider: str
    claims: Mapping[str, Any]

    @property
    def subject(self) -> tuple[str, str]:
        return self.provider, self.claims["sub"]


@dataclass(frozen=True)
class _Identity:
    identity_id: str
    pool_id: str
    subject: tuple[str, str]


class IdentityPools:
    """Asks `authorizer` whether a role trusts the pool and the person."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._identities: dict[str, _Identity] = {}

    def install(self) -> None:
        """Puts these pools in the place of moto's."""

        def get_id(response: CognitoIdentityResponse) -> str:
            return self._get_id(json.loads(response.body))

        def get_credentials(response: CognitoIdentityResponse) -> str:
            return self._get_credentials(json.loads(response.body))

        CognitoIdentityResponse.set_identity_pool_roles = _set_roles
        CognitoIdentityResponse.get_identity_pool_roles = _get_roles
        CognitoIdentityResponse.get_id = get_id
        CognitoIdentityResponse.get_credentials_for_identity = get_credentials

    def _get_id(self, given: Mapping[str, Any]) -> str:
        pool = _pool(given["IdentityPoolId"])
        login = _login(pool, given.get("Logins"))
        known = (
            identity
            for identity in self._identities.values()
            if (identity.pool_id, identity.subject) == (pool.identity_pool_id, login.subject)
        )
        identity = next(known, None)
        if identity is None:
            identity_id = f"{pool.identity_pool_id.partition(':')[0]}:{uuid.uuid4()}"
            identity = _Identity(identity_id, pool.identity_pool_id, login.subject)
            self._identities[identity_id] = identity
        return json.dumps({"IdentityId": identity.identity_id})

    def _get_credentials(self, given: Mapping[str, Any]) -> str:
        identity_id = given["IdentityId"]
        identity = self._identities.get(identity_id)
        if identity is None:
            raise ResourceNotFoundError(f"Identity '{identity_id}' not found.")
        pool = _pool(identity.pool_id)
        login = _login(pool, given.get("Logins"))
        if login.subject != identity.subject:
            raise NotAuthorizedError("Logins don't match. Please include at least one valid login for this identity.")
        role = _role(pool, login, given.get("CustomRoleArn"))
        methods = (login.provider, f"{login.provider}:CognitoSignIn:{login.claims['sub']}")
        person = signed_in(pool.identity_pool_id, identity_id, methods)
        region = identity_id.partition(":")[0]
        session = self._authorizer.assume(person, role, _SESSION_NAME, region, "sts:AssumeRoleWithWebIdentity")
        if isinstance(session, Refusal):
            raise _ConfigurationError(session.message)
        credentials = {
            "AccessKeyId": session.access_key_id,
            "SecretKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expiration.timestamp(),
        }
        return json.dumps({"IdentityId": identity_id, "Credentials": credentials})


def _login(pool: CognitoIdentityPool, logins: Mapping[str, str] | None) -> _Login:
    """Raises NotAuthorizedError for a token that the pool does not accept, and for none."""
    if not logins:
        why = (
            "The local AWS knows no unauthenticated identities."
            if pool.allow_unauthenticated_identities
            else "Unauthenticated access is not supported for this identity pool."
        )
        raise NotAuthorizedError(why)
    if len(logins) > 1:
        raise InvalidParameterException("The local AWS takes one login at a time, the token of a user pool")
    ((provider, token),) = logins.items()
    clients = {
        known["ClientId"]: known for known in pool.cognito_identity_providers or [] if known["ProviderName"] == provider
    }
    if not clients:
        raise NotAuthorizedError("Token is not from a supported provider of this identity pool.")
    claims = id_token_claims(token, provider)
    client = clients.get(claims["aud"])
    if client is None:
        raise NotAuthorizedError("Invalid login token. Incorrect token audience.")
    if client.get("ServerSideTokenCheck") and not is_enabled(provider, claims["sub"]):
        raise NotAuthorizedError("Invalid login token. The user is disabled or deleted.")
    return _Login(provider, claims)


def _role(pool: CognitoIdentityPool, login: _Login, asked_for: str | None) -> str:
    """ARN of the role that the pool gives to a person who signed in."""
    kept = _roles(pool)
    mapping = kept.get("RoleMappings", {}).get(f"{login.provider}:{login.claims['aud']}")
    granted = login.claims.get("cognito:roles", []) if mapping else []
    if asked_for and asked_for not in granted:
        raise NotAuthorizedError(f"Access denied: the token does not carry the role {asked_for}")
    preferred = login.claims.get("cognito:preferred_role") if mapping else None
    if role := asked_for or preferred or (granted[0] if len(granted) == 1 else None):
        return str(role)
    if mapping and mapping.get("AmbiguousRoleResolution") != "AuthenticatedRole":
        found = "several roles and prefers none" if granted else "no role, for the user is in no group that has one"
        raise NotAuthorizedError(f"Access denied: the token carries {found}")
    default = kept.get("Roles", {}).get("authenticated")
    if default is None:
        raise _ConfigurationError("It has no role for authenticated identities.")
    return str(default)


def _set_roles(response: CognitoIdentityResponse) -> str:
    given = json.loads(response.body)
    pool = _pool(given["IdentityPoolId"])
    mappings = given.get("RoleMappings", {})
    for provider, mapping in mappings.items():
        if mapping["Type"] != "Token":
            raise InvalidParameterException(
                f"The local AWS maps roles of the type Token only; that of {provider} is {mapping['Type']}"
            )
    pool.roles = {"Roles": given["Roles"], "RoleMappings": mappings}
    return ""


def _get_roles(response: CognitoIdentityResponse) -> str:
    identity_pool_id = json.loads(response.body)["IdentityPoolId"]
    return json.dumps({"IdentityPoolId": identity_pool_id, **_roles(_pool(identity_pool_id))})


def _roles(pool: CognitoIdentityPool) -> dict[str, Any]:
    roles: dict[str, Any] = getattr(pool, "roles", {})
    return roles


def _pool(identity_pool_id: str) -> CognitoIdentityPool:
    """The Region is the id's, for a request without a signature names none."""
    region = identity_pool_id.partition(":")[0]
    backends = cognitoidentity_backends[ACCOUNT]
    pool = backends[region].identity_pools.get(identity_pool_id) if region in backends else None
    if pool is None:
        raise ResourceNotFoundError(f"IdentityPool '{identity_pool_id}' not found.")
    return pool
