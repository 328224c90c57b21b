"""The items that dead letters are about: found by their keys, and held against documents."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from .letters import Letter
from .pipelines import Attributes, Pipeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef

Item = Mapping[str, Mapping[str, Any]]
"""As DynamoDB gives it: {"id": {"S": "a"}}."""
Identity = tuple[str | Decimal | bytes, ...]
"""The values of a key, to compare by: a number is the same however it is written."""

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_KEYS = 100

_NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MISSING = object()


@dataclass(frozen=True)
class Key:
    """The key of one item, as DynamoDB takes it."""

    attributes: Item

    @property
    def identity(self) -> Identity:
        return tuple(_comparable(*one) for value in self.attributes.values() for one in value.items())


class Table:
    """A table, read by key."""

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._dynamodb, self._name = dynamodb, name
        described = dynamodb.describe_table(TableName=name)["Table"]
        types = {one["AttributeName"]: one["AttributeType"] for one in described["AttributeDefinitions"]}
        self.key = {one["AttributeName"]: types[one["AttributeName"]] for one in described["KeySchema"]}
        """Name -> type of the key attributes, partition key first."""

    def key_of(self, letter: Letter, pipeline: Pipeline) -> Key | None:
        """The key of the item that a letter is about; None where neither id nor document tell it for sure."""
        found = [*(self._keys_in(letter.document_id or "") if pipeline.key_in_id else self._keys_of(letter.document))]
        if len(found) > 1:
            # The id could be cut at several places; the document says where.
            said = {key.identity for key in self._keys_of(letter.document)}
            found = [key for key in found if key.identity in said]
        return found[0] if len(found) == 1 else None

    def read(self, keys: Iterable[Key]) -> dict[Identity, Item]:
        """Those of at most MOST_KEYS items that are there now, by the identities of their keys."""
        wanted = {key.identity: dict(key.attributes) for key in keys}
        found: dict[Identity, Item] = {}
        left: Mapping[str, KeysAndAttributesTypeDef] = {
            self._name: {"Keys": [*wanted.values()], "ConsistentRead": True}
        }
        while wanted and left:
            # What one answer of DynamoDB cannot hold is asked for again.
            answer = self._dynamodb.batch_get_item(RequestItems=left)
            for item in cast("list[Item]", answer["Responses"].get(self._name, [])):
                found[Key({name: item[name] for name in self.key}).identity] = item
            left = cast("Mapping[str, KeysAndAttributesTypeDef]", answer["UnprocessedKeys"])
        return found

    def _keys_in(self, document_id: str) -> Iterator[Key]:
        """Every way to read the id as `partition` or `partition|sort`, as Data Prepper makes it."""
        if len(self.key) == 1:
            yield from self._keys((document_id,))
            return
        pieces = document_id.split("|")
        for cut in range(1, len(pieces)):
            yield from self._keys(("|".join(pieces[:cut]), "|".join(pieces[cut:])))

    def _keys_of(self, document: Any) -> Iterator[Key]:
        """The key as the document has it."""
        if isinstance(document, dict):
            yield from self._keys(tuple(document.get(name) for name in self.key))

    def _keys(self, values: tuple[Any, ...]) -> Iterator[Key]:
        """The key of these values as they are in JSON, if they can be values of one."""
        found = {name: _key_value(type_, value) for (name, type_), value in zip(self.key.items(), values, strict=True)}
        if all(value is not None for value in found.values()):
            yield Key(cast("Item", found))


def unchanged(item: Item, document: Mapping[str, Any], attributes: Attributes) -> bool:
    """Whether `document` is what the pipeline makes of `item`, which has nothing but these attributes in it."""
    names: Iterable[str] = attributes.include or {
        name
        for name in item.keys() | document.keys()
        # Of an attribute whose name is the beginning of an excluded one Data Prepper leaves {}.
        if not any(excluded.startswith(name) for excluded in attributes.exclude)
    }
    return all(
        _same(item[name], document.get(name, _MISSING)) if name in item else name not in document for name in names
    )


def _same(value: Mapping[str, Any], seen: Any) -> bool:
    """Whether `seen` is what Data Prepper makes of an attribute value ({"S": "a"}); a set is a list in any order."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return type(seen) is type(content) and bool(seen == content)
        case "N":
            return type(seen) in (int, Decimal) and bool(seen == Decimal(content))
        case "B":
            return bool(seen == base64.b64encode(content).decode())
        case "NULL":
            return seen is None
        case "M":
            return (
                isinstance(seen, dict)
                and seen.keys() == content.keys()
                and all(_same(content[name], seen[name]) for name in content)
            )
        case "L":
            return isinstance(seen, list) and len(seen) == len(content) and all(map(_same, content, seen))
        case _:
            # SS, NS, BS
            return (
                isinstance(seen, list)
                and len(seen) == len(content)
                and all(any(_same({kind[0]: member}, other) for other in seen) for member in content)
            )


def _key_value(type_: str, value: Any) -> Mapping[str, Any] | None:
    """A key attribute of a type of DynamoDB, S, N or B, from JSON or from an id; None where it cannot be one."""
    if type_ == "N":
        is_number = isinstance(value, int | str | Decimal) and not isinstance(value, bool)
        return {"N": str(value)} if is_number and _NUMBER.fullmatch(str(value)) else None
    if not isinstance(value, str) or not value:
        return None
    if type_ == "S":
        return {"S": value}
    try:
        return {"B": base64.b64decode(value, validate=True)}
    except binascii.Error:
        return None


def _comparable(type_: str, value: Any) -> str | Decimal | bytes:
    found: str | Decimal | bytes = Decimal(value) if type_ == "N" else value
    return found
