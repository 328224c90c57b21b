"""The OpenSearch Ingestion pipeline with all that it alone needs: export bucket, role, log group."""

import re

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.osis_pipeline import (
    OsisPipeline,
    OsisPipelineLogPublishingOptions,
    OsisPipelineLogPublishingOptionsCloudwatchLogDestination,
    OsisPipelineVpcOptions,
)
from constructs import Construct

from names import Names
from osis import PipelineBody, render
from osis.default import dynamodb_to_opensearch
from osis.source import Export
from settings import Settings
from stacks.bucket import PrivateBucket, expiry
from stacks.policies import Statement, document, service_trust

# Those that Data Prepper's sink makes: settings and index looked up, index created, documents written.
HTTP_CALLS = ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut")
EXPORT_PREFIX = "export/"
DLQ_PREFIX = "dlq/"


class Ingestion(Construct):
    """Exports the table once through the bucket, then follows its stream into the domain."""

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:  # noqa: A002
        super().__init__(scope, id)
        self._settings = settings
        names = settings.names
        self.bucket = PrivateBucket(
            self,
            "export",
            name=names.export_bucket,
            arn=names.export_bucket_arn,
            keep=settings.deletion_protection,
            rules=[
                expiry("exports", prefix=EXPORT_PREFIX, days=settings.ingestion.export_retention_days),
                expiry("dead-letters", prefix=DLQ_PREFIX, days=settings.ingestion.dlq_retention_days),
            ],
            kms_key_arn=settings.kms_key_arn,
            access_logs=names.access_log_bucket,
        )
        self.role = IamRole(
            self,
            "role",
            name=names.pipeline_role,
            description=f"What the pipeline {names.pipeline} acts as",
            assume_role_policy=service_trust(
                "osis-pipelines.amazonaws.com",
                names.account_id,
                # As AWS's guide has it: nothing says which ARN the service shows while it creates a pipeline.
                names.any_pipeline_arn,
            ),
        )
        self._policy = IamRolePolicy(
            self, "role-policy", name="ingestion", role=self.role.name, policy=_role_policy(names, settings.kms_key_arn)
        )
        self._logs = CloudwatchLogGroup(
            self,
            "logs",
            name=names.pipeline_log_group,
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
        )

    def start(self, host: str, *after: ITerraformDependable) -> OsisPipeline:
        """Create the pipeline into the domain at `host`, once everything in `after` is there, and the domain."""
        settings = self._settings
        return OsisPipeline(
            self,
            "pipeline",
            pipeline_name=settings.names.pipeline,
            min_units=settings.ingestion.units.min,
            max_units=settings.ingestion.units.max,
            pipeline_configuration_body=_for_terraform(render(body(settings, host))),
            log_publishing_options=[
                OsisPipelineLogPublishingOptions(
                    is_logging_enabled=True,
                    cloudwatch_log_destination=[
                        OsisPipelineLogPublishingOptionsCloudwatchLogDestination(log_group=self._logs.name)
                    ],
                )
            ],
            vpc_options=(
                [
                    OsisPipelineVpcOptions(
                        subnet_ids=list(settings.network.subnet_ids),
                        security_group_ids=list(settings.network.security_group_ids),
                        vpc_endpoint_management="SERVICE",
                    )
                ]
                if settings.network
                else None
            ),
            depends_on=[self._policy, *self.bucket.parts, *after],
        )


def body(settings: Settings, host: str) -> PipelineBody:
    """The pipeline body of these settings. `host` is the domain's endpoint, without scheme."""
    names, ingestion = settings.names, settings.ingestion
    return dynamodb_to_opensearch(
        table_arn=names.table_arn,
        role_arn=names.role_arn(names.pipeline_role),
        region=settings.region,
        host=f"https://{host}",
        index=ingestion.index,
        export=Export(s3_bucket=names.export_bucket, s3_prefix=EXPORT_PREFIX, **_export_key(settings.kms_key_arn)),
        dlq_bucket=names.export_bucket,
        dlq_prefix=DLQ_PREFIX,
        flush_timeout_ms=ingestion.flush_timeout_ms,
        max_retries=ingestion.max_retries,
    )


def _for_terraform(text: str) -> str:
    """`${…}` and `%{…}` are Data Prepper's here; Terraform must pass them on, except for CDKTF's own references."""
    return re.sub(r"\$\{(?!TfToken\[)", "$${", text).replace("%{", "%%{")


def _export_key(key: str | None) -> dict[str, str]:
    return {"s3_sse_kms_key_id": key} if key else {}


def _role_policy(names: Names, key: str | None) -> str:
    """The permissions of AWS's guides "configure-client-ddb" and "pipeline-domain-access", no more."""
    table, bucket = names.table_arn, names.export_bucket_arn
    return document(
        Statement(
            (
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeTable",
                "dynamodb:ExportTableToPointInTime",
            ),
            (table,),
        ),
        Statement(("dynamodb:DescribeExport",), (f"{table}/export/*",)),
        Statement(
            ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"), (f"{table}/stream/*",)
        ),
        Statement(
            ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"),
            (f"{bucket}/{EXPORT_PREFIX}*",),
        ),
        Statement(("s3:PutObject",), (f"{bucket}/{DLQ_PREFIX}*",)),
        Statement(("es:DescribeDomain",), (names.domain_arn,)),
        # As the guide has it, though in one account the domain's own policy would do.
        Statement(HTTP_CALLS, (f"{names.domain_arn}/*",)),
        *([Statement(("kms:Decrypt", "kms:GenerateDataKey"), (key,))] if key else []),
    )
