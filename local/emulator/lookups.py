"""What is asked before a deployment and moto does not know: Lambda's quotas, node limits, IAM's policy simulator."""

import json
from typing import Any

import moto.awslambda.urls
import moto.es.urls
from moto.awslambda.models import lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse
from moto.opensearch.responses import OpenSearchServiceResponse

from local.emulator.authorization import identity_policies
from local.emulator.policies import Decision, Request, evaluate

# What an account that has been used for a while may run at once (Lambda quotas).
CONCURRENT_EXECUTIONS = 1000
_EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_DECISIONS = {
    Decision.ALLOW: "allowed",
    Decision.EXPLICIT_DENY: "explicitDeny",
    Decision.IMPLICIT_DENY: "implicitDeny",
}


# Where there are no machines, every node is what AWS has at most (OpenSearch Service quotas).
_NODE_LIMITS = {
    "StorageTypes": [
        {
            "StorageTypeName": "ebs",
            "StorageSubTypeName": "gp3",
            "StorageTypeLimits": [
                {"LimitName": "MinimumVolumeSize", "LimitValues": ["10"]},
                {"LimitName": "MaximumVolumeSize", "LimitValues": ["24576"]},
            ],
        }
    ],
    "InstanceLimits": {"InstanceCountLimits": {"MinimumInstanceCount": 1, "MaximumInstanceCount": 80}},
}


def install() -> None:
    LambdaResponse.get_account_settings = _account_settings
    IamResponse.simulate_principal_policy = _simulate
    OpenSearchServiceResponse.describe_instance_type_limits = _instance_type_limits
    moto.awslambda.urls.url_paths["{0}/2016-08-19/account-settings/?$"] = LambdaResponse.dispatch
    limits = "{0}/2021-01-01/opensearch/instanceTypeLimits/(?P<version>[^/]+)/(?P<type>[^/]+)$"
    moto.es.urls.url_paths[limits] = OpenSearchServiceResponse.dispatch


def _account_settings(response: LambdaResponse) -> str:
    functions = lambda_backends[ACCOUNT][response.region].list_functions()
    reserved = sum(int(function.reserved_concurrency or 0) for function in functions)
    limit = {
        "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
        "UnreservedConcurrentExecutions": CONCURRENT_EXECUTIONS - reserved,
    }
    return json.dumps({"AccountLimit": limit, "AccountUsage": {"FunctionCount": len(functions)}})


def _instance_type_limits(response: OpenSearchServiceResponse) -> str:  # noqa: ARG001
    return json.dumps({"LimitsByRole": dict.fromkeys(("data", "master", "ultra_warm"), _NODE_LIMITS)})


def _simulate(response: IamResponse) -> ActionResult:
    """Identity policies alone, as IAM's simulator with no policy given besides."""
    source = response._get_param("PolicySourceArn")
    # Who is no role is the administrator, whatever moto calls it.
    documents = identity_policies(source) if ":role/" in source else [_EVERYTHING]
    context = {
        entry["ContextKeyName"].lower(): tuple(entry["ContextKeyValues"])
        for entry in response._get_param("ContextEntries", [])
    }
    results: list[dict[str, Any]] = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _DECISIONS[evaluate(documents, Request(action, resource, context))],
        }
        for action in response._get_param("ActionNames", [])
        for resource in response._get_param("ResourceArns", ["*"])
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})
