"""One generation of a table's indices after another, in a real OpenSearch with its real security plugin.

The function's time is the tests' own: in each of its pauses happens what a test wrote down for it.
"""

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from opensearchpy import AuthorizationException, OpenSearch

from functions.search_setup import completeness, events
from functions.search_setup.access import API
from functions.search_setup.domain import RESERVE, Domain, SetupFailed
from functions.search_setup.handler import act
from local import opensearch, processes, security
from stacks import security_roles

#: The names of everything that a test makes in the node begin so.
PREFIX = "gen"
TABLE, ORDERS, LARGE = f"{PREFIX}-shop", f"{PREFIX}-orders", f"{PREFIX}-orders-large"
OLD, NEW = f"{ORDERS}-1", f"{ORDERS}-2"
ROLE = f"arn:aws:iam::123456789012:role/{PREFIX}"
MASTER, ANALYST = f"{ROLE}-master", f"{ROLE}-analyst"
LIMIT_SECONDS = 60
# Pauses after which the function would wait for ever.
ENDLESS = 200

Event = dict[str, Any]
Documents = Mapping[str, int | None]
"""Id -> version; None: deleted, by what happened last of all."""


def at(second: int, seen: int = 0) -> int:
    """The version that Data Prepper makes of a change in that second; `seen`: records of it that came before."""
    return second * 1_000_000 + seen


def exported(number: int, names: Iterable[str] = "abcde") -> Documents:
    """What the export brought to a generation."""
    return dict.fromkeys(names, at(1_000 * number))


@dataclass
class Cluster:
    """The domain as its function, its pipelines and an analyst find it."""

    url: str
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    """What happens in the function's pauses, one after the other; after that it has no time left."""

    def as_role(self, arn: str = security.ADMINISTRATOR) -> OpenSearch:
        return OpenSearch(self.url, headers=security.identity(arn))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.as_role().transport.perform_request(method, path, body=body)

    def act(self, event: Event, client: Any = None) -> Any:
        """As the function does."""
        domain = Domain(client or self.as_role(MASTER), self._seconds_left, self._pause)
        return act(domain, events.check(event), b"")

    def _seconds_left(self) -> float:
        return RESERVE + (100 if self.meanwhile else 1)

    def _pause(self, _: float) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def write(self, number: int, documents: Documents, index: str = "") -> None:
        """As the pipeline of a generation does."""
        lines: list[Any] = []
        for name, version in documents.items():
            target = {"_index": index or f"{ORDERS}-{number}", "_id": name, "version_type": "external"}
            if version is None:
                lines.append({"delete": {**target, "version": at(1_000_000)}})
            else:
                lines += [{"index": {**target, "version": version}}, {"name": name}]
        answer = self.as_role(f"{ROLE}-{number}").bulk(body="".join(json.dumps(line) + "\n" for line in lines))
        for result in itertools.chain.from_iterable(item.values() for item in answer["items"]):
            # Newer in the index is as good as written.
            if "error" in result and result["status"] != 409:
                raise PermissionError(result["error"]["reason"])

    def found(self, name: str = ORDERS) -> list[str]:
        """What a search of an analyst finds, who may read what is behind the aliases."""
        self.ask("POST", f"/{PREFIX}-*/_refresh")
        hits = self.as_role(ANALYST).search(index=name, body={"size": 10_000, "sort": ["_doc"]})["hits"]["hits"]
        return sorted(hit["_id"] for hit in hits)

    def behind(self, alias: str = ORDERS) -> set[str]:
        """The indices that it leads to."""
        found = self.ask("GET", f"/_alias?filter_path=*.aliases.{alias}")
        return set(found)

    @property
    def templates(self) -> dict[str, Any]:
        found = self.ask("GET", "/_index_template")["index_templates"]
        return {entry["name"]: entry["index_template"] for entry in found if entry["name"].startswith(PREFIX)}

    @property
    def promised(self) -> set[str]:
        """The templates by which new indices get an alias."""
        return {name for name, template in self.templates.items() if template["template"].get("aliases")}

    def names(self, kind: str) -> set[str]:
        """Of ours among `roles` or `rolesmapping`."""
        return {name for name in self.ask("GET", f"{API}/{kind}") if name.startswith(PREFIX)}

    @property
    def indices(self) -> set[str]:
        return set(self.ask("GET", f"/{PREFIX}-*/_alias"))


@pytest.fixture(scope="module")
def url(node: opensearch.Node) -> Iterator[str]:
    """Of a node in which the function's role has what the master of a domain has."""
    cluster = Cluster(node.url)
    cluster.ask("PUT", f"{API}/rolesmapping/all_access", {"backend_roles": [MASTER]})
    yield node.url
    cluster.ask("DELETE", f"{API}/rolesmapping/all_access")


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    """What tests leave in the node goes with them."""
    cluster = Cluster(url)
    cluster.ask("PUT", f"{API}/roles/{PREFIX}-reader", security_roles.reader([ORDERS, LARGE]))
    cluster.ask("PUT", f"{API}/rolesmapping/{PREFIX}-reader", {"backend_roles": [ANALYST]})
    yield cluster
    cluster.ask("DELETE", f"/{PREFIX}-*")
    for name in cluster.templates:
        cluster.ask("DELETE", f"/_index_template/{name}")
    for kind in ("rolesmapping", "roles"):
        for name in cluster.names(kind):
            cluster.ask("DELETE", f"{API}/{kind}/{name}")


def generation(
    number: int,
    patterns: Mapping[str, str] | None = None,
    *,
    settled: bool = False,
    compare: bool = True,
    shards: int = 1,
    replicas: int = 0,
    **attributes: str,
) -> Event:
    """`patterns` by alias, `attributes` with their types."""
    patterns = patterns or {ORDERS: f"{ORDERS}-{number}"}
    settings = {"number_of_shards": shards, "number_of_replicas": replicas}
    properties = {name: {"type": kind} for name, kind in {"name": "keyword", **attributes}.items()}
    return {
        "pipeline": f"{TABLE}-{number}",
        "table": TABLE,
        "generation": number,
        "settled": settled,
        "compare": compare,
        "role": security_roles.pipeline(list(patterns.values())),
        "members": [f"{ROLE}-{number}"],
        "families": [
            {"alias": alias, "pattern": pattern, "settings": settings, "properties": properties}
            for alias, pattern in patterns.items()
        ],
    }


def prepare(*generations: Event) -> Event:
    return {
        "action": "prepare",
        "endpoint": "localhost:1",
        "audit": None,
        "roles": {},
        "mappings": {},
        "dashboards_users": [],
        "generations": list(generations),
        "start_page": None,
        "sessions": None,
    }


def invoked(action: str, number: int, lifecycle: str = "create") -> Event:
    """As Terraform invokes the function around a pipeline."""
    event = {"action": action, "endpoint": "localhost:1", "table": TABLE, "generation": number}
    return {**event, "tf": {"action": lifecycle, "prev_input": event if lifecycle == "delete" else None}}


serve = partial(invoked, "serve")
retire = partial(invoked, "retire", lifecycle="delete")
leave = partial(invoked, "serve", lifecycle="delete")


@pytest.fixture
def two(cluster: Cluster) -> Cluster:
    """The first generation serves five documents; there is a second one, still without an index."""
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    cluster.act(serve(1))
    cluster.act(prepare(generation(1, settled=True), generation(2)))
    return cluster


@pytest.fixture
def switched(two: Cluster) -> Cluster:
    """The second generation serves, the first one is still there."""
    two.write(2, exported(2))
    assert two.act(serve(2)) == {"serving": 2, "switched": True}
    return two


@pytest.mark.parametrize("created", [True, False])
def test_first_generation_is_found_from_its_first_document_on(cluster: Cluster, created: bool) -> None:
    """The pipeline's security role, which names just its index, makes an index that gets an alias."""
    assert cluster.act(prepare(generation(1))) == {
        "roles": 1,
        "mappings": 1,
        "index_templates": 1,
        "saved_objects": 0,
        "clients": 0,
    }
    if created:
        cluster.as_role(f"{ROLE}-1").indices.create(index=OLD, body={})
    cluster.write(1, exported(1))
    assert cluster.found() == ["a", "b", "c", "d", "e"]
    mapping = cluster.ask("GET", f"/{OLD}/_mapping")[OLD]["mappings"]
    assert mapping == {"_meta": {"pipeline": f"{TABLE}-1"}, "properties": {"name": {"type": "keyword"}}}
    assert cluster.act(serve(1)) == {"serving": 1, "switched": False}
    assert cluster.behind() == {OLD}


def test_an_index_that_missed_the_alias_gets_it(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    cluster.ask("POST", "/_aliases", {"actions": [{"remove": {"index": OLD, "alias": ORDERS}}]})
    assert cluster.act(serve(1)) == {"serving": 1, "switched": False}
    assert cluster.behind() == {OLD}


def test_readers_of_the_alias_read_what_serves_and_nothing_else(two: Cluster) -> None:
    two.write(2, exported(2, "abcdef"))
    two.write(1, exported(1, "f"))
    assert two.found(OLD) == two.found() == ["a", "b", "c", "d", "e", "f"]
    with pytest.raises(AuthorizationException):
        two.found(NEW)
    two.act(serve(2))
    assert two.found(NEW) == two.found() == ["a", "b", "c", "d", "e", "f"]
    with pytest.raises(AuthorizationException):
        two.found(OLD)


def test_pipelines_write_to_their_own_indices_only(two: Cluster) -> None:
    two.write(2, exported(2))
    with pytest.raises(PermissionError, match=r"no permissions for .*indices:data/write/index"):
        two.write(1, exported(1, "x"), NEW)
    with pytest.raises(PermissionError, match=r"no permissions for .*indices:admin/create"):
        two.write(1, exported(1, "x"), f"{ORDERS}-12")


def test_switches_when_everything_has_arrived(two: Cluster) -> None:
    two.write(2, exported(2, "ab"))
    two.meanwhile = [partial(two.write, 2, exported(2, "cd")), partial(two.write, 2, exported(2, "e"))]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}
    assert (two.behind(), two.promised, two.meanwhile) == ({NEW}, {f"{TABLE}-2.{ORDERS}"}, [])
    assert two.act(serve(2)) == {"serving": 2, "switched": False}


def test_waits_for_the_index_itself(two: Cluster) -> None:
    two.write(1, dict.fromkeys("abcde"))
    create = partial(two.as_role(f"{ROLE}-2").indices.create, index=NEW, body={})
    with pytest.raises(SetupFailed, match=f"there is no index {NEW} yet"):
        two.act(serve(2))
    two.meanwhile = [lambda: None, create]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}
    assert two.behind() == {NEW}


def test_refuses_while_documents_are_missing(two: Cluster) -> None:
    two.write(1, exported(1, "fgh"))
    two.write(2, exported(2, "a"))
    with pytest.raises(SetupFailed) as refusal:
        two.act(serve(2))
    assert str(refusal.value) == (
        f"{TABLE}: generation 1 goes on serving, for in generation 2 7 of 8 documents of {ORDERS} are missing or "
        f"older, for example b, c, d, e, f; look into the dead letters of the pipeline {TABLE}-2 and apply again, "
        "or go back to generation 1"
    )
    assert (two.behind(), two.promised) == ({OLD}, {f"{TABLE}-1.{ORDERS}"})


def test_looks_at_everything_anew_when_it_waits_long(two: Cluster) -> None:
    two.write(2, exported(2, "abcd"))
    nothing = [lambda: None] * completeness.LOOKS
    two.meanwhile = [partial(two.write, 1, exported(1, "f")), *nothing, partial(two.write, 2, exported(2, "e"))]
    with pytest.raises(SetupFailed, match=r"1 of 6 documents of gen-orders are missing or older, for example f;"):
        two.act(serve(2))


def test_refuses_while_a_document_is_older(two: Cluster) -> None:
    two.write(1, {"a": at(2_100), "b": at(2_200)})
    two.write(2, {**exported(2), "a": at(2_100), "b": at(2_199)})
    with pytest.raises(SetupFailed, match="1 of 5 documents of gen-orders are missing or older, for example b;"):
        two.act(serve(2))
    two.meanwhile = [partial(two.write, 2, {"b": at(2_200)})]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}


def test_readers_of_a_stream_that_began_at_different_times_agree_on_the_second(two: Cluster) -> None:
    two.write(1, {"a": at(2_100, seen=7)})
    two.write(2, {**exported(2), "a": at(2_100, seen=3)})
    assert two.act(serve(2)) == {"serving": 2, "switched": True}


def test_what_is_deleted_meanwhile_is_not_waited_for(two: Cluster) -> None:
    two.write(2, exported(2, "abcd"))
    two.meanwhile = [partial(two.write, 1, {"e": None})]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}
    assert two.found() == ["a", "b", "c", "d"]


def test_waits_until_what_was_deleted_is_gone(two: Cluster) -> None:
    two.write(2, exported(2, "abcdefg"))
    with pytest.raises(SetupFailed, match=r"in generation 2 2 of 7 documents of gen-orders are left over, .* f, g;"):
        two.act(serve(2))
    two.meanwhile = [partial(two.write, 2, {"f": None}), partial(two.write, 1, exported(1, "g"))]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}
    assert two.found() == ["a", "b", "c", "d", "e", "g"]


class _Traffic:
    """Two pipelines that write, the second one five changes behind the first, and an analyst who searches."""

    LAG = 5

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._over = threading.Event()
        self._written = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._kept, args=(work,)) for work in (self._write, self._search)]
        self._failures: list[BaseException] = []
        self.searches = 0

    def __enter__(self) -> "_Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Everything has arrived."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert self._failures == []

    def flows(self) -> None:
        """Return when there was another change."""
        assert self._written.acquire(timeout=LIMIT_SECONDS), self._failures

    def _kept(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:
            self._failures.append(failure)

    def _write(self) -> None:
        for number in itertools.count():
            over = self._over.is_set()
            self._cluster.write(1, self._change(number))
            for late in range(max(0, number - self.LAG), number + 1 if over else number - self.LAG + 1):
                self._cluster.write(2, self._change(late))
            self._written.release()
            if over:
                return

    def _change(self, number: int) -> Documents:
        """One more document, another one changed, a third one gone."""
        return {f"{100 + number:05}": at(3_000 + number), f"{50 + number:05}": at(3_000 + number), f"{number:05}": None}

    def _search(self) -> None:
        analyst = self._cluster.as_role(ANALYST)
        while not self._over.is_set():
            hits = analyst.search(index=ORDERS, body={"size": 10_000, "sort": ["_doc"]})["hits"]["hits"]
            assert hits, "found nothing"
            assert len(hits) == len({hit["_id"] for hit in hits}), "found a document twice"
            self.searches += 1


def test_switches_while_pipelines_write_and_people_search(two: Cluster) -> None:
    first = [f"{n:05}" for n in range(100)]
    two.write(1, exported(1, first))
    assert two.found() == sorted([*first, *"abcde"])
    with _Traffic(two) as traffic:
        export = partial(two.write, 2, exported(2, [*first, *"abcde"]))
        two.meanwhile = [traffic.flows, export, *[traffic.flows] * ENDLESS]
        assert two.act(serve(2)) == {"serving": 2, "switched": True}
        before = traffic.searches
        processes.wait_until(lambda: traffic.searches > before, limit_seconds=LIMIT_SECONDS, what="a search")
    assert two.behind() == {NEW}
    new, two.meanwhile = two.found(), []
    two.act(leave(2))
    assert two.behind() == {OLD}
    assert two.found() == new


def test_lowering_gives_the_alias_back(switched: Cluster) -> None:
    """What came with the later export has the later version, though the first generation has it as well."""
    switched.write(1, {"a": at(2_500), "f": at(2_600)})
    switched.write(2, {"a": at(2_500), "f": at(2_600)})
    assert switched.act(leave(2)) == {"serving": 1, "switched": True}
    assert (switched.behind(), switched.promised) == ({OLD}, {f"{TABLE}-1.{ORDERS}"})
    assert switched.act(retire(2)) == {"indices": 1, "index_templates": 1}
    assert (switched.indices, set(switched.templates)) == ({OLD}, {f"{TABLE}-1.{ORDERS}"})


def test_lowering_waits_and_is_refused_where_the_first_one_is_behind(switched: Cluster) -> None:
    switched.write(2, {"a": at(2_500), "f": at(2_600)})
    with pytest.raises(SetupFailed, match=r"generation 2 goes on serving, for in generation 1 2 of 6 .* or go back to"):
        switched.act(leave(2))
    assert switched.behind() == {NEW}
    switched.meanwhile = [partial(switched.write, 1, {"a": at(2_500), "f": at(2_600)})]
    assert switched.act(leave(2)) == {"serving": 1, "switched": True}


def test_confirming_takes_the_first_one_away(switched: Cluster) -> None:
    assert switched.act(leave(1)) == {"serving": 2, "switched": False}
    assert switched.act(retire(1)) == {"indices": 1, "index_templates": 1}
    assert (switched.indices, set(switched.templates)) == ({NEW}, {f"{TABLE}-2.{ORDERS}"})
    assert switched.names("roles") == switched.names("rolesmapping") == {f"{PREFIX}-reader", f"{TABLE}-2"}
    assert switched.found() == ["a", "b", "c", "d", "e"]


def test_confirming_switches_first_where_that_is_still_to_be_done(two: Cluster) -> None:
    two.write(2, exported(2, "abcd"))
    with pytest.raises(SetupFailed, match="generation 1 goes on serving"):
        two.act(leave(1))
    two.write(2, exported(2, "e"))
    assert two.act(leave(1)) == {"serving": 2, "switched": True}


def test_other_documents_take_over_when_the_first_one_leaves(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    cluster.act(prepare(generation(1, settled=True), generation(2, compare=False)))
    assert cluster.act(serve(2)) == {"serving": 1, "switched": False}
    with pytest.raises(SetupFailed, match=f"there is no index {NEW} yet"):
        cluster.act(leave(1))
    cluster.write(2, exported(2, "xyz"))
    assert cluster.act(serve(2)) == {"serving": 1, "switched": False}
    assert cluster.act(leave(1)) == {"serving": 2, "switched": True}
    assert cluster.found() == ["x", "y", "z"]
    assert cluster.act(leave(2)) == {"serving": 1, "switched": True}
    assert cluster.found() == ["a", "b", "c", "d", "e"]


def test_nothing_changes_when_one_leaves_that_does_not_serve(two: Cluster) -> None:
    two.act(prepare(generation(1, settled=True), generation(2, settled=True), generation(3)))
    for number in (2, 3):
        two.write(number, exported(number))
    assert two.act(leave(2)) == {"serving": 1, "switched": False}
    assert two.behind() == {OLD}
    assert two.act(leave(1)) == {"serving": 3, "switched": True}


def test_nobody_takes_over_when_the_whole_table_goes(two: Cluster) -> None:
    two.act(leave(2))
    two.meanwhile = [partial(two.act, retire(2)), lambda: None]
    assert two.act(leave(1)) == {"serving": 1, "switched": False}
    assert two.act(leave(1)) == {"serving": 1, "switched": False}
    assert two.act(retire(1)) == {"indices": 0, "index_templates": 0}
    assert two.behind() == {OLD}
    assert two.names("roles") == two.names("rolesmapping") == {f"{PREFIX}-reader"}


def test_indices_by_date_are_one_family(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1, {ORDERS: f"{OLD}-*"})))
    cluster.write(1, exported(1, "ab"), f"{OLD}-2026.10")
    cluster.write(1, {"c": at(1_500), "a": at(1_600)}, f"{OLD}-2026.11")
    cluster.act(prepare(generation(1, {ORDERS: f"{OLD}-*"}, settled=True), generation(2, {ORDERS: f"{NEW}-*"})))
    cluster.write(2, exported(2, "ab"), f"{NEW}-2026.11")
    cluster.meanwhile = [partial(cluster.write, 2, {"c": at(1_500)}, f"{NEW}-2026.12")]
    assert cluster.act(serve(2)) == {"serving": 2, "switched": True}
    assert cluster.behind() == {f"{NEW}-2026.11", f"{NEW}-2026.12"}
    cluster.write(1, exported(1, "d"), f"{OLD}-2027.01")
    cluster.write(2, exported(2, "d"), f"{NEW}-2027.01")
    assert cluster.found() == ["a", "b", "c", "d"]
    assert cluster.act(leave(1)) == {"serving": 2, "switched": False}
    assert cluster.act(retire(1)) == {"indices": 3, "index_templates": 1}
    assert cluster.found() == ["a", "b", "c", "d"]


ROUTED_1 = {ORDERS: OLD, LARGE: f"{LARGE}-1"}
ROUTED_2 = {ORDERS: NEW, LARGE: f"{LARGE}-2"}


def test_routed_documents_are_compared_where_they_belong(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1, ROUTED_1)))
    cluster.write(1, exported(1, "ab"))
    cluster.write(1, exported(1, "x"), f"{LARGE}-1")
    cluster.act(prepare(generation(1, ROUTED_1, settled=True), generation(2, ROUTED_2)))
    cluster.write(2, exported(2, "abx"))
    with pytest.raises(SetupFailed, match=f"there is no index {LARGE}-2 yet"):
        cluster.act(serve(2))
    cluster.write(2, exported(2, "y"), f"{LARGE}-2")
    cluster.write(2, {"x": None})
    with pytest.raises(SetupFailed, match=f"1 of 1 documents of {LARGE} are missing or older, for example x;"):
        cluster.act(serve(2))
    cluster.write(2, {"x": at(2_000), "y": None}, f"{LARGE}-2")
    assert cluster.act(serve(2)) == {"serving": 2, "switched": True}
    assert (cluster.behind(), cluster.behind(LARGE)) == ({NEW}, {f"{LARGE}-2"})


def test_documents_of_a_route_that_is_gone_are_missing(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1, ROUTED_1)))
    cluster.write(1, exported(1, "x"), f"{LARGE}-1")
    cluster.act(prepare(generation(1, ROUTED_1, settled=True), generation(2)))
    with pytest.raises(SetupFailed, match=f"1 of 1 documents of {LARGE} are missing or older, for example x;"):
        cluster.act(serve(2))


@pytest.mark.parametrize(("first", "second"), [(ROUTED_1, None), (None, ROUTED_2)])
def test_an_alias_of_one_generation_only_comes_and_goes_with_it(
    cluster: Cluster, first: Mapping[str, str] | None, second: Mapping[str, str] | None
) -> None:
    """Until the switch nobody finds through a new alias what the serving generation has elsewhere."""
    large = {1: {f"{LARGE}-1"} if first else set(), 2: {f"{LARGE}-2"} if second else set()}
    cluster.act(prepare(generation(1, first)))
    cluster.act(prepare(generation(1, first, settled=True), generation(2, second, compare=False)))
    for number in (1, 2):
        cluster.write(number, exported(number))
        for index in large[number]:
            cluster.write(number, exported(number, "x"), index)
    assert (cluster.behind(), cluster.behind(LARGE)) == ({OLD}, large[1])
    assert cluster.act(leave(1)) == {"serving": 2, "switched": True}
    assert (cluster.behind(), cluster.behind(LARGE)) == ({NEW}, large[2])
    assert cluster.act(leave(2)) == {"serving": 1, "switched": True}
    assert (cluster.behind(), cluster.behind(LARGE)) == ({OLD}, large[1])


@pytest.mark.parametrize(
    ("index", "pattern", "message"),
    [
        (OLD, OLD, f"^{OLD}: the domain has an index {OLD} that is not of the pipeline {TABLE}-1; choose another"),
        (f"{OLD}-x", f"{OLD}-*", f"^{OLD}-.: the domain has an index {OLD}-x that is not of the pipeline {TABLE}-1;"),
        (ORDERS, OLD, f"^{ORDERS}: the domain has an index of that name, so it can be no alias; choose another index"),
    ],
)
def test_refuses_what_is_somebody_elses(cluster: Cluster, index: str, pattern: str, message: str) -> None:
    cluster.ask("PUT", f"/{index}")
    with pytest.raises(SetupFailed, match=message):
        cluster.act(prepare(generation(1, {ORDERS: pattern})))
    assert cluster.templates == {}
    assert cluster.names("roles") == {f"{PREFIX}-reader"}


class _Interrupted:
    """A client that does so many more changes; the next one fails, before or after it is done."""

    def __init__(self, client: OpenSearch, changes: int, *, done: bool) -> None:
        self._client, self._left, self._done = client, changes, done

    @property
    def transport(self) -> "_Interrupted":
        return self

    def perform_request(self, method: str, path: str, **given: Any) -> Any:
        change = method != "GET" and "_refresh" not in path and "_search" not in path
        if change and not self._left and not self._done:
            raise InterruptedError
        answer = self._client.transport.perform_request(method, path, **given)
        if change and not self._left:
            raise InterruptedError
        self._left -= change
        return answer


@pytest.fixture
def dated(cluster: Cluster) -> Cluster:
    """Two generations with one index each, of those that dates make; the first one serves."""
    first, second = {ORDERS: f"{OLD}-*"}, {ORDERS: f"{NEW}-*"}
    cluster.act(prepare(generation(1, first)))
    cluster.write(1, exported(1), f"{OLD}-2026.11")
    cluster.act(prepare(generation(1, first, settled=True), generation(2, second)))
    cluster.write(2, exported(2), f"{NEW}-2026.11")
    return cluster


# A switch: the template of the new one, the aliases, the template of the old one.
@pytest.mark.parametrize("changes", range(3))
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("lowering", [False, True])
def test_a_switch_that_is_interrupted_is_finished_by_the_next(
    dated: Cluster, changes: int, done: bool, lowering: bool
) -> None:
    """Whatever new indices the pipelines make meanwhile."""
    event, number = serve(2), 2
    if lowering:
        dated.act(event)
        event, number = leave(2), 1
    with pytest.raises(InterruptedError):
        dated.act(event, _Interrupted(dated.as_role(MASTER), changes, done=done))
    for pipeline in (1, 2):
        dated.write(pipeline, exported(pipeline, "x"), f"{ORDERS}-{pipeline}-2026.12")
    assert dated.act(event)["serving"] == number
    assert dated.behind() == {f"{ORDERS}-{number}-2026.11", f"{ORDERS}-{number}-2026.12"}
    assert dated.promised == {f"{TABLE}-{number}.{ORDERS}"}


def test_a_switch_that_has_only_begun_may_still_be_refused(dated: Cluster) -> None:
    """One index of the first generation has the alias by then, but all of the second one."""
    dated.act(serve(2))
    with pytest.raises(InterruptedError):
        dated.act(leave(2), _Interrupted(dated.as_role(MASTER), 0, done=True))
    dated.write(1, exported(1, "x"), f"{OLD}-2026.12")
    dated.write(2, exported(2, "xy"), f"{NEW}-2026.12")
    with pytest.raises(SetupFailed, match=r"generation 2 goes on serving, for in generation 1 1 of 7 .* example y;"):
        dated.act(leave(2))


@pytest.mark.parametrize("changes", range(4))
@pytest.mark.parametrize("done", [False, True])
def test_a_retirement_that_is_interrupted_is_finished_by_the_next(switched: Cluster, changes: int, done: bool) -> None:
    with pytest.raises(InterruptedError):
        switched.act(retire(1), _Interrupted(switched.as_role(MASTER), changes, done=done))
    switched.act(retire(1))
    assert (switched.indices, set(switched.templates)) == ({NEW}, {f"{TABLE}-2.{ORDERS}"})
    assert switched.names("roles") == switched.names("rolesmapping") == {f"{PREFIX}-reader", f"{TABLE}-2"}


def test_an_index_that_is_made_during_the_switch_does_not_keep_the_alias(dated: Cluster) -> None:
    """After the aliases moved, and before the old template loses its own."""
    late: list[str] = []

    class Late(_Interrupted):
        def perform_request(self, method: str, path: str, **given: Any) -> Any:
            answer = super().perform_request(method, path, **given)
            if path == "/_aliases" and not late:
                late.append(f"{OLD}-2026.12")
                dated.write(1, exported(1, "x"), late[0])
                assert dated.behind() == {f"{NEW}-2026.11", *late}
            return answer

    dated.act(serve(2), Late(dated.as_role(MASTER), ENDLESS, done=False))
    assert late
    assert dated.behind() == {f"{NEW}-2026.11"}


def test_retiring_takes_only_what_is_ours(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1, {ORDERS: f"{OLD}-*"})))
    cluster.write(1, exported(1), f"{OLD}-2026.11")
    cluster.act(prepare(generation(1, {ORDERS: f"{OLD}-*"}, settled=True), generation(2)))
    cluster.write(2, exported(2))
    cluster.act(serve(2))
    cluster.ask("PUT", f"/{OLD}-theirs", {"mappings": {"_meta": {"pipeline": "theirs"}}})
    assert cluster.act(retire(1)) == {"indices": 1, "index_templates": 1}
    assert cluster.indices == {f"{OLD}-theirs", NEW}
    assert cluster.act(retire(1)) == {"indices": 0, "index_templates": 0}


def test_no_documents_are_taken_from_those_who_search(two: Cluster) -> None:
    assert two.act(retire(1)) == {"indices": 0, "index_templates": 0}
    assert two.found() == ["a", "b", "c", "d", "e"]
    assert f"{TABLE}-1" not in two.names("roles") | two.names("rolesmapping")
    with pytest.raises(AuthorizationException):
        two.write(1, exported(1, "x"))


def test_creating_a_pipeline_retires_nothing(two: Cluster) -> None:
    before = two.indices, two.templates, two.names("roles")
    assert two.act(retire(1, lifecycle="create")) == two.act(retire(2, lifecycle="update")) == {}
    assert (two.indices, two.templates, two.names("roles")) == before


def test_what_is_settled_stays_as_it_was(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    before = cluster.templates, cluster.ask("GET", f"{API}/roles/{TABLE}-1")
    changed = generation(1, ROUTED_1, settled=True)
    changed["members"] = [f"{ROLE}-other"]
    assert cluster.act(prepare(changed, generation(2)))["index_templates"] == 1
    templates = cluster.templates
    assert templates.pop(f"{TABLE}-2.{ORDERS}")["_meta"] == {
        "table": TABLE,
        "generation": 2,
        "pipeline": f"{TABLE}-2",
        "alias": ORDERS,
        "compare": True,
    }
    assert (templates, cluster.ask("GET", f"{API}/roles/{TABLE}-1")) == before
    mapping = cluster.ask("GET", f"{API}/rolesmapping/{TABLE}-1")[f"{TABLE}-1"]
    assert mapping["backend_roles"] == [f"{ROLE}-1"]


def test_what_is_settled_is_put_where_there_is_none(cluster: Cluster) -> None:
    cluster.act(prepare(generation(2), generation(1, settled=True)))
    assert set(cluster.templates) == {f"{TABLE}-1.{ORDERS}", f"{TABLE}-2.{ORDERS}"}
    assert cluster.promised == {f"{TABLE}-1.{ORDERS}"}
    assert cluster.names("rolesmapping") == {f"{PREFIX}-reader", f"{TABLE}-1", f"{TABLE}-2"}


def test_preparing_again_changes_nobody_who_serves(switched: Cluster) -> None:
    switched.act(prepare(generation(1, settled=True), generation(2)))
    assert (switched.behind(), switched.promised) == ({NEW}, {f"{TABLE}-2.{ORDERS}"})
    switched.act(prepare(generation(1)))
    assert (switched.behind(), switched.promised) == ({NEW}, {f"{TABLE}-2.{ORDERS}"})


def test_an_index_that_is_there_gets_new_attributes_and_replicas(cluster: Cluster) -> None:
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    cluster.act(prepare(generation(1, replicas=1, price="double")))
    index = cluster.ask("GET", f"/{OLD}")[OLD]
    assert index["mappings"]["properties"] == {"name": {"type": "keyword"}, "price": {"type": "double"}}
    assert index["mappings"]["_meta"] == {"pipeline": f"{TABLE}-1"}
    assert index["settings"]["index"]["number_of_replicas"] == "1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "double"}, f"{OLD} is mapped in another way, which cannot be changed; raise `generation` of its"),
        ({"shards": 2}, f"{OLD} has 1 shards and can have no other number; raise `generation` of its table"),
    ],
)
def test_what_only_a_new_index_can_have_is_refused(changes: dict[str, Any], message: str, cluster: Cluster) -> None:
    cluster.act(prepare(generation(1)))
    cluster.write(1, exported(1))
    with pytest.raises(SetupFailed, match=f"^{message}"):
        cluster.act(prepare(generation(1, **changes)))
    assert cluster.act(prepare(generation(1, settled=True, **changes), generation(2, **changes)))["roles"] == 2


def test_the_next_period_has_another_number_of_shards(cluster: Cluster) -> None:
    dates = {ORDERS: f"{ORDERS}-1-*"}
    cluster.act(prepare(generation(1, dates)))
    cluster.write(1, exported(1), f"{ORDERS}-1-2026.01")
    cluster.act(prepare(generation(1, dates, shards=2)))
    cluster.write(1, exported(1), f"{ORDERS}-1-2026.02")
    found = cluster.ask("GET", f"/{ORDERS}-1-*")
    shards = {name: index["settings"]["index"]["number_of_shards"] for name, index in found.items()}
    assert shards == {f"{ORDERS}-1-2026.01": "1", f"{ORDERS}-1-2026.02": "2"}


def test_a_generation_that_was_never_prepared_cannot_serve(cluster: Cluster) -> None:
    with pytest.raises(SetupFailed, match=f"^{TABLE}: generation 1 has no index template; apply again"):
        cluster.act(serve(1))
    assert cluster.act(leave(1)) == {"serving": None, "switched": False}


MANY = [f"{n:05}" for n in range(3_000)]


def test_looks_at_few_where_much_is_missing(two: Cluster) -> None:
    two.write(1, exported(1, MANY))
    two.write(2, exported(2, MANY[::3]))
    asked: list[str] = []

    class Noting(_Interrupted):
        def perform_request(self, method: str, path: str, **given: Any) -> Any:
            asked.append(path)
            return super().perform_request(method, path, **given)

    with pytest.raises(SetupFailed, match=r"2,005 of 3,005 documents of gen-orders are missing or older, for example"):
        two.act(serve(2), Noting(two.as_role(MASTER), ENDLESS, done=False))
    assert "/_search/scroll" not in asked
    two.meanwhile = [partial(two.write, 2, exported(2, [*MANY, *"abcde"]))]
    assert two.act(serve(2)) == {"serving": 2, "switched": True}


def test_samples_where_there_is_too_much(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is some 300 of 3,005 documents; that not one of 600 is among them has odds of 1 to 10**29."""
    monkeypatch.setattr(completeness, "SAMPLE", 300)
    two.write(1, exported(1, MANY))
    two.write(2, exported(2, [*MANY[:600], *MANY[1_200:], *"abcde"]))
    with pytest.raises(SetupFailed) as refusal:
        two.act(serve(2))
    missing, of = str(refusal.value).partition("in generation 2 ")[2].split(" ")[0:3:2]
    assert 0 < int(missing) < 150 < int(of) < 450
    two.write(2, exported(2, MANY))
    assert two.act(serve(2)) == {"serving": 2, "switched": True}


def test_pages_that_are_lost_are_noticed(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for the next page that is repeated gets the page after that."""
    monkeypatch.setattr(completeness, "HITS", 2)
    two.write(2, exported(2))

    class Losing(_Interrupted):
        def perform_request(self, method: str, path: str, **given: Any) -> Any:
            if path == "/_search/scroll" and method == "POST":
                super().perform_request(method, path, **given)
            return super().perform_request(method, path, **given)

    with pytest.raises(SetupFailed, match=f"^{OLD}: only 3 of 5 documents could be read; apply again"):
        two.act(serve(2), Losing(two.as_role(MASTER), ENDLESS, done=False))
    assert two.behind() == {OLD}
