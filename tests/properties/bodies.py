"""Pipeline bodies made from the model of `osis`: valid ones, and each changed in any place to anything."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import osis
from osis.model import PipelineBody
from osis.plugin import Plugin
from osis.problems import Path, at
from osis.values import Options

ROLE = "arn:aws:iam::123456789012:role/pipeline"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
_ACCESS = {"sts_role_arn": ROLE, "region": "us-east-1"}
REMOVED = "(removed)"  # instead of a value


def _body(source: Mapping[str, Any], sink: Mapping[str, Any], **pipeline: Any) -> dict[str, Any]:
    table = {"table_arn": TABLE, "stream": {"start_position": "LATEST", "view_on_remove": "NEW_IMAGE"}}
    dynamodb = {"tables": [table], "aws": dict(_ACCESS), **source}
    opensearch = {"hosts": ["https://localhost:9443"], "index": "orders", "aws": dict(_ACCESS), **sink}
    return {
        "version": "2",
        "orders": {"source": {"dynamodb": dynamodb}, **pipeline, "sink": [{"opensearch": opensearch}]},
    }


# Between them they have every mapping of the model, so that every option has a place.
BASES: Mapping[str, dict[str, Any]] = {
    "everyday": _body(
        {
            "acknowledgments": True,
            "tables": [
                {
                    "table_arn": TABLE,
                    "stream": {"start_position": "LATEST", "view_on_remove": "OLD_IMAGE"},
                    "export": {"s3_bucket": "exports", "s3_prefix": "a/", "s3_region": "us-east-1"},
                }
            ],
        },
        {
            "index_type": "custom",
            "document_id": '${getMetadata("primary_key")}',
            "action": '${getMetadata("opensearch_action")}',
            "document_version": '${getMetadata("document_version")}',
            "document_version_type": "external",
            "template_type": "index-template",
            "template_content": '{"template": {"mappings": {}}}',
            "flush_timeout": 1000,
            "max_retries": 14,
            "dlq": {"s3": {"bucket": "dead-letters", "key_path_prefix": "a/", **_ACCESS}},
        },
    ),
    "scripted": _body(
        {},
        {
            "action": "upsert",
            "document_id": "${/id}",
            "script": {"source": "ctx._source.a = 1", "params": {}},
            "query_lookup": {"query_when": "/a == 1", "query_term": "a", "query_duration": "3s"},
        },
    ),
    "conditional": _body(
        {},
        {
            "actions": [{"type": "delete", "when": "/a == 1"}, {"type": "index"}],
            "routes": ["some"],
            "exclude_keys": ["a"],
        },
        routes=[{"some": "/a == 1"}],
    ),
    "collection": _body(
        {},
        {
            "aws": {
                **_ACCESS,
                "serverless": True,
                "serverless_options": {"network_policy_name": "orders", "collection_name": "orders"},
            },
            "index_type": "management_disabled",
        },
    ),
    "processed": _body(
        {},
        {},
        processor=[
            {"select_entries": {"include_keys": ["a"]}},
            {"delete_entries": {"entries": [{"with_keys": ["b"]}]}},
            {"add_entries": {"entries": [{"key": "c", "value": 1, "add_when": "/a == 1"}]}},
            {"rename_keys": {"entries": [{"from_key": "d", "to_key": "e"}]}},
            {"copy_values": {"entries": [{"from_key": "e", "to_key": "f"}]}},
            {"convert_type": {"key": "g", "type": "long"}},
            {"convert_type": {"coerce_strings": {"time_formats": ["yyyy"]}}},
            {"substitute_string": {"entries": [{"source": "h", "from": "a", "to": "b"}]}},
            {"date": {"match": [{"key": "i", "patterns": ["yyyy-MM-dd"]}], "destination": "j"}},
        ],
    ),
    "chained": {
        **_body({}, {}),
        "orders": {
            "source": {"dynamodb": {"tables": [{"table_arn": TABLE, "stream": {}}], "aws": dict(_ACCESS)}},
            "sink": [{"pipeline": {"name": "search"}}],
        },
        "search": {
            "source": {"pipeline": {"name": "orders"}},
            "sink": [{"opensearch": {"hosts": ["https://localhost"], "index": "orders", "aws": dict(_ACCESS)}}],
        },
    },
}

# What a place is given, whatever it is for: each kind of value at its limits, and what other places take.
VALUES: tuple[Any, ...] = (
    *(None, True, False, "true", "True", "yes", 0, 1, -1, 2, 5, 1.5, 2.0, "5", " 5", "1.5", "x5"),
    *(2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**31) - 1),
    *("", " ", "a", "a/b", "/a", "A", "a b", "a,b", "é", "a" * 33, "a" * 300),
    *("10s", "10 s", "100ms", "1m", "PT1M", "pt1m", "PT", "-10s", "1.5s"),
    *([], ["a"], ["a", "b"], [""], ["a/b"], [1], [None], [[]], {}, {"a": "b"}, {"a": None}, [{}], [{"a": "b"}]),
    *(ROLE, TABLE, "arn:aws:iam::1:role/a", "arn:aws:s3:us-east-1:123456789012:accesspoint/a", "s3://bucket"),
    *("us-east-1", "nowhere-1", "LATEST", "latest", "OLD_IMAGE", "old_image", "internal", "EXTERNAL", "external_gte"),
    *("custom", "log-analytics", "v1", "index-template", "long", "LONG", "default", "es6", "index", "INDEX", "bulk"),
    *("https://localhost", "http://localhost", "localhost", ["https://localhost"], ["localhost"], ["http://a:x"]),
    *("${/a}", "${/a", "${a}", '${getMetadata("primary_key")}', "${getMetadata(primary_key)}", "a-%{yyyy}-%{MM}"),
    *(
        "a-%{yyyy.MM}",
        "a-%{mm}",
        "%{",
        "/a == 1",
        "/a ==",
        "/a == 1 and",
        "a == 1",
        "true == true",
        "${{aws_secrets:a:b}}",
    ),
    REMOVED,
    *(
        "{}",
        "{",
        "[]",
        '{"template": {}}',
        "(",
        "[a-",
        "yyyy-MM-dd",
        "epoch_second",
        "bbbb",
        "UTC",
        "en-US",
        "en_US",
        "xx_XX",
    ),
    *("Europe/Paris", "Europe/Nowhere", "+02:00", "UTC+2", "+2", "aa", "yyyy'T'HH:mm", "yyyy'", "dd/MM/uuuu XXX"),
    *("a{2}", "{2}", "a{", r"\{", "[{]", "a|{2}", r"(?<n>a)\k<n>", r"\p{Alpha}{3}", "*"),
)


@dataclass(frozen=True)
class Place:
    """Where an option is, or may be: in which base, and the path of its mapping and its name there."""

    base: str
    path: Path

    @property
    def name(self) -> str:
        """As in a problem of `osis`, after the base's name."""
        return f"{self.base}: {at(self.path)}"

    def given(self, value: Any) -> dict[str, Any]:
        """The base with `value` there, or without anything."""
        return changed(BASES[self.base], self.path, value)


def changed(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    document = deepcopy(document)
    inner: Any = document
    for part in path[:-1]:
        inner = inner[part]
    if value is REMOVED:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return document


def places() -> Iterator[Place]:
    """Each option of each model, once, a sink's also beside `actions`; and one that no model has."""
    seen: set[tuple[type[Options], bool, str]] = set()
    for base, document in BASES.items():
        for path, model in _mappings((), osis.parse(json.dumps(document))):
            options = [field.alias or name for name, field in type(model).model_fields.items()]
            for option in (*options, "nonsense"):
                kind = (type(model), getattr(model, "actions", None) is not None, option)
                if kind not in seen:
                    seen.add(kind)
                    yield Place(base, (*path, option))


def _mappings(path: Path, value: object) -> Iterator[tuple[Path, Options]]:
    if isinstance(value, Plugin):
        name, options = value.plugin
        yield from _mappings((*path, name), options)
    elif isinstance(value, Options):
        yield path, value
        inner = value.pipelines if isinstance(value, PipelineBody) else {}
        for name, field in type(value).model_fields.items():
            inner = {**inner, field.alias or name: getattr(value, name)}
        for name, one in inner.items():
            yield from _mappings((*path, name), one)
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _mappings((*path, number), one)
