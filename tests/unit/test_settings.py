"""Every rule of the settings: one value that passes, one that does not, and what the person is told."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import ENVIRONMENTS, InvalidSettings, Settings, load

BASE: dict[str, Any] = {
    "project": "orders",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "production": False,
    "table": {"partition_key": {"name": "order_id", "type": "S"}},
    "ingestion": {"index": "orders"},
    "domain": {"instance_type": "t3.small.search", "instance_count": 1, "volume_gib": 10},
    "seeding": {},
}
PRODUCTION = {
    "production": True,
    "domain.instance_type": "r7g.large.search",
    "domain.instance_count": 2,
    "domain.volume_gib": 100,
}
ABSENT = object()


def settings_of(tmp_path: Path, changes: dict[str, Any], name: str = "test") -> Settings:
    document = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = document
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is ABSENT:
            del target[last]
        else:
            target[last] = value
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    return load(str(file))


@pytest.mark.parametrize("environment", sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
def test_every_shipped_environment_is_valid(environment: str) -> None:
    assert load(environment).environment == environment


GOOD: list[dict[str, Any]] = [
    {},
    {"project": "abcdefghijklmnopqrstuvw"},  # 23 + "-test" is 28
    {"region": "ap-northeast-3"},
    {"log_retention_days": 731},
    {"tags": {"cost-center": "a b:c/d=e+f-g@h"}},
    {"table.sort_key": {"name": "at", "type": "N"}, "seeding": ABSENT},
    {"table.stream_view": "NEW_IMAGE"},
    {"ingestion.units": {"min": 1, "max": 96}},
    {"ingestion.units": {"min": 96, "max": 96}},
    {"ingestion.flush_timeout_ms": -1},
    {"ingestion.attributes": {"place": "geo_point", "größe": "double"}},
    {"domain.instance_type": "m7g.2xlarge.search", "domain.volume_gib": 24576},
    {"domain.volume_gib": 100},
    {"domain.engine_version": "OpenSearch_3.1"},
    {"domain.instance_count": 80},
    {"dashboards.analysts": {"users": ["ann.o+tag@mail.example.co"]}},
    {"dashboards": {"administrators": {"group": "Search.Ops-1"}, "mfa": "optional", "threat_protection": "enforced"}},
    {"domain.reader_roles": ["arn:aws:iam::111122223333:role/service/shop"]},
    {"domain.masters": "m7g.medium.search"},
    {"network": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-01234567"]}},
    {"kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"},
    {"seeding.items": 1_000_000},
    {"state.backend": "s3"},
    PRODUCTION,
]


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
        {"project": "abcdefghijklmnopqrstuvwx"},
        "project: the OpenSearch domain would be called 'abcdefghijklmnopqrstuvwx-test', 29 characters; AWS takes 3 to 28",
    ),
    (
        {"project": "my-aws-search"},
        "project: the Cognito domain prefix would be called 'my-aws-search-test-",
    ),
    ({"projekt": "x"}, "projekt: unknown key; did you mean project?"),
    ({"domain.volume": 10}, "domain.volume: unknown key; did you mean volume_gib?"),
    ({"zzz": 1}, "zzz: unknown key; known are environment, "),
    ({"account_id": 111122223333}, "account_id: 111122223333 is not allowed; use text; put it in quotes"),
    ({"account_id": "1234"}, "account_id: '1234' is not allowed; use 12 digits in quotes"),
    ({"region": "eu-south-1"}, "region: 'eu-south-1' is not allowed; use one of 'ap-northeast-1', "),
    ({"production": "false"}, "production: 'false' is not allowed; use true or false"),
    ({"log_retention_days": 8}, "log_retention_days: 8 is not allowed; use one of 1, 3, 5, 7, "),
    ({"tags": {"aws:x": "y"}}, "tags.aws:x: 'y' is not allowed; use letters, digits, spaces"),
    ({"tags": {f"t{n}": "" for n in range(41)}}, "tags: 41 tags; at most 40; remove some"),
    ({"table.partition_key.type": "s"}, "table.partition_key.type: 's' is not allowed; use one of 'S', 'N' or 'B'"),
    (
        {"table.partition_key.name": "id"},
        "table.partition_key: the sample orders have the key order_id of type S, not id of type S; name a file",
    ),
    (
        {"table.sort_key": {"name": "order_id", "type": "S"}, "seeding": ABSENT},
        "table.sort_key.name: 'order_id' is the partition key; name another attribute or drop it",
    ),
    ({"table.stream_view": "KEYS_ONLY"}, "table.stream_view: 'KEYS_ONLY' is not allowed; use one of 'NEW_IMAGE' or"),
    ({"ingestion.index": "Orders"}, "ingestion.index: 'Orders' is no index name; 1 to 255 of a-z, 0-9"),
    (
        {"ingestion.units": {"min": 0, "max": 4}},
        "ingestion.units.min: 0 is not allowed; use a whole number from 1 to 96",
    ),
    (
        {"ingestion.units": {"min": 1, "max": 97}},
        "ingestion.units.max: 97 is not allowed; use a whole number from 1 to 96",
    ),
    (
        {"ingestion.units": {"min": 5, "max": 4}},
        "ingestion.units.min: 5 is more than ingestion.units.max, 4; change one",
    ),
    (
        {"ingestion.attributes": {"a.b": "text"}},
        "ingestion.attributes.a.b: 'a.b' is not allowed; use 1 to 255 characters",
    ),
    (
        {"ingestion.attributes": {"a": "string"}},
        "ingestion.attributes.a: 'string' is not allowed; use one of 'boolean', ",
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
    ({"domain.volume_gib": 9}, "domain.volume_gib: 9 is not allowed; use a whole number from 10 to 24576"),
    (
        {"domain.volume_gib": 101},
        "domain.volume_gib: 101 is more than t3.small.search takes, 100; lower it or use a larger",
    ),
    ({"domain.engine_version": "OpenSearch_1.3"}, "domain.engine_version: 'OpenSearch_1.3' is not allowed; use one of"),
    (
        {"dashboards.analysts": {"users": ["ann"]}},
        "dashboards.analysts.users.0: 'ann' is not allowed; use an e-mail address: name@example.com",
    ),
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
    ({"dashboards.threat_protection": True}, "dashboards.threat_protection: True is not allowed; use one of 'off'"),
    (
        {"dashboards.overview": {"time": "at"}},
        "dashboards.overview.time: 'at' ",
    ),
    (
        {"domain.reader_roles": ["arn:aws:iam::111122223333:user/ann"]},
        "domain.reader_roles.0: 'arn:aws:iam::111122223333:user/ann' is not allowed; use the ARN of a role",
    ),
    ({"domain.masters": "m7g.medium"}, "domain.masters: 'm7g.medium' is not allowed; use an EBS-backed type"),
    (
        {"network": {"subnet_ids": ["subnet-01234567", "subnet-01234568"], "security_group_ids": ["sg-01234567"]}},
        "network.subnet_ids: 2 subnets; 1 data nodes are spread over 1 zones; name 1 subnets in different zones",
    ),
    (
        {"network": {"subnet_ids": ["subnet-01234567"], "security_group_ids": []}},
        "network.security_group_ids: [] is not allowed; name at least one security group",
    ),
    (
        {"kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:alias/mine"},
        "kms_key_arn: 'arn:aws:kms:eu-west-1:111122223333:alias/mine' is not allowed; use the ARN of a key, not of an alias",
    ),
    (
        {"kms_key_arn": "arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"},
        "kms_key_arn: 'arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef' is a key of us-east-1",
    ),
    ({"seeding.items": 19}, "seeding.items: 19 is not allowed; use a whole number from 20 to 1000000"),
    ({"seeding.seed": -1}, "seeding.seed: -1 is not allowed; use a whole number from 0"),
    ({"seeding.changes": 21}, "seeding.changes: 21 is not allowed; use a whole number from 0 to 20"),
    (
        {"seeding.until": "yesterday"},
        "seeding.until: 'yesterday' is not allowed; use a day in UTC: '2026-11-01T00:00:00Z'",
    ),
    ({"seeding.file": "absent.csv"}, "seeding.file: "),
    ({"state.backend": "gcs"}, "state.backend: 'gcs' is not allowed; use one of 'local' or 's3'"),
    ({"table": []}, "table: () is not allowed; use keys and values, indented below it"),
    (
        {**PRODUCTION, "domain.instance_type": "t3.medium.search"},
        "domain.instance_type: 't3.medium.search' has burst credits and no support for production; use for example",
    ),
    ({**PRODUCTION, "domain.instance_count": 1}, "domain.instance_count: 1 node cannot hold a replica; use 2 or more"),
    ({**PRODUCTION, "deletion_protection": False}, "deletion_protection: false is not allowed with production: true"),
    ({**PRODUCTION, "dashboards.mfa": "optional"}, "dashboards.mfa: 'optional' is not allowed with production: true"),
    ({**PRODUCTION, "ingestion.units": {"min": 1, "max": 1}}, "ingestion.units.max: 1 gives no headroom"),
]


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
    changes = {"table.partition_key.name": "isbn", "seeding.file": "books.csv"}
    with pytest.raises(InvalidSettings, match="isbn"):
        settings_of(tmp_path, changes)
    (tmp_path / "books.csv").write_text("isbn,title\n1,One\n2,Two\n")
    assert settings_of(tmp_path, changes).seed_items is not None


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
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: " + "[" * 60, "nested more than 50 deep"),
    ],
)
def test_refuses_text_that_is_no_settings_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=message.replace("[", r"\[")):
        load(str(file))


def test_an_unknown_environment_names_those_that_are_there() -> None:
    with pytest.raises(InvalidSettings, match=r"set ENVIRONMENT to one of dev, local, prod"):
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
