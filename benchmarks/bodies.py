"""The bodies that are compared: ours as a deployment has it, and that of AWS's sample, for the same table and index."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import osis
from pipelines import Pipeline

# Of a pipeline and the domain's endpoint, without scheme.
Body = Callable[[Pipeline, str], str]
SAMPLE = Path(__file__).parent / "sample" / "pipeline.yaml"


def ours(pipeline: Pipeline, host: str) -> str:
    return osis.render(pipeline.body(host))


def floor(pipeline: Pipeline, host: str) -> str:
    """Ours, with a sink that sends each batch as it comes: no flush_timeout makes it fresher."""
    ingestion = pipeline.settings.ingestion.model_copy(update={"flush_timeout_ms": -1})
    return ours(replace(pipeline, settings=pipeline.settings.model_copy(update={"ingestion": ingestion})), host)


def sample(pipeline: Pipeline, host: str) -> str:
    return osis.render(osis.parse(osis.fill(SAMPLE.read_text(), pipeline.references(host))))
