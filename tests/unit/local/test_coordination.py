import threading
from typing import Any

from local.emulator.calls import Call
from local.emulator.coordination import ExportSchedulerHold


def call(operation: str, partition: str, table: str = "DataPrepperSourceCoordinationStore") -> Call:
    parameters: dict[str, Any] = {"TableName": table, "Key": {"S": f"pipeline|{partition}"}}
    return Call("dynamodb", "us-east-1", operation, parameters, {}, b"")


def started(*keys: str) -> ExportSchedulerHold:
    """A hold that has seen the engines with these access keys start."""
    hold = ExportSchedulerHold()
    for key in keys:
        hold.observe(call("DescribeTable", ""), key)
    return hold


def assert_held(hold: ExportSchedulerHold, key: str) -> None:
    """The engine's next question for exports waits for its first export, and no longer."""
    asker = threading.Thread(target=hold.observe, args=(call("Query", "EXPORT"), key))
    asker.start()
    asker.join(0.2)
    assert asker.is_alive()
    hold.observe(call("PutItem", "EXPORT"), key)
    asker.join(4)
    assert not asker.is_alive()


def test_first_question_for_exports_waits_for_the_first_export() -> None:
    assert_held(started("a"), "a")


def test_every_engine_and_every_start_has_a_first_question() -> None:
    hold = started("a", "b")
    assert_held(hold, "a")
    assert_held(hold, "b")
    hold.observe(call("DescribeTable", ""), "a")
    assert_held(hold, "a")


def test_nothing_else_waits() -> None:
    """A hold would outlast the limit of this test many times over."""
    hold = started("a")
    for _ in range(1000):
        hold.observe(call("Query", "STREAM"), "a")
        hold.observe(call("Query", "EXPORT", table="orders"), "a")
        hold.observe(call("GetItem", "EXPORT"), "a")


def test_later_questions_do_not_wait() -> None:
    hold = started("a")
    hold.observe(call("PutItem", "EXPORT"), "a")
    for _ in range(1000):
        hold.observe(call("Query", "EXPORT"), "a")
