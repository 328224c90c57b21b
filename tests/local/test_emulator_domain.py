"""The domain's HTTPS endpoint: who gets through to the real OpenSearch behind it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import opensearch
from local.emulator import ADMINISTRATOR_KEY, Emulator, start
from tests.local.conftest import Client
from tests.local.policy_documents import allow, document
from tests.local.signed_calls import Call, session_key, signed_calls

DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/search"


@pytest.fixture(scope="module")
def emulator(node: opensearch.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("emulator"), node_url=node.url)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def call(emulator: Emulator) -> Iterator[Call]:
    emulator.client("opensearch").create_domain(DomainName="search")
    with signed_calls(emulator) as send:
        yield send


@pytest.fixture
def policy(client: Client) -> Iterator[Callable[..., None]]:
    """Sets the access policy of the domain for one test."""

    def put(*statements: dict[str, Any]) -> None:
        client("opensearch").update_domain_config(DomainName="search", AccessPolicies=document(*statements))

    yield put
    put()


def test_administrator_gets_through(call: Call) -> None:
    assert call("PUT", "/through/_doc/1", b'{"n": 1}').status == 201
    assert call("GET", "/through/_doc/1").json()["_source"] == {"n": 1}
    assert call("HEAD", "/through/_doc/1").status == 200
    assert call("HEAD", "/nothing").status == 404
    assert call("DELETE", "/through").status == 200


def test_a_node_may_be_attached_later(node: opensearch.Node, tmp_path: Path) -> None:
    started = start(tmp_path)
    try:
        started.client("opensearch").create_domain(DomainName="search")
        with signed_calls(started) as send:
            before = send("GET", "/")
            started.attach(node.url)
            after = send("GET", "/")
    finally:
        started.stop()
    assert (before.status, after.status) == (502, 200)
    assert "does not answer" in before.json()["message"]


def test_unsigned_request_is_refused(call: Call) -> None:
    answer = call("GET", "/", key=None)
    assert answer.status == 403
    assert "User: anonymous is not authorized to perform: es:ESHttpGet" in answer.json()["message"]


def test_unknown_key_is_refused(call: Call) -> None:
    answer = call("GET", "/", key="AKIAUNKNOWN")
    assert answer.status == 403
    assert answer.json() == {"message": "The security token included in the request is invalid."}


@pytest.mark.parametrize("scope", [{"service": "s3"}, {"region": "eu-west-1"}])
def test_signature_for_something_else_is_refused(scope: dict[str, str], call: Call) -> None:
    answer = call("GET", "/", **scope)
    assert answer.status == 403
    assert "scoped to the service es and the Region us-east-1" in answer.json()["message"]


def test_dashboards_has_no_pages(call: Call) -> None:
    answer = call("GET", "/_dashboards")
    assert answer.status == 404
    assert "is not part of the local AWS" in answer.json()["message"]


def test_without_access_control_everybody_whom_iam_lets_through_may_do_everything(
    client: Client, call: Call, create_role: Callable[..., str]
) -> None:
    key = session_key(client("sts"), create_role(allow("es:ESHttp*", f"{DOMAIN}/*")))
    assert call("GET", "/_plugins/_security/authinfo", key=key).json()["user_name"] == "local-administrator"


def test_identity_policy_is_enough(client: Client, call: Call, create_role: Callable[..., str]) -> None:
    key = session_key(client("sts"), create_role(allow(["es:ESHttpPut", "es:ESHttpGet"], f"{DOMAIN}/mine/*")))
    assert call("PUT", "/mine/_doc/1", b"{}", key=key).status == 201
    for method, path in (("DELETE", "/mine/_doc/1"), ("GET", "/yours/_doc/1"), ("GET", "/mine")):
        answer = call(method, path, key=key)
        assert answer.status == 403, (method, path)
        assert f"es:ESHttp{method.capitalize()} on resource: {DOMAIN}{path}" in answer.json()["message"]


def test_access_policy_is_enough(
    client: Client, call: Call, create_role: Callable[..., str], policy: Callable[..., None]
) -> None:
    role = create_role()
    key = session_key(client("sts"), role)
    assert call("GET", "/_cluster/health", key=key).status == 403
    policy(allow("es:ESHttp*", f"{DOMAIN}/*", Principal={"AWS": role}))
    assert call("GET", "/_cluster/health", key=key).status == 200
    assert call("GET", "/_cluster/health", key=None).status == 403


def test_access_policy_that_names_the_account_leaves_it_to_identity_policies(
    client: Client, call: Call, create_role: Callable[..., str], policy: Callable[..., None]
) -> None:
    key = session_key(client("sts"), create_role())
    policy(allow("es:ESHttp*", f"{DOMAIN}/*", Principal={"AWS": "arn:aws:iam::123456789012:root"}))
    assert call("GET", "/_cluster/health", key=key).status == 403


def test_access_policy_denies_what_the_identity_policy_allows(
    client: Client, call: Call, create_role: Callable[..., str], policy: Callable[..., None]
) -> None:
    key = session_key(client("sts"), create_role(allow("es:ESHttp*", f"{DOMAIN}/*")))
    assert call("GET", "/_cluster/health", key=key).status == 200
    policy({**allow("es:ESHttpGet", f"{DOMAIN}/*"), "Effect": "Deny", "Principal": {"AWS": "*"}})
    answer = call("GET", "/_cluster/health", key=key)
    assert answer.status == 403
    assert "explicit deny in a resource-based policy" in answer.json()["message"]


def test_large_bodies_pass_in_both_directions(call: Call) -> None:
    lines = "".join(f'{{"index": {{"_id": "{n}"}}}}\n{{"text": "{"x" * 1000}"}}\n' for n in range(5000)).encode()
    parts = (lines[start : start + 100_000] for start in range(0, len(lines), 100_000))
    created = call("PUT", "/large/_bulk?refresh=true", parts)  # an iterable goes out in chunks
    assert created.status == 200
    assert not created.json()["errors"]
    found = call("GET", "/large/_search?size=5000")
    assert len(found.json()["hits"]["hits"]) == 5000
    assert call("DELETE", "/large").status == 200


def test_parameters_of_a_signed_post_are_ignored(call: Call) -> None:
    assert call("GET", "/none/_search?ignore_unavailable=true").status == 200
    assert call("POST", "/none/_search?ignore_unavailable=true").status == 404


def test_one_connection_serves_many_requests(emulator: Emulator, call: Call) -> None:
    del call  # creates the domain
    headers = AWSRequest(method="GET", url=f"https://{emulator.domain_endpoint}/_cluster/health")
    SigV4Auth(Credentials(ADMINISTRATOR_KEY, "any"), "es", "us-east-1").add_auth(headers)
    host, port = emulator.domain_endpoint.split(":")
    with urllib3.HTTPSConnectionPool(host, int(port), maxsize=1, ca_certs=str(emulator.ca_file)) as pool:
        for _ in range(5):
            assert pool.request("GET", "/_cluster/health", headers=dict(headers.headers.items())).status == 200
        assert pool.num_connections == 1


def test_error_of_the_node_is_passed_on(call: Call) -> None:
    answer = call("POST", "/_search", b'{"query": {"nonsense": {}}}')
    assert answer.status == 400
    assert json.loads(answer.data)["error"]["type"] == "parsing_exception"
