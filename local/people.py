"""People who sign in to Dashboards: what its sign-in page does for them, up to the credentials of their role.

The hosted page of the user pool is not emulated: InitiateAuth with the password stands for it.
"""

import base64
import functools
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local import totp


class SignInRefused(Exception):
    """The message names the person, the step and AWS's reason."""


@dataclass(frozen=True)
class SignInPage:
    """`endpoint_url` is that of the local AWS, None AWS's own; `client_id` is the app client of OpenSearch Service.

    `client_secret` where the client lets passwords in by the API, and so asks for a proof that it is known.
    """

    endpoint_url: str | None
    region: str
    user_pool_id: str
    client_id: str
    identity_pool_id: str
    client_secret: str | None = field(default=None, repr=False)

    def proof(self, name: str) -> dict[str, str]:
        """As a parameter of a sign-in (Cognito developer guide, computing secret hash values)."""
        if self.client_secret is None:
            return {}
        digest = hmac.digest(self.client_secret.encode(), f"{name}{self.client_id}".encode(), hashlib.sha256)
        return {"SECRET_HASH": base64.b64encode(digest).decode()}


@dataclass
class Person:
    """What a person knows: at first what the invitation says, later what was chosen while signing in.

    `app` is the secret in the person's authenticator app, Base32.
    """

    email: str
    password: str
    app: str | None = None


def invited(email: str, outbox: Path) -> Person:
    """The person as the last invitation to `email` leaves them. Raises `LookupError` where there is none."""
    mails = map(json.loads, outbox.read_text().splitlines())
    passwords = [mail["temporary_password"] for mail in mails if mail["to"] == email]
    if not passwords:
        raise LookupError(f"no mail to {email} in {outbox}: create the user with an e-mail as delivery medium first")
    return Person(email, passwords[-1])


def password() -> str:
    """Long, and with a character of each kind that a pool can ask for."""
    return f"{secrets.token_urlsafe(24)}aA1!"


def sign_in(person: Person, page: SignInPage) -> boto3.Session:
    """A session with the credentials of the person's role, in the page's Region.

    Asked for a new password or an authenticator app, the person chooses one and remembers it. Raises `SignInRefused`.
    """
    try:
        return _credentials(page, _id_token(person, page))
    except ClientError as error:
        raise SignInRefused(f"{person.email} cannot sign in: {error}") from error


def _id_token(person: Person, page: SignInPage) -> str:
    cognito = _client("cognito-idp", page)
    answers: dict[str, Callable[[str], tuple[str, dict[str, str]]]] = {
        "NEW_PASSWORD_REQUIRED": lambda session: (session, {"NEW_PASSWORD": _new_password(person)}),
        "MFA_SETUP": lambda session: (_set_up_app(cognito, person, session), {}),
        "SOFTWARE_TOKEN_MFA": lambda session: (session, {"SOFTWARE_TOKEN_MFA_CODE": _code(person)}),
    }
    name = person.email
    result = cognito.initiate_auth(
        ClientId=page.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person.email, "PASSWORD": person.password, **page.proof(person.email)},
    )
    while challenge := result.get("ChallengeName"):
        if challenge not in answers:
            raise SignInRefused(f"{person.email} cannot sign in: nobody here can answer {challenge}")
        # Answers want the name that Cognito gave the person (API reference, AdminRespondToAuthChallenge).
        name = result["ChallengeParameters"].get("USER_ID_FOR_SRP", name)
        session, answer = answers[challenge](result["Session"])
        result = cognito.respond_to_auth_challenge(
            ClientId=page.client_id,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": name, **page.proof(name), **answer},
        )
    token: str = result["AuthenticationResult"]["IdToken"]
    return token


def _credentials(page: SignInPage, token: str) -> boto3.Session:
    cognito = _client("cognito-identity", page)
    logins = {f"cognito-idp.{page.region}.amazonaws.com/{page.user_pool_id}": token}
    identity = cognito.get_id(IdentityPoolId=page.identity_pool_id, Logins=logins)["IdentityId"]
    credentials = cognito.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"], credentials["SecretKey"], credentials["SessionToken"], region_name=page.region
    )


def _new_password(person: Person) -> str:
    person.password = password()
    return person.password


def _set_up_app(cognito: Any, person: Person, session: str) -> str:
    """The session to go on with once the app has shown that it works."""
    associated = cognito.associate_software_token(Session=session)
    person.app = associated["SecretCode"]
    verified = cognito.verify_software_token(Session=associated["Session"], UserCode=_code(person))
    going_on: str = verified["Session"]
    return going_on


def _code(person: Person) -> str:
    if person.app is None:
        raise SignInRefused(f"{person.email} cannot sign in: asked for a code, but has set up no authenticator app")
    return totp.code(person.app, time.time())


@functools.cache
def _client(service: str, page: SignInPage) -> Any:
    session: Any = boto3.Session(region_name=page.region)
    return session.client(service, endpoint_url=page.endpoint_url, config=Config(signature_version=UNSIGNED))
