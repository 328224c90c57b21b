"""Every setting, as a table."""

from collections.abc import Iterator
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from settings import Settings
from settings.loading import model_in


def table() -> str:
    """In Markdown: path, default and description of each, in the order of the models."""
    return "\n".join(["| setting | default | |", "|---|---|---|", *_rows(Settings)])


def _rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if not prefix and name in ("environment", "directory"):
            continue
        if field.description:
            default = _described(field.get_default(call_default_factory=True))
            yield f"| `{prefix}{name}` | {default} | {field.description} |"
        inner = model_in(field.annotation)
        if inner is not None:
            each = ".<name>" if get_origin(field.annotation) is dict else ""
            yield from _rows(inner, f"{prefix}{name}{each}.")


def _described(default: Any) -> str:
    if default is PydanticUndefined:
        return "required"
    if default in (None, (), {}) or isinstance(default, BaseModel):
        return "none"
    if isinstance(default, tuple):
        default = ", ".join(default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
