"""An event of the pipeline: the document in the making and its metadata, addressed and printed as Data Prepper does."""

import copy
import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from local.engine.java_numbers import double_text, float_text

# DynamoDB numbers are Decimal (Java's BigDecimal); int and float come from the body, metadata and conversions.
Value: TypeAlias = "bool | int | float | Decimal | str | list[Value] | dict[str, Value] | None"
Path: TypeAlias = tuple[str, ...]

_KEY = re.compile(r"[A-Za-z0-9.\-_~@/\[\] $()]*")
_MAX_KEY_LENGTH = 2048
_ELEMENT = re.compile(r"0|[1-9][0-9]{0,9}")


class InvalidKeyError(ValueError):
    """A key that Data Prepper does not take as the address of a field."""


class WrongShapeError(ValueError):
    """The event has something else where a key expects an object or a list."""


class Long(int):
    """Java's long, where it is told from an int: no set of ints has it."""


class Float(float):
    """Java's float, of 32 bits, where it is told from a double: it is written with fewer digits."""


class _Missing:
    pass


_MISSING = _Missing()


def path_of(key: str) -> Path:
    """The steps of a JSON pointer as they are written; the leading slash is optional. Raises `InvalidKeyError`."""
    if len(key) > _MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise InvalidKeyError(f"'{key}' is not a key: letters, digits and .-_~@/[]$() up to {_MAX_KEY_LENGTH}")
    return unchecked_path_of(key)


def unchecked_path_of(key: str) -> Path:
    """The steps of a key that may have any characters, as where Data Prepper deletes."""
    trimmed = key[:-1] if len(key) > 1 and key.endswith("/") else key
    return tuple(trimmed.removeprefix("/").split("/")) if trimmed else ()


@dataclass(slots=True)
class Event:
    """`data` becomes the document; `metadata` is what getMetadata() reads.

    As in Data Prepper 2.16, `~1` and `~0` in a path are a slash and a tilde where it leads to something; where
    something is put, and at the end of what is deleted, they stand for themselves.
    """

    data: dict[str, Value]
    metadata: dict[str, Value]

    def get(self, path: Path) -> Value:
        """None where there is nothing, or null."""
        found = self._find(path)
        return None if isinstance(found, _Missing) else found

    def contains(self, path: Path) -> bool:
        return not isinstance(self._find(path), _Missing)

    def put(self, path: Path, value: Value) -> None:
        """Creates the objects on the way. Raises `WrongShapeError`."""
        if not path:
            raise WrongShapeError("the whole event cannot be replaced")
        parent: Value = self.data
        for step in filter(None, path[:-1]):
            parent = _child(parent, step)
        value = copy.deepcopy(value)
        leaf = path[-1]
        if leaf.isdigit():
            if not isinstance(parent, list) or int(leaf) >= len(parent):
                raise WrongShapeError(f"no list with an element {leaf} at {_text_of(path[:-1])}")
            parent[int(leaf)] = value
        elif isinstance(parent, dict):
            parent[leaf] = value
        else:
            raise WrongShapeError(f"no object at {_text_of(path[:-1])}")

    def delete(self, path: Path) -> None:
        """Deleting what is not there is fine. Raises `WrongShapeError`."""
        if not path:
            raise WrongShapeError("the whole event cannot be deleted")
        parent = self._find(path[:-1])
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
        elif not isinstance(parent, _Missing):
            raise WrongShapeError(f"no object at {_text_of(path[:-1])}")

    def _find(self, path: Path) -> "Value | _Missing":
        node: Value = self.data
        for written in path:
            step = written.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and step in node:
                node = node[step]
            elif isinstance(node, list) and _ELEMENT.fullmatch(step) and int(step) < len(node):
                node = node[int(step)]
            else:
                return _MISSING
        return node


def _child(parent: Value, step: str) -> Value:
    if isinstance(parent, dict):
        return parent.setdefault(step, {})
    if isinstance(parent, list) and step.isdigit() and int(step) <= len(parent):
        # One more than there are is added, and what is no object makes room for one.
        index = int(step)
        if index == len(parent):
            parent.append({})
        elif not isinstance(parent[index], dict):
            parent[index] = {}
        return parent[index]
    raise WrongShapeError(f"nothing can be put below {step}")


def _text_of(path: Path) -> str:
    return "/" + "/".join(path)


def text_of(value: Value) -> str:
    """As Java prints it: `true`, `1.5E+10`, `1.0E16`, `{a=1}`, `[1, x]`, `null`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "{" + ", ".join(f"{name}={text_of(member)}" for name, member in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(text_of, value)) + "]"
        case Float():
            return float_text(value)
        case float():
            return double_text(value)
        case _:
            return str(value)


def to_json(value: Value) -> str:
    """JSON with every digit of a Decimal, which `json` cannot write."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            return "{" + ",".join(f"{_json_string(name)}:{to_json(member)}" for name, member in value.items()) + "}"
        case list():
            return "[" + ",".join(map(to_json, value)) + "]"
        case str():
            return _json_string(value)
        case float():
            # JSON has no word for what is no number; Jackson writes it as a text.
            text = text_of(value)
            return text if math.isfinite(value) else _json_string(text)
        case _:
            return json.dumps(value)


_json_string = json.JSONEncoder(ensure_ascii=False).encode
