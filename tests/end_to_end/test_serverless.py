"""The worked example of a collection, on the local AWS: its policies decide, and the data moves."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from opensearchpy import AuthorizationException, NotFoundError, OpenSearch

from local import emulator, processes
from local.deployment import TABLE, Deployment, deployment
from local.engine import Kind

WEBSITE, PERSON, STRANGER = "shop-website", "search-team", "stranger"
ORDERS = 200


@pytest.fixture(scope="module")
def system(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp(kind), kind, "serverless") as system:
        role = f"arn:aws:iam::{system.settings.account_id}:role"
        system.configure(
            production=False,
            deletion_protection=False,
            tables={"orders": {"seeding": {"items": ORDERS}, "units": {"min": 1, "max": 2}}},
            collection={"reader_roles": [f"{role}/{WEBSITE}"], "dashboards": {"roles": [f"{role}/{PERSON}"]}},
        )
        with system.applying_state():
            system.apply_tables()
            system.apply_seeding(changes=0)
            system.apply_pipeline()
            system.wait_until_same()
        yield system


@pytest.fixture(scope="module")
def search_as(system: Deployment) -> Callable[..., OpenSearch]:
    """``search_as("role", lets=True)``: a client of the collection in a session of a role that IAM lets through."""
    iam, sts = system.aws.client("iam"), system.aws.client("sts")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": system.settings.account_id}}
    made: set[str] = set()

    def session(role: str, *, lets: bool = True) -> OpenSearch:
        if role not in made:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))
            made.add(role)
        effect = "Allow" if lets else "Deny"
        access = {"Effect": effect, "Action": "aoss:APIAccessAll", "Resource": collection(system)["arn"]}
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document(access))
        arn = system.settings.names.role_arn(role)
        keys = sts.assume_role(RoleArn=arn, RoleSessionName="tries")["Credentials"]
        return system.search_as(boto3.Session(keys["AccessKeyId"], emulator.ANY_SECRET, keys["SessionToken"]))

    return session


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def collection(system: Deployment) -> dict[str, Any]:
    client = system.aws.client("opensearchserverless")
    (found,) = client.batch_get_collection(names=[system.settings.names.collection])["collectionDetails"]
    return dict(found)


def test_the_collection_is_there_with_its_policies(system: Deployment) -> None:
    client, name = system.aws.client("opensearchserverless"), system.settings.names.collection
    found = collection(system)
    assert (found["status"], found["type"], found["standbyReplicas"]) == ("ACTIVE", "SEARCH", "ENABLED")
    key = system.aws.client("kms").describe_key(KeyId=system.settings.names.key_alias)["KeyMetadata"]["Arn"]
    assert found["kmsKeyArn"] == key
    assert client.get_security_policy(name=name, type="network")["securityPolicyDetail"]["policy"][0]["AllowFromPublic"]
    saml = client.get_security_config(id=f"saml/{system.settings.account_id}/{name}")["securityConfigDetail"]
    assert saml["samlOptions"]["metadata"] == system.settings.saml_metadata


def test_everything_is_searched_by_its_name(system: Deployment) -> None:
    assert len(system.documents()) == ORDERS
    assert system.differences() == []
    ((name, index),) = system.search.indices.get(index=TABLE).items()
    assert name == "orders-1"
    declared = system.settings.tables[TABLE].documents.attributes
    assert {attribute: index["mappings"]["properties"][attribute]["type"] for attribute in declared} == {
        attribute: one.type for attribute, one in declared.items()
    }


def test_changes_and_deletions_follow(system: Deployment) -> None:
    dynamodb, table = system.aws.client("dynamodb"), system.table_name()
    first, second, *_ = sorted(system.items())
    dynamodb.put_item(TableName=table, Item={"order_id": {"S": "new"}, "status": {"S": "paid"}})
    dynamodb.put_item(TableName=table, Item={"order_id": {"S": first}, "status": {"S": "lost"}})
    dynamodb.delete_item(TableName=table, Key={"order_id": {"S": second}})
    system.wait_until_same()
    documents = system.documents()
    assert documents["new"]["status"] == "paid"
    assert documents[first]["status"] == "lost"
    assert second not in documents


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/orders-1/_doc/x"),
        ("DELETE", "/orders-1"),
        ("GET", "/_index_template/x"),
        ("POST", "/others/_search"),
    ],
)
def test_an_application_searches_and_does_nothing_else(
    method: str, path: str, search_as: Callable[..., OpenSearch]
) -> None:
    website = search_as(WEBSITE)
    assert website.search(index=TABLE, body={})["hits"]["total"]["value"] > 0
    with pytest.raises(AuthorizationException):
        website.transport.perform_request(method, path, body={})


def test_who_is_in_one_of_both_policies_only_is_refused(search_as: Callable[..., OpenSearch]) -> None:
    """IAM and a data access policy have to agree."""
    with pytest.raises(AuthorizationException):
        search_as(STRANGER).search(index=TABLE, body={})
    with pytest.raises(AuthorizationException):
        search_as(PERSON, lets=False).search(index=TABLE, body={})
    assert search_as(PERSON).search(index=TABLE, body={})["hits"]["hits"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/_cluster/health"),
        ("POST", "/orders/_refresh"),
        ("POST", "/_search/scroll"),
        ("GET", "/_plugins/_security/api/roles"),
    ],
)
def test_what_a_collection_does_not_have_is_not_there(
    method: str, path: str, search_as: Callable[..., OpenSearch]
) -> None:
    with pytest.raises(NotFoundError):
        search_as(PERSON).transport.perform_request(method, path)


def test_the_dashboards_are_there(system: Deployment) -> None:
    wanted = {f"{one['type']}:{one['id']}" for one in map(json.loads, system.settings.saved_objects.splitlines())}
    there = system.search.search(index=".kibana", body={"size": 100, "query": {"match_all": {}}})["hits"]["hits"]
    assert wanted <= {hit["_id"] for hit in there}


def test_a_dead_letter_is_replayed_once_the_cause_is_mended(system: Deployment) -> None:
    def limit_fields(limit: int | None) -> None:
        system.search.indices.put_settings(index="orders-1", body={"index.mapping.total_fields.limit": limit})

    def ask(action: str) -> dict[str, Any]:
        event = json.dumps({"action": action, "table": TABLE, "after": None})
        name = system.settings.names.dead_letters
        answer = system.aws.client("lambda").invoke(FunctionName=name, Payload=event)
        assert "FunctionError" not in answer
        return dict(json.loads(answer["Payload"].read()))

    limit_fields(1)
    item = {"order_id": {"S": "one-too-many"}, "never_seen": {"S": "x"}}
    system.aws.client("dynamodb").put_item(TableName=system.table_name(), Item=item)
    processes.wait_until(lambda: ask("list")["letters"], limit_seconds=300, what="a dead letter")
    limit_fields(None)
    processes.wait_until(lambda: not ask("replay")["reasons"], limit_seconds=300, what="the letter is old enough")
    system.wait_until_same()
    assert system.documents()["one-too-many"]["never_seen"] == "x"
    assert ask("list")["letters"] == 0


def test_a_second_plan_changes_nothing(system: Deployment) -> None:
    assert system.changed_stacks() == []


def test_nothing_was_denied_to_the_system(system: Deployment) -> None:
    # Whoever `tries` is a test.
    assert [one for one in system.refusals() if not one["who"].endswith("/tries")] == []


def test_what_is_destroyed_leaves_nothing(system: Deployment) -> None:
    """The last one."""
    system.terraform("seeding").destroy()
    system.terraform("pipeline").destroy()
    client = system.aws.client("opensearchserverless")
    assert client.list_collections()["collectionSummaries"] == []
    for kind in ("encryption", "network"):
        assert client.list_security_policies(type=kind)["securityPolicySummaries"] == []
