"""An analyst of an account signs in by the API: who set the password, and what of the service's app client changes."""

from pathlib import Path
from typing import Any

import pytest

from local import people
from local.account import DEFAULT_FLOWS, PASSWORDS, Account
from local.emulator import ACCOUNT, REGION, Emulator
from tests.local.cognito import create_pools
from tests.unit.conftest import settings_of

EMAIL = "analyst@example.com"


@pytest.fixture
def account(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    return Account(settings_of(tmp_path, {"account_id": ACCOUNT, "region": REGION}))


def test_who_was_never_invited_signs_in(emulator: Emulator, account: Account) -> None:
    pools, cognito = create_pools(emulator), account.client("cognito-idp")
    role = pools.role("analysts-of-the-account")
    pools.group(account.settings.dashboards.analysts.group, role)

    def described() -> dict[str, Any]:
        named = {"UserPoolId": pools.user_pool, "ClientId": client_id}
        client: dict[str, Any] = cognito.describe_user_pool_client(**named)["UserPoolClient"]
        return client

    # As OpenSearch Service makes one.
    client_id = cognito.create_user_pool_client(
        UserPoolId=pools.user_pool,
        ClientName="AmazonOpenSearchService-shop",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
    )["UserPoolClient"]["ClientId"]
    pools.register(client_id)
    pools.through(client_id).map_roles(AmbiguousRoleResolution="Deny")
    before = described()

    person = account.person(EMAIL, pools.user_pool)
    for _ in range(2):
        with account.sign_in_page(before, pools.identity_pool) as page:
            session = people.sign_in(person, page)
        assert session.client("sts").get_caller_identity()["Arn"].split("/")[1] == "analysts-of-the-account"
        # The password alone is not enough any more, and then the door is shut.
        assert person.app is not None
        flows = {"ExplicitAuthFlows": list(DEFAULT_FLOWS)}
        assert {**described(), "LastModifiedDate": None} == {**before, **flows, "LastModifiedDate": None}
    # Again, as after an interruption: the person is there, and gets another password.
    assert account.person(EMAIL, pools.user_pool).password != person.password
    assert emulator.outbox.read_text() == ""


def test_the_door_is_shut_after_a_failure(emulator: Emulator, account: Account) -> None:
    pools = create_pools(emulator)
    named = {"UserPoolId": pools.user_pool, "ClientId": pools.client_id}

    def flows() -> list[str]:
        client = pools.client("cognito-idp").describe_user_pool_client(**named)["UserPoolClient"]
        return list(client.get("ExplicitAuthFlows", ()))

    def failing() -> None:
        before = pools.client("cognito-idp").describe_user_pool_client(**named)["UserPoolClient"]
        with account.sign_in_page(before, pools.identity_pool):
            assert PASSWORDS in flows()
            raise LookupError

    with pytest.raises(LookupError):
        failing()
    assert flows() == list(DEFAULT_FLOWS)
