"""From a file to `Settings`, or to one line for each problem."""

import difflib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.environment import Settings
from strict_yaml import InvalidYaml, read

ENVIRONMENTS = Path(__file__).parents[1] / "environments"


class InvalidSettings(ValueError):
    """What is wrong with a settings file, a line for each problem: field, value, what is allowed, what to do."""

    def __init__(self, file: Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.problems = tuple(problems)


def load(environment: str) -> Settings:
    """Read and check one environment: a name of a file in `environments/`, or the path of a `.yaml` file elsewhere.

    Raises InvalidSettings.
    """
    file = Path(environment) if environment.endswith(".yaml") else ENVIRONMENTS / f"{environment}.yaml"
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
        raise InvalidSettings(
            file, [f"there is no such file; set ENVIRONMENT to one of {there}, or to a path ending in .yaml"]
        )
    try:
        document = read(file.read_bytes())
    except InvalidYaml as error:
        raise InvalidSettings(file, [str(error)]) from None
    for reserved in document.keys() & {"environment", "directory"}:
        raise InvalidSettings(file, [f"{reserved}: comes from the file's name and place; remove it"])
    try:
        return Settings.model_validate({**_tuples(document), "environment": file.stem, "directory": file.parent})
    except ValidationError as error:
        raise InvalidSettings(file, [line for detail in error.errors() for line in _explain(detail)]) from None


def _tuples(value: Any) -> Any:
    """YAML has lists; frozen models hold tuples, and strict mode does not turn one into the other."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(detail: ErrorDetails) -> list[str]:
    """One problem as `path: value: what is allowed; what the field is for`."""
    path, kind, value = detail["loc"], detail["type"], detail["input"]
    where = ".".join(str(part) for part in path if part != "[key]") or "the file"
    if kind == "contradictions":
        return str(detail["ctx"]["problems"]).splitlines()
    owner, field = _field(path)
    about = f" ({field.description})" if field is not None and field.description else ""
    if kind == "extra_forbidden":
        known = list(owner.model_fields) if owner else []
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        return [f"{where}: unknown key; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}")]
    if kind == "missing":
        return [f"{where}: is missing; add it{about}"]
    return [f"{where}: {value!r} is not allowed; {_allowed(detail, field)}{about}"]


# What is said for pydantic's kinds of errors, where their own words are for programmers.
ALLOWED = {
    "bool_type": "use true or false",
    "dict_type": "use keys and values, indented below it",
    "int_type": "use a whole number without quotes",
    "literal_error": "use one of {expected}",
    "model_type": "use keys and values, indented below it",
    "pattern": "use {allowed}",
    "string_type": "use text; put it in quotes",
    "too_long": "{actual_length} are too many; name at most {max_length}",
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
