"""The function's process, really killed while it writes to an emulated table; run again, the table is the same."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.dynamodb import Table, serving
from benchmarks.seeding_writers import UNTIL
from functions.seeder.orders import Orders

ROOT = Path(__file__).parents[3]
ITEMS = 2000
ORDERS = {item["order_id"]["S"]: item for item in map(Orders(ITEMS, 1, UNTIL).__getitem__, range(ITEMS))}


def start(table: Table) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": table.url,
        "TABLE_NAME": "orders",
    }
    command = [sys.executable, "-m", "benchmarks.seeding_writers", "function", "--items", str(ITEMS)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("written", [0, 1, ITEMS // 3, ITEMS * 9 // 10])
def test_killed_at_any_moment_and_run_again(written: int) -> None:
    # The limit makes the first run long enough to be killed within.
    with serving(Table(key="order_id", limit=1000)) as table:
        killed = start(table)
        ends = time.monotonic() + 300
        while len(table.items) < written and killed.poll() is None and time.monotonic() < ends:
            time.sleep(0.001)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait() == -signal.SIGKILL
        assert written <= len(table.items) < ITEMS, "killed in the middle"
        assert start(table).wait(300) == 0
    assert table.items == ORDERS
