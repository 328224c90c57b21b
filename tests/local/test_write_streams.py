"""After any stream of writes the index has what the rules say: the embedded engine, and Data Prepper where it is."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given

from local import opensearch, processes, security
from local.emulator import Emulator
from local.engine import Kind
from tests.examples import examples
from tests.local import ingestion
from tests.local.write_streams import Item, Key, Write, after, differences, document_id, streams

LIMIT_SECONDS = 60
EXPORTED: dict[Key, Item] = {
    ("exported", "1"): {
        "s": {"S": ""},
        "n": {"N": "-12345678901234567890123456789012345678"},
        "b": {"B": b"\x00\xff"},
        "t": {"BOOL": True},
        "z": {"NULL": True},
        "ss": {"SS": ["日", "x"]},
        "ns": {"NS": ["1.5", "1E-130"]},
        "bs": {"BS": [b"x", b"y"]},
        "l": {"L": [{"M": {}}, {"L": []}, {"N": "0"}]},
    },
    ("exported", "-1.5"): {"large": {"S": "日" * 130_000}},
}


@dataclass
class World:
    """A table, its pipeline and its index. Each stream of writes has keys of its own there."""

    aws: Emulator
    node: opensearch.Node
    dynamodb: Any
    streams: int = 0

    def write(self, write: Write) -> None:
        key = {"pk": {"S": write.key[0]}, "sk": {"N": write.key[1]}}
        match write.operation:
            case "put":
                self.dynamodb.put_item(TableName="contract", Item=key | dict(write.attributes))
            case "delete":
                self.dynamodb.delete_item(TableName="contract", Key=key)
            case "update":
                self._update(key, write)

    def _update(self, key: Any, write: Write) -> None:
        removed = [name for name in write.removed if name not in write.attributes]
        names = {f"#{number}": name for number, name in enumerate([*write.attributes, *dict.fromkeys(removed)])}
        values = {f":{number}": value for number, value in enumerate(write.attributes.values())}
        sets = ", ".join(f"#{number} = :{number}" for number in range(len(values)))
        removes = ", ".join(f"#{number}" for number in range(len(values), len(names)))
        expression = " ".join(f"{verb} {what}" for verb, what in (("SET", sets), ("REMOVE", removes)) if what)
        options: dict[str, Any] = {"UpdateExpression": expression, "ExpressionAttributeNames": names} if names else {}
        if values:
            options["ExpressionAttributeValues"] = values
        self.dynamodb.update_item(TableName="contract", Key=key, **options)

    def sources(self, ids: list[str]) -> list[dict[str, Any] | None]:
        """The documents, with numbers as Decimal; None for one that is not there."""
        found = self._ask("/contract/_mget", {"ids": ids})["docs"]
        return [one.get("_source") for one in found]

    def wait_for(self, name: str) -> None:
        def there() -> bool:
            return self.sources([name]) != [None]

        try:
            processes.wait_until(there, limit_seconds=LIMIT_SECONDS, what=f"the document {name}")
        except processes.NotReadyError as error:
            log = self.aws.log.parent / "pipelines" / "contract" / "engine.log"
            pytest.fail(f"{error}\nlast lines of {log}:\n{processes.tail(log)}")

    def count(self) -> int:
        self._ask("/contract/_refresh", {})
        return int(self._ask("/contract/_count", {"query": {"match_all": {}}})["count"])

    def put_index(self) -> None:
        # Nothing is mapped, so nothing is refused for its type.
        self._ask("/contract", {"mappings": {"dynamic": False}}, method="PUT")

    def delete_index(self) -> None:
        self._ask("/contract", None, method="DELETE")

    def _ask(self, path: str, body: Any, method: str = "POST") -> Any:
        request = urllib.request.Request(  # noqa: S310 - our node
            self.node.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", **security.identity()},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read(), parse_float=Decimal, parse_int=Decimal)


@pytest.fixture(scope="module")
def world(node: opensearch.Node, kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ingestion.surroundings(tmp_path_factory.mktemp("writes"), node.url, kind) as aws:
        started = World(aws, node, aws.client("dynamodb"))
        started.put_index()
        try:
            _start_pipeline(started)
            yield started
            aws.client("osis").delete_pipeline(PipelineName="contract")
        finally:
            started.delete_index()


def _start_pipeline(world: World) -> None:
    ingestion.create_table(world.dynamodb, [("pk", "HASH", "S"), ("sk", "RANGE", "N")])
    for key, item in EXPORTED.items():
        world.write(Write("put", key, item))
    ingestion.enable_stream(world.dynamodb, "NEW_IMAGE")
    world.aws.client("osis").create_pipeline(
        PipelineName="contract",
        MinUnits=1,
        MaxUnits=1,
        PipelineConfigurationBody=ingestion.body(world.aws, flush_timeout_ms=-1),
    )
    for key in EXPORTED:
        world.wait_for(document_id(key))


def wrong(expected: dict[Key, Item | None], found: list[dict[str, Any] | None]) -> list[str]:
    """One line for each document that is not what its item says."""
    lines = []
    for (key, item), source in zip(expected.items(), found, strict=True):
        if item is None or source is None:
            if (item is None) != (source is None):
                lines.append(f"{document_id(key)}: {'is there' if source else 'is not there'}")
        else:
            whole = {"M": {"pk": {"S": key[0]}, "sk": {"N": key[1]}, **item}}
            lines += [f"{document_id(key)}: {one}" for one in [differences(whole, source)] if one]
    return lines


def test_export(world: World) -> None:
    assert wrong({**EXPORTED}, world.sources([document_id(key) for key in EXPORTED])) == []


@examples(60)
@given(writes=streams)
@example(writes=[])
def test_index_has_what_the_rules_say(world: World, writes: list[Write]) -> None:
    world.streams += 1
    before = world.count()

    def own(key: Key) -> Key:
        return f"{world.streams}-{key[0]}", key[1]

    writes = [Write(one.operation, own(one.key), one.attributes, one.removed) for one in writes]
    last = Write("put", own(("last", "0")))
    for write in [*writes, last]:
        world.write(write)
    world.wait_for(document_id(last.key))

    expected = after([*writes, last])
    assert wrong(expected, world.sources([document_id(key) for key in expected])) == []
    assert world.count() - before == sum(item is not None for item in expected.values())
    assert "Contents" not in world.aws.client("s3").list_objects_v2(Bucket="dlq-bucket")
