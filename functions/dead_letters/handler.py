"""Entry point of the function: tells why documents were dead-lettered, and replays them.

An answer covers what was read in some seconds, and says where to go on; letters that were taken are gone by then, so
that a replay may end at any time and begin anew. Environment: ENDPOINT, the host of the domain or collection; SERVICE,
which requests are signed for: aoss for a collection, absent for a domain; BUCKET; POWERTOOLS_SERVICE_NAME for the log.
The role needs s3:ListBucket, GetObject, PutObject, DeleteObject on the folder of dead letters, dynamodb:DescribeTable,
BatchGetItem on the tables, logs:CreateLogStream, logs:PutLogEvents on the log group, and es:ESHttpPost for _mget and
_bulk of the domain; or, of a collection, aoss:APIAccessAll and a data access policy.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import events, pipelines
from .domain import COLLECTION, DOMAIN, Domain, connect
from .items import Table
from .letters import Object, Queue, UnreadableLetters
from .pipelines import Pipeline
from .reasons import Reasons
from .replay import Outcome, Replay

# After this no further object is begun: long enough to be worth a call, short enough to be seen to move.
SLICE_SECONDS = 20.0

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One event as `events` describes it; returns what `act` does.

    Raises events.BadEvent, and domain.ReplayFailed where the domain does not do what it is asked.
    """
    del context  # a slice ends long before the function's time does
    checked = events.check(event)
    dynamodb = boto3.client("dynamodb")
    service = os.environ.get("SERVICE", DOMAIN)
    domain = Domain(connect(os.environ["ENDPOINT"], service), serverless=service == COLLECTION)
    replay = Replay(domain, cache(lambda name: Table(dynamodb, name)))
    queue = Queue(boto3.client("s3"), os.environ["BUCKET"])
    result = act(checked, queue, replay, pipelines.read())
    logger.info("done", extra={name: value for name, value in result.items() if name != "reasons"})
    return result


def act(
    event: Mapping[str, Any],
    queue: Queue,
    replay: Replay,
    known: Mapping[str, Pipeline],
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """What the event asks for, as far as it goes in SLICE_SECONDS.

    Returns the number of `letters` that were read; of `fates` (see replay.Fate) with `replay`; `reasons` for those that
    are there now; and `after`, where to go on, null at the end. Raises domain.ReplayFailed.
    """
    started, reasons = clock(), Reasons()
    fates: Counter[str] = Counter()
    letters, after = 0, None
    for found in queue.objects(event["table"], event["after"]):
        if after is not None and clock() - started >= SLICE_SECONDS:
            break
        after = found.key
        try:
            read = queue.read(found)
        except UnreadableLetters as error:
            reasons.add_unreadable(found.pipeline, found.key, str(error))
            continue
        letters += len(read)
        if event["action"] == "list":
            for letter in read:
                reasons.add(found.pipeline, letter, letter.message)
            continue
        outcomes = replay.replay(read, known.get(found.pipeline))
        fates.update(outcome.fate.value for outcome in outcomes)
        _settle(queue, found, outcomes, reasons)
    else:
        after = None
    return {"letters": letters, "fates": dict(fates), "reasons": reasons.as_json(), "after": after}


def _settle(queue: Queue, found: Object, outcomes: list[Outcome], reasons: Reasons) -> None:
    """Only what stays is left in the object; Data Prepper leaves objects with nothing in them, too (its issue 4304)."""
    staying = [outcome for outcome in outcomes if outcome.stays]
    for outcome in staying:
        reasons.add(found.pipeline, outcome.letter, outcome.why)
    if not staying or not all(outcome.changes_nothing for outcome in outcomes):
        queue.keep(found, [outcome.letter for outcome in staying])
