"""The OpenSearch domain: moto's control plane with the endpoint of the TLS front, ready as soon as it is created.

Fine-grained access control is the node's security plugin, where the domain's master user is mapped to `all_access`.
"""

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend, opensearch_backends

from local.emulator.node import Node, UnreachableError

_ALL_ACCESS = "/_plugins/_security/api/rolesmapping/all_access"


class _RefusedError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, code: int, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.code = code


def install(endpoint: str, node: Node) -> None:
    """Every domain gets `endpoint` (host:port); a second domain is refused, for there is one node behind it."""
    initialize = OpenSearchDomain.__init__
    create = OpenSearchServiceBackend.create_domain
    update = OpenSearchServiceBackend.update_domain_config

    def initialize_with_endpoint(domain: OpenSearchDomain, **arguments: Any) -> None:
        initialize(domain, **arguments)
        # Of one in a VPC AWS tells another field (OpenSearch Service API reference, DomainStatus).
        if domain.vpc_options is None:
            domain.endpoint = endpoint
        else:
            domain.endpoints = {"vpc": endpoint}

    def create_only_one(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
        existing = the_domain()
        if existing is not None and existing.domain_name != arguments["domain_name"]:
            raise _RefusedError(
                409,
                "LimitExceededException",
                f"The local AWS has one OpenSearch node, which serves the domain {existing.domain_name!r} already",
            )
        _secure(node, arguments["advanced_security_options"] or {}, before={})
        return create(backend, **arguments)

    def update_secured(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
        if given := arguments["advanced_security_options"]:
            before = backend.describe_domain(arguments["domain_name"]).advanced_security_options
            _secure(node, given, before)
        return update(backend, **arguments)

    OpenSearchDomain.__init__ = initialize_with_endpoint
    OpenSearchServiceBackend.create_domain = create_only_one
    OpenSearchServiceBackend.update_domain_config = update_secured


def the_domain() -> OpenSearchDomain | None:
    """The domain behind the front, None before it is created."""
    regions = (backend for account in opensearch_backends.values() for backend in account.values())
    return next((domain for backend in regions for domain in backend.domains.values()), None)


def is_fine_grained(domain: OpenSearchDomain) -> bool:
    """Whether the security plugin decides by role, not only IAM by path."""
    return bool(domain.advanced_security_options.get("Enabled"))


def _secure(node: Node, given: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Checks AdvancedSecurityOptions and maps a new master user in place of the one `before`."""
    master, former = (options.get("MasterUserOptions", {}).get("MasterUserARN") for options in (given, before))
    if problem := _problem(given, before, master):
        raise _RefusedError(400, "ValidationException", f"AdvancedSecurityOptions.{problem}")
    if given.get("Enabled") and master and master != former:
        try:
            node.put(_ALL_ACCESS, {"backend_roles": [master]})
        except UnreachableError as error:
            message = f"The OpenSearch node at {node.url} does not answer: {error}"
            raise _RefusedError(500, "InternalException", message) from error


def _problem(given: Mapping[str, Any], before: Mapping[str, Any], master: str | None) -> str | None:
    if not given.get("Enabled"):
        off = "Enabled: is false; fine-grained access control stays on once it is on. Set it to true"
        return off if before.get("Enabled") else None
    if given.get("InternalUserDatabaseEnabled"):
        return "InternalUserDatabaseEnabled: is true; the local AWS knows IAM roles only. Set it to false"
    if not master and not before.get("Enabled"):
        return "MasterUserOptions.MasterUserARN: is missing; name the IAM role that administers access control"
    return None
