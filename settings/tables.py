"""A table, its documents, and the pipeline between them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from dashboards import FieldType, Overview
from settings.values import AttributeName, FileName, IndexName, KeyArn, Model, TableName, matching

# Data Prepper's date in the name of an index.
PERIODS = {"day": "%{yyyy.MM.dd}", "month": "%{yyyy.MM}", "year": "%{yyyy}"}


class Key(Model):
    name: AttributeName = Field(description="attribute name of the key")
    type: Literal["S", "N", "B"] = Field(description="DynamoDB type of the key: S text, N number, B binary")


class ExistingTable(Model):
    """A table that somebody else looks after. Nothing of it is changed; a plan fails where it lacks what is read."""

    name: TableName = Field(description="name of the table, in the same account and Region")
    kms_key_arn: KeyArn | None = Field(None, description="the table's own KMS key, where it has one")


class Units(Model):
    min: int = Field(
        1, ge=1, le=96, description="OCUs that always run and are always paid; 2 or more for 99.9 % availability"
    )
    max: int = Field(4, ge=1, le=96, description="OCUs at the busiest; one OCU reads at most 150 stream shards")


class Attribute(Model):
    """How OpenSearch indexes an attribute; `price: double` is short for `price: {type: double}`."""

    type: FieldType = Field(description="OpenSearch field type")
    format: Annotated[str, matching(r"\S.{0,199}", "an OpenSearch date format: epoch_second, or yyyy-MM-dd")] | None = (
        Field(None, description="format of a date that is not ISO 8601 or epoch_millis")
    )
    keyword: bool = Field(False, description="a text also as a keyword, name.keyword, to count and to sort by")

    @property
    def mapping(self) -> dict[str, Any]:
        """As OpenSearch takes it."""
        # Longer values cannot be indexed as one term (Lucene's limit is 32,766 bytes).
        keyword = {"fields": {"keyword": {"type": "keyword", "ignore_above": 8191}}} if self.keyword else {}
        return {"type": self.type, **({"format": self.format} if self.format else {}), **keyword}


def _spelled_out(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class Route(Model):
    """Documents that go to an index of their own."""

    when: Annotated[str, matching(r".*\S.*", "a condition of Data Prepper: '/country == \"DE\"'")] = Field(
        description="condition of Data Prepper on the item: '/country == \"DE\"'"
    )
    index: IndexName | None = Field(None, description="name to search them by; absent: INDEX-ROUTE")


RouteName = Annotated[str, matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "lower-case letters, digits and single hyphens")]


class Documents(Model):
    """What becomes of an item in OpenSearch."""

    index: IndexName | None = Field(None, description="name to search by, an alias; absent: the table's key")
    # An index takes 1,000 fields (OpenSearch documentation, index.mapping.total_fields.limit).
    attributes: dict[AttributeName, Annotated[Attribute, BeforeValidator(_spelled_out)]] = Field(
        default_factory=dict,
        max_length=1000,
        description="mapping of attributes; without it the first value of an attribute decides its type for ever",
    )
    shards: int = Field(1, ge=1, le=1024, description="primary shards of the index; 10 to 50 GiB each is healthy")
    replicas: int | None = Field(
        None, ge=0, le=10, description="copies of each shard; absent: one, where there is a second node to hold it"
    )
    id: str | None = Field(
        None, description="Data Prepper's expression for the document id: '${/tenant}-${/sku}'; absent: the primary key"
    )
    # More than a thousand of either would not fit the 24,000 characters of a body (OpenSearch Service quotas).
    include: tuple[AttributeName, ...] = Field(
        (), max_length=1000, description="the only attributes that leave the table"
    )
    exclude: tuple[AttributeName, ...] = Field(
        (), max_length=1000, description="attributes that never reach OpenSearch: personal data"
    )
    processors: tuple[dict[str, Any], ...] = Field(
        (), max_length=1000, description="Data Prepper's processors, in order"
    )
    # A body takes 20 sinks (OpenSearch Service quotas), of which the main index has one.
    routes: dict[RouteName, Route] = Field(
        default_factory=dict,
        max_length=19,
        description="conditions for an index of its own; what meets none goes to `index`",
    )
    period: Literal["day", "month", "year"] | None = Field(
        None, description="a new index each period; only for tables whose items never change and are never deleted"
    )

    @property
    def date(self) -> str:
        """The period as Data Prepper's pattern in the name of an index, empty without one."""
        return PERIODS[self.period] if self.period else ""


class Expected(Model):
    """What the table will hold; only for advice on sizes."""

    items: int | None = Field(None, ge=1, description="items in the table at the first export")
    gib: int | None = Field(None, ge=1, description="size of the table at the first export in GiB")
    shards: int | None = Field(
        None, ge=1, description="open shards of the stream: the partitions of the table (DescribeStream)"
    )


# Years as the seeding function takes them.
A_DAY = "a day in UTC, 2001 to 2099: '2026-11-01T00:00:00Z'"


def _on_the_calendar(until: str) -> str:
    try:
        if datetime.fromisoformat(until).year > 2000:
            return until
    except ValueError:
        pass
    raise PydanticCustomError("pattern", "{allowed}", {"allowed": A_DAY})


class Seeding(Model):
    """Sample data, or a file of your own."""

    items: int = Field(1000, ge=20, le=1_000_000, description="number of sample orders")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="another seed, other orders")
    until: Annotated[str, matching(r"20\d\d-\d\d-\d\dT00:00:00Z", A_DAY), AfterValidator(_on_the_calendar)] = Field(
        "2026-11-01T00:00:00Z", description="the sample orders end here; they span the 90 days before"
    )
    file: FileName | None = Field(
        None, description="CSV, JSON or NDJSON file, relative to the settings file, instead of sample orders"
    )
    changes: int = Field(
        0,
        ge=0,
        le=20,
        description="rounds of changes and deletes made so far; raise it by one and apply to make another",
    )


class Table(Model):
    """One DynamoDB table, made here unless `existing`: on demand, encrypted, with point-in-time recovery."""

    partition_key: Key | None = Field(None, description="partition key; changing it replaces the table")
    sort_key: Key | None = Field(None, description="sort key; changing it replaces the table")
    existing: ExistingTable | None = Field(None, description="a table that is there already; absent: it is made")
    stream_view: Literal["NEW_IMAGE", "NEW_AND_OLD_IMAGES"] = Field(
        "NEW_AND_OLD_IMAGES",
        description="what the stream carries; deletes under an id or route made of attributes need both images",
    )
    mode: Literal["export-and-stream", "stream", "export"] = Field(
        "export-and-stream",
        description="what is read: all that is there and then every change, changes only, or all that is there once",
    )
    units: Units = Field(
        default_factory=lambda: Units(min=1, max=4), description="capacity in OpenSearch Compute Units (OCU)"
    )
    expected: Expected | None = Field(None, description="size of the table, for advice on units")
    documents: Documents = Field(default_factory=Documents, description="what becomes of an item in OpenSearch")
    body: FileName | None = Field(
        None, description="Data Prepper body of your own, relative to the settings file, instead of `documents`' rules"
    )
    generation: int = Field(
        1, ge=1, le=999, description="raise by one to build the index anew, beside the one that is searched"
    )
    confirmed: int = Field(
        1, ge=1, le=999, description="set to `generation` to end a rebuild: the generation before it goes"
    )
    switch: Literal["complete", "confirmed"] = Field(
        "complete",
        description="when searches go to a new generation: once it has every document of the old one, or unchecked "
        "when it is confirmed, for one that deliberately holds other documents",
    )
    overview: Overview = Field(
        Overview(), description="what the dashboard shows; what is absent is chosen from documents.attributes"
    )
    seeding: Seeding | None = Field(None, description="absent: nothing is written to the table")

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key attributes, partition key first."""
        return tuple(key for key in (self.partition_key, self.sort_key) if key is not None)

    @property
    def exports(self) -> bool:
        return self.mode != "stream"

    @property
    def streams(self) -> bool:
        return self.mode != "export"

    @property
    def generations(self) -> tuple[int, ...]:
        """Those that have a pipeline now, the one that is being replaced first."""
        return tuple(range(self.confirmed, self.generation + 1))
