"""Fine-grained access control of the domain, by the real security plugin, behind what IAM decides."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import opensearch, security
from local.emulator import Emulator, start
from tests.local.conftest import Client
from tests.local.policy_documents import allow, document
from tests.local.signed_calls import Call, session_key, signed_calls

DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/search"
API = "/_plugins/_security/api"
#: The names of everything that a test makes in the node.
PREFIX = "fgac"


@pytest.fixture(scope="module")
def emulator(node: opensearch.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("fgac"), node_url=node.url)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def master(emulator: Emulator) -> str:
    """The ARN of the master user's role, with the domain created for it."""
    role = admitted_role(emulator, "master")
    options = {"Enabled": True, "MasterUserOptions": {"MasterUserARN": role}}
    emulator.client("opensearch").create_domain(DomainName="search", AdvancedSecurityOptions=options)
    return role


def admitted_role(emulator: Emulator, name: str) -> str:
    """The ARN of a role that IAM lets do everything at the domain."""
    iam = emulator.client("iam")
    trust = document(allow("sts:AssumeRole", Principal={"AWS": "123456789012"}))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    policy = document(allow("es:ESHttp*", f"{DOMAIN}/*"))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    arn: str = role["Arn"]
    return arn


@pytest.fixture
def call(emulator: Emulator, master: str) -> Iterator[Call]:
    """What tests leave in the node goes with them."""
    del master  # creates the domain
    with signed_calls(emulator) as send:
        yield send
        send("DELETE", f"/{PREFIX}*")
        for kind in ("rolesmapping", "roles"):
            for name in json.loads(send("GET", f"{API}/{kind}").data):
                if name.startswith(PREFIX):
                    send("DELETE", f"{API}/{kind}/{name}")


@pytest.fixture
def master_key(emulator: Emulator, master: str) -> str:
    return session_key(emulator.client("sts"), master)


@pytest.fixture
def role(emulator: Emulator, request: pytest.FixtureRequest) -> Callable[..., tuple[str, str]]:
    """``role("a")``: ARN and access key of a new role, mapped to nothing yet."""

    def create(name: str = "role") -> tuple[str, str]:
        arn = admitted_role(emulator, f"{name}-{request.node.name}"[:64])
        return arn, session_key(emulator.client("sts"), arn)

    return create


@pytest.fixture
def grant(call: Call, master_key: str) -> Callable[..., None]:
    """As the master: a security role with `actions` on `pattern`, mapped to an IAM role."""

    def put(arn: str, pattern: str, *actions: str, cluster: tuple[str, ...] = ()) -> None:
        name = f"{PREFIX}-{arn.rpartition('/')[2]}"
        permissions = {
            "cluster_permissions": cluster,
            "index_permissions": [{"index_patterns": [pattern], "allowed_actions": actions}],
        }
        assert call("PUT", f"{API}/roles/{name}", json.dumps(permissions), key=master_key).status == 201
        mapping = json.dumps({"backend_roles": [arn]})
        assert call("PUT", f"{API}/rolesmapping/{name}", mapping, key=master_key).status == 201

    return put


@pytest.fixture
def denials(emulator: Emulator) -> Callable[[], list[tuple[str, str, str]]]:
    """``denials()``: what was denied since the test began, as (role, action, path)."""
    log = emulator.decisions_log
    before = len(log.read_text().splitlines()) if log.exists() else 0

    def read() -> list[tuple[str, str, str]]:
        entries = map(json.loads, log.read_text().splitlines()[before:])
        return [
            (entry["who"].rpartition("assumed-role/")[2].split("/")[0], entry["action"], entry["resource"])
            for entry in entries
            if entry["result"] != "allow"
        ]

    return read


def test_unmapped_role_is_refused_until_it_is_mapped(
    call: Call, role: Callable[..., Any], grant: Callable[..., None], denials: Callable[[], Any]
) -> None:
    arn, key = role()
    answer = call("PUT", f"/{PREFIX}/_doc/1", b"{}", key=key)
    assert answer.status == 403
    assert f"no permissions for [indices:data/write/index] and User [name={arn}" in answer.json()["error"]["reason"]
    name = arn.rpartition("/")[2]
    assert denials() == [(name, "indices:data/write/index", f"{DOMAIN}/{PREFIX}/_doc/1")]

    grant(arn, PREFIX, "indices_all", cluster=("cluster_composite_ops",))
    assert call("PUT", f"/{PREFIX}/_doc/1", b"{}", key=key).status == 201
    assert len(denials()) == 1


def test_only_the_master_administers(
    call: Call, master: str, master_key: str, role: Callable[..., Any], grant: Callable[..., None]
) -> None:
    mapping = call("GET", f"{API}/rolesmapping/all_access", key=master_key).json()["all_access"]
    assert mapping["backend_roles"] == [master]
    arn, key = role()
    grant(arn, "*", "*", cluster=("*",))
    answer = call("GET", f"{API}/roles", key=key)
    assert answer.status == 403
    assert "does not have any role privileged for admin access" in answer.json()["message"]


def test_another_master_takes_the_place_of_the_first(
    client: Client, call: Call, master: str, master_key: str, role: Callable[..., Any]
) -> None:
    arn, key = role()

    def appoint(name: str) -> None:
        options = {"Enabled": True, "MasterUserOptions": {"MasterUserARN": name}}
        client("opensearch").update_domain_config(DomainName="search", AdvancedSecurityOptions=options)

    appoint(arn)
    try:
        assert call("GET", f"{API}/roles", key=key).status == 200
        assert call("GET", f"{API}/roles", key=master_key).status == 403
        assert call("GET", f"{API}/roles").status == 200
    finally:
        appoint(master)


def test_what_a_client_says_about_its_identity_is_dropped(call: Call, master: str, role: Callable[..., Any]) -> None:
    arn, key = role()
    for claimed in (master, security.ADMINISTRATOR):
        headers = {
            **security.identity(claimed),
            "X-Proxy-Roles": claimed,
            "Forwarded": "for=10.0.0.1",
            "X-Forwarded-Host": "elsewhere",
            "_opendistro_security_user": claimed,
        }
        found = call("GET", "/_plugins/_security/authinfo", key=key, headers=headers).json()
        assert (found["user_name"], found["backend_roles"], found["roles"]) == (arn, [arn], [])
        assert found["remote_address"].startswith("127.0.0.1:")


def test_comma_in_a_role_name_ends_no_identity(call: Call, emulator: Emulator, master: str) -> None:
    arn = admitted_role(emulator, f"{master.rpartition('/')[2]},other")
    assert arn.split(",")[0] == master
    key = session_key(emulator.client("sts"), arn)
    assert call("GET", "/", key=key).status == 403


def test_administrator_of_the_local_aws_may_do_everything(call: Call) -> None:
    assert call("PUT", f"/{PREFIX}/_doc/1", b"{}").status == 201
    assert call("GET", f"{API}/roles").status == 200
    assert call("GET", "/_plugins/_security/authinfo").json()["user_name"] == security.ADMINISTRATOR


def test_unsigned_caller_has_no_identity(client: Client, call: Call, denials: Callable[[], Any]) -> None:
    policy = document(allow("es:ESHttpGet", f"{DOMAIN}/*", Principal={"AWS": "*"}))
    client("opensearch").update_domain_config(DomainName="search", AccessPolicies=policy)
    try:
        assert call("GET", "/", key=None, headers=security.identity()).status == 401
    finally:
        client("opensearch").update_domain_config(DomainName="search", AccessPolicies=document())
    assert denials() == [("anonymous", "es:GET /", f"{DOMAIN}/")]


def test_two_roles_see_only_their_indices(call: Call, role: Callable[..., Any], grant: Callable[..., None]) -> None:
    keys = {}
    for name in ("left", "right"):
        arn, keys[name] = role(name)
        grant(arn, f"{PREFIX}-{name}", "read")
        assert call("PUT", f"/{PREFIX}-{name}/_doc/1?refresh=true", b"{}").status == 201
    for name, other in (("left", "right"), ("right", "left")):
        found = call("GET", f"/{PREFIX}-{name}/_search", key=keys[name])
        assert found.json()["hits"]["total"]["value"] == 1
        assert call("GET", f"/{PREFIX}-{other}/_search", key=keys[name]).status == 403
        assert call("PUT", f"/{PREFIX}-{name}/_doc/2", b"{}", key=keys[name]).status == 403


def test_denied_documents_of_a_bulk_are_written_down(
    call: Call, role: Callable[..., Any], grant: Callable[..., None], denials: Callable[[], Any]
) -> None:
    arn, key = role()
    write = "indices:data/write/"
    grant(arn, f"{PREFIX}-mine", "indices:admin/create", f"{write}bulk[s]", f"{write}index", cluster=(f"{write}bulk",))
    call("PUT", f"/{PREFIX}-mine", b'{"mappings": {"dynamic": false}}')
    call("PUT", f"/{PREFIX}-yours")
    lines = "".join(f'{{"index": {{"_index": "{PREFIX}-{name}"}}}}\n{{}}\n' for name in ("mine", "yours", "yours"))
    answer = call("POST", "/_bulk", lines.encode(), key=key)
    assert answer.status == 200
    assert [item["index"]["status"] for item in answer.json()["items"]] == [201, 403, 403]
    name = arn.rpartition("/")[2]
    assert denials() == [(name, f"{write}{action}", f"{DOMAIN}/_bulk") for action in ("bulk[s]", "index")]


def test_denied_head_is_written_down(call: Call, role: Callable[..., Any], denials: Callable[[], Any]) -> None:
    arn, key = role()
    assert call("HEAD", f"/{PREFIX}", key=key).status == 403
    assert denials() == [(arn.rpartition("/")[2], f"es:HEAD /{PREFIX}", f"{DOMAIN}/{PREFIX}")]


def test_what_iam_refuses_never_comes_to_the_plugin(
    client: Client, call: Call, create_role: Callable[..., str], grant: Callable[..., None]
) -> None:
    arn = create_role()
    grant(arn, "*", "*", cluster=("*",))
    answer = call("GET", "/", key=session_key(client("sts"), arn))
    assert answer.status == 403
    assert "no identity-based policy allows the es:ESHttpGet action" in answer.json()["message"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Enabled": False}, "Enabled: is false; fine-grained access control stays on"),
        (
            {"Enabled": True, "InternalUserDatabaseEnabled": True},
            "InternalUserDatabaseEnabled: is true; the local AWS knows IAM roles only",
        ),
    ],
)
def test_update_that_is_refused(client: Client, call: Call, options: dict[str, Any], message: str) -> None:
    del call
    with pytest.raises(ClientError, match=f"ValidationException.*AdvancedSecurityOptions.{message}"):
        client("opensearch").update_domain_config(DomainName="search", AdvancedSecurityOptions=options)


def test_domain_needs_a_master(client: Client) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*MasterUserOptions\.MasterUserARN: is missing"):
        client("opensearch").create_domain(DomainName="search", AdvancedSecurityOptions={"Enabled": True})
