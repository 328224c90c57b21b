"""YAML as both our settings and Data Prepper read it: no anchors, tags, duplicate keys, or surprises of YAML 1.1.

Only true and false are booleans, only decimals are numbers (`no`, `012`, `12:30` and dates stay text), and keys are
always text, as the Jackson parser in Data Prepper has it.
"""

import re
from typing import Any

import yaml

LARGEST = 250_000
DEEPEST = 50
MOST_VALUES = 40_000
# Python reads no more than 4,300 (sys.set_int_max_str_digits).
MOST_DIGITS = 1000


class InvalidYaml(ValueError):
    """Why a text is not acceptable, with line and column where there is one."""


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """The safe loader with fewer kinds of plain values."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's way to configure a loader


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), first)


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise InvalidYaml(f"{_at(key_node.start_mark)}: a key must be text")
        key = key_node.value
        if key in mapping:
            raise InvalidYaml(f"{_at(key_node.start_mark)}: the key {key!r} stands twice; keep one")
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


def _integer(_: Any, node: yaml.ScalarNode) -> int:
    if len(node.value) > MOST_DIGITS:
        digits = f"a number of {len(node.value):,} digits; at most {MOST_DIGITS:,}; put it in quotes if it is text"
        raise InvalidYaml(f"{_at(node.start_mark)}: {digits}")
    return int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _check_events(text: str) -> None:
    """What can be said before anything is made of it: a small file can be large in memory."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidYaml(f"{_at(event.start_mark)}: anchors and aliases are not allowed; write the value out")
        if tag := getattr(event, "tag", None):
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            raise InvalidYaml(f"{_at(event.start_mark)}: the tag {tag} is not allowed; write the value without it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InvalidYaml(f"{_at(event.start_mark)}: nested more than {DEEPEST} deep")
        values += isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if values > MOST_VALUES:
            raise InvalidYaml(f"{_at(event.start_mark)}: more than {MOST_VALUES:,} keys and values")


def read(content: bytes) -> dict[str, Any]:
    """Return the mapping in `content` (UTF-8, at most 250 kB and 40,000 keys and values). Raises InvalidYaml."""
    if len(content) > LARGEST:
        raise InvalidYaml(f"{len(content):,} bytes are too many; at most {LARGEST:,}")
    try:
        text = content.decode()
        _check_events(text)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, made stricter
    except UnicodeDecodeError as error:
        raise InvalidYaml(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(f"{_at(mark) if mark else 'YAML'}: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        raise InvalidYaml(f"position {error.position}: {error.reason}; remove the character") from None
    if not isinstance(document, dict):
        raise InvalidYaml("the document is not a mapping of keys to values")
    return document


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
