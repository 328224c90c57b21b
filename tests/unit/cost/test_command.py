"""`python -m cost ENVIRONMENT` as a process: what it prints, and that the README says the same."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import BASE, settings_of

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> tuple[int, list[str], str]:
    done = subprocess.run(
        [sys.executable, "-m", "cost", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_prints_each_resource_with_its_driver_and_the_sum_last() -> None:
    code, lines, complaint = run("dev")
    assert (code, complaint) == (0, "")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert rows == [
        [
            "pipeline shop-dev-orders-1",
            "tables.orders.units.min: 1 OCU x 730 h; at most 350.40 with units.max, 2",
            "175.20",
        ],
        ["data nodes of shop-dev", "domain.instance_count: 1 x t3.small.search x 730 h", "26.28"],
        ["volumes of shop-dev", "domain.volume_gib: 1 x 10 GiB of gp3", "1.22"],
    ]
    assert lines[0].strip() == "A month of shop-dev, estimated"
    assert "- writes to the tables, reads of them and of their streams" in lines[lines.index("Not estimated:") :]
    assert lines[-1] == "cost: environment=dev monthly_usd=202.70 (estimate of 2026-10-01 prices)"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"region": "us-east-1"}, []),
        ({"region": "eu-west-1"}, ["eu-west-1 has other prices; these are of us-east-1."]),
    ],
    ids=str,
)
def test_says_when_the_prices_are_of_another_region(changes: dict[str, Any], said: list[str], tmp_path: Path) -> None:
    settings_of(tmp_path, changes)
    assert [line for line in run(str(tmp_path / "test.yaml"))[1] if "other prices" in line] == said


def test_says_what_has_no_known_price(tmp_path: Path) -> None:
    settings_of(tmp_path, {"domain": {**BASE["domain"], "instance_type": "c8g.large.search"}})
    code, lines, _ = run(str(tmp_path / "test.yaml"))
    assert code == 0
    assert any(re.search(r"data nodes.*│ no price known", line) for line in lines)
    assert lines[-1] == (
        "cost: environment=test monthly_usd=176.42 (estimate of 2026-10-01 prices; without 1 of unknown price)"
    )


def test_invalid_settings(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("project: Orders\n")
    code, lines, complaint = run(str(file))
    assert (code, lines) == (2, [])
    assert f"{file}: project: 'Orders' is not allowed" in complaint


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_readme_says_what_is_printed(environment: str) -> None:
    section = (ROOT / "README.md").read_text().split("## What it costs")[1].split("\n## ")[0]
    assert run(environment)[1][-1] in section.splitlines()
