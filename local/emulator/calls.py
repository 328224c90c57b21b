"""Which IAM actions on which resources an API request needs.

Only what roles of this system may call is known, whoever plans and deploys it included; a role's call that is not known
is refused, never waved through.
Source of actions and resources: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends


class Need(NamedTuple):
    """`context` holds condition keys, in lower case, that this call adds to the caller's."""

    action: str
    resource: str
    context: Mapping[str, str] = MappingProxyType({})


class UnknownCallError(Exception):
    """A call whose IAM actions or resources are not known here."""


@dataclass(frozen=True)
class Credential:
    """The scope of a Signature Version 4: who signs, for which Region and service."""

    key: str
    region: str
    service: str


@dataclass(frozen=True)
class Call:
    """An API request, read as far as authorization needs it.

    `service` and `region` are those of the signature. `parameters` are the JSON body's, the form's or the path's.
    """

    service: str
    region: str
    operation: str
    parameters: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{resource}"

    @property
    def content(self) -> Mapping[str, Any]:
        """All that is given, a JSON body included."""
        body = json.loads(self.body) if self.body.startswith(b"{") else {}
        return {**body, **self.parameters}


def credential(authorization: str | None) -> Credential | None:
    """The credential of an Authorization header; None where it is not signed with Signature Version 4."""
    scope = re.match(
        r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]*)/(?P<service>[^/]+)/aws4_request",
        authorization or "",
    )
    return Credential(**scope.groupdict()) if scope else None


def read(request: Request, body: bytes, service: str, region: str) -> Call:
    """The call that a request makes; its operation is empty where the request fits none."""

    def call(operation: str, parameters: Mapping[str, Any]) -> Call:
        return Call(service, region, operation, parameters, request.headers, body)

    if target := request.headers.get("X-Amz-Target"):
        return call(target.rpartition(".")[2], json.loads(body or b"{}"))
    if request.mimetype == "application/x-www-form-urlencoded":
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return call(form.get("Action", ""), form)
    model = "opensearch" if service == "es" and request.path.startswith("/2021-01-01/") else service
    try:
        operation, parameters = get_service_router(model).match(request)
    except NotFound:
        return call("", {})
    return call(operation.name, {**request.args, **parameters})


def needs(call: Call) -> tuple[Need, ...]:
    """Everything that the caller must be allowed to do. Raises `UnknownCallError`."""
    read_service = SERVICES.get(call.service)
    if read_service is None:
        raise UnknownCallError(f"the local AWS knows no resources of the service {call.service!r}")
    found = tuple(read_service(call))
    if not found or any(not need.resource for need in found):
        raise UnknownCallError(f"the local AWS knows no resource of {call.service}:{call.operation}")
    return found


def _dynamodb(call: Call) -> list[Need]:
    def table(name: str) -> str:
        return name if name.startswith("arn:") else call.arn("dynamodb", f"table/{name}")

    given = call.parameters
    if call.operation in ("BatchGetItem", "BatchWriteItem"):
        return [Need(f"dynamodb:{call.operation}", table(name)) for name in given["RequestItems"]]
    if call.operation in ("TransactGetItems", "TransactWriteItems"):
        actions = {"ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}
        return [
            Need(f"dynamodb:{actions.get(kind, f'{kind}Item')}", table(operation["TableName"]))
            for item in given["TransactItems"]
            for kind, operation in item.items()
        ]
    if call.operation in ("ListTables", "ListStreams", "ListExports", "DescribeLimits", "DescribeEndpoints"):
        resource = "*"
    elif "ShardIterator" in given:
        resource = given["ShardIterator"].partition("|")[0]
    elif "TableName" in given:
        resource = table(given["TableName"]) + (f"/index/{given['IndexName']}" if "IndexName" in given else "")
    else:
        arns = ("StreamArn", "ExportArn", "TableArn", "ResourceArn")
        resource = next((given[parameter] for parameter in arns if parameter in given), "")
    return [Need(f"dynamodb:{call.operation}", resource), *_tagged("dynamodb:TagResource", resource, given.get("Tags"))]


_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "GetBucketLocation": "GetBucketLocation",
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "PutObjectAcl": "PutObjectAcl",
    "GetObjectAcl": "GetObjectAcl",
    "DeleteObject": "DeleteObject",
    # The configuration of buckets.
    **{
        name: name
        for name in (
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
            "GetBucketAcl",
            "GetBucketLogging",
            "GetBucketOwnershipControls",
            "GetBucketPolicy",
            "GetBucketRequestPayment",
            "GetBucketTagging",
            "GetBucketVersioning",
            "GetBucketWebsite",
            "PutBucketLogging",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketTagging",
            "PutBucketVersioning",
        )
    },
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def _s3(call: Call) -> list[Need]:
    bucket = f"arn:aws:s3:::{call.parameters['Bucket']}" if "Bucket" in call.parameters else "*"
    if call.operation == "DeleteObjects":
        objects = [one for one in ET.fromstring(call.body) if one.tag.endswith("Object")]  # noqa: S314 - a local client's
        told = [{part.tag.rpartition("}")[2]: part.text or "" for part in one} for one in objects]
        return [
            Need(f"s3:DeleteObject{'Version' if 'VersionId' in one else ''}", f"{bucket}/{one['Key']}") for one in told
        ]
    resource = f"{bucket}/{call.parameters['Key']}" if "Key" in call.parameters else bucket
    if call.operation == "CopyObject":
        source = unquote(call.headers["x-amz-copy-source"]).lstrip("/").partition("?")[0]
        return [Need("s3:GetObject", f"arn:aws:s3:::{source}"), Need("s3:PutObject", resource)]
    action = _S3_ACTIONS.get(call.operation)
    if action is None:
        return []
    if "versionId" in call.parameters and action in ("GetObject", "DeleteObject"):
        action += "Version"
    acl = [Need("s3:PutObjectAcl", resource)] if action == "PutObject" and "x-amz-acl" in call.headers else []
    listed = action == "ListBucket" and "prefix" in call.parameters
    return [Need(f"s3:{action}", resource, {"s3:prefix": call.parameters["prefix"]} if listed else {}), *acl]


def _sts(call: Call) -> list[Need]:
    if "Policy" in call.parameters:
        raise UnknownCallError("the local AWS does not evaluate session policies")
    given = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
    context = {key: call.parameters[name] for key, name in given.items() if name in call.parameters}
    return [Need(f"sts:{call.operation}", call.parameters.get("RoleArn", "*"), context)]


def _logs(call: Call) -> list[Need]:
    given = call.parameters
    if call.operation in ("DescribeLogGroups", "DescribeResourcePolicies", "PutResourcePolicy", "DeleteResourcePolicy"):
        return [Need(f"logs:{call.operation}", "*")]
    if arn := given.get("resourceArn"):
        return [Need(f"logs:{call.operation}", arn)]
    group = given.get("logGroupName")
    if not group:
        return []
    stream = given.get("logStreamName", "") if call.operation != "CreateLogStream" else ""
    resource = log_stream(call.region, group, stream)
    needs = [Need(f"logs:{call.operation}", resource), *_tagged("logs:TagResource", resource, given.get("tags"))]
    return [*needs, Need("logs:AssociateKmsKey", resource)] if "kmsKeyId" in given else needs


def log_stream(region: str, group: str, stream: str = "") -> str:
    """ARN of a log stream, or with no stream the form in which CloudWatch Logs checks actions on a whole group."""
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"


def _lambda(call: Call) -> list[Need]:
    # What a function is invoked with is no parameter.
    given = call.parameters if call.operation == "Invoke" else call.content
    name = unquote(given.get("FunctionName") or given.get("Resource") or "")
    action = "InvokeFunction" if call.operation == "Invoke" else call.operation
    resource = name if name.startswith("arn:") else call.arn("lambda", f"function:{name}")
    if call.operation == "GetAccountSettings":
        return [Need("lambda:GetAccountSettings", "*")]
    if not name:
        return []
    return [
        Need(f"lambda:{action}", resource),
        *_passed(given.get("Role"), "lambda.amazonaws.com"),
        *(_tagged("lambda:TagResource", resource, given.get("Tags")) if call.operation == "CreateFunction" else ()),
    ]


def _es(call: Call) -> list[Need]:
    given = call.content
    if call.operation == "ListDomainNames":
        return [Need("es:ListDomainNames", "*")]
    name = given.get("DomainName") or given.get("domainName")
    resource = given.get("ARN") or given.get("arn") or (call.arn("es", f"domain/{name}") if name else "")
    return [
        Need(f"es:{call.operation}", resource),
        *_passed(given.get("CognitoOptions", {}).get("RoleArn"), "opensearchservice.amazonaws.com"),
        *_tagged("es:AddTags", resource, given.get("TagList") if call.operation == "CreateDomain" else None),
    ]


def _osis(call: Call) -> list[Need]:
    given = call.content
    if call.operation in ("ListPipelines", "ValidatePipeline"):
        return [Need(f"osis:{call.operation}", "*")]
    name = given.get("PipelineName")
    resource = given.get("arn") or (call.arn("osis", f"pipeline/{name}") if name else "")
    makes = call.operation == "CreatePipeline"
    tags = given.get("Tags", []) if makes else []
    asked = _asked({tag["Key"]: tag["Value"] for tag in tags})
    roles = set(re.findall(r"sts_role_arn: [\"']?(arn:[^\s\"']+)", given.get("PipelineConfigurationBody", "")))
    return [
        Need(f"osis:{call.operation}", "*" if makes else resource, asked),
        *(need for role in sorted(roles) for need in _passed(role, "osis-pipelines.amazonaws.com")),
        *_tagged("osis:TagResource", resource, tags),
    ]


def _cognito_idp(call: Call) -> list[Need]:
    action, given = f"cognito-idp:{call.operation}", call.parameters
    if call.operation == "CreateUserPool":
        return [Need(action, "*", _asked(given.get("UserPoolTags", {})))]
    if call.operation == "DescribeUserPoolDomain":
        return [Need(action, "*")]
    pool = given.get("UserPoolId")
    if not pool:
        return []
    return [
        Need(action, call.arn("cognito-idp", f"userpool/{pool}")),
        *_passed(given.get("RoleArn"), "cognito-idp.amazonaws.com"),
    ]


def _cognito_identity(call: Call) -> list[Need]:
    action, given = f"cognito-identity:{call.operation}", call.parameters
    if call.operation == "CreateIdentityPool":
        return [Need(action, "*", _asked(given.get("IdentityPoolTags", {})))]
    pool = given.get("IdentityPoolId")
    if not pool:
        return []
    if call.operation == "SetIdentityPoolRoles":
        roles = given.get("Roles", {}).values()
        return [
            Need(action, "*"),
            *(need for role in roles for need in _passed(role, "cognito-identity.amazonaws.com")),
        ]
    return [Need(action, call.arn("cognito-identity", f"identitypool/{pool}"))]


def _kms(call: Call) -> list[Need]:
    if call.operation == "CreateKey":
        tags = {tag["TagKey"]: tag["TagValue"] for tag in call.parameters.get("Tags", [])}
        asked = _asked(tags)
        return [Need("kms:CreateKey", "*", asked), Need("kms:TagResource", call.arn("kms", "key/"), asked)]
    if call.operation == "ListAliases":
        return [Need("kms:ListAliases", "*")]
    given = call.parameters.get("KeyId", "")
    if not given:
        return []
    there = kms_backends[ACCOUNT][call.region]
    asked = {}
    if "alias/" in given:
        alias = there.get_alias_name(given)
        given, asked = there.get_key_id_from_alias(alias) or "", {"kms:requestalias": alias}
    return [Need(f"kms:{call.operation}", call.arn("kms", f"key/{there.get_key_id(given)}"), asked)]


def _iam(call: Call) -> list[Need]:
    given = call.parameters
    arns = ("PolicyArn", "OpenIDConnectProviderArn", "PolicySourceArn")
    role = given.get("RoleName")
    resource = f"arn:aws:iam::{ACCOUNT}:role/{role}" if role else next((given[arn] for arn in arns if arn in given), "")
    boundary = given.get("PermissionsBoundary")
    if boundary is None and role in (there := {one.name: one for one in iam_backends[ACCOUNT]["aws"].roles.values()}):
        boundary = there[role].permissions_boundary_arn
    context = {"iam:permissionsboundary": boundary} if boundary else {}
    tags = given.get("Tags.member.1.Key") if call.operation == "CreateRole" else None
    return [Need(f"iam:{call.operation}", resource, context), *_tagged("iam:TagRole", resource, tags)]


def _monitoring(call: Call) -> list[Need]:
    given = call.parameters
    if call.operation == "DescribeAlarms":
        return [Need("cloudwatch:DescribeAlarms", call.arn("cloudwatch", "alarm:*"))]
    dashboard = given.get("DashboardName") or given.get("DashboardNames.member.1")
    alarm = given.get("AlarmName") or given.get("AlarmNames.member.1")
    if dashboard:
        resource = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{dashboard}"
    else:
        resource = given.get("ResourceARN") or (call.arn("cloudwatch", f"alarm:{alarm}") if alarm else "")
    tags = given.get("Tags.member.1.Key") if call.operation == "PutMetricAlarm" else None
    return [Need(f"cloudwatch:{call.operation}", resource), *_tagged("cloudwatch:TagResource", resource, tags)]


def _sns(call: Call) -> list[Need]:
    given = call.parameters
    if call.operation in ("GetSubscriptionAttributes", "Unsubscribe"):
        return [Need(f"sns:{call.operation}", "*")]
    name = given.get("Name")
    resource = given.get("TopicArn") or given.get("ResourceArn") or (call.arn("sns", name) if name else "")
    tags = given.get("Tags.member.1.Key") if call.operation == "CreateTopic" else None
    return [Need(f"sns:{call.operation}", resource), *_tagged("sns:TagResource", resource, tags)]


def _scheduler(call: Call) -> list[Need]:
    given = call.content
    if arn := given.get("ResourceArn"):
        return [Need(f"scheduler:{call.operation}", unquote(arn))]
    name = given.get("Name")
    if not name:
        return []
    if call.operation.endswith("ScheduleGroup"):
        resource = call.arn("scheduler", f"schedule-group/{name}")
    else:
        group = given.get("GroupName") or given.get("groupName") or "default"
        resource = call.arn("scheduler", f"schedule/{group}/{name}")
    return [
        Need(f"scheduler:{call.operation}", resource),
        *_passed(given.get("Target", {}).get("RoleArn"), "scheduler.amazonaws.com"),
        *_tagged("scheduler:TagResource", resource, given.get("Tags")),
    ]


def _budgets(call: Call) -> list[Need]:
    """Whatever is looked at is ViewBudget, whatever is changed ModifyBudget, but for tags."""
    given = call.parameters
    name = given.get("BudgetName") or given.get("Budget", {}).get("BudgetName")
    resource = given.get("ResourceARN") or (f"arn:aws:budgets::{ACCOUNT}:budget/{name}" if name else "")
    if "Tag" in call.operation:
        return [Need(f"budgets:{call.operation}", resource)]
    if call.operation.startswith("Describe"):
        view = f"arn:aws:billing::{ACCOUNT}:billingview/primary"
        return [Need("budgets:ViewBudget", resource), Need("billing:GetBillingViewData", view)]
    return [
        Need("budgets:ModifyBudget", resource),
        *_tagged("budgets:TagResource", resource, given.get("ResourceTags")),
    ]


def _passed(role: str | None, service: str) -> list[Need]:
    """Who gives a role to a service must be allowed to."""
    return [Need("iam:PassRole", role, {"iam:passedtoservice": service})] if role else []


def _tagged(action: str, resource: str, tags: object) -> list[Need]:
    """Who makes something with tags must be allowed to tag it."""
    return [Need(action, resource)] if tags else []


def _asked(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags with which something is to be made."""
    return {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}


def _sqs(call: Call) -> list[Need]:
    queue = call.parameters.get("QueueUrl", "").rpartition("/")[2]
    return [Need(f"sqs:{call.operation}", call.arn("sqs", queue))] if queue else []


def _xray(call: Call) -> list[Need]:
    known = call.operation in ("PutTraceSegments", "PutTelemetryRecords")
    return [Need(f"xray:{call.operation}", "*")] if known else []


SERVICES: dict[str, Callable[[Call], list[Need]]] = {
    "budgets": _budgets,
    "cognito-identity": _cognito_identity,
    "cognito-idp": _cognito_idp,
    "dynamodb": _dynamodb,
    "es": _es,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "monitoring": _monitoring,
    "osis": _osis,
    "s3": _s3,
    "scheduler": _scheduler,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _sts,
    "xray": _xray,
}
