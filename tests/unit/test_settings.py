"""Every rule of the settings: one value that passes, one that does not, and what the person is told."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from settings import ENVIRONMENTS, InvalidSettings, load
from tests.unit.conftest import ABSENT, settings_of

PRODUCTION = {
    "production": True,
    "domain.instance_type": "r7g.large.search",
    "domain.instance_count": 2,
    "domain.volume_gib": 100,
}
KEY = {"name": "id", "type": "S"}
OTHER_KEY = "arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
OWN_DOMAIN_ABSENT = {"domain": ABSENT, "existing_domain": {"name": "company-search"}}
LARGE = {
    "domain": {
        "instance_type": "r7g.large.search",
        "instance_count": 3,
        "volume_gib": 100,
        "masters": "m7g.medium.search",
        "standby": True,
    }
}
EXISTING_TABLE = {"tables.orders": {"existing": {"name": "LegacyOrders"}}}
COLLECTION = {"domain": ABSENT, "collection": {}}
ROLE = "arn:aws:iam::111122223333:role/analyst"
METADATA = "idp.xml"
SAML = {"metadata": METADATA, "groups": ["analysts"], "group_attribute": "groups"}
HOURS = {"start": "08:00", "stop": "19:00", "timezone": "Europe/Berlin"}
TWO_TABLES = {"tables.customers": {"partition_key": KEY}}


@pytest.mark.parametrize("environment", sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
def test_every_shipped_environment_is_valid(environment: str) -> None:
    assert load(environment).environment == environment


GOOD: list[dict[str, Any]] = [
    {},
    {"project": "abcdefghijklmn"},  # 14 + "-test-orders-1" is 28
    {"region": "ap-northeast-3"},
    {"log_retention_days": 731},
    {"tags": {"cost-center": "a b:c/d=e+f-g@h"}},
    {"tags": {"Project": "a", "ENVIRONMENT": "b", "Stack": "c"}},
    {"tables.orders.sort_key": {"name": "at", "type": "N"}, "tables.orders.seeding": ABSENT},
    {"tables.orders.stream_view": "NEW_IMAGE"},
    {"tables.orders.units": {"min": 1, "max": 96}},
    {"tables.orders.units": {"min": 96, "max": 96}},
    {"ingestion.flush_timeout_ms": -1},
    {"tables.orders.documents.attributes": {"place": "geo_point", "größe": "double"}},
    {"domain.instance_type": "m7g.2xlarge.search", "domain.volume_gib": 3072},
    {"domain.instance_type": "r8g.16xlarge.search", "domain.volume_gib": 36_864},
    {"domain.instance_type": "or1.medium.search", "domain.volume_gib": 20, "domain.masters": "m7g.medium.search"},
    {"domain.volume_gib": 100},
    {"domain.engine_version": "OpenSearch_2.11"},
    {"domain.engine_version": "OpenSearch_3.5"},
    {"domain.instance_type": "r7g.large.search", "domain.instance_count": 80, "domain.masters": "m7g.large.search"},
    {"domain.instance_count": 10},
    {"domain.instance_count": 4, "domain.zones": 2},
    {"domain.instance_count": 3, "domain.zones": 1},
    {"region": "us-west-1", "domain.instance_count": 2},
    {"region": "us-west-1", "domain.instance_count": 3, "domain.zones": 3},
    {**LARGE, "domain.zones": 3},
    {"dashboards.analysts": {"users": ["ann.o+tag@mail.example.co"]}},
    {"dashboards": {"administrators": {"group": "Search.Ops-1"}, "mfa": "optional", "threat_protection": "enforced"}},
    {"domain.reader_roles": ["arn:aws:iam::111122223333:role/service/shop"]},
    {"domain.masters": "m7g.medium.search"},
    LARGE,
    {**LARGE, "domain.iops": 16_000, "domain.throughput_mib": 1000, "domain.off_peak_utc": "23:59"},
    {**LARGE, "domain.warm": {"type": "ultrawarm1.medium.search", "count": 3, "cold": True}},
    {**LARGE, "domain.standby": False, "domain.warm": {"type": "ultrawarm1.medium.search", "count": 2}},
    {**LARGE, "domain.auto_tune": False, "tables.orders.documents.replicas": 2},
    {"domain.auto_tune": False, "domain.iops": 3000, "domain.throughput_mib": 750},
    {"network": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-01234567"]}},
    {"network": {"cidr": "10.20.0.0/24"}},
    {"own_key": True},
    {"kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"},
    {"tables.orders.seeding.items": 1_000_000},
    {"ingestion.pipeline_quota": 2, **TWO_TABLES},
    EXISTING_TABLE,
    OWN_DOMAIN_ABSENT,
    COLLECTION,
    {**COLLECTION, "collection": {"standby": False, "reader_roles": [ROLE], "dashboards": {"roles": [ROLE]}}},
    {**COLLECTION, "collection.dashboards": {"saml": SAML}},
    {**COLLECTION, "collection.dashboards": {"saml": {"metadata": METADATA, "users": ["ann@example.com"]}}},
    {**COLLECTION, "network": {"cidr": "10.20.0.0/24"}, "own_key": True},
    {**COLLECTION, "network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}},
    {**COLLECTION, "tables.orders.generation": 2, "tables.orders.switch": "confirmed"},
    {**COLLECTION, "production": True},
    {"tables.orders.mode": "stream"},
    {"tables.orders.mode": "export", "tables.orders.stream_view": "NEW_IMAGE"},
    {"tables.orders.generation": 7, "tables.orders.confirmed": 6},
    {"tables.orders.generation": 7, "tables.orders.confirmed": 7, "tables.orders.mode": "stream"},
    {"tables.orders.documents": {"index": "o.r_d-ers", "shards": 5, "replicas": 0, "period": "month"}},
    {"tables.orders.documents.attributes": {"at": {"type": "date", "format": "epoch_second"}}},
    {"tables.orders.documents.attributes": {"name": {"type": "text", "keyword": True}}},
    {"tables.orders.documents.id": "${/tenant}-${/order_id}"},
    {"tables.orders.documents.id": '${getMetadata("partition_key")}', "tables.orders.stream_view": "NEW_IMAGE"},
    {"tables.orders.documents.include": ["order_id"]},
    {"tables.orders.documents.routes": {"eu": {"when": '/region == "eu"'}}},
    {"tables.orders.documents.processors": [{"add_entries": {"entries": [{"key": "a", "value": ["b"]}]}}]},
    {"state.backend": "s3"},
    {"alarms": {"emails": ["ann@example.com"]}},
    {"alarms": {"emails": ["ann@example.com", "bob@example.com"], "latency_seconds": 43_200}},
    {"alarms": {"emails": ["ann@example.com"], "latency_seconds": 10}, "ingestion.flush_timeout_ms": 9_999},
    {"alarms": {"emails": ["ann@example.com"], "latency_seconds": 10}, "ingestion.flush_timeout_ms": -1},
    {"budget": {"monthly_usd": 250, "emails": ["ann@example.com"]}},
    {"budget": {"monthly_usd": 1, "emails": [f"p{n}@example.com" for n in range(10)]}},
    {"hours": {**HOURS, "days": ["sun"]}},
    {"hours": {**HOURS, "start": "00:00", "stop": "23:00"}},
    {"hours": {**HOURS, "start": "22:59", "stop": "23:59"}},
    PRODUCTION,
]


@pytest.fixture
def files(tmp_path: Path) -> None:
    """What settings may name."""
    (tmp_path / METADATA).write_bytes((ENVIRONMENTS / "saml" / "example-idp.xml").read_bytes())
    (tmp_path / "empty.xml").touch()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_accepts(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert settings_of(tmp_path, changes).environment == "test"


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"project": "Orders"},
        "project: 'Orders' is not allowed; use lower-case letters, digits and hyphens, a letter first",
    ),
    ({"project": ABSENT}, "project: is missing; add it (first part of every name)"),
    (
        {"project": "abcdefghijklmnopqrstuvwx", "tables.orders": ABSENT, "tables.o": {"partition_key": KEY}},
        "project: the OpenSearch domain would be called 'abcdefghijklmnopqrstuvwx-test', 29 characters; AWS takes 3 to 28",
    ),
    (
        {"project": "abcdefghijklmno"},
        "tables.orders: the pipeline would be called 'abcdefghijklmno-test-orders-1', 29 characters; AWS takes 3 to 28",
    ),
    (
        {"project": "my-aws-search"},
        "project: the Cognito domain prefix would be called 'my-aws-search-test-",
    ),
    *(
        ({"project": project}, f"project: the S3 bucket would be called '{project}-test-export-111122223333-eu-west-1'")
        for project in ("xn--shop", "sthree", "amzn-s3-demo")
    ),
    ({"projekt": "x"}, "projekt: unknown key; did you mean project?"),
    ({"domain.volume": 10}, "domain.volume: unknown key; did you mean volume_gib?"),
    ({"zzz": 1}, "zzz: unknown key; known are project, account_id, "),
    ({"account_id": 111122223333}, "account_id: 111122223333 is not allowed; use text; put it in quotes"),
    ({"account_id": "1234"}, "account_id: '1234' is not allowed; use 12 digits in quotes"),
    ({"region": "eu-south-1"}, "region: 'eu-south-1' is not allowed; use one of 'ap-northeast-1', "),
    ({"production": "false"}, "production: 'false' is not allowed; use true or false"),
    ({"log_retention_days": 8}, "log_retention_days: 8 is not allowed; use one of 1, 3, 5, 7, "),
    ({"tags": {"aws:x": "y"}}, "tags.aws:x: 'y' is not allowed; use letters, digits, spaces"),
    ({"tags": {"AWS:x": "y"}}, "tags.AWS:x: 'y' is not allowed; use letters, digits, spaces"),
    ({"tags": {f"t{n}": "" for n in range(41)}}, "tags: 41 tags; at most 40; remove some"),
    (
        {"tags": {"Team": "search", "team": "shop"}},
        "tags.team: is the same key as 'Team', for IAM takes capitals and small letters for the same; keep one",
    ),
    (
        {"tables.orders.partition_key.type": "s"},
        "tables.orders.partition_key.type: 's' is not allowed; use one of 'S', 'N' or 'B'",
    ),
    (
        {"tables.orders.partition_key.name": "id"},
        "tables.orders.partition_key: the sample orders have the key order_id of type S, not id of type S; name a file",
    ),
    (
        {"tables.orders.sort_key": {"name": "order_id", "type": "S"}, "tables.orders.seeding": ABSENT},
        "tables.orders.sort_key.name: 'order_id' is the partition key; name another attribute or drop it",
    ),
    (
        {"tables.orders.stream_view": "KEYS_ONLY"},
        "tables.orders.stream_view: 'KEYS_ONLY' is not allowed; use one of 'NEW_IMAGE' or",
    ),
    (
        {"tables.orders.documents.index": "Orders"},
        "tables.orders.documents.index: 'Orders' is not allowed; use 1 to 230 of a-z, 0-9",
    ),
    (
        {"tables.orders.units": {"min": 0, "max": 4}},
        "tables.orders.units.min: 0 is not allowed; use a whole number from 1 to 96",
    ),
    (
        {"tables.orders.units": {"min": 1, "max": 97}},
        "tables.orders.units.max: 97 is not allowed; use a whole number from 1 to 96",
    ),
    (
        {"tables.orders.units": {"min": 5, "max": 4}},
        "tables.orders.units.min: 5 is more than tables.orders.units.max, 4; change one",
    ),
    (
        {"tables.orders.documents.attributes": {"a.b": "text"}},
        "tables.orders.documents.attributes.a.b: 'a.b' is not allowed; use 1 to 255 characters",
    ),
    (
        {"tables.orders.documents.attributes": {"a": "string"}},
        "tables.orders.documents.attributes.a.type: 'string' is not allowed; use one of 'boolean', ",
    ),
    (
        {"ingestion.flush_timeout_ms": 60_001},
        "ingestion.flush_timeout_ms: 60001 is not allowed; use a whole number from -1",
    ),
    ({"ingestion.max_retries": 0}, "ingestion.max_retries: 0 is not allowed; use a whole number from 1 to 100"),
    ({"ingestion.export_retention_days": 0}, "ingestion.export_retention_days: 0 is not allowed; use a whole number"),
    ({"ingestion.dlq_retention_days": 0}, "ingestion.dlq_retention_days: 0 is not allowed; use a whole number from 1"),
    (
        {"domain.instance_type": "r6gd.large.search"},
        "domain.instance_type: 'r6gd.large.search' is not allowed; use an EBS",
    ),
    ({"domain.instance_count": "1"}, "domain.instance_count: '1' is not allowed; use a whole number without quotes"),
    ({"domain.instance_count": 81}, "domain.instance_count: 81 is not allowed; use a whole number from 1 to 80"),
    ({"domain.volume_gib": 9}, "domain.volume_gib: 9 is not allowed; use a whole number from 10 to 36864"),
    (
        {"domain.instance_type": "r7g.3xlarge.search"},
        "domain.instance_type: 'r7g.3xlarge.search' is not allowed; use r7g in one of medium, large, xlarge, 2xlarge, "
        "4xlarge, 8xlarge, 12xlarge, 16xlarge",
    ),
    (
        {"domain.instance_type": "r6g.medium.search"},
        "domain.instance_type: 'r6g.medium.search' is not allowed; use r6g in one of large, xlarge, ",
    ),
    (
        {"domain.masters": "m5.medium.search"},
        "domain.masters: 'm5.medium.search' is not allowed; use m5 in one of large",
    ),
    (
        {"domain.instance_type": "r6g.large.search", "domain.volume_gib": 2049},
        "domain.volume_gib: 2049 is more than r6g.large.search takes, 2048; lower it or use a larger instance_type",
    ),
    (
        {"domain.instance_type": "or2.large.search"},
        "domain.volume_gib: 10 is less than or2.large.search takes, 20; raise it",
    ),
    (
        {"domain.instance_type": "om2.large.search", "domain.volume_gib": 20, "domain.masters": "m7i.large.search"},
        "domain.masters: 'm7i.large.search' has no Graviton processor, as om2.large.search needs it of masters; use for",
    ),
    (
        {"domain.instance_count": 8, "domain.masters": "t3.small.search"},
        "domain.instance_count: 11 nodes of type T3, masters included, are more than the 10 of a domain; use fewer",
    ),
    (
        {"domain.instance_type": "r7g.large.search", "domain.instance_count": 11},
        "domain.masters: is missing; more than 10 data nodes need dedicated master nodes; name their type",
    ),
    (
        {**LARGE, "domain.warm": {"type": "ultrawarm1.medium.search", "count": 4}},
        "domain.warm.count: 4 nodes cannot be spread evenly over the three zones of domain.standby; use a multiple of",
    ),
    ({"domain.zones": 2}, "domain.zones: 2 zones need as many data nodes, and domain.instance_count is 1; lower it"),
    ({"domain.zones": 4}, "domain.zones: 4 is not allowed; use a whole number from 1 to 3"),
    (
        {"domain.instance_count": 3, "domain.zones": 2},
        "domain.zones: 2 zones take an even number of data nodes, and domain.instance_count is 3; change one of them",
    ),
    ({**LARGE, "domain.zones": 1}, "domain.zones: 1 beside domain.standby, which is in three; remove the line"),
    (
        {**PRODUCTION, "domain.zones": 1},
        "domain.zones: 1 is not allowed with production: true; remove the line",
    ),
    (
        {"region": "us-west-1", "domain.instance_count": 3},
        "domain.zones: is missing; newer accounts have 2 zones in us-west-1; set it to 2, or to 3 where yours has them",
    ),
    (
        {
            "domain.instance_count": 4,
            "domain.zones": 2,
            "network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]},
        },
        "network.subnet_ids: 1 subnets; 4 data nodes are spread over 2 zones; name 2 subnets in different zones",
    ),
    (
        {"domain.volume_gib": 101},
        "domain.volume_gib: 101 is more than t3.small.search takes, 100; lower it or use a larger",
    ),
    (
        {"domain.iops": 5001},
        "domain.iops: 5001 is more than 500 for each GiB of domain.volume_gib, 10; use at most 5000",
    ),
    (
        {"domain.throughput_mib": 751},
        "domain.throughput_mib: 751 needs 3004 IOPS, and there are 3000; raise domain.iops, or use at most 750",
    ),
    ({"domain.auto_tune": True}, "domain.auto_tune: 't3.small.search' does not have it; remove it, or use for example"),
    (
        {**LARGE, "domain.instance_count": 4},
        "domain.instance_count: 4 nodes cannot be spread evenly over the three zones of domain.standby; use a multiple",
    ),
    (
        {**LARGE, "domain.masters": ABSENT},
        "domain.masters: is missing beside domain.standby, which needs dedicated master nodes; name their type",
    ),
    (
        {**LARGE, "tables.orders.documents.replicas": 1},
        "tables.orders.documents.replicas: 1 is not the same number of copies in each of the three zones of",
    ),
    (
        {
            **LARGE,
            "domain.standby": False,
            "domain.masters": ABSENT,
            "domain.warm": {"type": "ultrawarm1.medium.search", "count": 2},
        },
        "domain.warm: UltraWarm needs dedicated master nodes; name their type in domain.masters",
    ),
    ({"domain.off_peak_utc": "24:00"}, "domain.off_peak_utc: '24:00' is not allowed; use a time in UTC: '22:00'"),
    (
        {"domain.engine_version": "OpenSearch_1.3"},
        "domain.engine_version: 'OpenSearch_1.3' is not allowed; use one of OpenSearch_2.11, OpenSearch_2.13, ",
    ),
    (
        {**OWN_DOMAIN_ABSENT, "existing_domain.engine_version": "OpenSearch_3.1"},
        "existing_domain.engine_version: unknown",
    ),
    (
        {"dashboards.analysts": {"users": ["ann"]}},
        "dashboards.analysts.users.0: 'ann' is not allowed; use an e-mail address: name@example.com",
    ),
    (
        {"dashboards.analysts": {"users": ["a..b@example.com"]}},
        "dashboards.analysts.users.0: 'a..b@example.com' is not allowed; use an e-mail address: name@example.com",
    ),
    ({"alarms": {"emails": [".ann@example.com"]}}, "alarms.emails.0: '.ann@example.com' is not allowed; use an e-mail"),
    ({"alarms": {"emails": ["ann.@example.com"]}}, "alarms.emails.0: 'ann.@example.com' is not allowed; use an e-mail"),
    ({"alarms": {"emails": ["ann@-a.example.com"]}}, "alarms.emails.0: 'ann@-a.example.com' is not allowed; use an e-"),
    ({"alarms": {"emails": ["ann@example-.com"]}}, "alarms.emails.0: 'ann@example-.com' is not allowed; use an e-mail"),
    ({"dashboards.analysts": {"users": "a@b.cd"}}, "dashboards.analysts.users: 'a@b.cd' is not allowed; use a list"),
    (
        {"dashboards.administrators": {"users": ["A@b.cd"]}, "dashboards.analysts": {"users": ["a@b.cd"]}},
        "dashboards.analysts.users: 'a@b.cd' is named twice; one person is in one group, once",
    ),
    (
        {"dashboards.analysts": {"group": "administrators"}},
        "dashboards.analysts.group: 'administrators' is the administrators' group; give it another name",
    ),
    (
        {"dashboards.analysts": {"group": "all of us"}},
        "dashboards.analysts.group: 'all of us' is not allowed; use 1 to",
    ),
    ({"dashboards.mfa": "off"}, "dashboards.mfa: 'off' is not allowed; use one of 'required' or 'optional'"),
    ({"dashboards.threat_protection": True}, "dashboards.threat_protection: true is not allowed; use one of 'off'"),
    (
        {"tables.orders.overview": {"time": "at"}},
        "tables.orders.overview.time: 'at' ",
    ),
    (
        {"domain.reader_roles": ["arn:aws:iam::111122223333:user/ann"]},
        "domain.reader_roles.0: 'arn:aws:iam::111122223333:user/ann' is not allowed; use the ARN of a role",
    ),
    ({"domain.masters": "m7g.medium"}, "domain.masters: 'm7g.medium' is not allowed; use m7g in one of medium, "),
    (
        {"network": {"subnet_ids": ["subnet-01234567", "subnet-01234568"], "security_group_ids": ["sg-01234567"]}},
        "network.subnet_ids: 2 subnets; 1 data nodes are spread over 1 zones; name 1 subnets in different zones",
    ),
    (
        {"network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": []}},
        "network.security_group_ids: [] is not allowed; name at least one security group",
    ),
    (
        {"own_key": True, "kms_key_arn": OTHER_KEY.replace("us-east-1", "eu-west-1")},
        "own_key: makes a key, and kms_key_arn names one; keep one of them",
    ),
    ({"network": {"cidr": "8.8.8.0/24"}}, "network.cidr: '8.8.8.0/24' is not allowed; use a private block of /16 to"),
    ({"network": {"cidr": "10.20.0.1/24"}}, "network.cidr: 10.20.0.1/24 has host bits set; use for example 10.20.0.0"),
    (
        {"network": {"cidr": "10.20.0.0/24", "subnet_ids": ["subnet-01234567"]}},
        "network.cidr: makes a VPC, and subnet_ids or security_group_ids name one; keep one of them",
    ),
    (
        {**OWN_DOMAIN_ABSENT, "network": {"cidr": "10.20.0.0/24"}},
        "network.cidr: a VPC of its own has no way to existing_domain; name subnets from where it is reached",
    ),
    (
        {"kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:alias/mine"},
        "kms_key_arn: 'arn:aws:kms:eu-west-1:111122223333:alias/mine' is not allowed; use the ARN of a key, not of an alias",
    ),
    (
        {"kms_key_arn": "arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"},
        "kms_key_arn: 'arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef' is a key of us-east-1",
    ),
    (
        {"tables.orders.seeding.items": 19},
        "tables.orders.seeding.items: 19 is not allowed; use a whole number from 20 to 1000000",
    ),
    ({"tables.orders.seeding.seed": -1}, "tables.orders.seeding.seed: -1 is not allowed; use a whole number from 0"),
    (
        {"tables.orders.seeding.changes": 21},
        "tables.orders.seeding.changes: 21 is not allowed; use a whole number from 0 to 20",
    ),
    (
        {"tables.orders.seeding.until": "yesterday"},
        "tables.orders.seeding.until: 'yesterday' is not allowed; use a day in UTC, 2001 to 2099: '2026-11",
    ),
    ({"tables.orders.seeding.file": "absent.csv"}, "tables.orders.seeding.file: "),
    ({"tables": {}}, "tables: {} is not allowed; name at least one"),
    ({"tables.My_Table": {"partition_key": KEY}}, "tables.My_Table: 'My_Table' is not allowed; use lower-case letters"),
    ({"tables.orders.zone": 1}, "tables.orders.zone: unknown key; known are partition_key, "),
    (
        {"tables.orders": {}},
        "tables.orders.partition_key: is missing; add it, or name a table that is there already in "
        "tables.orders.existing",
    ),
    (
        {**EXISTING_TABLE, "tables.orders.seeding": {}},
        "tables.orders.seeding: nothing is written to a table that is there already; remove it",
    ),
    (
        {"tables.orders": {"existing": {"name": "Old", "kms_key_arn": OTHER_KEY}}},
        "tables.orders.existing.kms_key_arn: 'arn:aws:kms:us-east-1:111122223333:key/",
    ),
    (
        {"tables.others": {"existing": {"name": "shop-test-orders"}}},
        "tables.others.existing.name: 'shop-test-orders' is a table that is made here; name somebody else's",
    ),
    (
        {"existing_domain": {"name": "company-search"}},
        "domain: domain and existing_domain are there; write one of domain, to make one, collection, to have none to",
    ),
    (
        {"domain": ABSENT},
        "domain: is missing; write one of domain, to make one, collection, to have none to look after",
    ),
    ({"collection": {}}, "domain: domain and collection are there; write one of"),
    ({**OWN_DOMAIN_ABSENT, "collection": {}}, "domain: collection and existing_domain are there; write one of"),
    ({**COLLECTION, "dashboards.mfa": "required"}, "dashboards: has no meaning beside collection, whose people do not"),
    (
        {**COLLECTION, "production": True, "collection": {"standby": False}},
        "collection.standby: false is not allowed with production: true; remove the line",
    ),
    (
        {**COLLECTION, "tables.orders.documents.shards": 1},
        "tables.orders.documents.shards: has no meaning beside collection, which divides and copies its indices by",
    ),
    (
        {**COLLECTION, "tables.orders.documents.replicas": 1},
        "tables.orders.documents.replicas: has no meaning beside collection",
    ),
    (
        {**COLLECTION, "tables.orders.generation": 2},
        "tables.orders.switch: 'complete' holds every document against its old one, and a collection has no way to",
    ),
    ({**COLLECTION, "collection.engine_version": "OpenSearch_2.19"}, "collection.engine_version: unknown key"),
    (
        {**COLLECTION, "collection.dashboards.saml": {"metadata": METADATA}},
        "collection.dashboards.saml.groups: nobody may sign in; name at least one group, or one user in",
    ),
    (
        {**COLLECTION, "collection.dashboards.saml": {"metadata": METADATA, "groups": ["analysts"]}},
        "collection.dashboards.saml.group_attribute: is missing beside groups; name the attribute",
    ),
    (
        {**COLLECTION, "collection.dashboards.saml": {**SAML, "metadata": "absent.xml"}},
        "collection.dashboards.saml.metadata: absent.xml: there is no such file; name the file that your identity",
    ),
    (
        {**COLLECTION, "collection.dashboards.saml": {**SAML, "metadata": "empty.xml"}},
        "collection.dashboards.saml.metadata: empty.xml is empty; export it anew from your identity provider",
    ),
    (
        {**COLLECTION, "collection.dashboards.saml": {**SAML, "groups": ["a b"]}},
        "collection.dashboards.saml.groups.0: 'a b' is not allowed; use 1 to 256 of letters, digits and _+=,.@:/-",
    ),
    (
        {**COLLECTION, "collection.dashboards.saml": {**SAML, "session_minutes": 721}},
        "collection.dashboards.saml.session_minutes: 721 is not allowed; use a whole number from 5 to 720",
    ),
    (
        {**COLLECTION, "network": {"security_group_ids": ["sg-01234567"]}},
        "network.subnet_ids: [] is not allowed; name at least one subnet",
    ),
    ({**OWN_DOMAIN_ABSENT, "dashboards.mfa": "required"}, "dashboards: has no meaning beside existing_domain"),
    (
        {"ingestion.pipeline_quota": 1, **TWO_TABLES},
        "ingestion.pipeline_quota: 2 pipelines are more than the 1 that the account may have in the Region; spread",
    ),
    ({"tables.orders.mode": "both"}, "tables.orders.mode: 'both' is not allowed; use one of 'export-and-stream', "),
    (
        {"tables.orders.generation": 3},
        "tables.orders.generation: 3 with confirmed 1; use 1, or 2 to build the index anew; to go on from there set",
    ),
    ({"tables.orders.confirmed": 2}, "tables.orders.generation: 1 with confirmed 2; use 2, or 3 to build"),
    (
        {"tables.orders.generation": 2, "tables.orders.mode": "stream"},
        "tables.orders.generation: 2 would begin empty and never have what 1 has, for mode is 'stream'; set",
    ),
    (
        {**TWO_TABLES, "tables.customers.documents": {"index": "orders"}},
        "tables.orders.documents.index: 'orders' is used 2 times, by customers and orders; an index has the items of",
    ),
    (
        {**TWO_TABLES, "tables.customers.documents": {"index": "orders-1"}},
        "tables.orders.documents.index: 'orders' makes indices called orders-1, which 'orders-1' would be one of",
    ),
    (
        {**TWO_TABLES, "tables.customers.documents": {"index": "orders-1-x"}, "tables.orders.documents.period": "day"},
        "tables.orders.documents.index: 'orders' makes indices called orders-1-*, which 'orders-1-x' would be one of",
    ),
    (
        {"tables.orders.documents.attributes": {"total": {"type": "double", "format": "epoch_second"}}},
        "tables.orders.documents.attributes.total.format: double has no format; only date has one; remove it",
    ),
    (
        {"tables.orders.documents.attributes": {"total": {"type": "double", "keyword": True}}},
        "tables.orders.documents.attributes.total.keyword: double cannot be a keyword as well; only text; remove it",
    ),
    (
        {"tables.orders.documents": {"include": ["a"], "exclude": ["b"]}},
        "tables.orders.documents.exclude: cannot stand beside include, which leaves out all others already; keep one",
    ),
    (
        {"tables.orders.documents": {"exclude": ["a"], "attributes": {"a": "text"}}},
        "tables.orders.documents.attributes.a: is declared but never reaches OpenSearch, because of exclude; change",
    ),
    (
        {"tables.orders.documents": {"include": ["b"], "attributes": {"a": "text"}}},
        "tables.orders.documents.attributes.a: is declared but never reaches OpenSearch, because of include; change",
    ),
    (
        {"tables.orders.documents.exclude": ["order_id_of_customer"]},
        "tables.orders.documents.exclude: 'order_id_of_customer' begins with 'order_id', of which Data Prepper would",
    ),
    (
        {"tables.orders.documents.routes": {f"r{n}": {"when": "true"} for n in range(20)}},
        "tables.orders.documents.routes: ",
    ),
    (
        {"tables.orders.documents.replicas": 1},
        "tables.orders.documents.replicas: 1 copies need 2 nodes, domain.instance_count is 1; lower it",
    ),
    (
        {"tables.orders.documents.id": "order"},
        "tables.orders.documents.id: 'order' is the same for every item; use an expression such as",
    ),
    (
        {"tables.orders.documents.id": "${/a + }"},
        "tables.orders.documents.id: '/a + ' is not an expression of Data Prepper: ",
    ),
    (
        {"tables.orders.documents.id": "order-${/a"},
        "tables.orders.documents.id: 'order-${/a' has ${ without }; use an expression such as",
    ),
    (
        {"tables.orders.documents.id": "${/tenant}", "tables.orders.stream_view": "NEW_IMAGE"},
        "tables.orders.documents.id: is made of attributes, and a delete tells them only with both images; set "
        "tables.orders.stream_view to NEW_AND_OLD_IMAGES",
    ),
    (
        {
            "tables.orders.documents.routes": {"eu": {"when": '/region == "eu"'}},
            "tables.orders.stream_view": "NEW_IMAGE",
        },
        "tables.orders.documents.routes.eu.when: is made of attributes, and a delete tells them only with both images",
    ),
    (
        {"tables.orders.documents.routes": {"eu": {"when": " "}}},
        "tables.orders.documents.routes.eu.when: ' ' is not allowed; use a condition",
    ),
    (
        {"tables.orders.documents.processors": [{"add_entrys": {}}]},
        "tables.orders.documents.processors[0].add_entrys: is not a processor of Data Prepper; did you mean 'add_entries'?",
    ),
    ({"tables.orders.body": "absent.yaml"}, "tables.orders.body: "),
    ({"tables.orders.documents.shards": 0}, "tables.orders.documents.shards: 0 is not allowed; use a whole number"),
    ({"tables.orders.expected": {"items": 0}}, "tables.orders.expected.items: 0 is not allowed; use at least 1"),
    ({"state.backend": "gcs"}, "state.backend: 'gcs' is not allowed; use one of 'local' or 's3'"),
    ({"tables": []}, "tables: [] is not allowed; use keys and values, indented below it"),
    (
        {**PRODUCTION, "domain.instance_type": "t3.medium.search"},
        "domain.instance_type: 't3.medium.search' has burst credits and no support for production; use for example",
    ),
    ({**PRODUCTION, "domain.instance_count": 1}, "domain.instance_count: 1 node cannot hold a replica; use 2 or more"),
    ({**PRODUCTION, "deletion_protection": False}, "deletion_protection: false is not allowed with production: true"),
    ({"alarms": {}}, "alarms.emails: is missing; add it (who is told; SNS asks each"),
    ({"alarms": {"emails": []}}, "alarms.emails: [] is not allowed; name at least one address"),
    ({"alarms": {"emails": ["ann"]}}, "alarms.emails.0: 'ann' is not allowed; use an e-mail address: name@example.com"),
    (
        {"alarms": {"emails": ["ann@example.com", "ann@example.com"]}},
        "alarms.emails: 'ann@example.com' is named 2 times; name each address once",
    ),
    (
        {"alarms": {"emails": ["ann@example.com"], "latency_seconds": 86_400}},
        "alarms.latency_seconds: 86400 is not allowed; use a whole number from 10 to 43200",
    ),
    (
        {"alarms": {"emails": ["ann@example.com"], "latency_seconds": 60}, "ingestion.flush_timeout_ms": 60_000},
        "alarms.latency_seconds: 60 is what a change may wait anyway, with ingestion.flush_timeout_ms: 60000; raise",
    ),
    (
        {**PRODUCTION, "hours": HOURS},
        "hours: are not allowed with production: true, whose pipelines always run; remove",
    ),
    ({"hours": {**HOURS, "start": "8:00"}}, "hours.start: '8:00' is not allowed; use a time of day: '08:00'"),
    ({"hours": {**HOURS, "stop": "24:00"}}, "hours.stop: '24:00' is not allowed; use a time of day: '08:00'"),
    (
        {"hours": {**HOURS, "stop": "08:59"}},
        "hours.stop: '08:59' with start '08:00'; use a time 1 to 23 hours later on the",
    ),
    (
        {"hours": {**HOURS, "stop": "07:00"}},
        "hours.stop: '07:00' with start '08:00'; use a time 1 to 23 hours later on the",
    ),
    (
        {"hours": {**HOURS, "start": "00:00", "stop": "23:01"}},
        "hours.stop: '23:01' with start '00:00'; use a time 1 to 23 hours later on the same day",
    ),
    ({"hours": {**HOURS, "days": []}}, "hours.days: [] is not allowed; name at least one day"),
    ({"budget": {"monthly_usd": 9, "emails": ["ann"]}}, "budget.emails.0: 'ann' is not allowed; use an e-mail address"),
    ({"hours": {**HOURS, "days": ["Mon"]}}, "hours.days.0: 'Mon' is not allowed; use one of 'mon', 'tue', 'wed'"),
    ({"hours": {**HOURS, "days": ["mon", "mon"]}}, "hours.days: 'mon' is named 2 times; name each day once"),
    (
        {"hours": {**HOURS, "timezone": "Europe/Bärlin"}},
        "hours.timezone: 'Europe/Bärlin' is not allowed; use a time zone of the IANA database: Europe/Berlin",
    ),
    (
        {"hours": {**HOURS, "timezone": "Europe"}},
        "hours.timezone: 'Europe' is not allowed; use a time zone of the IANA",
    ),
    ({"hours": {**HOURS, "zone": "UTC"}}, "hours.zone: unknown key; did you mean timezone?"),
    (
        {"budget": {"monthly_usd": 0, "emails": ["ann@example.com"]}},
        "budget.monthly_usd: 0 is not allowed; use a whole number from 1 to 1000000",
    ),
    ({"budget": {"monthly_usd": 9, "emails": []}}, "budget.emails: [] is not allowed; name at least one address"),
    (
        {"budget": {"monthly_usd": 9, "emails": [f"p{n}@example.com" for n in range(11)]}},
        "budget.emails: ['p0@example.com', 'p1@example.com'",
    ),
    ({**PRODUCTION, "dashboards.mfa": "optional"}, "dashboards.mfa: 'optional' is not allowed with production: true"),
    ({**PRODUCTION, "tables.orders.units": {"min": 1, "max": 1}}, "tables.orders.units.max: 1 gives no headroom"),
]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("changes", "message"), BAD, ids=[message[:60] for _, message in BAD])
def test_refuses(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings_of(tmp_path, changes)
    assert len(refusal.value.problems) == 1, refusal.value.problems
    assert refusal.value.problems[0].startswith(message)


def test_reports_every_problem_in_one_go(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings_of(tmp_path, {"project": "Orders", "region": "mars", "domain.volume_gib": 1})
    assert [problem.split(":")[0] for problem in refusal.value.problems] == ["project", "region", "domain.volume_gib"]


def test_own_data_is_checked_before_anything_is_deployed(tmp_path: Path) -> None:
    (tmp_path / "books.csv").write_text("isbn,title\n1,One\n,Two\n")
    changes = {"tables.orders.partition_key.name": "isbn", "tables.orders.seeding.file": "books.csv"}
    with pytest.raises(InvalidSettings, match="isbn"):
        settings_of(tmp_path, changes)
    (tmp_path / "books.csv").write_text("isbn,title\n1,One\n2,Two\n")
    assert settings_of(tmp_path, changes).seed_items("orders") is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("project: [", "line 2, column 1: did not find expected node content"),
        ("project: a\nproject: b\n", "the key 'project' stands twice; keep one"),
        ("a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("- a\n", "not a mapping"),
        ("", "not a mapping"),
        ("[a]: b\n", "a key must be text"),
        ("1: a\n", "1: unknown key"),
        ("environment: x\n", "environment: comes from the file's name and place; remove it"),
        ("a: !!python/object:os.system x\n", "the tag !!python/object:os.system is not allowed"),
        ("a: " + "[" * 60, "nested more than 50 deep"),
    ],
)
def test_refuses_text_that_is_no_settings_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=message.replace("[", r"\[")):
        load(str(file))


def test_an_unknown_environment_names_those_that_are_there() -> None:
    with pytest.raises(
        InvalidSettings,
        match=r"set ENVIRONMENT to one of dev, documents, existing, large, local, many-tables, minimal, private, prod",
    ):
        load("staging")


def test_nothing_is_written_and_no_cdktf_imported_when_settings_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("project: Orders\n")
    root = Path(__file__).parents[2]
    script = f"import sys; sys.path.insert(0, {str(root)!r}); import main; code = main.main(); assert 'cdktf' not in sys.modules; sys.exit(code)"
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"ENVIRONMENT": str(tmp_path / "bad.yaml"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert "project: 'Orders' is not allowed" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]
