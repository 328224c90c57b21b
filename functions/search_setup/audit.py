"""What the security plugin writes into the audit log, which the domain publishes."""

from collections.abc import Mapping
from typing import Any

from .access import API
from .domain import Domain

PATH = f"{API}/audit"
PARTS = ("audit", "compliance")


def configure(domain: Domain, wanted: Mapping[str, Any]) -> None:
    """Make the configuration what it says here, and leave the rest as it is.

    `wanted` is a configuration, or a part of one, as the REST API takes it. What the service keeps to itself stays:
    `_readonly` names it, and another value there would be refused.
    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/audit-logs.html
    """
    told = domain.request("GET", PATH)
    there, kept = told["config"], told.get("_readonly", ())
    changed = {part: {**there.get(part, {}), **wanted.get(part, {})} for part in PARTS}
    for name in kept:
        _, part, field = name.split("/")
        changed[part][field] = there[part][field]
    domain.request("PUT", f"{PATH}/config", body={"enabled": wanted["enabled"], **changed})
