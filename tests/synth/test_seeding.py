"""Many items are filled part by part, one invocation after the other."""

import json
from typing import Any

import pytest

from functions.seeder.items import PART
from tests.synth.conftest import SettingsOf, Synthesized

TABLE = {"partition_key": {"name": "order_id", "type": "S"}}


@pytest.mark.parametrize(
    ("items", "names"),
    [
        (PART, ["fill", "change_1"]),
        (PART + 1, ["fill", "fill_2", "change_1"]),
        (4 * PART, ["fill", "fill_2", "fill_3", "fill_4", "change_1"]),
    ],
)
def test_parts(items: int, names: list[str], settings_with: SettingsOf, synthesized: Synthesized) -> None:
    table: dict[str, Any] = {**TABLE, "seeding": {"items": items, "changes": 1}}
    stacks = synthesized(settings_with({"tables": {"orders": table}}))
    invocations = stacks["seeding"]["resource"]["aws_lambda_invocation"]
    wanted = [f"seeder_orders_{name}" for name in names]
    assert sorted(invocations) == sorted(wanted)
    assert [invocations[name].get("depends_on") for name in wanted] == [
        None,
        *([f"aws_lambda_invocation.{name}"] for name in wanted[:-1]),
    ]
    fills = [json.loads(invocations[name]["input"]) for name in wanted[:-1]]
    assert {(event["action"], event["items"]) for event in fills} == {("fill", items)}
    assert [event.get("part", 1) for event in fills] == list(range(1, len(fills) + 1))
    assert (
        stacks["seeding"]["output"]["results"]["value"]["orders"] == f"${{aws_lambda_invocation.{wanted[-1]}.result}}"
    )
