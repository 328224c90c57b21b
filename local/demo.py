"""The demo: what happens to a table from its first item on, told step by step."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from local import panels, processes
from local.deployment import Deployment, System, deployment
from local.engine import Kind
from local.progress import Progress

ROUNDS_OF_CHANGES = 1
MARKER = "put-to-search"


@dataclass(frozen=True)
class Result:
    """What there is at the end: in the table, in the index, on the dashboard, in the log of who may what."""

    items: int
    documents: int
    differences: int
    panels: int
    """Panels of the dashboard whose every number is right."""
    denied: int
    """Calls that were refused to anybody."""
    lag_seconds: float

    @property
    def good(self) -> bool:
        return self.differences == 0 and self.denied == 0


@contextlib.contextmanager
def deployed(directory: Path, engine: Kind, progress: Progress) -> Iterator[Deployment]:
    """Everything from nothing, for the length of the block."""
    with contextlib.ExitStack() as ending:
        with progress.step("local AWS: started, OpenSearch launched, Terraform JSON synthesized"):
            system = ending.enter_context(deployment(directory, engine))
        with progress.beside("OpenSearch: until it answers", system.await_node, interrupt=system.interrupt):
            deploy(system, progress)
        yield system


def deploy(system: System, progress: Progress) -> None:
    """All stacks, with the items of the first fill in the index; side by side what does not wait for each other.

    The table is filled long before its pipeline exports it, for which the provider first waits a minute for the domain.
    """
    beside = partial(progress.beside, interrupt=system.interrupt)
    with progress.step("state stack: the bucket for remote state, and its own state moved in"):
        system.make_state_bucket()
    with progress.step("pipeline stack: the table alone, so that there is something to export"):
        system.apply_tables()
    with (
        beside("pipeline stack: Cognito, domain, roles, pipeline", system.apply_pipeline),
        beside("state stack: everything else of its buckets", system.terraform("state").apply),
        progress.step("seeding stack: the Lambda fills the table") as done,
    ):
        system.apply_seeding(changes=0)
        done(f"{_items(system):,} items")
    with progress.step("export: every item searchable") as done:
        _wait_until_same(system)
        done(f"{_documents(system):,} documents")


def change(system: System, progress: Progress) -> None:
    """A round of changes and deletes, seen in the index."""
    with progress.step("seeding stack: a round of changes and deletes"):
        system.apply_seeding(changes=ROUNDS_OF_CHANGES)
    with progress.step("stream: changes and deletes searchable") as done:
        _wait_until_same(system)
        done(f"{_documents(system):,} documents")


def verify(system: System, progress: Progress) -> Result:
    """The dashboard that an invited person sees, freshness, a last comparison, and a plan that finds nothing to do."""
    with progress.step("an analyst signs in and looks at the dashboard") as done:
        shown = panels.seen_by(system.analyst, system)
        wrong = [f"{panel.id}: {difference}" for panel in shown for difference in panel.differences]
        if wrong:
            raise RuntimeError("the dashboard does not show what is in the table:\n" + "\n".join(wrong))
        right = [panel for panel in shown if panel.unsupported is None]
        unsupported = [panel.id for panel in shown if panel.unsupported is not None]
        done(f"{len(right)} panels equal the table")
        if unsupported:
            done(f"not to be answered by this OpenSearch: {', '.join(unsupported)}")
    with progress.step("one more item: from put to found by a search") as done:
        lag = _lag_seconds(system)
        done(f"{lag:.1f} s")
    with progress.step("second plan of every stack"):
        changed = system.changed_stacks()
        if changed:
            raise RuntimeError(f"a second plan would change {', '.join(changed)}; see the logs in {system.directory}")
    return Result(
        items=_items(system),
        documents=_documents(system),
        differences=sum(len(system.differences(key)) for key in system.settings.tables),
        panels=len(right),
        denied=len(system.refusals()),
        lag_seconds=lag,
    )


def _items(system: System) -> int:
    return sum(len(system.items(key)) for key in system.settings.tables)


def _documents(system: System) -> int:
    return sum(len(system.documents(system.alias(key))) for key in system.settings.tables)


def _wait_until_same(system: System) -> None:
    for key in system.settings.tables:
        system.wait_until_same(key)


def _lag_seconds(system: System) -> float:
    """Of the first table, whose keys are strings."""
    name, declared = next(iter(system.settings.tables.items()))
    marker, key = "|".join(MARKER for _ in declared.keys), {one.name: {"S": MARKER} for one in declared.keys}
    dynamodb, table, alias = system.aws.client("dynamodb"), system.table_name(name), system.alias(name)

    def found() -> bool:
        answer: dict[str, Any] = system.search.search(index=alias, body={"query": {"ids": {"values": [marker]}}})
        return bool(answer["hits"]["hits"])

    start = time.monotonic()
    dynamodb.put_item(TableName=table, Item=key)
    processes.wait_until(found, limit_seconds=system.aws.search_seconds, what="a new item is found by a search")
    lag = time.monotonic() - start
    dynamodb.delete_item(TableName=table, Key=key)
    system.wait_until_same(name)
    return lag
