"""Deployed, planned, changed and destroyed by those who may only do that: enough is granted, and nothing in vain."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import deployer
from doctor import permissions
from local.deployment import ROOT, Deployment, deployment
from settings import Settings
from stacks.policies import Statement
from tests.end_to_end import others

LEGACY, DOMAIN = "LegacyOrders", "company-search"
BOTH: dict[str, Any] = {
    "delivery": {"repository": "acme/shop"},
    "deletion_protection": True,
    "hours": {"start": "08:00", "stop": "18:00", "timezone": "Europe/Berlin"},
    "tags": {"team": "search"},
}
TABLE: dict[str, Any] = {
    "partition_key": {"name": "order_id", "type": "S"},
    "documents": {"attributes": {"order_id": "keyword", "total": "double"}, "replicas": 0},
    "seeding": {"items": 20},
}
# Somebody else's table and domain beside a table of ours; and a whole system.
SHAPES: dict[str, dict[str, Any]] = {
    "existing": {
        **BOTH,
        "alarms": {"emails": ["ann@example.com"]},
        "existing_domain": {"reader_roles": []},
        "tables": {"customers": TABLE},
    },
    "local": {**BOTH, "tables": {"orders": {"seeding": {"items": 20}}}},
}
OURS = {"existing": "customers", "local": "orders"}
# Something that reaches a resource of each kind.
CHANGES: dict[str, Any] = {"deletion_protection": False, "log_retention_days": 14, "hours": {"stop": "19:00"}}
CHANGES_OF: dict[str, dict[str, Any]] = {
    "existing": {"tags": None},
    # Not the tags: moto changes none of pools.
    "local": {
        "dashboards": {"mfa": "optional", "analysts": {"users": ["ben@example.com"]}},
        "domain": {"volume_gib": 15},
    },
}

_CODE = "only a change of this project's code reaches it"
_DOMAIN = "the local AWS has its domain before Terraform has, and the provider waits ten minutes after it destroys one"
_KEY = "AWS asks it of whoever makes what a key encrypts; the local AWS encrypts nothing (docs/own-key.md)"
_LOGS = "OSIS delivers logs in the name of whoever creates a pipeline (OpenSearch Ingestion guide, pipeline logs)"
_POOL_TAGS = "moto changes no tags of pools"

# (role, action) -> why it is granted though nothing here uses it.
DOCUMENTED: dict[tuple[str, str], str] = {
    **{("deploy", f"cognito-identity:{verb}Resource"): _POOL_TAGS for verb in ("Tag", "Untag")},
    **{("deploy", f"cognito-idp:{verb}Resource"): _POOL_TAGS for verb in ("Tag", "Untag")},
    ("deploy", "cognito-identity:DeleteIdentityPool"): _DOMAIN,
    ("deploy", "cognito-identity:UpdateIdentityPool"): _CODE,
    ("deploy", "cognito-idp:DeleteGroup"): _DOMAIN,
    ("deploy", "cognito-idp:DeleteUserPool"): _DOMAIN,
    ("deploy", "cognito-idp:DeleteUserPoolDomain"): _DOMAIN,
    ("deploy", "cognito-idp:UpdateGroup"): _CODE,
    ("deploy", "es:CreateDomain"): _DOMAIN,
    ("deploy", "es:DeleteDomain"): _DOMAIN,
    ("deploy", "es:GetUpgradeStatus"): "moto upgrades no domain",
    ("deploy", "es:RemoveTags"): "the tags are changed beside somebody else's domain only",
    ("deploy", "es:UpgradeDomain"): "moto upgrades no domain",
    ("deploy", "iam:CreateServiceLinkedRole"): "AWS makes the role with the first pipeline of an account",
    ("deploy", "iam:PutRolePermissionsBoundary"): "only a system that was there before `delivery` needs it",
    ("deploy", "iam:UpdateAssumeRolePolicy"): _CODE,
    ("deploy", "iam:UpdateRoleDescription"): _CODE,
    ("deploy", "kms:CreateGrant"): _KEY,
    ("deploy", "kms:Decrypt"): _KEY,
    ("deploy", "kms:Encrypt"): _KEY,
    ("deploy", "kms:GenerateDataKey"): _KEY,
    ("deploy", "kms:GenerateDataKeyWithoutPlaintext"): _KEY,
    ("deploy", "kms:ReEncryptFrom"): _KEY,
    ("deploy", "kms:ReEncryptTo"): _KEY,
    ("deploy", "lambda:UpdateFunctionConfiguration"): _CODE,
    ("deploy", "logs:DeleteResourcePolicy"): _DOMAIN,
    ("deploy", "logs:DisassociateKmsKey"): "a key that is given is not taken away again",
    **{("deploy", f"logs:{verb}LogDelivery"): _LOGS for verb in ("Create", "Delete", "Get", "Update")},
    ("deploy", "logs:ListLogDeliveries"): _LOGS,
    ("plan", "kms:Decrypt"): _KEY,
    ("plan", "kms:GenerateDataKey"): _KEY,
}

ROLES: dict[str, Callable[[Settings], Iterable[Statement]]] = {
    "plan": deployer.planning,
    "deploy": deployer.deploying,
}


@dataclass
class Run:
    """What became of one environment."""

    differences: list[str] = field(default_factory=list)
    changed: list[list[str]] = field(default_factory=list)
    """Stacks that a plan would change: after the deployment, and after it was changed."""
    refusals: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    """What IAM's simulator says of a role that deploys."""
    doctor: str = ""
    used: set[tuple[str, str]] = field(default_factory=set)
    granted: set[tuple[str, str]] = field(default_factory=set)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Each shape, all at the same time: most of it is the provider's waiting."""
    directories = [tmp_path_factory.mktemp("deployer") for _ in SHAPES]
    with ThreadPoolExecutor() as pool:
        return dict(zip(SHAPES, pool.map(_run, SHAPES, directories), strict=True))


def _run(shape: str, directory: Path) -> Run:
    run, ours = Run(), OURS[shape]
    with deployment(directory, "embedded", shape) as system:
        # Beside alarms, an administrator has made a key.
        key = {"kms_key_arn": _key(system)} if shape == "existing" else {}
        system.configure(**SHAPES[shape], **key)
        if shape == "existing":
            others.make_table(system, LEGACY)
            others.make_domain(system, DOMAIN)
        # By an administrator: the bucket of the states, and who may deploy.
        with system.applying_state():
            _apply(system, "delivery")
        plan, deploy = system.settings.names.plan_role, system.settings.names.deploy_role
        with system.acting_as(deploy):
            system.apply_pipeline()
            system.apply_seeding(changes=0)
        system.wait_until_same(ours)
        with system.acting_as(plan):
            run.changed.append(system.changed_stacks())
        run.differences = system.differences(ours)
        table = {"units": {"max": 3}, "documents": {"exclude": ["internal"]}}
        system.configure(**CHANGES, **CHANGES_OF[shape], tables={ours: table})
        for stack in deployer.ADMINISTERED:
            _apply(system, stack)
        with system.acting_as(deploy):
            for stack in deployer.STACKS:
                _apply(system, stack)
        with system.acting_as(plan):
            run.changed.append(system.changed_stacks())
        run.refusals = system.refusals()
        run.doctor = _doctor(system)
        run.verdicts = {role: _simulated(system, role) for role in ROLES}
        if shape == "existing":
            with system.acting_as(deploy):
                for stack in ("seeding", "pipeline"):
                    system.terraform(stack).destroy()
            run.refusals = system.refusals()
        run.granted = {
            (role, action)
            for role, statements in ROLES.items()
            for statement in statements(system.settings)
            if statement.effect == "Allow"
            for action in statement.actions
        }
        run.used = {
            (role, decision["action"])
            for role, name in (("plan", plan), ("deploy", deploy))
            for decision in system.decisions()
            if f":assumed-role/{name}/" in decision["who"] and decision["result"] == "allow"
        }
    return run


def _apply(system: Deployment, stack: str) -> None:
    terraform = system.terraform(stack)
    terraform.init()
    terraform.apply()


def _key(system: Deployment) -> str:
    arn: str = system.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def _doctor(system: Deployment) -> str:
    """What `make doctor` says to the administrator."""
    file = system.directory / f"{system.environment_name}.yaml"
    environment = {**system.environment, "COLUMNS": "300"}
    command = [sys.executable, "-m", "doctor", str(file)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False).stdout


def _simulated(system: Deployment, role: str) -> str:
    names = system.settings.names
    name = {"plan": names.plan_role, "deploy": names.deploy_role}[role]
    session = f"arn:aws:sts::{names.account_id}:assumed-role/{name}/deploys"
    (found,) = permissions.simulated(system.aws.client("iam"), session, deployer.deploying(system.settings))
    return found.verdict


@pytest.mark.parametrize("shape", SHAPES)
def test_whoever_deploys_may_do_all_of_it(shape: str, runs: dict[str, Run]) -> None:
    assert runs[shape].differences == []
    assert runs[shape].refusals == []


@pytest.mark.parametrize("shape", SHAPES)
def test_whoever_plans_sees_that_nothing_is_left_to_do(shape: str, runs: dict[str, Run]) -> None:
    assert runs[shape].changed == [[], []]


def test_nothing_is_granted_in_vain(runs: dict[str, Run]) -> None:
    granted = {one for run in runs.values() for one in run.granted}
    used = {one for run in runs.values() for one in run.used}
    assert granted - used - DOCUMENTED.keys() == set()
    assert DOCUMENTED.keys() - (granted - used) == set()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_simulator_tells_who_may_deploy(shape: str, runs: dict[str, Run]) -> None:
    assert runs[shape].verdicts == {"plan": "bad", "deploy": "good"}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_doctor_finds_nothing_wrong(shape: str, runs: dict[str, Run]) -> None:
    assert "FAILED" not in runs[shape].doctor
    assert f"doctor: environment={shape} good=" in runs[shape].doctor
