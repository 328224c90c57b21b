"""Who may deploy, as the settings say it and as IAM takes it."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

import deployer
from deployer.__main__ import main
from deployer.documents import LONGEST
from settings import InvalidSettings
from stacks.policies import Statement
from tests.unit.conftest import settings_of


@pytest.mark.parametrize("repository", ["acme/shop", "acme@123/shop.web@456", "a-b/c_d"])
def test_a_repository_is_named_as_in_its_tokens(repository: str, tmp_path: Path) -> None:
    delivery = settings_of(tmp_path, {"delivery": {"repository": repository}}).delivery
    assert delivery is not None
    assert (delivery.repository, delivery.branch, delivery.oidc_provider) == (repository, "main", "made")


@pytest.mark.parametrize(
    ("delivery", "message"),
    [
        ({"repository": "https://github.com/acme/shop"}, "delivery.repository: 'https://github.com/acme/shop'"),
        ({"repository": "acme/*"}, "delivery.repository: 'acme/*'"),
        ({"repository": "acme/shop", "branch": "*"}, "delivery.branch: '*'"),
        ({"repository": "acme/shop", "oidc_provider": "new"}, "delivery.oidc_provider: 'new'"),
        ({}, "delivery.repository"),
    ],
)
def test_what_would_let_in_others_is_refused(delivery: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        settings_of(tmp_path, {"delivery": delivery})
    assert message in str(refused.value)


ALARMS = {"emails": ["ann@example.com"]}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"


def test_whoever_deploys_makes_no_key(tmp_path: Path) -> None:
    watched = {"delivery": {"repository": "acme/shop"}, "alarms": ALARMS}
    with pytest.raises(InvalidSettings, match="alarms: beside delivery they need a key that an administrator has made"):
        settings_of(tmp_path, watched)
    for key in ({"own_key": True}, {"kms_key_arn": KEY}):
        granted = {
            action
            for statement in deployer.deploying(settings_of(tmp_path, {**watched, **key}))
            for action in statement.actions
            if action.startswith("kms:")
        }
        assert granted.isdisjoint({"kms:CreateKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"})
        assert "kms:CreateGrant" in granted
    assert settings_of(tmp_path, {"alarms": ALARMS}).alarms is not None


@pytest.mark.parametrize(("backend", "warned"), [("local", True), ("s3", False)])
def test_workflows_have_no_state_that_is_a_file(backend: str, warned: bool, tmp_path: Path) -> None:
    delivered = {"delivery": {"repository": "acme/shop"}, "state": {"backend": backend}}
    for changes, expected in ((delivered, warned), ({"state": {"backend": backend}}, False)):
        warnings = settings_of(tmp_path, changes).warnings
        assert any(warning.startswith("state.backend: ") for warning in warnings) is expected


def statements(count: int, characters: int) -> Iterable[Statement]:
    return [Statement(("s3:GetObject",), (f"arn:aws:s3:::{number}-{'x' * characters}",)) for number in range(count)]


def resources(policies: Iterable[str]) -> list[str]:
    return [s["Resource"][0].split(":")[-1].split("-")[0] for p in policies for s in json.loads(p)["Statement"]]


def test_statements_are_packed_in_order_into_policies_that_iam_takes() -> None:
    policies = deployer.documents("deploy", statements(30, 1000))
    assert len(policies) == 6
    assert resources(policies) == [str(number) for number in range(30)]
    assert all(len(json.dumps(json.loads(policy), separators=(",", ":"))) <= LONGEST for policy in policies)


@pytest.mark.parametrize(("count", "characters"), [(1, 6100), (60, 1000)])
def test_what_iam_does_not_take_is_refused(count: int, characters: int) -> None:
    with pytest.raises(
        deployer.PolicyTooLarge, match=r"delivery: the deploy policy has \d+ characters; IAM takes 10 of"
    ):
        deployer.documents("deploy", statements(count, characters))


def file_of(tmp_path: Path, **delivery: str) -> str:
    settings_of(tmp_path, {"delivery": delivery} if delivery else {})
    return str(tmp_path / "test.yaml")


@pytest.mark.parametrize("option", [None, "--plan", "--boundary"])
def test_policies_are_printed_one_a_line(
    option: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([file_of(tmp_path, repository="acme/shop"), *([option] if option else [])]) == 0
    shown = capsys.readouterr()
    assert all(json.loads(line)["Version"] == "2012-10-17" for line in shown.out.splitlines())
    assert shown.err == ""


def test_without_a_boundary_there_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([file_of(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "no boundary" in shown.err
    assert "iam:PermissionsBoundary" not in shown.out


def test_settings_that_are_wrong_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("project: shop\n")
    assert main([str(file)]) == 2
    assert "account_id" in capsys.readouterr().err


def test_what_is_ours_is_told_by_the_tags_that_it_has(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"delivery": {"repository": "acme/shop"}, "tags": {"Environment": "dev"}})
    keys = {
        key
        for statement in (*deployer.deploying(settings), *deployer.planning(settings))
        for tests in statement.conditions.values()
        for key in tests
        if key.startswith(("aws:RequestTag/", "aws:ResourceTag/"))
    }
    assert {key.partition("/")[2] for key in keys} == {"project", "Environment"}
