"""Data of every shape at once, as two of the worked examples describe it: many tables, modes, documents, own body."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from local import processes
from local.deployment import Deployment, deployment
from local.engine import Kind
from settings import ENVIRONMENTS

Item = dict[str, dict[str, Any]]

PRODUCTS: list[Item] = [
    {"sku": {"S": "P1"}, "name": {"S": "Wooden Train"}, "price": {"N": "29.90"}},
    {"sku": {"S": "P2"}, "name": {"S": "Marble Run"}, "price": {"N": "49.90"}},
]
COUNTRIES: list[Item] = [
    {"code": {"S": "DE"}, "name": {"S": "Germany"}},
    {"code": {"S": "FR"}, "name": {"S": "France"}},
]
PRICES: list[Item] = [
    {"sku": {"S": sku}, "market": {"S": market}, "price": {"N": price}, "margin": {"N": "0.3"}}
    for sku, market, price in (("P1", "DE", "29.90"), ("P1", "FR", "31.00"), ("P2", "DE", "49.90"))
]
REVIEW: Item = {"review_id": {"S": "R1"}, "stars": {"N": "4"}, "text": {"S": "Fine."}, "author": {"S": "Ann"}}


def event(at: int, temperature: str) -> Item:
    return {"device": {"S": "D1"}, "at": {"N": str(at)}, "temperature": {"N": temperature}}


@pytest.fixture(scope="module")
def system(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All tables of both examples filled, and what is exported in the index."""
    more = yaml.safe_load((ENVIRONMENTS / "many-tables.yaml").read_text())["tables"]
    with deployment(tmp_path_factory.mktemp(kind), kind, "documents") as system:
        system.configure(tables=more)
        with system.applying_state():
            system.apply_tables()
            for key, items in (
                ("products", PRODUCTS),
                ("countries", COUNTRIES),
                ("prices", PRICES),
                ("reviews", [REVIEW]),
            ):
                for item in items:
                    put(system, key, item)
            system.apply_seeding(changes=0)
            system.apply_pipeline()
            system.wait_until_same("products")
            system.wait_until_same("countries")
            wait(system, "prices", lambda documents: len(documents) == len(PRICES))
            wait(system, "reviews", lambda documents: len(documents) == 1)
            processes.wait_until(lambda: len(orders(system)) == 300, limit_seconds=300, what="every order is searched")
        yield system


def put(system: Deployment, key: str, item: Item) -> None:
    system.aws.client("dynamodb").put_item(TableName=system.table_name(key), Item=item)


def delete(system: Deployment, key: str, **primary_key: dict[str, Any]) -> None:
    system.aws.client("dynamodb").delete_item(TableName=system.table_name(key), Key=primary_key)


def wait(system: Deployment, alias: str, condition: Any) -> dict[str, Any]:
    processes.wait_until(lambda: condition(system.documents(alias)), limit_seconds=120, what=f"{alias} is as expected")
    return system.documents(alias)


def orders(system: Deployment) -> dict[str, str]:
    """Document id -> the index that has it, of all indices of the orders."""
    return {
        identity: alias
        for alias in ("shop-orders", "shop-orders-books", "playthings")
        for identity in system.documents(alias)
    }


def index_of(system: Deployment, alias: str) -> dict[str, Any]:
    """The one index behind an alias: name, settings, mapping."""
    ((name, index),) = system.search.indices.get(index=alias).items()
    return {"name": name, **index}


def test_each_table_has_a_pipeline_of_its_own(system: Deployment) -> None:
    pipelines = system.aws.client("osis").list_pipelines()["Pipelines"]
    assert {one["PipelineName"]: one["Status"] for one in pipelines} == {
        f"shop-documents-{key}-1": "ACTIVE" for key in system.settings.tables
    }
    groups = {group["logGroupName"] for group in system.aws.client("logs").describe_log_groups()["logGroups"]}
    assert {pipeline.names.log_group for pipeline in system.settings.pipelines} <= groups


def test_changes_of_two_tables_reach_their_own_index(system: Deployment) -> None:
    put(system, "products", {"sku": {"S": "P3"}, "name": {"S": "Kite"}, "price": {"N": "9.90"}})
    delete(system, "products", sku={"S": "P1"})
    put(system, "prices", {"sku": {"S": "P3"}, "market": {"S": "DE"}, "price": {"N": "9.90"}})
    system.wait_until_same("products")
    assert system.documents("products").keys() == {"P2", "P3"}
    assert "DE:P3" in wait(system, "prices", lambda documents: "DE:P3" in documents)


def test_a_pipeline_reads_no_other_table(system: Deployment) -> None:
    products, countries = (
        next(one for one in system.settings.pipelines if one.key == key) for key in ("products", "countries")
    )
    session = system.aws.client("sts").assume_role(RoleArn=products.role_arn, RoleSessionName="tries")
    dynamodb = system.aws.client("dynamodb", key=session["Credentials"]["AccessKeyId"])
    assert dynamodb.describe_table(TableName=products.table_name)
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.describe_table(TableName=countries.table_name)


def test_a_stream_only_table_is_never_exported(system: Deployment) -> None:
    put(system, "events", event(1_767_225_600, "21.5"))
    assert wait(system, "events", bool) == {"D1|1767225600": {"device": "D1", "at": 1_767_225_600, "temperature": 21.5}}
    assert system.aws.client("dynamodb").list_exports(TableArn=table_arn(system, "events"))["ExportSummaries"] == []


def table_arn(system: Deployment, key: str) -> str:
    return system.settings.names.table_arn(system.table_name(key))


def test_a_date_is_part_of_the_name_and_the_template_holds_for_it(system: Deployment) -> None:
    put(system, "events", event(1_767_225_600, "21.5"))
    wait(system, "events", bool)
    index = index_of(system, "events")
    assert index["name"].startswith("events-1-20")
    assert index["mappings"]["properties"]["at"] == {"type": "date", "format": "epoch_second"}
    found = system.search.search(index="events", body={"query": {"range": {"at": {"gte": 1_767_225_599}}}})
    assert found["hits"]["total"]["value"] == 1


def test_an_export_only_table_is_searched_as_it_was(system: Deployment) -> None:
    put(system, "countries", {"code": {"S": "IT"}, "name": {"S": "Italy"}})
    put(system, "products", {"sku": {"S": "later"}, "name": {"S": "Later"}, "price": {"N": "1"}})
    wait(system, "products", lambda documents: "later" in documents)
    assert system.documents("countries").keys() == {"DE", "FR"}
    table = system.aws.client("dynamodb").describe_table(TableName=system.table_name("countries"))["Table"]
    assert not table.get("StreamSpecification", {}).get("StreamEnabled")


def test_the_template_shapes_the_index(system: Deployment) -> None:
    index = index_of(system, "shop-orders")
    assert index["name"] == "shop-orders-1"
    assert index["settings"]["index"]["number_of_shards"] == "2"
    declared = system.settings.tables["orders"].documents.attributes
    mapping = index["mappings"]["properties"]
    assert {name: mapping[name] for name in declared} == {name: one.mapping for name, one in declared.items()}
    query = {"aggs": {"products": {"terms": {"field": "product.keyword"}}}}
    buckets = system.search.search(index="shop-orders", body=query)["aggregations"]["products"]["buckets"]
    assert any(" " in bucket["key"] for bucket in buckets)


def test_a_filtered_attribute_never_leaves_the_table(system: Deployment) -> None:
    for alias in ("shop-orders", "shop-orders-books", "playthings"):
        documents = system.documents(alias)
        assert documents
        assert all(document.keys().isdisjoint({"customer", "notes"}) for document in documents.values())
        properties = index_of(system, alias)["mappings"]["properties"]
        assert properties.keys().isdisjoint({"customer", "notes"})
    assert any("customer" in item for item in system.items("orders").values())


def test_routes_lead_to_their_index_and_processors_ran_before(system: Deployment) -> None:
    where = orders(system)
    index = {"books": "shop-orders-books", "toys": "playthings"}
    expected = {
        identity: index.get(item["category"]["S"], "shop-orders") for identity, item in system.items("orders").items()
    }
    assert where == expected
    assert set(where.values()) == {"shop-orders", "shop-orders-books", "playthings"}
    assert {document["source"] for document in system.documents("playthings").values()} == {"shop"}


def test_changes_and_deletes_follow_the_route(system: Deployment) -> None:
    toy = next(identity for identity, alias in orders(system).items() if alias == "playthings")
    item: Item = dict(system.items("orders")[toy])  # type: ignore[arg-type] # what was put there is a plain dict
    put(system, "orders", {**item, "status": {"S": "lost"}})
    wait(system, "playthings", lambda documents: documents[toy]["status"] == "lost")
    delete(system, "orders", order_id={"S": toy})
    wait(system, "playthings", lambda documents: toy not in documents)
    assert toy not in orders(system)


def test_an_id_of_ones_own_is_that_of_deletes_too(system: Deployment) -> None:
    assert {"DE:P1", "FR:P1", "DE:P2"} <= system.documents("prices").keys()
    assert system.documents("prices")["FR:P1"] == {"sku": "P1", "market": "FR", "price": 31.0}
    delete(system, "prices", sku={"S": "P1"}, market={"S": "FR"})
    wait(system, "prices", lambda documents: "FR:P1" not in documents)


def test_a_body_of_ones_own_runs(system: Deployment) -> None:
    assert system.documents("reviews") == {"R1": {"review_id": "R1", "stars": 4, "text": "Fine.", "excerpt": "Fine."}}
    put(system, "reviews", {**REVIEW, "review_id": {"S": "R2"}})
    wait(system, "reviews", lambda documents: documents.keys() == {"R1", "R2"})
    delete(system, "reviews", review_id={"S": "R1"})
    wait(system, "reviews", lambda documents: documents.keys() == {"R2"})


def test_nothing_was_dead_lettered_or_denied(system: Deployment) -> None:
    bucket = system.settings.names.export_bucket
    assert "Contents" not in system.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="dlq/")
    # Whoever `tries` is a test.
    assert [one for one in system.refusals() if not one["who"].endswith("/tries")] == []


def test_a_second_plan_changes_nothing(system: Deployment) -> None:
    assert system.changed_stacks() == []
