"""Each setting, and what else it may be: one thing changed in an environment, and nothing besides."""

import contextlib
import copy
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import strict_yaml
from settings import ENVIRONMENTS, InvalidSettings, Settings, load

# In place of a value: the setting is taken out.
ABSENT = object()
OTHER_KEY = "arn:aws:kms:{region}:{account_id}:key/11111111-1111-1111-1111-111111111111"
ROLE = "arn:aws:iam::111122223333:role/another"
DOMAIN: dict[str, Any] = {"instance_type": "m7g.large.search", "instance_count": 2, "volume_gib": 50}
EMAIL = "another@example.com"

# Setting -> other values. An environment gets the first that it does not have and that is right there.
OTHER: dict[str, tuple[Any, ...]] = {
    "project": ("store",),
    "account_id": ("444455556666",),
    "region": ("eu-west-1",),
    "production": (True, False),
    "deletion_protection": (True, False),
    "log_retention_days": (60,),
    "kms_key_arn": (OTHER_KEY,),
    "own_key": (True, False),
    "network": (
        {"cidr": "10.30.0.0/24"},
        {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]},
        ABSENT,
    ),
    "network.cidr": ("10.30.0.0/24",),
    "network.subnet_ids": (["subnet-01234567"],),
    "network.security_group_ids": (["sg-89abcdef"],),
    "tags": ({"team": "another"},),
    "tables": ({"others": {"partition_key": {"name": "id", "type": "S"}}},),
    "tables.<name>.partition_key": ({"name": "other_id", "type": "N"},),
    "tables.<name>.partition_key.name": ("other_id",),
    "tables.<name>.partition_key.type": ("N",),
    "tables.<name>.sort_key": ({"name": "sorted_at", "type": "N"}, ABSENT),
    "tables.<name>.sort_key.name": ("sorted_at",),
    "tables.<name>.sort_key.type": ("B",),
    "tables.<name>.existing": ({"name": "SomebodyElses"},),
    "tables.<name>.existing.name": ("SomebodyElses",),
    "tables.<name>.existing.kms_key_arn": (OTHER_KEY,),
    "tables.<name>.stream_view": ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
    "tables.<name>.mode": ("stream", "export-and-stream"),
    "tables.<name>.units": ({"min": 3, "max": 5},),
    "tables.<name>.units.min": (2, 3),
    "tables.<name>.units.max": (6,),
    "tables.<name>.expected": ({"items": 10}, ABSENT),
    "tables.<name>.expected.items": (1000,),
    "tables.<name>.expected.gib": (10,),
    "tables.<name>.expected.shards": (10,),
    "tables.<name>.documents": ({"shards": 3}, {}),
    "tables.<name>.documents.index": ("searched",),
    "tables.<name>.documents.attributes": ({"another": "keyword"},),
    "tables.<name>.documents.attributes.<name>.type": ("wildcard", "keyword", "long"),
    "tables.<name>.documents.attributes.<name>.format": ("epoch_second", "epoch_millis"),
    "tables.<name>.documents.attributes.<name>.keyword": (True, False),
    "tables.<name>.documents.shards": (3,),
    "tables.<name>.documents.replicas": (0, 1, 2),
    "tables.<name>.documents.id": ("${/another}",),
    "tables.<name>.documents.include": (ABSENT, ["another"]),
    "tables.<name>.documents.exclude": (["another"],),
    "tables.<name>.documents.processors": ([{"delete_entries": {"with_keys": ["another"]}}],),
    "tables.<name>.documents.routes": ({"another": {"when": "/a == 1"}},),
    "tables.<name>.documents.routes.<name>.when": ("/a == 1",),
    "tables.<name>.documents.routes.<name>.index": ("elsewhere",),
    "tables.<name>.documents.period": ("year",),
    "tables.<name>.body": ("bodies/reviews.yaml", ABSENT),
    "tables.<name>.generation": (2, 1),
    "tables.<name>.confirmed": (2,),
    "tables.<name>.switch": ("confirmed",),
    "tables.<name>.overview": ({"columns": ["status"]}, {"columns": ["sku"]}),
    "tables.<name>.overview.time": ("created_at", "at"),
    "tables.<name>.overview.terms": (["status"], ["sku"]),
    "tables.<name>.overview.amount": ("price", "total"),
    "tables.<name>.overview.amount_by": ("status",),
    "tables.<name>.overview.location": ("location", ABSENT),
    "tables.<name>.overview.columns": (["status"], ["sku"]),
    "tables.<name>.overview.since": ("now-7d",),
    "tables.<name>.seeding": ({"items": 30}, ABSENT),
    "tables.<name>.seeding.items": (500,),
    "tables.<name>.seeding.seed": (2,),
    "tables.<name>.seeding.until": ("2026-10-01T00:00:00Z",),
    "tables.<name>.seeding.file": ("orders.csv",),
    "tables.<name>.seeding.changes": (1,),
    "ingestion": ({"max_retries": 5},),
    "ingestion.flush_timeout_ms": (2000,),
    "ingestion.max_retries": (5,),
    "ingestion.export_retention_days": (3,),
    "ingestion.dlq_retention_days": (60,),
    "ingestion.pipeline_quota": (40,),
    "domain": (DOMAIN,),
    "domain.reader_roles": ([ROLE],),
    "domain.engine_version": ("OpenSearch_3.1",),
    "domain.instance_type": ("t3.medium.search", "m7g.large.search", "m7g.xlarge.search"),
    "domain.instance_count": (2, 3, 9),
    "domain.zones": (2,),
    "domain.volume_gib": (15, 200),
    "domain.iops": (4000, 5000),
    "domain.throughput_mib": (200,),
    "domain.masters": ("m7g.medium.search", "m7g.xlarge.search"),
    "domain.standby": (True, False),
    "domain.warm": ({"type": "ultrawarm1.medium.search", "count": 2}, ABSENT),
    "domain.warm.type": ("ultrawarm1.large.search",),
    "domain.warm.count": (6,),
    "domain.warm.cold": (True, False),
    "domain.auto_tune": (True, False),
    "domain.audit": (False,),
    "domain.off_peak_utc": ("03:00",),
    "collection": ({"standby": True},),
    "collection.reader_roles": ([ROLE],),
    "collection.standby": (False,),
    "collection.dashboards": (ABSENT,),
    "collection.dashboards.roles": ([ROLE],),
    "collection.dashboards.saml": (ABSENT,),
    "collection.dashboards.saml.metadata": ("saml/another.xml",),
    "collection.dashboards.saml.groups": (["others"],),
    "collection.dashboards.saml.users": (["ann"],),
    "collection.dashboards.saml.group_attribute": ("teams",),
    "collection.dashboards.saml.user_attribute": ("mail",),
    "collection.dashboards.saml.session_minutes": (30,),
    "existing_domain": ({"name": "another"},),
    "existing_domain.reader_roles": ([ROLE],),
    "existing_domain.name": ("another",),
    "dashboards.administrators": ({"users": [EMAIL]},),
    "dashboards.administrators.group": ("operators",),
    "dashboards.administrators.users": ([EMAIL],),
    "dashboards.analysts": ({"users": [EMAIL]},),
    "dashboards.analysts.group": ("readers",),
    "dashboards.analysts.users": ([EMAIL],),
    "dashboards.mfa": ("optional", "required"),
    "dashboards.threat_protection": ("audit",),
    "alarms": ({"emails": [EMAIL]}, ABSENT),
    "alarms.emails": ([EMAIL],),
    "alarms.latency_seconds": (600,),
    "budget": ({"monthly_usd": 100, "emails": [EMAIL]}, ABSENT),
    "budget.monthly_usd": (2000,),
    "budget.emails": ([EMAIL],),
    "hours": ({"start": "07:00", "stop": "18:00", "timezone": "UTC"}, ABSENT),
    "hours.start": ("07:00",),
    "hours.stop": ("18:00",),
    "hours.days": (["mon"],),
    "hours.timezone": ("UTC",),
    "delivery": ({"repository": "example/another"}, ABSENT),
    "delivery.repository": ("example/another",),
    "delivery.branch": ("release",),
    "delivery.oidc_provider": ("existing",),
    "state.backend": ("s3",),
}
# One of them takes the place of the other.
TARGETS = ("domain", "collection", "existing_domain")
# Of these another is added; what was there stays.
ADDED_TO = ("tables", "attributes", "routes", "tags")
# Blocks that are put in where one of their settings is.
WITHOUT = (
    "ingestion",
    "dashboards",
    "administrators",
    "analysts",
    "state",
    "documents",
    "units",
    "expected",
    "overview",
)
FILES = {"orders.csv": "order_id,total\na,1\n", "saml/another.xml": "<EntityDescriptor/>\n"}


# What changes alone in no shipped environment: in one with some blocks put in.
BESIDES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "a given network": (
        "minimal",
        {"network": {"subnet_ids": ["subnet-89abcdef"], "security_group_ids": ["sg-01234567"]}},
        ("network.subnet_ids", "network.security_group_ids"),
    ),
    "an index built anew": (
        "minimal",
        {"tables": {"orders": {"partition_key": {"name": "order_id", "type": "S"}, "generation": 2}}},
        ("tables.<name>.confirmed",),
    ),
    "nodes in fewer zones": ("minimal", {"domain": {**DOMAIN, "instance_count": 4}}, ("domain.zones",)),
    "a collection for tests": ("serverless", {"production": False}, ("collection.standby",)),
}
BASES = (*sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")), *BESIDES)


@contextlib.contextmanager
def changed(base: str) -> Iterator[tuple[Settings, Iterator[tuple[str, Settings | str]]]]:
    """The settings of a base, and of it every setting alone changed, or the reason why it does not change alone.

    They hold while the context does: files that they name are gone after it.
    """
    environment, blocks, settings = BESIDES.get(base, (base, {}, tuple(OTHER)))
    document = {**strict_yaml.read((ENVIRONMENTS / f"{environment}.yaml").read_bytes()), **blocks}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / ENVIRONMENTS.name
        shutil.copytree(ENVIRONMENTS, folder)
        for name, content in FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content)
        file = folder / f"{environment}.yaml"
        before = _read(document, file)
        yield before, ((setting, _other(document, before, setting, file)) for setting in settings)


def _other(document: dict[str, Any], before: Settings, setting: str, file: Path) -> Settings | str:
    reason = "is not there"
    for path in paths(document, setting):
        for value in OTHER[setting]:
            try:
                found = _read(_with(document, path, value), file)
            except InvalidSettings as error:
                reason = error.problems[0]
                continue
            # A default that is written out is no change.
            if found.model_dump() != before.model_dump():
                return found
    return reason


def _read(document: dict[str, Any], file: Path) -> Settings:
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    return load(str(file))


def paths(document: Any, setting: str) -> list[tuple[str, ...]]:
    """Where the setting stands in a document or may be put, for each <name> that is there."""
    *parents, last = setting.split(".")
    found: list[tuple[str, ...]] = [()]
    for part in parents:
        found = [(*path, name) for path in found for name in _below(_at(document, path), part)]
    return [(*path, last) for path in found]


def _below(value: Any, part: str) -> list[str]:
    if part == "<name>":
        return list(value) if isinstance(value, dict) else []
    # A block of which every setting has a default need not be there.
    return [part] if isinstance(value, dict) and (part in value or part in WITHOUT) else []


def _at(document: Any, path: tuple[str, ...]) -> Any:
    value = document
    for part in path:
        value = value.get(part, {}) if isinstance(value, dict) else value
    return value


def _with(document: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    other = copy.deepcopy(document)
    *parents, last = path
    target = other
    for parent in parents:
        below = target.setdefault(parent, {})
        if isinstance(below, str):
            # An attribute's short form.
            below = target[parent] = {"type": below}
        target = below
    if value is ABSENT:
        target.pop(last, None)
    elif last in ADDED_TO:
        target[last] = {**target.get(last, {}), **value}
    else:
        target[last] = value.format_map(document) if value == OTHER_KEY else value
    if path[0] in TARGETS and len(path) == 1:
        for name in TARGETS:
            if name != path[0]:
                other.pop(name, None)
    return other
