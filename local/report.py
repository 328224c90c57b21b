"""What a demo in an account has to tell afterwards: for programs, `demo-aws.json`, and a page for people."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from local import processes
from local.timeline import Phase

NAME = "demo-aws"


@dataclass(frozen=True)
class Refusal:
    """A call that AWS refused. AWS's support wants the request id; `service` is empty where it is not known."""

    service: str
    operation: str
    code: str
    request_id: str


@dataclass
class Report:
    """`usd` is an estimate: the month's price by the hour. `differed` is what the local AWS does in another way."""

    environment: str
    account_id: str
    region: str
    outcome: str = "interrupted"
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    phases: list[dict[str, object]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    differed: list[str] = field(default_factory=list)
    result: dict[str, object] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    hours: float = 0.0
    usd: Decimal = Decimal(0)

    def tell(self, phases: Sequence[Phase]) -> None:
        """What was done so far."""
        self.phases = [
            {"title": one.title, "seconds": round(one.seconds, 1), "found": list(one.found)} for one in phases
        ]

    def write(self, directory: Path) -> None:
        processes.publish(json.dumps(asdict(self), indent=2, default=str) + "\n", directory / f"{NAME}.json")
        processes.publish("\n".join(self._page()) + "\n", directory / f"{NAME}.md")

    def _page(self) -> Iterator[str]:
        yield f"# The demo on AWS: {self.environment}, {self.outcome.splitlines()[0]}"
        yield ""
        yield f"{self.date}, account {self.account_id}, {self.region}: {self.hours:.1f} hours, about {self.usd} USD,"
        yield "an estimate from list prices; the bill has the day's true sum by service a day later."
        yield ""
        yield "| phase | seconds | found |"
        yield "|---|---:|---|"
        for phase in self.phases:
            found = phase["found"]
            yield f"| {phase['title']} | {phase['seconds']} | {', '.join(found) if isinstance(found, list) else ''} |"
        if self.result:
            yield from ("", ", ".join(f"{name}: {value}" for name, value in self.result.items()))
        refusals = [
            f"{one.service} {one.operation}: {one.code}, request {one.request_id}".strip() for one in self.refusals
        ]
        for title, entries in (
            ("What AWS refused", refusals),
            ("What differed from the local AWS", self.differed),
            ("What is still there", self.left),
        ):
            yield from ("", f"## {title}", "")
            yield from (f"- {entry}" for entry in entries or ["nothing"])
        if "\n" in self.outcome:
            yield from ("", "## What it said", "", "```", self.outcome, "```")
