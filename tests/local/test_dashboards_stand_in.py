"""The stand-in for OpenSearch Dashboards behind the domain's endpoint, on the real security plugin."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import urllib3

from local import opensearch, security
from local.emulator import Emulator, start
from local.emulator.configuration import Attachment
from local.emulator.dashboards import Dashboards, Request
from local.emulator.node import Node
from tests.local.conftest import Client
from tests.local.policy_documents import allow, document
from tests.local.signed_calls import Call, session_key, signed_calls

DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/search"
STRANGER = "arn:aws:iam::123456789012:role/stranger"
API = "/_dashboards/api"
PATTERN = {"type": "index-pattern", "id": "orders", "attributes": {"title": "orders"}, "references": []}
TO_PATTERN = {"name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": "orders"}
LINE = {
    "type": "visualization",
    "id": "line",
    "attributes": {"title": "Orders a day", "visState": "{}"},
    "references": [TO_PATTERN],
    "migrationVersion": {"visualization": "7.10.0"},
}
DASHBOARD = {
    "type": "dashboard",
    "id": "orders",
    # A date here, words in another dashboard: no mapping may come of it.
    "attributes": {"title": "Orders", "timeFrom": "2026-01-01T00:00:00Z"},
    "references": [{"name": "panel_0", "type": "visualization", "id": "line"}],
}
ALL = (DASHBOARD, LINE, PATTERN)
GLOBAL = {"securitytenant": "global"}
RECORDINGS = Path(__file__).parent / "dashboards_recordings.json"
#: Recordings of which only the status is compared.
OTHER_WORDS = frozenset({"a line that is not JSON", "defaultRoute is a number"})


@pytest.fixture(scope="module")
def emulator(node: opensearch.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("dashboards"), node_url=node.url)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def keys(emulator: Emulator) -> dict[str, str]:
    """Access keys of roles that IAM lets do everything at the domain: the `master`, and a `stranger` to the plugin."""
    iam, sts, arns = emulator.client("iam"), emulator.client("sts"), {}
    for name in ("master", "stranger"):
        trust = document(allow("sts:AssumeRole", Principal={"AWS": "123456789012"}))
        arns[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        policy = document(allow("es:ESHttp*", f"{DOMAIN}/*"))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    options = {"Enabled": True, "MasterUserOptions": {"MasterUserARN": arns["master"]}}
    emulator.client("opensearch").create_domain(DomainName="search", AdvancedSecurityOptions=options)
    return {name: session_key(sts, arn) for name, arn in arns.items()}


@pytest.fixture
def call(emulator: Emulator, keys: dict[str, str]) -> Iterator[Call]:
    """Signs as the master unless told otherwise; saved objects go with the test."""
    with signed_calls(emulator) as send:

        def as_master(*arguments: Any, **options: Any) -> urllib3.BaseHTTPResponse:
            return send(*arguments, **{"key": keys["master"], **options})

        yield as_master
        send("DELETE", "/.kibana*")
        send("DELETE", "/_index_template/saved-objects")


@pytest.fixture
def upload(call: Call) -> Callable[..., urllib3.BaseHTTPResponse]:
    """``upload(object, …)`` imports objects, or tries again those of `retries`; `lines` instead is the file's text."""

    def send(
        *objects: dict[str, Any],
        lines: str | None = None,
        retries: Any = None,
        name: str = "objects.ndjson",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        content = "\n".join(map(json.dumps, objects)) if lines is None else lines
        fields: dict[str, Any] = {"file": (name, content)}
        if retries is not None:
            fields["retries"] = json.dumps(retries)
        body, kind = urllib3.encode_multipart_formdata(fields)
        given = {"osd-xsrf": "true", **GLOBAL} if headers is None else headers
        operation = "_import" if retries is None else "_resolve_import_errors"
        return call(
            "POST", f"{API}/saved_objects/{operation}", body, headers={**given, "content-type": kind}, **options
        )

    return send


def stored(call: Call, name: str, **options: Any) -> urllib3.BaseHTTPResponse:
    return call("GET", f"{API}/saved_objects/{name}", headers=GLOBAL, **options)


def test_answers_are_those_of_dashboards(call: Call, node: opensearch.Node, tmp_path: Path) -> None:
    """Asked without the domain's endpoint, which ignores the parameters of a signed POST."""
    (tmp_path / "node.json").write_text(Attachment(node_url=node.url).model_dump_json())
    behind = Node(tmp_path / "node.json")
    stand_in = Dashboards(behind)

    def ask(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        return behind.ask(method, path, body, headers={**security.identity(), **headers})

    recordings = json.loads(RECORDINGS.read_text())
    for exchange in recordings["exchanges"]:
        headers, body = {**GLOBAL, **exchange["headers"]}, json.dumps(exchange.get("body", {})).encode()
        if uploaded := exchange.get("upload"):
            content = uploaded.get("content", recordings["example"])
            fields = {uploaded["field"]: (uploaded["filename"], content)}
            body, headers["content-type"] = urllib3.encode_multipart_formdata(fields)
        path, _, query = exchange["path"].partition("?")
        status, answer = stand_in.answer(Request(exchange["method"], path, dict(parse_qsl(query)), headers, body), ask)
        assert status == exchange["status"], (exchange["case"], answer)
        if exchange["case"] not in OTHER_WORDS:
            assert comparable(answer) == comparable(exchange["answer"]), exchange["case"]


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what is of its time, and without the number of a build of Dashboards."""
    kept = {name: value for name, value in answer.items() if name not in ("updated_at", "version")}
    if "settings" in kept:
        kept["settings"] = {name: value for name, value in kept["settings"].items() if name != "buildNum"}
    return kept


def test_objects_are_imported_and_read_back(call: Call, upload: Callable[..., urllib3.BaseHTTPResponse]) -> None:
    answer = upload(*ALL)
    assert answer.status == 200
    assert answer.json() == {
        "successCount": 3,
        "success": True,
        "successResults": [
            {"type": "dashboard", "id": "orders", "meta": {"title": "Orders", "icon": "dashboardApp"}},
            {"type": "visualization", "id": "line", "meta": {"title": "Orders a day", "icon": "visualizeApp"}},
            {"type": "index-pattern", "id": "orders", "meta": {"title": "orders", "icon": "indexPatternApp"}},
        ],
    }
    found = stored(call, "visualization/line").json()
    assert found.items() >= LINE.items()
    kept = call("GET", "/.kibana/_doc/visualization:line").json()["_source"]
    assert kept == {
        "type": "visualization",
        "visualization": LINE["attributes"],
        "references": LINE["references"],
        "migrationVersion": LINE["migrationVersion"],
        "updated_at": found["updated_at"],
    }
    assert stored(call, "dashboard/none").json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "Saved object [dashboard/none] not found",
    }
    words = {**DASHBOARD, "id": "words", "attributes": {"title": "Words", "timeFrom": "now-90d"}}
    assert upload(words).json()["success"]


def test_objects_that_are_there_are_overwritten_only_on_demand(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse]
) -> None:
    upload(PATTERN)
    changed = {**PATTERN, "attributes": {"title": "changed"}}
    answer = upload(changed, LINE).json()
    assert (answer["success"], answer["successCount"]) == (False, 1)
    (error,) = answer["errors"]
    assert (error["id"], error["type"], error["error"]) == ("orders", "index-pattern", {"type": "conflict"})
    # As in Dashboards nothing is stored as long as a conflict is open, not even what has none.
    assert stored(call, "visualization/line").status == 404
    retries: list[dict[str, Any]] = [{"type": "index-pattern", "id": "orders"}, {"type": "visualization", "id": "line"}]
    (error,) = upload(changed, LINE, DASHBOARD, retries=retries).json()["errors"]
    assert error["error"] == {"type": "conflict"}
    retries[0]["overwrite"] = True
    answer = upload(changed, LINE, DASHBOARD, retries=retries).json()
    assert answer["success"]
    assert [(result["id"], result.get("overwrite")) for result in answer["successResults"]] == [
        ("orders", True),
        ("line", None),
    ]
    assert stored(call, "index-pattern/orders").json()["attributes"] == {"title": "changed"}
    # What no retry names is left out.
    assert stored(call, "dashboard/orders").status == 404


def test_reference_to_a_stored_pattern_is_found(call: Call, upload: Callable[..., urllib3.BaseHTTPResponse]) -> None:
    (error,) = upload(LINE, DASHBOARD).json()["errors"]
    assert error["error"] == {"type": "missing_references", "references": [{"type": "index-pattern", "id": "orders"}]}
    # As long as a reference leads nowhere nothing is stored, not even what has none.
    assert stored(call, "dashboard/orders").status == 404
    upload(PATTERN)
    assert upload(LINE, DASHBOARD).json()["success"]


def test_unknown_type_is_an_error_that_stops_nothing_else(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse]
) -> None:
    answer = upload(PATTERN, {"type": "index-patern", "id": "x", "attributes": {}}).json()
    assert (answer["success"], answer["successCount"]) == (False, 1)
    assert [(one["id"], one["error"]) for one in answer["errors"]] == [("x", {"type": "unsupported_type"})]
    assert stored(call, "index-pattern/orders").status == 200


@pytest.mark.parametrize(
    ("upload_options", "message"),
    [
        ({"retries": [{"id": "x"}]}, "[request body.retries]: expected value of type [array]: 'type'"),
        ({"retries": [{"destinationId": "x"}]}, "[request body.retries]: destinationId is not part of the local AWS"),
        ({"lines": "{"}, "a line of objects.ndjson is not JSON"),
        ({"lines": '{"type": "dashboard"}'}, "object 1 of objects.ndjson lacks id and attributes"),
    ],
)
def test_import_that_is_refused(
    upload: Callable[..., urllib3.BaseHTTPResponse], upload_options: dict[str, Any], message: str
) -> None:
    answer = upload(**upload_options)
    assert answer.status == 400
    assert answer.json()["error"] == "Bad Request"
    assert message in answer.json()["message"]


def test_the_last_line_of_an_export_is_no_object(upload: Callable[..., urllib3.BaseHTTPResponse]) -> None:
    assert upload(PATTERN, {"exportedCount": 1, "missingRefCount": 0, "missingReferences": []}).json()["success"]


def test_without_a_tenant_objects_are_private(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse], keys: dict[str, str]
) -> None:
    assert upload(PATTERN, headers={"osd-xsrf": "true"}).json()["success"]
    assert stored(call, "index-pattern/orders").status == 404
    assert call("GET", f"{API}/saved_objects/index-pattern/orders").status == 200


def test_role_without_permissions_stores_nothing_and_that_is_written_down(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse], keys: dict[str, str], emulator: Emulator
) -> None:
    answer = upload(PATTERN, key=keys["stranger"])
    assert answer.status == 403
    assert answer.json()["error"] == "Forbidden"
    assert "no permissions for [indices:data/read/mget]" in answer.json()["message"]
    last = json.loads(emulator.decisions_log.read_text().splitlines()[-1])
    assert last["who"].endswith("assumed-role/stranger/test")
    assert (last["action"], last["result"]) == ("indices:data/read/mget", "implicit deny")
    assert stored(call, "index-pattern/orders").status == 404


def test_role_that_may_not_read_the_objects_is_refused(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse], keys: dict[str, str]
) -> None:
    upload(PATTERN)
    security = "/_plugins/_security/api"
    composite = json.dumps({"cluster_permissions": ["cluster_composite_ops"]})
    mapping = json.dumps({"backend_roles": [STRANGER]})
    assert call("PUT", f"{security}/roles/composite", composite).status == 201
    assert call("PUT", f"{security}/rolesmapping/composite", mapping).status == 201
    try:
        answer = stored(call, "index-pattern/orders", key=keys["stranger"])
        assert answer.status == 403
        assert "no permissions for [indices:data/read/mget[shard]]" in answer.json()["message"]
    finally:
        for kind in ("rolesmapping", "roles"):
            assert call("DELETE", f"{security}/{kind}/composite").status == 200


def test_reader_of_dashboards_may_store_objects(
    call: Call, upload: Callable[..., urllib3.BaseHTTPResponse], keys: dict[str, str]
) -> None:
    mapping = "/_plugins/_security/api/rolesmapping/kibana_user"
    assert call("PUT", mapping, json.dumps({"backend_roles": [STRANGER]})).status == 201
    try:
        assert upload(*ALL, key=keys["stranger"]).json()["successCount"] == 3
        assert stored(call, "dashboard/orders", key=keys["stranger"]).status == 200
    finally:
        assert call("DELETE", mapping).status == 200


def test_iam_decides_first(
    client: Client, create_role: Callable[..., str], upload: Callable[..., urllib3.BaseHTTPResponse]
) -> None:
    role = create_role(allow("es:ESHttpGet", f"{DOMAIN}/*"))
    answer = upload(PATTERN, key=session_key(client("sts"), role))
    assert answer.status == 403
    assert f"es:ESHttpPost on resource: {DOMAIN}/_dashboards/api/saved_objects/_import" in answer.json()["message"]


def test_settings_add_up(call: Call) -> None:
    path, headers = f"{API}/opensearch-dashboards/settings", {"osd-xsrf": "true", **GLOBAL}

    def change(**changes: Any) -> urllib3.BaseHTTPResponse:
        return call("POST", path, json.dumps({"changes": changes}), headers=headers)

    assert change(defaultRoute="/app/dashboards#/view/orders").json() == {
        "settings": {"defaultRoute": {"userValue": "/app/dashboards#/view/orders"}}
    }
    assert change(defaultIndex="orders").json()["settings"].keys() == {"defaultRoute", "defaultIndex"}
    kept = call("GET", f"/.kibana/_doc/config:{opensearch.VERSION}").json()["_source"]
    assert kept["config"] == {"defaultRoute": "/app/dashboards#/view/orders", "defaultIndex": "orders"}
    assert call("POST", path, b"{}", headers=headers).status == 400


def test_the_rest_of_dashboards_is_not_there(call: Call) -> None:
    answer = call("GET", f"{API}/status")
    assert answer.status == 404
    assert answer.json()["message"].startswith("GET /_dashboards/api/status is not part of the local AWS")
