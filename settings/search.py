"""Where documents go: a domain of ours or one that is there, in which network, looked at by whom."""

from typing import Annotated, Literal

from pydantic import Field

from settings.values import DomainName, Email, GroupName, InstanceType, Model, RoleArn, matching


class Target(Model):
    """What is said of a domain, whoever looks after it."""

    engine_version: Literal["OpenSearch_2.19", "OpenSearch_3.1"] = Field(
        "OpenSearch_2.19", description="engine of the domain"
    )
    reader_roles: tuple[RoleArn, ...] = Field((), description="IAM roles of applications that search the indices")

    @property
    def version(self) -> str:
        """Major and minor version of the engine: 2.19."""
        return self.engine_version.removeprefix("OpenSearch_")


class ExistingDomain(Target):
    """A domain that somebody else looks after. What it must have is in the README; a plan fails where it is not so."""

    name: DomainName = Field(description="name of the domain, in the same account and Region")

    @property
    def replicas(self) -> int:
        """Copies of each shard, where a table does not say: how many nodes there are is not known here."""
        return 1


class Domain(Target):
    """The OpenSearch domain."""

    instance_type: InstanceType = Field(description="type of the data nodes; T3 is for tests, not for production")
    instance_count: int = Field(
        ge=1, le=80, description="data nodes, spread over up to 3 zones; 80 is the domain's default quota"
    )
    volume_gib: int = Field(ge=10, le=24_576, description="gp3 volume of each data node in GiB")
    masters: InstanceType | None = Field(
        None, description="type of three dedicated master nodes; absent: the data nodes share that work"
    )

    @property
    def replicas(self) -> int:
        """Copies of each shard, where a table does not say."""
        return min(1, self.instance_count - 1)

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
    """Absent: public endpoints behind IAM. Given: domain, pipelines and functions live in these subnets."""

    subnet_ids: tuple[Annotated[str, matching(r"subnet-[0-9a-f]{8,17}", "subnet-0123456789abcdef0")], ...] = Field(
        description="private subnets, as many as the data nodes have zones; changing them replaces the pipelines"
    )
    security_group_ids: tuple[Annotated[str, matching(r"sg-[0-9a-f]{8,17}", "sg-0123456789abcdef0")], ...] = Field(
        description="each must let HTTPS through from itself, and out to AWS"
    )
