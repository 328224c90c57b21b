"""What roles of an environment may do at most, whatever policies they are given."""

from collections.abc import Iterator

from deployer.resources import existing_tables, keys, ours, tables
from names import DLQ_PREFIX, EXPORT_PREFIX
from settings import Settings
from stacks.policies import (
    COLLECTION_LOOKUP,
    COLLECTION_POLICIES,
    HTTP_METHODS,
    LOG_GROUP_LOOKUP,
    NETWORK_INTERFACES,
    POOL_ROLES,
    TRACING,
    Statement,
)


def boundary(settings: Settings) -> Iterator[Statement]:
    """What functions, pipelines and people need together, on this environment's resources; nothing of IAM's own."""
    names = settings.names
    yield Statement(
        (
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeExport",
            "dynamodb:DescribeStream",
            "dynamodb:DescribeTable",
            "dynamodb:ExportTableToPointInTime",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
        ),
        # With their exports and streams.
        (tables(names), *(arn for table in existing_tables(settings) for arn in (table, f"{table}/*"))),
    )
    yield Statement(("s3:ListBucket",), (names.export_bucket_arn,))
    yield Statement(
        ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"),
        tuple(f"{names.export_bucket_arn}/{prefix}*" for prefix in (DLQ_PREFIX, EXPORT_PREFIX)),
    )
    if settings.collection is not None:
        yield from _collection(settings)
    else:
        yield Statement(("es:DescribeDomain",), (names.domain_arn,))
        yield Statement((HTTP_METHODS,), (f"{names.domain_arn}/*",))
    yield Statement(("osis:StartPipeline", "osis:StopPipeline"), (names.pipeline_arn(f"{names.prefix}-*"),))
    if settings.domain is not None:
        yield from _sign_in(settings)
    yield Statement(
        ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
        tuple(names.log_group_arn(f"{group}*") for group in (f"/aws/lambda/{names.prefix}-", names.flow_log_group)),
    )
    yield Statement(TRACING, ("*",))
    if settings.network is not None:
        yield Statement(NETWORK_INTERFACES, ("*",))
        yield Statement(("logs:CreateLogGroup",), (names.log_group_arn(f"{names.flow_log_group}*"),))
        yield Statement(LOG_GROUP_LOOKUP, ("*",))
    yield from keys(settings, ("kms:Decrypt", "kms:GenerateDataKey"))


def _collection(settings: Settings) -> Iterator[Statement]:
    """AWS names collections; who may do what in one is up to its data access policies, which name their callers."""
    names = settings.names
    yield Statement(("aoss:APIAccessAll", "aoss:BatchGetCollection"), (names.arn("aoss", "collection/*"),))
    yield Statement(("aoss:DashboardsAccessAll",), (names.collection_dashboards_arn,))
    lookup_and_policies = (*COLLECTION_LOOKUP, *COLLECTION_POLICIES)
    yield Statement(lookup_and_policies, ("*",), conditions={"StringEquals": {"aoss:collection": names.collection}})


def _sign_in(settings: Settings) -> Iterator[Statement]:
    """What OpenSearch Service does to the pools, and whose roles it may give to people there."""
    names = settings.names
    yield Statement(
        (
            "cognito-identity:DescribeIdentityPool",
            "cognito-identity:GetIdentityPoolRoles",
            "cognito-identity:UpdateIdentityPool",
            "cognito-idp:AdminInitiateAuth",
            "cognito-idp:AdminUserGlobalSignOut",
            "cognito-idp:CreateUserPoolClient",
            "cognito-idp:DeleteUserPoolClient",
            "cognito-idp:DescribeUserPool",
            "cognito-idp:DescribeUserPoolClient",
            "cognito-idp:ListUserPoolClients",
            "cognito-idp:UpdateUserPoolClient",
        ),
        (names.arn("cognito-idp", "userpool/*"), names.arn("cognito-identity", "identitypool/*")),
        conditions=ours(settings),
    )
    yield Statement(POOL_ROLES, ("*",))
    yield Statement(
        ("iam:PassRole",),
        tuple(names.role_arn(role) for role in (names.administrators_role, names.analysts_role, names.no_group_role)),
        conditions={"StringEquals": {"iam:PassedToService": "cognito-identity.amazonaws.com"}},
    )
