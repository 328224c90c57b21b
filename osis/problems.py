"""What is wrong or risky in a body: one line each, with the path of the option."""

import types
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_MESSAGES = {
    "missing": "is required",
    "literal_error": "{value} is not allowed; use {expected}",
    "greater_than_equal": "{value} is too small; at least {ge}",
    "less_than_equal": "{value} is too large; at most {le}",
    "too_short": "has {actual_length}; at least {min_length}",
    "too_long": "has too many entries; at most {max_length}",
    "value_error": "{error}",
    "bool_type": "{value} is not true or false",
    "dict_type": "{value} is not a mapping of keys to values",
    "int_type": "{value} is not a whole number",
    "model_type": "{value} is not a mapping of keys to values",
    "model_attributes_type": "{value} is not a mapping of keys to values",
    "string_type": "{value} is not text",
    "tuple_type": "{value} is not a list",
}

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is written as in `orders.sink[0].opensearch.index`; `message` is one line."""

    path: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        prefix = "warning: " if self.severity == "warning" else ""
        return f"{prefix}{self.path}: {self.message}"


class InvalidBody(ValueError):
    """A body that OpenSearch Ingestion or Data Prepper refuses; `problems` says why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Inconsistent(ValueError):
    """Raised by validators that look at several options: (path below the model, message) of each."""

    def __init__(self, *findings: tuple[Path, str]) -> None:
        self.findings = findings
        super().__init__("; ".join(message for _, message in findings))


def refuse(findings: list[tuple[Path, str]]) -> None:
    if findings:
        raise Inconsistent(*findings)


def at(path: Path) -> str:
    """Return `path` as text: `tables[0].stream`."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part if part.isprintable() else repr(part)}" for part in path
    )
    return text.removeprefix(".") or "body"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'stream'?`, or nothing where no known name is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def shown(value: object) -> str:
    """Return `value` short enough for one line."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def problems_of(error: ValidationError, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Return the problems that `error`, raised by `model`, stands for."""
    return tuple(problem for details in error.errors(include_url=False) for problem in _problems(details, model))


def _problems(details: ErrorDetails, model: type[BaseModel]) -> list[Problem]:
    path: Path = tuple(details["loc"])
    context = details.get("ctx", {})
    if isinstance(cause := context.get("error"), Inconsistent):
        return [Problem(at(path + below), message) for below, message in cause.findings]
    if details["type"] == "extra_forbidden":
        return [Problem(at(path), _unknown(str(path[-1]), _model_at(model, path[:-1])))]
    message = _MESSAGES.get(details["type"], "{value}: {message}").format(
        value=shown(details["input"]),
        message=details["msg"],
        **context | {"expected": context.get("expected", "").replace("'", "")},
    )
    return [Problem(at(path), message)]


def _unknown(key: str, model: type[BaseModel]) -> str:
    refused: dict[str, str] = getattr(model, "refused", {})
    if key in refused:
        return refused[key]
    return f"is not a known option{suggestion(key, model.model_fields)}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    for part in path:
        if isinstance(part, str):
            field = model.model_fields.get(part)
            annotation = field.annotation if field else model.__annotations__.get("__pydantic_extra__")
            model = _model_in(annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    arguments = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return next((found for argument in arguments if (found := _model_in(argument))), None)
