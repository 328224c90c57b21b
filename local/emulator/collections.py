"""The OpenSearch Serverless collection: moto's control plane with the endpoint of the TLS front, and its data access
policies as roles of the node's security plugin, which so decides as the service does.

Network policies and SAML providers are kept and told again, no more: everything is on loopback, and nobody signs in.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.moto_api._internal import mock_random
from moto.opensearchserverless.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from moto.opensearchserverless.models import (
    Collection,
    OpenSearchServiceServerlessBackend,
    opensearchserverless_backends,
)
from moto.opensearchserverless.responses import OpenSearchServiceServerlessResponse

from local.emulator.domains import the_domain
from local.emulator.node import Node

_API = "/_plugins/_security/api"
_NAME = "[^/_][^/]*"
# What a collection answers, as far as anybody may want it here; everything else is not there. Source:
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
_OPERATIONS = re.compile(
    "|".join(
        (
            f"(GET|HEAD|PUT|DELETE) /{_NAME}",
            f"(GET|PUT|POST) /{_NAME}/(_mappings?|_settings?)",
            f"(GET|HEAD|PUT|POST|DELETE) /{_NAME}/(_doc|_create|_update|_source)/[^/]+",
            f"(PUT|POST) (/{_NAME})?/_bulk",
            f"GET (/{_NAME})?/_mget",
            f"(GET|POST) (/{_NAME})?/(_search|_msearch|_count|_field_caps)",
            f"POST /{_NAME}/_search/point_in_time",
            "DELETE /_search/point_in_time",
            "POST /_aliases",
            f"(GET|HEAD) /_alias(/{_NAME})?",
            f"(GET|HEAD|PUT|POST|DELETE) /{_NAME}/_alias(es)?/{_NAME}",
            f"(GET|HEAD|PUT|POST|DELETE) /_(index|component)_template(/{_NAME})?",
            f"GET /_cat/(indices|aliases|templates)(/{_NAME})?",
            f"GET /_resolve/index/{_NAME}",
        )
    )
)

# What a permission of a data access policy is to the security plugin: on the cluster, and on indices.
_PERMISSIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aoss:CreateIndex": ((), ("indices:admin/auto_create", "indices:admin/create")),
    "aoss:DeleteIndex": ((), ("indices:admin/delete",)),
    "aoss:DescribeIndex": (
        (),
        (
            "indices:admin/get",
            "indices:admin/mappings/get",
            "indices:admin/resolve/index",
            "indices:monitor/settings/get",
        ),
    ),
    "aoss:UpdateIndex": ((), ("indices:admin/mapping/*", "indices:admin/settings/update")),
    "aoss:ReadDocument": (("indices:data/read/m*",), ("indices:data/read/*",)),
    "aoss:WriteDocument": (("indices:data/write/bulk",), ("indices:data/write/*",)),
    "aoss:CreateCollectionItems": ((), ("indices:admin/aliases",)),
    "aoss:DeleteCollectionItems": (("indices:admin/index_template/delete",), ("indices:admin/aliases",)),
    "aoss:DescribeCollectionItems": (("indices:admin/index_template/get",), ("indices:admin/aliases/get",)),
    "aoss:UpdateCollectionItems": (("indices:admin/index_template/put",), ("indices:admin/aliases",)),
}


def install(endpoint: str, node: Node) -> None:
    """Every collection gets `endpoint` (host:port); beside a domain or another collection it is refused, for there is
    one node behind it."""
    Kept.node = node
    response = OpenSearchServiceServerlessResponse
    for noun, kept in (
        ("access_policy", Kept("accessPolicy", "policyVersion")),
        ("security_config", Kept("securityConfig", "configVersion")),
    ):
        for verb, operation in (
            ("create", kept.created),
            ("get", kept.got),
            ("update", kept.updated),
            ("delete", kept.deleted),
        ):
            setattr(response, f"{verb}_{noun}", _as_operation(operation))
    response.delete_security_policy = _delete_security_policy
    initialize = Collection.__init__

    def initialize_with_endpoint(collection: Collection, *, policy: Any, **arguments: Any) -> None:
        # moto knows keys of one's own only.
        initialize(collection, policy={"KmsARN": policy.get("KmsARN", "auto")}, **arguments)
        collection.collection_endpoint = f"https://{endpoint}"
        collection.dashboard_endpoint = f"https://{endpoint}/_dashboards"

    def create_only_one(backend: OpenSearchServiceServerlessBackend, **arguments: Any) -> Collection:
        if the_collection() or the_domain():
            raise ConflictException(msg="The local AWS has one OpenSearch node, which serves somebody else already")
        name, tags = arguments["name"], arguments["tags"] or []
        policies = [one for one in backend.security_policies.values() if one.type == "encryption"]
        encryption = next((one.policy for one in policies if f"collection/{name}" in one.resources), None)
        if encryption is None:
            raise ValidationException(msg=f"No matching security policy of encryption type found for {name}")
        collection = Collection(
            policy=encryption, region=backend.region_name, account_id=ACCOUNT, **{**arguments, "tags": tags}
        )
        backend.collections[collection.id] = collection
        backend.tag_resource(collection.arn, tags)
        return collection

    Collection.__init__ = initialize_with_endpoint
    OpenSearchServiceServerlessBackend.create_collection = create_only_one


def the_collection() -> Collection | None:
    """The collection behind the front, None before it is created."""
    regions = (backend for account in opensearchserverless_backends.values() for backend in account.values())
    return next((collection for backend in regions for collection in backend.collections.values()), None)


def answers(method: str, path: str) -> bool:
    """Whether a collection has this operation; `path` is without query."""
    return _OPERATIONS.fullmatch(f"{method} {path}") is not None


class Kept:
    """Policies or configurations of one kind that moto lacks, kept by name and type, and told as they were given.

    `noun` and `versioned` are words of their API. Data access policies are put into the node at once.
    """

    node: ClassVar[Node]
    # The plugin keeps all roles in one document, which two may not change at once.
    _one_at_a_time: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, noun: str, versioned: str) -> None:
        self._noun, self._versioned = noun, versioned
        self._there: dict[str, dict[str, Any]] = {}

    def created(self, given: Mapping[str, Any]) -> str:
        if self._id(given) in self._there:
            raise ConflictException(msg=f"{self._noun} {given['name']} already exists")
        return self._kept(given)

    def got(self, given: Mapping[str, Any]) -> str:
        return self._told(self._found(given))

    def updated(self, given: Mapping[str, Any]) -> str:
        there = self._found(given)
        if given[self._versioned] != there[self._versioned]:
            raise ValidationException(msg=f"{self._versioned} is older than that of {there['name']}")
        return self._kept({**there, **given})

    def deleted(self, given: Mapping[str, Any]) -> str:
        there = self._found(given)
        self._enforce(there, {})
        del self._there[there["id"]]
        return "{}"

    def _kept(self, given: Mapping[str, Any]) -> str:
        text = given.get("policy")
        kept = {
            **{name: value for name, value in given.items() if name != "clientToken"},
            **({"policy": json.loads(text)} if isinstance(text, str) else {}),
            "id": self._id(given),
            self._versioned: mock_random.get_random_string(20),
        }
        self._enforce(self._there.get(kept["id"], {}), kept)
        self._there[kept["id"]] = kept
        return self._told(kept)

    def _found(self, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._there[self._id(given)]
        except KeyError:
            raise ResourceNotFoundException(msg=f"{self._noun} {self._id(given)} is not found") from None

    def _told(self, kept: Mapping[str, Any]) -> str:
        return json.dumps({f"{self._noun}Detail": {**kept, "createdDate": 0, "lastModifiedDate": 0}})

    @staticmethod
    def _id(given: Mapping[str, Any]) -> str:
        """As a security configuration is called by AWS; policies are told by name and type."""
        return str(given.get("id") or f"{given['type']}/{ACCOUNT}/{given['name']}")

    def _enforce(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Make of each statement of a data access policy a role of the node's security plugin."""
        was, wanted = _roles(before), _roles(after)
        with self._one_at_a_time:
            for role in was.keys() - wanted.keys():
                self.node.delete(f"{_API}/rolesmapping/{role}")
                self.node.delete(f"{_API}/roles/{role}")
            for role, statement in wanted.items():
                self.node.put(f"{_API}/roles/{role}", _role(statement))
                # SAML identities are nobody here.
                arns = [name for name in statement["Principal"] if name.startswith("arn:")]
                self.node.put(f"{_API}/rolesmapping/{role}", {"backend_roles": arns})


def _roles(policy: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Statements by the name of their role."""
    return {f"{policy['name']}.{number}": statement for number, statement in enumerate(policy.get("policy", []))}


def _as_operation(handle: Callable[[Mapping[str, Any]], str]) -> Callable[[OpenSearchServiceServerlessResponse], str]:
    """moto takes plain functions of its class only."""

    def operation(response: OpenSearchServiceServerlessResponse) -> str:
        return handle(json.loads(response.body))

    return operation


def _role(statement: Mapping[str, Any]) -> dict[str, Any]:
    cluster: set[str] = set()
    indices = []
    for rule in statement["Rules"]:
        of_rule = [_PERMISSIONS[permission] for permission in rule["Permission"]]
        cluster |= {action for on_cluster, _ in of_rule for action in on_cluster}
        patterns = [resource.split("/")[2] if rule["ResourceType"] == "index" else "*" for resource in rule["Resource"]]
        actions = sorted({action for _, on_indices in of_rule for action in on_indices})
        indices.append({"index_patterns": patterns, "allowed_actions": actions})
    return {"cluster_permissions": sorted(cluster), "index_permissions": indices}


def _delete_security_policy(response: OpenSearchServiceServerlessResponse) -> str:
    given, there = json.loads(response.body), response.opensearchserverless_backend.security_policies
    found = next((key for key, one in there.items() if (one.name, one.type) == (given["name"], given["type"])), None)
    if found is None:
        raise ResourceNotFoundException(msg=f"Policy with name {given['name']} and type {given['type']} is not found")
    del there[found]
    return "{}"
