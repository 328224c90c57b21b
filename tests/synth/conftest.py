"""Every shipped environment, synthesized once for all tests of the JSON."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from settings import ENVIRONMENTS, Settings, load
from stacks.app import synthesize

Stacks = dict[str, dict[str, Any]]

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))


def read_stacks(outdir: Path) -> Stacks:
    return {file.parent.name: json.loads(file.read_text()) for file in sorted(outdir.glob("stacks/*/cdk.tf.json"))}


@pytest.fixture(scope="session")
def stacks_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Stacks]:
    """Stack name -> its Terraform JSON, of a shipped environment."""

    @cache
    def stacks(environment: str) -> Stacks:
        outdir = tmp_path_factory.mktemp(environment)
        synthesize(load(environment), outdir)
        return read_stacks(outdir)

    return stacks


@pytest.fixture
def synthesized(tmp_path: Path) -> Callable[[Settings], Stacks]:
    """The same of settings that a test has made."""

    def stacks(settings: Settings) -> Stacks:
        synthesize(settings, tmp_path)
        return read_stacks(tmp_path)

    return stacks


@pytest.fixture(params=NAMES)
def environment(request: pytest.FixtureRequest) -> str:
    """Each shipped environment in turn."""
    return str(request.param)
