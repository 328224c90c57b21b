"""The demo in an account of AWS: what it costs first, the story of the local AWS, and in the end nothing is left."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

import cost.__main__
import doctor.__main__
from cost.estimate import MONTH_HOURS, estimate
from cost.prices import Prices
from local import demo, processes, tools
from local.account import Account
from local.comparison import PAGE
from local.deployment import DENIED, System
from local.progress import Progress
from local.report import NAME, Refusal, Report
from settings import ENVIRONMENTS, Settings, Table, load

# What has to be well before anything is made, and is seen.
LOOKS = (doctor.__main__.main, cost.__main__.main)
# What is deleted may be found by its tags for a while.
GONE_SECONDS = 1800


class Refused(Exception):
    """Why the demo does not touch an environment, in one line."""


def check(settings: Settings) -> None:
    """Raises `Refused` for an environment that is to last, and for what the demo cannot look at from here."""
    problems = {
        "production: true": settings.production,
        "deletion_protection: true": settings.deletion_protection,
        "existing_domain: it is somebody else's": settings.existing_domain is not None,
        "collection: nobody signs in through Cognito there": settings.collection is not None,
        "network: the domain answers inside the VPC only": settings.network is not None,
        "own_key: KMS would keep the key for a month": settings.own_key,
        "delivery: its roles are an administrator's to make": settings.delivery is not None,
        "hours: the pipelines may be stopped in the midst of it": settings.hours is not None,
        **{f"tables.{key}.{why}": True for key, table in settings.tables.items() for why in _unfit(table)},
    }
    found = next((problem for problem, there in problems.items() if there), None)
    if found is not None:
        raise Refused(f"{settings.environment} is not for a demo: {found}; name a small environment of its own")


def _unfit(table: Table) -> Iterator[str]:
    """What keeps the table's documents from being compared with its items, each of which the demo makes."""
    documents, seeding = table.documents, table.seeding
    if table.existing is not None:
        yield "existing: it is somebody else's"
    if seeding is None or seeding.file is not None or seeding.items > PAGE // 2:
        yield f"seeding: the demo takes sample orders, {PAGE // 2:,} at most"
    if table.mode != "export-and-stream":
        yield f"mode: {table.mode}"
    if any(key.type != "S" for key in table.keys):
        yield "partition_key, sort_key: the demo takes strings"
    rules = ("id", "include", "exclude", "processors", "routes", "period")
    yield from (f"documents.{rule}: documents are not as items are" for rule in rules if getattr(documents, rule))
    if table.body is not None:
        yield "body: documents are not as items are"


def run(name: str, runs: Path, console: Console, *, yes: bool, destroy: bool, account: Account | None = None) -> int:
    """The demo in the account that the settings name; `destroy` is the end alone, of a demo that did not come to it.

    Everything is written to `runs`: a folder for each environment, which is gone after a good end, and the report.
    Raises `Refused`, and `InvalidSettings`.
    """
    settings = load(name)
    check(settings)
    directory = runs / f"aws-{settings.environment}"
    account = account or Account(settings)
    if destroy:
        if not directory.exists():
            raise Refused(f"no demo of {settings.environment} is unfinished: there is no {directory}")
        system = System(directory, account, directory / f"{settings.environment}.yaml")
        return tell(system, account, runs, console, name, fresh=False)
    if directory.exists():
        raise Refused(f"a demo of {settings.environment} is unfinished; end it first: {_destroying(name)}")
    tools.require(tools.terraform, tools.node)
    # One after the other, so that all that is wrong is seen.
    failed = [look([name]) for look in LOOKS]
    if any(failed):
        raise Refused("nothing was made: mend what FAILED above first")
    if there := account.left():
        raise Refused(f"{settings.names.prefix} is there already, and not the demo's to destroy: {', '.join(there)}")
    if not yes:
        console.print(
            f"Nothing was made. This makes {settings.names.prefix} in account {settings.account_id}, and destroys it "
            f"an hour or so later: make demo ON=aws ENVIRONMENT={name} YES=1",
            soft_wrap=True,
        )
        return 1
    file = Path(name) if name.endswith(".yaml") else ENVIRONMENTS / f"{name}.yaml"
    directory.mkdir(parents=True)
    try:
        system = System(directory, account, file, _changes(settings))
    except BaseException:
        # Nothing was made that there could be to destroy.
        shutil.rmtree(directory)
        raise
    return tell(system, account, runs, console, name, fresh=True)


def _changes(settings: Settings) -> dict[str, Any]:
    """Nobody is mailed about what is gone in an hour, and the story begins at its beginning."""
    return {
        "state": {"backend": "local"},
        "dashboards": {"administrators": {"users": []}, "analysts": {"users": []}},
        "tables": {key: {"seeding": {"changes": 0}} for key in settings.tables},
    }


def _destroying(name: str) -> str:
    return f"make demo ON=aws ENVIRONMENT={name} DESTROY=1"


def tell(system: System, account: Account, runs: Path, console: Console, name: str, *, fresh: bool) -> int:
    """The story, or where it is not `fresh` its end, and in any case the report. Return 1 where calls were refused.

    `name` is what the environment was asked for by.
    """
    settings, progress, start = system.settings, Progress(console), time.monotonic()
    report = Report(settings.environment, settings.account_id, settings.region)
    try:
        with _explained(report):
            if fresh:
                _story(system, progress, report)
            _end(system, account, progress, report)
        report.outcome = "done"
    except BaseException:
        console.print(
            f"What was made is there and costs money. Destroy it: {_destroying(name)}", markup=False, soft_wrap=True
        )
        with contextlib.suppress(BotoCoreError, ClientError):
            report.left = account.left()
        raise
    finally:
        report.refusals += [Refusal(**refused) for refused in system.refusals()]
        report.tell(progress.phases)
        report.hours = (time.monotonic() - start) / 3600
        report.usd = _usd(settings, report.hours)
        report.write(runs)
        if report.outcome == "done":
            shutil.rmtree(system.directory)
        console.print(
            f"demo: environment={settings.environment} outcome={report.outcome.splitlines()[0]} "
            f"refusals={len(report.refusals)} left={len(report.left)} hours={report.hours:.1f} usd={report.usd} "
            f"(estimate) report={runs / NAME}.md",
            markup=False,
            soft_wrap=True,
        )
    return 1 if report.refusals else 0


def _story(system: System, progress: Progress, report: Report) -> None:
    demo.deploy(system, progress)
    demo.change(system, progress)
    result = demo.verify(system, progress)
    report.result = asdict(result)
    if result.differences:
        raise RuntimeError(f"{result.differences} documents are not as their items are")


def _end(system: System, account: Account, progress: Progress, report: Report) -> None:
    with progress.step("every stack destroyed"):
        system.destroy()
    with progress.step("search by tag: nothing is left"):

        def gone() -> bool:
            report.left = account.left()
            return not report.left

        processes.wait_until(gone, limit_seconds=GONE_SECONDS, what="nothing is left")


@contextlib.contextmanager
def _explained(report: Report) -> Iterator[None]:
    """Put into the report why the block fails."""
    try:
        yield
    except ClientError as error:
        answer = error.response
        code, request = answer["Error"]["Code"], answer["ResponseMetadata"].get("RequestId", "")
        if DENIED.search(code):
            report.refusals.append(Refusal("", error.operation_name, code, request))
        report.differed.append(f"{error.operation_name}: {error} (request {request})")
        report.outcome = f"failed\n{error}"
        raise
    except Exception as error:
        report.differed.append(str(error).splitlines()[0])
        report.outcome = f"failed\n{error}"
        raise


def _usd(settings: Settings, hours: float) -> Decimal:
    """The month's price by the hour."""
    share = estimate(settings, Prices.read()).monthly_usd * Decimal(hours) / MONTH_HOURS
    return share.quantize(Decimal("0.01"), ROUND_HALF_UP)
