"""What planning reads, and what deploying does besides: named actions on this environment's resources.

The actions are those that the provider calls for the resource types of `stacks/`, found by applying and destroying on
the local AWS, where a test holds what is granted against what is used; for what is not applied there, those of the
provider's source and of https://docs.aws.amazon.com/service-authorization/latest/reference/.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from deployer.resources import existing_tables, keys, ours, tables, untagged
from settings import Settings
from stacks.policies import (
    COLLECTION_ACCESS,
    COLLECTION_CREATION,
    COLLECTION_LOOKUP,
    COLLECTION_PARTS,
    COLLECTION_POLICIES,
    COLLECTION_TAGS,
    HOSTED_ZONE_CREATION,
    KEY_ALIASES,
    LOG_DELIVERY,
    LOG_GROUP_LOOKUP,
    NETWORK_LOOKUP,
    PIPELINE_CREATION,
    POOL_CREATION,
    POOL_ROLES,
    SIGN_IN_DOMAINS,
    SUBSCRIPTIONS,
    Conditions,
    Statement,
)

# What whoever deploys applies, and what is left to an administrator: `delivery` says who may deploy, and whoever writes
# the bucket's policy, or a state that an administrator applies next, acts as one.
STACKS = ("pipeline", "seeding")
ADMINISTERED = ("state", "delivery")
GITHUB = "token.actions.githubusercontent.com"
# Who gets a role of ours passed.
SERVICES = (
    "cognito-identity.amazonaws.com",
    "cognito-idp.amazonaws.com",
    "es.amazonaws.com",
    "lambda.amazonaws.com",
    "opensearchservice.amazonaws.com",
    "osis-pipelines.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
# Changes of a role: of its existence, of who takes it, and, only within the boundary, of what it may do.
ROLE_CHANGES = (
    "iam:DeleteRole",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRoleDescription",
)
BOUND_CHANGES = ("iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
PASSING = ("iam:PassRole",)
# AWS's forward access sessions: what a service does in the name of whoever called it.
THROUGH_A_SERVICE: Conditions = {"Bool": {"aws:ViaAWSService": "true"}}
# AWS makes them once in an account, in the name of whoever needs one first.
SERVICE_LINKED_ROLES = {
    "observability.aoss.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchServerless",
    "opensearchservice.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchService",
    "osis.amazonaws.com": "AWSServiceRoleForAmazonOpenSearchIngestionService",
}


@dataclass(frozen=True)
class Grant:
    """What is done to some resources: `reads` at every plan, `writes` besides when it is applied."""

    resources: tuple[str, ...]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=dict)


def planning(settings: Settings) -> Iterator[Statement]:
    """Read everything and its state, that of who may deploy included, and hold the lock while at it."""
    for grant in (*_state(settings, *ADMINISTERED, *STACKS, planned=True), *_grants(settings), *_delivery(settings)):
        if grant.reads:
            yield Statement(grant.reads, grant.resources, conditions=grant.conditions)


def deploying(settings: Settings) -> Iterator[Statement]:
    """Make, change and remove everything but where the states are, and who may do so."""
    names = settings.names
    for grant in (*_state(settings, *STACKS, planned=False), *_grants(settings)):
        actions = tuple(dict.fromkeys((*grant.reads, *grant.writes)))
        yield Statement(actions, grant.resources, conditions=grant.conditions)
    # Their names are like those of the roles that are made.
    yield Statement(
        (*ROLE_CHANGES, *BOUND_CHANGES, *PASSING),
        tuple(names.role_arn(role) for role in (names.plan_role, names.deploy_role)),
        effect="Deny",
    )


def _grants(settings: Settings) -> Iterator[Grant]:
    yield from _buckets(settings)
    yield from _tables(settings)
    yield from _roles(settings)
    yield from _functions(settings)
    yield from _logs(settings)
    yield from _pipelines(settings)
    if settings.collection is not None:
        yield from _collection(settings)
    else:
        yield from _domain(settings)
    if settings.domain is not None:
        yield from _sign_in(settings)
    if settings.alarms is not None:
        yield from _alarms(settings)
    if settings.hours is not None:
        yield from _hours(settings)
    if settings.budget is not None:
        yield from _budget(settings)
    yield from _keys(settings)
    if settings.network is not None:
        yield from _network(settings)


def _state(settings: Settings, *stacks: str, planned: bool) -> Iterator[Grant]:
    """Terraform documentation, S3 backend, permissions with `use_lockfile`; the lock is an object beside the state."""
    bucket = settings.names.bucket_arn(settings.names.state_bucket)
    states = tuple(f"{bucket}/{settings.environment}/{stack}.tfstate" for stack in stacks)
    yield Grant((bucket,), ("s3:ListBucket",))
    yield Grant(states, ("s3:GetObject",), () if planned else ("s3:PutObject",))
    yield Grant(tuple(f"{state}.tflock" for state in states), ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"))


def _buckets(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    administered, export = (names.state_bucket, names.access_log_bucket), names.export_bucket_arn
    yield Grant(
        (*map(names.bucket_arn, administered), export),
        (
            "s3:GetAccelerateConfiguration",
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketRequestPayment",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListBucket",
        ),
    )
    yield Grant(
        (export,),
        writes=(
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            # Terraform empties it before it destroys it.
            "s3:ListBucketVersions",
            "s3:PutBucketLogging",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ),
    )
    yield Grant((f"{export}/*",), writes=("s3:DeleteObject", "s3:DeleteObjectVersion"))


def _tables(settings: Settings) -> Iterator[Grant]:
    reads = (
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
    )
    writes = (
        "dynamodb:CreateTable",
        "dynamodb:DeleteTable",
        "dynamodb:TagResource",
        "dynamodb:UntagResource",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTable",
    )
    if any(table.existing is None for table in settings.tables.values()):
        yield Grant((tables(settings.names),), reads, writes)
        # The provider asks whether a table's key is DynamoDB's own.
        yield Grant(
            (settings.names.any_key_arn,),
            ("kms:DescribeKey",),
            conditions={"StringEquals": {"kms:RequestAlias": "alias/aws/dynamodb"}},
        )
    if existing := existing_tables(settings):
        yield Grant(existing, reads)


def _roles(settings: Settings) -> Iterator[Grant]:
    """Roles can be made and given policies only within the boundary, which whoever deploys cannot change."""
    names, any_role = settings.names, (settings.names.any_role_arn,)
    bound: Conditions = (
        {"StringEquals": {"iam:PermissionsBoundary": names.policy_arn(names.boundary)}} if settings.delivery else {}
    )
    yield Grant(
        any_role,
        ("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
        (*ROLE_CHANGES, "iam:ListInstanceProfilesForRole"),
    )
    yield Grant(any_role, writes=BOUND_CHANGES, conditions=bound)
    yield Grant(any_role, writes=PASSING, conditions={"StringEquals": {"iam:PassedToService": list(SERVICES)}})
    yield Grant(
        tuple(
            f"{names.role_arn('aws-service-role')}/{service}/{role}" for service, role in SERVICE_LINKED_ROLES.items()
        ),
        writes=("iam:CreateServiceLinkedRole",),
    )


def _functions(settings: Settings) -> Iterator[Grant]:
    yield Grant(
        (settings.names.function_arn(f"{settings.names.prefix}-*"),),
        ("lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:ListVersionsByFunction"),
        (
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:InvokeFunction",
            "lambda:PutFunctionConcurrency",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ),
    )


def _logs(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    # That of whole log groups ends in nothing, in :* or in :log-stream:, by action.
    groups = (
        f"/aws/lambda/{names.prefix}-",
        *([f"/aws/opensearch/{names.domain}/"] if settings.domain is not None else []),
        f"/aws/vendedlogs/OpenSearchIngestion/{names.prefix}-",
        *([names.flow_log_group] if settings.network is not None else []),
    )
    yield Grant(("*",), LOG_GROUP_LOOKUP)
    yield Grant(
        tuple(names.log_group_arn(f"{group}*") for group in groups),
        ("logs:ListTagsForResource",),
        (
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DisassociateKmsKey",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ),
    )
    # Only a domain of ours has such a policy; to create a pipeline takes all of them.
    yield Grant(("*",), ("logs:DescribeResourcePolicies",) if settings.domain is not None else (), LOG_DELIVERY)


def _pipelines(settings: Settings) -> Iterator[Grant]:
    yield Grant(
        (settings.names.pipeline_arn(f"{settings.names.prefix}-*"),),
        ("osis:GetPipeline", "osis:ListTagsForResource"),
        ("osis:DeletePipeline", "osis:TagResource", "osis:UntagResource", "osis:UpdatePipeline"),
    )
    yield Grant(("*",), writes=PIPELINE_CREATION, conditions=ours(settings, "RequestTag"))


def _domain(settings: Settings) -> Iterator[Grant]:
    domain = (settings.names.domain_arn,)
    yield Grant(domain, ("es:DescribeDomain", "es:DescribeDomainConfig", "es:ListTags"))
    if settings.domain is not None:
        yield Grant(
            domain,
            # Of a new engine version already the plan asks whether it can be reached.
            ("es:GetCompatibleVersions",),
            (
                "es:AddTags",
                "es:CreateDomain",
                "es:DeleteDomain",
                "es:GetUpgradeStatus",
                "es:RemoveTags",
                "es:UpdateDomainConfig",
                "es:UpgradeDomain",
            ),
        )


def _collection(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    collections = (names.arn("aoss", "collection/*"),)
    yield Grant(collections, writes=("aoss:DeleteCollection", "aoss:UpdateCollection"), conditions=ours(settings))
    list_tags, *change_tags = COLLECTION_TAGS
    yield Grant(("*",), (list_tags,))
    yield Grant(("*",), writes=tuple(change_tags), conditions=ours(settings))
    yield Grant(("*",), writes=COLLECTION_CREATION, conditions=ours(settings, "RequestTag"))
    # It has no tags before it is tagged.
    yield Grant(("*",), writes=("aoss:TagResource",), conditions=untagged(settings))
    # Policies have no ARNs; they are told by the collection that they speak of.
    yield Grant(
        ("*",),
        (*COLLECTION_LOOKUP, "aoss:GetAccessPolicy", "aoss:GetSecurityPolicy"),
        (*COLLECTION_ACCESS, *COLLECTION_POLICIES, "aoss:DeleteSecurityPolicy"),
        {"StringEquals": {"aoss:collection": names.collection}},
    )
    reads = ("aoss:BatchGetVpcEndpoint", "aoss:GetSecurityConfig")
    yield Grant(("*",), reads, COLLECTION_PARTS)
    if settings.network is not None:
        # OpenSearch Serverless makes its endpoint in a VPC in the name of whoever asks for it (permissions of
        # CloudFormation's handlers of AWS::OpenSearchServerless::VpcEndpoint).
        partition = names.partition
        yield Grant(
            (
                *(names.arn("ec2", f"{kind}/*") for kind in ("security-group", "subnet", "vpc", "vpc-endpoint")),
                *(f"arn:{partition}:route53:::{kind}/*" for kind in ("change", "hostedzone")),
            ),
            writes=(
                "ec2:CreateTags",
                "ec2:CreateVpcEndpoint",
                "ec2:DeleteVpcEndpoints",
                "ec2:ModifyVpcEndpoint",
                "route53:ChangeResourceRecordSets",
                "route53:DeleteHostedZone",
                "route53:GetChange",
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
            ),
            conditions=THROUGH_A_SERVICE,
        )
        yield Grant(("*",), writes=HOSTED_ZONE_CREATION, conditions=THROUGH_A_SERVICE)


def _sign_in(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    yield Grant(("*",), SIGN_IN_DOMAINS, POOL_ROLES)
    yield Grant(("*",), writes=POOL_CREATION, conditions=ours(settings, "RequestTag"))
    yield Grant(
        (names.arn("cognito-idp", "userpool/*"), names.arn("cognito-identity", "identitypool/*")),
        (
            "cognito-identity:DescribeIdentityPool",
            "cognito-identity:GetIdentityPoolRoles",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminListGroupsForUser",
            "cognito-idp:DescribeUserPool",
            "cognito-idp:GetGroup",
            "cognito-idp:GetUserPoolMfaConfig",
            "cognito-idp:ListUserPoolClients",
        ),
        (
            "cognito-identity:DeleteIdentityPool",
            "cognito-identity:TagResource",
            "cognito-identity:UntagResource",
            "cognito-identity:UpdateIdentityPool",
            "cognito-idp:AdminAddUserToGroup",
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminRemoveUserFromGroup",
            "cognito-idp:CreateGroup",
            "cognito-idp:CreateUserPoolDomain",
            "cognito-idp:DeleteGroup",
            "cognito-idp:DeleteUserPool",
            "cognito-idp:DeleteUserPoolDomain",
            "cognito-idp:SetUserPoolMfaConfig",
            "cognito-idp:TagResource",
            "cognito-idp:UntagResource",
            "cognito-idp:UpdateGroup",
            "cognito-idp:UpdateUserPool",
        ),
        ours(settings),
    )


def _alarms(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    # Without names of alarms, IAM asks for all of them.
    yield Grant((names.arn("cloudwatch", "alarm:*"),), ("cloudwatch:DescribeAlarms",))
    yield Grant(
        (names.any_alarm_arn,),
        ("cloudwatch:ListTagsForResource",),
        (
            "cloudwatch:DeleteAlarms",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ),
    )
    yield Grant(
        (f"arn:{names.partition}:cloudwatch::{names.account_id}:dashboard/{names.cloudwatch_dashboard}",),
        ("cloudwatch:GetDashboard",),
        ("cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"),
    )
    yield Grant(
        (names.alarm_topic_arn,),
        ("sns:GetTopicAttributes", "sns:ListTagsForResource"),
        (
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
            "sns:UntagResource",
        ),
    )
    yield Grant(("*",), SUBSCRIPTIONS[:1], SUBSCRIPTIONS[1:])


def _hours(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    yield Grant(
        (names.schedule_group_arn,),
        ("scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"),
        (
            "scheduler:CreateScheduleGroup",
            "scheduler:DeleteScheduleGroup",
            "scheduler:TagResource",
            "scheduler:UntagResource",
        ),
    )
    yield Grant(
        (names.arn("scheduler", f"schedule/{names.schedule_group}/*"),),
        ("scheduler:GetSchedule",),
        ("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"),
    )


def _budget(settings: Settings) -> Iterator[Grant]:
    yield Grant(
        (f"arn:{settings.names.partition}:budgets::{settings.account_id}:budget/{settings.names.budget}",),
        ("budgets:ListTagsForResource", "budgets:ViewBudget"),
        ("budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"),
    )
    # What has been spent, which a budget shows.
    yield Grant(
        (f"arn:{settings.names.partition}:billing::{settings.account_id}:billingview/primary",),
        ("billing:GetBillingViewData",),
    )


def _keys(settings: Settings) -> Iterator[Grant]:
    """Keys are used, not made: that is an administrator's, as the rules of settings see to."""
    # Who reads a function is shown its environment variables, and the lock of a state is written at every plan.
    for use in keys(settings, ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")):
        # What Lambda and DynamoDB ask of whoever has them use a key (Lambda developer guide, securing environment
        # variables; DynamoDB developer guide, encryption at rest usage notes).
        writes = (
            "kms:CreateGrant",
            "kms:Encrypt",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        )
        yield Grant(use.resources, use.actions, writes, use.conditions)
    if settings.own_key:
        yield Grant(("*",), KEY_ALIASES)
        yield Grant(
            (settings.names.any_key_arn,),
            ("kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
            conditions=ours(settings),
        )


def _network(settings: Settings) -> Iterator[Grant]:
    names = settings.names
    yield Grant(("*",), NETWORK_LOOKUP)
    if settings.network is None or settings.network.cidr is None:
        return

    def of(*kinds: str) -> tuple[str, ...]:
        return tuple(names.arn("ec2", f"{kind}/*") for kind in kinds)

    yield Grant(of("vpc"), ("ec2:DescribeVpcAttribute",))
    made = of("route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log")
    authorize = ("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress")
    create = (
        "ec2:CreateFlowLogs",
        "ec2:CreateRouteTable",
        "ec2:CreateSecurityGroup",
        "ec2:CreateSubnet",
        "ec2:CreateVpcEndpoint",
    )
    revoke = ("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress")
    # What is made, by the tags that it gets; and what it is made in, by those that it has.
    yield Grant(made, writes=("ec2:CreateVpc", *create, *authorize), conditions=ours(settings, "RequestTag"))
    yield Grant(
        made,
        writes=(
            "ec2:AssociateRouteTable",
            "ec2:CreateTags",
            "ec2:DeleteFlowLogs",
            "ec2:DeleteRouteTable",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteSubnet",
            "ec2:DeleteTags",
            "ec2:DeleteVpc",
            "ec2:DeleteVpcEndpoints",
            "ec2:DisassociateRouteTable",
            "ec2:ModifySecurityGroupRules",
            "ec2:ModifyVpcAttribute",
            "ec2:ModifyVpcEndpoint",
            *create,
            *authorize,
            *revoke,
        ),
        conditions=ours(settings),
    )
    actions = [action.partition(":")[2] for action in ("ec2:CreateVpc", *create, *authorize)]
    yield Grant(made, writes=("ec2:CreateTags",), conditions={"StringEquals": {"ec2:CreateAction": actions}})
    # The default group, which AWS makes with the VPC, has no tags before it is emptied and tagged.
    yield Grant(of("security-group"), writes=("ec2:CreateTags", *revoke), conditions=untagged(settings))
    # Nor have the interfaces that Lambda leaves for a while, which the provider takes away with subnet and group.
    yield Grant(
        of("instance", "network-interface"),
        writes=("ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"),
        conditions=untagged(settings),
    )
    # The endpoint of Cognito has a private name.
    yield Grant(("*",), writes=HOSTED_ZONE_CREATION[:1], conditions=THROUGH_A_SERVICE)


def _delivery(settings: Settings) -> Iterator[Grant]:
    """So that a plan shows when somebody has changed who may deploy."""
    if settings.delivery is None:
        return
    names = settings.names
    yield Grant((names.any_policy_arn,), ("iam:GetPolicy", "iam:GetPolicyVersion"))
    yield Grant((names.oidc_provider_arn(GITHUB),), ("iam:GetOpenIDConnectProvider",))
