"""Items found by what a letter says, and held against documents; against moto's DynamoDB and what Data Prepper did."""

import base64
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.dead_letters import exact_json
from functions.dead_letters.items import Item, Table, unchanged
from functions.dead_letters.letters import Letter
from functions.dead_letters.pipelines import Attributes, Pipeline
from tests.unit.dead_letters.conftest import entry

RECORDINGS = Path(__file__).parents[2] / "local" / "engine_contract"
EVERYTHING = Attributes((), ())
ID_IS_KEY = Pipeline("t", ("t-1",), replayed=True, key_in_id=True, attributes=EVERYTHING)
ID_IS_MADE = Pipeline("t", ("t-1",), replayed=True, key_in_id=False, attributes=EVERYTHING)


@pytest.fixture
def table_of(s3: Any) -> Callable[..., Table]:
    """``table_of(id="S", at="N")``: a table with this key."""
    del s3  # starts moto
    dynamodb = boto3.client("dynamodb")

    def create(**key: Any) -> Table:
        kinds = zip(key, ("HASH", "RANGE"), strict=False)
        dynamodb.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],  # type: ignore[typeddict-item] # as zip gives it
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, type_ in key.items()],
            BillingMode="PAY_PER_REQUEST",
        )
        return Table(dynamodb, "t")

    return create


def key_in(table: Table, id_: str, document: Any = None, pipeline: Pipeline = ID_IS_KEY) -> Item | None:
    found = table.key_of(Letter(entry(id_, document or {})), pipeline)
    return found.attributes if found else None


@pytest.mark.parametrize(
    ("key", "id_", "expected"),
    [
        ({"id": "S"}, "a|b", {"id": {"S": "a|b"}}),
        ({"id": "N"}, "12.5", {"id": {"N": "12.5"}}),
        ({"id": "N"}, "1E+20", {"id": {"N": "1E+20"}}),
        ({"id": "B"}, "AAE=", {"id": {"B": b"\x00\x01"}}),
        ({"id": "S", "at": "S"}, "a|b", {"id": {"S": "a"}, "at": {"S": "b"}}),
        ({"id": "S", "at": "N"}, "a|b|7", {"id": {"S": "a|b"}, "at": {"N": "7"}}),
        ({"id": "N", "at": "S"}, "-7|a|b", {"id": {"N": "-7"}, "at": {"S": "a|b"}}),
        ({"id": "S", "at": "B"}, "a|AAE=", {"id": {"S": "a"}, "at": {"B": b"\x00\x01"}}),
    ],
)
def test_an_id_tells_the_key(table_of: Callable[..., Table], key: dict[str, str], id_: str, expected: Item) -> None:
    assert key_in(table_of(**key), id_) == expected


@pytest.mark.parametrize(
    ("key", "id_"),
    [
        ({"id": "N"}, "one"),
        ({"id": "N"}, "1_000"),
        ({"id": "B"}, "no base64!"),
        ({"id": "S", "at": "S"}, "a"),
        ({"id": "S", "at": "S"}, "|b"),
        ({"id": "S", "at": "S"}, "a|b|c"),
    ],
)
def test_an_id_that_does_not_tell_the_key(table_of: Callable[..., Table], key: dict[str, str], id_: str) -> None:
    assert key_in(table_of(**key), id_) is None


def test_where_an_id_is_to_be_cut_the_document_tells(table_of: Callable[..., Table]) -> None:
    table = table_of(id="S", at="S")
    assert key_in(table, "a|b|c", {"id": "a|b", "at": "c"}) == {"id": {"S": "a|b"}, "at": {"S": "c"}}
    assert key_in(table, "a|b|c", {"id": "a", "at": "c"}) is None


def test_an_id_made_of_attributes_leaves_it_to_the_document(table_of: Callable[..., Table]) -> None:
    table = table_of(sku="S", at="N")
    document = exact_json.loads('{"sku": "P1", "at": 7.50, "price": 3}')
    assert key_in(table, "DE:P1", document, ID_IS_MADE) == {"sku": {"S": "P1"}, "at": {"N": "7.50"}}
    for wrong in ({"sku": "P1"}, {"sku": 1, "at": 7}, {"sku": "", "at": 7}, {"sku": "P1", "at": True}, "text"):
        assert key_in(table, "DE:P1", wrong, ID_IS_MADE) is None


def test_items_are_found_however_their_numbers_are_written(table_of: Callable[..., Table]) -> None:
    table, dynamodb = table_of(id="S", at="N"), boto3.client("dynamodb")
    for number in range(150):
        dynamodb.put_item(TableName="t", Item={"id": {"S": "a"}, "at": {"N": str(number)}, "n": {"N": str(number)}})
    keys = [table.key_of(Letter(entry(f"a|{number}")), ID_IS_KEY) for number in range(100, 200)]
    found = table.read(key for key in [*keys, keys[0]] if key)
    assert len(found) == 50
    assert keys[7] is not None
    assert found[keys[7].identity]["n"] == {"N": "107"}
    same = table.key_of(Letter(entry("a|107.00")), ID_IS_KEY)
    assert same is not None
    assert same.identity == keys[7].identity
    assert table.read([]) == {}


def recorded() -> Iterator[Any]:
    """Item, document and filter, of each document that Data Prepper made of an item without processors."""
    for file in sorted(RECORDINGS.glob("*.json")):
        recording = exact_json.loads(file.read_text())
        (pipeline,) = (part for name, part in recording["body"].items() if name.endswith("pipeline"))
        sink = pipeline["sink"][0]["opensearch"]
        in_step = "stream" in pipeline["source"]["dynamodb"]["tables"][0] and "action" in sink
        if "processor" in pipeline or not in_step or sink.get("document_id") != '${getMetadata("primary_key")}':
            continue
        chosen = Attributes(tuple(sink.get("include_keys", ())), tuple(sink.get("exclude_keys", ())))
        names = [name for name, _, _ in recording["key"]]
        items = {
            "|".join(next(iter(item[name].values())) for name in names): item for item in recording["table_at_end"]
        }
        # The newest of each id: a route or an index that follows an attribute leaves copies behind.
        documents = sorted(itertools.chain(*recording["documents"].values()), key=lambda one: one["_version"])
        for id_, document in {one["_id"]: one["_source"] for one in documents}.items():
            if item := items.get(id_):
                yield pytest.param(binary(item), document, chosen, id=f"{file.stem}-{id_}")


def binary(value: Any) -> Any:
    """The recording's binary values as bytes."""
    if isinstance(value, dict):
        if "__b64__" in value:
            return base64.b64decode(value["__b64__"])
        return {name: binary(member) for name, member in value.items()}
    return [binary(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("item", "document", "chosen"), [*recorded()])
def test_what_data_prepper_made_of_an_item_is_known_again(item: Any, document: Any, chosen: Attributes) -> None:
    assert unchanged(item, document, chosen)
    for name in document:
        if any(excluded.startswith(name) for excluded in chosen.exclude):
            continue
        less = {other: value for other, value in document.items() if other != name}
        assert not unchanged(item, less, chosen)
        assert not unchanged(item, {**document, name: "something else"}, chosen)
    if not chosen.include:
        assert not unchanged(item, {**document, "more": 1}, chosen)


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ({"BOOL": True}, 1),
        ({"N": "1"}, True),
        ({"N": "1"}, "1"),
        ({"S": "1"}, 1),
        ({"N": "0.1"}, 0),
        ({"NULL": True}, False),
        ({"SS": ["a", "b"]}, ["a", "a"]),
        ({"L": [{"S": "a"}, {"S": "b"}]}, ["b", "a"]),
        ({"M": {}}, []),
    ],
)
def test_what_only_looks_the_same_is_not(value: Any, seen: Any) -> None:
    assert not unchanged({"a": value}, {"a": seen}, EVERYTHING)


def test_a_set_has_no_order() -> None:
    assert unchanged({"a": {"NS": ["1", "2.50"]}}, exact_json.loads('{"a": [2.5, 1]}'), EVERYTHING)


def test_only_what_the_pipeline_lets_through_counts() -> None:
    item = {"id": {"S": "a"}, "secret": {"S": "x"}, "price": {"N": "1"}}
    assert unchanged(item, {"id": "a", "price": 1}, Attributes((), ("secret",)))
    assert not unchanged(item, {"id": "a", "price": 2}, Attributes((), ("secret",)))
    assert unchanged(item, {"price": 1}, Attributes(("price", "colour"), ()))
    assert not unchanged(item, {"price": 1, "colour": "red"}, Attributes(("price", "colour"), ()))
    # Of `sec`, a beginning of an excluded name, Data Prepper leaves {}.
    assert unchanged({**item, "sec": {"S": "y"}}, {"id": "a", "price": 1, "sec": {}}, Attributes((), ("secret",)))


def test_recordings_were_found() -> None:
    assert len([*recorded()]) > 20
