"""Every body that a real Data Prepper ran is accepted, and rendered without change."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import osis
from osis.model import body_of

RECORDINGS = sorted((Path(__file__).parents[2] / "local" / "engine_contract").glob("*.json"))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_body(recording: Path) -> None:
    document: dict[str, Any] = json.loads(recording.read_text())["body"]
    text = osis.render(body_of(document))
    assert yaml.safe_load(text) == document
    assert osis.parse(text) == body_of(document)


# The trap that each recording shows is the one that is warned of.
TRAPS = {
    "no_action": "sink[0].opensearch.action",
    "no_version": "sink[0].opensearch.document_version",
    "custom_id_new_image": "sink[0].opensearch.document_id",
    "date_index": "sink[0].opensearch.index",
    "index_from_field": "sink[0].opensearch.index",
    "index_from_field_old_image": "sink[0].opensearch.index",
    "routes": "sink[0].opensearch.routes[0]",
    "type_conflict": "sink[0].opensearch.template_content",
    "export_only": "source.dynamodb.tables[0]",
}


@pytest.mark.parametrize("recording", [path for path in RECORDINGS if path.stem in TRAPS], ids=lambda path: path.stem)
def test_recorded_trap(recording: Path) -> None:
    body = body_of(json.loads(recording.read_text())["body"])
    assert f"dynamodb-pipeline.{TRAPS[recording.stem]}" in [problem.path for problem in osis.warnings_of(body)]
