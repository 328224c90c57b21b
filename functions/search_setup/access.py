"""Security roles, and who has them: ours exactly as told, others' with what others mapped left as it is."""

from collections.abc import Mapping
from typing import Any

from .domain import Domain

API = "/_plugins/_security/api"

# The role with which the security plugin lets somebody use Dashboards: its old name and its new one.
DASHBOARDS_ROLES = ("kibana_user", "opensearch_dashboards_user")

# What a role mapping consists of; the rest of what the API shows is about it.
PARTS = ("backend_roles", "and_backend_roles", "hosts", "users", "description")


def define_roles(domain: Domain, roles: Mapping[str, Any]) -> None:
    """Make each role what it says here."""
    for name, role in roles.items():
        domain.request("PUT", f"{API}/roles/{name}", body=role)


def map_roles(domain: Domain, members: Mapping[str, list[str]]) -> int:
    """Give each role, which is one of ours, to these IAM roles and no other; how many mappings changed."""
    return sum(_map(domain, role, arns, keep=False) for role, arns in members.items())


def admit_pipeline(domain: Domain, name: str, role: Any, members: list[str], *, settled: bool) -> int:
    """The security role `name` for these IAM roles and no other; how many mappings changed.

    `settled` leaves alone what there is of role and mapping.
    """
    if not (settled and domain.request("GET", f"{API}/roles/{name}")):
        define_roles(domain, {name: role})
    if settled and domain.request("GET", f"{API}/rolesmapping/{name}"):
        return 0
    return map_roles(domain, {name: members})


def dismiss_pipeline(domain: Domain, name: str) -> None:
    """No security role `name` any more, and nobody who has it."""
    for kind in ("rolesmapping", "roles"):
        domain.request("DELETE", f"{API}/{kind}/{name}")


def admit_to_dashboards(domain: Domain, arns: list[str]) -> int:
    """Let these IAM roles use Dashboards, beside those that others let in; how many mappings changed."""
    there = [role for role in DASHBOARDS_ROLES if arns and domain.request("GET", f"{API}/roles/{role}")]
    return sum(_map(domain, role, arns, keep=True) for role in there)


def _map(domain: Domain, role: str, arns: list[str], *, keep: bool) -> bool:
    """`keep` leaves to the role who has it already."""
    path = f"{API}/rolesmapping/{role}"
    mapping = (domain.request("GET", path) or {}).get(role, {})
    there = mapping.get("backend_roles", [])
    wanted = [*there, *(arn for arn in arns if arn not in there)] if keep else arns
    if sorted(wanted) == sorted(there):
        return False
    # PUT replaces the whole mapping.
    kept = {part: mapping[part] for part in PARTS if mapping.get(part)}
    domain.request("PUT", path, body={**kept, "backend_roles": wanted})
    return True
