"""JSON that loses no digit: DynamoDB's numbers have up to 38, a float has 15."""

import json
from decimal import Decimal
from typing import Any

from opensearchpy.serializer import JSONSerializer


def loads(text: str | bytes) -> Any:
    """As `json` reads it, with a Decimal for each number that is not whole. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> str:
    """As short as can be, with members in alphabetical order: equal values have equal texts."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            members = (f"{json.dumps(name, ensure_ascii=False)}:{dumps(value[name])}" for name in sorted(value))
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(map(dumps, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


class Serializer(JSONSerializer):  # type: ignore[misc] # opensearch-py is untyped here
    """How opensearch-py reads answers and writes bodies."""

    def loads(self, s: str) -> Any:
        return loads(s)
