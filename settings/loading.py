"""From a file to `Settings`, or to one line for each problem."""

import difflib
import reprlib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

import named_file
import strict_yaml
from settings.environment import Settings

ENVIRONMENTS = Path(__file__).parents[1] / "environments"
# What comes from the file's name and place.
RESERVED = ("environment", "directory")
# As many problems as are told at once.
SHOWN = 20
# Of a line, in characters, before its middle goes.
BEGINNING, END = 250, 450


class InvalidSettings(ValueError):
    """What is wrong with a settings file, a line for each problem: field, value, what is allowed, what to do.

    The text has at most twenty of them, and says how many `more` there are.
    """

    def __init__(self, file: Path, problems: Sequence[str], more: int = 0) -> None:
        self.problems = tuple(_line(problem) for problem in problems)
        more += len(self.problems[SHOWN:])
        rest = [f"… and {more} more problems"] if more > 0 else []
        name = _line(str(file))
        super().__init__("\n".join(f"{name}: {problem}" for problem in [*self.problems[:SHOWN], *rest]))


def _line(text: str) -> str:
    """What a file holds must neither fill the terminal nor command it."""
    text = text if len(text) <= BEGINNING + END else f"{text[:BEGINNING]} … {text[-END:]}"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def load(environment: str) -> Settings:
    """Read and check one environment: a name of a file in `environments/`, or the path of a `.yaml` file elsewhere.

    Raises InvalidSettings.
    """
    file = Path(environment) if environment.endswith(".yaml") else ENVIRONMENTS / f"{environment}.yaml"
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    try:
        document = strict_yaml.read(named_file.read(file, strict_yaml.LARGEST))
    except named_file.Missing as error:
        there = ", ".join(sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
        problem = f"{error}; set ENVIRONMENT to one of {there}, or to a path ending in .yaml"
        raise InvalidSettings(file, [problem]) from None
    except (named_file.Unreadable, strict_yaml.InvalidYaml) as error:
        raise InvalidSettings(file, [str(error)]) from None
    if reserved := [name for name in RESERVED if name in document]:
        raise InvalidSettings(file, [f"{name}: comes from the file's name and place; remove it" for name in reserved])
    try:
        return Settings.model_validate({**_tuples(document), "environment": file.stem, "directory": file.parent})
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [line for detail in found[:SHOWN] for line in _explain(detail)]
        raise InvalidSettings(file, lines, more=len(found[SHOWN:])) from None


def _tuples(value: Any) -> Any:
    """YAML has lists; frozen models hold tuples, and strict mode does not turn one into the other."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(detail: ErrorDetails) -> list[str]:
    """One problem as `path: value: what is allowed; what the field is for`."""
    path, kind, value = detail["loc"], detail["type"], detail["input"]
    where = ".".join(str(part) or "''" for part in path if part != "[key]") or "the file"
    if kind == "contradictions":
        return str(detail["ctx"]["problems"]).splitlines()
    owner, field = _field(path)
    about = f" ({field.description})" if field is not None and field.description else ""
    if kind == "extra_forbidden":
        known = [name for name in owner.model_fields if name not in RESERVED] if owner else []
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        return [f"{where}: unknown key; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}")]
    if kind == "missing":
        return [f"{where}: is missing; add it{about}"]
    return [f"{where}: {AS_WRITTEN.repr(value)} is not allowed; {_allowed(detail, field)}{about}"]


class _AsWritten(reprlib.Repr):
    """A value in the words of YAML, cut where it is long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxlong = self.maxother = 100

    def repr_NoneType(self, _: None, __: int) -> str:  # noqa: N802 - reprlib's own way to call it
        return "null"

    def repr_bool(self, value: bool, _: int) -> str:
        return str(value).lower()

    def repr_tuple(self, value: tuple[Any, ...], level: int) -> str:
        return self.repr_list(list(value), level)


AS_WRITTEN = _AsWritten()


# What is said for pydantic's kinds of errors, where their own words are for programmers.
ALLOWED = {
    "bool_type": "use true or false",
    "dict_type": "use keys and values, indented below it",
    "int_type": "use a whole number without quotes",
    "literal_error": "use one of {expected}",
    "model_type": "use keys and values, indented below it",
    "pattern": "use {allowed}",
    "string_type": "use text; put it in quotes",
    "too_long": "name at most {max_length}",
    "too_short": "name at least one",
    "tuple_type": "use a list",
}


def _allowed(detail: ErrorDetails, field: FieldInfo | None) -> str:
    if detail["type"] in ("greater_than_equal", "less_than_equal") and field is not None:
        limits = {type(limit).__name__: limit for limit in field.metadata}
        least = limits["Ge"].ge
        return f"use a whole number from {least} to {limits['Le'].le}" if "Le" in limits else f"use at least {least}"
    allowed = ALLOWED.get(detail["type"])
    return allowed.format(**detail.get("ctx", {})) if allowed else detail["msg"]


def _field(path: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that holds `path` and the field it names, as far as both exist."""
    owner: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    below_mapping = False
    for part in path:
        if below_mapping:
            below_mapping = False
            continue
        if owner is None or part not in owner.model_fields:
            break
        field = owner.model_fields[str(part)]
        below_mapping = typing.get_origin(field.annotation) is dict
        if part != path[-1]:
            owner = model_in(field.annotation)
    return owner, field


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's type speaks of: a model itself, one that may be absent, the values of a mapping."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in typing.get_args(annotation) if (found := model_in(part))), None)
