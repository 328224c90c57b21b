"""Problems that only show between fields: names, combinations, files, pipeline bodies."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

import dashboards
import dataset
from named_file import Unreadable
from names import Derived, InvalidName
from osis import InvalidBody, PipelineBody, render
from osis.default import PRIMARY_KEY, Route, needs_old_image
from osis.model import LONGEST_BODY
from osis.values import format_expression
from settings.offers import OFFERS, family_of

if TYPE_CHECKING:
    from settings.environment import Ingestion, Settings
    from settings.operations import Alarms, Hours
    from settings.search import Collection, Dashboards, Domain, Network, Saml
    from settings.tables import Documents, Table

TARGETS = ("domain", "collection", "existing_domain")
# What a body of one's own says itself.
SAID_BY_BODY = ("id", "include", "exclude", "processors", "routes")


def contradictions(settings: Settings) -> Iterator[str]:
    """One line for each problem."""
    targets = [name for name in TARGETS if getattr(settings, name) is not None]
    if len(targets) != 1:
        there = f"{' and '.join(targets)} are there" if targets else "is missing"
        yield (
            f"domain: {there}; write one of domain, to make one, collection, to have none to look after, and "
            "existing_domain, to use one"
        )
        return
    underivable = list(_name_problems("project", settings.names))
    yield from underivable
    yield from _tag_problems(settings.tags)
    yield from _encryption_problems(settings)
    yield from _sign_in_problems(settings)
    yield from _network_problems(settings)
    yield from _target_problems(settings)
    if settings.alarms is not None:
        yield from _alarm_problems(settings.alarms, settings.ingestion)
    if settings.hours is not None:
        yield from _hours_problems(settings.hours, production=settings.production)
    if settings.budget is not None and not settings.budget.emails:
        yield "budget.emails: [] is not allowed; name at least one address"
    if settings.delivery is not None and settings.alarms is not None and not (settings.kms_key_arn or settings.own_key):
        yield (
            "alarms: beside delivery they need a key that an administrator has made, for whoever deploys may make "
            "none; set own_key: true, or kms_key_arn"
        )
    if settings.production:
        yield from _not_for_production(settings)
    quota = settings.ingestion.pipeline_quota
    if len(settings.pipelines) > quota:
        yield (
            f"ingestion.pipeline_quota: {len(settings.pipelines)} pipelines are more than the {quota} that the account "
            "may have in the Region; spread the tables over Regions or accounts, or set this to what AWS granted"
        )
        return
    made = {settings.names.table(key).table for key, table in settings.tables.items() if table.existing is None}
    for key in settings.tables:
        of_table = list(_of_table(settings, key, made))
        yield from of_table
        if not of_table and not underivable:
            yield from _pipeline_problems(settings, key)
    yield from _index_problems(settings)


def _of_table(settings: Settings, key: str, made: Set[str]) -> Iterator[str]:
    where, table = f"tables.{key}", settings.tables[key]
    yield from _table_problems(where, table, made)
    yield from _document_problems(where, table)
    yield from _replica_problems(where, table, settings.domain)
    if settings.collection is not None:
        yield from _problems_in_collection(where, table)
    yield from _rebuild_problems(where, table)
    yield from _seeding_problems(where, settings, key)
    if table.existing is not None:
        yield from _key_problems(f"{where}.existing.kms_key_arn", table.existing.kms_key_arn, settings)


def _name_problems(where: str, names: Derived) -> Iterator[str]:
    try:
        names.check()
    except InvalidName as error:
        yield f"{where}: {error}"


def _table_problems(where: str, table: Table, made: Set[str]) -> Iterator[str]:
    if table.partition_key is None and table.existing is None:
        yield f"{where}.partition_key: is missing; add it, or name a table that is there already in {where}.existing"
    if table.partition_key is None and table.sort_key is not None:
        yield f"{where}.partition_key: is missing beside a sort_key; add it"
    if table.existing is not None and table.existing.name in made:
        yield f"{where}.existing.name: {table.existing.name!r} is a table that is made here; name somebody else's"
    if len({key.name for key in table.keys}) < len(table.keys):
        yield (
            f"{where}.sort_key.name: {table.keys[-1].name!r} is the partition key; name another attribute or drop it"
        )
    if table.units.min > table.units.max:
        yield f"{where}.units.min: {table.units.min} is more than {where}.units.max, {table.units.max}; change one"


def _document_problems(where: str, table: Table) -> Iterator[str]:
    documents = table.documents
    at = f"{where}.documents"
    attributes = {name: attribute.type for name, attribute in documents.attributes.items()}
    for name, attribute in documents.attributes.items():
        if attribute.format is not None and attribute.type != "date":
            yield f"{at}.attributes.{name}.format: {attribute.type} has no format; only date has one; remove it"
        if attribute.keyword and attribute.type != "text":
            yield f"{at}.attributes.{name}.keyword: {attribute.type} cannot be a keyword as well; only text; remove it"
    if documents.include and documents.exclude:
        yield f"{at}.exclude: cannot stand beside include, which leaves out all others already; keep one"
    for name in attributes:
        if name in documents.exclude or (documents.include and name not in documents.include):
            yield (
                f"{at}.attributes.{name}: is declared but never reaches OpenSearch, because of "
                f"{'exclude' if documents.exclude else 'include'}; change one of them"
            )
    yield from _emptied_attributes(at, table)
    yield from (f"{where}.{problem}" for problem in dashboards.problems(table.overview, attributes))
    if table.body is not None:
        yield from (
            f"{at}.{field}: the body in {where}.body says this itself; keep one of them"
            for field in SAID_BY_BODY
            if getattr(documents, field)
        )
        return
    if documents.id is not None:
        yield from _id_problems(f"{at}.id", documents.id)
    yield from _image_problems(where, table, documents)


def _id_problems(at: str, expression: str) -> Iterator[str]:
    example = f"'${{/tenant}}-${{/sku}}', or {PRIMARY_KEY} (the default)"
    if "${" not in expression:
        yield f"{at}: {expression!r} is the same for every item; use an expression such as {example}"
        return
    try:
        # Data Prepper itself first reads it for the first document, and fails for each.
        format_expression(expression)
    except ValueError as error:
        yield f"{at}: {error}; use an expression such as {example}"


def _emptied_attributes(at: str, table: Table) -> Iterator[str]:
    """Data Prepper takes an attribute for the way to a filtered one whose name begins with its own."""
    documents = table.documents
    listed = documents.include or documents.exclude
    field = "include" if documents.include else "exclude"
    for name in dict.fromkeys([*documents.attributes, *listed, *(key.name for key in table.keys)]):
        if longer := next((other for other in listed if other != name and other.startswith(name)), None):
            yield (
                f"{at}.{field}: {longer!r} begins with {name!r}, of which Data Prepper would leave {{}}; rename one "
                "with rename_keys in processors and list the new name"
            )


def _image_problems(where: str, table: Table, documents: Documents) -> Iterator[str]:
    """A delete tells the key and, with both images, what was deleted."""
    if not table.streams or table.stream_view == "NEW_AND_OLD_IMAGES":
        return
    made_of_attributes = {
        "id": needs_old_image(documents.id or PRIMARY_KEY, []),
        **{
            f"routes.{name}.when": needs_old_image(PRIMARY_KEY, [Route(name, route.when, "")])
            for name, route in documents.routes.items()
        },
    }
    for field, needed in made_of_attributes.items():
        if needed:
            yield (
                f"{where}.documents.{field}: is made of attributes, and a delete tells them only with both images; "
                f"set {where}.stream_view to NEW_AND_OLD_IMAGES"
            )


def _rebuild_problems(where: str, table: Table) -> Iterator[str]:
    if not table.confirmed <= table.generation <= table.confirmed + 1:
        yield (
            f"{where}.generation: {table.generation} with confirmed {table.confirmed}; use {table.confirmed}, or "
            f"{table.confirmed + 1} to build the index anew; to go on from there set confirmed first"
        )
    elif table.generation > table.confirmed and not table.exports:
        yield (
            f"{where}.generation: {table.generation} would begin empty and never have what {table.confirmed} has, for "
            f"mode is {table.mode!r}; set {where}.mode to 'export-and-stream'"
        )


def _replica_problems(where: str, table: Table, domain: Domain | None) -> Iterator[str]:
    replicas = table.documents.replicas
    if domain is not None and domain.standby and replicas is not None and (replicas + 1) % 3:
        yield (
            f"{where}.documents.replicas: {replicas} is not the same number of copies in each of the three zones of "
            "domain.standby; use 2, or leave it out"
        )
    if domain is not None and replicas is not None and replicas >= domain.instance_count:
        yield (
            f"{where}.documents.replicas: {replicas} copies need {replicas + 1} nodes, domain.instance_count is "
            f"{domain.instance_count}; lower it, or leave it out for what fits"
        )


def _problems_in_collection(where: str, table: Table) -> Iterator[str]:
    for field in ("shards", "replicas"):
        if field in table.documents.model_fields_set:
            yield (
                f"{where}.documents.{field}: has no meaning beside collection, which divides and copies its indices "
                "by itself; remove it"
            )
    if table.generation > table.confirmed and table.switch == "complete":
        yield (
            f"{where}.switch: 'complete' holds every document against its old one, and a collection has no way to read "
            "them all; set it to 'confirmed', and look yourself before you raise confirmed"
        )


def _pipeline_problems(settings: Settings, key: str) -> Iterator[str]:
    where, table, names = f"tables.{key}", settings.tables[key], settings.names.table(key)
    unnamed = [*_name_problems(where, names), *_name_problems(where, names.pipeline(table.generation))]
    yield from unnamed
    if unnamed:
        return
    try:
        bodies = [pipeline.unplaced for pipeline in settings.pipelines if pipeline.key == key]
        _check_length(bodies[-1])
    except Unreadable as error:
        yield f"{where}.body: {table.body}: {error}; name a file with a body of Data Prepper"
    except InvalidBody as error:
        for problem in error.problems:
            path = f"body: {table.body}: {problem.path}" if table.body else _in_settings(problem.path)
            yield f"{where}.{path}: {problem.message}"
    else:
        if table.body is not None:
            yield from _own_body_problems(where, table, bodies[-1])


def _check_length(body: PipelineBody) -> None:
    """Raises InvalidBody."""
    # As YAML it is at most four times as long as JSON; to render each takes longer than all other rules.
    if 4 * len(body.model_dump_json(by_alias=True, exclude_unset=True)) > LONGEST_BODY:
        render(body)


def _in_settings(path: str) -> str:
    """Where a user's words stand, of which our body has them in another place."""
    for in_body, name in (
        (r".*\.processor(?=\[)", "documents.processors"),
        (r".*\.route\[\d+\]\.(.*)", r"documents.routes.\1.when"),
        (r".*\.document_id", "documents.id"),
        (r".*\.(include|exclude)_keys(.*)", r"documents.\1\2"),
        (r"body\Z", "documents"),
    ):
        path = re.sub(rf"\A{in_body}", name, path)
    return path


def _own_body_problems(where: str, table: Table, body: PipelineBody) -> Iterator[str]:
    reads = body.source.tables[0]
    for what, there, wanted in (
        ("export", reads.export is not None, table.exports),
        ("stream", reads.stream is not None, table.streams),
    ):
        if there != wanted:
            yield (
                f"{where}.mode: {table.mode!r}, but the body in {table.body} has {'an' if there else 'no'} {what}; "
                "change one of them"
            )
    old = reads.stream is not None and reads.stream.view_on_remove == "OLD_IMAGE"
    if old and table.stream_view != "NEW_AND_OLD_IMAGES":
        yield (
            f"{where}.stream_view: {table.stream_view!r}, but the body in {table.body} has view_on_remove: OLD_IMAGE; "
            "set it to NEW_AND_OLD_IMAGES"
        )


def _index_problems(settings: Settings) -> Iterator[str]:
    families = [(one.key, family) for one in settings.pipelines for family in one.families]
    newest = [(one.key, family) for one in settings.pipelines if not one.settled for family in one.families]
    for alias, count in Counter(family.alias for _, family in newest).items():
        if count > 1:
            keys = sorted({key for key, family in newest if family.alias == alias})
            yield (
                f"tables.{keys[-1]}.documents.index: {alias!r} is used {count} times, by {' and '.join(keys)}; an "
                "index has the items of one table and route; choose another name"
            )
    for key, family in families:
        pattern = re.compile(re.escape(family.pattern).replace(r"\*", ".*"))
        for _, other in newest:
            names = (other.alias,) if other.alias == family.alias else (other.alias, other.pattern)
            if taken := next(filter(pattern.fullmatch, names), None):
                yield (
                    f"tables.{key}.documents.index: {family.alias!r} makes indices called {family.pattern}, which "
                    f"{taken!r} would be one of; choose another name"
                )


def _sign_in_problems(settings: Settings) -> Iterator[str]:
    people: Dashboards = settings.dashboards
    administrators, analysts = people.administrators, people.analysts
    if settings.collection is not None and "dashboards" in settings.model_fields_set:
        yield (
            "dashboards: has no meaning beside collection, whose people do not come through Cognito; remove it, and "
            "name who may use Dashboards in collection.dashboards"
        )
    if settings.existing_domain is not None and "dashboards" in settings.model_fields_set:
        yield (
            "dashboards: has no meaning beside existing_domain, whose owner decides who signs in; remove it, and name "
            "the roles of those who search in existing_domain.reader_roles"
        )
    if administrators.group == analysts.group:
        yield f"dashboards.analysts.group: {analysts.group!r} is the administrators' group; give it another name"
    times = Counter(user.lower() for user in (*administrators.users, *analysts.users))
    for user in sorted(user for user, count in times.items() if count > 1):
        yield f"dashboards.analysts.users: {user!r} is named twice; one person is in one group, once"


def _target_problems(settings: Settings) -> Iterator[str]:
    if settings.domain is not None:
        yield from _domain_problems(settings.domain, settings.region, production=settings.production)
    if settings.collection is not None:
        yield from _collection_problems(settings, settings.collection)


def _domain_problems(domain: Domain, region: str, *, production: bool) -> Iterator[str]:
    yield from _node_problems(domain)
    if production and domain.burstable:
        yield (
            f"domain.instance_type: {domain.instance_type!r} has burst credits and no support for production; "
            "use for example 'r7g.large.search', or set production: false"
        )
    if production and domain.instance_count < 2:
        yield "domain.instance_count: 1 node cannot hold a replica; use 2 or more, or set production: false"
    if production and domain.zones == 1:
        yield "domain.zones: 1 is not allowed with production: true; remove the line"
    yield from _volume_problems(domain)
    yield from _zone_problems(domain, region)
    yield from _standby_problems(domain)
    if domain.warm is not None and domain.masters is None:
        yield "domain.warm: UltraWarm needs dedicated master nodes; name their type in domain.masters"
    if domain.burstable:
        for field, chosen in (("warm", domain.warm), ("auto_tune", domain.auto_tune), ("standby", domain.standby)):
            if chosen:
                yield (
                    f"domain.{field}: {domain.instance_type!r} does not have it; remove it, or use for example "
                    "'r7g.large.search'"
                )


def _collection_problems(settings: Settings, collection: Collection) -> Iterator[str]:
    if settings.production and not collection.standby:
        yield "collection.standby: false is not allowed with production: true; remove the line"
    if collection.dashboards.saml is not None:
        yield from _saml_problems(settings, collection.dashboards.saml)


def _saml_problems(settings: Settings, saml: Saml) -> Iterator[str]:
    where = "collection.dashboards.saml"
    if not saml.groups and not saml.users:
        yield f"{where}.groups: nobody may sign in; name at least one group, or one user in {where}.users"
    if saml.groups and saml.group_attribute is None:
        yield f"{where}.group_attribute: is missing beside groups; name the attribute that tells a user's groups"
    try:
        metadata = settings.saml_metadata or ""
    except Unreadable as error:
        yield f"{where}.metadata: {saml.metadata}: {error}; name the file that your identity provider exports"
        return
    if not metadata:
        yield f"{where}.metadata: {saml.metadata} is empty; export it anew from your identity provider"


def _node_problems(domain: Domain) -> Iterator[str]:
    for family, most in OFFERS.most_nodes.offered.items():
        if (nodes := domain.nodes(family)) > most:
            yield (
                f"domain.instance_count: {nodes} nodes of type {family.upper()}, masters included, are more than the "
                f"{most} of a domain; use fewer, or another type"
            )
    most = OFFERS.most_without_masters.offered
    if domain.masters is None and domain.instance_count > most:
        yield f"domain.masters: is missing; more than {most} data nodes need dedicated master nodes; name their type"
    if (
        domain.masters is not None
        and family_of(domain.instance_type) in OFFERS.graviton_masters.offered
        and family_of(domain.masters) not in OFFERS.graviton.offered
    ):
        yield (
            f"domain.masters: {domain.masters!r} has no Graviton processor, as {domain.instance_type} needs it of "
            "masters; use for example 'm7g.large.search'"
        )


def _zone_problems(domain: Domain, region: str) -> Iterator[str]:
    there = OFFERS.zones_of_newer_accounts.offered.get(region, 3)
    if domain.zones is None and domain.zone_count > there:
        yield (
            f"domain.zones: is missing; newer accounts have {there} zones in {region}; set it to {there}, or to "
            f"{domain.zone_count} where yours has them"
        )
    if domain.zone_count > domain.instance_count:
        yield (
            f"domain.zones: {domain.zones} zones need as many data nodes, and domain.instance_count is "
            f"{domain.instance_count}; lower it or raise the other"
        )
    # OpenSearch Service console: "For two Availability Zones, you must choose instances in multiples of two."
    elif domain.zone_count == 2 and domain.instance_count % 2:
        yield (
            f"domain.zones: 2 zones take an even number of data nodes, and domain.instance_count is "
            f"{domain.instance_count}; change one of them"
        )


def _volume_problems(domain: Domain) -> Iterator[str]:
    least, most = OFFERS.volume_gib(domain.instance_type)
    if domain.volume_gib > most:
        yield (
            f"domain.volume_gib: {domain.volume_gib} is more than {domain.instance_type} takes, {most}; "
            "lower it or use a larger instance_type"
        )
    if domain.volume_gib < least:
        yield f"domain.volume_gib: {domain.volume_gib} is less than {domain.instance_type} takes, {least}; raise it"
    # EBS user guide, gp3: 500 IOPS for each GiB, 0.25 MiB/s for each IOPS, of which 3,000 are always there.
    iops = domain.iops or 3000
    if domain.iops is not None and domain.iops > max(3000, 500 * domain.volume_gib):
        yield (
            f"domain.iops: {domain.iops} is more than 500 for each GiB of domain.volume_gib, {domain.volume_gib}; "
            f"use at most {500 * domain.volume_gib}"
        )
    if domain.throughput_mib is not None and domain.throughput_mib > iops / 4:
        yield (
            f"domain.throughput_mib: {domain.throughput_mib} needs {4 * domain.throughput_mib} IOPS, and there are "
            f"{iops}; raise domain.iops, or use at most {iops // 4}"
        )


def _standby_problems(domain: Domain) -> Iterator[str]:
    # OpenSearch Service guide, Multi-AZ with standby, and UltraWarm.
    if domain.standby and domain.zone_count < 3 and domain.zones is not None:
        yield f"domain.zones: {domain.zones} beside domain.standby, which is in three; remove the line"
    if domain.standby and domain.warm is not None and domain.warm.count % 3:
        yield (
            f"domain.warm.count: {domain.warm.count} nodes cannot be spread evenly over the three zones of "
            "domain.standby; use a multiple of three"
        )
    if domain.standby and domain.instance_count % 3:
        yield (
            f"domain.instance_count: {domain.instance_count} nodes cannot be spread evenly over the three zones of "
            "domain.standby; use a multiple of three"
        )
    if domain.standby and domain.masters is None:
        yield "domain.masters: is missing beside domain.standby, which needs dedicated master nodes; name their type"


def _alarm_problems(alarms: Alarms, ingestion: Ingestion) -> Iterator[str]:
    if not alarms.emails:
        yield "alarms.emails: [] is not allowed; name at least one address"
    for email, count in Counter(alarms.emails).items():
        if count > 1:
            yield f"alarms.emails: {email!r} is named {count} times; name each address once"
    if alarms.latency_seconds * 1000 <= ingestion.flush_timeout_ms:
        yield (
            f"alarms.latency_seconds: {alarms.latency_seconds} is what a change may wait anyway, with "
            f"ingestion.flush_timeout_ms: {ingestion.flush_timeout_ms}; raise the one or lower the other"
        )


def _hours_problems(hours: Hours, *, production: bool) -> Iterator[str]:
    if production:
        yield "hours: are not allowed with production: true, whose pipelines always run; remove them"
    # A start or stop that fails is tried again for half an hour (stacks/hours.py), and must not meet the next one.
    if not 60 <= hours.minutes <= 23 * 60:
        yield f"hours.stop: {hours.stop!r} with start {hours.start!r}; use a time 1 to 23 hours later on the same day"
    if not hours.days:
        yield "hours.days: [] is not allowed; name at least one day"
    for day, count in Counter(hours.days).items():
        if count > 1:
            yield f"hours.days: {day!r} is named {count} times; name each day once"


def _network_problems(settings: Settings) -> Iterator[str]:
    network = settings.network
    if network is None:
        return
    if network.cidr is not None:
        yield from _made_network_problems(network, settings)
        return
    # One subnet for each Availability Zone (OpenSearch Service guide, VPC domains).
    if network.subnet_ids and settings.domain is not None and len(network.subnet_ids) != settings.domain.zone_count:
        zones = settings.domain.zone_count
        yield (
            f"network.subnet_ids: {len(network.subnet_ids)} subnets; {settings.domain.instance_count} data nodes are "
            f"spread over {zones} zones; name {zones} subnets in different zones"
        )
    if not network.subnet_ids:
        yield "network.subnet_ids: [] is not allowed; name at least one subnet"
    if not network.security_group_ids:
        yield "network.security_group_ids: [] is not allowed; name at least one security group"


def _made_network_problems(network: Network, settings: Settings) -> Iterator[str]:
    if network.subnet_ids or network.security_group_ids:
        yield "network.cidr: makes a VPC, and subnet_ids or security_group_ids name one; keep one of them"
    if settings.existing_domain is not None:
        yield (
            "network.cidr: a VPC of its own has no way to existing_domain; name subnets from where it is reached in "
            "network.subnet_ids"
        )
    try:
        ipaddress.ip_network(str(network.cidr))
    except ValueError as error:
        yield f"network.cidr: {error}; use for example 10.20.0.0/24"


def _encryption_problems(settings: Settings) -> Iterator[str]:
    yield from _key_problems("kms_key_arn", settings.kms_key_arn, settings)
    if settings.own_key and settings.kms_key_arn is not None:
        yield "own_key: makes a key, and kms_key_arn names one; keep one of them"


def _key_problems(where: str, key_arn: str | None, settings: Settings) -> Iterator[str]:
    if key_arn is not None:
        region, account = key_arn.split(":")[3:5]
        if (region, account) != (settings.region, settings.account_id):
            yield (
                f"{where}: {key_arn!r} is a key of {region}, account {account}; use one of "
                f"{settings.region}, account {settings.account_id}"
            )


def _tag_problems(tags: dict[str, str]) -> Iterator[str]:
    # 50 tags a resource (AWS tagging guide); three are ours, the rest is room for what AWS and its tools add.
    if len(tags) > 40:
        yield f"tags: {len(tags)} tags; at most 40; remove some"
    keys: dict[str, str] = {}
    for tag, value in tags.items():
        if (other := keys.setdefault(tag.casefold(), tag)) != tag:
            yield (
                f"tags.{tag}: is the same key as {other!r}, for IAM takes capitals and small letters for the same; "
                "keep one"
            )
        fits = re.fullmatch(r"(?!(?i:aws:))[\w .:/=+@-]{1,128}", tag)
        if not fits or not re.fullmatch(r"[\w .:/=+@-]{0,256}", value):
            yield (
                f"tags.{tag}: {value!r} is not allowed; use letters, digits, spaces and _.:/=+-@, at most 128 for the "
                "key, which must not start with aws:, and 256 for the value"
            )


def _not_for_production(settings: Settings) -> Iterator[str]:
    if not settings.deletion_protection:
        yield "deletion_protection: false is not allowed with production: true; remove the line"
    if settings.dashboards.mfa != "required":
        yield "dashboards.mfa: 'optional' is not allowed with production: true; remove the line"
    for key, table in settings.tables.items():
        if table.units.max < 2:
            yield (
                f"tables.{key}.units.max: 1 gives no headroom and no second zone; use 2 or more, or set "
                "production: false"
            )


def _seeding_problems(where: str, settings: Settings, key: str) -> Iterator[str]:
    table = settings.tables[key]
    if table.seeding is None:
        return
    if table.existing is not None:
        yield f"{where}.seeding: nothing is written to a table that is there already; remove it"
        return
    partition = table.partition_key
    if table.seeding.file is None:
        if partition is not None and (partition.name, partition.type, table.sort_key) != ("order_id", "S", None):
            yield (
                f"{where}.partition_key: the sample orders have the key order_id of type S, "
                f"not {partition.name} of type {partition.type}{' with a sort key' if table.sort_key else ''}; "
                f"name a file of your own in {where}.seeding.file"
            )
        return
    try:
        settings.seed_items(key)
    except dataset.InvalidDataset as error:
        yield from (f"{where}.seeding.file: {problem}" for problem in error.problems)
