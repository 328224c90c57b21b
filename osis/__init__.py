"""The Data Prepper pipeline body, DynamoDB to OpenSearch, as OpenSearch Ingestion runs it: model, render, check."""

from osis.check import check, warnings_of
from osis.model import PipelineBody, SubPipeline
from osis.problems import InvalidBody, Problem
from osis.reading import parse
from osis.references import fill, strays
from osis.render import render

__all__ = [
    "InvalidBody",
    "PipelineBody",
    "Problem",
    "SubPipeline",
    "check",
    "fill",
    "parse",
    "render",
    "strays",
    "warnings_of",
]
