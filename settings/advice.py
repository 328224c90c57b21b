"""What is allowed and may surprise: a line each, said at every synth."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

import osis

if TYPE_CHECKING:
    from pipelines import Pipeline
    from settings.environment import Settings
    from settings.tables import Expected, Table

# One OCU follows so many open shards (opensearch-project/data-prepper#5208); what is beyond waits, and may expire.
SHARDS_OF_UNIT = 150
# A partition of DynamoDB holds so much (DynamoDB developer guide), and has about one open shard.
GIB_OF_SHARD = 10
# The most that one OCU takes in, of a pipeline that does little (OpenSearch Ingestion guide, scaling).
MIB_OF_UNIT_SECOND = 2
# The stream keeps a change for 24 hours and is first read after the export (data-prepper#7150); half for safety.
EXPORT_HOURS = 12
# Two million items hung on a small pipeline, and more OCUs later did not help (opensearch-project/data-prepper#3914).
ITEMS_OF_ONE_UNIT = 1_000_000
MOST_UNITS = 96


def warnings_of(settings: Settings) -> Iterator[str]:
    """One line for each."""
    for key, table in settings.tables.items():
        where = f"tables.{key}"
        if not table.documents.attributes:
            yield (
                f"{where}.documents.attributes: none is declared: the first value of an attribute fixes its mapping, "
                "and later values of another type are dead-lettered"
            )
        if len(table.generations) > 1 and table.streams:
            yield (
                f"{where}.generation: until {where}.confirmed follows, two pipelines run, are paid, and read the "
                "stream; that is as many readers as DynamoDB serves, so that a trigger beside them is throttled"
            )
        if table.expected is not None:
            yield from _of_sizes(where, table, table.expected)
    yield from _of_operations(settings)
    for pipeline in settings.pipelines:
        if not pipeline.settled:
            yield from _of_body(pipeline)


def _of_operations(settings: Settings) -> Iterator[str]:
    if settings.production and settings.alarms is None:
        yield "alarms: there are none, so nobody is told when documents are not written or nothing answers; name emails"
    if settings.hours is not None:
        yield from _of_hours(settings)
    if settings.budget is not None:
        yield (
            f"budget: counts what carries this environment's tag `{settings.environment_tag[0]}`, from the day on "
            "which the paying "
            "account has made it a cost allocation tag (Billing console); until then it sees nothing"
        )
    if settings.delivery is not None and settings.state.backend == "local":
        yield (
            "state.backend: the state of the stack `state` is a file on one machine, which no workflow has; move it "
            "into the bucket, and set this to 's3'"
        )


def _of_hours(settings: Settings) -> Iterator[str]:
    """What a pipeline that pulls does when it starts again (OpenSearch Ingestion guide, stopping and starting)."""
    if any(table.exports for table in settings.tables.values()):
        yield (
            "hours: each start exports the tables again, which is paid by the GiB, and what is deleted while the "
            "pipelines are stopped stays searchable; raise generation to be rid of it"
        )
    for key, table in settings.tables.items():
        if not table.exports:
            yield (
                f"tables.{key}.mode: with hours, what changes while the pipeline is stopped is not searchable before "
                "it changes again; set it to 'export-and-stream' to have it read at the next start"
            )


def _of_sizes(where: str, table: Table, expected: Expected) -> Iterator[str]:
    units = table.units
    shards = expected.shards or ceil((expected.gib or 0) / GIB_OF_SHARD)
    if table.streams and (needed := ceil(shards / SHARDS_OF_UNIT)) > units.min:
        yield (
            f"{where}.units.min: {units.min} follows {units.min * SHARDS_OF_UNIT} shards of the stream, and {shards} "
            f"are expected; what waits for its turn for 24 hours is lost; set it to {needed}"
        )
    if not table.exports:
        return
    if (expected.items or 0) > ITEMS_OF_ONE_UNIT and units.min < 2:
        yield (
            f"{where}.units.min: the first export of more than a million items has hung on 1, and more did not help "
            "once it had; set it to 2 at least, and lower it when everything is searched"
        )
    mib = (expected.gib or 0) * 1024
    hours = mib / (units.min * MIB_OF_UNIT_SECOND * 3600)
    if hours > EXPORT_HOURS:
        enough = ceil(mib / (EXPORT_HOURS * MIB_OF_UNIT_SECOND * 3600))
        remedy = (
            f"set it to {enough}, and lower it when everything is searched"
            if enough <= MOST_UNITS
            else f"that takes {enough}, more than a pipeline can have ({MOST_UNITS}): divide the table"
        )
        yield (
            f"{where}.units.min: with {units.min}, the first export of {expected.gib} GiB takes {hours:.0f} hours at "
            f"best, and changes are lost that are older than 24 hours when the stream is first read; {remedy}"
        )


def _of_body(pipeline: Pipeline) -> Iterator[str]:
    for problem in osis.warnings_of(pipeline.unplaced):
        # The set-up function puts the template, and the mode was chosen.
        if not problem.path.endswith((".template_content", ".source.dynamodb.tables[0]")):
            yield f"tables.{pipeline.key}: {problem.path}: {problem.message}"
