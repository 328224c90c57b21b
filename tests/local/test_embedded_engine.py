"""The embedded engine as a process of its own: it may be killed at any time, and it waits for what is not there yet."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from local import comparison, processes, security
from local.emulator import Emulator
from tests.local import ingestion
from tests.local.recording_proxy import RecordingProxy

LIMIT_SECONDS = 60


@pytest.fixture(scope="module")
def aws(proxy: RecordingProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with ingestion.surroundings(tmp_path_factory.mktemp("aws"), proxy.url) as started:
        yield started


@pytest.fixture
def search(proxy: RecordingProxy) -> Iterator[OpenSearch]:
    """The node itself, whose index `contract` goes with the test."""
    with OpenSearch(hosts=[f"http://{proxy.node}"], headers=security.identity()) as client:
        yield client
        client.indices.delete(index="contract", ignore_unavailable=True)


@pytest.fixture
def table(aws: Emulator) -> Iterator[Any]:
    """A client of DynamoDB, with the table `contract`, whose stream is not on yet."""
    dynamodb = aws.client("dynamodb")
    ingestion.create_table(dynamodb, [("id", "HASH", "S")])
    yield dynamodb
    dynamodb.delete_table(TableName="contract")


@pytest.fixture
def run(aws: Emulator, tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts the engine; each time in the same folder, so that it goes on where it was."""
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        body = ingestion.body(aws, flush_timeout_ms=-1, max_retries=1000)
        started.append(ingestion.start_engine(aws, body, tmp_path))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def item(name: str, number: int) -> dict[str, Any]:
    return {"id": {"S": name}, "n": {"N": str(number)}}


def wait_until_equal(dynamodb: Any, search: OpenSearch, log: Path) -> None:
    def differences() -> list[str]:
        search.indices.refresh(index="contract", ignore_unavailable=True)
        documents = comparison.documents_of(search, "contract")
        return list(comparison.differences(comparison.items_of(dynamodb, "contract"), documents))

    try:
        processes.wait_until(lambda: not differences(), limit_seconds=LIMIT_SECONDS, what="table and index are equal")
    except processes.NotReadyError as error:
        pytest.fail(f"{error}\n{differences()[:5]}\nlast lines of {log}:\n{processes.tail(log)}")


def test_killed_engine_loses_nothing(
    *,
    aws: Emulator,
    table: Any,
    search: OpenSearch,
    proxy: RecordingProxy,
    run: Callable[[], "subprocess.Popen[bytes]"],
    tmp_path: Path,
) -> None:
    ingestion.write(table, *(item(f"i{number}", number) for number in range(3000)))
    ingestion.enable_stream(table, "NEW_IMAGE")
    proxy.forget()
    exports = aws.decisions_log.read_text().count("dynamodb:ExportTableToPointInTime")

    def change(round_: int) -> None:
        for number in range(20):
            # Several writes to one key within a second: only their order says which is the last.
            table.put_item(TableName="contract", Item=item("hot", 100 * round_ + number))
        table.put_item(TableName="contract", Item=item(f"i{round_}", -1))
        table.delete_item(TableName="contract", Key={"id": {"S": f"i{100 + round_}"}})

    def kill(engine: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
        processes.wait_until(reached, limit_seconds=LIMIT_SECONDS, what="the moment to kill the engine")
        engine.kill()
        engine.wait()

    for round_, seen in enumerate((1, 1500)):
        kill(run(), lambda: len(proxy.actions) >= seen)  # noqa: B023 - used at once
        change(round_)
    engine = run()
    wait_until_equal(table, search, tmp_path / "engine.log")
    # What has been read and could not be delivered is read again.
    proxy.refuses_bulks = True
    table.put_item(TableName="contract", Item=item("once", 1))
    kill(engine, lambda: proxy.refused > 0)
    change(2)
    proxy.refuses_bulks = False
    engine = run()
    wait_until_equal(table, search, tmp_path / "engine.log")

    engine.terminate()
    assert engine.wait(LIMIT_SECONDS) == 0
    table.put_item(TableName="contract", Item=item("late", 1))
    run()
    wait_until_equal(table, search, tmp_path / "engine.log")
    assert aws.decisions_log.read_text().count("dynamodb:ExportTableToPointInTime") == exports + 1


def test_engine_waits_for_its_permissions(
    aws: Emulator, table: Any, search: OpenSearch, run: Callable[[], "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    ingestion.write(table, item("a", 1))
    ingestion.enable_stream(table, "NEW_IMAGE")
    iam, log = aws.client("iam"), tmp_path / "engine.log"
    policy = iam.get_role_policy(RoleName="pipeline", PolicyName="pipeline")["PolicyDocument"]

    def grant(*statements: Any) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="pipeline", PolicyName="pipeline", PolicyDocument=document)

    def complains(what: str) -> None:
        processes.wait_until(lambda: what in log.read_text(), limit_seconds=LIMIT_SECONDS, what=what)

    domain = [one for one in policy["Statement"] if "es:ESHttp*" in one["Action"]]
    try:
        iam.delete_role_policy(RoleName="pipeline", PolicyName="pipeline")
        run()
        complains("sink contract is not ready")
        grant(*domain)
        complains("when calling the DescribeTable operation")
    finally:
        grant(*policy["Statement"])
    wait_until_equal(table, search, log)
