"""An index that is built anew: a second pipeline beside the first, which stays as it was until it goes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.synth.conftest import SettingsOf, Synthesized, event

Resources = dict[str, dict[str, Any]]
ResourcesOf = Callable[[dict[str, Any]], Resources]

# What the settings say of the new generation must not reach the old one.
IGNORED = {"aws_osis_pipeline.ingestion_orders_1_pipeline", "aws_iam_role_policy.ingestion_orders_1_role_policy"}
# What all generations share.
SHARED = {
    "aws_lambda_invocation.search_setup_run",
    "aws_opensearch_domain.search_domain",
    "aws_lambda_function.dead_letters_replay_function",
}
OF_A_PIPELINE = {
    "aws_cloudwatch_log_group.ingestion_orders_{}_logs",
    "aws_iam_role.ingestion_orders_{}_role",
    "aws_iam_role_policy.ingestion_orders_{}_role_policy",
    "aws_lambda_invocation.ingestion_orders_{}_retire",
    "aws_lambda_invocation.ingestion_orders_{}_serve",
    "aws_osis_pipeline.ingestion_orders_{}_pipeline",
}
OTHER_DOCUMENTS = {"index": "purchases", "shards": 3, "routes": {"large": {"when": "/size == 1"}}}


@pytest.fixture
def resources_of(synthesized: Synthesized, settings_with: SettingsOf) -> ResourcesOf:
    """Address -> arguments, of the pipeline stack of settings with these changes to their table."""

    def resources(table: dict[str, Any]) -> Resources:
        stack = synthesized(settings_with({f"tables.orders.{name}": value for name, value in table.items()}))
        return {
            f"{kind}.{name}": resource
            for kind, named in stack["pipeline"]["resource"].items()
            for name, resource in named.items()
        }

    return resources


def without_lifecycle(resource: dict[str, Any]) -> dict[str, Any]:
    return {argument: value for argument, value in resource.items() if argument != "lifecycle"}


def changed(before: Resources, after: Resources) -> set[str]:
    """Addresses of both whose arguments differ."""
    return {address for address in before.keys() & after.keys() if before[address] != after[address]}


def test_a_new_generation_comes_beside_the_old_one(resources_of: ResourcesOf) -> None:
    before, both = resources_of({"generation": 1}), resources_of({"generation": 2})
    assert both.keys() - before.keys() == {address.format(2) for address in OF_A_PIPELINE}
    assert before.keys() - both.keys() == set()
    assert changed(before, both) == IGNORED | SHARED
    for address in IGNORED:
        assert both[address]["lifecycle"] == {"ignore_changes": "all"}
        assert without_lifecycle(both[address]) == without_lifecycle(before[address])
        assert "lifecycle" not in both[address.replace("orders_1", "orders_2")]


@pytest.mark.parametrize(
    "change",
    [{"documents": OTHER_DOCUMENTS}, {"units": {"min": 2, "max": 9}}, {"switch": "confirmed"}],
    ids="".join,
)
def test_the_old_one_does_not_feel_what_changes_with_the_new(change: dict[str, Any], resources_of: ResourcesOf) -> None:
    before, both = resources_of({"generation": 1}), resources_of({"generation": 2, **change})
    of_the_old = {address.format(1) for address in OF_A_PIPELINE}
    assert changed(before, both) & of_the_old == IGNORED
    assert all(both[address]["lifecycle"] == {"ignore_changes": "all"} for address in IGNORED)


def test_the_new_one_does_not_feel_how_the_old_one_goes(resources_of: ResourcesOf) -> None:
    both, after = resources_of({"generation": 2}), resources_of({"generation": 2, "confirmed": 2})
    assert both.keys() - after.keys() == {address.format(1) for address in OF_A_PIPELINE}
    assert after.keys() - both.keys() == set()
    assert changed(both, after) == SHARED


@pytest.mark.parametrize(("switch", "compare"), [("complete", True), ("confirmed", False)])
def test_the_set_up_function_learns_which_is_which(
    switch: str, compare: bool, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    settings = settings_with({"tables.orders.generation": 2, "tables.orders.switch": switch})
    prepared = event(synthesized(settings))
    assert [
        (one["pipeline"], one["generation"], one["settled"], one["compare"], one["families"][0]["pattern"])
        for one in prepared["generations"]
    ] == [
        ("shop-test-orders-1", 1, True, compare, "orders-1"),
        ("shop-test-orders-2", 2, False, compare, "orders-2"),
    ]
    assert {one["table"] for one in prepared["generations"]} == {"shop-test-orders"}
    assert prepared["roles"]["shop-test-reader"]["index_permissions"][0]["index_patterns"] == ["orders"]
