"""OpenSearch Service connects Dashboards of a domain with Cognito, as far as the role that it is given allows."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import people
from local.emulator import Emulator
from tests.local.cognito import ACCOUNT, REGION, Pools, create_pools
from tests.local.conftest import Client
from tests.local.policy_documents import Statement, allow

DOMAIN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/search"
USER_POOL_ACTIONS = [
    f"cognito-idp:{action}"
    for action in ("DescribeUserPool", "ListUserPoolClients", "CreateUserPoolClient", "DeleteUserPoolClient")
]
IDENTITY_POOL_ACTIONS = ["cognito-identity:DescribeIdentityPool", "cognito-identity:UpdateIdentityPool"]


def trust(domain: str = DOMAIN) -> Statement:
    return allow(
        "sts:AssumeRole",
        Principal={"Service": "opensearchservice.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": domain}},
    )


@pytest.fixture
def pools(emulator: Emulator) -> Pools:
    pools = create_pools(emulator)
    pools.client("cognito-idp").create_user_pool_domain(
        UserPoolId=pools.user_pool, Domain=pools.user_pool.lower().replace("_", "-")
    )
    return pools


def rights(pools: Pools) -> list[Statement]:
    """What the service is documented to need, on these two pools."""
    return [
        allow(USER_POOL_ACTIONS, f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pools.user_pool}"),
        allow(IDENTITY_POOL_ACTIONS, f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pools.identity_pool}"),
    ]


@pytest.fixture
def role(create_role: Callable[..., str], pools: Pools) -> str:
    return create_role(*rights(pools), trust=trust())


@pytest.fixture
def opensearch(client: Client) -> Iterator[Any]:
    """The service; its domain is gone after the test."""
    service = client("opensearch")
    yield service
    for domain in service.list_domain_names()["DomainNames"]:
        service.delete_domain(DomainName=domain["DomainName"])


def options(pools: Pools, role: str) -> dict[str, Any]:
    return {"Enabled": True, "UserPoolId": pools.user_pool, "IdentityPoolId": pools.identity_pool, "RoleArn": role}


def clients(pools: Pools) -> dict[str, str]:
    """Names of the service's app clients in the user pool, by id."""
    found = pools.client("cognito-idp").list_user_pool_clients(UserPoolId=pools.user_pool)["UserPoolClients"]
    return {
        one["ClientId"]: one["ClientName"] for one in found if one["ClientName"].startswith("AmazonOpenSearchService-")
    }


def registered(pools: Pools) -> list[str]:
    """App clients whose tokens the identity pool takes."""
    pool = pools.client("cognito-identity").describe_identity_pool(IdentityPoolId=pools.identity_pool)
    return [provider["ClientId"] for provider in pool["CognitoIdentityProviders"]]


def test_service_makes_its_client_and_registers_it(opensearch: Any, pools: Pools, role: str) -> None:
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    ((client_id, name),) = clients(pools).items()
    assert re.fullmatch(r"AmazonOpenSearchService-search-us-east-1-[a-z0-9]{26}", name)
    assert registered(pools) == [pools.client_id, client_id]
    client = pools.client("cognito-idp").describe_user_pool_client(UserPoolId=pools.user_pool, ClientId=client_id)
    settings = client["UserPoolClient"]
    assert settings["AllowedOAuthFlows"] == ["code"]
    assert settings["CallbackURLs"] == [f"https://{pools.aws.domain_endpoint}/_dashboards/app/home"]
    assert "ExplicitAuthFlows" not in settings


def test_person_signs_in_through_that_client(opensearch: Any, pools: Pools, role: str) -> None:
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    ((client_id, _),) = clients(pools).items()
    theirs = pools.through(client_id)
    theirs.map_roles(AmbiguousRoleResolution="Deny")
    theirs.group("readers", pools.role("readers"))
    theirs.invite("reader@example.com", "readers")
    session = people.sign_in(people.invited("reader@example.com", pools.aws.outbox), theirs.page)
    sts: Any = session.client("sts", endpoint_url=pools.aws.endpoint_url)
    assert ":assumed-role/readers/" in sts.get_caller_identity()["Arn"]


def test_update_connects_once(opensearch: Any, pools: Pools, role: str) -> None:
    opensearch.create_domain(DomainName="search")
    assert clients(pools) == {}
    opensearch.update_domain_config(DomainName="search", CognitoOptions=options(pools, role))
    first = clients(pools)
    assert len(first) == 1
    opensearch.update_domain_config(DomainName="search", CognitoOptions=options(pools, role))
    opensearch.update_domain_config(DomainName="search", EBSOptions={"EBSEnabled": True, "VolumeSize": 20})
    assert clients(pools) == first
    assert registered(pools) == [pools.client_id, *first]


def test_other_pools_take_over(opensearch: Any, pools: Pools, role: str, create_role: Callable[..., str]) -> None:
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    other = create_pools(pools.aws)
    other.client("cognito-idp").create_user_pool_domain(UserPoolId=other.user_pool, Domain="other")
    all_pools = [
        allow([*USER_POOL_ACTIONS, *IDENTITY_POOL_ACTIONS], f"arn:aws:*:{REGION}:{ACCOUNT}:{kind}/*")
        for kind in ("userpool", "identitypool")
    ]
    other_role = create_role(*all_pools, trust=trust(), suffix="-other")
    opensearch.update_domain_config(DomainName="search", CognitoOptions=options(other, other_role))
    assert clients(pools) == {}
    assert registered(pools) == [pools.client_id]
    assert len(clients(other)) == 1
    opensearch.update_domain_config(DomainName="search", CognitoOptions={"Enabled": False})
    assert clients(other) == {}


def test_deleted_domain_leaves_the_pools_as_they_were(opensearch: Any, pools: Pools, role: str) -> None:
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    opensearch.delete_domain(DomainName="search")
    assert clients(pools) == {}
    assert registered(pools) == [pools.client_id]


def test_role_without_the_right_leaves_the_client_behind(
    client: Client, opensearch: Any, pools: Pools, role: str
) -> None:
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    client("iam").delete_role_policy(RoleName=role.partition("/")[2], PolicyName="p")
    opensearch.delete_domain(DomainName="search")
    assert len(clients(pools)) == 1


def test_every_call_is_decided_and_written_down(opensearch: Any, pools: Pools, role: str) -> None:
    before = len(pools.aws.decisions_log.read_text().splitlines())
    opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    lines = pools.aws.decisions_log.read_text().splitlines()[before:]
    decisions = [decision for decision in map(json.loads, lines) if "local-administrator" not in decision["who"]]
    assert {decision["result"] for decision in decisions} == {"allow"}
    assert [(decision["action"], decision["resource"].partition(f"{ACCOUNT}:")[2]) for decision in decisions] == [
        ("sts:AssumeRole", role.partition(f"{ACCOUNT}:")[2]),
        ("cognito-idp:DescribeUserPool", f"userpool/{pools.user_pool}"),
        ("cognito-idp:ListUserPoolClients", f"userpool/{pools.user_pool}"),
        ("cognito-idp:CreateUserPoolClient", f"userpool/{pools.user_pool}"),
        ("cognito-identity:DescribeIdentityPool", f"identitypool/{pools.identity_pool}"),
        ("cognito-identity:UpdateIdentityPool", f"identitypool/{pools.identity_pool}"),
    ]


@pytest.mark.parametrize("action", [one for one in (*USER_POOL_ACTIONS, *IDENTITY_POOL_ACTIONS) if "Delete" not in one])
def test_role_must_allow_every_call(
    action: str, opensearch: Any, pools: Pools, create_role: Callable[..., str]
) -> None:
    less = [{**right, "Action": [one for one in right["Action"] if one != action]} for right in rights(pools)]
    role = create_role(*less, trust=trust())
    with pytest.raises(ClientError, match=rf"ValidationException.*is not authorized to perform: {action}"):
        opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
    assert opensearch.list_domain_names()["DomainNames"] == []
    assert clients(pools) == {}


SERVICE_ALONE = allow("sts:AssumeRole", Principal={"Service": "opensearchservice.amazonaws.com"})


@pytest.mark.parametrize(
    ("trusted", "reason"),
    [
        (trust(f"arn:aws:es:{REGION}:{ACCOUNT}:domain/another"), "no trust policy of the role allows"),
        (SERVICE_ALONE, "add conditions on aws:SourceAccount and aws:SourceArn"),
        ({**trust(), "Principal": {"Service": "lambda.amazonaws.com"}}, "no trust policy of the role allows"),
    ],
    ids=["other-domain", "unpinned", "other-service"],
)
def test_role_must_trust_the_service_for_this_domain(
    trusted: Statement, reason: str, opensearch: Any, pools: Pools, create_role: Callable[..., str]
) -> None:
    opensearch.create_domain(DomainName="search")
    role = create_role(*rights(pools), trust=trusted)
    with pytest.raises(ClientError, match=rf"must be allowed to use the passed role.*{reason}"):
        opensearch.update_domain_config(DomainName="search", CognitoOptions=options(pools, role))
    assert clients(pools) == {}


def test_user_pool_without_a_sign_in_page_is_refused(
    opensearch: Any, emulator: Emulator, create_role: Callable[..., str]
) -> None:
    pools = create_pools(emulator)
    role = create_role(*rights(pools), trust=trust())
    with pytest.raises(ClientError, match=r"ValidationException.*has no domain"):
        opensearch.create_domain(DomainName="search", CognitoOptions=options(pools, role))
