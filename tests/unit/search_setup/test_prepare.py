"""What the domain looks like afterwards, whatever it looked like before."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from opensearchpy import SerializationError

from functions.search_setup import events
from functions.search_setup.domain import Domain, SetupFailed
from functions.search_setup.handler import prepare
from tests.unit.search_setup.conftest import Api, line, unreachable

ARN = "arn:aws:iam::123456789012:role"
OBJECTS = line(type="index-pattern", id="a") + line(type="dashboard", id="b")
DomainOf = Callable[..., Domain]
Event = dict[str, Any]


def test_a_new_domain_gets_everything(api: Api, domain_of: DomainOf, event: Event) -> None:
    assert prepare(domain_of(), event, OBJECTS) == {
        "roles": 1,
        "mappings": 2,
        "index_templates": 1,
        "saved_objects": 2,
    }
    assert api.roles["orders-pipeline"] == event["roles"]["orders-pipeline"]
    assert api.mappings == {
        "orders-pipeline": {"backend_roles": [f"{ARN}/pipeline"]},
        "kibana_user": {"backend_roles": [f"{ARN}/analysts"]},
    }
    assert api.templates == event["index_templates"]
    assert api.tenancy == {
        "multitenancy_enabled": True,
        "private_tenant_enabled": True,
        "default_tenant": "global",
        "sign_in_options": ["BASIC"],
    }
    assert api.settings == {"defaultRoute": "/app/dashboards#/view/orders-overview"}
    ((headers, params, form),) = api.imported
    assert (headers["osd-xsrf"], headers["securitytenant"], params) == ("true", "global", {"overwrite": "true"})
    boundary = headers["content-type"].partition("boundary=")[2]
    assert form.split(b"--" + boundary.encode())[1].endswith(b"\r\n\r\n" + OBJECTS + b"\r\n")
    assert b'filename="saved_objects.ndjson"' in form


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
    api.mappings["orders-pipeline"] = {"backend_roles": [f"{ARN}/old", f"{ARN}/pipeline"], "users": ["ann"]}
    prepare(domain_of(), event, b"")
    assert api.mappings["orders-pipeline"] == {"backend_roles": [f"{ARN}/pipeline"], "users": ["ann"]}


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
    assert api.templates == event["index_templates"]


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
    api.refusals = [(429, "busy"), (502, "bad gateway")]
    domain_of().request("PUT", "/_index_template/x", body={})
    assert api.templates == {"x": {}}


def test_what_is_wrong_is_not_repeated(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [(400, {"error": "invalid template"})]
    with pytest.raises(SetupFailed, match=r"PUT /_index_template/x: HTTP 400: .*invalid template"):
        domain_of().request("PUT", "/_index_template/x", body={})
    assert len(api.requests) == 1


def test_an_answer_that_is_not_json_is_named(api: Api, domain_of: DomainOf) -> None:
    api.refusals = [SerializationError("Unknown mimetype, unable to deserialize: text/html")]
    with pytest.raises(SetupFailed, match=r"PUT /_index_template/x: the answer is not JSON .*text/html"):
        domain_of().request("PUT", "/_index_template/x", body={})


def test_refuses_a_domain_of_another_version_before_it_changes_anything(
    api: Api, domain_of: DomainOf, event: Event
) -> None:
    api.version = "2.17.0"
    with pytest.raises(SetupFailed, match=r"runs OpenSearch 2\.17, but its dashboard was made for 2\.19"):
        prepare(domain_of(), event, OBJECTS)
    assert api.changes == []


def test_errors_of_an_import_come_with_status_200(api: Api, domain_of: DomainOf, event: Event) -> None:
    missing = {"id": "b", "type": "dashboard", "error": {"type": "missing_references", "references": []}}
    api.import_answer = {"success": False, "successCount": 1, "errors": [missing]}
    with pytest.raises(SetupFailed, match=r"Dashboards refuses saved objects: .*missing_references"):
        prepare(domain_of(), event, OBJECTS)


def test_an_object_that_is_there_already_is_fine(api: Api, domain_of: DomainOf, event: Event) -> None:
    conflict = {"id": "b", "type": "dashboard", "error": {"type": "conflict"}}
    api.import_answer = {"success": False, "successCount": 1, "errors": [conflict]}
    assert prepare(domain_of(), event, OBJECTS)["saved_objects"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"endpoint": ""}, "data.endpoint must be longer than or equal to 1"),
        ({"engine_version": 2.19}, "data.engine_version must be string"),
        ({"mappings": {"a": ["admin"]}}, "must match pattern"),
        ({"start_page": "https://elsewhere"}, "data.start_page must match pattern"),
        ({"more": 1}, "must not contain {'more'} properties"),
    ],
)
def test_refuses_an_event_that_is_not_its_own(event: Event, change: dict[str, Any], message: str) -> None:
    events.check(event)
    with pytest.raises(events.BadEvent, match=f"^bad event: .*{message}"):
        events.check({**event, **change})
