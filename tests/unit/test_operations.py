"""What is said at every synth about alarms, hours and budget."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import ABSENT, settings_of

HOURS = {"start": "08:00", "stop": "18:30", "timezone": "America/Sao_Paulo"}
DECLARED = {"tables.orders.documents.attributes": {"order_id": "keyword"}}
AGAIN = "hours: each start exports the tables again"
UNSEEN = "tables.orders.mode: with hours, what changes while the pipeline is stopped"


def beginnings(tmp_path: Path, changes: dict[str, Any], *known: str) -> list[str]:
    """Which of the known beginnings each warning has; the whole warning where it has none of them."""
    warnings = settings_of(tmp_path, {**DECLARED, **changes}).warnings
    return [next(filter(warning.startswith, known), warning) for warning in warnings]


@pytest.mark.parametrize(
    ("mode", "warned"), [("export-and-stream", [AGAIN]), ("export", [AGAIN]), ("stream", [UNSEEN])]
)
def test_hours_warn_of_what_a_start_reads_and_what_it_does_not(mode: str, warned: list[str], tmp_path: Path) -> None:
    assert beginnings(tmp_path, {"hours": HOURS, "tables.orders.mode": mode}, AGAIN, UNSEEN) == warned
    assert beginnings(tmp_path, {"tables.orders.mode": mode}) == []


def test_a_budget_warns_that_its_tag_has_to_be_activated(tmp_path: Path) -> None:
    counts = "budget: counts what carries this environment's tag `environment`"
    budget = {"monthly_usd": 250, "emails": ["ann@example.com"]}
    assert beginnings(tmp_path, {"budget": budget}, counts) == [counts]


def test_production_that_tells_nobody_is_warned_of(tmp_path: Path) -> None:
    production = {"production": True, "domain.instance_count": 2, "domain.instance_type": "r7g.large.search"}
    production |= {"tables.orders.seeding": ABSENT, "tables.orders.units": {"min": 2, "max": 4}}
    assert beginnings(tmp_path, production, "alarms: there are none") == ["alarms: there are none"]
    assert beginnings(tmp_path, {**production, "alarms": {"emails": ["ann@example.com"]}}) == []


@pytest.mark.parametrize(
    ("start", "stop", "minutes"), [("08:00", "18:30", 630), ("08:45", "09:50", 65), ("00:00", "23:00", 1380)]
)
def test_minutes_of_a_day(start: str, stop: str, minutes: int, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"hours": {**HOURS, "start": start, "stop": stop}})
    assert settings.hours is not None
    assert settings.hours.minutes == minutes
