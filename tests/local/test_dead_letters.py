"""Dead letters replayed into a real OpenSearch, with the security roles of the system, beside a pipeline at work.

The pipeline is the tests' own: its changes arrive when a test says so, between any two steps of the function too.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opensearchpy import OpenSearch

from functions.dead_letters import exact_json
from functions.dead_letters.domain import Domain, NoIndex, Place, Write
from functions.dead_letters.items import Table
from functions.dead_letters.letters import Letter
from functions.dead_letters.pipelines import Attributes, Pipeline
from functions.dead_letters.replay import SETTLED_MILLISECONDS, Fate, Outcome, Replay
from functions.search_setup import completeness
from functions.search_setup.access import API
from functions.search_setup.domain import Domain as SetupDomain
from local import opensearch, security
from local.emulator import Emulator, start
from stacks import security_roles
from tests.examples import examples

PREFIX = "letters"
INDEX = f"{PREFIX}-orders-1"
ROLE = f"arn:aws:iam::123456789012:role/{PREFIX}"
WRITER, REPLAYER = f"{ROLE}-writer", f"{ROLE}-replayer"
SECOND = 1_000
"""In milliseconds, as all times here."""
START = 1_767_225_600 * SECOND

AS_ITS_ITEM = Pipeline(PREFIX, (INDEX,), replayed=True, key_in_id=True, attributes=Attributes((), ("secret",)))
PROCESSED = Pipeline(PREFIX, (INDEX,), replayed=True, key_in_id=True, attributes=None)


@dataclass(frozen=True)
class Change:
    """A change of an item as the stream has it: all of the item, None where it was deleted."""

    id: str
    version: int
    attributes: dict[str, Any] | None


@dataclass
class World:
    """A table, its index, a pipeline between them, and time, which passes when a test says so."""

    url: str
    dynamodb: Any
    pipeline: Pipeline = AS_ITS_ITEM
    now: int = START
    pending: list[Change] = field(default_factory=list)
    """What the pipeline has yet to deliver."""
    letters: list[Letter] = field(default_factory=list)
    poison: bool = True
    """Whether the pipeline finds documents with `poison` refused."""
    looked: Callable[[], None] = lambda: None
    """Happens after the function has looked into the index."""
    read: Callable[[], None] = lambda: None
    """Happens after the function has read the table."""
    _latest: int = 0

    def client(self, arn: str) -> OpenSearch:
        return OpenSearch(self.url, headers=security.identity(arn), serializer=exact_json.Serializer())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.client(security.ADMINISTRATOR).transport.perform_request(method, path, body=body)

    def put(self, id_: str, **attributes: Any) -> None:
        """A change of the table, which the pipeline will find in the stream."""
        item = {"id": {"S": id_}, **{name: _value(value) for name, value in attributes.items()}}
        self.dynamodb.put_item(TableName=PREFIX, Item=item)
        self._changed(id_, {"id": id_, **attributes})

    def delete(self, id_: str) -> None:
        self.dynamodb.delete_item(TableName=PREFIX, Key={"id": {"S": id_}})
        self._changed(id_, None)

    def _changed(self, id_: str, attributes: dict[str, Any] | None) -> None:
        # As Data Prepper makes it: the second, and how much it has seen of that.
        self._latest = max(self._latest + 1, self.now // SECOND * 1_000_000)
        self.pending.append(Change(id_, self._latest, attributes))

    def passes(self, milliseconds: int) -> None:
        self.now += milliseconds

    def deliver(self, number: int | None = None) -> None:
        """The pipeline does so many of what it has to do, all of it where it is not told; it takes a moment."""
        self.passes(1)
        for change in self.pending[:number]:
            if change.attributes is not None and "poison" in change.attributes and self.poison:
                self.letters.append(self.letter(change))
            else:
                self.write(change)
        self.pending = self.pending[len(self.pending) if number is None else number :]

    def write(self, change: Change, index: str = INDEX) -> None:
        target = {"_index": index, "_id": change.id, "version": change.version, "version_type": "external"}
        document = self.document(change)
        lines: list[Any] = [{"delete": target}] if document is None else [{"index": target}, document]
        answer = self.client(WRITER).bulk(body="".join(f"{exact_json.dumps(line)}\n" for line in lines))
        for item in answer["items"]:
            (result,) = item.values()
            assert result["status"] in (200, 201, 404, 409), result

    def document(self, change: Change) -> dict[str, Any] | None:
        """As the pipeline makes it."""
        if change.attributes is None:
            return None
        made = {name: value for name, value in change.attributes.items() if name != "secret"}
        return made if self.pipeline.attributes else {**made, "processed": True}

    def letter(self, change: Change, **data: Any) -> Letter:
        """As Data Prepper writes it now."""
        time = datetime.fromtimestamp(self.now / SECOND, UTC).isoformat(timespec="milliseconds")
        # Of a deletion Data Prepper writes down what was in the item.
        document = self.document(change) or {"id": change.id}
        failed = {"index": INDEX, "indexId": change.id, "status": 400, "message": "no", "document": document, **data}
        return Letter({"failedData": failed, "timestamp": time})

    def replay(self, letters: list[Letter] | None = None) -> list[Outcome]:
        """As the function does; letters that stay are left."""
        table, domain = _Table(self), _Domain(self)
        replay = Replay(domain, lambda _: table, lambda: self.now)
        if letters is None:
            letters, self.letters = self.letters, []
        outcomes = replay.replay(letters, self.pipeline)
        # New ones may have come meanwhile.
        self.letters = [*(outcome.letter for outcome in outcomes if outcome.stays), *self.letters]
        return outcomes

    def fates(self) -> list[Fate]:
        """Of a replay."""
        return [outcome.fate for outcome in self.replay()]

    def found(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Id -> version and document, of all in the index."""
        self.ask("POST", f"/{INDEX}/_refresh")
        answer = self.ask("POST", f"/{INDEX}/_search", {"size": 1000, "version": True})
        return {hit["_id"]: (hit["_version"], hit["_source"]) for hit in answer["hits"]["hits"]}

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        return {id_: document for id_, (_, document) in self.found().items()}


class _Domain(Domain):
    """With what happens after a look."""

    def __init__(self, world: World) -> None:
        super().__init__(world.client(REPLAYER))
        self._world = world

    def look_up(self, places: Any) -> Any:
        found = super().look_up(places)
        self._world.looked()
        return found


class _Table(Table):
    def __init__(self, world: World) -> None:
        super().__init__(world.dynamodb, PREFIX)
        self._world = world

    def read(self, keys: Any) -> Any:
        found = super().read(keys)
        self._world.read()
        return found


def _value(value: Any) -> dict[str, Any]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


@pytest.fixture(scope="module")
def emulator(node: opensearch.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("letters"), node_url=node.url)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def surroundings(node: opensearch.Node, emulator: Emulator) -> Iterator[Callable[..., World]]:
    """``surroundings(PIPELINE)``: a new world, with an empty table and an empty index."""
    dynamodb = emulator.client("dynamodb")
    dynamodb.create_table(
        TableName=PREFIX,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    clean = World(node.url, dynamodb)
    pattern = [f"{PREFIX}-orders-*"]
    roles = {WRITER: security_roles.pipeline(pattern), REPLAYER: security_roles.dead_letters(pattern)}
    for arn, role in roles.items():
        name = arn.rpartition("/")[2]
        clean.ask("PUT", f"{API}/roles/{name}", role)
        clean.ask("PUT", f"{API}/rolesmapping/{name}", {"backend_roles": [arn]})

    def create(pipeline: Pipeline = AS_ITS_ITEM) -> World:
        clean.ask("DELETE", f"/{PREFIX}-*")
        shape = {"number_of_replicas": 0, "refresh_interval": "-1"}
        clean.ask("PUT", f"/{INDEX}", {"settings": shape, "mappings": {"properties": {"price": {"type": "double"}}}})
        for page in dynamodb.get_paginator("scan").paginate(TableName=PREFIX):
            for item in page["Items"]:
                dynamodb.delete_item(TableName=PREFIX, Key={"id": item["id"]})
        return World(node.url, dynamodb, pipeline)

    yield create
    clean.ask("DELETE", f"/{PREFIX}-*")
    for arn, kind in itertools.product(roles, ("rolesmapping", "roles")):
        clean.ask("DELETE", f"{API}/{kind}/{arn.rpartition('/')[2]}")


@pytest.fixture
def world(surroundings: Callable[..., World]) -> World:
    """Documents are their items."""
    return surroundings()


@pytest.fixture
def processed(surroundings: Callable[..., World]) -> World:
    """Documents are what processors make of items."""
    return surroundings(PROCESSED)


def refuse(world: World, id_: str, **attributes: Any) -> None:
    """A change that ends as a letter, some time ago."""
    world.put(id_, poison=1, **attributes)
    world.deliver()
    world.passes(60 * SECOND)


def test_a_letter_is_written_and_taken(world: World) -> None:
    world.put("a", price=1, secret="x")
    world.put("b", price=2)
    world.deliver()
    world.passes(SECOND)
    refuse(world, "a", price=3, secret="y", new="dynamically mapped")
    refuse(world, "c", price=4)
    assert world.fates() == [Fate.WRITTEN, Fate.WRITTEN]
    assert world.documents == {
        "a": {"id": "a", "poison": 1, "price": 3, "new": "dynamically mapped"},
        "b": {"id": "b", "price": 2},
        "c": {"id": "c", "poison": 1, "price": 4},
    }
    assert world.letters == []


def test_what_is_refused_again_stays_with_the_new_reason(world: World) -> None:
    refuse(world, "a", price="no number")
    refuse(world, "b", price=1)
    refused, written = world.replay()
    assert (refused.fate, written.fate) == (Fate.REFUSED, Fate.WRITTEN)
    assert refused.why.startswith("failed to parse field [price] of type [double] in document with id 'a'")
    assert " caused by " in refused.why
    (letter,) = world.letters
    assert (letter.status, letter.message) == (400, refused.why)
    assert world.documents.keys() == {"b"}


def test_a_newer_document_is_never_overwritten(world: World) -> None:
    """Though the letter was written after it: the pipeline was behind."""
    world.put("a", poison=1)
    world.passes(SECOND)
    world.put("a", price=2)
    world.passes(3600 * SECOND)
    world.deliver()
    (letter,), ((version, _),) = world.letters, world.found().values()
    assert version < letter.milliseconds * 1000
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.OVERTAKEN]
    assert world.documents == {"a": {"id": "a", "price": 2}}


def test_an_older_document_is_overwritten_and_a_later_change_wins(world: World) -> None:
    world.put("a", price=1)
    refuse(world, "a", price=2)
    assert world.fates() == [Fate.WRITTEN]
    assert world.documents["a"]["price"] == 2
    world.put("a", price=3)
    world.deliver()
    assert world.documents["a"]["price"] == 3


def test_a_deleted_document_is_not_brought_back(world: World) -> None:
    refuse(world, "never-there", price=1)
    world.delete("never-there")
    world.put("was-there", price=1)
    refuse(world, "was-there", price=2)
    world.delete("was-there")
    world.deliver()
    assert world.fates() == [Fate.OVERTAKEN, Fate.OVERTAKEN]
    assert world.documents == {}


def test_a_deletion_that_was_dead_lettered_is_done(world: World) -> None:
    world.put("a", price=1)
    world.deliver()
    world.delete("a")
    world.letters = [world.letter(world.pending.pop())]
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.DELETED]
    assert world.documents == {}


def test_a_letter_that_its_item_has_left_behind_waits_for_what_follows(world: World) -> None:
    refuse(world, "a", price=1)
    world.put("a", price=2)
    assert world.fates() == [Fate.WAITING]
    assert world.documents == {}
    world.deliver()
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.OVERTAKEN]
    assert world.documents == {"a": {"id": "a", "price": 2}}


def test_of_letters_about_one_item_the_last_counts(world: World) -> None:
    world.put("a", poison=1, price=1)
    world.put("a", poison=1, price=2)
    world.deliver()
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.OVERTAKEN, Fate.WRITTEN]
    assert world.documents["a"]["price"] == 2


def test_replaying_again_changes_nothing(world: World) -> None:
    refuse(world, "a", price=1)
    letters = list(world.letters)
    assert world.fates() == [Fate.WRITTEN]
    before = world.found()
    assert [outcome.fate for outcome in world.replay(letters)] == [Fate.OVERTAKEN]
    assert world.found() == before


def test_a_letter_of_this_moment_waits(world: World) -> None:
    world.put("a", poison=1)
    world.deliver()
    assert world.fates() == [Fate.WAITING]
    world.passes(SETTLED_MILLISECONDS)
    assert world.fates() == [Fate.WRITTEN]


def test_a_letter_never_takes_the_place_of_a_change_after_it(world: World) -> None:
    """Though its item is again as the letter says: that is another change, with a letter of its own or on its way."""
    refuse(world, "a", price=1)
    world.put("a", price=2)
    world.deliver()
    world.passes(SECOND)
    world.put("a", price=1, poison=1)
    before = world.found()
    assert world.fates() == [Fate.WAITING]
    assert world.found() == before
    world.deliver()
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.OVERTAKEN, Fate.WRITTEN]
    assert world.documents["a"]["price"] == 1


@pytest.mark.parametrize("step", ["looked", "read"])
@pytest.mark.parametrize("what", ["put", "delete"])
def test_what_the_pipeline_does_meanwhile_wins(world: World, step: str, what: str) -> None:
    world.put("a", price=1)
    refuse(world, "a", price=2)

    def meanwhile() -> None:
        if what == "put":
            world.put("a", price=3)
        else:
            world.delete("a")
        world.deliver()

    setattr(world, step, meanwhile)
    assert world.fates() == [Fate.WAITING]
    setattr(world, step, lambda: None)
    expected = {"a": {"id": "a", "price": 3}} if what == "put" else {}
    assert world.documents == expected
    world.passes(60 * SECOND)
    world.replay()
    assert world.letters == []
    assert world.documents == expected


def test_what_is_made_anew_at_the_last_moment_is_not_deleted(world: World) -> None:
    world.put("a", price=1)
    refuse(world, "a", price=2)
    world.delete("a")
    world.pending.clear()  # dead-lettered, too

    def anew() -> None:
        world.passes(SECOND)
        world.put("a", price=3)
        world.deliver()

    world.read = anew
    assert world.fates() == [Fate.WAITING]
    assert world.documents == {"a": {"id": "a", "price": 3}}


def test_what_processors_made_is_written_where_nothing_is(processed: World) -> None:
    refuse(processed, "a", price=1)
    assert processed.fates() == [Fate.WRITTEN]
    assert processed.documents == {"a": {"id": "a", "poison": 1, "price": 1, "processed": True}}


def test_a_change_that_is_still_on_its_way_wins_over_what_processors_made(processed: World) -> None:
    """Though it is older than the letter: the pipeline is behind."""
    processed.put("a", poison=1, price=1)
    processed.passes(SECOND)
    processed.put("a", price=2)
    processed.passes(3600 * SECOND)
    processed.deliver(1)
    processed.passes(60 * SECOND)
    assert processed.fates() == [Fate.WRITTEN]
    processed.deliver()
    assert processed.documents["a"]["price"] == 2


def test_what_processors_made_is_not_written_over_what_may_be_newer(processed: World) -> None:
    processed.put("older", price=1)
    refuse(processed, "older", price=2)
    processed.put("newer", poison=1)
    processed.put("newer", price=2)
    processed.passes(3600 * SECOND)
    processed.deliver()
    processed.put("later", poison=1)
    processed.deliver()
    processed.passes(3600 * SECOND)
    processed.put("later", price=3)
    processed.deliver()
    processed.passes(60 * SECOND)
    before = processed.found()
    assert processed.fates() == [Fate.KEPT, Fate.KEPT, Fate.OVERTAKEN]
    assert processed.found() == before


def test_of_two_letters_after_processors_the_later_one_wins_whenever_it_comes(processed: World) -> None:
    refuse(processed, "a", price=1)
    refuse(processed, "a", price=2)
    (first, second), processed.letters = processed.letters, []
    assert [outcome.fate for outcome in processed.replay([second])] == [Fate.WRITTEN]
    assert [outcome.fate for outcome in processed.replay([first])] == [Fate.OVERTAKEN]
    assert processed.documents["a"]["price"] == 2
    third = processed.letter(Change("a", 0, {"id": "a", "price": 3}))
    processed.passes(60 * SECOND)
    assert [outcome.fate for outcome in processed.replay([third])] == [Fate.WRITTEN]
    assert processed.documents["a"]["price"] == 3


def test_deletions_are_right_after_processors_too(processed: World) -> None:
    processed.put("a", price=1)
    refuse(processed, "a", price=2)
    refuse(processed, "b", price=2)
    for id_ in ("a", "b"):
        processed.delete(id_)
    processed.pending.clear()
    assert sorted(fate.value for fate in processed.fates()) == ["deleted", "overtaken"]
    assert processed.documents == {}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"index": f"{PREFIX}-orders-2"}, "its index is not one of this pipeline"),
        ({"indexId": None}, "it has no id or no document"),
        ({"document": '{"id": "a"}'}, "it has no id or no document"),
    ],
)
def test_what_is_not_to_be_replayed_stays_with_a_reason(world: World, data: dict[str, Any], why: str) -> None:
    refuse(world, "a")
    world.letters = [Letter({**one.entry, "failedData": {**one.entry["failedData"], **data}}) for one in world.letters]
    (outcome,) = world.replay()
    assert outcome.fate is Fate.KEPT
    assert outcome.why.startswith(why)
    assert world.documents == {}


def test_an_index_that_is_gone_is_not_made_again(world: World) -> None:
    refuse(world, "a")
    world.ask("DELETE", f"/{INDEX}")
    (outcome,) = world.replay()
    assert outcome.fate is Fate.KEPT
    assert outcome.why == f"no such index [{INDEX}]"
    (found,) = Domain(world.client(REPLAYER)).look_up([Place(INDEX, "a")])
    assert isinstance(found, NoIndex)
    (answer,) = Domain(world.client(REPLAYER)).write([Write(Place(INDEX, "a"), 1, {"id": "a"})])
    assert answer.status in (403, 404)
    assert INDEX not in world.ask("GET", "/_cat/indices?format=json&h=index")


def test_the_role_is_for_indices_of_the_pipelines_only(world: World) -> None:
    world.ask("PUT", f"/{PREFIX}-other/_doc/a", {"id": "a"})
    domain = Domain(world.client(REPLAYER))
    (found,) = domain.look_up([Place(f"{PREFIX}-other", "a")])
    assert isinstance(found, NoIndex)
    assert "no permissions" in found.why
    answers = domain.write([Write(Place(f"{PREFIX}-other", "a"), 10, document) for document in ({"id": "b"}, None)])
    assert [answer.status for answer in answers] == [403, 403]
    assert world.ask("GET", f"/{PREFIX}-other/_doc/a")["_source"] == {"id": "a"}


def test_numbers_keep_their_digits(world: World) -> None:
    refuse(world, "a")
    text = '{"id":"a","poison":1,"exact":0.12345678901234567890123456789012345678}'
    (letter,) = world.letters
    data = {**letter.entry["failedData"], "document": exact_json.loads(text)}
    item = {"id": {"S": "a"}, "poison": {"N": "1"}, "exact": {"N": "0.12345678901234567890123456789012345678"}}
    world.dynamodb.put_item(TableName=PREFIX, Item=item)
    world.letters = [Letter({**letter.entry, "failedData": data})]
    assert world.fates() == [Fate.WRITTEN]
    assert exact_json.dumps(world.documents["a"]) == exact_json.dumps(exact_json.loads(text))


def test_more_than_one_request_holds(world: World) -> None:
    large = "x" * 60_000
    for number in range(230):
        world.put(f"i{number}", poison=1, text=large if number % 2 else "small")
    world.deliver()
    world.passes(60 * SECOND)
    assert world.fates() == [Fate.WRITTEN] * 230
    assert len(world.documents) == 230


def test_a_replayed_document_lets_a_new_generation_serve(world: World) -> None:
    """Whoever waits for the new index to be complete finds it no older than in the old one."""
    old = f"{PREFIX}-orders-0"
    for id_ in "ab":
        world.put(id_, price=1)
        world.write(world.pending[-1], old)
    world.deliver()
    world.passes(SECOND)
    world.put("a", price=2, poison=1)
    world.write(world.pending[-1], old)
    world.deliver()
    world.passes(60 * SECOND)
    domain = SetupDomain(world.client(security.ADMINISTRATOR), lambda: 1000)
    lacking = next(completeness.lacking(domain, "orders", old, INDEX))
    assert lacking == "1 of 2 documents of orders are missing or older, for example a"
    assert world.fates() == [Fate.WRITTEN]
    assert [*completeness.lacking(domain, "orders", old, INDEX)] == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("ab"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("delete"), st.sampled_from("ab")),
        st.tuples(st.just("deliver"), st.integers(1, 3)),
        st.tuples(st.just("passes"), st.sampled_from([1, 700, SECOND, 10 * SECOND])),
        st.tuples(st.just("mend")),
        st.tuples(st.just("replay"), st.integers(0, 2), st.integers(0, 2)),
    ),
    min_size=5,
    max_size=25,
)


@pytest.mark.parametrize("pipeline", [AS_ITS_ITEM, PROCESSED], ids=["as-its-item", "processed"])
@given(steps=steps)
@examples(40)
def test_whatever_happens_index_and_table_agree_in_the_end(
    surroundings: Callable[..., World], pipeline: Pipeline, steps: list[tuple[Any, ...]]
) -> None:
    world = surroundings(pipeline)
    for step in steps:
        match step:
            case "put", id_, price, poison:
                world.put(id_, price=price, **({"poison": 1} if poison else {}))
            case "delete", id_:
                world.delete(id_)
            case "deliver", number:
                world.deliver(number)
            case "passes", milliseconds:
                world.passes(milliseconds)
            case "mend", *_:
                world.poison = False
            case "replay", after_look, after_read:
                world.looked, world.read = (lambda n=n: world.deliver(n) for n in (after_look, after_read))
                world.replay()
                world.looked = world.read = lambda: None
    world.deliver()
    before = None
    while before is None or len(world.letters) < before:
        world.passes(60 * SECOND)
        before = len(world.letters)
        world.replay()
    items = {item["id"]["S"]: item for item in world.dynamodb.scan(TableName=PREFIX)["Items"]}
    expected = {
        id_: world.document(Change(id_, 0, {n: int(v["N"]) if "N" in v else v["S"] for n, v in item.items()}))
        for id_, item in items.items()
    }
    undecided = {letter.document_id for letter in world.letters}
    if pipeline is AS_ITS_ITEM:
        assert undecided == set()
    assert {id_: one for id_, one in world.documents.items() if id_ not in undecided} == {
        id_: one for id_, one in expected.items() if id_ not in undecided
    }
