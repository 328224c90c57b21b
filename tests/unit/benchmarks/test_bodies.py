"""Each body is for the same table, and differs from the others in what is measured alone."""

from typing import Any

import pytest
import yaml

from benchmarks import bodies
from osis import check
from pipelines import Pipeline
from settings import load

HOST = "search.example.com"


@pytest.fixture
def pipeline() -> Pipeline:
    (found,) = load("local").pipelines
    return found


def parts(body: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Source and sink."""
    (found,) = (part for name, part in yaml.safe_load(body).items() if name != "version")
    (sink,) = found["sink"]
    return found["source"]["dynamodb"], sink["opensearch"]


def test_the_floor_is_ours_but_for_the_flush_timeout(pipeline: Pipeline) -> None:
    (ours_source, ours_sink), (source, sink) = (parts(body(pipeline, HOST)) for body in (bodies.ours, bodies.floor))
    assert ours_sink.pop("flush_timeout") == pipeline.settings.ingestion.flush_timeout_ms
    assert sink.pop("flush_timeout") == -1
    assert (source, sink) == (ours_source, ours_sink)


def test_the_sample_leaves_the_sink_its_defaults(pipeline: Pipeline) -> None:
    (ours_source, ours_sink), (source, sink) = (parts(body(pipeline, HOST)) for body in (bodies.ours, bodies.sample))
    assert sink == {name: value for name, value in ours_sink.items() if name in sink}
    assert ours_sink.keys() - sink.keys() == {"flush_timeout", "max_retries", "dlq"}
    ours_source["tables"][0]["stream"].pop("view_on_remove")
    assert source == ours_source


@pytest.mark.parametrize("body", [bodies.ours, bodies.floor, bodies.sample])
def test_is_valid(pipeline: Pipeline, body: bodies.Body) -> None:
    found = check(body(pipeline, HOST), pipeline.settings.region)
    assert [problem for problem in found if problem.severity == "error"] == []
