"""How fast the seeding function fills a table, beside boto3's batch_writer and the table's limit; and its memory."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.dynamodb import Table, serving
from benchmarks.pairs import CommandFailed, Pair
from benchmarks.picture import curves
from benchmarks.seeding_writers import UNTIL
from functions.seeder.orders import Orders

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build" / "benchmarks"
PICTURE = ROOT / "docs" / "seeding.svg"
ITEMS = 20_000
# What a new on-demand table takes (DynamoDB developer guide, on-demand capacity mode).
LIMIT = 4000
SIZES = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Fill:
    """One program, run once from its start to its end."""

    items: int
    seconds: float
    processor_seconds: float
    peak_mib: float
    retries: int

    @property
    def rate(self) -> float:
        """Items per second."""
        return self.items / self.seconds


def beside_batch_writer(pairs: int) -> float:
    """The ratio of the function's items per second to batch_writer's: of a file of one's own, then of sample orders."""
    _compare(f"a file of {ITEMS} items", pairs, _files())
    return _compare(f"{ITEMS} sample orders", pairs, {})


def throttled(pairs: int) -> float:
    """The ratio of the function's items per second to the write limit; an order is one write unit."""
    fills = [fill("function", 10 * LIMIT, limit=LIMIT) for _ in range(pairs)]
    for one in fills:
        _print(f"limit {LIMIT} items/s: {one.rate:.0f} items/s, {one.retries} retries")
    ratio = median(one.rate for one in fills) / LIMIT
    _print(f"median of {pairs}: {ratio:.3f} of the limit (wanted: 0.9 at least)")
    return ratio


def growth(_pairs: int) -> float:
    """The ratio of the peak memory of the largest fill to the smallest's; writes a picture of all."""
    fills = []
    for items in SIZES:
        fills.append(fill("function", items))
        _print(
            f"{items} items: {fills[-1].seconds:.1f} s ({fills[-1].processor_seconds:.1f} s of the processor), "
            f"{fills[-1].peak_mib:.0f} MiB at most"
        )
    seconds = [(float(one.items), one.seconds) for one in fills]
    memory = [(float(one.items), one.peak_mib) for one in fills]
    PICTURE.write_text(curves([("Seconds", seconds, "s"), ("Memory at most", memory, "MiB")], "sample orders"))
    ratio = fills[-1].peak_mib / fills[0].peak_mib
    _print(f"memory of {SIZES[-1]} items to {SIZES[0]}: {ratio:.2f}")
    return ratio


def fill(program: str, items: int, *, limit: float | None = None, file: Path | None = None) -> Fill:
    """Fill an empty table with one of `seeding_writers.PROGRAMS`. Raises CommandFailed, also when items are missing."""
    with serving(Table(key="order_id", limit=limit, keeps_items=False)) as table:
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": table.url,
            "TABLE_NAME": "orders",
        }
        command = [sys.executable, "-m", "benchmarks.seeding_writers", program, "--items", str(items)]
        done = subprocess.run(
            command + (["--file", str(file)] if file else []),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0 or len(table.items) != items:
        last = (done.stderr.splitlines() or ["?"])[-1]
        raise CommandFailed(f"{program}: exit code {done.returncode}, {len(table.items)} of {items} items: {last}")
    # The function's log comes before.
    return Fill(items, **json.loads(done.stdout.splitlines()[-1]))


def _compare(what: str, pairs: int, files: dict[str, Path]) -> float:
    """`files`: program → its file; programs without one write sample orders."""
    measured = []
    for number in range(pairs + 1):
        ours, plain = (fill(program, ITEMS, file=files.get(program)) for program in ("function", "batch_writer"))
        if number == 0:
            continue  # fills caches
        measured.append((ours, plain, Pair(ours.rate, plain.rate).ratio))
        _print(f"{what}: function {ours.rate:.0f} items/s, batch_writer {plain.rate:.0f}, {measured[-1][2]:.1f} times")
    ratio = median(ratio for _, _, ratio in measured)
    _print(
        f"median of {pairs}: function {median(ours.rate for ours, _, _ in measured):.0f} items/s "
        f"({_processor([ours for ours, _, _ in measured]):.0f} µs of the processor for an item), "
        f"batch_writer {median(plain.rate for _, plain, _ in measured):.0f} items/s "
        f"({_processor([plain for _, plain, _ in measured]):.0f} µs), {ratio:.1f} times (wanted: 10 at least)"
    )
    return ratio


def _processor(fills: list[Fill]) -> float:
    return median(one.processor_seconds / one.items for one in fills) * 1e6


def _files() -> dict[str, Path]:
    """The same items as the function's package holds them, and as people write them."""
    BUILD.mkdir(parents=True, exist_ok=True)
    files = {"function": BUILD / "items.dynamodb.ndjson", "batch_writer": BUILD / "items.ndjson"}
    orders = Orders(ITEMS, 1, UNTIL)
    with files["function"].open("w") as packed, files["batch_writer"].open("w") as written:
        for number in range(ITEMS):
            packed.write(json.dumps(orders[number]) + "\n")
            written.write(json.dumps(_plain({"M": orders[number]})) + "\n")
    return files


def _plain(value: dict[str, object]) -> object:
    ((kind, content),) = value.items()
    match kind, content:
        case "M", dict():
            return {name: _plain(inner) for name, inner in content.items()}
        case "N", str():
            return float(content)
    return content


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
