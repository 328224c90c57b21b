"""What the domain looks like afterwards, whatever it looked like before."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from opensearchpy import SerializationError

from functions.search_setup.domain import Domain, SetupFailed
from functions.search_setup.handler import prepare
from tests.unit.search_setup.conftest import ARN, Api, line, unreachable

OBJECTS = line(type="index-pattern", id="a") + line(type="dashboard", id="b")
DomainOf = Callable[..., Domain]
Event = dict[str, Any]


def test_a_new_domain_gets_everything(api: Api, domain_of: DomainOf, event: Event) -> None:
    assert prepare(domain_of(), event, OBJECTS) == {
        "roles": 2,
        "mappings": 3,
        "index_templates": 1,
        "saved_objects": 2,
        "clients": 0,
    }
    assert api.roles["orders-reader"] == event["roles"]["orders-reader"]
    assert api.roles["shop-orders-1"] == event["generations"][0]["role"]
    assert api.mappings == {
        "orders-reader": {"backend_roles": [f"{ARN}/analysts"]},
        "kibana_user": {"backend_roles": [f"{ARN}/analysts"]},
        "shop-orders-1": {"backend_roles": [f"{ARN}/pipeline"]},
    }
    assert api.templates == {
        "shop-orders-1.orders": {
            "index_patterns": ["orders-1"],
            "priority": 100,
            "template": {
                "settings": {"index": {"number_of_replicas": 1}},
                "mappings": {"_meta": {"pipeline": "shop-orders-1"}, "properties": {"total": {"type": "double"}}},
                "aliases": {"orders": {}},
            },
            "_meta": {
                "table": "shop-orders",
                "generation": 1,
                "pipeline": "shop-orders-1",
                "alias": "orders",
                "compare": True,
            },
        }
    }
    assert api.tenancy == {
        "multitenancy_enabled": True,
        "private_tenant_enabled": True,
        "default_tenant": "global",
        "sign_in_options": ["BASIC"],
    }
    assert api.settings == {"defaultRoute": "/app/dashboards#/view/orders-overview"}
    ((headers, form),) = api.imported
    assert (headers["osd-xsrf"], headers["securitytenant"]) == ("true", "global")
    boundary = headers["content-type"].partition("boundary=")[2]
    _, file, retries, end = form.split(b"--" + boundary.encode())
    assert file.endswith(b"\r\n\r\n" + OBJECTS + b"\r\n")
    assert b'name="file"; filename="saved_objects.ndjson"' in file
    head, _, body = retries.partition(b"\r\n\r\n")
    assert b'name="retries"' in head
    # What is there already is overwritten.
    assert json.loads(body) == [
        {"type": "index-pattern", "id": "a", "overwrite": True},
        {"type": "dashboard", "id": "b", "overwrite": True},
    ]
    assert end == b"--\r\n"


def test_a_second_run_changes_no_mapping(api: Api, domain_of: DomainOf, event: Event) -> None:
    prepare(domain_of(), event, b"")
    before = copy.deepcopy(api)
    api.requests.clear()
    assert prepare(domain_of(), event, b"")["mappings"] == 0
    assert (api.mappings, api.roles, api.tenancy) == (before.mappings, before.roles, before.tenancy)
    assert [request for request in api.changes if "rolesmapping" in request or "tenancy" in request] == []


def test_what_others_mapped_stays(api: Api, domain_of: DomainOf, event: Event) -> None:
    api.mappings["kibana_user"] = {"backend_roles": ["theirs"], "users": ["ann"], "description": "by hand"}
    prepare(domain_of(), event, b"")
    assert api.mappings["kibana_user"] == {
        "backend_roles": ["theirs", f"{ARN}/analysts"],
        "users": ["ann"],
        "description": "by hand",
    }


def test_a_role_of_ours_is_for_those_named_and_nobody_else(api: Api, domain_of: DomainOf, event: Event) -> None:
    api.mappings["shop-orders-1"] = {"backend_roles": [f"{ARN}/old", f"{ARN}/pipeline"], "users": ["ann"]}
    prepare(domain_of(), event, b"")
    assert api.mappings["shop-orders-1"] == {"backend_roles": [f"{ARN}/pipeline"], "users": ["ann"]}


def test_the_role_for_dashboards_may_have_its_new_name(api: Api, domain_of: DomainOf, event: Event) -> None:
    api.roles = {"opensearch_dashboards_user": {"static": True}}
    prepare(domain_of(), event, b"")
    assert api.mappings["opensearch_dashboards_user"] == {"backend_roles": [f"{ARN}/analysts"]}


@pytest.mark.parametrize("tenancy", [None, {"default_tenant": "global"}])
def test_the_tenant_is_left_alone_where_it_is_right_or_not_to_be_set(
    api: Api, domain_of: DomainOf, event: Event, tenancy: dict[str, Any] | None
) -> None:
    api.tenancy = tenancy
    prepare(domain_of(), event, b"")
    assert not any("PUT" in request and "tenancy" in request for request in api.requests)


def test_dashboards_that_are_somebody_elses_are_left_alone(api: Api, domain_of: DomainOf, event: Event) -> None:
    prepare(domain_of(), {**event, "start_page": None, "dashboards_users": []}, b"")
    assert (api.settings, api.tenancy and api.tenancy["default_tenant"]) == ({}, "")
    assert "kibana_user" not in api.mappings
    assert not any("tenancy" in request or "_dashboards" in request for request in api.requests)


def test_waits_for_a_domain_that_is_just_starting(api: Api, domain_of: DomainOf, event: Event) -> None:
    api.refusals = [
        unreachable(),
        (503, "OpenSearch Security not initialized."),
        (403, "no permissions"),
        (401, ""),
        (500, ""),
    ]
    prepare(domain_of(), event, b"")
    assert api.requests[:6] == ["GET /_cluster/health"] * 6
    assert set(api.templates) == {"shop-orders-1.orders"}


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (unreachable(), "GET /_cluster/health: no better answer .* the domain cannot be reached .connection refused"),
        ((403, "no permissions"), "HTTP 403: no permissions; the role of this function must be the domain's master"),
    ],
)
def test_gives_up_in_time_and_says_why(api: Api, domain_of: DomainOf, event: Event, refusal: Any, message: str) -> None:
    api.refusals = [refusal] * 100
    with pytest.raises(SetupFailed, match=message):
        prepare(domain_of(100), event, b"")
    assert 3 < len(api.requests) < 10


def test_what_passes_by_itself_is_repeated(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [(429, "busy"), (502, "bad gateway"), (409, "version conflict")]
    domain_of().request("PUT", "/_index_template/x", body={})
    assert api.templates == {"x": {}}


def test_what_is_wrong_is_not_repeated(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [(400, {"error": "invalid template"})]
    with pytest.raises(SetupFailed, match=r"PUT /_index_template/x: HTTP 400: .*invalid template"):
        domain_of().request("PUT", "/_index_template/x", body={})
    assert len(api.requests) == 1


def test_what_is_gone_already_is_deleted(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [(404, {"status": "NOT_FOUND"})] * 2
    assert domain_of().request("DELETE", "/_index_template/x") is None
    with pytest.raises(SetupFailed, match="POST /_aliases: HTTP 404"):
        domain_of().request("POST", "/_aliases")


def test_begins_nothing_when_the_time_is_up(api: Api, domain_of: DomainOf) -> None:
    domain = domain_of(50)
    assert domain.pause(15)
    assert not domain.pause(15)
    domain.request("PUT", "/_index_template/x", body={})
    assert domain.pause(1)
    with pytest.raises(SetupFailed, match=r"^PUT /_index_template/y: not asked, for the time is up; apply again$"):
        domain.request("PUT", "/_index_template/y", body={})
    assert api.templates == {"x": {}}


def test_an_answer_that_is_not_json_is_named(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [SerializationError("Unknown mimetype, unable to deserialize: text/html")]
    with pytest.raises(SetupFailed, match=r"PUT /_index_template/x: the answer is not JSON .*text/html"):
        domain_of().request("PUT", "/_index_template/x", body={})


@pytest.mark.parametrize("kind", ["missing_references", "conflict"])
def test_errors_of_an_import_come_with_status_200(api: Api, domain_of: DomainOf, event: Event, kind: str) -> None:
    error = {"id": "b", "type": "dashboard", "error": {"type": kind}}
    api.import_answer = {"success": False, "successCount": 1, "errors": [error]}
    with pytest.raises(SetupFailed, match=rf"Dashboards refuses saved objects: .*{kind}"):
        prepare(domain_of(), event, OBJECTS)


def test_the_audit_log_is_configured_before_anything_that_belongs_into_it(
    api: Api, domain_of: DomainOf, event: Event
) -> None:
    # The service does not let its own part be changed.
    wanted = {"enabled": True, "audit": {"enable_rest": True}, "compliance": {"external_config": True}}
    prepare(domain_of(), {**event, "audit": wanted}, b"")
    assert api.changes[0] == "PUT /_plugins/_security/api/audit/config"
    assert api.audit == {
        "enabled": True,
        "audit": {"enable_rest": True, "ignore_users": ["theirs"], "exclude_sensitive_headers": True},
        "compliance": {"enabled": True, "external_config": False},
    }
