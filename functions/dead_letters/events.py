"""What the function may be asked to do, as JSON Schema."""

import textwrap
from typing import Any

from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate

_TEXT_OR_NULL = {"type": ["string", "null"], "minLength": 1}
_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["action", "table", "after"],
    "additionalProperties": False,
    "properties": {
        "action": {"enum": ["list", "replay"]},
        # The table's key in the settings; null: all of them.
        "table": _TEXT_OR_NULL,
        # Where an earlier answer says that it ended; null: from the beginning.
        "after": _TEXT_OR_NULL,
    },
}


class BadEvent(Exception):
    """The event is not one that the function takes; one line that says where and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(textwrap.shorten(f"bad event: {problem}", 300, placeholder=" …"))


def check(event: Any) -> dict[str, Any]:
    """The event itself, checked. Raises BadEvent."""
    try:
        validate(event, _SCHEMA)
    except SchemaValidationError as error:
        raise BadEvent(error.validation_message or str(error)) from None
    return dict(event)
