"""The programs that are measured: each fills the table at AWS_ENDPOINT_URL once, and prints what it took as JSON."""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from benchmarks.memory import peak_mib

UNTIL = "2026-11-01T00:00:00Z"


@dataclass
class Context:
    """What Lambda hands over, with all of its 15 minutes to go."""

    function_name: str = "seeder"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:seeder"
    aws_request_id: str = "1"

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + 900

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


class Clock:
    """Seconds by the clock and of the processor, from when it is made: loading the SDK does not count."""

    def __init__(self) -> None:
        self._started, self._used = time.perf_counter(), time.process_time()

    def stop(self, retries: int) -> None:
        seconds, processor_seconds = time.perf_counter() - self._started, time.process_time() - self._used
        measured = {
            "seconds": seconds,
            "processor_seconds": processor_seconds,
            "peak_mib": peak_mib(),
            "retries": retries,
        }
        sys.stdout.write(json.dumps(measured) + "\n")


def function(items: int, file: Path | None) -> None:
    """The seeding function, as Lambda calls it; it makes the sample orders while it writes them."""
    from aws_lambda_powertools.utilities.typing import LambdaContext  # noqa: PLC0415

    from functions.seeder import handler  # noqa: PLC0415
    from functions.seeder.items import parts  # noqa: PLC0415

    event: dict[str, Any] = {"action": "fill", "source": "sample", "items": items, "seed": 1, "until": UNTIL}
    if file is not None:
        handler.ITEMS_FILE = file
        event = {"action": "fill", "source": "file"}
    clock = Clock()
    retries = 0
    # As Terraform invokes it; a new process for each part would have less in memory, not more.
    for part in range(1, parts(items) + 1):
        retries += handler.handle({**event, "part": part}, cast("LambdaContext", Context()))["retries"]
    clock.stop(retries)


def batch_writer(items: int, file: Path | None) -> None:
    """The plain way, as most examples have it; sample orders are ready made before the clock starts."""
    import boto3  # noqa: PLC0415
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415

    from functions.seeder.orders import Orders  # noqa: PLC0415

    plain = TypeDeserializer().deserialize
    orders = Orders(items, 1, UNTIL)
    ready = [plain({"M": orders[number]}) for number in range(0 if file else items)]
    clock = Clock()
    with boto3.resource("dynamodb").Table("orders").batch_writer() as batch:
        if file is not None:
            with file.open() as lines:
                for line in lines:
                    batch.put_item(Item=json.loads(line, parse_float=Decimal))
        for item in ready:
            batch.put_item(Item=item)
    clock.stop(0)


PROGRAMS = {program.__name__: program for program in (function, batch_writer)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--file", type=Path, help="the items as NDJSON: of DynamoDB's JSON for the function")
    options = parser.parse_args()
    PROGRAMS[options.program](options.items, options.file)
