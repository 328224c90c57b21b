"""People sign in and get the credentials of their group's role; nobody else does, and nobody skips a step."""

import base64
import functools
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc import jwk, jwt
from moto.utilities.utils import load_resource

from local import people, totp
from local.emulator import Emulator
from local.people import Person, SignInRefused
from tests.local.cognito import REGION, Pools, create_pools, federated
from tests.local.policy_documents import Statement, allow


@pytest.fixture(scope="module")
def pools(emulator: Emulator) -> Pools:
    """With the groups administrators and analysts, in this order, and a default role that maps to nothing."""
    pools = create_pools(emulator)
    for precedence, name in enumerate(("administrators", "analysts")):
        pools.group(name, pools.role(name), precedence)
    pools.role("no-group")
    return pools


@pytest.fixture(autouse=True)
def mapping(pools: Pools) -> None:
    """What the stacks say: who has no role, or no clear one, gets none."""
    pools.map_roles(role_arn("no-group"), AmbiguousRoleResolution="Deny")


@pytest.fixture
def invite(pools: Pools, request: pytest.FixtureRequest) -> Callable[..., Person]:
    """Invites somebody named after the test, once, to groups; answers the person with the invitation in hand."""

    def person(*groups: str) -> Person:
        name = request.node.name.translate(str.maketrans("[]/:*", "-----")).lower()
        email = f"{name}@example.com"
        pools.invite(email, *groups)
        return people.invited(email, pools.aws.outbox)

    return person


def role_arn(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/{name}"


def who(session: boto3.Session, pools: Pools) -> str:
    """Name of the role whose credentials a session has."""
    arn: str = session.client("sts", endpoint_url=pools.aws.endpoint_url).get_caller_identity()["Arn"]
    return arn.split("/")[1]


@functools.cache
def unsigned(service: Any, pools: Pools) -> Any:
    config = Config(signature_version=UNSIGNED)
    return boto3.client(service, endpoint_url=pools.aws.endpoint_url, region_name=REGION, config=config)


def begin(person: Person, pools: Pools, **more: str) -> dict[str, Any]:
    parameters = {"USERNAME": person.email, "PASSWORD": person.password, **more}
    result: dict[str, Any] = unsigned("cognito-idp", pools).initiate_auth(
        ClientId=pools.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )
    return result


def respond(person: Person, pools: Pools, challenge: str, session: str, **answer: str) -> dict[str, Any]:
    result: dict[str, Any] = unsigned("cognito-idp", pools).respond_to_auth_challenge(
        ClientId=pools.client_id,
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": person.email, **answer},
    )
    return result


def tokens(person: Person, pools: Pools) -> dict[str, str]:
    """Of somebody who has signed in before."""
    assert person.app
    session = begin(person, pools)["Session"]
    code = totp.code(person.app, time.time())
    answer = respond(person, pools, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code)
    result: dict[str, str] = answer["AuthenticationResult"]
    return result


def logins(pools: Pools, token: str) -> dict[str, str]:
    return {pools.provider: token}


def get_id(pools: Pools, token: str) -> str:
    identity = unsigned("cognito-identity", pools).get_id(
        IdentityPoolId=pools.identity_pool, Logins=logins(pools, token)
    )
    identity_id: str = identity["IdentityId"]
    return identity_id


def test_first_sign_in_ends_with_the_role_of_the_group(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    temporary = person.password
    assert who(people.sign_in(person, pools.page), pools) == "analysts"
    assert person.password != temporary
    assert who(people.sign_in(person, pools.page), pools) == "analysts"
    with pytest.raises(SignInRefused, match=rf"{person.email} cannot sign in.*Incorrect username or password"):
        people.sign_in(Person(person.email, temporary, person.app), pools.page)


def test_the_same_person_keeps_the_identity(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    assert get_id(pools, tokens(person, pools)["IdToken"]) == get_id(pools, tokens(person, pools)["IdToken"])


def test_invitation_is_mailed_with_the_words_of_the_pool(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite()
    *_, mail = map(json.loads, pools.aws.outbox.read_text().splitlines())
    assert mail["to"] == person.email
    assert mail["subject"] == "Welcome"
    assert mail["text"] == f"{person.email} signs in with {mail['temporary_password']}"
    assert pools.aws.outbox.stat().st_mode & 0o777 == 0o600


def test_second_invitation_replaces_the_first(pools: Pools, invite: Callable[..., Person]) -> None:
    first = invite("analysts")
    pools.invite(first.email, MessageAction="RESEND")
    second = people.invited(first.email, pools.aws.outbox)
    with pytest.raises(SignInRefused, match="Incorrect username or password"):
        people.sign_in(first, pools.page)
    assert who(people.sign_in(second, pools.page), pools) == "analysts"
    with pytest.raises(ClientError, match=r"UnsupportedUserStateException.*CONFIRMED"):
        pools.invite(first.email, MessageAction="RESEND")


def test_suppressed_invitation_is_not_mailed(pools: Pools) -> None:
    before = pools.aws.outbox.read_text()
    pools.invite("silent@example.com", MessageAction="SUPPRESS")
    assert pools.aws.outbox.read_text() == before
    with pytest.raises(LookupError, match=r"no mail to silent@example\.com"):
        people.invited("silent@example.com", pools.aws.outbox)


def test_temporary_password_may_be_given_but_not_a_weak_one(pools: Pools) -> None:
    pools.invite("given@example.com", TemporaryPassword="Temporary-Pass-1")
    assert people.invited("given@example.com", pools.aws.outbox).password == "Temporary-Pass-1"
    with pytest.raises(ClientError, match="InvalidPasswordException"):
        pools.invite("weak@example.com", TemporaryPassword="weak")


def test_group_with_the_lowest_precedence_decides(pools: Pools, invite: Callable[..., Person]) -> None:
    assert who(people.sign_in(invite("analysts", "administrators"), pools.page), pools) == "administrators"


def test_who_is_in_no_group_gets_no_credentials(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite()
    with pytest.raises(SignInRefused, match=r"NotAuthorizedException.*Access denied: the token carries no role"):
        people.sign_in(person, pools.page)
    pools.map_roles(role_arn("no-group"), AmbiguousRoleResolution="AuthenticatedRole")
    assert who(people.sign_in(person, pools.page), pools) == "no-group"


def test_two_roles_of_the_same_precedence_are_ambiguous(pools: Pools, invite: Callable[..., Person]) -> None:
    pools.group("twin", role_arn("no-group"), 1)
    person = invite("analysts", "twin")
    with pytest.raises(SignInRefused, match="Access denied: the token carries several roles"):
        people.sign_in(person, pools.page)
    pools.map_roles(role_arn("no-group"), AmbiguousRoleResolution="AuthenticatedRole")
    assert who(people.sign_in(person, pools.page), pools) == "no-group"


def test_without_a_mapping_everybody_gets_the_default_role(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    pools.map_roles(role_arn("no-group"))
    assert who(people.sign_in(person, pools.page), pools) == "no-group"
    pools.map_roles()
    with pytest.raises(SignInRefused, match=r"InvalidIdentityPoolConfigurationException.*no role for authenticated"):
        people.sign_in(person, pools.page)


def test_role_may_be_asked_for_only_among_those_of_the_token(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts", "administrators")
    people.sign_in(person, pools.page)
    token, cognito = tokens(person, pools)["IdToken"], unsigned("cognito-identity", pools)
    asked = {"IdentityId": get_id(pools, token), "Logins": logins(pools, token)}
    credentials = cognito.get_credentials_for_identity(**asked, CustomRoleArn=role_arn("analysts"))["Credentials"]
    identity = pools.aws.client("sts", key=credentials["AccessKeyId"]).get_caller_identity()
    assert ":assumed-role/analysts/" in identity["Arn"]
    with pytest.raises(ClientError, match="does not carry the role"):
        cognito.get_credentials_for_identity(**asked, CustomRoleArn=role_arn("no-group"))


def test_mapping_by_rules_is_refused_by_name(pools: Pools) -> None:
    rule = {"Claim": "email", "MatchType": "Contains", "Value": "@", "RoleARN": role_arn("analysts")}
    mapping = {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [rule]}}
    with pytest.raises(ClientError, match="maps roles of the type Token only"):
        pools.client("cognito-identity").set_identity_pool_roles(
            IdentityPoolId=pools.identity_pool, Roles={}, RoleMappings={pools.provider: mapping}
        )


AUDIENCE = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:other"}}
AUTHENTICATED = {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}


@pytest.mark.parametrize(
    ("trust", "reason"),
    [
        (federated({**AUDIENCE, **AUTHENTICATED}), "no trust policy of the role allows"),
        (
            federated({**AUTHENTICATED, "StringLike": {"cognito-identity.amazonaws.com:aud": "us-east-1:*"}}),
            None,
        ),
        (federated(AUTHENTICATED), "add conditions on cognito-identity.amazonaws.com:aud and"),
        (allow("sts:AssumeRole", Principal={"Federated": "cognito-identity.amazonaws.com"}), "no trust policy"),
        (allow("sts:AssumeRoleWithWebIdentity", Principal={"AWS": "123456789012"}), "no trust policy"),
    ],
    ids=["other-pool", "any-pool-of-ours", "unpinned", "other-action", "account"],
)
def test_role_decides_whom_it_trusts(
    trust: Statement, reason: str | None, pools: Pools, invite: Callable[..., Person], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    pools.group(name, pools.role(name, trust))
    person = invite(name)
    if reason is None:
        assert who(people.sign_in(person, pools.page), pools) == name
        return
    with pytest.raises(SignInRefused, match=rf"InvalidIdentityPoolConfigurationException.*{reason}"):
        people.sign_in(person, pools.page)


def test_role_for_the_unauthenticated_is_not_for_people(pools: Pools, invite: Callable[..., Person]) -> None:
    pools.group("guests", pools.role("guests", pools.trust(method="unauthenticated")))
    with pytest.raises(SignInRefused, match="InvalidIdentityPoolConfigurationException"):
        people.sign_in(invite("guests"), pools.page)


def test_decision_about_the_role_is_written_down(pools: Pools, invite: Callable[..., Person]) -> None:
    people.sign_in(invite("analysts"), pools.page)
    *_, decision = map(json.loads, pools.aws.decisions_log.read_text().splitlines())
    del decision["time"]
    assert decision == {
        "who": "cognito-identity.amazonaws.com",
        "action": "sts:AssumeRoleWithWebIdentity",
        "resource": role_arn("analysts"),
        "result": "allow",
    }


def test_credentials_are_bound_by_the_role(pools: Pools, invite: Callable[..., Person]) -> None:
    session = people.sign_in(invite("analysts"), pools.page)
    with pytest.raises(ClientError, match=r"assumed-role/analysts/.* is not authorized to perform: iam:ListRoles"):
        session.client("iam", endpoint_url=pools.aws.endpoint_url).list_roles()


def test_nobody_gets_an_identity_without_signing_in(pools: Pools) -> None:
    with pytest.raises(ClientError, match=r"NotAuthorizedException.*Unauthenticated access is not supported"):
        unsigned("cognito-identity", pools).get_id(IdentityPoolId=pools.identity_pool)


def test_identity_is_good_only_with_its_own_token(pools: Pools, invite: Callable[..., Person]) -> None:
    person, other = invite("analysts"), Person("other@example.com", "")
    pools.invite(other.email, "analysts")
    other = people.invited(other.email, pools.aws.outbox)
    for one in (person, other):
        people.sign_in(one, pools.page)
    identity, cognito = get_id(pools, tokens(person, pools)["IdToken"]), unsigned("cognito-identity", pools)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        cognito.get_credentials_for_identity(IdentityId=identity)
    with pytest.raises(ClientError, match=r"NotAuthorizedException.*Logins don't match"):
        cognito.get_credentials_for_identity(IdentityId=identity, Logins=logins(pools, tokens(other, pools)["IdToken"]))
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*not found"):
        cognito.get_credentials_for_identity(IdentityId=f"{REGION}:00000000-0000-0000-0000-000000000000")


def signed(claims: dict[str, Any]) -> str:
    """With the key that every user pool of the local AWS has, so that only the claims are false."""
    key = load_resource("cognitoidp/resources/jwks-private.json")
    return jwt.encode({"alg": "RS256"}, claims, jwk.RSAKey.import_key(key))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"exp": 1}, "Token expired"),
        ({"aud": "another-client"}, "Incorrect token audience"),
        ({"token_use": "access"}, "Not a valid OpenId Connect identity token"),
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"}, "Issuer doesn't match"),
        ({"sub": "nobody"}, "disabled or deleted"),
    ],
    ids=["none", "expired", "audience", "use", "issuer", "user"],
)
def test_every_claim_of_a_token_is_checked(
    change: dict[str, Any], message: str | None, pools: Pools, invite: Callable[..., Person]
) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    payload = tokens(person, pools)["IdToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    if message is None:
        assert get_id(pools, signed({**claims, **change}))
        return
    with pytest.raises(ClientError, match=rf"NotAuthorizedException.*{message}"):
        get_id(pools, signed({**claims, **change}))


def test_token_of_another_signer_is_refused(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    header, payload, _ = tokens(person, pools)["IdToken"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = jwt.encode({"alg": "RS256"}, claims, jwk.RSAKey.generate_key(2048))
    for token in (forged, f"{header}.{payload}.", "nonsense"):
        with pytest.raises(ClientError, match=r"NotAuthorizedException.*Token signature invalid"):
            get_id(pools, token)


def test_access_token_is_no_id_token(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        get_id(pools, tokens(person, pools)["AccessToken"])


def test_token_of_a_client_that_the_identity_pool_does_not_know_is_refused(
    pools: Pools, invite: Callable[..., Person]
) -> None:
    stranger = pools.client("cognito-idp").create_user_pool_client(
        UserPoolId=pools.user_pool, ClientName="stranger", AllowedOAuthFlows=["code"]
    )["UserPoolClient"]["ClientId"]
    person = invite("analysts")
    with pytest.raises(SignInRefused, match="Incorrect token audience"):
        people.sign_in(person, pools.through(stranger).page)


def test_user_pool_that_the_identity_pool_does_not_know_is_refused(pools: Pools) -> None:
    other = create_pools(pools.aws)
    other.invite("stranger@example.com")
    stranger = people.invited("stranger@example.com", pools.aws.outbox)
    people_of_ours = Pools(pools.aws, other.user_pool, pools.identity_pool, other.client_id)
    with pytest.raises(SignInRefused, match="not from a supported provider of this identity pool"):
        people.sign_in(stranger, people_of_ours.page)


def test_disabled_user_is_out_at_once(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    token = tokens(person, pools)["IdToken"]
    pools.client("cognito-idp").admin_disable_user(UserPoolId=pools.user_pool, Username=person.email)
    with pytest.raises(ClientError, match="disabled or deleted"):
        get_id(pools, token)
    with pytest.raises(SignInRefused, match="User is disabled"):
        people.sign_in(person, pools.page)


def test_new_password_must_satisfy_the_policy(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    started = begin(person, pools)
    assert started["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with pytest.raises(ClientError, match="InvalidPasswordException"):
        respond(person, pools, "NEW_PASSWORD_REQUIRED", started["Session"], NEW_PASSWORD="short")


def test_no_step_of_a_sign_in_can_be_skipped(pools: Pools, invite: Callable[..., Person]) -> None:
    person, cognito = invite("analysts"), unsigned("cognito-idp", pools)
    session = begin(person, pools)["Session"]
    for step in ("MFA_SETUP", "SOFTWARE_TOKEN_MFA"):
        with pytest.raises(ClientError, match="Invalid session"):
            respond(person, pools, step, session, SOFTWARE_TOKEN_MFA_CODE="000000")
    with pytest.raises(ClientError, match="Invalid session"):
        cognito.associate_software_token(Session=session)
    answer = {"NEW_PASSWORD": "Correct-Horse-1-Battery"}
    with pytest.raises(ClientError, match="Invalid session"):
        respond(Person("given@example.com", ""), pools, "NEW_PASSWORD_REQUIRED", session, **answer)
    chosen = respond(person, pools, "NEW_PASSWORD_REQUIRED", session, **answer)
    assert chosen["ChallengeName"] == "MFA_SETUP"
    assert json.loads(chosen["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    with pytest.raises(ClientError, match="Invalid session"):
        respond(person, pools, "NEW_PASSWORD_REQUIRED", session, **answer)
    with pytest.raises(ClientError, match="VerifySoftwareToken comes first"):
        respond(person, pools, "MFA_SETUP", chosen["Session"])
    app = cognito.associate_software_token(Session=chosen["Session"])
    with pytest.raises(ClientError, match="EnableSoftwareTokenMFAException"):
        cognito.verify_software_token(Session=app["Session"], UserCode=other_code(app["SecretCode"]))
    with pytest.raises(ClientError, match="VerifySoftwareToken comes first"):
        respond(person, pools, "MFA_SETUP", app["Session"])
    code = totp.code(app["SecretCode"], time.time())
    verified = cognito.verify_software_token(Session=app["Session"], UserCode=code)
    assert respond(person, pools, "MFA_SETUP", verified["Session"])["AuthenticationResult"]["IdToken"]


def other_code(secret: str) -> str:
    """A code that an app with this secret shows at no moment near now."""
    near = {totp.code(secret, time.time() + steps * totp.STEP_SECONDS) for steps in range(-2, 3)}
    return next(code for number in range(6) if (code := f"{number:06}") not in near)


def test_code_is_asked_for_every_time_and_is_the_persons_own(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    people.sign_in(person, pools.page)
    assert person.app
    with pytest.raises(SignInRefused, match="has set up no authenticator app"):
        people.sign_in(Person(person.email, person.password), pools.page)
    challenge = begin(person, pools)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    for wrong in (other_code(person.app), "", "0"):
        with pytest.raises(ClientError, match="CodeMismatchException"):
            respond(person, pools, "SOFTWARE_TOKEN_MFA", challenge["Session"], SOFTWARE_TOKEN_MFA_CODE=wrong)
    past = totp.code(person.app, time.time() - 10 * totp.STEP_SECONDS)
    with pytest.raises(ClientError, match="CodeMismatchException"):
        respond(person, pools, "SOFTWARE_TOKEN_MFA", challenge["Session"], SOFTWARE_TOKEN_MFA_CODE=past)


@pytest.mark.parametrize("mfa", ["OFF", "OPTIONAL"])
def test_pool_that_does_not_demand_a_second_factor_asks_for_none(mfa: str, emulator: Emulator) -> None:
    pools = create_pools(emulator, mfa=mfa)
    pools.map_roles(pools.role(f"mfa-{mfa.lower()}"))
    pools.invite(f"{mfa}@example.com")
    person = people.invited(f"{mfa}@example.com", emulator.outbox)
    assert who(people.sign_in(person, pools.page), pools) == f"mfa-{mfa.lower()}"
    assert person.app is None


def test_client_without_the_flow_is_refused(pools: Pools, invite: Callable[..., Person]) -> None:
    person = invite("analysts")
    cognito = pools.client("cognito-idp")
    for flows in ({}, {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}):
        client = cognito.create_user_pool_client(UserPoolId=pools.user_pool, ClientName="srp", **flows)
        with pytest.raises(SignInRefused, match="USER_PASSWORD_AUTH flow not enabled for this client"):
            people.sign_in(person, pools.through(client["UserPoolClient"]["ClientId"]).page)


def test_flow_that_is_not_emulated_is_refused_by_name(pools: Pools, invite: Callable[..., Person]) -> None:
    parameters = {"USERNAME": invite().email, "SRP_A": "1"}
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH only, not with USER_SRP_AUTH"):
        unsigned("cognito-idp", pools).initiate_auth(
            ClientId=pools.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=parameters
        )
    with pytest.raises(ClientError, match=r"InvalidParameterException.*not with ADMIN_USER_PASSWORD_AUTH"):
        pools.client("cognito-idp").admin_initiate_auth(
            UserPoolId=pools.user_pool,
            ClientId=pools.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters=parameters,
        )


def test_client_with_a_secret_proves_that_it_knows_it(pools: Pools, invite: Callable[..., Person]) -> None:
    client = pools.client("cognito-idp").create_user_pool_client(
        UserPoolId=pools.user_pool,
        ClientName="secret",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]
    person, theirs = invite(), pools.through(client["ClientId"])
    with pytest.raises(SignInRefused, match="SecretHash does not match"):
        people.sign_in(person, theirs.page)
    message = f"{person.email}{client['ClientId']}".encode()
    proof = base64.b64encode(hmac.digest(client["ClientSecret"].encode(), message, hashlib.sha256)).decode()
    assert begin(person, theirs, SECRET_HASH=proof)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_nobody_signs_up(pools: Pools) -> None:
    with pytest.raises(ClientError, match="Missing Authentication Token"):
        unsigned("cognito-idp", pools).sign_up(
            ClientId=pools.client_id, Username="uninvited@example.com", Password="Correct-Horse-1-Battery"
        )
