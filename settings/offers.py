"""`offers.yaml`: what OpenSearch Service offers for domains, each with its source."""

import datetime
import json
from pathlib import Path
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

import strict_yaml
from settings.values import Model

FILE = Path(__file__).with_name("offers.yaml")
ENDING = ".search"

T = TypeVar("T")


class Offer(Model, Generic[T]):
    """`source` is one of the file's `sources`."""

    offered: T
    source: str


class Offers(Model):
    """Of one day. A family is the first part of an instance type: r7g of r7g.large.search."""

    date: datetime.date
    sources: dict[str, str]
    engine_versions: Offer[tuple[str, ...]]
    largest_volume_gib: Offer[dict[str, dict[str, PositiveInt]]]
    least_volume_gib: Offer[dict[str, PositiveInt]]
    most_nodes: Offer[dict[str, PositiveInt]]
    graviton_masters: Offer[tuple[str, ...]]
    graviton: Offer[tuple[str, ...]]
    most_without_masters: Offer[PositiveInt]
    zones_of_newer_accounts: Offer[dict[str, PositiveInt]]

    @classmethod
    def read(cls) -> Self:
        # By way of JSON, from whose text strict mode makes dates.
        return cls.model_validate_json(json.dumps(strict_yaml.read(FILE.read_bytes())))

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        for name, value in self:
            if isinstance(value, Offer) and value.source not in self.sources:
                raise ValueError(f"{name}.source: {value.source!r} is not among sources")
        return self

    def sizes(self, family: str) -> dict[str, int]:
        """Sizes of a family -> GiB of the largest gp3 volume; empty where there is no such family."""
        return self.largest_volume_gib.offered.get(family, {})

    def volume_gib(self, instance_type: str) -> tuple[int, int]:
        """The smallest and the largest gp3 volume of a data node. Raises KeyError."""
        family, size, _ = instance_type.split(".")
        return self.least_volume_gib.offered.get(family, 10), self.largest_volume_gib.offered[family][size]


OFFERS = Offers.read()


def family_of(instance_type: str) -> str:
    return instance_type.partition(".")[0]


def _instance_type(value: str) -> str:
    family, _, size = value.removesuffix(ENDING).partition(".")
    sizes = OFFERS.sizes(family)
    if size in sizes and value.endswith(ENDING):
        return value
    allowed = (
        f"{family} in one of {', '.join(sizes)}, as in {family}.{next(iter(sizes))}{ENDING}"
        if sizes
        else "an EBS-backed type such as t3.small.search, m7g.large.search or r7g.large.search"
    )
    raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})


def _engine_version(value: str) -> str:
    offered = [f"OpenSearch_{version}" for version in OFFERS.engine_versions.offered]
    if value not in offered:
        raise PydanticCustomError("pattern", "{allowed}", {"allowed": f"one of {', '.join(offered)}"})
    return value


InstanceType = Annotated[str, AfterValidator(_instance_type)]
EngineVersion = Annotated[str, AfterValidator(_engine_version)]
