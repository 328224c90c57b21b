"""User pools beyond moto: invitations, the roles of groups in ID tokens, and checking who issued one."""

import json
import secrets
import string
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from moto.cognitoidp.exceptions import NotAuthorizedError
from moto.cognitoidp.models import (
    DEFAULT_USER_POOL_CONFIG,
    CognitoIdpGroup,
    CognitoIdpUser,
    CognitoIdpUserPool,
    UserStatus,
    cognitoidp_backends,
)
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from local.emulator import challenges

_TEMPORARY_PASSWORD_LENGTH = 20
# What UpdateUserPool leaves as it is, and moto forgets: what a pool is made with for good; tags, where none are given.
_KEPT = ("AliasAttributes", "UserPoolTags", "UsernameAttributes", "UsernameConfiguration")
_CHARACTERS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!@#%")


class _UnsupportedUserStateError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, status: str) -> None:
        super().__init__("UnsupportedUserStateException", f"User cannot be invited again, its status is {status}")


class UserPools:
    """`outbox` takes what Cognito would mail, one JSON line ``{"time", "to", "subject", "text", "temporary_password"}``
    for each mail; only its owner can read it.
    """

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()

    def install(self) -> None:
        """Invites users, asks them for all that the pool demands, and puts the roles of their groups into ID tokens."""
        self._outbox.unlink(missing_ok=True)
        self._outbox.touch(mode=0o600)
        challenges.install()
        # The plan that a pool is on where nobody asked for another; moto knows of none.
        DEFAULT_USER_POOL_CONFIG.setdefault("UserPoolTier", "ESSENTIALS")
        create_jwt = CognitoIdpUserPool.create_jwt
        configure = CognitoIdpUserPool.update_extended_config

        def configure_keeping(pool: CognitoIdpUserPool, given: dict[str, Any]) -> None:
            before = vars(pool).get("extended_config", {})
            configure(pool, {**{name: before[name] for name in _KEPT if name in before}, **given})

        def create_user(response: CognitoIdpResponse) -> ActionResult:
            return self._create_user(response)

        def create_with_roles(
            pool: CognitoIdpUserPool, client_id: str, username: str, token_use: str, **more: Any
        ) -> tuple[str, int]:
            if token_use == "id":  # noqa: S105 - a kind of token
                more["extra_data"].update(_personal_claims(pool._get_user(username)))
            token: tuple[str, int] = create_jwt(pool, client_id, username, token_use, **more)
            return token

        CognitoIdpResponse.admin_create_user = create_user
        CognitoIdpUserPool.create_jwt = create_with_roles
        CognitoIdpUserPool.update_extended_config = configure_keeping

    def _create_user(self, response: CognitoIdpResponse) -> ActionResult:
        """AdminCreateUser: moto makes no password, sends nothing, and makes a second user instead of inviting again."""
        given, backend = response.parameters, response.backend
        username, action = given["Username"], given.get("MessageAction")
        pool = backend.describe_user_pool(given["UserPoolId"])
        password = given.get("TemporaryPassword") or _temporary_password(pool)
        backend._validate_password(pool.id, password)
        if action == "RESEND":
            user = backend.admin_get_user(pool.id, username)
            if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
                raise _UnsupportedUserStateError(user.status.value)
            user.password = password
        else:
            user = backend.admin_create_user(pool.id, username, action, password, given.get("UserAttributes", []))
        email = user.attribute_lookup.get("email")
        if email and action != "SUPPRESS" and "EMAIL" in given.get("DesiredDeliveryMediums", ()):
            self._invite(pool, username, email, password)
        return ActionResult({"User": user.to_json(extended=True)})

    def _invite(self, pool: CognitoIdpUserPool, username: str, email: str, password: str) -> None:
        default = DEFAULT_USER_POOL_CONFIG["AdminCreateUserConfig"]["InviteMessageTemplate"]
        configured = pool.extended_config["AdminCreateUserConfig"].get("InviteMessageTemplate", {})
        template: Mapping[str, str] = {**default, **configured}
        mail = {
            "time": time.time(),
            "to": email,
            "subject": template["EmailSubject"],
            "text": template["EmailMessage"].replace("{username}", username).replace("{####}", password),
            "temporary_password": password,
        }
        with self._lock, self._outbox.open("a") as outbox:
            outbox.write(f"{json.dumps(mail)}\n")


def id_token_claims(token: str, provider: str) -> dict[str, Any]:
    """The claims of an ID token that the user pool behind `provider`, cognito-idp.REGION.amazonaws.com/POOL, issued.

    Raises NotAuthorizedError, which Cognito's identity pools answer too.
    """
    pool = _pool(provider)
    if pool is None:
        raise NotAuthorizedError("Invalid login token. Issuer doesn't match providerName")
    try:
        claims: dict[str, Any] = jwt.decode(token, pool.json_web_key, algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        raise NotAuthorizedError("Invalid login token. Token signature invalid.") from None
    if claims["iss"] != f"https://{provider}":
        raise NotAuthorizedError("Invalid login token. Issuer doesn't match providerName")
    now = int(time.time())
    if claims["exp"] <= now:
        raise NotAuthorizedError(f"Invalid login token. Token expired: {claims['exp']} >= {now}")
    if claims["token_use"] != "id":  # noqa: S105 - a kind of token
        raise NotAuthorizedError("Invalid login token. Not a valid OpenId Connect identity token.")
    return claims


def is_enabled(provider: str, subject: str) -> bool:
    """Whether the pool still has the user whose tokens have the claim `sub` of `subject`, and lets the user in."""
    pool = _pool(provider)
    return pool is not None and any(user.id == subject and user.enabled for user in pool.users.values())


def _pool(provider: str) -> CognitoIdpUserPool | None:
    pool_id = provider.rpartition("/")[2]
    region = pool_id.partition("_")[0]
    if region not in cognitoidp_backends[ACCOUNT]:
        return None
    return cognitoidp_backends[ACCOUNT][region].user_pools.get(pool_id)


def _personal_claims(user: CognitoIdpUser) -> dict[str, Any]:
    """E-mail, and the roles of the user's groups, of which that of the group with the lowest precedence is preferred.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
    """
    claims = {name: value for name, value in user.attribute_lookup.items() if name == "email"}
    with_role = sorted((group for group in user.groups if group.role_arn), key=_rank)
    if not with_role:
        return claims
    first = {group.role_arn for group in with_role if _rank(group) == _rank(with_role[0])}
    preferred = {"cognito:preferred_role": first.pop()} if len(first) == 1 else {}
    roles = dict.fromkeys(group.role_arn for group in with_role)
    return {**claims, "cognito:roles": list(roles), **preferred}


def _rank(group: CognitoIdpGroup) -> float:
    return float("inf") if group.precedence is None else group.precedence


def _temporary_password(pool: CognitoIdpUserPool) -> str:
    """Satisfies every password policy that a pool can have."""
    policy = pool.extended_config.get("Policies", {}).get("PasswordPolicy", {})
    length = max(_TEMPORARY_PASSWORD_LENGTH, policy.get("MinimumLength", 0))
    one_of_each = [secrets.choice(characters) for characters in _CHARACTERS]
    more = [secrets.choice("".join(_CHARACTERS)) for _ in range(length - len(one_of_each))]
    password = one_of_each + more
    secrets.SystemRandom().shuffle(password)
    return "".join(password)
