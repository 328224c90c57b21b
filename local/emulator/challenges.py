"""Signing in to a user pool: password, new password, authenticator app. With moto anybody can skip the last two.

Left out, and refused by name where it is asked for: every flow but USER_PASSWORD_AUTH, every second factor but the app,
and an app that is set up by somebody already signed in. Not checked: that a sign-in takes minutes, a code works once.
"""

import base64
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from moto.cognitoidp.exceptions import (
    CodeMismatchException,
    InvalidParameterException,
    NotAuthorizedError,
    ResourceNotFoundError,
    UserNotConfirmedException,
)
from moto.cognitoidp.models import (
    CognitoIdpBackend,
    CognitoIdpUser,
    CognitoIdpUserPool,
    CognitoIdpUserPoolClient,
    UserStatus,
)
from moto.cognitoidp.utils import check_secret_hash
from moto.core.exceptions import JsonRESTError

from local import totp

_FLOW = "USER_PASSWORD_AUTH"
_SECRET_BYTES = 20  # of a SHA-1 key, RFC 4226 section 4
_NEW_PASSWORD, _SET_UP, _CODE = "NEW_PASSWORD_REQUIRED", "MFA_SETUP", "SOFTWARE_TOKEN_MFA"


class _PasswordResetRequiredError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self) -> None:
        super().__init__("PasswordResetRequiredException", "Password reset required for the user")


class _EnableSoftwareTokenError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self) -> None:
        super().__init__("EnableSoftwareTokenMFAException", "Code mismatch")


@dataclass
class _Attempt:
    """A sign-in under way. `app` is the secret of an authenticator app that is being set up, Base32."""

    pool: CognitoIdpUserPool
    client: CognitoIdpUserPoolClient
    user: CognitoIdpUser
    login: str
    challenge: str = ""
    app: str | None = None
    app_works: bool = False


def install() -> None:
    """Puts this way of signing in, which asks for everything that the pool demands, in the place of moto's."""
    CognitoIdpBackend.initiate_auth = _initiate
    CognitoIdpBackend.admin_initiate_auth = _initiate_as_administrator
    CognitoIdpBackend.respond_to_auth_challenge = _respond
    CognitoIdpBackend.associate_software_token = _associate
    CognitoIdpBackend.verify_software_token = _verify


def _initiate(
    backend: CognitoIdpBackend, client_id: str, auth_flow: str, auth_parameters: dict[str, str]
) -> dict[str, Any]:
    found = ((pool, pool.clients[client_id]) for pool in backend.user_pools.values() if client_id in pool.clients)
    pool, client = next(found, (None, None))
    if pool is None or client is None:
        raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")
    if auth_flow != _FLOW:
        raise InvalidParameterException(f"The local AWS signs people in with {_FLOW} only, not with {auth_flow}")
    login, password = auth_parameters.get("USERNAME", ""), auth_parameters.get("PASSWORD", "")
    _admit(client, login, auth_parameters)
    user = pool._get_user(login)
    if user is None or not user.password or not hmac.compare_digest(user.password.encode(), password.encode()):
        raise NotAuthorizedError("Incorrect username or password.")
    if not user.enabled:
        raise NotAuthorizedError("User is disabled.")
    return _proceed(backend, _Attempt(pool, client, user, login))


def _initiate_as_administrator(_: CognitoIdpBackend, *arguments: Any) -> dict[str, Any]:
    *_, flow, _ = arguments
    raise InvalidParameterException(f"The local AWS signs people in with InitiateAuth and {_FLOW}, not with {flow}")


def _respond(
    backend: CognitoIdpBackend, session: str, client_id: str, challenge_name: str, challenge_responses: dict[str, str]
) -> dict[str, Any]:
    attempt = _attempt(backend, session, challenge_name)
    if attempt.client.id != client_id or attempt.pool._get_user(challenge_responses.get("USERNAME")) != attempt.user:
        raise NotAuthorizedError("Invalid session for the user.")
    _admit(attempt.client, challenge_responses["USERNAME"], challenge_responses)
    if challenge_name == _NEW_PASSWORD:
        password = challenge_responses.get("NEW_PASSWORD", "")
        backend._validate_password(attempt.pool.id, password)
        attempt.user.password, attempt.user.status = password, UserStatus.CONFIRMED
        del backend.sessions[session]
        return _proceed(backend, attempt)
    if challenge_name == _SET_UP and not attempt.app_works:
        raise InvalidParameterException("The authenticator app is not verified: VerifySoftwareToken comes first")
    if challenge_name == _CODE and not _is_code(attempt.user.app, challenge_responses.get(f"{_CODE}_CODE", "")):
        raise CodeMismatchException("Invalid code received for user")
    del backend.sessions[session]
    return _tokens(backend, attempt)


def _associate(backend: CognitoIdpBackend, access_token: str | None, session: str | None) -> dict[str, str]:
    attempt = _attempt(backend, _not_yet_signed_in(access_token, session), _SET_UP)
    attempt.app = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    return {"SecretCode": attempt.app, "Session": _renewed(backend, session, attempt)}


def _verify(
    backend: CognitoIdpBackend, access_token: str | None, session: str | None, user_code: str, friendly_device_name: str
) -> dict[str, str]:
    del friendly_device_name
    attempt = _attempt(backend, _not_yet_signed_in(access_token, session), _SET_UP)
    if not _is_code(attempt.app, user_code):
        raise _EnableSoftwareTokenError
    attempt.app_works = True
    attempt.user.app = attempt.app
    attempt.user.token_verified = attempt.user.software_token_mfa_enabled = True
    attempt.user.preferred_mfa_setting = _CODE
    return {"Status": "SUCCESS", "Session": _renewed(backend, session, attempt)}


def _admit(client: CognitoIdpUserPoolClient, login: str, given: dict[str, str]) -> None:
    """Refuses what the app client does not allow."""
    if f"ALLOW_{_FLOW}" in client.extended_config.get("ExplicitAuthFlows", ()):
        if client.generate_secret and not check_secret_hash(client.secret, client.id, login, given.get("SECRET_HASH")):
            raise NotAuthorizedError(f"SecretHash does not match for the client: {client.id}")
    # The flow stands for the hosted sign-in page too, where a client with the code grant sends people, secret or not.
    elif "code" not in client.extended_config.get("AllowedOAuthFlows", ()):
        raise InvalidParameterException(f"{_FLOW} flow not enabled for this client")


def _proceed(backend: CognitoIdpBackend, attempt: _Attempt) -> dict[str, Any]:
    """The next challenge; tokens when there is none."""
    user, mfa = attempt.user, attempt.pool.mfa_config
    if user.status == UserStatus.UNCONFIRMED:
        raise UserNotConfirmedException("User is not confirmed.")
    if user.status == UserStatus.RESET_REQUIRED:
        raise _PasswordResetRequiredError
    if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
        return _challenge(backend, attempt, _NEW_PASSWORD, USER_ID_FOR_SRP=user.id, requiredAttributes="[]")
    if mfa == "ON" and not hasattr(user, "app"):
        return _challenge(backend, attempt, _SET_UP, MFAS_CAN_SETUP=json.dumps([_CODE]))
    if mfa == "ON" or (mfa == "OPTIONAL" and user.software_token_mfa_enabled):
        return _challenge(backend, attempt, _CODE, USER_ID_FOR_SRP=user.id)
    return _tokens(backend, attempt)


def _challenge(backend: CognitoIdpBackend, attempt: _Attempt, name: str, **parameters: str) -> dict[str, Any]:
    attempt.challenge = name
    session = _renewed(backend, None, attempt)
    return {"ChallengeName": name, "ChallengeParameters": parameters, "Session": session}


def _tokens(backend: CognitoIdpBackend, attempt: _Attempt) -> dict[str, Any]:
    tokens: dict[str, Any] = backend._log_user_in(attempt.pool, attempt.client, attempt.login)
    return tokens


def _attempt(backend: CognitoIdpBackend, session: str | None, challenge: str) -> _Attempt:
    attempt = backend.sessions.get(session)
    if not isinstance(attempt, _Attempt) or attempt.challenge != challenge:
        raise NotAuthorizedError("Invalid session for the user.")
    return attempt


def _not_yet_signed_in(access_token: str | None, session: str | None) -> str | None:
    if access_token:
        raise InvalidParameterException("In the local AWS an authenticator app is set up while signing in, not after")
    return session


def _renewed(backend: CognitoIdpBackend, session: str | None, attempt: _Attempt) -> str:
    """A session takes one answer: with each the client gets another."""
    backend.sessions.pop(session, None)
    session = secrets.token_urlsafe(32)
    backend.sessions[session] = attempt
    return session


def _is_code(secret: str | None, given: str) -> bool:
    """One step of 30 s before and after counts too: clocks differ, and people type slowly (RFC 6238, section 5.2)."""
    near = (time.time() + steps * totp.STEP_SECONDS for steps in (-1, 0, 1))
    return secret is not None and any(hmac.compare_digest(totp.code(secret, then), given) for then in near)
