"""An OpenSearch Ingestion pipeline with all that it alone needs: role, log group, and an index that is searched."""

from cdktf import ITerraformDependable, TerraformResourceLifecycle
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
from osis import render
from pipelines import Pipeline
from stacks.collection import DATA_ACCESS, CollectionSearch
from stacks.literal import literal
from stacks.network import Placement
from stacks.policies import COLLECTION_LOOKUP, COLLECTION_POLICIES, Statement, document, service_trust
from stacks.setup import SearchSetup

# Those that Data Prepper's sink makes: settings and index looked up, index created, documents written.
HTTP_CALLS = ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut")


class Ingestion(Construct):
    """Exports the table once through the bucket, then follows its stream into the domain, or the `collection`, as far
    as its mode says."""

    def __init__(self, scope: Construct, pipeline: Pipeline, collection: CollectionSearch | None) -> None:
        super().__init__(scope, pipeline.names.id)
        self.pipeline, settings = pipeline, pipeline.settings
        # The settings describe its successor already.
        self._lifecycle = TerraformResourceLifecycle(ignore_changes="all") if pipeline.settled else None
        self.role = IamRole(
            self,
            "role",
            name=pipeline.names.role,
            description=f"What the pipeline {pipeline.names.pipeline} acts as",
            assume_role_policy=service_trust(
                "osis-pipelines.amazonaws.com",
                settings.account_id,
                # As AWS's guide has it: nothing says which ARN the service shows while it creates a pipeline.
                settings.names.any_pipeline_arn,
            ),
        )
        self._policy = IamRolePolicy(
            self,
            "role-policy",
            name="ingestion",
            role=self.role.name,
            policy=_role_policy(pipeline, collection),
            lifecycle=self._lifecycle,
        )
        self._logs = CloudwatchLogGroup(
            self,
            "logs",
            name=pipeline.names.log_group,
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
        )
        self._admitted = collection.admit_pipeline(self, pipeline, self.role.arn) if collection else []

    def start(
        self,
        host: str,
        setup: SearchSetup,
        placement: Placement | None,
        ready: ITerraformDependable,
        *after: ITerraformDependable,
    ) -> None:
        """Create the pipeline into the target at `host`, once that is `ready` and everything in `after` is there.

        Its index is searched as soon as it may be; when the pipeline is taken away, its index goes after it.
        """
        retire = setup.of_generation(self, "retire", self.pipeline, host, after=ready)
        pipeline = OsisPipeline(
            self,
            "pipeline",
            pipeline_name=self.pipeline.names.pipeline,
            min_units=self.pipeline.table.units.min,
            max_units=self.pipeline.table.units.max,
            pipeline_configuration_body=literal(render(self.pipeline.body(host))),
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
                        subnet_ids=placement.subnet_ids,
                        security_group_ids=placement.security_group_ids,
                        vpc_endpoint_management="SERVICE",
                    )
                ]
                if placement
                else None
            ),
            lifecycle=self._lifecycle,
            depends_on=[self._policy, *self._admitted, retire, *after, *(placement.ways if placement else ())],
        )
        setup.of_generation(self, "serve", self.pipeline, host, after=pipeline)


def _role_policy(pipeline: Pipeline, collection: CollectionSearch | None) -> str:
    """The permissions of AWS's guides "configure-client-ddb", "pipeline-domain-access" and
    "pipeline-collection-access", for what it reads and where it writes."""
    names, table = pipeline.settings.names, pipeline.table_arn
    exports, streams = pipeline.table.exports, pipeline.table.streams
    bucket = names.export_bucket_arn
    keys = sorted({key for key in (pipeline.settings.kms_key_arn, pipeline.table_key_arn) if key is not None})
    export = ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime")
    objects = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl")
    follow = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
    return document(
        Statement(export if exports else ("dynamodb:DescribeTable",), (table,)),
        *([Statement(("dynamodb:DescribeExport",), (f"{table}/export/*",))] if exports else []),
        *([Statement(follow, (f"{table}/stream/*",))] if streams else []),
        *([Statement(objects, (f"{bucket}/{pipeline.names.export_prefix}*",))] if exports else []),
        Statement(("s3:PutObject",), (f"{bucket}/{pipeline.names.dlq_prefix}*",)),
        *(_to_collection(pipeline, collection) if collection else _to_domain(names)),
        *([Statement(("kms:Decrypt", "kms:GenerateDataKey"), tuple(keys))] if keys else []),
    )


def _to_domain(names: Names) -> list[Statement]:
    return [
        Statement(("es:DescribeDomain",), (names.domain_arn,)),
        # As the guide has it, though in one account the domain's own policy would do.
        Statement(HTTP_CALLS, (f"{names.domain_arn}/*",)),
    ]


def _to_collection(pipeline: Pipeline, collection: CollectionSearch) -> list[Statement]:
    of_ours = {"StringEquals": {"aoss:collection": pipeline.settings.names.collection}}
    # It lets its own endpoint in.
    policies = COLLECTION_POLICIES if pipeline.network_policy else ()
    return [
        # As the guide of OpenSearch Ingestion has it, though AWS's reference knows no resource of the second.
        Statement((DATA_ACCESS, *COLLECTION_LOOKUP), (collection.arn,)),
        Statement((*COLLECTION_LOOKUP, *policies), ("*",), conditions=of_ours),
    ]
