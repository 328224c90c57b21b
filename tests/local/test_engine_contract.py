"""Every recording of Data Prepper 2.16 is replayed: the same table, body and changes, the same outcome.

Compared is what can be seen from outside: documents, order of versions, deletes, index names, dead letters, start-up
and template calls, and each document's actions with their statuses.
"""

import base64
import json
import re
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from local import emulator, processes, security
from local.engine import Kind
from osis.default import Route
from tests.local import ingestion
from tests.local.recording_proxy import Action, RecordingProxy, Request

RECORDINGS = sorted((Path(__file__).parent / "engine_contract").glob("*.json"))
LIMIT_SECONDS: Mapping[Kind, float] = {"embedded": 120, "data-prepper": 300}
DEAD_LETTER_KEY = (
    r"dlq/dlq-v2-dynamodb-pipeline-opensearch-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z-[0-9a-f]{8}(-[0-9a-f]{4}){3}-"
    r"[0-9a-f]{12}\.json"
)
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def aws(proxy: RecordingProxy, kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[emulator.Emulator]:
    """A local AWS with a domain, buckets and the pipeline's role, whose pipelines run on the engine under test."""
    with ingestion.surroundings(tmp_path_factory.mktemp("contract"), proxy.url, kind) as started:
        yield started


@pytest.fixture
def clean(aws: emulator.Emulator, proxy: RecordingProxy) -> Iterator[None]:
    """An empty node before, and nothing left behind for the next scenario."""
    _delete_indices(proxy)
    yield
    for pipeline in aws.client("osis").list_pipelines()["Pipelines"]:
        _end_pipeline(aws.client("osis"), pipeline["PipelineName"])
    aws.client("dynamodb").delete_table(TableName="contract")
    s3 = aws.client("s3")
    for bucket in ("export-bucket", "dlq-bucket"):
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
    _delete_indices(proxy)


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
@pytest.mark.usefixtures("clean")
def test_engine_does_what_data_prepper_did(
    file: Path, aws: emulator.Emulator, proxy: RecordingProxy, kind: Kind
) -> None:
    recording = Recording(file)
    dynamodb = aws.client("dynamodb")
    ingestion.create_table(dynamodb, recording.key)
    for item in recording.before:
        dynamodb.put_item(TableName="contract", Item=item)
    ingestion.enable_stream(dynamodb, recording.stream_view)
    proxy.forget()
    decided = aws.decisions_log.stat().st_size
    started = time.time()

    body = json.dumps(recording.body).replace("localhost:9443", aws.domain_endpoint)
    aws.client("osis").create_pipeline(PipelineName="contract", MinUnits=1, MaxUnits=1, PipelineConfigurationBody=body)
    _wait_for(len(recording.exported), aws, proxy, kind)
    for operation, *arguments in recording.operations:
        _change(dynamodb, operation, arguments)
    _wait_for(len(recording.exported + recording.streamed), aws, proxy, kind)
    # What the engine has read and not sent yet, it sends before it ends: nothing comes after this.
    _end_pipeline(aws.client("osis"), "contract")

    seen = list(proxy.actions)
    assert _histories(seen, recording.sets) == _histories(recording.exported + recording.streamed, recording.sets)
    assert _requests(proxy.requests) == _requests(recording.requests)
    assert _documents(proxy, recording.sets) == recording.documents
    assert _dead_letters(aws.client("s3"), recording.sets) == recording.dead_letters
    if recording.exported and recording.exported[0].version:
        exports = {action.version or 0 for action in seen[: len(recording.exported)]}
        # Five minutes are taken off, so that changes made during the export win.
        assert len(exports) == 1
        assert started - 301 <= exports.pop() / 1e6 <= time.time() - 300
    changes = [action.version for action in seen[len(recording.exported) :] if action.version]
    assert changes == sorted(set(changes))
    assert all(started - 1 <= version // 1_000_000 <= time.time() for version in changes)
    with aws.decisions_log.open() as decisions:
        decisions.seek(decided)
        assert ("dynamodb:GetRecords" in decisions.read()) == ("stream" in recording.table)


@pytest.mark.usefixtures("clean")
def test_default_route_takes_what_no_condition_takes(aws: emulator.Emulator, proxy: RecordingProxy, kind: Kind) -> None:
    """No recording has `_default`, nor our own body with routes; expected is what Data Prepper's sources say."""
    body = ingestion.body(
        aws,
        index="contract-1",
        routes=[Route("large", "/total > 1000", "contract-large-1-%{yyyy.MM}")],
        document_id="${/shop}-${/id}",
        exclude_keys=["shop"],
        processors=[{"convert_type": {"key": "total", "type": "double"}}],
        view_on_remove="OLD_IMAGE",
    )
    dynamodb = aws.client("dynamodb")
    ingestion.create_table(dynamodb, [("id", "HASH", "S")])

    def put(name: str, total: str) -> None:
        item = {"id": {"S": name}, "shop": {"S": "north"}, "total": {"N": total}}
        dynamodb.put_item(TableName="contract", Item=item)

    put("small", "5")
    put("large", "1000.5")
    ingestion.enable_stream(dynamodb, "NEW_AND_OLD_IMAGES")
    proxy.forget()
    aws.client("osis").create_pipeline(PipelineName="contract", MinUnits=1, MaxUnits=1, PipelineConfigurationBody=body)
    _wait_for(2, aws, proxy, kind)
    put("small", "7")
    put("new", "3000")
    dynamodb.delete_item(TableName="contract", Key={"id": {"S": "large"}})
    _wait_for(5, aws, proxy, kind)
    _end_pipeline(aws.client("osis"), "contract")

    found = {
        re.sub(r"\d{4}\.\d\d$", "month", index): {name: source for name, (_, source) in documents.items()}
        for index, documents in _documents(proxy, frozenset()).items()
    }
    assert found == {
        "contract-1": {"north-small": {"id": "small", "total": 7}},
        "contract-large-1-month": {"north-new": {"id": "new", "total": 3000}},
    }
    assert _dead_letters(aws.client("s3"), frozenset()) == []


class Recording:
    """What one file says, in the form in which it is compared."""

    def __init__(self, file: Path) -> None:
        # An index named by the month has today's month now.
        text = re.sub(r"contract-\d{4}\.\d\d", f"contract-{datetime.now(UTC):%Y.%m}", file.read_text())
        content = json.loads(text, object_hook=_with_binary)
        self.body = content["body"]
        self.table: Mapping[str, Any] = self.body["dynamodb-pipeline"]["source"]["dynamodb"]["tables"][0]
        self.key = content["key"]
        self.stream_view = content["stream_view"]
        self.before = content["before"]
        self.operations = content["ops"]
        self.exported = [
            _action(item) for bulk in content["bulk"] if bulk["phase"] == "export" for item in bulk["items"]
        ]
        self.streamed = [
            _action(item) for bulk in content["bulk"] if bulk["phase"] == "stream" for item in bulk["items"]
        ]
        self.requests = [
            Request(one["method"], unquote(one["path"]), one["status"], json.loads(one.get("body", "null")))
            for one in content["other_requests"]
        ]
        items = [*self.before, *(arguments[0] for operation, *arguments in self.operations if operation == "put")]
        self.sets = frozenset(
            name for item in items for name, value in item.items() if {"SS", "NS", "BS"} & value.keys()
        )
        self.documents = {
            index: {one["_id"]: _document(one["_version"], one["_source"], self.sets) for one in documents}
            for index, documents in content["documents"].items()
        }
        self.dead_letters = sorted(
            _dead_letter(one, self.sets) for letter in content["dlq"] for one in letter["object"]["dlqObjects"]
        )


def _action(item: Mapping[str, Any]) -> Action:
    return Action(
        item["action"],
        item["_index"],
        item["_id"],
        item.get("version"),
        item.get("version_type"),
        item.get("source"),
        item["status"],
    )


def _with_binary(document: dict[str, Any]) -> Any:
    return base64.b64decode(document["__b64__"]) if "__b64__" in document else document


def _change(dynamodb: Any, operation: str, arguments: list[Any]) -> None:
    match operation:
        case "put":
            dynamodb.put_item(TableName="contract", Item=arguments[0])
        case "delete":
            dynamodb.delete_item(TableName="contract", Key=arguments[0])
        case "update":
            key, update, values, names = arguments
            options = {"ExpressionAttributeNames": names} if names else {}
            dynamodb.update_item(
                TableName="contract", Key=key, UpdateExpression=update, ExpressionAttributeValues=values, **options
            )
        case "wait":
            # What the recording waited for: that the next change falls into another second.
            second = int(time.time())
            processes.wait_until(lambda: int(time.time()) > second, limit_seconds=2, what="the next second")
        case _:
            pytest.fail(f"the recording has an operation {operation!r}")


def _end_pipeline(osis: Any, name: str) -> None:
    def status() -> str:
        found: str = osis.get_pipeline(PipelineName=name)["Pipeline"]["Status"]
        return found

    # A short scenario is over before the pipeline counts as created, and only then it can be stopped.
    processes.wait_until(lambda: status() != "CREATING", limit_seconds=300, what=f"the pipeline {name} to be created")
    # Stopping makes the engine forget how far it was; one that could not be created does not run.
    if status() != "CREATE_FAILED":
        osis.stop_pipeline(PipelineName=name)
    osis.delete_pipeline(PipelineName=name)


def _wait_for(actions: int, aws: emulator.Emulator, proxy: RecordingProxy, kind: Kind) -> None:
    def arrived() -> bool:
        return len(proxy.actions) >= actions

    try:
        processes.wait_until(arrived, limit_seconds=LIMIT_SECONDS[kind], what=f"{actions} actions")
    except processes.NotReadyError as error:
        log = aws.log.parent / "pipelines" / "contract" / "engine.log"
        pytest.fail(f"{error}; there are {len(proxy.actions)}\nlast lines of {log}:\n{processes.tail(log)}")


def _histories(actions: list[Action], sets: frozenset[str]) -> dict[tuple[str, str], list[Any]]:
    """What was done to each document, in order."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for one in actions:
        versioned = one.version is not None
        source = _comparable(one.version, one.source, sets)
        found[one.index, one.document_id].append((one.action, one.status, versioned, one.version_type, source))
    return dict(found)


def _comparable(version: int | None, source: Any, sets: frozenset[str]) -> Any:
    """A source without what differs from run to run: sets have no order; versions and the times in them are marked."""
    if not isinstance(source, dict):
        return source
    times: dict[Any, str] = {}
    if version is not None and version > 1e15:
        # Of a change the second, of an exported item the time of the export, both in milliseconds.
        times = {version: "<version>", version // 1_000_000 * 1000: "<time>", version // 1000 + 300_000: "<time>"}
    return {
        name: sorted(value, key=str)
        if name in sets and isinstance(value, list)
        else times.get(value, value)
        if isinstance(value, int)
        else value
        for name, value in source.items()
    }


def _document(version: int, source: Any, sets: frozenset[str]) -> tuple[int | None, Any]:
    """OpenSearch's own versions are small and must be the same."""
    return (version if version < 1e15 else None), _comparable(version, source, sets)


def _requests(requests: list[Request]) -> Counter[tuple[str, str, int, str]]:
    return Counter((one.method, one.path, one.status, json.dumps(one.body, sort_keys=True)) for one in requests)


def _documents(proxy: RecordingProxy, sets: frozenset[str]) -> dict[str, Any]:
    found = {}
    for index in _indices(proxy):
        _call(proxy, "POST", f"/{index}/_refresh")
        hits = _call(proxy, "GET", f"/{index}/_search?size=1000&version=true")["hits"]["hits"]
        found[index] = {hit["_id"]: _document(hit["_version"], hit["_source"], sets) for hit in hits}
    return found


def _indices(proxy: RecordingProxy) -> list[str]:
    return [
        one["index"] for one in _call(proxy, "GET", "/_cat/indices?format=json") if not one["index"].startswith(".")
    ]


def _delete_indices(proxy: RecordingProxy) -> None:
    for index in _indices(proxy):
        _call(proxy, "DELETE", f"/{index}")
    _call(proxy, "DELETE", "/_index_template/contract*")


def _call(proxy: RecordingProxy, method: str, path: str) -> Any:
    """Asks the node itself, past the proxy's records."""
    request = urllib.request.Request(f"http://{proxy.node}{path}", method=method, headers=security.identity())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None


def _dead_letters(s3: Any, sets: frozenset[str]) -> list[Any]:
    letters = []
    for entry in s3.list_objects_v2(Bucket="dlq-bucket").get("Contents", ()):
        assert re.fullmatch(DEAD_LETTER_KEY, entry["Key"])
        content = json.load(s3.get_object(Bucket="dlq-bucket", Key=entry["Key"])["Body"])
        assert content.keys() == {"dlqObjects"}
        letters += [_dead_letter(one, sets) for one in content["dlqObjects"]]
    return sorted(letters)


def _dead_letter(letter: dict[str, Any], sets: frozenset[str]) -> tuple[str, str]:
    """Its id, and the whole of it without times and without the position in a text whose order is not fixed."""
    failed = letter["failedData"]
    assert re.fullmatch(TIMESTAMP, letter["timestamp"])
    message = re.sub(r"line: \d+, column: \d+", "line, column", failed["message"])
    document = _comparable(None, failed["document"], sets)
    comparable = letter | {"timestamp": "", "failedData": failed | {"message": message, "document": document}}
    return failed["indexId"], json.dumps(comparable, sort_keys=True)
