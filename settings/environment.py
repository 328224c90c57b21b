"""Everything that one environment chooses."""

from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

import dashboards
import dataset
import named_file
from names import Names
from osis.default import MAX_RETRIES
from pipelines import Pipeline, pipelines_of
from settings.advice import warnings_of
from settings.operations import Alarms, Budget, Delivery, Hours
from settings.rules import contradictions
from settings.search import Collection, Dashboards, Domain, ExistingDomain, Network
from settings.tables import Table
from settings.values import KeyArn, Model, Region, RetentionDays, TableKey, matching

# OpenSearch Serverless API, SamlConfigOptions.
LARGEST_METADATA = 51_200


class Ingestion(Model):
    """What all pipelines have in common."""

    flush_timeout_ms: int = Field(
        1000,
        ge=-1,
        le=60_000,
        description="longest wait of a document in a bulk request; Data Prepper's own default is 60000",
    )
    max_retries: int = Field(
        MAX_RETRIES, ge=1, le=100, description="attempts to write a document before it goes to the dead-letter queue"
    )
    export_retention_days: int = Field(7, ge=1, le=365, description="days that objects of a table's export are kept")
    dlq_retention_days: int = Field(30, ge=1, le=3650, description="days that dead-lettered documents are kept")
    pipeline_quota: int = Field(
        50,
        ge=1,
        le=10_000,
        description="pipelines that the account may have in the Region; AWS gives 50, and more only by agreement",
    )


class State(Model):
    backend: Literal["local", "s3"] = Field(
        "local", description="where the state stack keeps its own state: local until its bucket exists, then s3"
    )


class Settings(Model):
    """A default is the safe choice; a weaker one is spelled out."""

    environment: Annotated[str, matching(r"[a-z][a-z0-9-]*", "lower-case letters, digits and hyphens")]
    directory: Path = Field(description="folder of the settings file, which paths in it are relative to")
    project: Annotated[str, matching(r"[a-z][a-z0-9-]+", "lower-case letters, digits and hyphens, a letter first")] = (
        Field(description="first part of every name")
    )
    account_id: Annotated[str, matching(r"\d{12}", "12 digits in quotes")] = Field(
        description="the only AWS account that this environment may be deployed to"
    )
    region: Region = Field(description="AWS Region; all of the system is in one")
    production: bool = Field(description="true refuses choices that are for tests only")
    deletion_protection: bool = Field(
        True, description="protects tables, user pool, domain and collection; false also empties buckets on destroy"
    )
    log_retention_days: RetentionDays = Field(30, description="retention of every log group in days")
    kms_key_arn: KeyArn | None = Field(
        None,
        description="KMS key of tables, buckets, domain or collection, logs, functions, schedules and alarms; "
        "absent: keys of AWS",
    )
    own_key: bool = Field(False, description="such a key is made, in the state stack; not beside kms_key_arn")
    network: Network | None = Field(None, description="VPC for domain or collection, pipelines and functions")
    tags: dict[str, str] = Field(
        default_factory=dict,
        description="tags of every resource, beside project, environment and stack, in place of which yours stand",
    )
    tables: dict[TableKey, Table] = Field(
        min_length=1, description="tables by a short name of your own, which is part of the names of what belongs to it"
    )
    ingestion: Ingestion = Field(default_factory=Ingestion, description="what all pipelines have in common")
    domain: Domain | None = Field(
        None, description="the OpenSearch domain that is made; either this, collection or existing_domain"
    )
    collection: Collection | None = Field(
        None, description="the OpenSearch Serverless collection that is made in place of a domain"
    )
    existing_domain: ExistingDomain | None = Field(None, description="a domain that is there already")
    dashboards: Dashboards = Dashboards()
    alarms: Alarms | None = Field(
        None, description="who is told when something is wrong; absent: no alarms, and no dashboard in CloudWatch"
    )
    budget: Budget | None = Field(None, description="mails before a month costs more than it should; absent: none")
    hours: Hours | None = Field(None, description="when the pipelines run, not for production; absent: always")
    delivery: Delivery | None = Field(
        None, description="roles for GitHub's workflows, and the boundary of every role; absent: none"
    )
    state: State = State()

    @cached_property
    def names(self) -> Names:
        existing = self.existing_domain.name if self.existing_domain else None
        return Names(self.project, self.environment, self.account_id, self.region, existing)

    def tag(self, key: str, value: str) -> tuple[str, str]:
        """A tag of ours as resources have it: a user's own of that key wins, spelled as it is.

        IAM takes capitals and small letters in keys for the same, and refuses two (IAM user guide, tagging).
        """
        own = ((tag, given) for tag, given in self.tags.items() if tag.casefold() == key)
        return next(own, (key, value))

    @property
    def environment_tag(self) -> tuple[str, str]:
        return self.tag("environment", self.environment)

    @property
    def identity(self) -> dict[str, str]:
        """The tags by which this environment's resources are told from others."""
        return dict([self.tag("project", self.project), self.environment_tag])

    def with_key(self, arn: str) -> Self:
        """The same with that KMS key, for a stack that made it or looked it up."""
        copy = self.model_copy(update={"kms_key_arn": arn})
        # What was worked out already speaks of no key.
        for attribute, member in vars(type(self)).items():
            if isinstance(member, cached_property):
                vars(copy).pop(attribute, None)
        return copy

    @property
    def target(self) -> Domain | Collection | ExistingDomain:
        """Where documents go."""
        target = self.domain or self.collection or self.existing_domain
        if target is None:
            raise ValueError("settings without a domain or a collection are not valid")
        return target

    @property
    def saml_metadata(self) -> str | None:
        """The text of `collection.dashboards.saml.metadata`; None without it. Raises Unreadable."""
        saml = self.collection.dashboards.saml if self.collection else None
        return named_file.read_text(self.directory / saml.metadata, LARGEST_METADATA) if saml else None

    @cached_property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """Every pipeline, in the order of the tables; that of a generation to be replaced before its successor."""
        return pipelines_of(self)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and may surprise, a line each."""
        return tuple(warnings_of(self))

    def seed_items(self, key: str) -> bytes | None:
        """The file of a table's `seeding.file` as NDJSON of DynamoDB items, or None where sample orders are wanted.

        Raises InvalidDataset.
        """
        table = self.tables[key]
        if table.partition_key is None or table.seeding is None or table.seeding.file is None:
            return None
        sort = table.sort_key
        items = dataset.read(
            self.directory / table.seeding.file,
            partition_key=(table.partition_key.name, table.partition_key.type),
            sort_key=(sort.name, sort.type) if sort else None,
        )
        return dataset.to_ndjson(items)

    @cached_property
    def saved_objects(self) -> bytes:
        """What Dashboards shows of each table, as NDJSON; deterministic."""
        return dashboards.to_ndjson(
            [
                saved
                for key, table in self.tables.items()
                for saved in dashboards.overview(
                    index=table.documents.index or key,
                    attributes={name: attribute.type for name, attribute in table.documents.attributes.items()},
                    keys=[key.name for key in table.keys],
                    layout=table.overview,
                    since=_since(table),
                )
            ]
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = list(contradictions(self))
        if problems:
            raise PydanticCustomError("contradictions", "{problems}", {"problems": "\n".join(problems)})
        return self


def _since(table: Table) -> str:
    """Where the dashboard's time filter starts: never after the sample orders, which end on a fixed day."""
    if table.seeding is None or table.seeding.file is not None:
        return "now-90d"
    return f"{datetime.fromisoformat(table.seeding.until) - timedelta(days=90):%Y-%m-%dT%H:%M:%S.000Z}"
