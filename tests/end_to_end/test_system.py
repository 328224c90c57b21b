"""The demo's story under test: real Terraform, real OpenSearch, every kind of item and of change, no call denied."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local import demo, processes
from local.deployment import Deployment, deployment
from local.engine import Kind
from local.progress import Progress

EVERY_TYPE: dict[str, Any] = {
    "text": {"S": 'Tïtle "q" \\ 日本 😀 \n'},
    "empty": {"S": ""},
    "negative": {"N": "-12.50"},
    "tiny": {"N": "1E-20"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "binary": {"B": b"\x00\x01binary"},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1.5", "2.5"]},
    "binaries": {"BS": [b"x", b"y"]},
    "list": {"L": [{"S": "x"}, {"S": "y"}, {"NULL": True}]},
    "map": {"M": {"deep": {"M": {"deeper": {"L": [{"BOOL": True}]}}}}},
    "empty_list": {"L": []},
    "empty_map": {"M": {}},
}


def item(identity: str, **attributes: Any) -> dict[str, Any]:
    return {"order_id": {"S": identity}, **attributes}


@pytest.fixture(scope="module")
def system(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Deployed, with the sample data and an item of every type exported."""
    progress = Progress(Console())
    with deployment(tmp_path_factory.mktemp(kind), kind) as system:
        system.apply_state()
        system.apply_table()
        put(system, item("exported", **EVERY_TYPE))
        demo.deploy(system, progress)
        yield system


def put(system: Deployment, item: dict[str, Any]) -> None:
    system.aws.client("dynamodb").put_item(TableName=system.settings.names.table, Item=item)


def dead_letters(system: Deployment) -> list[dict[str, Any]]:
    s3, bucket = system.aws.client("s3"), system.settings.names.export_bucket
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="dlq/").get("Contents", [])]
    objects = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return [letter for content in objects for letter in content["dlqObjects"]]


def test_everything_was_exported(system: Deployment) -> None:
    documents = system.documents()
    assert len(documents) == system.settings.seeding.items + 1  # type: ignore[union-attr]
    assert system.differences() == []
    assert documents["exported"]["binary"] == "AAFiaW5hcnk="


def test_declared_attributes_are_mapped_as_declared(system: Deployment) -> None:
    mapping = system.search.indices.get_mapping(index="orders")["orders"]["mappings"]["properties"]
    declared = system.settings.ingestion.attributes
    assert {name: mapping[name]["type"] for name in declared} == declared


def test_every_type_comes_through_the_stream(system: Deployment) -> None:
    put(system, item("streamed", **EVERY_TYPE))
    system.wait_until_same()


def test_the_last_of_many_writes_within_a_second_wins(system: Deployment) -> None:
    for number in range(5):
        put(system, item("hot", quantity={"N": str(number)}))
    system.wait_until_same()
    assert system.documents()["hot"]["quantity"] == 4


def test_an_item_put_and_deleted_at_once_is_gone(system: Deployment) -> None:
    put(system, item("gone"))
    system.aws.client("dynamodb").delete_item(TableName=system.settings.names.table, Key=item("gone"))
    put(system, item("after"))
    system.wait_until_same()
    assert "gone" not in system.documents()


def test_changes_and_deletes_reach_the_index(system: Deployment) -> None:
    before = system.documents()
    demo.change(system, Progress(Console()))
    after = system.documents()
    assert before.keys() > after.keys()
    assert any(before[identity] != after[identity] for identity in after)


def test_a_poison_document_goes_to_the_dead_letters_and_stops_nothing(system: Deployment) -> None:
    put(system, item("poison", price={"S": "not a number"}))
    put(system, item("healthy", price={"N": "1.25"}))
    letters = processes.wait_until(lambda: dead_letters(system), limit_seconds=60, what="a dead letter")
    (letter,) = letters
    assert letter["failedData"]["indexId"] == "poison"
    assert letter["failedData"]["status"] == 400
    assert "price" in letter["failedData"]["message"]
    processes.wait_until(lambda: "healthy" in system.documents(), limit_seconds=60, what="the document after it")
    assert system.differences() == ["poison: in the table, not in the index"]
    system.aws.client("dynamodb").delete_item(TableName=system.settings.names.table, Key=item("poison"))


def test_users_are_invited(system: Deployment) -> None:
    pool = system.terraform("pipeline").outputs()["user_pool_id"]
    users = system.aws.client("cognito-idp").list_users(UserPoolId=pool)["Users"]
    emails = {a["Value"] for user in users for a in user["Attributes"] if a["Name"] == "email"}
    assert emails == set(system.settings.dashboards.users)


def test_a_second_plan_changes_nothing(system: Deployment) -> None:
    assert system.changed_stacks() == []


def test_no_call_was_denied(system: Deployment) -> None:
    decisions = [json.loads(line) for line in Path(system.aws.decisions_log).read_text().splitlines()]
    assert [decision for decision in decisions if decision["result"] != "allow"] == []
    # arn:aws:sts::123456789012:assumed-role/ROLE/SESSION
    callers = {decision["who"].split("/")[1] for decision in decisions if ":assumed-role/" in decision["who"]}
    names = system.settings.names
    assert {names.pipeline_role, names.seeder_role} <= callers


def test_destroying_the_seeding_leaves_the_table_as_it_is(system: Deployment) -> None:
    before = len(system.items())
    system.terraform("seeding").destroy()
    assert len(system.items()) == before
    assert system.differences() == []
