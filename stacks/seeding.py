"""Sample data: a Lambda that fills the table, invoked at apply. Its life is its own; nothing depends on it."""

import hashlib
import json

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from settings import Seeding, Settings
from stacks.base import EnvironmentStack
from stacks.function import Function
from stacks.policies import Statement

# Lambda's longest run (Lambda quotas).
TIMEOUT_SECONDS = 900


class SeedingStack(EnvironmentStack):
    """Fills the table once for each set of seeding settings, then makes `changes` rounds of changes and deletes.

    Destroying the stack leaves the items in the table.
    """

    def __init__(self, scope: Construct, settings: Settings, seeding: Seeding) -> None:
        super().__init__(scope, "seeding", settings)
        names, data = settings.names, settings.seed_items
        seeder = Function(
            self,
            "seeder",
            settings,
            code="seeder",
            name=names.seeder,
            role=names.seeder_role,
            description=f"Writes sample data into {names.table}",
            statements=[Statement(("dynamodb:BatchWriteItem",), (names.table_arn,))],
            environment={"TABLE_NAME": names.table, "POWERTOOLS_SERVICE_NAME": "seeder"},
            timeout_seconds=TIMEOUT_SECONDS,
            files={"items.ndjson": data} if data is not None else {},
        )
        event = _event(settings, seeding)
        # What was filled: when it changes, the table is filled anew and every round of changes is made again.
        content = hashlib.sha256(json.dumps(event).encode() + (data or b"")).hexdigest()
        step = LambdaInvocation(
            self,
            "fill",
            function_name=seeder.function.function_name,
            input=json.dumps({"action": "fill", **event}),
            triggers={"content": content},
        )
        for number in range(1, seeding.changes + 1):
            step = LambdaInvocation(
                self,
                f"change-{number}",
                function_name=seeder.function.function_name,
                input=json.dumps({"action": "change", "round": number, **event}),
                triggers={"content": content},
                depends_on=[step],
            )
        TerraformOutput(self, "result", value=step.result)


def _event(settings: Settings, seeding: Seeding) -> dict[str, str | int | list[str]]:
    if seeding.file is not None:
        return {"source": "file", "key": [key.name for key in settings.table.keys]}
    return {"source": "sample", "items": seeding.items, "seed": seeding.seed, "until": seeding.until}
