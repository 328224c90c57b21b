"""Every shipped environment, synthesized once for all tests of the JSON."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import Pipeline
from settings import ENVIRONMENTS, Settings, load
from stacks.app import synthesize
from tests.unit.conftest import settings_of

Stacks = dict[str, dict[str, Any]]
StacksOf = Callable[[str], Stacks]
Synthesized = Callable[[Settings], Stacks]
SettingsOf = Callable[[dict[str, Any]], Settings]

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))
MAKES_DOMAIN = [name for name in NAMES if "domain" in yaml.safe_load((ENVIRONMENTS / f"{name}.yaml").read_text())]


def read_stacks(outdir: Path) -> Stacks:
    return {file.parent.name: json.loads(file.read_text()) for file in sorted(outdir.glob("stacks/*/cdk.tf.json"))}


@pytest.fixture(scope="session")
def stacks_of(tmp_path_factory: pytest.TempPathFactory) -> StacksOf:
    """Stack name -> its Terraform JSON, of a shipped environment."""

    @cache
    def stacks(environment: str) -> Stacks:
        outdir = tmp_path_factory.mktemp(environment)
        synthesize(load(environment), outdir)
        return read_stacks(outdir)

    return stacks


@pytest.fixture
def synthesized(tmp_path: Path) -> Synthesized:
    """The same of settings that a test has made."""

    def stacks(settings: Settings) -> Stacks:
        synthesize(settings, tmp_path)
        return read_stacks(tmp_path)

    return stacks


@pytest.fixture
def settings_with(tmp_path: Path) -> SettingsOf:
    """Settings of a small environment `test` with these changes, by path."""
    return lambda changes: settings_of(tmp_path, changes)


@pytest.fixture(params=NAMES)
def environment(request: pytest.FixtureRequest) -> str:
    """Each shipped environment in turn."""
    return str(request.param)


@pytest.fixture(params=MAKES_DOMAIN)
def with_domain(request: pytest.FixtureRequest) -> str:
    """Each that makes its domain."""
    return str(request.param)


def one(stacks: Stacks, stack: str, kind: str) -> dict[str, Any]:
    """The only resource of its kind."""
    (resource,) = stacks[stack]["resource"][kind].values()
    return dict(resource)


def key_of(settings: Settings, stack: str = "pipeline") -> str | None:
    """What Terraform gets for the environment's KMS key in a stack: the state stack makes it, the others look it up."""
    if not settings.own_key:
        return settings.kms_key_arn
    made, found = "aws_kms_key.encryption_key.arn", "data.aws_kms_alias.key.target_key_arn"
    return f"${{{made if stack == 'state' else found}}}"


def endpoint_of(settings: Settings) -> str:
    """How the endpoint of the domain or collection is referred to."""
    if settings.collection:
        return "${local.collection_host}"
    return f"${{{'' if settings.domain else 'data.'}aws_opensearch_domain.search_domain.endpoint}}"


def of_pipeline(pipeline: Pipeline, noun: str) -> str:
    """What Terraform calls a resource of one pipeline: ingestion_orders_1_role."""
    return f"ingestion_{pipeline.key}_{pipeline.generation}_{noun}".replace("-", "_")


def osis_pipeline(stacks: Stacks, pipeline: Pipeline) -> dict[str, Any]:
    return dict(stacks["pipeline"]["resource"]["aws_osis_pipeline"][of_pipeline(pipeline, "pipeline")])


def event(stacks: Stacks, name: str = "search_setup_run") -> dict[str, Any]:
    """What Terraform gives to the set-up function; without a name, before there are pipelines."""
    return dict(json.loads(stacks["pipeline"]["resource"]["aws_lambda_invocation"][name]["input"]))


def granted(stacks: Stacks, name: str) -> dict[str, set[str]]:
    """Resource -> actions that the role policy of that name allows."""
    grants: dict[str, set[str]] = {}
    for stack in stacks.values():
        policy = stack["resource"].get("aws_iam_role_policy", {}).get(name)
        for statement in json.loads(policy["policy"])["Statement"] if policy else []:
            assert statement["Effect"] == "Allow"
            for resource in statement["Resource"]:
                grants.setdefault(resource, set()).update(statement["Action"])
    return grants
