"""What the function takes, and what it then does."""

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from functions.search_setup import events, sessions
from functions.search_setup.domain import Domain, SetupFailed
from functions.search_setup.handler import act
from tests.unit.search_setup.conftest import Api, of_a_generation

DomainOf = Callable[..., Domain]
Event = dict[str, Any]
LIFECYCLES = ("create", "update", "delete")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"endpoint": ""}, "data.endpoint must be longer than or equal to 1"),
        ({"audit": {"audit": {}}}, r"data.audit must contain \['enabled'\]"),
        ({"mappings": {"a": ["admin"]}}, "must match pattern"),
        ({"start_page": "https://elsewhere"}, "data.start_page must match pattern"),
        ({"sessions": {"user_pool_id": "a"}}, "data.sessions must contain"),
        ({"generations": None}, "data.generations must be array"),
        ({"more": 1}, "must not contain {'more'} properties"),
        ({"tf": {}}, "must not contain {'tf'} properties"),
        ({"action": "destroy"}, "action = 'destroy' is not allowed; give one of prepare, serve, retire"),
        ({"action": ["serve"]}, r"action = \['serve'\] is not allowed; give one of prepare, serve, retire"),
    ],
)
def test_refuses_an_event_that_is_not_its_own(event: Event, change: Event, message: str) -> None:
    events.check(event)
    with pytest.raises(events.BadEvent, match=f"^bad event: .*{message}"):
        events.check({**event, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generation": 0}, r"generations\[0\].generation must be bigger than or equal to 1"),
        ({"settled": "no"}, r"generations\[0\].settled must be boolean"),
        ({"families": []}, r"generations\[0\].families must contain at least 1 items"),
        ({"families": [{"alias": "orders"}]}, r"families\[0\] must contain \['pattern', 'properties', 'settings'\]"),
        ({"members": ["pipeline"]}, r"generations\[0\].members\[0\] must match pattern"),
        ({"more": 1}, "must not contain {'more'} properties"),
    ],
)
def test_refuses_a_generation_that_is_none(event: Event, change: Event, message: str) -> None:
    with pytest.raises(events.BadEvent, match=f"^bad event: .*{message}"):
        events.check({**event, "generations": [{**event["generations"][0], **change}]})


@pytest.mark.parametrize("action", ["serve", "retire"])
@pytest.mark.parametrize("lifecycle", LIFECYCLES)
def test_takes_what_terraform_adds(action: str, lifecycle: str) -> None:
    event = of_a_generation(action, lifecycle)
    assert events.check(event) == event


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tf": {"action": "read", "prev_input": None}}, "data.tf.action must be one of"),
        ({"tf": {"action": "create"}}, "data.tf must contain"),
        ({"generation": "1"}, "data.generation must be integer"),
        ({"roles": {}}, "must not contain {'roles'} properties"),
    ],
)
def test_refuses_what_terraform_does_not_say(change: Event, message: str) -> None:
    with pytest.raises(events.BadEvent, match=f"^bad event: .*{message}"):
        events.check({**of_a_generation("serve"), **change})


def test_prepared_a_generation_serves_and_leaves(api: Api, domain_of: DomainOf, event: Event) -> None:
    assert act(domain_of(), event, b"")["index_templates"] == 1
    assert act(domain_of(), of_a_generation("serve"), b"") == {"serving": 1, "switched": False}
    assert act(domain_of(), of_a_generation("serve", "delete"), b"") == {"serving": 1, "switched": False}


def test_serving_needs_a_generation(api: Api, domain_of: DomainOf) -> None:
    with pytest.raises(SetupFailed, match=r"^shop-orders: generation 1 has no index template"):
        act(domain_of(), of_a_generation("serve", "update"), b"")


@pytest.mark.parametrize("lifecycle", ["create", "update"])
def test_nothing_is_asked_to_retire_what_is_made(api: Api, domain_of: DomainOf, lifecycle: str) -> None:
    assert act(domain_of(), of_a_generation("retire", lifecycle), b"") == {}
    assert api.requests == []


def test_a_retirement_of_nothing_is_none(api: Api, domain_of: DomainOf) -> None:
    assert act(domain_of(), of_a_generation("retire", "delete"), b"") == {"indices": 0, "index_templates": 0}
    assert api.changes == []


def test_sessions_are_limited_where_people_sign_in(
    api: Api, domain_of: DomainOf, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"REGION": "us-east-1", "ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any"}.items():
        monkeypatch.setenv(f"AWS_{'DEFAULT_' if name == 'REGION' else ''}{name}", value)
    with mock_aws():
        users = sessions.cognito()
        pool = users.create_user_pool(PoolName="people")["UserPool"]["Id"]
        users.create_user_pool_client(UserPoolId=pool, ClientName=f"{sessions.PREFIX}search")
        wanted = {"user_pool_id": pool, "token_minutes": 60, "session_minutes": 720}
        assert act(domain_of(), {**event, "sessions": wanted}, b"")["clients"] == 1
