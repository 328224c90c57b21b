"""The matrix of the workflows comes from the settings."""

from pathlib import Path

import pytest

from review.deployed import deployed
from settings import InvalidSettings
from tests.unit.conftest import settings_of

DELIVERY = {"delivery": {"repository": "acme/search"}, "state": {"backend": "s3"}}


def test_an_environment_that_names_the_repository(tmp_path: Path) -> None:
    settings_of(tmp_path, DELIVERY, "live")
    settings_of(tmp_path, {}, "mine")
    names = settings_of(tmp_path, {**DELIVERY, "delivery": {"repository": "acme@1/other@2"}}, "other").names
    assert deployed("acme/search", tmp_path) == [
        {
            "environment": "live",
            "region": "eu-west-1",
            "plan_role": "arn:aws:iam::111122223333:role/" + names.plan_role.replace("other", "live"),
            "deploy_role": "arn:aws:iam::111122223333:role/" + names.deploy_role.replace("other", "live"),
        }
    ]
    assert [entry["environment"] for entry in deployed("acme/other", tmp_path)] == ["other"]


def test_a_state_that_no_workflow_finds(tmp_path: Path) -> None:
    settings_of(tmp_path, {"delivery": {"repository": "acme/search"}}, "live")
    with pytest.raises(InvalidSettings, match=r"live.yaml: state.backend: is local, .* move it to s3"):
        deployed("acme/search", tmp_path)
