"""Streams of writes to a table, made by chance, and what the rules say must be in the index afterwards.

The rules are written down from what Data Prepper did (the recordings in `engine_contract`) and know nothing of the
engine: the last write to a key decides, whatever came before it in the same second; a delete leaves nothing behind; a
document is the whole new item, its id the key, its numbers have every digit, binary values are Base64, and sets are
lists in any order.
"""

import base64
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import strategies as st

Attribute: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Attribute]
Key: TypeAlias = tuple[str, str]  # partition and sort key


@dataclass(frozen=True)
class Write:
    """A put of `attributes`, an update that sets them and removes `removed`, or a delete."""

    operation: str
    key: Key
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    removed: Sequence[str] = ()


def after(writes: Iterable[Write]) -> dict[Key, Item | None]:
    """The item of each key in the end; None where it was deleted, or was never there."""
    items: dict[Key, Item | None] = {}
    for write in writes:
        match write.operation:
            case "put":
                items[write.key] = dict(write.attributes)
            case "update":
                kept = {
                    name: value for name, value in (items.get(write.key) or {}).items() if name not in write.removed
                }
                items[write.key] = {**kept, **write.attributes}
            case "delete":
                items[write.key] = None
    return items


def document_id(key: Key) -> str:
    return "|".join(key)


def differences(attribute: Attribute, found: Any) -> str | None:
    """What is wrong with `found`, a value of a document that was read with Decimal, for an attribute of the item."""
    ((kind, value),) = attribute.items()
    inner: Iterable[tuple[Attribute, Any]] = ()
    match kind:
        case "L":
            right = isinstance(found, list) and len(found) == len(value)
            inner = zip(value, found, strict=True) if right else ()
        case "M":
            right = isinstance(found, dict) and found.keys() == value.keys()
            inner = ((one, found[name]) for name, one in value.items()) if right else ()
        case "SS" | "NS" | "BS":
            members = [_plain(kind[0], one) for one in value]
            right = isinstance(found, list) and sorted(found) == sorted(members)
        case _:
            expected = _plain(kind, value)
            right = type(found) is type(expected) and found == expected
    if not right:
        return f"{attribute!r:.200} became {found!r:.200}"
    return next((wrong for one, value in inner if (wrong := differences(one, value))), None)


def _plain(kind: str, value: Any) -> Any:
    match kind:
        case "N":
            return Decimal(value)
        case "B":
            return base64.b64encode(value).decode()
        case "NULL":
            return None
        case _:
            return value


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# OpenSearch takes no blank name, and a point is a step in it.
_names = st.text(string.ascii_letters + string.digits + "_-$ é日😀/", min_size=1, max_size=6).filter(str.strip)
_digits = st.integers(-(10**38) + 1, 10**38 - 1)
_numbers = st.one_of(
    st.sampled_from(["0", "-1", "1.50", "0.1", "1E-130", "9.9999999999999999999999999999999999999E+125"]),
    st.integers(-(2**63), 2**63).map(str),
    st.builds(lambda digits, exponent: str(Decimal(digits).scaleb(exponent)), _digits, st.integers(-80, 80)),
)
_binaries = st.binary(max_size=24)


def _set_of(
    members: st.SearchStrategy[Any], same: Callable[[Any], Any] = lambda member: member
) -> st.SearchStrategy[list[Any]]:
    return st.lists(members, min_size=1, max_size=4, unique_by=same)


_scalars: st.SearchStrategy[Attribute] = st.one_of(
    st.fixed_dictionaries({"S": _texts}),
    st.fixed_dictionaries({"N": _numbers}),
    st.fixed_dictionaries({"B": _binaries}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"SS": _set_of(_texts.filter(bool))}),
    st.fixed_dictionaries({"NS": _set_of(_numbers, Decimal)}),
    st.fixed_dictionaries({"BS": _set_of(_binaries.filter(bool))}),
)
_attributes: st.SearchStrategy[Attribute] = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"M": st.dictionaries(_names, inner, max_size=3)}),
    ),
    max_leaves=6,
)


def _deep(levels: int) -> Attribute:
    attribute: Attribute = {"S": "bottom"}
    for level in range(levels):
        attribute = {"M": {"m": attribute}} if level % 2 else {"L": [attribute]}
    return attribute


# Few keys, so that they meet; a number as sort key has an id of its own.
_keys = st.tuples(st.sampled_from(["a", "é日", "x y/z"]), st.sampled_from(["0", "-1.5", "9" * 38]))
_plain_items = st.dictionaries(_names, _attributes, max_size=4)
_items = st.one_of(
    _plain_items,
    _plain_items,
    _plain_items,
    # DynamoDB takes 400 KB, and 32 levels below the item.
    st.sampled_from("x日").map(lambda text: {"large": {"S": text * (390_000 // len(text.encode()))}}),
    st.integers(1, 31).map(lambda levels: {"deep": _deep(levels)}),
)
_writes = st.one_of(
    st.builds(Write, st.just("put"), _keys, _items),
    # moto fails on an update that changes nothing.
    st.builds(Write, st.just("update"), _keys, _plain_items.filter(bool), st.lists(_names, max_size=2)),
    st.builds(Write, st.just("delete"), _keys),
)
_bursts = st.builds(
    lambda key, count, end: [
        *(Write("put", key, {"n": {"N": str(number)}}) for number in range(count)),
        *([Write("delete", key)] if end else []),
    ],
    _keys,
    st.integers(2, 30),
    st.booleans(),
)
streams: st.SearchStrategy[list[Write]] = st.lists(_writes.map(lambda write: [write]) | _bursts, max_size=8).map(
    lambda parts: [write for part in parts for write in part]
)
