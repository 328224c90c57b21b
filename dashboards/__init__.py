"""OpenSearch Dashboards' saved objects, made from the types of an index's attributes: objects, check, queries."""

from dashboards.aggregations import FieldType
from dashboards.check import check
from dashboards.objects import SavedObject, to_ndjson
from dashboards.overview import NEEDED_MAJOR, Overview, overview, problems
from dashboards.queries import SearchRequest, queries

__all__ = [
    "NEEDED_MAJOR",
    "FieldType",
    "Overview",
    "SavedObject",
    "SearchRequest",
    "check",
    "overview",
    "problems",
    "queries",
    "to_ndjson",
]
