import threading
from typing import Any

from local.emulator.calls import Call
from local.emulator.coordination import ExportSchedulerHold


def call(operation: str, partition: str, table: str = "DataPrepperSourceCoordinationStore") -> Call:
    parameters: dict[str, Any] = {"TableName": table, "Key": {"S": f"pipeline|{partition}"}}
    return Call("dynamodb", "us-east-1", operation, parameters, {}, b"")


def test_first_question_for_exports_waits_for_the_first_export() -> None:
    hold, order, asks = ExportSchedulerHold(), [], threading.Event()

    def ask() -> None:
        asks.set()
        hold.observe(call("Query", "EXPORT"))
        order.append("answered")

    asker = threading.Thread(target=ask)
    asker.start()
    assert asks.wait(10)
    order.append("written")
    hold.observe(call("PutItem", "EXPORT"))
    asker.join(10)
    assert order == ["written", "answered"]


def test_nothing_else_waits() -> None:
    """A hold would outlast the limit of this test many times over."""
    hold = ExportSchedulerHold()
    for _ in range(1000):
        hold.observe(call("Query", "STREAM"))
        hold.observe(call("Query", "EXPORT", table="orders"))
        hold.observe(call("GetItem", "EXPORT"))


def test_later_questions_do_not_wait() -> None:
    hold = ExportSchedulerHold()
    hold.observe(call("PutItem", "EXPORT"))
    for _ in range(1000):
        hold.observe(call("Query", "EXPORT"))
