"""The domain as Terraform will ask for it, so that it can be there before, and in the state: nothing is left to change.

The provider waits ten minutes before it looks at a domain that it creates, and one after an update, whatever AWS says.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

ADDRESS = "aws_opensearch_domain.search_domain"
_REFERENCE = re.compile(r"\$\{(\w+\.\w+)\.(\w+)\}")
# Where Terraform's word is another than CreateDomain's.
_TERRAFORMS_WORDS = {
    "CloudWatchLogsLogGroupArn": "cloudwatch_log_group_arn",
    "EncryptionAtRestOptions": "encrypt_at_rest",
    "NodeToNodeEncryptionOptions": "node_to_node_encryption",
}

Document = Mapping[str, Any]


def needed(stack: Document) -> set[str]:
    """Addresses of the resources that must be there before the domain; empty for a stack without one."""
    domain = _declared(stack)
    return {address for address, _ in _REFERENCE.findall(json.dumps(domain))} | set(domain.get("depends_on", ()))


def request(stack: Document, attributes: Mapping[str, Document]) -> dict[str, Any]:
    """CreateDomain's parameters for the domain of a stack, from the `attributes` of what it refers to, by address.

    Without its tags, which the provider sets without waiting. Raises `KeyError` for what is not there.
    """

    def value(found: re.Match[str]) -> str:
        return str(attributes[found[1]][found[2]])

    filled = {name: json.loads(_REFERENCE.sub(value, json.dumps(one))) for name, one in _declared(stack).items()}
    translated: dict[str, Any] = _translated(_create_domain(), filled)
    return translated


def known(requested: Document, arn: str) -> dict[str, Any]:
    """Attributes for Terraform's state: which domain it is, and who its master user is, which AWS never tells."""
    master = requested["AdvancedSecurityOptions"]["MasterUserOptions"]["MasterUserARN"]
    options = {"enabled": True, "master_user_options": [{"master_user_arn": master}]}
    return {"id": arn, "domain_name": requested["DomainName"], "advanced_security_options": [options]}


def _declared(stack: Document) -> Document:
    kind, name = ADDRESS.split(".")
    declared: Document = stack["resource"].get(kind, {}).get(name, {})
    return declared


@functools.cache
def _create_domain() -> Shape | None:
    return botocore.session.get_session().get_service_model("opensearch").operation_model("CreateDomain").input_shape


def _translated(shape: Shape | None, given: Any) -> Any:
    """What Terraform calls `given`, in the words and the form of a botocore shape."""
    match shape:
        case StructureShape():
            words = {member: _TERRAFORMS_WORDS.get(member, xform_name(member)) for member in shape.members}
            return {
                member: _translated(shape.members[member], given[word])
                for member, word in words.items()
                if given.get(word) is not None
            }
        case MapShape():
            # Of the domain's only the logs that are published, by type.
            return {one["log_type"]: _translated(shape.value, one) for one in given}
        case ListShape():
            return [_translated(shape.member, one) for one in given]
        case _:
            return given
