"""What the function may be asked to do, as JSON Schema."""

import textwrap
from typing import Any

from aws_lambda_powertools.utilities.validation import SchemaValidationError, validate

_TEXT = {"type": "string", "minLength": 1}
# The domain's host, with :port where it is not 443.
_ENDPOINT = _TEXT
_GENERATION_NUMBER = {"type": "integer", "minimum": 1}
_ARNS = {"type": "array", "items": {"type": "string", "pattern": "^arn:[a-z-]+:iam::[0-9]{12}:role/"}}


def _object(**properties: Any) -> dict[str, Any]:
    """All of these and nothing else."""
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


# Indices that one pipeline writes and one alias leads to.
_FAMILY = _object(
    alias=_TEXT,
    # The name of the index; with a star at its end where dates make several.
    pattern=_TEXT,
    # Settings and properties of an index, as the REST API takes them.
    settings={"type": "object"},
    properties={"type": "object"},
)

_GENERATION = _object(
    pipeline=_TEXT,
    table=_TEXT,
    generation=_GENERATION_NUMBER,
    # Another takes its place: what there is of it stays as it was.
    settled={"type": "boolean"},
    # It takes the place of another only when it holds the same documents.
    compare={"type": "boolean"},
    # The pipeline's security role, as its REST API takes it, and the ARNs of the IAM roles that have it; null in a
    # collection, which has none.
    role={"type": ["object", "null"]},
    members=_ARNS,
    families={"type": "array", "minItems": 1, "items": _FAMILY},
)

# How long people stay signed in. A token lasts from 5 minutes to a day, a session from an hour to 10 years
# (Cognito API, UpdateUserPoolClient).
_SESSIONS = _object(
    user_pool_id=_TEXT,
    token_minutes={"type": "integer", "minimum": 5, "maximum": 1440},
    session_minutes={"type": "integer", "minimum": 60, "maximum": 5_256_000},
)

_PREPARE = _object(
    action={"const": "prepare"},
    endpoint=_ENDPOINT,
    # The configuration of the audit log, or a part of it, as its REST API takes it; null leaves it alone.
    audit={
        "type": ["object", "null"],
        "required": ["enabled"],
        "additionalProperties": False,
        "properties": {
            "enabled": {"type": "boolean"},
            "audit": {"type": "object"},
            "compliance": {"type": "object"},
        },
    },
    # Name -> security role, as its REST API takes it.
    roles={"type": "object", "additionalProperties": {"type": "object"}},
    # Name of a security role -> ARNs of the IAM roles that have it.
    mappings={"type": "object", "additionalProperties": _ARNS},
    # ARNs of the IAM roles that may use Dashboards.
    dashboards_users=_ARNS,
    generations={"type": "array", "items": _GENERATION},
    # Path inside Dashboards; null where Dashboards is somebody else's: the tenant that it begins in stays, too.
    start_page={"type": ["string", "null"], "pattern": "^/app/"},
    # null: nobody signs in through Cognito.
    sessions={**_SESSIONS, "type": ["object", "null"]},
)


def _of_a_generation(action: str) -> dict[str, Any]:
    """Called as often as Terraform creates, updates and deletes the invocation, which says so in `tf`.

    https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_invocation (lifecycle_scope)
    """
    return _object(
        action={"const": action},
        endpoint=_ENDPOINT,
        table=_TEXT,
        generation=_GENERATION_NUMBER,
        tf=_object(
            action={"enum": ["create", "update", "delete"]},
            # The input before.
            prev_input={"type": ["object", "null"]},
        ),
    )


SCHEMAS: dict[str, dict[str, Any]] = {
    "prepare": _PREPARE,
    "serve": _of_a_generation("serve"),
    "retire": _of_a_generation("retire"),
}


class BadEvent(Exception):
    """The event is not one that the function takes; one line that says where and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(textwrap.shorten(f"bad event: {problem}", 300, placeholder=" …"))


def check(event: Any) -> dict[str, Any]:
    """The event itself, checked. Raises BadEvent."""
    action = event.get("action") if isinstance(event, dict) else None
    if action not in tuple(SCHEMAS):
        raise BadEvent(f"action = {action!r:.100} is not allowed; give one of {', '.join(SCHEMAS)}")
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **SCHEMAS[action]}
    try:
        validate(event, schema)
    except SchemaValidationError as error:
        raise BadEvent(error.validation_message or str(error)) from None
    return dict(event)
