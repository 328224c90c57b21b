"""What the function may be asked to do, as JSON Schema."""

import re
import textwrap
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate

from .items import PART

ACTIONS = ("fill", "change")
SOURCES = ("sample", "file")

# `description` says what is allowed: it is the second half of the error message.
FIELDS: dict[str, dict[str, Any]] = {
    "action": {"enum": list(ACTIONS), "description": "'fill' or 'change'"},
    "source": {"enum": list(SOURCES), "description": "'sample' or 'file'"},
    "items": {
        "type": "integer",
        "minimum": 1,
        "maximum": 1_000_000,
        "description": "a whole number from 1 to 1000000, the number of sample orders",
    },
    "seed": {"type": "integer", "description": "a whole number"},
    "until": {
        "type": "string",
        "format": "utc-time",
        "description": "a time in UTC such as '2026-11-01T00:00:00Z', 2001 to 2099, at which the sample orders end",
    },
    "part": {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "description": f"a whole number from 1 to 1000, which {PART} of the items to fill in",
    },
    "round": {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "description": "a whole number from 1 to 1000, the number of the round of changes",
    },
    "key": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "minItems": 1,
        "maxItems": 2,
        "uniqueItems": True,
        "description": "a list of the table's key attributes, partition key first",
    },
}
# (action, source): required fields, fields that may be left out
SHAPES: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("fill", "sample"): (("items", "seed", "until"), ("part",)),
    ("fill", "file"): ((), ("key", "part")),
    ("change", "sample"): (("items", "seed", "until", "round"), ()),
    ("change", "file"): (("round", "key"), ("seed",)),
}


class BadEvent(Exception):
    """The event is not one that the function takes; one line with field, value and what is allowed."""


def check(event: object) -> dict[str, Any]:
    """The event itself, checked. Raises BadEvent."""
    checked = _validated(event, ("action", "source"), tuple(FIELDS))
    required, optional = SHAPES[checked["action"], checked["source"]]
    return _validated(checked, ("action", "source", *required), optional)


def _validated(event: Any, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    allowed = dict.fromkeys((*required, *optional))
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "description": "an object",
        "required": list(required),
        "additionalProperties": False,
        "properties": {name: FIELDS[name] for name in allowed},
    }
    try:
        validate(event, schema, formats={"utc-time": _is_utc_time})
    except SchemaValidationError as error:
        if error.rule == "required":
            name = next(name for name in required if name not in event)
            problem = f"{name} is missing; give {FIELDS[name]['description']}"
        elif error.rule == "additionalProperties":
            name = next(name for name in event if name not in allowed)
            problem = f"{name} = {_short(event[name])} is not a field here; allowed: {', '.join(allowed)}"
        else:
            name = error.path[1] if error.path and len(error.path) > 1 else "event"
            definition = FIELDS.get(name, schema)
            value = event[name] if name in FIELDS else event
            problem = f"{name} = {_short(value)} is not allowed; give {definition['description']}"
        raise BadEvent(textwrap.shorten(f"bad event: {problem}", 300, placeholder=" …")) from None
    return dict(event)


def _is_utc_time(text: str) -> bool:
    if not re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        return False
    try:
        return datetime.fromisoformat(text).year > 2000
    except ValueError:
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
