"""The audit log as the set-up function configures it, in the real security plugin, which writes into the node's log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opensearchpy import AuthorizationException, OpenSearch

from functions.search_setup.access import API
from functions.search_setup.audit import configure
from functions.search_setup.domain import Domain
from local import opensearch, processes, security
from stacks.audit import configuration

PREFIX = "audit"
ROLE = f"arn:aws:iam::123456789012:role/{PREFIX}"
MASTER, READER = f"{ROLE}-master", f"{ROLE}-reader"
READS = {
    "cluster_permissions": [],
    "index_permissions": [{"index_patterns": [f"{PREFIX}-orders"], "allowed_actions": ["read"]}],
}


class Log:
    """The lines that the plugin has written since this was made."""

    def __init__(self, node: opensearch.Node) -> None:
        self._node, self._before = node, len(node.log.read_text())

    def lines(self) -> list[dict[str, Any]]:
        written = self._node.log.read_text()[self._before :].splitlines()
        return [json.loads(line[line.index('{"audit_') :]) for line in written if '{"audit_' in line]

    def wait_for(self, category: str, **fields: Any) -> dict[str, Any]:
        """The first line of this category with these fields; the plugin writes it some time after its answer."""
        return processes.wait_until(
            lambda: next(
                (
                    line
                    for line in self.lines()
                    if line["audit_category"] == category and line.items() >= fields.items()
                ),
                {},
            ),
            limit_seconds=300,
            what=f"a line about {category} is in the audit log",
        )


@pytest.fixture
def asking(node: opensearch.Node) -> Iterator[Any]:
    """``asking(role)``: a client of a node in which the function's role has what the master of a domain has."""

    def client(arn: str = security.ADMINISTRATOR) -> OpenSearch:
        return OpenSearch(node.url, headers=security.identity(arn))

    ask = client().transport.perform_request
    ask("PUT", f"{API}/rolesmapping/all_access", body={"backend_roles": [MASTER]})
    ask("PUT", f"{API}/roles/{PREFIX}-reader", body=READS)
    ask("PUT", f"{API}/rolesmapping/{PREFIX}-reader", body={"backend_roles": [READER]})
    for name in ("orders", "secrets"):
        ask("PUT", f"/{PREFIX}-{name}")
    yield client
    ask("DELETE", f"/{PREFIX}-*")
    for kind in ("rolesmapping", "roles"):
        ask("DELETE", f"{API}/{kind}/{PREFIX}-reader")
    ask("DELETE", f"{API}/rolesmapping/all_access")


def test_tells_of_refusals_and_of_changes_of_security_and_of_nothing_else(node: opensearch.Node, asking: Any) -> None:
    domain = Domain(asking(MASTER), lambda: 600.0)
    log = Log(node)
    configure(domain, configuration(enabled=True))
    try:
        asking(READER).search(index=f"{PREFIX}-orders")
        with pytest.raises(AuthorizationException):
            asking(READER).search(index=f"{PREFIX}-secrets", body={"query": {"match": {"name": "a person"}}})
        refused = log.wait_for("MISSING_PRIVILEGES", audit_request_effective_user=READER)
        assert refused["audit_request_privilege"] == "indices:data/read/search"
        assert refused["audit_trace_resolved_indices"] == [f"{PREFIX}-secrets"]
        domain.request("PUT", f"{API}/rolesmapping/{PREFIX}-reader", body={"backend_roles": [READER, "another"]})
        changed = log.wait_for("COMPLIANCE_INTERNAL_CONFIG_WRITE", audit_trace_doc_id="rolesmapping")
        assert changed["audit_request_effective_user"] == MASTER
        # What was in order before, and nobody's data.
        assert not [line for line in log.lines() if f"{PREFIX}-orders" in json.dumps(line)]
        assert "a person" not in json.dumps(log.lines())
    finally:
        configure(domain, configuration(enabled=False))


def test_tells_nothing_when_it_is_off(node: opensearch.Node, asking: Any) -> None:
    domain = Domain(asking(MASTER), lambda: 600.0)
    configure(domain, configuration(enabled=False))
    log = Log(node)
    with pytest.raises(AuthorizationException):
        asking(READER).search(index=f"{PREFIX}-secrets")
    # Whatever the plugin had to say of that is said before this.
    configure(domain, configuration(enabled=True))
    with pytest.raises(AuthorizationException):
        asking("nobody").search(index=f"{PREFIX}-secrets")
    log.wait_for("MISSING_PRIVILEGES", audit_request_effective_user="nobody")
    configure(domain, configuration(enabled=False))
    assert not [line for line in log.lines() if line.get("audit_request_effective_user") == READER]
