"""Sample data: a Lambda that fills the table, invoked at apply. Its life is its own; nothing depends on it."""

import hashlib
import json
from pathlib import Path

from cdktf import AssetType, TerraformAsset, TerraformOutput
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
)
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from functions.package import BUILD, package
from names import Names
from settings import Seeding, Settings
from stacks.base import EnvironmentStack
from stacks.policies import Statement, document, service_trust

ROOT = Path(__file__).parent.parent
# Lambda's longest run (Lambda quotas).
TIMEOUT_SECONDS = 900
# 1,769 MB is one full vCPU (Lambda developer guide, memory).
MEMORY_MB = 1769


class SeedingStack(EnvironmentStack):
    """Fills the table once for each set of seeding settings, then makes `changes` rounds of changes and deletes.

    Destroying the stack leaves the items in the table.
    """

    def __init__(self, scope: Construct, settings: Settings, seeding: Seeding) -> None:
        super().__init__(scope, "seeding", settings)
        names, data = settings.names, settings.seed_items
        logs = CloudwatchLogGroup(
            self, "logs", name=names.seeder_log_group, retention_in_days=settings.log_retention_days
        )
        role = IamRole(
            self,
            "role",
            name=names.seeder_role,
            description=f"What the function {names.seeder} acts as",
            assume_role_policy=service_trust("lambda.amazonaws.com", {}),
        )
        policy = IamRolePolicy(self, "role-policy", name="seeding", role=role.name, policy=_role_policy(names))
        built = package(
            ROOT / "functions" / "seeder",
            dependencies=BUILD / "seeder",
            destination=BUILD / "seeder.zip",
            extra={"items.ndjson": data} if data is not None else {},
        )
        asset = TerraformAsset(self, "package", path=str(built.path), type=AssetType.FILE, asset_hash=built.sha256)
        function = LambdaFunction(
            self,
            "function",
            function_name=names.seeder,
            description=f"Writes sample data into {names.table}",
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler="seeder.handler.handle",
            filename=asset.path,
            source_code_hash=built.source_code_hash,
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MB,
            environment=LambdaFunctionEnvironment(
                variables={"TABLE_NAME": names.table, "POWERTOOLS_SERVICE_NAME": "seeder"}
            ),
            logging_config=LambdaFunctionLoggingConfig(log_format="JSON", log_group=logs.name),
            depends_on=[policy],
        )
        event = _event(settings, seeding)
        # What was filled: when it changes, the table is filled anew and every round of changes is made again.
        content = hashlib.sha256(json.dumps(event).encode() + (data or b"")).hexdigest()
        step = LambdaInvocation(
            self,
            "fill",
            function_name=function.function_name,
            input=json.dumps({"action": "fill", **event}),
            triggers={"content": content},
        )
        for number in range(1, seeding.changes + 1):
            step = LambdaInvocation(
                self,
                f"change-{number}",
                function_name=function.function_name,
                input=json.dumps({"action": "change", "round": number, **event}),
                triggers={"content": content},
                depends_on=[step],
            )
        TerraformOutput(self, "result", value=step.result)


def _event(settings: Settings, seeding: Seeding) -> dict[str, str | int | list[str]]:
    if seeding.file is not None:
        return {"source": "file", "key": [key.name for key in settings.table.keys]}
    return {"source": "sample", "items": seeding.items, "seed": seeding.seed, "until": seeding.until}


def _role_policy(names: Names) -> str:
    return document(
        Statement(("dynamodb:BatchWriteItem",), (names.table_arn,)),
        Statement(("logs:CreateLogStream", "logs:PutLogEvents"), (f"{names.log_group_arn(names.seeder_log_group)}:*",)),
    )
