"""Pipelines that run at certain hours only: a start and a stop for each, and a role that may do just that."""

import json
from typing import Any

import pytest

from settings import load
from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized, granted, one

HOURS = {"start": "06:05", "stop": "22:30", "days": ["mon", "sat"], "timezone": "America/Sao_Paulo"}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ROLE_POLICY = "hours_role_policy"


def schedules(stacks: Stacks) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in stacks["pipeline"]["resource"]["aws_scheduler_schedule"].values()}


def test_each_pipeline_starts_and_stops_by_the_clock_of_the_time_zone(stacks_of: StacksOf) -> None:
    found = schedules(stacks_of("many-tables"))
    assert found.keys() == {f"{table}-1-{does}" for table in load("many-tables").tables for does in ("start", "stop")}
    assert {schedule["schedule_expression_timezone"] for schedule in found.values()} == {"Europe/Berlin"}
    for name, schedule in found.items():
        hour = 8 if name.endswith("-start") else 19
        assert schedule["schedule_expression"] == f"cron(0 {hour} ? * MON,TUE,WED,THU,FRI *)"
        assert schedule["flexible_time_window"] == {"mode": "OFF"}
        assert schedule["group_name"] == "${aws_scheduler_schedule_group.hours_group.name}"


def test_minutes_and_days_are_those_of_the_settings(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    found = schedules(synthesized(settings_with({"hours": HOURS})))
    assert {name: schedule["schedule_expression"] for name, schedule in found.items()} == {
        "orders-1-start": "cron(5 6 ? * MON,SAT *)",
        "orders-1-stop": "cron(30 22 ? * MON,SAT *)",
    }


def test_a_schedule_calls_ingestion_for_its_pipeline_and_gives_up_before_the_next_one(stacks_of: StacksOf) -> None:
    found = schedules(stacks_of("many-tables"))
    for table in load("many-tables").tables:
        for does in ("start", "stop"):
            target = found[f"{table}-1-{does}"]["target"]
            assert target["arn"] == f"arn:aws:scheduler:::aws-sdk:osis:{does}Pipeline"
            assert json.loads(target["input"]) == {"PipelineName": f"shop-many-tables-{table}-1"}
            assert target["role_arn"] == "${aws_iam_role.hours_role.arn}"
            # An hour at least lies between a start and a stop.
            assert target["retry_policy"] == {"maximum_event_age_in_seconds": 1800, "maximum_retry_attempts": 10}


def test_the_role_starts_and_stops_these_pipelines_and_nothing_else(stacks_of: StacksOf) -> None:
    names = load("many-tables").names
    assert granted(stacks_of("many-tables"), ROLE_POLICY) == {
        names.pipeline_arn(f"shop-many-tables-{table}-1"): {"osis:StartPipeline", "osis:StopPipeline"}
        for table in ("products", "events", "countries")
    }


def test_scheduler_takes_the_role_for_this_group_only(stacks_of: StacksOf) -> None:
    stacks = stacks_of("many-tables")
    (statement,) = json.loads(stacks["pipeline"]["resource"]["aws_iam_role"]["hours_role"]["assume_role_policy"])[
        "Statement"
    ]
    assert statement["Principal"] == {"Service": ["scheduler.amazonaws.com"]}
    group = one(stacks, "pipeline", "aws_scheduler_schedule_group")["name"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": f"arn:aws:scheduler:eu-central-1:111122223333:schedule-group/{group}"},
    }


@pytest.mark.parametrize(
    ("changes", "key"), [({"kms_key_arn": KEY}, KEY), ({"own_key": True}, "${data.aws_kms_alias.key.target_key_arn}")]
)
def test_with_a_key_the_schedules_are_encrypted_and_their_role_reads_them(
    changes: dict[str, Any], key: str, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({"hours": HOURS, **changes}))
    assert {schedule["kms_key_arn"] for schedule in schedules(stacks).values()} == {key}
    assert granted(stacks, ROLE_POLICY)[key] == {"kms:Decrypt"}


def test_while_an_index_is_built_anew_both_pipelines_keep_the_hours(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({"hours": HOURS, "tables.orders.generation": 2}))
    assert schedules(stacks).keys() == {f"orders-{one}-{does}" for one in (1, 2) for does in ("start", "stop")}
    assert {arn.rpartition("/")[2] for arn in granted(stacks, ROLE_POLICY)} == {
        "shop-test-orders-1",
        "shop-test-orders-2",
    }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_without_hours_nothing_is_scheduled(environment: str, stacks_of: StacksOf) -> None:
    pipeline = stacks_of(environment)["pipeline"]
    assert not any(kind.startswith("aws_scheduler_") for kind in pipeline["resource"])
    assert "osis:StopPipeline" not in json.dumps(pipeline)
