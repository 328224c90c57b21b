"""One step over each limit that the models state, and each wrong type: a new setting gets its cases by itself."""

import copy
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import pytest
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from settings import Settings
from settings.loading import RESERVED, model_in
from tests.unit.bad_input.conftest import Refused

Path = tuple[str | int, ...]

# Every block, list and mapping that settings may have, with one entry each. Types and single values are right, which
# is looked at first; together they need not be.
EVERYTHING: dict[str, Any] = {
    "project": "shop",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "production": False,
    "tags": {"team": "search"},
    "network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]},
    "tables": {
        "orders": {
            "partition_key": {"name": "order_id", "type": "S"},
            "sort_key": {"name": "at", "type": "N"},
            "existing": {"name": "orders"},
            "units": {},
            "expected": {},
            "documents": {
                "attributes": {"total": {"type": "double"}},
                "include": ["total"],
                "exclude": ["email"],
                "processors": [{"delete_entries": {"with_keys": ["a"]}}],
                "routes": {"eu": {"when": "true"}},
            },
            "overview": {"terms": ["country"], "columns": ["total"]},
            "seeding": {},
        }
    },
    "ingestion": {},
    "domain": {
        "instance_type": "r7g.large.search",
        "instance_count": 3,
        "volume_gib": 100,
        "reader_roles": ["arn:aws:iam::111122223333:role/shop"],
        "warm": {"type": "ultrawarm1.medium.search", "count": 2},
    },
    "collection": {
        "reader_roles": ["arn:aws:iam::111122223333:role/shop"],
        "dashboards": {
            "roles": ["arn:aws:iam::111122223333:role/shop"],
            "saml": {"metadata": "idp.xml", "groups": ["analysts"], "users": ["ann"]},
        },
    },
    "existing_domain": {"name": "company", "reader_roles": ["arn:aws:iam::111122223333:role/shop"]},
    "dashboards": {
        "administrators": {"users": ["ann@example.com"]},
        "analysts": {"users": ["bob@example.com"]},
    },
    "alarms": {"emails": ["ann@example.com"]},
    "budget": {"monthly_usd": 100, "emails": ["ann@example.com"]},
    "hours": {"start": "08:00", "stop": "18:00", "timezone": "Europe/Berlin", "days": ["mon"]},
    "delivery": {"repository": "example/shop"},
    "state": {},
}
ABSENT = object()
# A value of each type that YAML knows.
OF_TYPE: dict[type, Any] = {str: "x", int: 7, float: 1.5, bool: True, list: ["x"], dict: {"x": "y"}}


def fields(model: type[BaseModel], at: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Every setting, with the path that it has in EVERYTHING."""
    for name, field in model.model_fields.items():
        if not at and name in RESERVED:
            continue
        yield (*at, name), field
        inner = model_in(field.annotation)
        if inner is not None:
            below = value_at((*at, name))
            yield from fields(
                inner, (*at, name, *([next(iter(below))] if get_origin(field.annotation) is dict else []))
            )


def value_at(path: Path) -> Any:
    value: Any = EVERYTHING
    for part in path:
        assert part in value, f"give {'.'.join(map(str, path))} an entry in EVERYTHING"
        value = value[part]
    return value


def with_value(path: Path, value: Any) -> str:
    document: Any = copy.deepcopy(EVERYTHING)
    *parents, last = path
    target = document
    for parent in parents:
        target = target[parent]
    if value is ABSENT:
        del target[last]
    else:
        target[last] = value
    return yaml.safe_dump(document, allow_unicode=True)


def wrong(annotation: Any, metadata: list[Any], *, optional: bool = False) -> Iterator[Any]:
    """What a field of that type does not take."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from wrong(arguments[0], [*arguments[1:], *metadata], optional=optional)
    elif origin in (types.UnionType, Union):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        yield from wrong(inner, metadata, optional=True)
    else:
        taken = taken_by(annotation, metadata)
        yield from (value for type_, value in OF_TYPE.items() if type_ not in taken)
        if not optional:
            yield None
        for limit in metadata:
            yield from beyond(limit, annotation)
        if origin is Literal:
            largest, smallest = max(arguments), min(arguments)
            yield from (f"{largest}\u200b", largest[:-1], "") if str in taken else (largest + 1, smallest - 1)


def taken_by(annotation: Any, metadata: list[Any]) -> set[type]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return {list}
    if origin is Literal:
        return {type(argument) for argument in arguments}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # A text may be short for one.
        return {dict, str} if any(isinstance(one, BeforeValidator) for one in metadata) else {dict}
    return {origin or annotation}


def beyond(limit: Any, annotation: Any) -> Iterator[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    match limit:
        case annotated_types.Ge():
            yield limit.ge - 1  # type: ignore[operator]
        case annotated_types.Le():
            yield limit.le + 1  # type: ignore[operator]
        case annotated_types.MinLen():
            yield {}
        case annotated_types.MaxLen():
            yield from too_long(origin, arguments, limit.max_length)
        case AfterValidator():
            yield -1 if annotation is int else ""


def too_long(origin: Any, arguments: tuple[Any, ...], most: int) -> Iterator[Any]:
    if origin is dict:
        yield {f"a{number}": value_of(arguments[1]) for number in range(most + 1)}
    else:
        yield [value_of(arguments[0], number) for number in range(most + 1)]


def value_of(annotation: Any, number: int = 0) -> Any:
    """One of a long list of good ones."""
    candidates: tuple[Any, ...] = (
        f"a{number}",
        f"a{number}@example.com",
        "long",
        {"when": "true"},
        {"trim_string": {}},
    )
    for candidate in candidates:
        try:
            TypeAdapter(annotation).validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    raise AssertionError(f"give value_of a good {annotation}")


def steps_too_far(path: Path, field: FieldInfo) -> Iterator[tuple[Path, Any]]:
    """(where the message has to point, what stands there)"""
    origin, arguments = get_origin(field.annotation), get_args(field.annotation)
    yield from ((path, value) for value in wrong(field.annotation, field.metadata))
    if field.is_required():
        yield path, ABSENT
    if origin is tuple:
        yield from (((*path, 0), value) for value in wrong(arguments[0], []))
    if origin is dict and arguments[0] is not str:
        yield (*path, ""), next(iter(value_at(path).values()))


@pytest.mark.parametrize(
    ("path", "field"), [*fields(Settings)], ids=lambda value: ".".join(value) if isinstance(value, tuple) else ""
)
def test_one_step_too_far(path: Path, field: FieldInfo, refused: Refused) -> None:
    for at, value in steps_too_far(path, field):
        problems = refused(with_value(at, value))
        where = ".".join(str(part) or "''" for part in at)
        assert len(problems) == 1, (value, problems)
        assert problems[0].startswith(f"{where}: {'is missing' if value is ABSENT else ''}"), (value, problems)


def models(model: type[BaseModel] = Settings, at: Path = ()) -> Iterator[tuple[Path, type[BaseModel]]]:
    yield at, model
    for path, field in fields(model, at):
        inner = model_in(field.annotation)
        if inner is not None and len(path) == len(at) + 1:
            key = [next(iter(value_at(path)))] if get_origin(field.annotation) is dict else []
            yield from models(inner, (*path, *key))


@pytest.mark.parametrize(
    ("path", "model"), [*models()], ids=lambda value: ".".join(value) if isinstance(value, tuple) else ""
)
def test_name_that_only_looks_like_a_setting(path: Path, model: type[BaseModel], refused: Refused) -> None:
    names = [name for name in model.model_fields if path or name not in RESERVED]
    for lookalike in (
        names[0].upper(),
        names[0].translate(str.maketrans("aeiopc", "\u0430\u0435\u0456\u043e\u0440\u0441")),
    ):
        (problem,) = refused(with_value((*path, lookalike), "x"))
        assert problem.startswith(f"{'.'.join([*map(str, path), lookalike])}: unknown key; ")


def test_the_cases_are_many() -> None:
    assert sum(1 for path, field in fields(Settings) for _ in steps_too_far(path, field)) > 900
