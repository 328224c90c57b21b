# ruff: noqa: N815 - the names of the fields are Dashboards' own
"""The aggregations that our panels use, and the field types that each can be used on."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

# Field types that an OpenSearch mapping gives to attributes (OpenSearch documentation, supported field types).
FieldType = Literal[
    "boolean", "byte", "date", "double", "float", "geo_point", "integer", "ip", "keyword", "long", "short", "text"
]

FRACTIONS: frozenset[FieldType] = frozenset({"double", "float"})
WHOLE_NUMBERS: frozenset[FieldType] = frozenset({"byte", "integer", "long", "short"})


class Part(BaseModel):
    """What is written into a saved object: nothing unknown, nothing converted."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", serialize_by_alias=True)

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        # A default is for whoever writes Python; a file that lacks what Dashboards reads is broken.
        fields = type(self).model_fields.items()
        given = self.model_fields_set
        absent = [field.alias or name for name, field in fields if name not in given and field.default is not None]
        if absent and info.mode == "json":
            raise PydanticCustomError("absent", "lacks {names}", {"names": ", ".join(absent)})
        return self


class Aggregation(Part):
    """`id` names the aggregation in the query, in `orderBy` and in the series of a chart."""

    accepts: ClassVar[frozenset[FieldType]]
    id: str = Field(pattern=r"^\d+$")
    enabled: Literal[True] = True


class Nothing(Part):
    """An empty object."""


class Count(Aggregation):
    accepts = frozenset()
    type: Literal["count"] = "count"
    role: Literal["metric"] = Field(alias="schema")
    params: Nothing = Nothing()


class FieldParams(Part):
    field: str


class Sum(Aggregation):
    accepts = FRACTIONS | WHOLE_NUMBERS
    type: Literal["sum"] = "sum"
    role: Literal["metric"] = Field(alias="schema")
    params: FieldParams


class DateHistogramParams(FieldParams):
    interval: Literal["auto"] = "auto"
    min_doc_count: Literal[1] = 1


class DateHistogram(Aggregation):
    accepts = frozenset({"date"})
    type: Literal["date_histogram"] = "date_histogram"
    role: Literal["segment"] = Field(alias="schema")
    params: DateHistogramParams


class TermsParams(FieldParams):
    customLabel: str = Field(description="the axis' title")
    orderBy: str = Field(description="id of the metric that the terms are ordered by")
    order: Literal["desc"] = "desc"
    size: int = Field(10, ge=1)
    otherBucket: bool = Field(description="a second query, and a value named Other, for all terms beyond `size`")


class Terms(Aggregation):
    accepts = WHOLE_NUMBERS | {"boolean", "ip", "keyword"}
    type: Literal["terms"] = "terms"
    role: Literal["segment", "group"] = Field(alias="schema")
    params: TermsParams


class GeohashGridParams(FieldParams):
    autoPrecision: Literal[True] = True
    precision: int = Field(2, ge=1, le=12)
    useGeocentroid: Literal[True] = True
    isFilteredByCollar: Literal[True] = True


class GeohashGrid(Aggregation):
    accepts = frozenset({"geo_point"})
    type: Literal["geohash_grid"] = "geohash_grid"
    role: Literal["segment"] = Field(alias="schema")
    params: GeohashGridParams


Metric = Count | Sum
Bucket = DateHistogram | Terms | GeohashGrid
AnyAggregation = Annotated[Metric | Bucket, Field(discriminator="type")]


def field_of(aggregation: Metric | Bucket) -> str | None:
    """The field that `aggregation` reads; a count reads none."""
    return None if isinstance(aggregation, Count) else aggregation.params.field


def label_of(metric: Metric) -> str:
    """The name that Dashboards gives to the values of `metric`; a chart repeats it at its axis and in its legend."""
    return "Count" if isinstance(metric, Count) else f"Sum of {metric.params.field}"
