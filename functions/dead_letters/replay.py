"""Dead letters written into their index after all, once what was wrong is mended.

A letter does not say the version of its document, so it may be older than what is in the index, or than the deletion
that left nothing there. The table tells: what it has now decides, not what the letter says. A pipeline goes on writing
meanwhile; whatever it writes after that, wins.
"""

import fnmatch
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from . import exact_json, items
from .domain import Answer, Document, Domain, NoIndex, Place, Write
from .items import Item, Key, Table
from .letters import Letter
from .pipelines import Pipeline

# Of one bulk request; a small domain takes 10 MiB (OpenSearch Service quotas).
MOST_BYTES = 4 * 1024**2
# A pipeline's versions are of whole seconds, by another clock than ours. Any change that comes now has a greater
# version than the time of a letter that is older than this.
SETTLED_MILLISECONDS = 5_000
# A pipeline's version says when an item was changed, a letter when that was written: by different clocks.
CLOCKS_MILLISECONDS = 60_000
# A pipeline's versions are microseconds since the epoch. As milliseconds a letter's time is less than any of them, and
# still in the order of letters.
FIRST_MICROSECONDS = 10**14

CHANGED = "the item has changed since, which the index does not show yet; replay again"
BEHIND = "the index has something newer, but not the item as it is now; replay again"
RECENT = "it was written moments ago; replay again"
UNDECIDED = (
    "the index has a document of this id that may be newer; after processors nothing tells: write the item again, or "
    "build the index anew"
)
NO_DOCUMENT = "it has no id or no document, for Data Prepper could make none"
NO_KEY = "its id does not tell which item it is of"
OTHER_INDEX = "its index is not one of this pipeline"
NO_ORDER = "what is older and what is newer cannot be told: a body of one's own, or an id after processors"
NO_PIPELINE = "this generation has no pipeline any more, or another is taking its place"


class Fate(Enum):
    """What became of a letter."""

    WRITTEN = "written"
    DELETED = "deleted"
    """The item is gone from the table, and now its document from the index."""
    OVERTAKEN = "overtaken"
    """The index is right without it."""
    WAITING = "waiting"
    """It stays for another replay, which will find things settled."""
    REFUSED = "refused"
    """It stays, for OpenSearch still does not take it."""
    KEPT = "kept"
    """It stays, and will; see `why`."""


@dataclass(frozen=True)
class Outcome:
    letter: Letter
    """With OpenSearch's new reason, where it refused the document again."""
    fate: Fate
    why: str = ""
    """Why it stays."""

    @property
    def stays(self) -> bool:
        return self.fate in (Fate.WAITING, Fate.REFUSED, Fate.KEPT)

    @property
    def changes_nothing(self) -> bool:
        return self.fate in (Fate.WAITING, Fate.KEPT)


@dataclass(frozen=True)
class _Candidate:
    """A letter that can be replayed, as far as it can be told from itself."""

    letter: Letter
    place: Place
    key: Key


class Replay:
    """Replays letters of one environment into its domain. `table` gives a table by its name."""

    def __init__(
        self,
        domain: Domain,
        table: Callable[[str], Table],
        milliseconds: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._domain, self._table, self._milliseconds = domain, table, milliseconds

    def replay(self, letters: Iterable[Letter], pipeline: Pipeline | None) -> list[Outcome]:
        """What became of each letter of one object, the latest last; None: there is no such pipeline.

        Raises domain.ReplayFailed.
        """
        if pipeline is None or not pipeline.replayed:
            return [Outcome(letter, Fate.KEPT, NO_ORDER if pipeline else NO_PIPELINE) for letter in letters]
        table = self._table(pipeline.table)
        outcomes: list[Outcome] = []
        latest: dict[Place, _Candidate] = {}
        for letter in letters:
            candidate = self._candidate(letter, pipeline, table)
            if isinstance(candidate, Outcome):
                outcomes.append(candidate)
                continue
            if before := latest.pop(candidate.place, None):
                outcomes.append(Outcome(before.letter, Fate.OVERTAKEN))
            latest[candidate.place] = candidate
        for batch in _batches(latest.values()):
            outcomes += self._replay(batch, pipeline, table)
        return outcomes

    def _candidate(self, letter: Letter, pipeline: Pipeline, table: Table) -> _Candidate | Outcome:
        if not any(fnmatch.fnmatchcase(letter.index, pattern) for pattern in pipeline.indices):
            return Outcome(letter, Fate.KEPT, OTHER_INDEX)
        if not letter.document_id or not isinstance(letter.document, dict):
            return Outcome(letter, Fate.KEPT, NO_DOCUMENT)
        if letter.milliseconds > self._milliseconds() - SETTLED_MILLISECONDS:
            return Outcome(letter, Fate.WAITING, RECENT)
        key = table.key_of(letter, pipeline)
        if key is None:
            return Outcome(letter, Fate.KEPT, NO_KEY)
        return _Candidate(letter, Place(letter.index, letter.document_id), key)

    def _replay(self, batch: Sequence[_Candidate], pipeline: Pipeline, table: Table) -> Iterator[Outcome]:
        # The table last, so that little can happen to it until something is written.
        there = self._domain.look_up([candidate.place for candidate in batch])
        found = table.read(candidate.key for candidate in batch)
        writes: list[tuple[Letter, Write]] = []
        for candidate, document in zip(batch, there, strict=True):
            if isinstance(document, NoIndex):
                yield Outcome(candidate.letter, Fate.KEPT, document.why)
                continue
            decision = _decide(candidate, found.get(candidate.key.identity), document, pipeline)
            if isinstance(decision, Outcome):
                yield decision
            else:
                writes.append((candidate.letter, decision))
        answers = self._domain.write(write for _, write in writes)
        for (letter, write), answer in zip(writes, answers, strict=True):
            yield _outcome(letter, write, answer)


def _decide(candidate: _Candidate, item: Item | None, there: Document | None, pipeline: Pipeline) -> Write | Outcome:
    """What is to be done about a letter, given what its table and its index have.

    What the table tells is written with the time of the letter as its version: that is greater than the version of the
    change that the letter is about, and less than that of any change that the item does not show yet.
    """
    letter, place, version = candidate.letter, candidate.place, candidate.letter.milliseconds * 1000
    if item is None:
        return Write(place, version, None) if there else Outcome(letter, Fate.OVERTAKEN)
    if there and exact_json.dumps(there.source) == exact_json.dumps(letter.document):
        return Outcome(letter, Fate.OVERTAKEN)
    if pipeline.attributes is None:
        return _decide_by_time(letter, place, there)
    if items.unchanged(item, letter.document, pipeline.attributes):
        return Write(place, version, letter.document)
    if there and items.unchanged(item, there.source, pipeline.attributes):
        return Outcome(letter, Fate.OVERTAKEN)
    return Outcome(letter, Fate.WAITING, CHANGED)


def _decide_by_time(letter: Letter, place: Place, there: Document | None) -> Write | Outcome:
    """Of what processors made nothing tells if it is of the item as it is now: whatever the pipeline writes, wins."""
    if there is None or there.version < letter.milliseconds:
        return Write(place, letter.milliseconds, letter.document)
    overtaken = there.version < FIRST_MICROSECONDS or (
        there.version > (letter.milliseconds + CLOCKS_MILLISECONDS) * 1000
    )
    return Outcome(letter, Fate.OVERTAKEN) if overtaken else Outcome(letter, Fate.KEPT, UNDECIDED)


def _outcome(letter: Letter, write: Write, answer: Answer) -> Outcome:
    if answer.status == 409:
        return Outcome(letter, Fate.WAITING, BEHIND)
    if answer.reason:
        return Outcome(letter.refused(answer.status, answer.reason), Fate.REFUSED, answer.reason)
    return Outcome(letter, Fate.WRITTEN if write.document is not None else Fate.DELETED)


def _batches(candidates: Iterable[_Candidate]) -> Iterator[list[_Candidate]]:
    """As many at once as a request of DynamoDB and one of the domain can hold."""
    batch: list[_Candidate] = []
    size = 0
    for candidate in candidates:
        bytes_ = len(exact_json.dumps(candidate.letter.document).encode())
        if batch and (len(batch) == items.MOST_KEYS or size + bytes_ > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(candidate)
        size += bytes_
    if batch:
        yield batch
