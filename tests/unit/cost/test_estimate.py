"""The sums, worked out by hand beside each case."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cost import Line, Prices, estimate
from settings import load
from tests.unit.conftest import ABSENT, settings_of

# One of each price, so that a figure shows which ones went in.
PRICES = Prices.model_validate_json("""{
    "date": "2026-01-31",
    "region": "us-east-1",
    "sources": {"test": "made up"},
    "ingestion_unit_hour": {"usd": 0.5, "source": "test"},
    "collection_unit_hour": {"usd": 0.4, "source": "test"},
    "collection_gib_month": {"usd": 6, "source": "test"},
    "instance_hour": {
        "usd": {"t3.small.search": 0.1, "m7g.medium.search": 0.3, "ultrawarm1.medium.search": 0.6}, "source": "test"
    },
    "volume_gib_month": {"usd": 2, "source": "test"},
    "table_gib_month": {"usd": 3, "source": "test"},
    "recovery_gib_month": {"usd": 4, "source": "test"},
    "export_gib": {"usd": 7, "source": "test"},
    "dashboard_month": {"usd": 8, "source": "test"},
    "key_month": {"usd": 9, "source": "test"},
    "endpoint_hour": {"usd": 0.7, "source": "test"}
}""")
HOURS = {"start": "08:00", "stop": "18:30", "timezone": "UTC", "days": ["mon", "wed"]}
ALARMS = {"emails": ["ann@example.com"]}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
LARGE = {"instance_type": "m7g.medium.search", "instance_count": 1, "volume_gib": 10}
WARM = {"type": "ultrawarm1.medium.search", "count": 2}
ALWAYS = {"pipeline shop-test-orders-1": "365.00", "data nodes of shop-test": "73.00", "volumes of shop-test": "20.00"}
SERVERLESS = {"pipeline shop-test-orders-1": ALWAYS["pipeline shop-test-orders-1"], "collection shop-test": "584.00"}


def figures(lines: tuple[Line, ...]) -> dict[str, str | None]:
    return {line.resource: None if line.monthly_usd is None else str(line.monthly_usd) for line in lines}


def test_dev_by_hand() -> None:
    """1 OCU and a t3.small: (0.24 + 0.036) x 730 h, and 10 GiB of 0.122."""
    found = estimate(load("dev"), Prices.read())
    assert figures(found.lines) == {
        "pipeline shop-dev-orders-1": "175.20",
        "data nodes of shop-dev": "26.28",
        "volumes of shop-dev": "1.22",
    }
    assert (found.monthly_usd, found.unpriced) == (Decimal("202.70"), 0)


def test_serverless_by_hand() -> None:
    """2 OCU of the pipeline and 2 of the collection at 0.24 x 730 h; a KMS key; a dashboard."""
    found = estimate(load("serverless"), Prices.read())
    assert figures(found.lines) == {
        "pipeline shop-serverless-orders-1": "350.40",
        "collection shop-serverless": "350.40",
        "KMS key": "1.00",
        "dashboard in CloudWatch": "3.00",
    }
    assert "what the collection stores, 0.024 USD a GiB" in found.left_out


@pytest.mark.parametrize(("standby", "usd"), [(True, "584.00"), (False, "292.00")])
def test_a_collection_costs_its_least_units(standby: bool, usd: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"domain": ABSENT, "collection": {"standby": standby}})
    assert figures(estimate(settings, PRICES).lines)["collection shop-test"] == usd


def test_prod_by_hand() -> None:
    """2 OCU at 0.24, 3 r7g.large at 0.178 and 3 m7g.medium at 0.068, x 730 h; 3 x 100 GiB of 0.122; a dashboard."""
    found = estimate(load("prod"), Prices.read())
    assert figures(found.lines) == {
        "pipeline shop-prod-orders-1": "350.40",
        "data nodes of shop-prod": "389.82",
        "master nodes of shop-prod": "148.92",
        "volumes of shop-prod": "36.60",
        "dashboard in CloudWatch": "3.00",
    }
    assert (found.monthly_usd, found.unpriced) == (Decimal("928.74"), 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ALWAYS),
        # 3 x 0.5 x 730, whatever the maximum is.
        ({"tables.orders.units": {"min": 3, "max": 9}}, {**ALWAYS, "pipeline shop-test-orders-1": "1095.00"}),
        # While an index is built anew there are two.
        (
            {"tables.orders.generation": 2},
            {"pipeline shop-test-orders-1": "365.00", "pipeline shop-test-orders-2": "365.00", **ALWAYS},
        ),
        # 2 of 7 days of 10.5 hours: 730 / 168 x 21 = 91.25 h.
        ({"hours": HOURS}, {**ALWAYS, "pipeline shop-test-orders-1": "45.63"}),
        # 12 x (3 + 4).
        ({"tables.orders.expected": {"gib": 12}}, {**ALWAYS, "table shop-test-orders": "84.00"}),
        # Twice a week of 730 / 168 weeks: 8.690 starts, of 12 GiB at 7.
        (
            {"tables.orders.expected": {"gib": 12}, "hours": HOURS},
            {
                **ALWAYS,
                "pipeline shop-test-orders-1": "45.63",
                "table shop-test-orders": "84.00",
                "exports of shop-test-orders-1": "730.00",
            },
        ),
        (
            {"tables.orders.expected": {"gib": 12}, "hours": HOURS, "tables.orders.mode": "stream"},
            {**ALWAYS, "pipeline shop-test-orders-1": "45.63", "table shop-test-orders": "84.00"},
        ),
        ({"tables.orders.expected": {"items": 12}}, ALWAYS),
        # 3 x 0.3 x 730.
        ({"domain.masters": "m7g.medium.search"}, {**ALWAYS, "master nodes of shop-test": "657.00"}),
        # 2 x 0.1 x 730, and 2 x 30 x 2.
        # 2 x 0.6 x 730.
        (
            {"domain": {**LARGE, "masters": "m7g.medium.search", "warm": WARM}},
            {
                **ALWAYS,
                "data nodes of shop-test": "219.00",
                "master nodes of shop-test": "657.00",
                "warm nodes of shop-test": "876.00",
            },
        ),
        (
            {"domain": {**LARGE, "iops": 3000, "throughput_mib": 125}},
            {**ALWAYS, "data nodes of shop-test": "219.00", "speed of the volumes of shop-test": None},
        ),
        (
            {"domain.instance_count": 2, "domain.volume_gib": 30},
            {**ALWAYS, "data nodes of shop-test": "146.00", "volumes of shop-test": "120.00"},
        ),
        (
            {"alarms": ALARMS},
            {**ALWAYS, "dashboard in CloudWatch": "8.00", "KMS key of the alarms": "9.00"},
        ),
        ({"alarms": ALARMS, "own_key": True}, {**ALWAYS, "dashboard in CloudWatch": "8.00", "KMS key": "9.00"}),
        ({"network": {"cidr": "10.20.0.0/24"}, "domain": ABSENT, "collection": {}}, SERVERLESS),
        # 2 zones x 0.7 x 730.
        (
            {"network": {"cidr": "10.20.0.0/24"}, "domain.instance_count": 2},
            {
                **ALWAYS,
                "data nodes of shop-test": "146.00",
                "volumes of shop-test": "40.00",
                "endpoint for Cognito": "1022.00",
            },
        ),
        ({"alarms": ALARMS, "kms_key_arn": KEY}, {**ALWAYS, "dashboard in CloudWatch": "8.00"}),
        ({"domain.instance_type": "c8g.large.search"}, {**ALWAYS, "data nodes of shop-test": None}),
        # Somebody else's table and domain are somebody else's to pay; what we export of it is ours.
        (
            {
                "tables.orders": {"existing": {"name": "LegacyOrders"}, "expected": {"gib": 12}},
                "domain": ABSENT,
                "existing_domain": {"name": "company-search"},
            },
            {"pipeline shop-test-orders-1": "365.00"},
        ),
    ],
    ids=str,
)
def test_each_part(changes: dict[str, Any], expected: dict[str, str | None], tmp_path: Path) -> None:
    found = estimate(settings_of(tmp_path, changes), PRICES)
    assert figures(found.lines) == expected
    priced = [Decimal(usd) for usd in expected.values() if usd is not None]
    assert (found.monthly_usd, found.unpriced) == (sum(priced), len(expected) - len(priced))


def test_every_line_names_the_setting_that_drives_it(tmp_path: Path) -> None:
    changes = {"tables.orders.expected": {"gib": 12}, "hours": HOURS, "domain.masters": "m7g.medium.search"}
    drivers = {line.resource: line.driver for line in estimate(settings_of(tmp_path, changes), PRICES).lines}
    assert drivers == {
        "pipeline shop-test-orders-1": (
            "tables.orders.units.min: 1 OCU x 91 h; at most 182.50 with units.max, 4"  # 4 x 0.5 x 91.25 h
        ),
        "data nodes of shop-test": "domain.instance_count: 1 x t3.small.search x 730 h",
        "master nodes of shop-test": "domain.masters: 3 x m7g.medium.search x 730 h",
        "volumes of shop-test": "domain.volume_gib: 1 x 10 GiB of gp3",
        "table shop-test-orders": "tables.orders.expected.gib: 12 GiB, stored and recoverable",
        "exports of shop-test-orders-1": "hours.days: 8.7 starts x tables.orders.expected.gib: 12",
    }


@pytest.mark.parametrize(
    ("changes", "once"),
    [
        ({"tables.orders.expected": {"gib": 500}}, ("first export of shop-test-orders-1: 500 GiB, 3,500.00 USD",)),
        ({"tables.orders.expected": {"gib": 500}, "tables.orders.mode": "stream"}, ()),
        ({}, ()),
    ],
    ids=str,
)
def test_what_is_paid_once(changes: dict[str, Any], once: tuple[str, ...], tmp_path: Path) -> None:
    assert estimate(settings_of(tmp_path, changes), PRICES).once == once


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({}, "what the size of tables.orders decides: say it in tables.orders.expected.gib"),
        ({"tables.orders.expected": {"items": 1}}, "what the size of tables.orders decides"),
        ({"tables.orders": {"existing": {"name": "LegacyOrders"}}}, "the table LegacyOrders, which is there already"),
        (
            {"domain": ABSENT, "existing_domain": {"name": "company-search"}},
            "the domain company-search, which is there already",
        ),
        (
            {"domain.instance_type": "or2.large.search", "domain.volume_gib": 20},
            "managed storage of or2.large.search, by what is stored",
        ),
        (
            {"network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}},
            "endpoints that OpenSearch Ingestion makes in the subnets",
        ),
        ({"kms_key_arn": KEY}, "the KMS key, which is there already"),
        ({"kms_key_arn": KEY}, "requests to the KMS key"),
        ({"own_key": True}, "requests to the KMS key"),
        (
            {"domain": {**LARGE, "masters": "m7g.medium.search", "warm": WARM}},
            "warm and cold storage, by what is stored",
        ),
        ({"alarms": ALARMS}, "the alarms, 10 to 20 cents each"),
        ({"dashboards.threat_protection": "audit"}, "Cognito's Plus plan, by active user"),
    ],
    ids=str,
)
def test_what_is_left_out_is_said(changes: dict[str, Any], left_out: str, tmp_path: Path) -> None:
    def of(changes: dict[str, Any]) -> set[str]:
        return set(estimate(settings_of(tmp_path, changes), PRICES).left_out)

    usual = of({"tables.orders.expected": {"gib": 1}})
    assert usual == {entry for entry in usual if "by active" not in entry and "already" not in entry}
    (said,) = [entry for entry in of(changes) - usual if entry.startswith(left_out)]
    assert said
