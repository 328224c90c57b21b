"""A Lambda function of ours: its package, its role, its log group, and nothing that it does not need."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cdktf import AssetType, TerraformAsset
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
)
from constructs import Construct

from functions.package import BUILD, PYTHON_VERSION, package
from settings import Settings
from stacks.network import Placement
from stacks.policies import NETWORK_INTERFACES, TRACING, Statement, document, service_trust

ROOT = Path(__file__).parent.parent
# CDKTF copies them from here when it synthesizes. Our own, lest another synth puts its package of that name in between.
_PACKAGES = tempfile.TemporaryDirectory(prefix="packages-")
# 1,769 MB is one full vCPU (Lambda developer guide, memory).
MEMORY_MB = 1769


class Function(Construct):
    """Runs `functions/<code>`: traced, logging to a group of its own.

    There is no dead-letter queue: Terraform, or who else invokes it, waits for the answer, so that nothing is ever lost
    unseen.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        *,
        code: str,
        name: str,
        role: str,
        description: str,
        statements: Sequence[Statement] = (),
        environment: Mapping[str, str],
        timeout_seconds: int,
        concurrency: int,
        placement: Placement | None,
        files: Mapping[str, bytes],
    ) -> None:
        super().__init__(scope, id)
        names, key = settings.names, settings.kms_key_arn
        log_group = names.function_log_group(name)
        logs = CloudwatchLogGroup(
            self, "logs", name=log_group, retention_in_days=settings.log_retention_days, kms_key_id=key
        )
        self.role = IamRole(
            self,
            "role",
            name=role,
            description=f"What the function {name} acts as",
            # Nothing of AWS's says that Lambda names the function when it takes the role.
            assume_role_policy=service_trust("lambda.amazonaws.com", names.account_id),
        )
        policy = IamRolePolicy(
            self,
            "role-policy",
            name=code.replace("_", "-"),
            role=self.role.name,
            policy=document(
                *statements,
                Statement(("logs:CreateLogStream", "logs:PutLogEvents"), (f"{names.log_group_arn(log_group)}:*",)),
                Statement(TRACING, ("*",)),
                # To read its own environment variables (Lambda developer guide, encryption at rest), and for the seeder
                # the table, whose key DynamoDB uses in the name of whoever writes.
                *([Statement(("kms:Decrypt",), (key,))] if key else []),
                *([Statement(NETWORK_INTERFACES, ("*",))] if placement else []),
            ),
        )
        self.package = package(
            ROOT / "functions" / code,
            dependencies=BUILD / code,
            destination=Path(_PACKAGES.name) / f"{name}.zip",
            extra=files,
        )
        asset = TerraformAsset(
            self, "package", path=str(self.package.path), type=AssetType.FILE, asset_hash=self.package.sha256
        )
        self.function = LambdaFunction(
            self,
            "function",
            function_name=name,
            description=description,
            role=self.role.arn,
            runtime=f"python{PYTHON_VERSION}",
            architectures=["arm64"],
            handler=f"{code}.handler.handle",
            filename=asset.path,
            source_code_hash=self.package.source_code_hash,
            timeout=timeout_seconds,
            memory_size=MEMORY_MB,
            reserved_concurrent_executions=concurrency,
            kms_key_arn=key,
            environment=LambdaFunctionEnvironment(variables=environment),
            logging_config=LambdaFunctionLoggingConfig(log_format="JSON", log_group=logs.name),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            vpc_config=(
                LambdaFunctionVpcConfig(
                    subnet_ids=placement.subnet_ids, security_group_ids=placement.security_group_ids
                )
                if placement
                else None
            ),
            depends_on=[policy, *(placement.ways if placement else ())],
        )
