"""What the function knows of each pipeline: what was true when it was deployed, in a file of the package."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# At the root of the deployment package, where synth put it.
FILE = Path(__file__).parents[1] / "pipelines.json"


@dataclass(frozen=True)
class Attributes:
    """Which attributes of an item its document has: those to include, or with none all but those to exclude."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]


@dataclass(frozen=True)
class Pipeline:
    table: str
    indices: tuple[str, ...]
    """What it writes to; with a star at the end where dates make several."""
    replayed: bool
    """Whether the order of a letter and of what is in the index can be told."""
    key_in_id: bool
    """The id of a document is the item's primary key, partition|sort; otherwise it is made of attributes."""
    attributes: Attributes | None
    """None where processors make of an item what they will."""


def read(file: Path = FILE) -> dict[str, Pipeline]:
    """The pipelines of the environment by their ids: orders-1."""
    described: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {id_: _pipeline(**one) for id_, one in described.items()}


def _pipeline(*, indices: list[str], attributes: Mapping[str, list[str]] | None, **rest: Any) -> Pipeline:
    chosen = Attributes(tuple(attributes["include"]), tuple(attributes["exclude"])) if attributes else None
    return Pipeline(indices=tuple(indices), attributes=chosen, **rest)
