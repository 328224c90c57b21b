"""The OpenSearch domain: moto's control plane with the endpoint of the TLS front, ready as soon as it is created."""

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend, opensearch_backends


class _LimitExceededError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("LimitExceededException", message)


def install(endpoint: str) -> None:
    """Every domain gets `endpoint` (host:port); a second domain is refused, for there is one node behind it."""
    initialize = OpenSearchDomain.__init__
    create = OpenSearchServiceBackend.create_domain

    def initialize_with_endpoint(domain: OpenSearchDomain, **arguments: Any) -> None:
        initialize(domain, **arguments)
        domain.endpoint = endpoint

    def create_only_one(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
        existing = the_domain()
        if existing is not None and existing.domain_name != arguments["domain_name"]:
            raise _LimitExceededError(
                f"The local AWS has one OpenSearch node, which serves the domain {existing.domain_name!r} already"
            )
        return create(backend, **arguments)

    OpenSearchDomain.__init__ = initialize_with_endpoint
    OpenSearchServiceBackend.create_domain = create_only_one


def the_domain() -> OpenSearchDomain | None:
    """The domain behind the front, None before it is created."""
    regions = (backend for account in opensearch_backends.values() for backend in account.values())
    return next((domain for backend in regions for domain in backend.domains.values()), None)
