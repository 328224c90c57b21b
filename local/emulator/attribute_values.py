"""DynamoDB's attribute values in answers, written as they are.

Moto looks each member of an attribute value up under several names, most of the processor time of a scan.
"""

import base64
from collections.abc import Mapping
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType

_SHAPE = "AttributeValue"


def install() -> None:
    """Takes the short way for attribute values, and moto's for everything else."""
    serialize = BaseJSONSerializer._serialize_type_structure

    def serialize_shortly(
        serializer: BaseJSONSerializer, serialized: dict[str, Any], value: Any, shape: StructureShape, key: str
    ) -> None:
        if shape.name == _SHAPE:
            serialized[key] = _written(value)
        else:
            serialize(serializer, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize_shortly


def _written(value: DynamoType | Mapping[str, Any]) -> dict[str, Any]:
    """An attribute value, which moto has as an object of its own or as DynamoDB's JSON with bytes in it."""
    if isinstance(value, DynamoType):
        kind, content = value.type, value.value
    else:
        ((kind, content),) = value.items()
    match kind:
        case "B":
            content = _text(content)
        case "BS":
            content = [_text(member) for member in content]
        case "L":
            content = [_written(member) for member in content]
        case "M":
            content = {name: _written(member) for name, member in content.items()}
    return {kind: content}


def _text(binary: bytes | str) -> str:
    return binary if isinstance(binary, str) else base64.b64encode(binary).decode()
