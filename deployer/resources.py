"""Resources that several policies speak of: by name where names are ours to give, else by our tags."""

from collections.abc import Iterator
from typing import Literal

from names import Names
from settings import Settings
from stacks.policies import Conditions, Statement


def ours(settings: Settings, of: Literal["ResourceTag", "RequestTag"] = "ResourceTag") -> Conditions:
    """Holds for what carries this environment's tags, or is made with them: pools, keys and networks, named by AWS."""
    return {"StringEquals": {f"aws:{of}/{tag}": value for tag, value in settings.identity.items()}}


def untagged(settings: Settings) -> Conditions:
    """Holds for what does not carry them."""
    return {"Null": dict.fromkeys(ours(settings)["StringEquals"], "true")}


def tables(names: Names) -> str:
    """The tables that are made, with all that is below them."""
    return names.table_arn(f"{names.prefix}-*")


def existing_tables(settings: Settings) -> tuple[str, ...]:
    names = {table.existing.name for table in settings.tables.values() if table.existing is not None}
    return tuple(settings.names.table_arn(name) for name in sorted(names))


def keys(settings: Settings, actions: tuple[str, ...]) -> Iterator[Statement]:
    """`actions` on every key that the environment's data is encrypted with."""
    given = {settings.kms_key_arn, *(t.existing.kms_key_arn for t in settings.tables.values() if t.existing)}
    if named := tuple(sorted(arn for arn in given if arn is not None)):
        yield Statement(actions, named)
    if settings.own_key:
        yield Statement(actions, (settings.names.any_key_arn,), conditions=ours(settings))
