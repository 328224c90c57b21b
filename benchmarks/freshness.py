"""How soon and how fast items become searchable: with our pipeline's body, beside that of AWS's sample."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles

from benchmarks import bodies
from benchmarks.ingestion import Ingestion, Item, ingestion
from benchmarks.pairs import Pair
from benchmarks.picture import distributions
from functions.seeder.orders import Orders
from local import processes

PICTURE = Path(__file__).parents[1] / "docs" / "freshness.svg"
BODIES: dict[str, bodies.Body] = {"ours": bodies.ours, "sample": bodies.sample, "floor": bodies.floor}
UNTIL = "2026-11-01T00:00:00Z"
SEED = 1
WRITES = 200
# Seconds between two writes, at random, so that they meet every phase of what an engine does at intervals.
PAUSE = (1.0, 2.0)
POLL_SECONDS = 0.05
BURST = 20_000
EXPORT = 100_000
# Data Prepper may sleep a minute before the export and another before the first change; then the sample's sink waits.
START_SECONDS = 400
LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Run:
    """Documents of one index, until a search finds all of them."""

    documents: int
    seconds: float
    bulk_requests: int

    @property
    def rate(self) -> float:
        """Documents per second."""
        return self.documents / self.seconds

    def __str__(self) -> str:
        return f"{self.rate:.0f} documents/s ({self.seconds:.1f} s, {self.bulk_requests} bulk requests)"


def low_rate(_pairs: int) -> float:
    """The ratio of our median to the sample's, from `put_item` until a search finds the document; writes a picture."""
    with ingestion(*BODIES) as local:
        _print(f"engine: {local.engine}; {WRITES} writes to each table, {PAUSE[0]:g} to {PAUSE[1]:g} s apart")
        _follow(local)
        orders = Orders(1 + WRITES, SEED, UNTIL)
        found = _lags(local, [orders[number] for number in range(1, 1 + WRITES)])
    for key, seconds in found.items():
        _print(f"{key}: {summary(seconds)}")
    ours, sample, floor = (median(found[key]) for key in ("ours", "sample", "floor"))
    _print(
        f"median of ours: {Pair(ours, sample).ratio:.3f} of the sample's (wanted: 0.15 at most), "
        f"{Pair(ours, floor).ratio:.2f} of the floor's (wanted: 1.1 at most)"
    )
    PICTURE.write_text(distributions(found, "seconds from put_item until a search finds the document"))
    return Pair(ours, sample).ratio


def high_rate(pairs: int) -> float:
    """The ratio of our documents per second to the sample's: a burst of writes while the pipeline follows the table."""
    with ingestion("ours", "sample") as local:
        _print(f"engine: {local.engine}; {BURST} writes as fast as the table takes them")
        _follow(local)
        orders = Orders(1 + pairs * BURST, SEED, UNTIL)

        def burst(key: str) -> Run:
            there = local.documents(key)
            items = [orders[number] for number in range(there, there + BURST)]
            return _until_found(local, key, BURST, lambda: local.fill(key, items))

        return compare(burst, pairs)


def export(pairs: int) -> float:
    """The ratio of our documents per second to the sample's: from its start, a pipeline's export of a full table."""
    with ingestion("ours", "sample") as local:
        _print(f"engine: {local.engine}; an export of {EXPORT} items")
        orders = Orders(EXPORT, SEED, UNTIL)
        for key in local.settings.tables:
            local.fill(key, [orders[number] for number in range(EXPORT)])
            # Not before: the stream would bring the items once more.
            local.enable_stream(key)

        def exported(key: str) -> Run:
            run = _until_found(local, key, EXPORT, lambda: _start(local, key))
            local.end(key)
            return run

        return compare(exported, pairs)


def summary(seconds: list[float]) -> str:
    """Median, percentiles and maximum."""
    percentiles = quantiles(seconds, n=100, method="inclusive")
    return (
        f"median {median(seconds):.2f} s, 90 % within {percentiles[89]:.2f} s, 99 % within {percentiles[98]:.2f} s, "
        f"longest {max(seconds):.2f} s"
    )


def compare(run: Callable[[str], Run], pairs: int) -> float:
    """Ours and the sample's in turn, and every second pair the other way round: the second meets a warmer machine."""
    measured: list[dict[str, Run]] = []
    for number in range(pairs):
        order = ("ours", "sample") if number % 2 == 0 else ("sample", "ours")
        measured.append({key: run(key) for key in order})
        ours, sample = measured[-1]["ours"], measured[-1]["sample"]
        _print(f"ours {ours}, sample {sample}, {Pair(ours.rate, sample.rate).ratio:.2f} times")
    ratio = median(Pair(one["ours"].rate, one["sample"].rate).ratio for one in measured)
    ours_rate, sample_rate = (median(one[key].rate for one in measured) for key in ("ours", "sample"))
    _print(
        f"median of {pairs}: ours {ours_rate:.0f} documents/s, sample {sample_rate:.0f}, "
        f"{ratio:.2f} times (wanted: 1.0 at least)"
    )
    return ratio


def _start(local: Ingestion, key: str) -> None:
    # The sample has no index template: OpenSearch takes the mapping from the first documents.
    if key != "sample":
        local.define_mapping(key)
    local.start(key, BODIES[key])


def _follow(local: Ingestion) -> None:
    """Start the pipelines of empty tables; returns when the first change of each has become searchable."""
    for key in local.settings.tables:
        local.enable_stream(key)
        _start(local, key)
        local.put(key, Orders(1, SEED, UNTIL)[0])
    for key in local.settings.tables:
        local.wait_for(key, 1, limit_seconds=START_SECONDS)


def _lags(local: Ingestion, items: Iterable[Item]) -> dict[str, list[float]]:
    """Seconds of each item until a search finds it; every table gets it in the same moment."""
    random = Random(SEED)  # noqa: S311 - no secret
    found: dict[str, list[float]] = {key: [] for key in local.settings.tables}
    written: dict[str, dict[str, float]] = {key: {} for key in found}

    def look() -> None:
        answers = local.found({key: list(times) for key, times in written.items()})
        now = time.perf_counter()
        for key, ids in answers.items():
            found[key] += [now - written[key].pop(one) for one in ids]

    for item in items:
        # In another order each time, for the last one's lag begins last and all are looked for together.
        for key in random.sample(list(written), len(written)):
            written[key][item["order_id"]["S"]] = time.perf_counter()
            local.put(key, item)
        following = time.perf_counter() + random.uniform(*PAUSE)
        while time.perf_counter() < following:
            look()
            time.sleep(POLL_SECONDS)
    end = time.perf_counter() + LIMIT_SECONDS
    while any(written.values()):
        if time.perf_counter() > end:
            raise processes.NotReadyError(f"not searchable within {LIMIT_SECONDS} s: {written}")
        look()
        time.sleep(POLL_SECONDS)
    return found


def _until_found(local: Ingestion, key: str, documents: int, begin: Callable[[], None]) -> Run:
    """`begin` starts what makes so many more documents."""
    there, sent, started = local.documents(key), local.bulk_requests(), time.perf_counter()
    begin()
    local.wait_for(key, there + documents, limit_seconds=LIMIT_SECONDS)
    seconds = time.perf_counter() - started
    return Run(documents, seconds, local.bulk_requests() - sent)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
