"""The proof that no role may do more than its job: without any one of its permissions, something fails.

Permissions are those of the deployed system: actions of role, trust and resource policies in IAM, permissions of
OpenSearch's security roles, and who has these. A job uses all that its holder is for; it is done with everything in
place first, and then once without each permission. What only the managed services use, which nothing here can show, is
in DOCUMENTED with the reason for it.
"""

import copy
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from functions.search_setup.access import API, DASHBOARDS_ROLES
from local import processes
from local.deployment import Deployment
from local.jobs import Jobs
from local.progress import Progress

Document = dict[str, Any]

LIMIT_SECONDS = 120

# Purpose of a role, as in its name -> the job that it is for.
JOB_OF = {
    "administrators": "administrator",
    "analysts": "reader",
    "no-group": None,
    "dead-letters": "replay",
    "orders-1": "pipeline",
    "search-cognito": "connect",
    "search-setup": "set-up",
    "orders-seeder": "seed",
}

# Jobs that begin with taking apart what the last run made, which must have been whole for that.
TAKES_APART = ("connect",)

_COGNITO_ACCESS = "the service signs people in and out, and cleans up (AmazonOpenSearchServiceCognitoAccess has it)"
_POOL_ROLES = f"{_COGNITO_ACCESS}; on everything, for IAM knows no resource of it (service authorization reference)"
_LOGGING = "the service delivers logs that do not exist here (OpenSearch Service guide, monitoring logs)"
_TRACING = "Lambda sends traces, and loses them silently where it may not (Lambda developer guide, X-Ray)"
_ENDPOINT = "AWS asks for it in the role as well as in the domain's policy (OSIS guide, pipeline access to domains)"

# (holder, permission) -> why it is needed though nothing here can show it. Holders without the environment's prefix.
DOCUMENTED: dict[tuple[str, str], str] = {
    ("role orders-1", "es:DescribeDomain"): "OSIS looks up its domain (OSIS guide, pipeline access to domains)",
    **{("role orders-1", f"es:ESHttp{method}"): _ENDPOINT for method in ("Get", "Head", "Post", "Put")},
    **{
        ("role search-cognito", f"cognito-idp:{action}"): _COGNITO_ACCESS
        for action in (
            "AdminInitiateAuth",
            "AdminUserGlobalSignOut",
            "DescribeUserPoolClient",
            "UpdateUserPoolClient",
        )
    },
    ("role search-cognito", "cognito-identity:GetIdentityPoolRoles"): _COGNITO_ACCESS,
    ("role search-cognito", "cognito-identity:SetIdentityPoolRoles"): _POOL_ROLES,
    ("role search-cognito", "iam:PassRole"): _COGNITO_ACCESS,
    **{
        (f"role {role}", f"xray:{action}"): _TRACING
        for role in ("dead-letters", "orders-seeder", "search-setup")
        for action in ("PutTelemetryRecords", "PutTraceSegments")
    },
    (
        "trust of no-group",
        "sts:AssumeRoleWithWebIdentity",
    ): "an identity pool asks for a default role; no session gets it",
    ("log delivery", "logs:CreateLogStream"): _LOGGING,
    ("log delivery", "logs:PutLogEvents"): _LOGGING,
}


@dataclass(frozen=True)
class Policy:
    """A document that grants permissions to `holder`; `job` uses all of them, None where nothing here can."""

    holder: str
    job: str | None
    document: Document
    pieces: Callable[[Document], Iterator[tuple[str, Document]]]
    """Each permission, with the document that lacks it."""
    write: Callable[[Document], object]


@dataclass
class Proof:
    """What became of each permission, as (holder, permission)."""

    needed: list[tuple[str, str]] = field(default_factory=list)
    documented: list[tuple[str, str]] = field(default_factory=list)
    unneeded: list[tuple[str, str]] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    """What went wrong though every permission was in place."""

    @property
    def holds(self) -> bool:
        return not self.unneeded and not self.denied and set(self.documented) == DOCUMENTED.keys()

    @property
    def problems(self) -> list[str]:
        return [
            *self.denied,
            *(f"{holder}: nothing fails without {permission}; take it away" for holder, permission in self.unneeded),
            *(
                f"{holder}: no policy grants {permission}; strike it from the documented ones"
                for holder, permission in sorted(DOCUMENTED.keys() - set(self.documented))
            ),
        ]

    @property
    def summary(self) -> str:
        permissions = len(self.needed) + len(self.documented) + len(self.unneeded)
        return (
            f"proof: permissions={permissions} needed={len(self.needed)} documented={len(self.documented)} "
            f"denied={len(self.denied)}"
        )


def prove(system: Deployment, progress: Progress) -> Proof:
    """Do every job with all permissions, then without each one, and after those of a policy once more with all.

    Each job looks only at what was refused since it began, so one that failed before does not stand for it. The system
    is as before then, but for the client of Dashboards in the user pool, which is a new one.
    """
    proof = Proof()
    with Jobs(system) as jobs, ThreadPoolExecutor(1) as worker:
        with progress.step("every job with all permissions") as done:
            for job in jobs:
                if failure := _failure(jobs.begin(job, worker), jobs):
                    proof.denied.append(f"{job}: {failure}")
            done(f"{len(proof.denied)} denied")
        for policy in _policies(system, jobs):
            with progress.step(f"without each permission of {policy.holder}") as done:
                before = len(proof.needed)
                for permission, reduced in policy.pieces(policy.document):
                    found = (policy.holder, permission)
                    if found in DOCUMENTED:
                        proof.documented.append(found)
                    elif policy.job is None or _without(policy.job, policy, reduced, jobs, worker) is None:
                        proof.unneeded.append(found)
                    else:
                        proof.needed.append(found)
                    if policy.job in TAKES_APART and (failure := _failure(jobs.begin(policy.job, worker), jobs)):
                        proof.denied.append(f"{policy.holder}, {permission} back in place: {failure}")
                needed = len(proof.needed) - before
                if needed and policy.job and (failure := _failure(jobs.begin(policy.job, worker), jobs)):
                    proof.denied.append(f"{policy.holder}, with everything back in place: {failure}")
                done(f"{needed} needed")
    return proof


def _without(job: str, policy: Policy, reduced: Document, jobs: Jobs, worker: ThreadPoolExecutor) -> str | None:
    """What failed without the permission."""
    policy.write(reduced)
    future = jobs.begin(job, worker)
    try:
        return _failure(future, jobs)
    finally:
        policy.write(policy.document)
        # What was refused is tried again with the permission back in place; the next job starts when this one is over.
        wait([future], LIMIT_SECONDS)


def _failure(job: "Future[None]", jobs: Jobs) -> str | None:
    """The first refusal since the job began, or why it failed; None where it was done with none."""
    processes.wait_until(lambda: job.done() or bool(jobs.refused), limit_seconds=LIMIT_SECONDS, what="the job is done")
    if refused := jobs.refused:
        return refused[0]
    error = job.exception()
    return f"{type(error).__name__}: {error}" if error else None


def _policies(system: Deployment, jobs: Jobs) -> Iterator[Policy]:
    yield from _role_policies(system)
    yield from _resource_policies(system)
    yield from _security_roles(system, jobs)


def _role_policies(system: Deployment) -> Iterator[Policy]:
    iam, names = system.aws.client("iam"), system.settings.names
    roles = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    for role in sorted(roles, key=lambda role: str(role["RoleName"])):
        name = role["RoleName"]
        if not name.startswith(f"{names.prefix}-"):
            continue
        purpose = _purpose(system, role["Arn"])
        trust = _writer(iam.update_assume_role_policy, "PolicyDocument", RoleName=name)
        yield Policy(f"trust of {purpose}", JOB_OF[purpose], role["AssumeRolePolicyDocument"], _actions, trust)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            write = _writer(iam.put_role_policy, "PolicyDocument", RoleName=name, PolicyName=policy)
            yield Policy(f"role {purpose}", JOB_OF[purpose], document, _actions, write)


def _resource_policies(system: Deployment) -> Iterator[Policy]:
    names = system.settings.names
    domains, s3, logs = (system.aws.client(service) for service in ("opensearch", "s3", "logs"))
    # One statement for each principal, as if each had a policy of its own.
    access = json.loads(domains.describe_domain(DomainName=names.domain)["DomainStatus"]["AccessPolicies"])
    access["Statement"] = [
        {**statement, "Principal": {"AWS": [arn]}}
        for statement in access["Statement"]
        for arn in statement["Principal"]["AWS"]
    ]
    for number, statement in enumerate(access["Statement"]):
        (arn,) = statement["Principal"]["AWS"]
        purpose = _purpose(system, arn)
        pieces, write = partial(_actions, only=number), _domain_writer(system, access, arn)
        yield Policy(f"domain's policy for {purpose}", JOB_OF[purpose], access, pieces, write)
    bucket = names.access_log_bucket
    document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    yield Policy(
        "access logs", "access-logs", document, _actions, _writer(s3.put_bucket_policy, "Policy", Bucket=bucket)
    )
    for policy in logs.describe_resource_policies()["resourcePolicies"]:
        write = _writer(logs.put_resource_policy, "policyDocument", policyName=policy["policyName"])
        yield Policy("log delivery", None, json.loads(policy["policyDocument"]), _actions, write)


def _security_roles(system: Deployment, jobs: Jobs) -> Iterator[Policy]:
    def put(path: str, document: Document) -> object:
        return system.search.transport.perform_request("PUT", f"{API}/{path}", body=document)

    pipelines = jobs.setup["generations"]
    roles = {**jobs.setup["roles"], **{one["pipeline"]: one["role"] for one in pipelines}}
    mappings = {**jobs.setup["mappings"], **{one["pipeline"]: one["members"] for one in pipelines}}
    for name, role in roles.items():
        purpose = name.removeprefix(f"{system.settings.names.prefix}-")
        job = JOB_OF.get(purpose, purpose)
        yield Policy(f"security role {purpose}", job, role, _permissions, partial(put, f"roles/{name}"))
    people = {DASHBOARDS_ROLES[0]: jobs.setup["dashboards_users"]}
    for role, members in {**mappings, **people}.items():
        for arn in members:
            write = partial(put, f"rolesmapping/{role}")
            pieces = partial(_member, arn)
            yield Policy(f"members of {role}", JOB_OF[_purpose(system, arn)], {"backend_roles": members}, pieces, write)


def _purpose(system: Deployment, role_arn: str) -> str:
    """`orders-seeder` for arn:aws:iam::…:role/shop-local-orders-seeder-us-east-1."""
    names = system.settings.names
    return role_arn.rpartition("/")[2].removeprefix(f"{names.prefix}-").removesuffix(f"-{names.region}")


def _writer(call: Callable[..., object], argument: str, **given: str) -> Callable[[Document], object]:
    return lambda document: call(**given, **{argument: json.dumps(document)})


def _domain_writer(system: Deployment, access: Document, role_arn: str) -> Callable[[Document], object]:
    """Writes the domain's policy; what the role has of it too, as AWS asks for, is aside while a part is missing."""
    iam, domains, name = system.aws.client("iam"), system.aws.client("opensearch"), role_arn.rpartition("/")[2]
    own = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }

    def write(document: Document) -> None:
        for policy, whole in own.items():
            left = [s for s in whole["Statement"] if document == access or not s["Action"][0].startswith("es:ESHttp")]
            put = _writer(iam.put_role_policy, "PolicyDocument", RoleName=name, PolicyName=policy)
            put({**whole, "Statement": left})
        domains.update_domain_config(DomainName=system.settings.names.domain, AccessPolicies=json.dumps(document))

    return write


def _member(arn: str, document: Document) -> Iterator[tuple[str, Document]]:
    yield arn, {"backend_roles": [member for member in document["backend_roles"] if member != arn]}


def _actions(document: Document, only: int | None = None) -> Iterator[tuple[str, Document]]:
    """Every allowed action of an IAM document, or of one statement of it."""
    for number, statement in enumerate(document["Statement"]):
        if statement["Effect"] != "Allow" or only not in (None, number):
            continue
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        for action in actions:
            reduced = copy.deepcopy(document)
            left = [other for other in actions if other != action]
            # IAM takes no empty statement; this one allows nothing that anybody calls.
            reduced["Statement"][number]["Action"] = left or ["sts:DecodeAuthorizationMessage"]
            yield action, reduced


def _permissions(document: Document) -> Iterator[tuple[str, Document]]:
    """Every permission of a security role."""
    for permission in document["cluster_permissions"]:
        left = [other for other in document["cluster_permissions"] if other != permission]
        yield permission, {**document, "cluster_permissions": left}
    for number, grant in enumerate(document["index_permissions"]):
        for permission in grant["allowed_actions"]:
            reduced = copy.deepcopy(document)
            reduced["index_permissions"][number]["allowed_actions"].remove(permission)
            yield permission, reduced
