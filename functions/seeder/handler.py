"""Entry point of the function: fills the table, or changes a part of what a fill wrote.

Both are idempotent: the same event gives the same table, and a `fill` after rounds of `change` restores the items. More
than `items.PART` items are filled by one invocation for each part, so that none runs out of time and each can be
repeated alone.
Environment: TABLE_NAME; POWERTOOLS_SERVICE_NAME for the log. The role needs dynamodb:BatchWriteItem on the table and
logs:CreateLogStream, logs:PutLogEvents on the log group, nothing else.
"""

import os
import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import events, writing
from .items import File, Source, change, chosen, fill, part, parts
from .orders import Orders

# At the root of the deployment package, where synth put the user's own data.
ITEMS_FILE = Path(__file__).parents[1] / "items.ndjson"

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One event of `events.SHAPES`; returns action, written, updated, deleted, retries and seconds.

    Raises events.BadEvent, and writing.SeedingIncomplete if anything was not written.
    """
    started = time.monotonic()
    checked = events.check(event)
    action, source = checked["action"], _source(checked)
    if action == "fill":
        numbers = _numbers(checked, len(source))
        total, requests = len(numbers), fill(source, numbers)
    else:
        # JSON Schema takes 7.0 for an integer.
        seed, round_ = int(checked.get("seed", 0)), int(checked["round"])
        total = sum(1 for _ in chosen(len(source), seed, round_))
        requests = change(source, seed, round_)
    counts = writing.write(
        os.environ["TABLE_NAME"],
        requests,
        total=total,
        key=source.key,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        report=lambda counts: logger.info("seeding", extra={"action": action, "of": total, **counts}),
    )
    result = {
        "action": action,
        "written": counts["PutRequest"] if action == "fill" else 0,
        "updated": counts["PutRequest"] if action == "change" else 0,
        "deleted": counts["DeleteRequest"],
        "retries": counts["retries"],
        "seconds": round(time.monotonic() - started, 1),
    }
    logger.info("seeded", extra=result)
    return result


def _numbers(event: dict[str, Any], count: int) -> range:
    number = int(event.get("part", 1))
    if number > parts(count):
        raise events.BadEvent(
            f"bad event: part = {number} is not allowed; give at most {parts(count)}: {count} items are not more parts"
        )
    return part(count, number)


def _source(event: dict[str, Any]) -> Source:
    if event["source"] == "sample":
        return Orders(int(event["items"]), int(event["seed"]), event["until"])
    if not ITEMS_FILE.is_file():
        raise events.BadEvent(
            f"bad event: source = 'file', but the package holds no {ITEMS_FILE.name}; "
            "name a data file in the settings and apply, or give 'sample'"
        )
    file = File(ITEMS_FILE, tuple(event.get("key", ())))
    if unknown := [name for name in file.key if name not in file[0]]:
        raise events.BadEvent(
            f"bad event: key = {event['key']}, but the items have no {unknown[0]}: {', '.join(file[0])}"
        )
    return file
