"""What the local AWS takes a data access policy for, and what its collection has no operation for."""

from typing import Any

import pytest

from local.emulator import collections
from local.emulator.collections import Kept


@pytest.mark.parametrize(
    "request_",
    [
        "GET /orders",
        "PUT /orders-1/_mapping",
        "POST /_bulk",
        "GET /_mget",
        "POST /orders/_search",
        "POST /orders/_search/point_in_time",
        "POST /_aliases",
        "PUT /_index_template/shop-orders-1.orders",
        "GET /_index_template",
        "DELETE /orders-1",
    ],
)
def test_has(request_: str) -> None:
    assert collections.answers(*request_.split())


@pytest.mark.parametrize(
    "request_",
    [
        "GET /",
        "GET /_cluster/health",
        "GET /_cluster/settings",
        "POST /_mget",
        "POST /orders/_refresh",
        "POST /_search/scroll",
        "PUT /_plugins/_security/api/roles/x",
        "DELETE /",
        "DELETE /_all/x",
    ],
)
def test_has_not(request_: str) -> None:
    assert not collections.answers(*request_.split())


class Node:
    """Keeps what it is told, as the security plugin does."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}

    def put(self, path: str, document: dict[str, Any]) -> None:
        self.there[path.removeprefix("/_plugins/_security/api/")] = document

    def delete(self, path: str) -> None:
        del self.there[path.removeprefix("/_plugins/_security/api/")]


def statement(principal: str, *permissions: str) -> dict[str, Any]:
    index = {"ResourceType": "index", "Resource": ["index/shop/orders-*"], "Permission": list(permissions)}
    items = {
        "ResourceType": "collection",
        "Resource": ["collection/shop"],
        "Permission": ["aoss:DescribeCollectionItems"],
    }
    return {"Rules": [index, items], "Principal": [principal, "saml/123456789012/shop/group/analysts"]}


def test_a_data_access_policy_becomes_roles_and_goes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    node, kept = Node(), Kept("accessPolicy", "policyVersion")
    monkeypatch.setattr(Kept, "node", node, raising=False)
    policy = {"name": "shop", "type": "data"}
    kept.created(
        {**policy, "policy": [statement("arn:a", "aoss:ReadDocument"), statement("arn:b", "aoss:CreateIndex")]}
    )
    assert node.there["roles/shop.0"] == {
        "cluster_permissions": ["indices:admin/index_template/get", "indices:data/read/m*"],
        "index_permissions": [
            {"index_patterns": ["orders-*"], "allowed_actions": ["indices:data/read/*"]},
            {"index_patterns": ["*"], "allowed_actions": ["indices:admin/aliases/get"]},
        ],
    }
    assert node.there["rolesmapping/shop.1"] == {"backend_roles": ["arn:b"]}
    version = kept._there["data/123456789012/shop"]["policyVersion"]
    kept.updated({**policy, "policy": [statement("arn:c", "aoss:ReadDocument")], "policyVersion": version})
    assert node.there.keys() == {"roles/shop.0", "rolesmapping/shop.0"}
    assert node.there["rolesmapping/shop.0"] == {"backend_roles": ["arn:c"]}
    kept.deleted(policy)
    assert node.there == {}
