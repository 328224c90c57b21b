"""Where documents go: a domain or collection of ours, or a domain that is there; its network, and who looks at it."""

from typing import Annotated, Literal

from pydantic import Field

from settings.offers import EngineVersion, InstanceType, family_of
from settings.values import DomainName, Email, FileName, GroupName, Model, RoleArn, matching

# Dedicated master nodes, where there are any. OpenSearch Service takes three or five; three is its recommendation.
MASTERS = 3

# A principal of a data access policy is saml/ACCOUNT/PROVIDER/group/NAME (OpenSearch Serverless guide, SAML).
ProviderName = Annotated[
    str, matching(r"[\w+=,.@:/-]{1,256}", "1 to 256 of letters, digits and _+=,.@:/-, as the provider writes it")
]


class Target(Model):
    """What is said of all places where documents go."""

    reader_roles: tuple[RoleArn, ...] = Field((), description="IAM roles of applications that search the indices")


class ExistingDomain(Target):
    """A domain that somebody else looks after. What it must have is in the README; a plan fails where it is not so."""

    name: DomainName = Field(description="name of the domain, in the same account and Region")

    @property
    def replicas(self) -> int:
        """Copies of each shard, where a table does not say: how many nodes there are is not known here."""
        return 1


class Warm(Model):
    """UltraWarm: S3 behind a cache."""

    type: Literal["ultrawarm1.medium.search", "ultrawarm1.large.search"] = Field(description="type of the nodes")
    count: int = Field(ge=2, le=150, description="number of nodes; 150 is the domain's default quota")
    cold: bool = Field(
        False, description="cold storage besides, for indices that are attached before they are searched"
    )


class Domain(Target):
    """The OpenSearch domain."""

    engine_version: EngineVersion = Field(
        "OpenSearch_2.19",
        description="engine of the domain; a later one upgrades it in place, without a way back",
    )
    instance_type: InstanceType = Field(description="type of the data nodes; T3 is for tests, not for production")
    instance_count: int = Field(
        ge=1, le=80, description="data nodes, spread over the zones; 80 is the domain's default quota"
    )
    zones: int | None = Field(
        None, ge=1, le=3, description="Availability Zones of the data nodes; absent: one for each node, three at most"
    )
    volume_gib: int = Field(
        ge=10, le=36_864, description="gp3 volume of each data node in GiB; the largest depends on instance_type"
    )
    iops: int | None = Field(
        None, ge=3000, le=16_000, description="gp3 IOPS of each volume; absent: what gp3 has by itself"
    )
    throughput_mib: int | None = Field(
        None, ge=125, le=1000, description="gp3 throughput of each volume in MiB/s; absent: what gp3 has by itself"
    )
    masters: InstanceType | None = Field(
        None, description="type of three dedicated master nodes; absent: the data nodes share that work"
    )
    standby: bool = Field(
        False, description="Multi-AZ with standby: one of three zones stands by, 99.99 % availability"
    )
    warm: Warm | None = Field(None, description="UltraWarm nodes, for indices that are rarely searched")
    auto_tune: bool | None = Field(
        None, description="the service adapts memory settings; absent: wherever the instance type has it"
    )
    audit: bool = Field(
        True,
        description="failed sign-ins, refused requests and changes of who may do what go into the audit log",
    )
    off_peak_utc: Annotated[str, matching(r"([01]\d|2[0-3]):[0-5]\d", "a time in UTC: '22:00'")] = Field(
        "22:00", description="start of the ten hours in which the service may update software and tune, in UTC"
    )

    @property
    def replicas(self) -> int:
        """Copies of each shard, where a table does not say."""
        # One in each zone (OpenSearch Service guide, Multi-AZ with standby).
        return 2 if self.standby else min(1, self.instance_count - 1)

    @property
    def burstable(self) -> bool:
        return family_of(self.instance_type) == "t3"

    @property
    def tuned(self) -> bool:
        """Whether Auto-Tune is on."""
        return not self.burstable if self.auto_tune is None else self.auto_tune

    @property
    def zone_count(self) -> int:
        """Availability Zones that the data nodes are spread over."""
        return self.zones or min(self.instance_count, 3)

    def nodes(self, family: str) -> int:
        """Data nodes and masters of a family."""
        data = self.instance_count if family_of(self.instance_type) == family else 0
        return data + (MASTERS if self.masters and family_of(self.masters) == family else 0)


class Saml(Model):
    """Sign-in to a collection's Dashboards at an identity provider of one's own."""

    metadata: FileName = Field(description="XML file of the provider's metadata, relative to the settings file")
    groups: tuple[ProviderName, ...] = Field((), description="groups of the provider that may look at the data")
    users: tuple[ProviderName, ...] = Field((), description="single users of the provider that may")
    group_attribute: ProviderName | None = Field(
        None, description="attribute of the provider's assertion that tells a user's groups"
    )
    user_attribute: ProviderName | None = Field(
        None, description="attribute that tells who a user is; absent: the assertion's NameID"
    )
    # OpenSearch Serverless API, SamlConfigOptions.
    session_minutes: int = Field(60, ge=5, le=720, description="after this a person signs in again")


class Viewers(Model):
    """Who may use a collection's Dashboards, and search what they show."""

    roles: tuple[RoleArn, ...] = Field((), description="IAM roles of people who come through the AWS console")
    saml: Saml | None = Field(None, description="sign-in at your own identity provider; absent: through IAM only")


class Collection(Target):
    """An OpenSearch Serverless collection, of type SEARCH. It has no nodes, shards or versions that one chooses."""

    standby: bool = Field(
        True,
        description="standby replicas in another zone; false, for tests, halves the least OCUs; changing it replaces "
        "the collection",
    )
    dashboards: Viewers = Field(Viewers(), description="who may use Dashboards; absent: nobody")

    @property
    def zone_count(self) -> int:
        """Availability Zones in which a network of its own reaches it."""
        return 2 if self.standby else 1

    @property
    def least_units(self) -> int:
        """OCUs that are always paid: half a unit to index and half a unit to search, twice with standby replicas
        (OpenSearch Serverless guide, managing capacity limits)."""
        return 2 if self.standby else 1


class Administrators(Model):
    group: GroupName = Field("administrators", description="name of the Cognito group")
    users: tuple[Email, ...] = Field(
        (), description="may look after every index of the domain; Cognito invites them by e-mail"
    )


class Analysts(Model):
    group: GroupName = Field("analysts", description="name of the Cognito group")
    users: tuple[Email, ...] = Field(
        (), description="may read the indices and save dashboards; removed here, the user is removed"
    )


class Dashboards(Model):
    """Who may sign in, and how."""

    administrators: Administrators = Field(Administrators(), description="people who operate the domain")
    analysts: Analysts = Field(Analysts(), description="people who look at the data")
    mfa: Literal["required", "optional"] = Field("required", description="second factor (TOTP) at sign-in")
    threat_protection: Literal["off", "audit", "enforced"] = Field(
        "off", description="Cognito's watch for stolen passwords; needs its Plus plan, which is paid by active user"
    )

    @property
    def groups(self) -> dict[str, str]:
        """E-mail address of each user -> name of the group."""
        return {user: group.group for group in (self.administrators, self.analysts) for user in group.users}


class Network(Model):
    """Absent: public endpoints behind IAM. Else the target, pipelines and functions live in private subnets."""

    cidr: (
        Annotated[
            str,
            matching(
                r"(10|172\.(1[6-9]|2\d|3[01])|192\.168)(\.\d{1,3}){1,3}/(1[6-9]|2[0-4])",
                "a private block of /16 to /24: 10.20.0.0/24",
            ),
        ]
        | None
    ) = Field(None, description="addresses of a VPC that is made; absent: subnets and security groups are given")
    subnet_ids: tuple[Annotated[str, matching(r"subnet-[0-9a-f]{8,17}", "subnet-0123456789abcdef0")], ...] = Field(
        (),
        description="private subnets, as many as the domain has zones; changing them replaces the pipelines",
    )
    security_group_ids: tuple[Annotated[str, matching(r"sg-[0-9a-f]{8,17}", "sg-0123456789abcdef0")], ...] = Field(
        (), description="each must let HTTPS through from itself, and out to AWS"
    )
