import gzip
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine.checkpoint import Checkpoint, DataFile, Export, Shard, State
from local.engine.events import Event
from local.engine.export import ExportFailedError, ExportReader, item_of
from local.engine.keys import KeySchema, metadata
from local.engine.stream import StreamReader, plain
from local.engine.support import ExportPlan

TABLE = KeySchema("arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "id", None)
EXPORT_TIME = datetime(2026, 3, 4, 15, 6, 7, 89_000, tzinfo=UTC)
EXPORT_MILLISECONDS = 1_772_636_767_089

ITEM = (
    b'$ion_1_0 {Item:{id:"a",s:"x\\n\\u65e5",n:1.50,big:12345678901234567890123456789012345678.,e:1.5d10,t:true,'
    b'f:false,z:null,b:{{AAE=}},ss:$dynamodb_SS::["a"],ns:$dynamodb_NS::[1.],bs:$dynamodb_BS::[{{eA==}}],'
    b'l:["x",1.,null,{k:"v"}],m:{}}}'
)
ATTRIBUTES = {
    "id": {"S": "a"},
    "s": {"S": "x\n日"},
    "n": {"N": "1.50"},
    "big": {"N": "12345678901234567890123456789012345678"},
    "e": {"N": "1.5E+10"},
    "t": {"BOOL": True},
    "f": {"BOOL": False},
    "z": {"NULL": True},
    "b": {"B": b"\x00\x01"},
    "ss": {"SS": ["a"]},
    "ns": {"NS": ["1"]},
    "bs": {"BS": [b"x"]},
    "l": {"L": [{"S": "x"}, {"N": "1"}, {"NULL": True}, {"M": {"k": {"S": "v"}}}]},
    "m": {"M": {}},
}
DOCUMENT = {
    "id": "a",
    "s": "x\n日",
    "n": Decimal("1.50"),
    "big": Decimal("12345678901234567890123456789012345678"),
    "e": Decimal("1.5E+10"),
    "t": True,
    "f": False,
    "z": None,
    "b": "AAE=",
    "ss": ["a"],
    "ns": [Decimal(1)],
    "bs": ["eA=="],
    "l": ["x", Decimal(1), None, {"k": "v"}],
    "m": {},
}


def types(value: Any) -> Any:
    """A value with the type of each part, for True equals 1."""
    if isinstance(value, dict):
        return {name: types(member) for name, member in value.items()}
    return [types(member) for member in value] if isinstance(value, list) else (type(value), str(value))


def test_item_of_an_export_and_of_the_stream_give_the_same_document() -> None:
    assert types(item_of(ITEM)) == types(DOCUMENT)
    assert types(plain({"M": ATTRIBUTES})) == types(DOCUMENT)


@pytest.mark.parametrize("text", ["x" * 390_000, "日" * 130_000], ids=["ascii", "other"])
def test_text_as_long_as_an_item_may_be(text: str) -> None:
    assert item_of(f'$ion_1_0 {{Item:{{id:"a",s:"{text}"}}}}'.encode()) == {"id": "a", "s": text}


def test_key_of_two_parts() -> None:
    table = KeySchema(TABLE.arn, "id", "n")
    found = metadata(table, {"id": "a|b", "n": Decimal("1E+3")}, 5, 7, event_name="REMOVE", ttl_delete=True)
    assert found == {
        "table_name": "orders",
        "dynamodb_timestamp": 5,
        "dynamodb_event_name": "REMOVE",
        "opensearch_action": "delete",
        "document_version": 7,
        "ttl_delete": True,
        "partition_key": "a|b",
        "sort_key": "1000",
        "primary_key": "a|b|1000",
    }


class Body(io.BytesIO):
    """Arrives in small parts, and after `longest` bytes not at all."""

    def __init__(self, content: bytes, longest: int | None) -> None:
        super().__init__(content)
        self._longest = longest

    def read(self, size: int | None = -1) -> bytes:
        if self._longest is not None and self.tell() >= self._longest:
            raise ConnectionResetError
        return super().read(min(size, 256) if size and size > 0 else size)


class FakeExports:
    """DynamoDB and S3 of an export that takes two looks; `files` are the items of each data file.

    An answer of S3 breaks off after `longest_answer` bytes.
    """

    def __init__(self, *files: list[str], status: str = "COMPLETED") -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.longest_answer: int | None = None
        self._statuses = ["IN_PROGRESS", status]
        lines = [json.dumps({"itemCount": len(ids), "dataFileS3Key": f"data/{n}"}) for n, ids in enumerate(files)]
        summary = {"exportTime": "2026-03-04T15:06:07.089Z", "s3Bucket": "other", "manifestFilesS3Key": "files"}
        self._objects = {
            ("exports", "summary"): json.dumps(summary).encode(),
            ("other", "files"): "\n".join(lines).encode(),
        } | {
            ("other", f"data/{n}"): gzip.compress("".join(f'$ion_1_0 {{Item:{{id:"{i}"}}}}\n' for i in ids).encode())
            for n, ids in enumerate(files)
        }

    def export_table_to_point_in_time(self, **request: Any) -> Any:
        self.calls.append(("export", request))
        return {"ExportDescription": {"ExportArn": "export/1"}}

    def describe_export(self, **request: Any) -> Any:
        self.calls.append(("describe", request))
        status = self._statuses.pop(0)
        description = {"ExportStatus": status, "ExportManifest": "summary", "FailureMessage": "no such bucket"}
        return {"ExportDescription": description}

    def get_object(self, **request: Any) -> Any:
        return {"Body": Body(self._objects[request["Bucket"], request["Key"]], self.longest_answer)}


def test_export_is_started_awaited_and_read_file_by_file() -> None:
    service, state = FakeExports(["a", "b"], [], ["c"]), Export()
    reader = ExportReader(service, service, ExportPlan("exports", "export/", "alias/key"), TABLE, state)
    assert reader.step() == []
    assert (state.arn, service.calls[0][1]) == (
        "export/1",
        {
            "TableArn": TABLE.arn,
            "S3Bucket": "exports",
            "S3Prefix": "export/",
            "ExportFormat": "ION",
            "S3SseAlgorithm": "KMS",
            "S3SseKmsKeyId": "alias/key",
        },
    )
    assert reader.step() == reader.step() == []
    assert [call for call, _ in service.calls] == ["export", "describe", "describe"]
    assert not state.finished
    events = [*reader.step(), *reader.step(), *reader.step()]
    assert [event.metadata["primary_key"] for event in events] == ["a", "b", "c"]
    assert events[0].metadata["dynamodb_timestamp"] == EXPORT_MILLISECONDS
    assert events[0].metadata["document_version"] == (EXPORT_MILLISECONDS - 300_000) * 1000
    assert events[0].metadata["dynamodb_event_name"] is None
    assert events[0].metadata["opensearch_action"] == "index"
    assert state.finished


def test_export_goes_on_where_the_checkpoint_says() -> None:
    ids = [f"i{number}" for number in range(2500)]
    service = FakeExports(["x"], ids)
    state = Export(
        arn="export/1", bucket="other", files=[DataFile(key="data/0", finished=True), DataFile(key="data/1")]
    )
    plan = ExportPlan("exports", None, None)
    first = ExportReader(service, service, plan, TABLE, state).step()
    second = ExportReader(service, service, plan, TABLE, state)
    rest = [second.step(), second.step()]
    assert [len(part) for part in (first, *rest)] == [1000, 1000, 500]
    assert [event.data["id"] for part in (first, *rest) for event in part] == ids
    assert state.finished


def test_failed_export_says_why() -> None:
    service = FakeExports(status="FAILED")
    reader = ExportReader(service, service, ExportPlan("exports", None, None), TABLE, Export())
    assert reader.step() == reader.step() == []
    with pytest.raises(ExportFailedError, match="export export/1: no such bucket"):
        reader.step()
    reader.step()
    assert [call for call, _ in service.calls] == ["export", "describe", "describe", "export"]


def test_file_that_breaks_off_is_read_on_where_it_broke_off() -> None:
    ids = [f"i{number}" for number in range(2500)]
    service, state = FakeExports(ids), Export(arn="export/1", bucket="other", files=[DataFile(key="data/0")])
    service.longest_answer = 4096
    reader = ExportReader(service, service, ExportPlan("exports", None, None), TABLE, state)
    read = reader.step()
    with pytest.raises(ConnectionResetError):
        reader.step()
    service.longest_answer = None
    while not state.finished:
        read += reader.step()
    assert [event.data["id"] for event in read] == ids


Change = Mapping[str, Any]


def change(number: int, second: int, name: str = "INSERT", images: Change | None = None, **more: Any) -> Change:
    record: dict[str, Any] = {
        "Keys": {"id": {"S": "a"}},
        "SequenceNumber": str(number),
        "ApproximateCreationDateTime": datetime.fromtimestamp(second, UTC),
    }
    return {"eventName": name, "dynamodb": record | dict(images or {}), **more}


class FakeStreams:
    """A stream whose shards are lists of pages; the pages of a finished shard end with None."""

    def __init__(self, **shards: tuple[str | None, list[list[Change] | None]]) -> None:
        self.shards = shards
        self.starts: list[tuple[str, str]] = []
        self.throttled: set[str] = set()

    def describe_stream(self, **request: Any) -> Any:
        names = sorted(self.shards)
        before = request.get("ExclusiveStartShardId")
        name = names[names.index(before) + 1 if before else 0]
        parent = self.shards[name][0]
        shard = {"ShardId": name} | ({"ParentShardId": parent} if parent else {})
        more = {} if name == names[-1] else {"LastEvaluatedShardId": name}
        return {"StreamDescription": {"Shards": [shard], **more}}

    def get_shard_iterator(self, **request: Any) -> Any:
        self.starts.append((request["ShardId"], request.get("SequenceNumber", request["ShardIteratorType"])))
        return {"ShardIterator": f"{request['ShardId']}|{request.get('SequenceNumber', 0)}|0"}

    def get_records(self, **request: Any) -> Any:
        if request["ShardIterator"] in self.throttled:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetRecords")
        name, after, page = request["ShardIterator"].split("|")
        pages = self.shards[name][1]
        content = (pages[int(page)] if int(page) < len(pages) else []) or []
        following = int(page) + 1
        ended = following < len(pages) and pages[following] is None
        records = [record for record in content if int(record["dynamodb"]["SequenceNumber"]) > int(after)]
        return {"Records": records} | ({} if ended else {"NextShardIterator": f"{name}|{after}|{following}"})


def reader(streams: FakeStreams, state: State, *, old_image: bool = False) -> StreamReader:
    return StreamReader(streams, TABLE, state, old_image_on_remove=old_image)


def state_at(second: int) -> State:
    return State(started=second * 1000, stream_arn="stream")


def versions(events: Iterable[Event]) -> list[Any]:
    return [event.metadata["document_version"] for event in events]


def test_versions_count_within_the_second() -> None:
    pages: list[list[Change] | None] = [[change(1, 1000), change(2, 1000)], [change(3, 1000), change(4, 1001)]]
    following = reader(FakeStreams(a=(None, pages)), state_at(1000))
    assert versions(following.step()) == [1000_000_000, 1000_000_001]
    assert versions(following.step()) == [1000_000_002, 1001_000_000]


def test_versions_go_on_after_a_restart() -> None:
    state = state_at(1000)
    streams = FakeStreams(a=(None, [[change(1, 1000), change(2, 1000)], []]))
    assert len(list(reader(streams, state).step())) == 2
    again = State.model_validate_json(state.model_dump_json())
    streams.shards["a"][1][0] = [change(1, 1000), change(2, 1000), change(3, 1000)]
    assert versions(reader(streams, again).step()) == [1000_000_002]
    assert streams.starts == [("a", "TRIM_HORIZON"), ("a", "2")]


def test_changes_before_the_overlap_are_skipped() -> None:
    pages: list[list[Change] | None] = [[change(1, 1000), change(2, 1001)]]
    state = state_at(1300)
    assert versions(reader(FakeStreams(a=(None, pages)), state).step()) == [1001_000_000]
    assert state.shards["a"].sequence_number == "2"


def test_child_shard_waits_for_its_parent() -> None:
    streams = FakeStreams(
        a=("gone", [[change(1, 1000)], [change(2, 1000)], None]),
        b=("a", [[change(3, 1000)]]),
        c=(None, [[change(4, 1000)]]),
    )
    state = state_at(1000)
    following = reader(streams, state)
    numbers = [len(list(following.step())) for _ in range(3)]
    assert numbers == [2, 1, 1]
    assert [name for name, _ in streams.starts] == ["a", "c", "b"]
    assert state.shards["a"].finished


def test_shard_that_cannot_be_read_neither_loses_nor_repeats_another() -> None:
    streams = FakeStreams(a=(None, [[change(1, 1000)]]), b=(None, [[change(2, 1001)]]))
    following = reader(streams, state_at(1000))
    streams.throttled = {"b|0|0"}
    read = following.step()
    assert versions([next(read)]) == [1000_000_000]
    with pytest.raises(ClientError):
        next(read)
    streams.throttled = set()
    assert versions(following.step()) == [1001_000_000]


def test_images_and_actions() -> None:
    new, old = {"NewImage": {"id": {"S": "a"}, "v": {"N": "2"}}}, {"OldImage": {"id": {"S": "a"}, "v": {"N": "1"}}}
    time_to_live = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    page: list[Change] = [
        change(1, 1000, images=new),
        change(2, 1000, "MODIFY", images={**new, **old}),
        change(3, 1000, "REMOVE", images=old),
        change(4, 1000, "REMOVE"),
        change(5, 1000, "REMOVE", userIdentity=time_to_live),
    ]

    def seen(*, old_image: bool) -> list[tuple[Any, ...]]:
        events = reader(FakeStreams(a=(None, [page])), state_at(1000), old_image=old_image).step()
        names = ("opensearch_action", "dynamodb_event_name", "ttl_delete")
        return [(event.data.get("v"), *(event.metadata[name] for name in names)) for event in events]

    assert seen(old_image=False) == [
        (2, "index", "INSERT", False),
        (2, "index", "MODIFY", False),
        (None, "delete", "REMOVE", False),
        (None, "delete", "REMOVE", False),
        (None, "delete", "REMOVE", True),
    ]
    assert [value for value, *_ in seen(old_image=True)] == [2, 2, 1, None, None]


def test_checkpoint_is_read_back(tmp_path: Any) -> None:
    state = State(
        started=1,
        export=Export(arn="x", files=[DataFile(key="k", lines=3)]),
        stream_arn="s",
        shards={"a": Shard(sequence_number="7", second=5, seen=2)},
    )
    assert Checkpoint(tmp_path).load() is None
    Checkpoint(tmp_path).save(state)
    assert Checkpoint(tmp_path).load() == state
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
