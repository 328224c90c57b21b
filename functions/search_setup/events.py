"""What the function may be asked to do, as JSON Schema."""

from typing import Any

from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate

_ARNS = {"type": "array", "items": {"type": "string", "pattern": "^arn:[a-z-]+:iam::[0-9]{12}:role/"}}
_OBJECTS = {"type": "object", "additionalProperties": {"type": "object"}}

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": [
        "endpoint",
        "engine_version",
        "roles",
        "mappings",
        "dashboards_users",
        "index_templates",
        "start_page",
        "sessions",
    ],
    "additionalProperties": False,
    "properties": {
        # The domain's host, with :port where it is not 443.
        "endpoint": {"type": "string", "minLength": 1},
        "engine_version": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+$"},
        # Name -> security role, as its REST API takes it.
        "roles": _OBJECTS,
        # Name of a security role -> ARNs of the IAM roles that have it.
        "mappings": {"type": "object", "additionalProperties": _ARNS},
        # ARNs of the IAM roles that may use Dashboards.
        "dashboards_users": _ARNS,
        # Name -> index template, as its REST API takes it.
        "index_templates": _OBJECTS,
        # Path inside Dashboards; null leaves Dashboards' own.
        "start_page": {"type": ["string", "null"], "pattern": "^/app/"},
        # How long people stay signed in. A token lasts from 5 minutes to a day, a session from an hour to 10 years
        # (Cognito API, UpdateUserPoolClient).
        "sessions": {
            "type": "object",
            "required": ["user_pool_id", "token_minutes", "session_minutes"],
            "additionalProperties": False,
            "properties": {
                "user_pool_id": {"type": "string", "minLength": 1},
                "token_minutes": {"type": "integer", "minimum": 5, "maximum": 1440},
                "session_minutes": {"type": "integer", "minimum": 60, "maximum": 5_256_000},
            },
        },
    },
}


class BadEvent(Exception):
    """The event is not one that the function takes; one line that says where and why."""


def check(event: dict[str, Any]) -> dict[str, Any]:
    """The event itself, checked. Raises BadEvent."""
    try:
        validate(event, SCHEMA)
    except SchemaValidationError as error:
        raise BadEvent(f"bad event: {error.validation_message}") from None
    return event
