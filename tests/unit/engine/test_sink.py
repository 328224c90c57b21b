import json
import re
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from opensearchpy.exceptions import ConnectionError as UnreachableError
from opensearchpy.exceptions import TransportError

import osis
from local.engine.dead_letters import DeadLetterQueue
from local.engine.events import Event, Value
from local.engine.indices import Indices, Stopped
from local.engine.sink import Sink
from local.engine.support import plan
from tests.unit.engine.fakes import FakeBucket, FakeCluster

Body = Callable[..., dict[str, Any]]
CONFLICT = {"type": "version_conflict_engine_exception", "reason": "newer"}
BAD = {"type": "mapper_parsing_exception", "reason": "failed", "caused_by": {"type": "x", "reason": "why"}}


class Rig:
    def __init__(self, document: dict[str, Any]) -> None:
        planned = plan(osis.parse(json.dumps(document))).sinks[0]
        self.cluster, self.bucket, self.stop = FakeCluster(), FakeBucket(), threading.Event()
        letters = planned.dead_letters
        queue = DeadLetterQueue(self.bucket, letters.bucket, letters.key_path_prefix, "orders") if letters else None
        self.sink = Sink(
            self.cluster, Indices(self.cluster, planned.index, self.stop), planned.options, queue, self.stop
        )

    def add(self, *ids: str, data: dict[str, Value] | None = None, **metadata: Value) -> None:
        for number, name in enumerate(ids):
            found: dict[str, Value] = {"primary_key": name, "opensearch_action": "index", "document_version": number}
            self.sink.add(Event({"id": name} if data is None else data, found | metadata))

    def send(self, *ids: str, data: dict[str, Value] | None = None, **metadata: Value) -> list[Any]:
        self.add(*ids, data=data, **metadata)
        self.sink.flush()
        return self.cluster.bulks[-1] if self.cluster.bulks else []


@pytest.fixture
def rig(body: Body) -> Callable[..., Rig]:
    def create(*, with_queue: bool = True, **options: Any) -> Rig:
        document = body(sink=options)
        if not with_queue:
            del document["orders"]["sink"][0]["opensearch"]["dlq"]
        return Rig(document)

    return create


def test_operations(rig: Callable[..., Rig]) -> None:
    target = {"_index": "orders", "_id": "a", "version": 0, "version_type": "external"}
    assert rig().send("a") == [("index", target, {"id": "a"})]
    assert rig().send("a", opensearch_action="delete") == [("delete", target, None)]
    assert rig().send("a", opensearch_action="update") == [("update", target, {"doc": {"id": "a"}})]
    plain = {"_index": "orders", "_id": "a"}
    upsert = rig(action="upsert", document_version=None, document_version_type=None).send("a")
    assert upsert == [("update", plain, {"doc": {"id": "a"}, "upsert": {"id": "a"}})]
    assert rig(action="create").send("a") == [("create", plain, {"id": "a"})]
    # Data Prepper knows the word in any case and then does the usual thing.
    assert rig().send("a", opensearch_action="DELETE") == [("index", target, {"id": "a"})]
    assert rig().send("a", opensearch_action="explode") == []


def test_routing_and_actions_with_conditions(rig: Callable[..., Rig]) -> None:
    actions = [{"type": "delete", "when": '/id == "a"'}, {"type": "create", "when": '/id == "b"'}, {"type": "index"}]
    bulk = rig(actions=actions, routing="${/id}").send("a", "b", "c")
    assert [(action, target["routing"]) for action, target, _ in bulk] == [
        ("delete", "a"),
        ("create", "b"),
        ("index", "c"),
    ]


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"include_keys": ["id", "deep"]}, {"id": "a", "deep": {"x": 1}}),
        ({"exclude_keys": ["deep"]}, {"id": "a", "list": [{"y": 1}, 2]}),
        # As in Data Prepper: `de` is taken for the way to `deep`.
        ({"exclude_keys": ["identity"]}, {"id": {}, "deep": {"x": 1}, "list": [{"y": 1}, 2]}),
        ({"document_root_key": "deep"}, {"x": 1}),
        ({"document_root_key": "list"}, {"data": [{"y": 1}, 2]}),
        ({"document_root_key": "missing", "include_keys": ["id"]}, {"id": "a"}),
    ],
)
def test_what_of_an_event_is_the_document(rig: Callable[..., Rig], options: Any, source: Any) -> None:
    data: dict[str, Value] = {"id": "a", "deep": {"x": 1}, "list": [{"y": 1}, 2]}
    ((_, _, sent),) = rig(**options).send("a", data=data)
    assert sent == source


def test_document_without_its_id_gets_one_from_opensearch(rig: Callable[..., Rig]) -> None:
    ((_, target, _),) = rig(document_id="${missing}").send("a")
    assert "_id" not in target


def test_refused_document_is_a_dead_letter_and_the_others_go_on(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.cluster.answers = [[(201, None), (400, BAD), (409, CONFLICT), (404, {"reason": None})]]
    one.send("a", "b", "c", "d", data={"n": Decimal("1.50")})
    assert len(one.cluster.bulks) == 1
    assert one.bucket.letters == [("orders", "b", 400, "failed caused by why"), ("orders", "d", 404, "unknown")]
    ((key, content),) = one.bucket.objects.items()
    assert re.fullmatch(r"dlq/\d{4}/dlq-v2-orders-opensearch-[\dT:.-]+Z-[0-9a-f-]{36}\.json", key)
    assert content["dlqObjects"][0] | {"timestamp": "", "failedData": ""} == {
        "pluginId": "opensearch",
        "pluginName": "opensearch",
        "pipelineName": "orders",
        "timestamp": "",
        "failedData": "",
    }
    assert content["dlqObjects"][0]["failedData"]["document"] == {"n": 1.5}


def test_conflict_without_versions_is_a_dead_letter(rig: Callable[..., Rig]) -> None:
    one = rig(document_version=None, document_version_type=None, action="create")
    one.cluster.answers = [[(409, CONFLICT)]]
    one.send("a")
    assert one.bucket.letters == [("orders", "a", 409, "newer")]


def test_only_what_may_pass_later_is_sent_again(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.cluster.answers = [[(429, BAD), (201, None), (400, BAD)], UnreachableError("N/A", "refused", Exception())]
    one.send("a", "b", "c")
    assert [[target["_id"] for _, target, _ in bulk] for bulk in one.cluster.bulks] == [["a", "b", "c"], ["a"], ["a"]]
    assert [name for _, name, *_ in one.bucket.letters] == ["c"]


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_refused_request_is_tried_again_and_then_given_up(rig: Callable[..., Rig], status: int) -> None:
    one = rig(max_retries=2)
    one.cluster.answers = [TransportError(status, "no", {})] * 2
    one.send("a", "b")
    assert len(one.cluster.bulks) == 2
    assert [(name, code) for _, name, code, _ in one.bucket.letters] == [("a", 0), ("b", 0)]
    assert one.bucket.letters[0][3].startswith(
        "Number of retries reached the limit of max retries (configured value 2. Last exception message: "
    )


def test_documents_of_the_last_request_are_given_up_together(rig: Callable[..., Rig]) -> None:
    one = rig(max_retries=1)
    one.cluster.answers = [[(201, None), (403, BAD)]]
    one.send("a", "b")
    assert [name for _, name, *_ in one.bucket.letters] == ["a", "b"]


def test_bad_request_is_not_tried_again(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.cluster.answers = [TransportError(400, "bad", {})]
    one.send("a")
    assert len(one.cluster.bulks) == 1
    assert [(name, code) for _, name, code, _ in one.bucket.letters] == [("a", 0)]


def test_endless_retries_end_when_the_engine_is_stopped(rig: Callable[..., Rig]) -> None:
    one = rig(max_retries=None)
    one.cluster.answers = [TransportError(503, "no", {})] * 1000
    one.add("a")
    one.stop.set()
    with pytest.raises(Stopped):
        one.sink.flush()


def test_dead_letters_are_written_again_until_the_engine_is_stopped(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("local.engine.sink._DEAD_LETTERS_SECONDS", 0.01)
    one = rig()
    one.cluster.answers = [[(400, BAD)], [(400, BAD)]]
    one.bucket.refusals = 2
    one.send("a")
    assert len(one.cluster.bulks) == 1
    assert [name for _, name, *_ in one.bucket.letters] == ["a"]
    # The same object each time: S3 may have taken the first, though its answer was lost.
    assert [one.bucket.keys.count(key) for key in one.bucket.objects] == [3]
    assert "dead letters cannot be written: An error occurred (AccessDenied)" in caplog.text
    one.bucket.refusals = 1
    one.stop.set()
    with pytest.raises(Stopped):
        one.send("b")


def test_without_a_queue_the_document_is_lost_and_the_others_go_on(rig: Callable[..., Rig]) -> None:
    one = rig(with_queue=False)
    one.cluster.answers = [[(400, BAD)]]
    one.send("a")
    assert one.send("b")


@pytest.mark.parametrize("version", [" 7", "1_0", "9223372036854775808", "7.0"])
def test_version_that_is_no_long_of_java_is_one_dead_letter(rig: Callable[..., Rig], version: str) -> None:
    one = rig(document_version="${/v}")
    one.add("a", data={"v": version})
    assert [target["_id"] for _, target, _ in one.send("b", data={"v": "+7"})] == ["b"]
    ((*_, message),) = one.bucket.letters
    assert message == (
        "Unable to convert the result of evaluating document_version '${/v}' to Long for an Event. "
        f"The evaluation result '{version}' must be a valid Long type"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"document_version": "${missing}"},
            "There was an exception when evaluating the document_version '${missing}': "
            "The key missing could not be found in the Event when formatting",
        ),
        ({"index": "orders-${missing}"}, "The key missing could not be found in the Event when formatting"),
        ({"index": "bad-${/id}"}, "Invalid characters in the index name bad-a"),
        ({"index": "-${/none}", "normalize_index": True}, "Unable to normalize index '-'. This index name is invalid."),
    ],
)
def test_event_that_gives_no_operation_is_a_dead_letter(rig: Callable[..., Rig], options: Any, message: str) -> None:
    one = rig(**options)
    assert one.send("a") == []
    ((_, name, status, text),) = one.bucket.letters
    assert (name, status, text) == (None, 0, message)
    ((content,),) = (letters["dlqObjects"] for letters in one.bucket.objects.values())
    # Here Data Prepper has the document as text.
    assert content["failedData"]["document"] == '{"id":"a"}'


def test_full_bulk_is_sent_before_the_next_document(rig: Callable[..., Rig]) -> None:
    one = rig(bulk_size=0)
    one.add("a", "b", "c")
    assert [len(bulk) for bulk in one.cluster.bulks] == [1, 1]
    assert one.sink.waiting


def test_flush_timeout(rig: Callable[..., Rig]) -> None:
    at_once, later = rig(flush_timeout=-1), rig()
    at_once.add("a")
    later.add("a")
    assert at_once.sink.due
    assert not later.sink.due


def test_dynamic_index_is_made_once_for_each_name(rig: Callable[..., Rig]) -> None:
    one = rig(index="Orders-${/id}", normalize_index=True)
    one.send("A#", "A#", "b")
    made = [path for method, path, _ in one.cluster.calls if method == "PUT"]
    assert made == ["/orders-a", "/orders-b"]


def test_data_stream_is_refused(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.cluster.known = {"/_data_stream/orders"}
    one.send("a")
    one.send("b")
    message = "orders is a data stream, which this engine does not support"
    assert [text for *_, text in one.bucket.letters] == [message, message]


@pytest.mark.parametrize(
    ("options", "path", "put"),
    [
        ({"template_type": "index-template"}, "/_index_template/orders-index-template", {"index_patterns": ["orders"]}),
        ({}, "/_template/orders-index-template", {"index_patterns": ["orders"]}),
        ({"index": "orders-%{yyyy.MM}"}, "/_template/orders-index-template", {"index_patterns": ["orders-*"]}),
        ({"index": "%{yyyy}-orders"}, "/_template/orders-index-template", {"index_patterns": ["*-orders"]}),
    ],
)
def test_template_is_put(rig: Callable[..., Rig], options: Any, path: str, put: Any) -> None:
    one = rig(template_content='{"version": 2, "priority": 7}', **options)
    one.sink.indices.prepare()
    assert ("PUT", path, {"version": 2, "priority": 7} | put) in one.cluster.calls


@pytest.mark.parametrize(("version", "replaced"), [(2, False), (3, False), (4, True)])
@pytest.mark.parametrize("type_", ["v1", "index-template"])
def test_template_is_replaced_by_a_newer_version_only(
    rig: Callable[..., Rig], type_: str, version: int, replaced: bool
) -> None:
    one = rig(template_content=json.dumps({"version": version}), template_type=type_)
    path = f"/{'_template' if type_ == 'v1' else '_index_template'}/orders-index-template"
    one.cluster.known = {path}
    one.sink.indices.prepare()
    assert any((method, called) == ("PUT", path) for method, called, _ in one.cluster.calls) is replaced


def test_index_state_management_adds_the_rollover_alias(rig: Callable[..., Rig]) -> None:
    one = rig(template_content="{}", number_of_shards=1, template_type="v1")
    one.cluster.settings = {"defaults": {"opendistro": {"index_state_management": {"enabled": "true"}}}}
    one.cluster.known = {"alias orders", "orders"}
    one.sink.indices.prepare()
    settings = {"number_of_shards": 1, "opendistro.index_state_management.rollover_alias": "orders"}
    put = {"settings": settings, "index_patterns": ["orders"]}
    assert [call for call in one.cluster.calls if call[0] == "PUT"] == [
        ("PUT", "/_template/orders-index-template", put)
    ]
    assert one.sink.indices.requires_alias


def test_unmanaged_index_is_left_alone(rig: Callable[..., Rig]) -> None:
    one = rig(index_type="management_disabled", template_content='{"x": 1}')
    one.sink.indices.prepare()
    assert [method for method, *_ in one.cluster.calls if method == "PUT"] == []
