"""A table and a domain of somebody else's; then the index built anew, twice, while people search and items change."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from local import processes
from local.deployment import Deployment, deployment
from local.engine import Kind
from local.terraform import TerraformError
from tests.end_to_end import others

TABLE, DOMAIN, WEBSITE = "LegacyOrders", "company-search", "shop-website"
STEADY = 300
"""Items that are never deleted: every answer must have them all."""
EVERY_SECONDS = 0.2
"""The counter is raised so often."""
REST_SECONDS = 0.03
"""From an answer to the next search."""
LAG_SECONDS = 5
"""No answer may be older than an earlier one by more than this."""


def item(number: int, **attributes: Any) -> dict[str, Any]:
    return {
        "order_id": {"S": f"order-{number:04}"},
        "status": {"S": "paid"},
        "total": {"N": f"{number}.25"},
        "created_at": {"S": "2026-01-01T00:00:00Z"},
        **attributes,
    }


@pytest.fixture(scope="module")
def system(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp(kind), kind, "existing") as system:
        account = system.settings.account_id
        system.configure(existing_domain={"reader_roles": [f"arn:aws:iam::{account}:role/{WEBSITE}"]})
        _what_others_made(system)
        with system.applying_state():
            system.apply_pipeline()
            system.wait_until_same()
        yield system


def _what_others_made(system: Deployment) -> None:
    """The table with items, the domain, and the role of an application that searches it."""
    others.make_table(system, TABLE)
    for number in range(STEADY):
        system.aws.client("dynamodb").put_item(TableName=TABLE, Item=item(number))
    others.make_domain(system, DOMAIN)
    others.make_role(system, WEBSITE)
    resource = f"{system.settings.names.domain_arn}/*"
    search = {"Effect": "Allow", "Action": ["es:ESHttpGet", "es:ESHttpPost"], "Resource": resource}
    policy = {"Version": "2012-10-17", "Statement": [search]}
    system.aws.client("iam").put_role_policy(RoleName=WEBSITE, PolicyName="search", PolicyDocument=json.dumps(policy))


def website(system: Deployment) -> boto3.Session:
    credentials = system.aws.client("sts").assume_role(
        RoleArn=system.settings.names.role_arn(WEBSITE), RoleSessionName="searches"
    )["Credentials"]
    return boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def served_by(system: Deployment) -> set[str]:
    return set(system.search.indices.get_alias(name="orders"))


def indices(system: Deployment) -> set[str]:
    return set(system.search.indices.get(index="orders-*"))


def pipelines(system: Deployment) -> set[str]:
    return {one["PipelineName"] for one in system.aws.client("osis").list_pipelines()["Pipelines"]}


def apply(system: Deployment, **table: Any) -> None:
    system.configure(tables={"orders": table})
    stack = system.terraform("pipeline")
    stack.init()
    stack.apply()


class Traffic:
    """Somebody who searches all the time, and somebody who changes items all the time."""

    def __init__(self, system: Deployment) -> None:
        self._system = system
        self._end = threading.Event()
        self.answers = 0
        self.writes = 0
        self.wrong: list[str] = []

    def search(self) -> None:
        search, newest = self._system.search_as(website(self._system)), 0.0
        query = {"query": {"range": {"total": {"lt": STEADY}}}, "size": 0, "track_total_hits": True}
        counter = {"query": {"ids": {"values": ["counter"]}}}
        while not self._end.is_set():
            try:
                found = search.search(index="orders", body=query)["hits"]["total"]["value"]
                hits = search.search(index="orders", body=counter)["hits"]["hits"]
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
                continue
            self.answers += 1
            count = hits[0]["_source"]["total"] if hits else 0
            if found != STEADY:
                self.wrong.append(f"{found} of {STEADY} documents")
            # At a switch an answer may be older by as much as one pipeline is behind the other.
            if count < newest - LAG_SECONDS / EVERY_SECONDS:
                self.wrong.append(f"the counter went back from {newest} to {count}")
            newest = max(newest, count)
            self._end.wait(REST_SECONDS)

    def change(self) -> None:
        dynamodb = self._system.aws.client("dynamodb")
        while not self._end.is_set():
            self.writes += 1
            count = {"N": f"{STEADY + self.writes}"}
            dynamodb.put_item(TableName=TABLE, Item={"order_id": {"S": "counter"}, "total": count})
            dynamodb.put_item(TableName=TABLE, Item=item(self.writes % STEADY, status={"S": f"seen-{self.writes}"}))
            extra = {"order_id": {"S": f"extra-{self.writes % 20}"}}
            if self.writes % 3:
                dynamodb.put_item(TableName=TABLE, Item={**extra, "total": count})
            else:
                dynamodb.delete_item(TableName=TABLE, Key=extra)
            self._end.wait(EVERY_SECONDS)

    @contextmanager
    def flowing(self) -> Iterator["Traffic"]:
        threads = [threading.Thread(target=work, daemon=True) for work in (self.search, self.change)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._end.set()
            for thread in threads:
                thread.join(60)


def test_what_others_made_is_searched_and_left_as_it_is(system: Deployment) -> None:
    assert len(system.documents()) == STEADY
    managed = json.loads((system.terraform("pipeline").directory / "cdk.tf.json").read_text())["resource"]
    assert not managed.keys() & {"aws_dynamodb_table", "aws_opensearch_domain", "aws_cognito_user_pool"}
    assert website_finds(system) == STEADY
    assert system.changed_stacks() == []


def website_finds(system: Deployment) -> int:
    found = system.search_as(website(system)).search(index="orders", body={"size": 0, "track_total_hits": True})
    return int(found["hits"]["total"]["value"])


def test_a_plan_says_what_the_table_lacks(system: Deployment) -> None:
    others.recover(system, TABLE, enabled=False)
    try:
        with pytest.raises(TerraformError, match="must have point-in-time"):
            system.terraform("pipeline").has_changes()
    finally:
        others.recover(system, TABLE, enabled=True)


def test_an_index_is_built_anew_while_people_search(system: Deployment) -> None:
    with Traffic(system).flowing() as traffic:
        assert served_by(system) == {"orders-1"}

        # Another type, which the old index can never have.
        apply(system, generation=2, documents={"attributes": {"total": "float", "status": {"type": "text"}}})
        assert served_by(system) == {"orders-2"}
        assert pipelines(system) == {"shop-existing-orders-1", "shop-existing-orders-2"}
        assert not system.terraform("pipeline").has_changes()

        # Second thoughts: back to the old one, which went on all the time.
        apply(system, generation=1, documents={"attributes": {"total": "double", "status": {"type": "keyword"}}})
        assert served_by(system) == indices(system) == {"orders-1"}
        assert pipelines(system) == {"shop-existing-orders-1"}

        # Again, and this time for good.
        apply(system, generation=2, documents={"shards": 2})
        assert served_by(system) == {"orders-2"}
        apply(system, confirmed=2)
        assert served_by(system) == indices(system) == {"orders-2"}
        assert pipelines(system) == {"shop-existing-orders-2"}
    assert traffic.wrong == []
    assert traffic.answers > 100
    assert traffic.writes > 100
    system.wait_until_same()
    assert system.search.indices.get(index="orders")["orders-2"]["settings"]["index"]["number_of_shards"] == "2"


def test_nothing_is_left_of_the_old_generation(system: Deployment) -> None:
    request = system.search.transport.perform_request
    roles = (
        request("GET", "/_plugins/_security/api/roles").keys()
        | request("GET", "/_plugins/_security/api/rolesmapping").keys()
    )
    assert "shop-existing-orders-2" in roles
    assert "shop-existing-orders-1" not in roles
    templates = {one["name"] for one in request("GET", "/_index_template")["index_templates"]}
    assert {name for name in templates if name.startswith("shop-existing")} == {"shop-existing-orders-2.orders"}
    iam = [role["RoleName"] for role in system.aws.client("iam").list_roles()["Roles"]]
    assert not [role for role in iam if "orders-1" in role]
    assert system.changed_stacks() == []


def test_no_call_was_denied(system: Deployment) -> None:
    assert system.refusals() == []


def test_destroying_leaves_what_others_made(system: Deployment) -> None:
    system.configure(deletion_protection=False)
    stack = system.terraform("pipeline")
    stack.init()
    stack.apply()
    stack.destroy()
    assert system.aws.client("dynamodb").describe_table(TableName=TABLE)["Table"]["TableStatus"] == "ACTIVE"
    assert system.aws.client("opensearch").describe_domain(DomainName=DOMAIN)["DomainStatus"]["Created"]
    processes.wait_until(lambda: pipelines(system) == set(), limit_seconds=300, what="the pipeline is gone")
    # The index is still searched: nobody took it out of service.
    assert served_by(system) == {"orders-2"}
