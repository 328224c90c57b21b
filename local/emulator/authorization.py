"""Who calls, and may they? Identity, resource and trust policies as they stand in the emulated IAM.

Every decision becomes one JSON line ``{"time", "who", "action", "resource", "result"}`` in the decision log; `result`
is "allow", "explicit deny", "implicit deny" or, of who calls from a VPC, "no way from the VPC".
"""

import json
import threading
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.cognitoidentity.models import cognitoidentity_backends
from moto.cognitoidp.models import cognitoidp_backends
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sts.models import AssumedRole, sts_backends

from local.emulator import ADMINISTRATOR_KEY, policies
from local.emulator.domains import the_domain
from local.emulator.policies import Decision, Document
from local.emulator.refusals import DENIED, Refusal

OSIS = "osis-pipelines.amazonaws.com"
COORDINATION_TABLE = "DataPrepperSourceCoordinationStore"
_COGNITO = "cognito-identity.amazonaws.com"
_OSIS_KEY_PREFIX = "OSIS"
_SESSION_SECONDS = 3600
_ASSUMPTIONS = frozenset({"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"})
_ACCOUNT_NAMES = frozenset({ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"})


@dataclass(frozen=True)
class Caller:
    """`name` is the caller as AWS writes it in messages; `names` are those that a policy's Principal may use.

    `role` is the ARN of the role whose policies bind the caller. `context` holds condition keys in lower case.
    `pins` are the condition keys without which a trust policy would trust this caller on behalf of anybody.
    """

    name: str
    names: frozenset[str] = frozenset()
    role: str | None = None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    pins: tuple[str, ...] = ()


ADMINISTRATOR = Caller(f"arn:aws:iam::{ACCOUNT}:user/{ADMINISTRATOR_KEY}")
ANONYMOUS = Caller("anonymous")

#: The caller of the request that the current thread serves.
current_caller: ContextVar[Caller] = ContextVar("current_caller")


def osis_key(pipeline: str) -> str:
    """Access key id with which the engine of a pipeline calls as the service OpenSearch Ingestion."""
    return f"{_OSIS_KEY_PREFIX}{pipeline.encode().hex()}"


def service(principal: str, source_arn: str | None = None) -> Caller:
    """An AWS service that acts for a resource of the account, None where it does not say for which.

    AWS leaves it to the trust policy whether to ask for whom (confused deputy); here `pins` make it ask.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    source = {"aws:SourceAccount": ACCOUNT} | ({"aws:SourceArn": source_arn} if source_arn else {})
    context = {"aws:principalisawsservice": "true", **{key.lower(): value for key, value in source.items()}}
    return Caller(principal, frozenset({principal}), context=context, pins=tuple(source))


def signed_in(identity_pool_id: str, identity_id: str, methods: tuple[str, ...]) -> Caller:
    """A person whom an identity pool knows; `methods` are how the person signed in, on top of "authenticated".

    https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
    """
    context: dict[str, str | tuple[str, ...]] = {
        f"{_COGNITO}:aud": identity_pool_id,
        f"{_COGNITO}:sub": identity_id,
        f"{_COGNITO}:amr": ("authenticated", *methods),
    }
    return Caller(_COGNITO, frozenset({_COGNITO}), context=context, pins=(f"{_COGNITO}:aud", f"{_COGNITO}:amr"))


def identify(key: str, region: str) -> Caller | None:
    """The caller behind an access key id; None where nobody has it."""
    if key == ADMINISTRATOR_KEY:
        return ADMINISTRATOR
    if session := sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(key):
        return acting_in(session)
    if key.startswith(_OSIS_KEY_PREFIX):
        try:
            pipeline = bytes.fromhex(key.removeprefix(_OSIS_KEY_PREFIX)).decode()
        except ValueError:
            return None
        return service(OSIS, f"arn:aws:osis:{region}:{ACCOUNT}:pipeline/{pipeline}")
    return None


def acting_in(session: AssumedRole) -> Caller:
    """Whoever calls with the credentials of a role's session."""
    context = {"aws:principalarn": session.role_arn, "aws:principalaccount": ACCOUNT}
    return Caller(session.arn, frozenset({session.arn, session.role_arn}), session.role_arn, context)


class Authorizer:
    """Decides and writes the decision log. Safe to use from several threads."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lock = threading.Lock()

    def refusal(
        self, caller: Caller, action: str, resource: str, region: str, context: Mapping[str, str] | None = None
    ) -> Refusal | None:
        """None when the caller may do `action` on `resource`, else AWS's refusal.

        `context` adds condition keys of the call, in lower case, to those of the caller.
        """
        # Plain HTTP on loopback stands for the TLS of AWS's endpoints, the only transport there is to them here.
        everywhere = {"aws:securetransport": "true", "aws:requestedregion": region}
        tags = {f"aws:resourcetag/{name.lower()}": value for name, value in _tags_of(resource).items()}
        request = policies.Request(action, resource, {**everywhere, **tags, **caller.context, **(context or {})})
        try:
            decision, why = self._decide(caller, request)
        except policies.UnsupportedPolicyError as error:
            decision, why = Decision.IMPLICIT_DENY, f"because {error}"
        return self.decided(caller, action, resource, decision, why)

    def assume(
        self, caller: Caller, role: str, session_name: str, region: str, action: str = "sts:AssumeRole"
    ) -> AssumedRole | Refusal:
        """A session of one hour where the trust policy of `role`, an ARN, lets `caller` have it."""
        if refusal := self.refusal(caller, action, role, region):
            return refusal
        return sts_backends[ACCOUNT]["aws"].assume_role(
            region_name=region,
            role_session_name=session_name,
            role_arn=role,
            policy=None,
            duration=_SESSION_SECONDS,
            external_id=None,
        )

    def decided(self, caller: Caller, action: str, resource: str, decision: Decision, why: str) -> Refusal | None:
        """Writes a decision down; `why` is the end of the sentence that refuses."""
        self._write(caller, action, resource, decision.value)
        if decision is Decision.ALLOW:
            return None
        sentence = f"User: {caller.name} is not authorized to perform: {action} on resource: {resource} {why}"
        return Refusal(DENIED, sentence)

    def cut_off(self, caller: Caller, target: str) -> None:
        """Writes down that the network of `caller` keeps it from `target`, a host or a domain's ARN."""
        self._write(caller, "connect", target, "no way from the VPC")

    def _write(self, caller: Caller, action: str, resource: str, result: str) -> None:
        entry = {"time": time.time(), "who": caller.name, "action": action, "resource": resource, "result": result}
        with self._lock, self._log.open("a") as log:
            log.write(f"{json.dumps(entry)}\n")

    @staticmethod
    def _decide(caller: Caller, request: policies.Request) -> tuple[Decision, str]:
        """The decision and, where it is no, the end of AWS's sentence about it."""
        action, resource = request.action, request.resource
        # On AWS the ingestion service keeps its coordination in an account of its own.
        coordinates = COORDINATION_TABLE in resource and OSIS in caller.names
        if caller is ADMINISTRATOR or action == "sts:GetCallerIdentity" or coordinates:
            return Decision.ALLOW, ""
        identity = policies.evaluate(identity_policies(caller.role), request) if caller.role else Decision.IMPLICIT_DENY
        attached = _resource_policies(action, resource)
        account = _ACCOUNT_NAMES if caller.role else frozenset()
        direct = policies.evaluate(attached, request, caller.names)
        delegated = policies.evaluate(attached, request, caller.names | account)
        if identity is Decision.EXPLICIT_DENY:
            return identity, "with an explicit deny in an identity-based policy"
        limit = boundary(caller.role) if caller.role else None
        # It also limits what resource policies grant to a role (IAM user guide, permissions boundaries).
        if limit is not None and (found := policies.evaluate([limit], request)) is not Decision.ALLOW:
            return found, f"because no permissions boundary allows the {action} action"
        if delegated is Decision.EXPLICIT_DENY:
            return delegated, "with an explicit deny in a resource-based policy"
        # A trust policy decides who may assume a role; naming the account there only lets identity policies decide.
        if action in _ASSUMPTIONS:
            if delegated is not Decision.ALLOW:
                return delegated, f"because no trust policy of the role allows the {action} action"
            pinned = policies.pinned(attached, caller.pins)
            if policies.evaluate(pinned, request, caller.names | account) is not Decision.ALLOW:
                return Decision.IMPLICIT_DENY, (
                    f"because the trust policy of the role allows it to anybody's {caller.name}: "
                    f"add conditions on {' and '.join(caller.pins)}"
                )
        if Decision.ALLOW in (identity, direct):
            return Decision.ALLOW, ""
        kind = "identity-based" if caller.role else "resource-based"
        return Decision.IMPLICIT_DENY, f"because no {kind} policy allows the {action} action"


def identity_policies(role_arn: str) -> list[Document]:
    """Inline and attached policies of a role; none where the role is gone."""
    iam = iam_backends[ACCOUNT]["aws"]
    role = next((role for role in iam.roles.values() if role.arn == role_arn), None)
    if role is None:
        return []
    versions = (version for policy in role.managed_policies.values() for version in policy.versions)
    attached = [version.document for version in versions if version.is_default]
    return [*map(_document, role.policies.values()), *map(_document, attached)]


def boundary(role_arn: str) -> Document | None:
    """The policy beyond which a role may do nothing; None where it has no boundary. One that is gone allows nothing."""
    iam = iam_backends[ACCOUNT]["aws"]
    arn = next((role.permissions_boundary_arn for role in iam.roles.values() if role.arn == role_arn), None)
    if arn is None:
        return None
    policy = iam.managed_policies.get(arn)
    return next(
        (_document(v.document) for v in policy.versions if v.is_default) if policy else iter(()), {"Statement": []}
    )


def trust_policies(role_arn: str) -> list[Document]:
    """The trust policy of a role; none where there is no such role."""
    roles = iam_backends[ACCOUNT]["aws"].roles.values()
    return [_document(role.assume_role_policy_document) for role in roles if role.arn == role_arn]


def _resource_policies(action: str, resource: str) -> list[Document]:
    if action in _ASSUMPTIONS:
        return trust_policies(resource)
    if action.startswith("s3:"):
        return bucket_policies(resource)
    if action.startswith("es:"):
        return domain_policies(resource)
    return []


def domain_policies(resource: str) -> list[Document]:
    """The access policy of the domain that an OpenSearch Service ARN is in; none where it has none."""
    domain = the_domain()
    covered = domain is not None and domain.access_policies and resource.startswith(f"{domain.arn}/")
    return [_document(domain.access_policies)] if domain and covered else []


def bucket_policies(resource: str) -> list[Document]:
    """The policy of the bucket that an S3 ARN is in; none where it has none."""
    name = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    return [_document(bucket.policy)] if bucket and bucket.policy else []


def _tags_of(resource: str) -> Mapping[str, str]:
    """Tags of what AWS gives a name, by which policies tell it: pools and keys; none of anything else."""
    _, _, service, region, _, rest = (*resource.split(":", 5), *[""] * 5)[:6]
    name = rest.partition("/")[2]
    match service:
        case "cognito-idp":
            pool = cognitoidp_backends[ACCOUNT][region].user_pools.get(name)
            return (pool.extended_config.get("UserPoolTags") or {}) if pool else {}
        case "cognito-identity":
            pool = cognitoidentity_backends[ACCOUNT][region].identity_pools.get(name)
            return (pool.tags or {}) if pool else {}
        case "kms":
            found: Mapping[str, str] = kms_backends[ACCOUNT][region].tagger.get_tag_dict_for_resource(name)
            return found
    return {}


def _document(text: str | bytes | Mapping[str, Any]) -> Document:
    if isinstance(text, Mapping):
        return text
    document: Document = json.loads(text)
    return document
