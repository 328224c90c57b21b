"""Whether one family of indices holds what another one does, while pipelines go on writing to both.

Documents are held against each other by id and by version. A pipeline makes the version of the time of the change:
its second times a million, plus a number that depends on when its reader began. So a document is as new as another one
of the same second. What came with an export has the time of the export instead, whatever its change was, and that is
the oldest version in an index: all that matters of such a document is that the other index has it, too.

Of more than SAMPLE documents a random sample of about that many is looked at.
"""

import itertools
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger

from .domain import Domain, SetupFailed

SAMPLE = 200_000
# Ids in one search, and hits in one answer: OpenSearch's most (index.max_result_window), for an id may be in several
# indices of a family.
IDS, HITS = 1_000, 10_000
EXAMPLES = 5
# How often what was missing is looked for before everything is looked at anew.
LOOKS = 6
# How long a scroll waits between two pages.
SCROLL = "2m"
MICROSECONDS = 1_000_000
EVERYTHING: dict[str, Any] = {"match_all": {}}

Documents = dict[str, int]
"""Id -> second of the version."""

logger = Logger()


class _Missing(NamedTuple):
    number: int
    total: int
    examples: Collection[str]


def lacking(domain: Domain, alias: str, old: str | None, new: str | None) -> Iterator[str]:
    """What keeps the indices `new` from standing in for `old`, in words, at each look; ends when nothing does.

    Both are patterns, of indices for the same alias; None where a generation has no such indices. What `old` has must
    be in `new`, no older; then what only `new` has must go, for it was deleted. Raises SetupFailed.
    """
    for fault, source, target, dated in (
        ("are missing or older", old, new, True),
        ("are left over", new, old, False),
    ):
        for missing in _looks(domain, source, target, dated=dated):
            logger.info(f"{alias}: {_count(domain, new):,} of {_count(domain, old):,} documents")
            examples = ", ".join(itertools.islice(missing.examples, EXAMPLES))
            yield f"{missing.number:,} of {missing.total:,} documents of {alias} {fault}, for example {examples}"


def _looks(domain: Domain, source: str | None, target: str | None, *, dated: bool) -> Iterator[_Missing]:
    """What of `source` is not in `target`, at each look; ends when all is. `dated`: and as new as it is in `source`."""
    while True:
        _refresh(domain, source, target)
        some = dict.fromkeys(_seconds(_search(domain, source, EVERYTHING, size=IDS)), 0)
        while 2 * len(missing := _missing(domain, source, target, some)) > IDS:
            # Far from it: these few say enough.
            total = _count(domain, source)
            yield _Missing(max(len(missing), total - _count(domain, target)), total, missing)
        documents = _documents(domain, source)
        oldest = min(documents.values(), default=0)
        wanted = {id_: second if dated and second > oldest else 0 for id_, second in documents.items()}
        missing = _missing(domain, source, target, wanted)
        for _ in range(LOOKS):
            if not missing:
                return
            yield _Missing(len(missing), len(documents), missing)
            missing = _missing(domain, source, target, missing)


def _missing(domain: Domain, source: str | None, target: str | None, wanted: Documents) -> Documents:
    """Those that are not in `target`, or are older there than wanted, and that `source` still has."""
    _refresh(domain, source, target)
    missing: Documents = {}
    rest = iter(wanted)
    while ids := list(itertools.islice(rest, IDS)):
        found = _with_ids(domain, target, ids)
        absent = [id_ for id_ in ids if found.get(id_, -1) < wanted[id_]]
        # Asked after that: what is deleted in both is missing in neither.
        kept = _with_ids(domain, source, absent)
        missing |= {id_: wanted[id_] for id_ in absent if id_ in kept}
    return missing


def _refresh(domain: Domain, *patterns: str | None) -> None:
    """Let searches find what has been written so far."""
    for pattern in filter(None, patterns):
        domain.get(f"/{pattern}/_refresh", {"ignore_unavailable": "true"})


def _with_ids(domain: Domain, pattern: str | None, ids: Collection[str]) -> Documents:
    return _seconds(_search(domain, pattern, {"ids": {"values": list(ids)}}, size=HITS)) if ids else {}


def _documents(domain: Domain, pattern: str | None) -> Documents:
    """All of them, or the sample."""
    query, total = EVERYTHING, _count(domain, pattern)
    if total > SAMPLE:
        logger.info(f"{pattern}: a sample of {SAMPLE:,} of {total:,} documents is compared")
        chance = {"functions": [{"random_score": {}}], "boost_mode": "replace", "min_score": 1 - SAMPLE / total}
        query = {"function_score": chance}
    answer = _search(domain, pattern, query, size=HITS, scroll=SCROLL)
    documents: Documents = {}
    seen, expected = 0, answer["hits"]["total"]["value"]
    while hits := answer["hits"]["hits"]:
        for id_, second in _seconds(answer).items():
            documents[id_] = max(documents.get(id_, 0), second)
        seen += len(hits)
        answer = domain.request("POST", "/_search/scroll", body={"scroll": SCROLL, "scroll_id": answer["_scroll_id"]})
    if seen:
        domain.request("DELETE", "/_search/scroll", body={"scroll_id": [answer["_scroll_id"]]})
    if seen != expected:
        # A request that is repeated, for its answer was lost, gets the next page.
        raise SetupFailed(f"{pattern}: only {seen:,} of {expected:,} documents could be read; apply again")
    return documents


def _search(domain: Domain, pattern: str | None, query: Any, *, size: int, **parameters: str) -> Any:
    """The answer; of an index that is not there nothing is found, from a shard that is silent nothing is concluded."""
    if pattern is None:
        return {"hits": {"total": {"value": 0}, "hits": []}}
    return domain.get(
        f"/{pattern}/_search",
        {"ignore_unavailable": "true", "allow_partial_search_results": "false", **parameters},
        body={"query": query, "size": size, "sort": ["_doc"], "_source": False, "version": True},
    )


def _seconds(answer: Any) -> Documents:
    """The latest of each id."""
    seconds: Documents = {}
    for hit in answer["hits"]["hits"]:
        seconds[hit["_id"]] = max(seconds.get(hit["_id"], 0), hit["_version"] // MICROSECONDS)
    return seconds


def _count(domain: Domain, pattern: str | None) -> int:
    if pattern is None:
        return 0
    return int(domain.get(f"/{pattern}/_count", {"ignore_unavailable": "true"})["count"])
