"""What the demo of an account does not touch, before anything asks AWS, and what it tells afterwards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from local import __main__ as command_line
from local import on_aws, tools
from local.account import Account
from local.deployment import refused_in
from local.report import Refusal, Report
from local.timeline import Phase
from settings import Settings
from tests.unit.conftest import ABSENT, settings_of

SMALL: dict[str, Any] = {"deletion_protection": False}
PRODUCTION: dict[str, Any] = {
    "production": True,
    "domain": {
        "instance_type": "r7g.large.search",
        "instance_count": 3,
        "masters": "m7g.large.search",
        "volume_gib": 20,
    },
    "tables.orders.units": {"min": 2, "max": 4},
}
NOT_FOR_A_DEMO: dict[str, dict[str, Any]] = {
    "production: true": {**PRODUCTION, "deletion_protection": True, "tables.orders.seeding": ABSENT},
    "deletion_protection: true": {"deletion_protection": True},
    "existing_domain: ": {"domain": ABSENT, "existing_domain": {"name": "company"}},
    "collection: ": {"domain": ABSENT, "collection": {}},
    "network: ": {"network": {"cidr": "10.20.0.0/24"}},
    "own_key: ": {"own_key": True},
    "delivery: ": {"delivery": {"repository": "acme/shop"}},
    "hours: ": {"hours": {"timezone": "Europe/Berlin", "start": "08:00", "stop": "18:00"}},
    "tables.orders.seeding: the demo takes sample orders, 5,000 at most": {"tables.orders.seeding.items": 5001},
    "tables.orders.mode: stream": {"tables.orders.mode": "stream"},
    "tables.orders.documents.exclude: ": {"tables.orders.documents": {"exclude": ["notes"]}},
}


@pytest.mark.parametrize("why", NOT_FOR_A_DEMO)
def test_what_the_demo_does_not_touch(tmp_path: Path, why: str) -> None:
    settings = settings_of(tmp_path, {**SMALL, **NOT_FOR_A_DEMO[why]})
    with pytest.raises(on_aws.Refused, match=f"^test is not for a demo: {why}.*; name a small environment of its own$"):
        on_aws.check(settings)


def test_a_small_environment_is_for_a_demo(tmp_path: Path) -> None:
    on_aws.check(settings_of(tmp_path, SMALL))


def test_a_refusal_is_a_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_of(tmp_path, {"deletion_protection": True})
    monkeypatch.setattr(command_line, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(Account, "client", called)
    assert command_line.run_on_aws(str(tmp_path / "test.yaml"), yes=True, destroy=False) == 2
    assert capsys.readouterr().out == (
        "test is not for a demo: deletion_protection: true; name a small environment of its own\n"
    )
    assert list((tmp_path / "runs").iterdir()) == []


def called(*_: object) -> None:
    raise AssertionError("nobody may ask AWS yet")


def test_what_is_there_already_is_not_the_demos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of(tmp_path, SMALL)
    monkeypatch.setattr(on_aws, "LOOKS", ())
    monkeypatch.setattr(tools, "require", lambda *_: None)
    monkeypatch.setattr(Account, "left", lambda _: ["arn:aws:s3:::theirs"])
    with pytest.raises(on_aws.Refused, match="shop-test is there already, and not the demo's to destroy: arn:aws:s3"):
        on_aws.run(str(tmp_path / "test.yaml"), tmp_path, Console(), yes=True, destroy=False)
    assert [path.name for path in tmp_path.iterdir()] == ["test.yaml"]


def test_without_a_good_doctor_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of(tmp_path, SMALL)
    asked = []

    def failed(arguments: list[str]) -> int:
        asked.append(arguments)
        return 1

    monkeypatch.setattr(on_aws, "LOOKS", (failed, failed))
    monkeypatch.setattr(tools, "require", lambda *_: None)
    monkeypatch.setattr(Account, "client", called)
    with pytest.raises(on_aws.Refused, match="nothing was made: mend what FAILED above first"):
        on_aws.run(str(tmp_path / "test.yaml"), tmp_path, Console(), yes=True, destroy=False)
    assert asked == [[str(tmp_path / "test.yaml")]] * 2


def test_nothing_is_destroyed_that_no_demo_made(tmp_path: Path) -> None:
    settings_of(tmp_path, SMALL)
    with pytest.raises(on_aws.Refused, match="no demo of test is unfinished"):
        on_aws.run(str(tmp_path / "test.yaml"), tmp_path, Console(), yes=False, destroy=True)


class Stub:
    """A system whose deployment fails as told."""

    def __init__(self, settings: Settings, directory: Path, error: BaseException) -> None:
        self.settings, self.directory, self._error = settings, directory, error

    def make_state_bucket(self) -> None:
        raise self._error

    def interrupt(self) -> None:
        pass

    def refusals(self) -> list[dict[str, str]]:
        return [{"service": "IAM", "operation": "CreateRole", "code": "AccessDenied", "request_id": "of-terraform"}]


DENIED = ClientError(
    {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"RequestId": "12-ab"}},  # type: ignore[typeddict-item]
    "DescribeDomain",
)


@pytest.mark.parametrize(
    ("error", "outcome", "requests"),
    [
        (KeyboardInterrupt(), "interrupted", ["of-terraform"]),
        (RuntimeError("terraform apply failed"), "failed\nterraform apply failed", ["of-terraform"]),
        (DENIED, f"failed\n{DENIED}", ["12-ab", "of-terraform"]),
    ],
    ids=["interrupted", "failed", "denied"],
)
def test_a_demo_that_does_not_come_to_its_end_reports(
    stopped: Callable[[BaseException], dict[str, Any]], error: BaseException, outcome: str, requests: list[str]
) -> None:
    report = stopped(error)
    assert report["outcome"] == outcome
    assert [one["request_id"] for one in report["refusals"]] == requests
    assert report["left"] == ["arn:aws:s3:::made"]


def test_a_demo_that_is_interrupted_tells_how_to_destroy(
    stopped: Callable[[BaseException], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    stopped(KeyboardInterrupt())
    said = capsys.readouterr().out
    assert "What was made is there and costs money. Destroy it: make demo ON=aws ENVIRONMENT=test DESTROY=1\n" in said


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], dict[str, Any]]:
    """What a demo reports whose first apply ends with an error."""
    settings = settings_of(tmp_path, SMALL)
    monkeypatch.setattr(Account, "left", lambda _: ["arn:aws:s3:::made"])

    def run(error: BaseException) -> dict[str, Any]:
        system: Any = Stub(settings, tmp_path / "aws-test", error)
        with pytest.raises(type(error)):
            on_aws.tell(system, Account(settings), tmp_path, Console(), "test", fresh=True)
        report: dict[str, Any] = json.loads((tmp_path / "demo-aws.json").read_text())
        return report

    return run


def test_what_terraform_was_refused_is_read_from_its_log() -> None:
    log = """
Error: creating IAM Role (shop): operation error IAM: CreateRole, https response error StatusCode: 403, RequestID:
0a-1b, api error AccessDenied: User: arn:aws:iam::1:user/me is not authorized to perform: iam:CreateRole
Error: operation error S3: PutBucketPolicy, https response error StatusCode: 403, RequestID: 2C, HostID: x/y+z=,
api error AccessDenied: Access Denied
Error: operation error Lambda: CreateFunction, https response error StatusCode: 403, RequestID: 3d,
AccessDeniedException:
Error: operation error OpenSearch: CreateDomain, https response error StatusCode: 409, RequestID: 4e,
ResourceAlreadyExistsException: there
"""
    assert [tuple(one.values()) for one in refused_in(log)] == [
        ("IAM", "CreateRole", "0a-1b", "AccessDenied"),
        ("S3", "PutBucketPolicy", "2C", "AccessDenied"),
        ("Lambda", "CreateFunction", "3d", "AccessDeniedException"),
    ]


def test_the_report_is_for_programs_and_for_people(tmp_path: Path) -> None:
    report = Report("trial", "111122223333", "eu-west-1", "done", left=["arn:aws:s3:::there"])
    report.refusals = [Refusal("IAM", "CreateRole", "AccessDenied", "0a-1b")]
    report.tell([Phase("every stack destroyed", 1, 3.25, ("3 stacks",))])
    report.write(tmp_path)
    told = json.loads((tmp_path / "demo-aws.json").read_text())
    assert told["phases"] == [{"title": "every stack destroyed", "seconds": 2.2, "found": ["3 stacks"]}]
    page = (tmp_path / "demo-aws.md").read_text()
    assert "| every stack destroyed | 2.2 | 3 stacks |" in page
    assert "## What AWS refused\n\n- IAM CreateRole: AccessDenied, request 0a-1b\n" in page
    assert "## What differed from the local AWS\n\n- nothing\n" in page
    assert "## What is still there\n\n- arn:aws:s3:::there\n" in page
