"""What each change was found to do, by environment: `python -m changes record` writes it."""

import json
from pathlib import Path

ANOTHER_STATE = "another state"
"""The stack's state has another place: the change makes a system of its own, beside what is there."""

Effects = dict[str, list[str]]
"""Setting -> what is done in all stacks, an entry for each kind of resource; empty where nothing is done.

"update osis_pipeline", "replace dynamodb_table (hash_key), refused": what a replacement is for, and whether Terraform
refuses it because of prevent_destroy.
"""

RECORDED = Path(__file__).with_name("found.json")


def recorded() -> dict[str, Effects]:
    """By base."""
    return dict(json.loads(RECORDED.read_text()))


def record(effects_of: dict[str, Effects]) -> None:
    RECORDED.write_text(json.dumps(effects_of, indent=1) + "\n")
