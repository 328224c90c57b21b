"""What becomes of a collection, which has neither security roles nor a version."""

from typing import Any

import pytest

from functions.search_setup.domain import Domain, SetupFailed
from functions.search_setup.events import check
from functions.search_setup.handler import prepare
from functions.search_setup.succession import retire
from tests.unit.search_setup.conftest import Api, line

OBJECTS = line(type="index-pattern", id="a") + line(type="dashboard", id="b")
MADE = {"roles": 0, "mappings": 0, "index_templates": 1, "saved_objects": 2, "clients": 0}


@pytest.fixture
def collection(api: Api) -> Domain:
    return Domain(api, lambda: 600.0, lambda _: None, serverless=True)


@pytest.fixture
def event(event: dict[str, Any]) -> dict[str, Any]:
    """To prepare a collection."""
    (generation,) = event["generations"]
    (family,) = generation["families"]
    return {
        **event,
        "roles": {},
        "mappings": {},
        "dashboards_users": [],
        "generations": [{**generation, "role": None, "members": [], "families": [{**family, "settings": {}}]}],
        "start_page": None,
        "sessions": None,
    }


def test_gets_templates_and_dashboards_and_nothing_else(api: Api, collection: Domain, event: dict[str, Any]) -> None:
    assert prepare(collection, check(event), OBJECTS) == MADE
    assert api.templates["shop-orders-1.orders"]["template"]["aliases"] == {"orders": {}}
    asked = {request.split()[1] for request in api.requests}
    # What a collection does not have, nobody asks for.
    assert not [path for path in asked if "_security" in path or "_cluster" in path or path == "/"]
    assert api.changes == [
        "PUT /_index_template/shop-orders-1.orders",
        "POST /_dashboards/api/saved_objects/_resolve_import_errors",
    ]


def test_is_waited_for_until_its_policies_count(api: Api, collection: Domain, event: dict[str, Any]) -> None:
    api.refusals = [(403, {"message": "Forbidden"}), (403, {"message": "Forbidden"})]
    assert prepare(collection, event, OBJECTS) == MADE


@pytest.mark.parametrize("answer", [(403, {"message": "Forbidden"}), (404, "<html>"), (400, {"error": "refused"})])
def test_goes_on_where_its_dashboards_refuse(
    answer: tuple[int, Any], api: Api, collection: Domain, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = api.perform_request

    def refusing(method: str, path: str, **given: Any) -> Any:
        if "_dashboards" in path:
            api.refusals = [answer]
        return answered(method, path, **given)

    monkeypatch.setattr(api, "perform_request", refusing)
    assert prepare(collection, event, OBJECTS) == {**MADE, "saved_objects": 0}
    with pytest.raises(SetupFailed):
        prepare(Domain(api, lambda: 600.0, lambda _: None), event, OBJECTS)


def test_a_generation_goes_without_a_role(api: Api, collection: Domain, event: dict[str, Any]) -> None:
    prepare(collection, event, b"")
    api.requests.clear()
    assert retire(collection, "shop-orders", 1) == {"indices": 0, "index_templates": 0}
    assert api.changes == []
