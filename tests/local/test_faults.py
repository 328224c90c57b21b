"""Whatever fails, afterwards every item of the table is a document or a dead letter, and nothing is both or twice."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from local import comparison, opensearch, processes, security
from local.emulator import Emulator
from local.emulator.authorization import COORDINATION_TABLE
from local.engine import LOG, Kind
from tests.local import faults, ingestion
from tests.local.faults import Faults, Held
from tests.local.proxy import Exchange, Proxy, Reply, pass_on

LIMIT_SECONDS: Mapping[Kind, float] = {"embedded": 180, "data-prepper": 600}
OUTAGE_SECONDS = 60
EXPORTED = 600
EMBEDDED_ONLY = pytest.mark.parametrize("kind", ["embedded"], indirect=True)
# No string fits `n`; `word` is a term, of which Lucene takes 32,766 bytes.
MAPPINGS = {"properties": {"n": {"type": "long"}, "word": {"type": "keyword"}}}


@pytest.fixture(scope="module")
def domain(node: opensearch.Node) -> Iterator[Proxy]:
    """Between the domain's endpoint and its node."""
    proxy = Proxy(node.url)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def aws(domain: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with ingestion.surroundings(tmp_path_factory.mktemp("aws"), domain.url) as started:
        yield started


@pytest.fixture(scope="module")
def services(aws: Emulator) -> Iterator[Proxy]:
    """Between the engine and AWS."""
    proxy = Proxy(aws.endpoint_url)
    proxy.start()
    yield proxy
    proxy.stop()


@dataclass
class Rig:
    """A table with its stream, the index `contract`, and an engine between them that can be killed."""

    kind: Kind
    aws: Emulator
    domain: Proxy
    services: Proxy
    search: OpenSearch
    directory: Path
    max_retries: int = 14
    dynamodb: Any = field(init=False)
    poison: set[str] = field(default_factory=set)
    engines: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dynamodb = self.aws.client("dynamodb")

    @property
    def log(self) -> Path:
        return self.directory / LOG

    @property
    def body(self) -> str:
        return ingestion.body(self.aws, max_retries=self.max_retries)

    def start(self) -> None:
        # What the SDK tries again by itself is not what is tested, and takes long.
        variables = {"AWS_ENDPOINT_URL": self.services.url, "AWS_MAX_ATTEMPTS": "2"}
        engine = ingestion.start_engine(self.aws, self.body, self.directory, self.kind, **variables)
        self.engines.append(engine)

    def kill(self) -> None:
        self.engines[-1].kill()
        assert self.engines[-1].wait() == -signal.SIGKILL

    def stop(self) -> None:
        """The engine delivers what it has read, and ends."""
        self.engines[-1].terminate()
        code = self.engines[-1].wait(LIMIT_SECONDS[self.kind])
        assert self.kind != "embedded" or code == 0, processes.tail(self.log)

    def write(self, *items: Mapping[str, Any]) -> None:
        ingestion.write(self.dynamodb, *items)

    def write_poison(self, *items: Mapping[str, Any]) -> None:
        self.write(*items)
        self.poison |= {item["id"]["S"] for item in items}

    def fill(self) -> None:
        """Items for the export; some of them no document can be made of."""
        self.write(*(good(f"exported-{number}", number) for number in range(EXPORTED)))
        self.write_poison(*(bad(f"exported-bad-{number}") for number in range(3)))
        ingestion.enable_stream(self.dynamodb, "NEW_IMAGE")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Writes all the time until the end of the block: new, changed, deleted items, and bad ones."""
        stopping = threading.Event()

        def write_on() -> None:
            round_ = len(self.poison) * EXPORTED
            while not stopping.wait(0.02):
                round_ += 1
                self.write(good(f"new-{round_}", round_), good("hot", round_))
                self.write(good(f"exported-{round_ % EXPORTED}", -round_))
                self.dynamodb.delete_item(TableName="contract", Key={"id": {"S": f"new-{round_ - 5}"}})
                if round_ % 20 == 1:
                    self.write_poison(bad(f"bad-{round_}"))

        thread = threading.Thread(target=write_on)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    def wait_for(self, what: str, condition: Any) -> None:
        try:
            processes.wait_until(condition, limit_seconds=LIMIT_SECONDS[self.kind], what=what)
        except processes.NotReadyError as error:
            pytest.fail(f"{error}\n{self.unaccounted()[:5]}\nlast lines of {self.log}:\n{processes.tail(self.log, 40)}")

    def wait_until_accounted(self, *, letters_once: bool = True) -> None:
        self.wait_for("every item is accounted for", lambda: not self.unaccounted(letters_once=letters_once))

    def unaccounted(self, *, letters_once: bool = True) -> list[str]:
        self.search.indices.refresh(index="contract")
        documents = comparison.documents_of(self.search, "contract")
        letters = self.letters() if letters_once else distinct(self.letters())
        return list(unaccounted(comparison.items_of(self.dynamodb, "contract"), documents, letters))

    def letters(self) -> list[Mapping[str, Any]]:
        """What the dead letters say failed."""
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="dlq-bucket")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        contents = [json.load(s3.get_object(Bucket="dlq-bucket", Key=key)["Body"]) for key in keys]
        return [letter["failedData"] for content in contents for letter in content["dlqObjects"]]


@pytest.fixture
def rig(kind: Kind, aws: Emulator, domain: Proxy, services: Proxy, tmp_path: Path) -> Iterator[Rig]:
    with OpenSearch(hosts=[f"http://{domain.node}"], headers=security.identity()) as search:
        started = Rig(kind, aws, domain, services, search, tmp_path)
        ingestion.create_table(started.dynamodb, [("id", "HASH", "S")])
        search.indices.create(index="contract", body={"mappings": MAPPINGS})
        yield started
        domain.exchange = services.exchange = pass_on
        for engine in started.engines:
            engine.kill()
            engine.wait()
        search.indices.delete(index="contract")
        tables = started.dynamodb.list_tables()["TableNames"]
        for table in {"contract", COORDINATION_TABLE}.intersection(tables):
            started.dynamodb.delete_table(TableName=table)
        s3 = aws.client("s3")
        for entry in s3.list_objects_v2(Bucket="dlq-bucket").get("Contents", ()):
            s3.delete_object(Bucket="dlq-bucket", Key=entry["Key"])


def good(name: str, number: int) -> dict[str, Any]:
    return {"id": {"S": name}, "n": {"N": str(number)}}


def bad(name: str) -> dict[str, Any]:
    return {"id": {"S": name}, "n": {"S": "not a number"}}


def distinct(letters: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each letter once, however often it was written."""
    return list({json.dumps(letter, sort_keys=True): letter for letter in letters}.values())


def unaccounted(
    items: Mapping[str, comparison.Item], documents: Mapping[str, Any], letters: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """One line for each item that is not exactly one document or one letter, and for each of these without an item."""
    buried = Counter(letter["indexId"] for letter in letters)
    contents = {**documents} | {letter["indexId"]: letter["document"] for letter in letters}
    for identity in sorted({*items, *contents}):
        places = (identity in documents) + buried[identity]
        if identity not in items:
            yield f"{identity}: {contents[identity]} is not in the table"
        elif places != 1:
            yield f"{identity}: {int(identity in documents)} documents and {buried[identity]} letters"
        elif not comparison.same({"M": items[identity]}, contents[identity]):
            yield f"{identity}: the item is {items[identity]}, what was made of it {contents[identity]}"


def check(rig: Rig, *, letters_once: bool = True) -> None:
    """All is accounted for, still so when the engine has ended; the bad ones, and no others, are the letters."""
    rig.wait_until_accounted(letters_once=letters_once)
    rig.stop()
    assert rig.unaccounted(letters_once=letters_once) == []
    assert {letter["indexId"] for letter in rig.letters()} == rig.poison
    assert all(letter["index"] == "contract" and letter["status"] == 400 for letter in rig.letters())


@pytest.mark.parametrize(
    ("items", "documents", "buried", "line"),
    [
        ("a", "", "", "a: 0 documents and 0 letters"),
        ("a", "a", "a", "a: 1 documents and 1 letters"),
        ("a", "", "aa", "a: 0 documents and 2 letters"),
        ("", "a", "", "a: {'id': 'a', 'n': 1} is not in the table"),
        ("", "", "a", "a: {'id': 'a', 'n': 1} is not in the table"),
        ("ab", "a", "b", None),
    ],
)
def test_check_itself_finds_what_is_missing_left_over_or_twice(
    items: str, documents: str, buried: str, line: str | None
) -> None:
    def made(name: str) -> dict[str, Any]:
        return {"id": name, "n": 1}

    letters = [{"indexId": name, "document": made(name)} for name in buried]
    found = unaccounted({name: good(name, 1) for name in items}, {name: made(name) for name in documents}, letters)
    assert list(found) == ([] if line is None else [line])


@EMBEDDED_ONLY
@pytest.mark.parametrize(
    ("phase", "held"),
    [
        ("export", ("GetObject", 4, False)),
        ("export", ("_bulk", 1, True)),
        ("export", ("PutObject", 1, True)),
        ("stream", ("_bulk", 1, False)),
        ("stream", ("_bulk", 1, True)),
        ("stream", ("PutObject", 1, True)),
    ],
    ids=["export-read", "export-stored", "export-buried", "stream-sent", "stream-stored", "stream-buried"],
)
def test_engine_is_killed(rig: Rig, phase: str, held: tuple[str, int, bool]) -> None:
    """In the middle of a call, which has been carried out or not."""
    rig.fill()
    fault = Held(*held)

    def hold() -> None:
        rig.domain.exchange = rig.services.exchange = fault

    if phase == "export":
        hold()
    rig.start()
    with contextlib.ExitStack() as stack:
        if phase == "stream":
            rig.wait_until_accounted()
            stack.enter_context(rig.writing())
            hold()
        rig.wait_for("the moment to kill the engine", fault.reached.is_set)
        rig.kill()
        fault.release()
        if phase == "export":
            stack.enter_context(rig.writing())
        rig.start()
        written = rig.poison.copy()
        rig.wait_for("the stream goes on", lambda: rig.poison != written)
    # Who is killed after a letter and before the checkpoint writes the letter again.
    check(rig, letters_once=False)


@EMBEDDED_ONLY
def test_service_starts_the_engine_again(rig: Rig) -> None:
    """The pipeline stays what it is; nobody has to do anything."""
    service, directory = rig.aws.client("osis"), rig.aws.log.parent / "pipelines" / "contract"

    def status() -> str:
        found: str = service.get_pipeline(PipelineName="contract")["Pipeline"]["Status"]
        return found

    def engine() -> list[int]:
        listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], check=True, capture_output=True, text=True)  # noqa: S607
        # Its guard has the engine's command among its arguments.
        own = (one for one in listed.stdout.splitlines() if str(directory) in one and "guard.py" not in one)
        return [int(one.split()[0]) for one in own]

    rig.fill()
    service.create_pipeline(PipelineName="contract", MinUnits=1, MaxUnits=1, PipelineConfigurationBody=rig.body)
    try:
        rig.wait_for("the pipeline is active", lambda: status() == "ACTIVE")
        rig.wait_until_accounted()
        (killed,) = engine()
        with rig.writing():
            os.kill(killed, signal.SIGKILL)
            rig.wait_for("another engine", lambda: engine() not in ([], [killed]))
        assert status() == "ACTIVE"
        rig.wait_until_accounted(letters_once=False)
    finally:
        service.delete_pipeline(PipelineName="contract")


def test_domain_is_unreachable(rig: Rig) -> None:
    """For a minute in which the table is written to."""
    rig.fill()
    rig.start()
    rig.wait_until_accounted()
    with rig.writing():
        with rig.domain.unreachable():
            ends = time.monotonic() + OUTAGE_SECONDS
            processes.wait_until(lambda: time.monotonic() > ends, limit_seconds=OUTAGE_SECONDS * 2, what="the outage")
        assert rig.unaccounted() != []
    check(rig)


@pytest.mark.parametrize(
    "fault",
    [
        faults.search_error(429),
        faults.search_error(503),
        faults.lost,
        faults.refused_items(429),
        faults.refused_items(503),
    ],
    ids=["429", "503", "lost", "items-429", "items-503"],
)
def test_domain_refuses(rig: Rig, fault: Exchange | Reply) -> None:
    """Requests as a whole, or single documents among others."""
    export, stream = (Faults({"_bulk": [fault] * 6}) for _ in range(2))
    rig.domain.exchange = export
    rig.fill()
    rig.start()
    rig.wait_until_accounted()
    assert not export.left
    rig.domain.exchange = stream
    with rig.writing():
        rig.wait_for("the stream meets the fault", lambda: not stream.left)
    check(rig)


def test_domain_refuses_for_longer_than_is_tried(rig: Rig) -> None:
    """Then all that was in the request is buried, and the next one goes through."""
    rig.max_retries = 3
    rig.fill()
    rig.domain.exchange = fault = Faults({"_bulk": [faults.search_error(503)] * 3})
    rig.start()
    rig.wait_until_accounted()
    assert not fault.left
    rig.write(good("later", 1))
    rig.wait_until_accounted()
    rig.stop()
    assert rig.unaccounted() == []
    buried = [letter for letter in rig.letters() if letter["status"] == 0]
    assert buried
    assert "later" not in {letter["indexId"] for letter in rig.letters()}
    assert all(letter["message"].startswith("Number of retries reached the limit") for letter in buried)
    assert rig.poison <= {letter["indexId"] for letter in rig.letters()}


SLOW_DOWN = [faults.s3_error(503, "SlowDown")] * 3
THROTTLED = [faults.json_error("ThrottlingException")] * 3
EXCEEDED = [faults.json_error("ProvisionedThroughputExceededException")] * 3


@EMBEDDED_ONLY
@pytest.mark.parametrize(
    ("phase", "planned"),
    [
        (
            "export",
            {
                "AssumeRole": [faults.query_error("Throttling")] * 3,
                "DescribeTable": THROTTLED,
                "DescribeContinuousBackups": THROTTLED,
                "ExportTableToPointInTime": [faults.json_error("LimitExceededException")] * 2,
                "DescribeExport": THROTTLED,
                "GetObject": [*SLOW_DOWN, faults.broken_off, faults.broken_off],
                "PutObject": SLOW_DOWN,
            },
        ),
        (
            "stream",
            {
                "DescribeStream": THROTTLED,
                "GetShardIterator": THROTTLED,
                "GetRecords": [*EXCEEDED, *THROTTLED, faults.lost, faults.lost],
                "PutObject": [*SLOW_DOWN, faults.lost],
            },
        ),
    ],
    ids=["export", "stream"],
)
def test_aws_throttles(rig: Rig, phase: str, planned: Mapping[str, Sequence[Exchange | Reply]]) -> None:
    fault = Faults(planned)
    rig.fill()
    if phase == "export":
        rig.services.exchange = fault
    rig.start()
    rig.wait_until_accounted()
    rig.services.exchange = fault
    with rig.writing():
        rig.wait_for(f"the faults are met: {fault.left}", lambda: not fault.left)
    check(rig)


@EMBEDDED_ONLY
def test_aws_is_unreachable(rig: Rig) -> None:
    rig.fill()
    rig.start()
    rig.wait_until_accounted()
    with rig.writing():
        seen = rig.log.stat().st_size
        with rig.services.unreachable():
            rig.wait_for("the engine notices", lambda: b"reading again" in rig.log.read_bytes()[seen:])
    check(rig)


@EMBEDDED_ONLY
@pytest.mark.parametrize("refusing", ["AWS", "the domain"])
def test_session_expires(rig: Rig, refusing: str) -> None:
    """Before its time, so that only the refusal tells; the engine gets another and goes on."""
    rig.fill()
    rig.start()
    rig.wait_until_accounted()
    session = faults.ExpiredSession(refusing)
    rig.services.exchange, rig.domain.exchange = session.services, session.domain
    with rig.writing():
        rig.wait_for("another session", lambda: session.renewed)
    assert session.refused
    check(rig)


def test_poison_among_good_items(rig: Rig) -> None:
    """Each is buried once, with index, id and reason; by export and by stream."""
    reasons = {
        "conflict": r"failed to parse field \[n\] of type \[long\]",
        "term": "Document contains at least one immense term",
        "depth": "depth",
    }
    nested: dict[str, Any] = {"S": "deep"}
    for _ in range(25):
        nested = {"M": {"in": nested}}
    poison = {
        "conflict": {"n": {"S": "not a number"}},
        "term": {"word": {"S": "x" * 40_000}},
        "depth": {"deep": nested},
    }
    for number in range(50):
        rig.write(good(f"before-{number}", number))
    rig.write_poison(*({"id": {"S": f"before-{name}"}, **content} for name, content in poison.items()))
    ingestion.enable_stream(rig.dynamodb, "NEW_IMAGE")
    rig.start()
    rig.wait_until_accounted()
    for number, (name, content) in enumerate(poison.items()):
        rig.write(good(f"after-{number}", number))
        rig.write_poison({"id": {"S": f"after-{name}"}, **content})
    check(rig)
    for letter in rig.letters():
        assert re.search(reasons[letter["indexId"].partition("-")[2]], letter["message"])


def test_id_is_too_long(rig: Rig) -> None:
    """OpenSearch refuses the whole request for it, so its neighbours are buried, too: to be replayed."""
    rig.write(*(good(f"i{number}", number) for number in range(50)))
    ingestion.enable_stream(rig.dynamodb, "NEW_IMAGE")
    rig.start()
    rig.wait_until_accounted()
    too_long = "x" * 513
    rig.write(good("neighbour", 1), good(too_long, 1))
    rig.wait_until_accounted()
    rig.write(good("later", 1))
    rig.wait_until_accounted()
    rig.stop()
    assert rig.unaccounted() == []
    letters = {letter["indexId"]: letter for letter in rig.letters()}
    assert {too_long} <= letters.keys() <= {too_long, "neighbour"}
    assert letters[too_long]["index"] == "contract"
    assert "must be no longer than 512 bytes" in letters[too_long]["message"]
