"""What a saved plan would do, read from `terraform show -json`.

The format: https://developer.hashicorp.com/terraform/internals/json-format.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Action = Literal["create", "update", "replace", "delete", "forget"]

STATEFUL = frozenset(
    {
        "aws_cognito_identity_pool",
        "aws_cognito_user_pool",
        "aws_dynamodb_table",
        "aws_kms_key",
        "aws_opensearch_domain",
        "aws_opensearchserverless_collection",
        "aws_s3_bucket",
    }
)
"""What is lost with them no apply brings back: data, people, and the key to what is encrypted."""

_ACTIONS: dict[tuple[str, ...], Action] = {
    ("create",): "create",
    ("update",): "update",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("delete",): "delete",
    # No longer Terraform's, and left as it is.
    ("forget",): "forget",
    ("create", "forget"): "forget",
}


class _Change(BaseModel):
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    after_unknown: Any = None
    replace_paths: tuple[tuple[str | int, ...], ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """The arguments that get another value, sorted; never the values, which may be secret."""
        before, after, unknown = (part or {} for part in (self.before, self.after, self.after_unknown))
        return tuple(
            sorted(
                name
                for name in before.keys() | after.keys() | unknown.keys()
                if before.get(name) != after.get(name) or unknown.get(name) is True
            )
        )


class Resource(BaseModel):
    """One resource that the plan touches, or only reads."""

    address: str
    type: str
    mode: Literal["managed", "data"]
    change: _Change

    @property
    def action(self) -> Action | None:
        """None where nothing is done. Raises KeyError for what this Terraform knows and we do not."""
        if self.mode == "data" or self.change.actions == ("no-op",):
            return None
        return _ACTIONS[self.change.actions]

    @property
    def loses(self) -> bool:
        """Whether something goes that no apply brings back."""
        return self.type in STATEFUL and self.action in {"replace", "delete"}

    @property
    def why(self) -> str:
        """For an update the arguments, for a replacement those that force it; comma-separated, may be empty."""
        if self.action == "replace":
            return ", ".join(".".join(map(str, path)) for path in self.change.replace_paths)
        return ", ".join(self.change.attributes) if self.action == "update" else ""


class Plan(BaseModel):
    """Raises pydantic's ValidationError for JSON of another major version of the format."""

    format_version: Annotated[str, Field(pattern=r"^1\.")]
    resource_changes: tuple[Resource, ...] = ()
    output_changes: dict[str, _Change] = {}

    @property
    def changes(self) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resource_changes if resource.action)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that get another value."""
        return tuple(sorted(name for name, change in self.output_changes.items() if change.actions != ("no-op",)))

    @property
    def changed(self) -> bool:
        """What `terraform plan -detailed-exitcode` tells by its 2."""
        return bool(self.changes or self.outputs)

    def count(self, action: Action) -> int:
        return sum(resource.action == action for resource in self.changes)
