"""A user's words reach AWS as they are written, whatever they mean to Terraform."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.literal import literal
from tests.synth.conftest import SettingsOf, Stacks, Synthesized, event, one

# What is no reference of ours.
TEMPLATE = re.compile(r"(?<!\$)\$\{(?!aws_|data\.|each\.|jsondecode\(|one\(|self\.)|(?<!%)%\{")
KEYS = {
    "partition_key": {"name": "${x}", "type": "S"},
    "sort_key": {"name": "%{ if y }", "type": "N"},
    "documents": {"attributes": {"${z}": {"type": "date", "format": "yyyy'${f}'"}}},
    "seeding": {"file": "items.json"},
}


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)


@pytest.fixture
def hostile(synthesized: Synthesized, settings_with: SettingsOf, tmp_path: Path) -> Stacks:
    (tmp_path / "items.json").write_text(json.dumps([{"${x}": "a", "%{ if y }": 1}]))
    return synthesized(settings_with({"tables.orders": KEYS}))


def test_nothing_of_a_users_is_a_template(hostile: Stacks) -> None:
    found = [text for stack in hostile.values() for text in texts(stack) if TEMPLATE.search(text)]
    assert found == []


def test_it_arrives_as_it_was_written(hostile: Stacks) -> None:
    def read(text: str) -> str:
        return text.replace("$${", "${").replace("%%{", "%{")

    table = one(hostile, "pipeline", "aws_dynamodb_table")
    assert [read(table["hash_key"]), read(table["range_key"])] == ["${x}", "%{ if y }"]
    assert [read(attribute["name"]) for attribute in table["attribute"]] == ["${x}", "%{ if y }"]
    (family,) = event(hostile)["generations"][0]["families"]
    assert json.loads(read(json.dumps(family["properties"]))) == {"${z}": {"type": "date", "format": "yyyy'${f}'"}}
    (fill,) = hostile["seeding"]["resource"]["aws_lambda_invocation"].values()
    assert json.loads(read(fill["input"]))["key"] == ["${x}", "%{ if y }"]


def test_a_text_without_a_template_stays() -> None:
    assert literal("a $ {b} % {c} $1") == "a $ {b} % {c} $1"


def test_a_reference_of_cdktf_stays() -> None:
    assert literal("https://${TfToken[TOKEN.7]}/${x}") == "https://${TfToken[TOKEN.7]}/$${x}"
