"""The one door for configuration: `environments/<ENVIRONMENT>.yaml`, checked whole before anything slow is imported.

`load()` returns a frozen `Settings` or raises `InvalidSettings` with one line per problem. Nothing here knows CDKTF,
calls AWS or reads the clock.
"""

import difflib
import re
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

import dashboards
import dataset
from dashboards import FieldType, Overview
from names import InvalidName, Names
from osis.default import MAX_RETRIES
from strict_yaml import InvalidYaml, read

ENVIRONMENTS = Path(__file__).parent / "environments"


class InvalidSettings(ValueError):
    """What is wrong with a settings file, a line for each problem: field, value, what is allowed, what to do."""

    def __init__(self, file: Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.problems = tuple(problems)


def _matching(pattern: str, allowed: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})
        return value

    return AfterValidator(check)


# OSIS runs in Regions that are enabled by default, not in opt-in Regions (AWS General Reference, OpenSearch endpoints).
Region = Literal[
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
]  # fmt: skip

# The values that CloudWatch Logs accepts (PutRetentionPolicy).
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922]

Email = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", "an e-mail address: name@example.com"
    ),
]

# Families with EBS volumes that OpenSearch 2.x and later run on (OpenSearch Service guide, supported instance types).
# Those with instance store only (i3, r6gd, …) take no volume and are deliberately not here.
InstanceType = Annotated[
    str,
    _matching(
        r"(t3\.(small|medium)|(m5|m6g|m7g|m7i|m8g|c5|c6g|c7g|c7i|c8g|r5|r6g|r7g|r7i|r8g|or1|or2|om2)\.(medium|large|\d*xlarge))\.search",
        "an EBS-backed type such as t3.small.search, m7g.large.search or r7g.large.search",
    ),
]

# A role without its session: the form in which the domain's policy and its role mappings know a caller.
RoleArn = Annotated[
    str,
    _matching(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,512}", "the ARN of a role: arn:aws:iam::111122223333:role/name"),
]

KeyArn = Annotated[
    str,
    _matching(
        r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[a-f0-9-]{36}",
        "the ARN of a key, not of an alias: arn:aws:kms:us-east-1:111122223333:key/1234abcd-…",
    ),
]

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html takes more; these
# characters need no escape anywhere.
GroupName = Annotated[str, _matching(r"[A-Za-z0-9_.-]{1,128}", "1 to 128 of letters, digits, _, . and -")]

AttributeName = Annotated[
    str, _matching(r"[^\s.][^.]{0,254}", "1 to 255 characters without a dot (a dot would nest the field)")
]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=False)


class Key(Model):
    name: AttributeName = Field(description="attribute name of the key")
    type: Literal["S", "N", "B"] = Field(description="DynamoDB type of the key: S text, N number, B binary")


class Table(Model):
    """The DynamoDB table: on demand, stream, point-in-time recovery and encryption are always on."""

    partition_key: Key = Field(description="partition key; changing it replaces the table")
    sort_key: Key | None = Field(None, description="sort key; changing it replaces the table")
    stream_view: Literal["NEW_IMAGE", "NEW_AND_OLD_IMAGES"] = Field(
        "NEW_AND_OLD_IMAGES",
        description="what the stream carries; NEW_AND_OLD_IMAGES lets deletes be routed by attribute",
    )

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key attributes, partition key first."""
        return (self.partition_key, self.sort_key) if self.sort_key else (self.partition_key,)


class Units(Model):
    min: int = Field(
        1, ge=1, le=96, description="OCUs that always run and are always paid; 2 or more for 99.9 % availability"
    )
    max: int = Field(4, ge=1, le=96, description="OCUs at the busiest; one OCU reads at most 150 stream shards")


class Ingestion(Model):
    """The OSIS pipeline."""

    index: str = Field(description="OpenSearch index that the table's items go to")
    attributes: dict[AttributeName, FieldType] = Field(
        default_factory=dict,
        description="mapping of attributes; without it the first value of an attribute decides its type for ever",
    )
    units: Units = Field(
        default_factory=lambda: Units(min=1, max=4), description="capacity in OpenSearch Compute Units (OCU)"
    )
    flush_timeout_ms: int = Field(
        1000,
        ge=-1,
        le=60_000,
        description="longest wait of a document in a bulk request; Data Prepper's own default is 60000",
    )
    max_retries: int = Field(
        MAX_RETRIES, ge=1, le=100, description="attempts to write a document before it goes to the dead-letter queue"
    )
    export_retention_days: int = Field(7, ge=1, le=365, description="days that objects of the table's export are kept")
    dlq_retention_days: int = Field(30, ge=1, le=3650, description="days that dead-lettered documents are kept")


class Domain(Model):
    """The OpenSearch domain."""

    engine_version: Literal["OpenSearch_2.19", "OpenSearch_3.1"] = Field(
        "OpenSearch_2.19", description="engine of the domain"
    )
    instance_type: InstanceType = Field(description="type of the data nodes; T3 is for tests, not for production")
    instance_count: int = Field(
        ge=1, le=80, description="data nodes, spread over up to 3 zones; 80 is the domain's default quota"
    )
    volume_gib: int = Field(ge=10, le=24_576, description="gp3 volume of each data node in GiB")
    masters: InstanceType | None = Field(
        None, description="type of three dedicated master nodes; absent: the data nodes share that work"
    )
    reader_roles: tuple[RoleArn, ...] = Field((), description="IAM roles of applications that search the index")

    @property
    def version(self) -> str:
        """Major and minor version of the engine: 2.19."""
        return self.engine_version.removeprefix("OpenSearch_")

    @property
    def zones(self) -> int:
        """Availability Zones that the data nodes are spread over: as many as there are nodes, three at most."""
        return min(self.instance_count, 3)


class Administrators(Model):
    group: GroupName = Field("administrators", description="name of the Cognito group")
    users: tuple[Email, ...] = Field(
        (), description="may look after every index of the domain; Cognito invites them by e-mail"
    )


class Analysts(Model):
    group: GroupName = Field("analysts", description="name of the Cognito group")
    users: tuple[Email, ...] = Field(
        (), description="may read the index and save dashboards; removed here, the user is removed"
    )


class Dashboards(Model):
    """Who may sign in, how, and what they see first."""

    administrators: Administrators = Field(Administrators(), description="people who operate the domain")
    analysts: Analysts = Field(Analysts(), description="people who look at the data")
    mfa: Literal["required", "optional"] = Field("required", description="second factor (TOTP) at sign-in")
    threat_protection: Literal["off", "audit", "enforced"] = Field(
        "off", description="Cognito's watch for stolen passwords; needs its Plus plan, which is paid by active user"
    )
    overview: Overview = Field(
        Overview(), description="what the dashboard shows; what is absent is chosen from ingestion.attributes"
    )

    @property
    def groups(self) -> dict[str, str]:
        """E-mail address of each user -> name of the group."""
        return {user: group.group for group in (self.administrators, self.analysts) for user in group.users}


class Network(Model):
    """Absent: public endpoints behind IAM. Given: domain, pipeline and functions live in these subnets."""

    subnet_ids: tuple[Annotated[str, _matching(r"subnet-[0-9a-f]{8,17}", "subnet-0123456789abcdef0")], ...] = Field(
        description="private subnets, as many as the data nodes have zones; changing them replaces the pipeline"
    )
    security_group_ids: tuple[Annotated[str, _matching(r"sg-[0-9a-f]{8,17}", "sg-0123456789abcdef0")], ...] = Field(
        description="each must let HTTPS through from itself, and out to AWS"
    )


class Seeding(Model):
    """Sample data, or a file of your own."""

    items: int = Field(1000, ge=20, le=1_000_000, description="number of sample orders")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="another seed, other orders")
    until: Annotated[
        str, _matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T00:00:00Z", "a day in UTC: '2026-11-01T00:00:00Z'")
    ] = Field("2026-11-01T00:00:00Z", description="the sample orders end here; they span the 90 days before")
    file: str | None = Field(
        None, description="CSV, JSON or NDJSON file, relative to the settings file, instead of sample orders"
    )
    changes: int = Field(
        0,
        ge=0,
        le=20,
        description="rounds of changes and deletes made so far; raise it by one and apply to make another",
    )


class State(Model):
    backend: Literal["local", "s3"] = Field(
        "local", description="where the state stack keeps its own state: local until its bucket exists, then s3"
    )


class Settings(Model):
    """Everything that one environment chooses. A default is the safe choice; a weaker one is spelled out."""

    environment: Annotated[str, _matching(r"[a-z][a-z0-9-]*", "lower-case letters, digits and hyphens")]
    directory: Path = Field(description="folder of the settings file; `seeding.file` is relative to it")
    project: Annotated[str, _matching(r"[a-z][a-z0-9-]+", "lower-case letters, digits and hyphens, a letter first")] = (
        Field(description="first part of every name")
    )
    account_id: Annotated[str, _matching(r"\d{12}", "12 digits in quotes")] = Field(
        description="the only AWS account that this environment may be deployed to"
    )
    region: Region = Field(description="AWS Region; all of the system is in one")
    production: bool = Field(description="true refuses choices that are for tests only")
    deletion_protection: bool = Field(
        True, description="protects table, user pool and domain; false also empties buckets on destroy"
    )
    log_retention_days: RetentionDays = Field(30, description="retention of every log group in days")
    kms_key_arn: KeyArn | None = Field(
        None, description="KMS key of table, buckets, domain, logs and functions; absent: keys of AWS"
    )
    network: Network | None = Field(None, description="VPC for domain, pipeline and functions")
    tags: dict[str, str] = Field(default_factory=dict, description="tags of every resource")
    table: Table
    ingestion: Ingestion
    domain: Domain
    dashboards: Dashboards = Dashboards()
    seeding: Seeding | None = Field(None, description="absent: no seeding stack")
    state: State = State()

    @cached_property
    def names(self) -> Names:
        return Names(self.project, self.environment, self.account_id, self.region)

    @cached_property
    def seed_items(self) -> bytes | None:
        """The file of `seeding.file` as NDJSON of DynamoDB items, or None where sample orders are wanted."""
        if self.seeding is None or self.seeding.file is None:
            return None
        sort = self.table.sort_key
        items = dataset.read(
            self.directory / self.seeding.file,
            partition_key=(self.table.partition_key.name, self.table.partition_key.type),
            sort_key=(sort.name, sort.type) if sort else None,
        )
        return dataset.to_ndjson(items)

    @cached_property
    def saved_objects(self) -> bytes:
        """What Dashboards shows of the index, as NDJSON; deterministic."""
        return dashboards.to_ndjson(
            dashboards.overview(
                index=self.ingestion.index,
                attributes=self.ingestion.attributes,
                keys=[key.name for key in self.table.keys],
                layout=self.dashboards.overview,
                since=self._since,
                version=f"{self.domain.version}.0",
            )
        )

    @property
    def _since(self) -> str:
        """Where the dashboard's time filter starts: never after the sample orders, which end on a fixed day."""
        if self.seeding is None or self.seeding.file is not None:
            return "now-90d"
        return f"{datetime.fromisoformat(self.seeding.until) - timedelta(days=90):%Y-%m-%dT%H:%M:%S.000Z}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = list(_contradictions(self))
        if problems:
            raise PydanticCustomError("contradictions", "{problems}", {"problems": "\n".join(problems)})
        return self


def _contradictions(settings: Settings) -> Iterator[str]:
    """Problems that only show between fields: names, combinations, files."""
    try:
        settings.names.check()
    except InvalidName as error:
        yield f"project: {error}"
    yield from _impossible_combinations(settings)
    yield from _tag_problems(settings.tags)
    if settings.production:
        yield from _not_for_production(settings)
    yield from _seeding_problems(settings)


def _impossible_combinations(settings: Settings) -> Iterator[str]:
    units, domain, keys = settings.ingestion.units, settings.domain, settings.table.keys
    if units.min > units.max:
        yield f"ingestion.units.min: {units.min} is more than ingestion.units.max, {units.max}; change one"
    # gp3 limits of the T3 family (OpenSearch Service quotas, EBS volume size).
    largest = {"t3.small.search": 100, "t3.medium.search": 200}.get(domain.instance_type)
    if largest and domain.volume_gib > largest:
        yield (
            f"domain.volume_gib: {domain.volume_gib} is more than {domain.instance_type} takes, {largest}; "
            "lower it or use a larger instance_type"
        )
    if len({key.name for key in keys}) < len(keys):
        yield f"table.sort_key.name: {keys[-1].name!r} is the partition key; name another attribute or drop it"
    # Index name rules: OpenSearch documentation, create index.
    index = settings.ingestion.index
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,254}", index):
        yield f"ingestion.index: {index!r} is no index name; 1 to 255 of a-z, 0-9, _, . and -, a letter or digit first"
    yield from _sign_in_problems(settings.dashboards)
    yield from _network_problems(settings)
    yield from dashboards.problems(settings.dashboards.overview, settings.ingestion.attributes)


def _sign_in_problems(people: Dashboards) -> Iterator[str]:
    administrators, analysts = people.administrators, people.analysts
    if administrators.group == analysts.group:
        yield f"dashboards.analysts.group: {analysts.group!r} is the administrators' group; give it another name"
    users = [user.lower() for user in (*administrators.users, *analysts.users)]
    for user in sorted({user for user in users if users.count(user) > 1}):
        yield f"dashboards.analysts.users: {user!r} is named twice; one person is in one group, once"


def _network_problems(settings: Settings) -> Iterator[str]:
    network, zones = settings.network, settings.domain.zones
    # One subnet for each Availability Zone (OpenSearch Service guide, VPC domains).
    if network is not None and len(network.subnet_ids) != zones:
        yield (
            f"network.subnet_ids: {len(network.subnet_ids)} subnets; {settings.domain.instance_count} data nodes are "
            f"spread over {zones} zones; name {zones} subnets in different zones"
        )
    if network is not None and not network.security_group_ids:
        yield "network.security_group_ids: [] is not allowed; name at least one security group"
    if settings.kms_key_arn is not None:
        region, account = settings.kms_key_arn.split(":")[3:5]
        if (region, account) != (settings.region, settings.account_id):
            yield (
                f"kms_key_arn: {settings.kms_key_arn!r} is a key of {region}, account {account}; use one of "
                f"{settings.region}, account {settings.account_id}"
            )


def _tag_problems(tags: dict[str, str]) -> Iterator[str]:
    # 50 tags a resource (AWS tagging guide); three are ours, the rest is room for what AWS and its tools add.
    if len(tags) > 40:
        yield f"tags: {len(tags)} tags; at most 40; remove some"
    for tag, value in tags.items():
        if not re.fullmatch(r"(?!aws:)[\w .:/=+@-]{1,128}", tag) or not re.fullmatch(r"[\w .:/=+@-]{0,256}", value):
            yield (
                f"tags.{tag}: {value!r} is not allowed; use letters, digits, spaces and _.:/=+-@, at most 128 for the "
                "key, which must not start with aws:, and 256 for the value"
            )


def _not_for_production(settings: Settings) -> Iterator[str]:
    domain = settings.domain
    if domain.instance_type.startswith("t3."):
        yield (
            f"domain.instance_type: {domain.instance_type!r} has burst credits and no support for production; "
            "use for example 'r7g.large.search', or set production: false"
        )
    if domain.instance_count < 2:
        yield "domain.instance_count: 1 node cannot hold a replica; use 2 or more, or set production: false"
    if not settings.deletion_protection:
        yield "deletion_protection: false is not allowed with production: true; remove the line"
    if settings.dashboards.mfa != "required":
        yield "dashboards.mfa: 'optional' is not allowed with production: true; remove the line"
    if settings.ingestion.units.max < 2:
        yield "ingestion.units.max: 1 gives no headroom and no second zone; use 2 or more, or set production: false"


def _seeding_problems(settings: Settings) -> Iterator[str]:
    if settings.seeding is None:
        return
    key = settings.table.partition_key
    if settings.seeding.file is None:
        if (key.name, key.type, settings.table.sort_key) != ("order_id", "S", None):
            yield (
                "table.partition_key: the sample orders have the key order_id of type S, "
                f"not {key.name} of type {key.type}{' with a sort key' if settings.table.sort_key else ''}; "
                "name a file of your own in seeding.file"
            )
        return
    try:
        settings.seed_items  # noqa: B018 - reading it once here is the check
    except dataset.InvalidDataset as error:
        yield from (f"seeding.file: {problem}" for problem in error.problems)


def load(environment: str) -> Settings:
    """Read and check one environment: a name of a file in `environments/`, or the path of a `.yaml` file elsewhere.

    Raises InvalidSettings.
    """
    file = Path(environment) if environment.endswith(".yaml") else ENVIRONMENTS / f"{environment}.yaml"
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
        raise InvalidSettings(
            file, [f"there is no such file; set ENVIRONMENT to one of {there}, or to a path ending in .yaml"]
        )
    try:
        document = read(file.read_bytes())
    except InvalidYaml as error:
        raise InvalidSettings(file, [str(error)]) from None
    for reserved in document.keys() & {"environment", "directory"}:
        raise InvalidSettings(file, [f"{reserved}: comes from the file's name and place; remove it"])
    try:
        return Settings.model_validate({**_tuples(document), "environment": file.stem, "directory": file.parent})
    except ValidationError as error:
        raise InvalidSettings(file, [line for detail in error.errors() for line in _explain(detail)]) from None


def _tuples(value: Any) -> Any:
    """YAML has lists; frozen models hold tuples, and strict mode does not turn one into the other."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _explain(detail: ErrorDetails) -> list[str]:
    """One problem as `path: value: what is allowed; what the field is for`."""
    path, kind, value = detail["loc"], detail["type"], detail["input"]
    where = ".".join(str(part) for part in path if part != "[key]") or "the file"
    if kind == "contradictions":
        return str(detail["ctx"]["problems"]).splitlines()
    owner, field = _field(path)
    about = f" ({field.description})" if field is not None and field.description else ""
    if kind == "extra_forbidden":
        known = list(owner.model_fields) if owner else []
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        return [f"{where}: unknown key; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}")]
    if kind == "missing":
        return [f"{where}: is missing; add it{about}"]
    return [f"{where}: {value!r} is not allowed; {_allowed(detail, field)}{about}"]


def _allowed(detail: ErrorDetails, field: FieldInfo | None) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than_equal" | "less_than_equal" if field is not None:
            limits = {type(limit).__name__: limit for limit in field.metadata}
            return f"use a whole number from {limits['Ge'].ge} to {limits['Le'].le}"
        case "literal_error":
            return f"use one of {context['expected']}"
        case "pattern":
            return f"use {context['allowed']}"
        case "int_type":
            return "use a whole number without quotes"
        case "string_type":
            return "use text; put it in quotes"
        case "bool_type":
            return "use true or false"
        case "tuple_type":
            return "use a list"
        case "dict_type" | "model_type":
            return "use keys and values, indented below it"
        case _:
            return detail["msg"]


def _field(path: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that holds `path` and the field it names, as far as both exist."""
    owner: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    for part in path:
        if owner is None or part not in owner.model_fields:
            break
        field = owner.model_fields[str(part)]
        candidates = (
            typing.get_args(field.annotation) if isinstance(field.annotation, types.UnionType) else (field.annotation,)
        )
        inner = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if inner is None:
            return owner, field
        owner = inner if part != path[-1] else owner
    return owner, field
