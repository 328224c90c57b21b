"""Which IAM actions on which resources an API request needs.

Only what roles of this system may call is known; a role's call that is not known is refused, never waved through.
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
    read_service = _SERVICES.get(call.service)
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
    return [Need(f"dynamodb:{call.operation}", resource)]


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
}


def _s3(call: Call) -> list[Need]:
    bucket = f"arn:aws:s3:::{call.parameters['Bucket']}" if "Bucket" in call.parameters else "*"
    if call.operation == "DeleteObjects":
        keys = [key.text or "" for key in ET.fromstring(call.body).iter() if key.tag.rpartition("}")[2] == "Key"]  # noqa: S314 - a local client's
        return [Need("s3:DeleteObject", f"{bucket}/{key}") for key in keys]
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
    group = call.parameters.get("logGroupName")
    stream = call.parameters.get("logStreamName", "") if call.operation != "CreateLogStream" else ""
    return [Need(f"logs:{call.operation}", log_stream(call.region, group, stream))] if group else []


def log_stream(region: str, group: str, stream: str = "") -> str:
    """ARN of a log stream, or with no stream the form in which CloudWatch Logs checks actions on a whole group."""
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"


def _lambda(call: Call) -> list[Need]:
    name = unquote(call.parameters.get("FunctionName", ""))
    action = "InvokeFunction" if call.operation == "Invoke" else call.operation
    resource = name if name.startswith("arn:") else call.arn("lambda", f"function:{name}")
    return [Need(f"lambda:{action}", resource)] if name else []


def _es(call: Call) -> list[Need]:
    if call.operation == "ListDomainNames":
        return [Need("es:ListDomainNames", "*")]
    name = call.parameters.get("DomainName")
    return [Need(f"es:{call.operation}", call.arn("es", f"domain/{name}"))] if name else []


def _osis(call: Call) -> list[Need]:
    if call.operation in ("ListPipelines", "ValidatePipeline"):
        return [Need(f"osis:{call.operation}", "*")]
    name = call.parameters.get("PipelineName") or (json.loads(call.body or b"{}")).get("PipelineName")
    return [Need(f"osis:{call.operation}", call.arn("osis", f"pipeline/{name}"))] if name else []


def _cognito_idp(call: Call) -> list[Need]:
    pool = call.parameters.get("UserPoolId")
    return [Need(f"cognito-idp:{call.operation}", call.arn("cognito-idp", f"userpool/{pool}"))] if pool else []


def _cognito_identity(call: Call) -> list[Need]:
    pool = call.parameters.get("IdentityPoolId")
    resource = call.arn("cognito-identity", f"identitypool/{pool}")
    return [Need(f"cognito-identity:{call.operation}", resource)] if pool else []


def _kms(call: Call) -> list[Need]:
    key = call.parameters.get("KeyId", "")
    # Which key an alias means is KMS's to know.
    if not key or "alias/" in key:
        return []
    return [Need(f"kms:{call.operation}", key if key.startswith("arn:") else call.arn("kms", f"key/{key}"))]


def _sqs(call: Call) -> list[Need]:
    queue = call.parameters.get("QueueUrl", "").rpartition("/")[2]
    return [Need(f"sqs:{call.operation}", call.arn("sqs", queue))] if queue else []


def _xray(call: Call) -> list[Need]:
    known = call.operation in ("PutTraceSegments", "PutTelemetryRecords")
    return [Need(f"xray:{call.operation}", "*")] if known else []


_SERVICES: dict[str, Callable[[Call], list[Need]]] = {
    "cognito-identity": _cognito_identity,
    "cognito-idp": _cognito_idp,
    "dynamodb": _dynamodb,
    "es": _es,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "osis": _osis,
    "s3": _s3,
    "sqs": _sqs,
    "sts": _sts,
    "xray": _xray,
}
