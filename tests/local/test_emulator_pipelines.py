"""OpenSearch Ingestion: the life of a pipeline is that of its engine."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import processes
from local.emulator import Emulator
from local.emulator.authorization import COORDINATION_TABLE
from tests.local.conftest import Client

ROLE = "arn:aws:iam::123456789012:role/pipeline"


def body(**sink: Any) -> str:
    aws = {"region": "us-east-1", "sts_role_arn": ROLE}
    table = {
        "table_arn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        "stream": {"start_position": "LATEST"},
    }
    opensearch = {
        "hosts": ["https://localhost:9443"],
        "index": "orders",
        "document_id": '${getMetadata("primary_key")}',
        "action": '${getMetadata("opensearch_action")}',
        "aws": aws,
        **sink,
    }
    source = {"dynamodb": {"tables": [table], "aws": aws}}
    return json.dumps({"version": "2", "orders": {"source": source, "sink": [{"opensearch": opensearch}]}})


@pytest.fixture
def osis(client: Client) -> Iterator[Any]:
    """The service; its pipelines are gone after the test."""
    service = client("osis")
    yield service
    for pipeline in service.list_pipelines()["Pipelines"]:
        service.delete_pipeline(PipelineName=pipeline["PipelineName"])


@pytest.fixture
def wait(osis: Any) -> Callable[[str], dict[str, Any]]:
    """Waits until the pipeline has a status; answers the pipeline."""

    def until(status: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            pipeline: dict[str, Any] = osis.get_pipeline(PipelineName="orders")["Pipeline"]
            return pipeline if pipeline["Status"] == status else None

        found = processes.wait_until(there, limit_seconds=300, what=f"pipeline is {status}")
        assert found
        return found

    return until


def create(osis: Any, text: str) -> dict[str, Any]:
    pipeline: dict[str, Any] = osis.create_pipeline(
        PipelineName="orders", MinUnits=1, MaxUnits=2, PipelineConfigurationBody=text
    )["Pipeline"]
    return pipeline


def engine_folder(emulator: Emulator) -> Path:
    return emulator.decisions_log.parent / "pipelines" / "orders"


def test_pipeline_is_active_while_its_engine_lives(
    osis: Any, wait: Callable[[str], dict[str, Any]], emulator: Emulator
) -> None:
    text = body()
    assert create(osis, text)["Status"] == "CREATING"
    assert wait("ACTIVE")["PipelineConfigurationBody"] == text
    assert (engine_folder(emulator) / "body.yaml").read_text() == text


def test_body_that_the_service_refuses_makes_no_pipeline(osis: Any) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*indx"):
        create(osis, body(indx="orders"))
    assert osis.list_pipelines()["Pipelines"] == []


def test_validation_names_the_problems(osis: Any) -> None:
    assert osis.validate_pipeline(PipelineConfigurationBody=body())["isValid"]
    answer = osis.validate_pipeline(PipelineConfigurationBody=body(indx="orders"))
    assert not answer["isValid"]
    assert "indx" in answer["Errors"][0]["Message"]


def test_body_that_the_engine_refuses_fails_with_its_reason(osis: Any, wait: Callable[[str], dict[str, Any]]) -> None:
    create(osis, body(action="upsert", script={"source": "ctx._source.n++", "params": {}}))
    assert "script" in wait("CREATE_FAILED")["StatusReason"]["Description"]


def test_update_restarts_the_engine_with_the_new_body(
    osis: Any, wait: Callable[[str], dict[str, Any]], emulator: Emulator
) -> None:
    create(osis, body())
    wait("ACTIVE")
    osis.update_pipeline(PipelineName="orders", PipelineConfigurationBody=body(index="renamed"))
    assert wait("ACTIVE")["PipelineConfigurationBody"] == body(index="renamed")
    assert (engine_folder(emulator) / "body.yaml").read_text() == body(index="renamed")


def test_stopped_pipeline_forgets_how_far_it_was(
    osis: Any, wait: Callable[[str], dict[str, Any]], emulator: Emulator
) -> None:
    create(osis, body())
    wait("ACTIVE")
    checkpoint = engine_folder(emulator) / "state.json"
    osis.update_pipeline(PipelineName="orders", PipelineConfigurationBody=body(index="renamed"))
    wait("ACTIVE")
    checkpoint.touch()
    assert osis.stop_pipeline(PipelineName="orders")["Pipeline"]["Status"] == "STOPPED"
    assert not checkpoint.exists()
    osis.start_pipeline(PipelineName="orders")
    wait("ACTIVE")


def test_partitions_are_given_up_with_the_engine_and_forgotten_with_the_pipeline(
    osis: Any, wait: Callable[[str], dict[str, Any]], client: Client
) -> None:
    dynamodb, key = client("dynamodb"), ("sourceIdentifier", "sourcePartitionKey")
    dynamodb.create_table(
        TableName=COORDINATION_TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": role} for name, role in zip(key, ("HASH", "RANGE"), strict=True)],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in key],
        BillingMode="PAY_PER_REQUEST",
    )
    for identifier in ("orders|STREAM", "others|STREAM"):
        leased = {"sourceIdentifier": {"S": identifier}, "sourcePartitionKey": {"S": "shard"}}
        dynamodb.put_item(TableName=COORDINATION_TABLE, Item={**leased, "partitionOwnershipTimeout": {"S": "later"}})

    def leases() -> dict[str, bool]:
        """Of each partition, whether somebody holds it."""
        items = dynamodb.scan(TableName=COORDINATION_TABLE)["Items"]
        return {item["sourceIdentifier"]["S"]: "partitionOwnershipTimeout" in item for item in items}

    create(osis, body())
    wait("ACTIVE")
    osis.update_pipeline(PipelineName="orders", PipelineConfigurationBody=body(index="renamed"))
    assert leases() == {"orders|STREAM": False, "others|STREAM": True}
    wait("ACTIVE")
    osis.stop_pipeline(PipelineName="orders")
    assert leases() == {"others|STREAM": True}
    dynamodb.delete_table(TableName=COORDINATION_TABLE)


def test_deleted_pipeline_is_gone(osis: Any, wait: Callable[[str], dict[str, Any]]) -> None:
    create(osis, body())
    wait("ACTIVE")
    osis.delete_pipeline(PipelineName="orders")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        osis.get_pipeline(PipelineName="orders")


def test_pipelines_that_are_created_at_once_are_all_there(osis: Any) -> None:
    names = [f"orders-{number}" for number in range(4)]

    def made(name: str) -> None:
        osis.create_pipeline(PipelineName=name, MinUnits=1, MaxUnits=2, PipelineConfigurationBody=body())

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(made, names))

    def active() -> set[str]:
        pipelines = osis.list_pipelines()["Pipelines"]
        return {pipeline["PipelineName"] for pipeline in pipelines if pipeline["Status"] == "ACTIVE"}

    processes.wait_until(lambda: active() == set(names), limit_seconds=300, what="all of them are active")


def test_engine_calls_as_the_service(osis: Any, wait: Callable[[str], dict[str, Any]], emulator: Emulator) -> None:
    """The role does not exist here, so all that is to be seen is the attempt to assume it."""

    def attempted() -> bool:
        decisions = map(json.loads, emulator.decisions_log.read_text().splitlines())
        return any(
            decision["who"] == "osis-pipelines.amazonaws.com" and decision["resource"] == ROLE for decision in decisions
        )

    create(osis, body())
    wait("ACTIVE")
    processes.wait_until(attempted, limit_seconds=300, what="the engine assumes the role")
