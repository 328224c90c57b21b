"""What is made and what refers to what, drawn from the synthesized stacks."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from settings import load
from stacks.app import synthesize

# Has all three stacks.
ENVIRONMENT = "dev"
# Constructs that only hold others: one for each table or pipeline.
HOLDERS = ("ingestion", "source")
_ADDRESS = re.compile(r"\b(?:data\.)?aws_\w+\.\w+")


def picture() -> str:
    """A Mermaid flowchart: a frame for each stack, a box for each noun, an arrow to what its resources refer to."""
    with tempfile.TemporaryDirectory() as folder:
        synthesize(load(ENVIRONMENT), Path(folder))
        stacks = {
            stack: json.loads((Path(folder) / "stacks" / stack / "cdk.tf.json").read_text())
            for stack in ("state", "pipeline", "seeding")
        }
    return "\n".join(["```mermaid", *_lines(stacks), "```"])


def _lines(stacks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "flowchart LR"
    for stack, terraform in stacks.items():
        blocks = dict(_blocks(terraform))
        nouns = {address: _noun(block) for address, block in blocks.items()}
        kinds: dict[str, Counter[str]] = {}
        for address, noun in nouns.items():
            kinds.setdefault(noun, Counter())[_kind(address)] += 1
        yield f"  subgraph {stack}"
        for noun, counts in kinds.items():
            made = "<br/>".join(f"{count} {kind}s" if count > 1 else kind for kind, count in _summed(counts))
            yield f'    {_box(stack, noun)}["<b>{noun}</b><br/>{made}"]'
        arrows = _arrows(blocks, nouns)
        for one, other in sorted(arrows):
            mutual = (other, one) in arrows
            if one < other or not mutual:
                yield f"    {_box(stack, one)} {'<-->' if mutual else '-->'} {_box(stack, other)}"
        yield "  end"
    yield from (f"  {stack} ~~~ {other}" for stack, other in zip(stacks, list(stacks)[1:], strict=False))


def _blocks(terraform: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for section, before in (("resource", ""), ("data", "data.")):
        for kind, blocks in terraform.get(section, {}).items():
            for name, block in blocks.items():
                yield f"{before}{kind}.{name}", block


def _noun(block: Mapping[str, Any]) -> str:
    path = block["//"]["metadata"]["path"].split("/")[1:]
    return "/".join(path[:2]) if path[0] in HOLDERS else str(path[0])


def _kind(address: str) -> str:
    kind, _ = address.rsplit(".", 1)
    return kind.replace("aws_", "").replace("data.", "data ").replace("_", " ")


def _summed(counts: Counter[str]) -> list[tuple[str, int]]:
    """Without what is a detail of another: the policy of a role, the encryption of a bucket."""
    return [
        (kind, count) for kind, count in counts.items() if not any(kind.startswith(f"{other} ") for other in counts)
    ]


def _box(stack: str, noun: str) -> str:
    return f"{stack}_{re.sub(r'[^a-z0-9]', '_', noun)}"


def _arrows(blocks: Mapping[str, Mapping[str, Any]], nouns: Mapping[str, str]) -> set[tuple[str, str]]:
    arrows = set()
    for address, block in blocks.items():
        text = json.dumps({name: value for name, value in block.items() if name != "//"})
        referred = {nouns[found] for found in _ADDRESS.findall(text) if found in nouns}
        arrows |= {(nouns[address], noun) for noun in referred if noun != nouns[address]}
    return arrows
