"""Nothing is there before Terraform: it makes a private domain itself, with its network and its key, and all the rest.

The other tests find a domain that is there already, for the provider waits ten minutes for one that it makes.
"""

import dataclasses
import os
from collections.abc import Iterator

import pytest

from local.deployment import Deployment, deployment

REPOSITORY = {"repository": "example/search", "oidc_provider": "made"}
EMAIL = "platform@example.com"

pytestmark = pytest.mark.skipif(
    "WHOLE_APPLY" not in os.environ,
    reason="the provider waits ten minutes for a domain that it makes: `make whole-apply` runs this, each night in CI",
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All that the worked examples `private` and `large` have, with hours, a budget and roles for a pipeline of CI."""
    with deployment(tmp_path_factory.mktemp("private"), "embedded", "private") as system:
        system.aws = dataclasses.replace(system.aws, domain_first=False)
        system.configure(
            production=False,
            deletion_protection=False,
            domain={
                "instance_type": "r7g.2xlarge.search",
                "instance_count": 6,
                "volume_gib": 1000,
                "iops": 6000,
                "throughput_mib": 500,
                "standby": True,
                "warm": {"type": "ultrawarm1.medium.search", "count": 3, "cold": True},
                "off_peak_utc": "01:00",
            },
            hours={"start": "07:00", "stop": "19:00", "timezone": "UTC"},
            budget={"monthly_usd": 2000, "emails": [EMAIL]},
            delivery=REPOSITORY,
            tables={"orders": {"seeding": {"items": 100}}},
        )
        with system.applying_state():
            # Every other role has the permissions boundary that is made here.
            delivery = system.terraform("delivery")
            delivery.init()
            delivery.apply()
            system.apply_tables()
            system.apply_seeding(changes=0)
            system.apply_pipeline()
        yield system


def test_every_item_is_found(system: Deployment) -> None:
    system.wait_until_same()
    assert len(system.items()) == 100


def test_the_domain_is_in_the_network_and_under_the_key(system: Deployment) -> None:
    attributes = system.terraform("pipeline").attributes
    domain = attributes["aws_opensearch_domain.search_domain"]
    subnets = {
        subnet["SubnetId"] for subnet in system.aws.client("ec2", system.settings.region).describe_subnets()["Subnets"]
    }
    assert set(domain["vpc_options"][0]["subnet_ids"]) <= subnets
    assert domain["encrypt_at_rest"][0]["kms_key_id"].startswith(f"arn:aws:kms:{system.settings.region}:")
    assert domain["endpoint"] == system.aws.domain_endpoint


def test_changes_follow(system: Deployment) -> None:
    dynamodb, table = system.aws.client("dynamodb"), system.table_name()
    dynamodb.put_item(TableName=table, Item={"order_id": {"S": "late"}, "status": {"S": "paid"}})
    system.wait_until_same()
    dynamodb.delete_item(TableName=table, Key={"order_id": {"S": "late"}})
    system.wait_until_same()


def test_a_second_plan_changes_nothing(system: Deployment) -> None:
    assert system.changed_stacks() == []


def test_no_call_was_denied(system: Deployment) -> None:
    assert system.refusals() == []


def test_nothing_is_left_when_it_is_destroyed(system: Deployment) -> None:
    """The set-up function takes its indices out of the domain from inside the network, which goes after it."""
    # The provider also waits ten minutes for a domain that it deletes.
    system.aws = dataclasses.replace(system.aws, domain_first=True)
    system.destroy()
    ec2 = system.aws.client("ec2", system.settings.region)
    assert [one for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]] == []
    assert system.aws.client("lambda").list_functions()["Functions"] == []
    assert system.aws.client("opensearch").list_domain_names()["DomainNames"] == []
