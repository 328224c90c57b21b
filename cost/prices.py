"""`prices.yaml`: what AWS charges, each price with its source."""

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

import strict_yaml
from settings.values import Model, Region

PRICES = Path(__file__).parent / "prices.yaml"

Usd = Annotated[Decimal, Field(gt=0)]


class InvalidPrices(ValueError):
    """What is wrong with the file, a line for each problem."""


class Price(Model):
    """US dollars for one of what the field's name says; `source` is one of the file's `sources`."""

    usd: Usd
    source: str


class InstancePrices(Model):
    """The same for an hour of a node, by its type."""

    usd: dict[str, Usd]
    source: str


class Prices(Model):
    """The prices of one Region on one day. An instance type that is not here has no known price."""

    date: datetime.date
    region: Region
    sources: dict[str, str]
    ingestion_unit_hour: Price
    collection_unit_hour: Price
    collection_gib_month: Price
    instance_hour: InstancePrices
    volume_gib_month: Price
    table_gib_month: Price
    recovery_gib_month: Price
    export_gib: Price
    dashboard_month: Price
    key_month: Price
    endpoint_hour: Price

    @classmethod
    def read(cls, file: Path = PRICES) -> Self:
        """Raises InvalidPrices."""
        try:
            # By way of JSON, from whose text strict mode makes dates and exact decimals.
            return cls.model_validate_json(json.dumps(strict_yaml.read(file.read_bytes())))
        except strict_yaml.InvalidYaml as error:
            raise InvalidPrices(f"{file}: {error}") from None
        except ValidationError as error:
            raise InvalidPrices("\n".join(f"{file}: {_explain(detail)}" for detail in error.errors())) from None

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        for name, source in self._named():
            if source not in self.sources:
                raise PydanticCustomError(
                    "source",
                    "{name}.source: '{source}' is not among sources; use one of {known}, or add it there",
                    {"name": name, "source": source, "known": ", ".join(self.sources)},
                )
        return self

    def _named(self) -> Iterator[tuple[str, str]]:
        for name, value in self:
            if isinstance(value, Price | InstancePrices):
                yield name, value.source


def _explain(detail: ErrorDetails) -> str:
    if detail["type"] == "source":
        return detail["msg"]
    where = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{where}: is missing; add it"
        case "extra_forbidden":
            return f"{where}: unknown key; remove it"
        case _:
            return f"{where}: {detail['input']!r} is not allowed; {detail['msg']}"
