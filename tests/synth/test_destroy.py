"""Terraform destroys in the reverse order of creation: who needs something until the end must depend on it.

The set-up function works while everything is destroyed: it takes a pipeline's index away after the pipeline.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized

Elements = dict[str, Any]
"""Resources, data sources and locals by their address."""

ADDRESS = re.compile(r"(?:data\.)?[a-z0-9_]+\.[a-z0-9_]+")
# Without them nothing in a VPC of ours reaches anything.
WAYS = ("aws_route_table_association.", "aws_vpc_endpoint.", "aws_vpc_security_group_")
INSIDE = (
    "aws_lambda_function.",
    "aws_opensearch_domain.",
    "aws_opensearchserverless_vpc_endpoint.",
    "aws_osis_pipeline.",
)
# Where a resource names the role that it acts as, or that a service acts as for it.
ACTS_AS = ("role", "role_arn", "iam_role_arn")


def elements(stack: dict[str, Any]) -> Elements:
    found = {f"local.{name}": value for name, value in stack.get("locals", {}).items()}
    for prefix, block in (("", "resource"), ("data.", "data")):
        for kind, named in stack.get(block, {}).items():
            found |= {f"{prefix}{kind}.{name}": one for name, one in named.items()}
    return found


def values(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text, with the name of the argument that it is in."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from values(child, name)
    elif isinstance(node, list):
        for child in node:
            yield from values(child, key)
    elif isinstance(node, str):
        yield key, node


def mentioned(element: Any, arguments: Iterable[str] = ()) -> set[str]:
    """Addresses in the element, or in its arguments of these names only."""
    return {
        address
        for key, text in values(element)
        if (key in arguments if arguments else "${" in text or key == "depends_on")
        for address in ADDRESS.findall(text)
    }


def of_kind(found: Iterable[str], *kinds: str) -> set[str]:
    return {address for address in found if address.startswith(kinds)}


def outlived(found: Elements) -> dict[str, set[str]]:
    """Address -> all that is there longer, because it is depended on, near and far."""
    near = {address: mentioned(element) & found.keys() for address, element in found.items()}

    def all_of(address: str) -> set[str]:
        seen: set[str] = set()
        rest = {address}
        while rest:
            rest = {far for one in rest for far in near[one]} - seen
            seen |= rest
        return seen

    return {address: all_of(address) for address in found}


def needed(address: str, found: Elements) -> set[str]:
    """What must outlive the resource at `address`."""
    element, name = found[address], address.partition(".")[2]
    roles = of_kind(mentioned(element, ACTS_AS), "aws_iam_role.")
    policies = of_kind(found, "aws_iam_role_policy.")
    wanted = {policy for policy in policies if address != policy and mentioned(found[policy], ("role",)) & roles}
    if address.startswith(INSIDE):
        wanted |= of_kind(found, *WAYS)
    if address.startswith("aws_lambda_function."):
        wanted.add(f"aws_cloudwatch_log_group.{name.removesuffix('_function')}_logs")
    if address.startswith("aws_osis_pipeline."):
        # Its body names the role, which is thus no reference.
        own = name.removesuffix("_pipeline")
        wanted |= {f"aws_cloudwatch_log_group.{own}_logs", f"aws_iam_role_policy.{own}_role_policy"}
        wanted |= of_kind(found, f"aws_opensearchserverless_access_policy.{own}_")
        wanted |= of_kind(found, "aws_s3_bucket.export")
    if address.startswith("aws_lambda_invocation."):
        # What lets the function in: of a domain that is a part of it.
        wanted |= of_kind(mentioned(found), "aws_opensearch_domain.", "data.aws_opensearch_domain.") & found.keys()
        wanted |= of_kind(found, "aws_opensearchserverless_access_policy.search_")
        wanted |= of_kind(found, "aws_opensearchserverless_security_policy.search_")
    return wanted


def assert_nothing_goes_too_early(stacks: Stacks) -> None:
    for stack in stacks.values():
        found = elements(stack)
        longer = outlived(found)
        missing = {
            address: too_early
            for address in found
            if not address.startswith("local.") and (too_early := needed(address, found) - longer[address])
        }
        assert missing == {}


def test_nothing_goes_while_it_is_needed(environment: str, stacks_of: StacksOf) -> None:
    assert_nothing_goes_too_early(stacks_of(environment))


def test_nothing_goes_while_a_collection_in_a_network_of_ours_needs_it(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    changes = {"domain": None, "collection": {}, "network": {"cidr": "10.20.0.0/24"}}
    assert_nothing_goes_too_early(synthesized(settings_with(changes)))
