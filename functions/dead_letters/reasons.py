"""Dead letters counted by why they are there; as much memory however many there are."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .letters import Letter

MOST_REASONS = 200
EXAMPLES = 3
MOST_CHARACTERS = 300
OTHER = "other reasons"

# What OpenSearch adds about the one document: its id, its value, and what a parser says of that.
_OF_ONE_DOCUMENT = re.compile(r" in document with id '| caused by ")


@dataclass
class _Reason:
    count: int = 0
    first: int | None = None
    last: int | None = None
    message: str = ""
    examples: list[str] = field(default_factory=list)


class Reasons:
    """Counts letters, and objects that cannot be read."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str, str], _Reason] = {}

    def add(self, pipeline: str, letter: Letter, why: str) -> None:
        """A letter of a pipeline (orders-1) that is there because of `why`, OpenSearch's words or ours."""
        found = self._found(pipeline, letter.index, _OF_ONE_DOCUMENT.split(why, maxsplit=1)[0])
        found.count += 1
        found.first = min(found.first or letter.milliseconds, letter.milliseconds)
        found.last = max(found.last or letter.milliseconds, letter.milliseconds)
        found.message = found.message or why[:MOST_CHARACTERS]
        if len(found.examples) < EXAMPLES and letter.document_id:
            found.examples.append(letter.document_id[:MOST_CHARACTERS])

    def add_unreadable(self, pipeline: str, key: str, why: str) -> None:
        """An object of which not one letter can be read."""
        found = self._found(pipeline, "", "unreadable")
        found.count += 1
        found.message = found.message or why[:MOST_CHARACTERS]
        if len(found.examples) < EXAMPLES:
            found.examples.append(key)

    def as_json(self) -> list[dict[str, Any]]:
        """The most frequent first; times in ISO 8601, null for objects that cannot be read."""
        ordered = sorted(self._reasons.items(), key=lambda entry: (-entry[1].count, entry[0]))
        return [
            {
                "pipeline": pipeline,
                "index": index,
                "reason": reason,
                "count": found.count,
                "first": _time(found.first),
                "last": _time(found.last),
                "message": found.message,
                "examples": found.examples,
            }
            for (pipeline, index, reason), found in ordered
        ]

    def _found(self, pipeline: str, index: str, reason: str) -> _Reason:
        key = (pipeline, index, reason[:MOST_CHARACTERS])
        if key not in self._reasons and len(self._reasons) >= MOST_REASONS:
            key = (pipeline, "", OTHER)
        return self._reasons.setdefault(key, _Reason())


def _time(milliseconds: int | None) -> str | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds") if milliseconds else None
