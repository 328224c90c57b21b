"""Sample data: Lambdas that fill tables, invoked at apply. Their life is their own; nothing depends on them."""

import hashlib
import json

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from functions.seeder.items import parts
from settings import Seeding, Settings, Table
from stacks.base import EnvironmentStack
from stacks.function import Function
from stacks.key import made_key
from stacks.literal import literal
from stacks.network import Placement, given, made_network
from stacks.policies import Statement

# Lambda's longest run (Lambda quotas).
TIMEOUT_SECONDS = 900


class SeedingStack(EnvironmentStack):
    """Fills each table that has `seeding` once for each set of its settings, then makes `changes` rounds of changes.

    Many items are filled part by part, each an invocation of its own: Terraform shows which it is at.

    Destroying the stack leaves the items in the tables.
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "seeding", settings)
        if settings.own_key:
            settings = settings.with_key(made_key(self, settings.names))
        seeders = Construct(self, "seeder")
        placement = self._placement(settings)
        results = {
            key: Seeder(seeders, key, settings, table, table.seeding, placement=placement).result
            for key, table in settings.tables.items()
            if table.seeding is not None
        }
        TerraformOutput(self, "results", value=results)

    def _placement(self, settings: Settings) -> Placement | None:
        if settings.network is None:
            return None
        return made_network(self, settings.names) if settings.network.cidr else given(settings.network)


class Seeder(Construct):
    """The function that fills one table, and its invocations."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        table: Table,
        seeding: Seeding,
        *,
        placement: Placement | None,
    ) -> None:
        super().__init__(scope, id)
        names, data = settings.names.table(id), settings.seed_items(id)
        seeder = Function(
            self,
            "seeder",
            settings,
            code="seeder",
            name=names.seeder,
            role=names.seeder_role,
            description=f"Writes sample data into {names.table}",
            statements=[Statement(("dynamodb:BatchWriteItem",), (settings.names.table_arn(names.table),))],
            environment={"TABLE_NAME": names.table, "POWERTOOLS_SERVICE_NAME": "seeder"},
            timeout_seconds=TIMEOUT_SECONDS,
            # Its invocations follow each other.
            concurrency=1,
            placement=placement,
            files={"items.ndjson": data} if data is not None else {},
        )
        event = _event(table, seeding)
        # What was filled: when it changes, the table is filled anew and every round of changes is made again.
        content = hashlib.sha256(json.dumps(event).encode() + (data or b"")).hexdigest()
        count = seeding.items if data is None else len(data.splitlines())
        # One after the other: where one fails, the next apply goes on from there.
        steps: dict[str, dict[str, str | int]] = {"fill": {"action": "fill"}}
        steps |= {f"fill-{number}": {"action": "fill", "part": number} for number in range(2, parts(count) + 1)}
        steps |= {f"change-{number}": {"action": "change", "round": number} for number in range(1, seeding.changes + 1)}
        invocations: list[LambdaInvocation] = []
        for name, action in steps.items():
            invocation = LambdaInvocation(
                self,
                name,
                function_name=seeder.function.function_name,
                input=literal(json.dumps({**action, **event})),
                triggers={"content": content},
                depends_on=invocations[-1:] or None,
            )
            invocations.append(invocation)
        self.result = invocations[-1].result


def _event(table: Table, seeding: Seeding) -> dict[str, str | int | list[str]]:
    if seeding.file is not None:
        return {"source": "file", "key": [key.name for key in table.keys]}
    return {"source": "sample", "items": seeding.items, "seed": seeding.seed, "until": seeding.until}
