"""The README tells the truth where a machine can check it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from settings import Settings
from settings.loading import model_in

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if not prefix and name in ("environment", "directory"):
            continue
        if field.description:
            default = described_default(field.get_default(call_default_factory=True))
            yield f"| `{prefix}{name}` | {default} | {field.description} |"
        inner = model_in(field.annotation)
        if inner is not None:
            each = ".<name>" if get_origin(field.annotation) is dict else ""
            yield from rows(inner, f"{prefix}{name}{each}.")


def described_default(default: Any) -> str:
    if default is PydanticUndefined:
        return "required"
    if default in (None, (), {}) or isinstance(default, BaseModel):
        return "none"
    if isinstance(default, tuple):
        default = ", ".join(default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_settings_reference_is_that_of_the_models() -> None:
    table = "\n".join(["| setting | default | |", "|---|---|---|", *rows(Settings)])
    written = "\n".join(re.findall(r"^\|.*$", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert written == table, f"put this into docs/settings.md:\n{table}"


def test_the_layout_names_what_is_there() -> None:
    block = README.split("## Layout")[1].split("```")[1]
    named = {line.split()[0].rstrip("/") for line in block.strip().splitlines()}
    ignored = re.findall(r"^([\w.]+)/?$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    there = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and path.name not in ignored and (path.is_dir() or path.suffix == ".py")
    }
    assert named == there


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make\s([a-z-]+)", README, re.MULTILINE)) <= targets
