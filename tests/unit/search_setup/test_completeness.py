"""Two families of indices are held against each other by requests of which the service takes everything."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.search_setup import completeness
from functions.search_setup.domain import Domain

Versions = Mapping[str, int]
PAGE = 3


class Indices:
    """Searches as OpenSearch answers them, of which the service keeps the parameters of a signed POST to itself."""

    def __init__(self, **indices: Versions) -> None:
        self._indices = indices
        self._pages: Iterator[list[tuple[str, int]]] = iter(())

    @property
    def transport(self) -> "Indices":
        return self

    def perform_request(
        self, method: str, path: str, params: Mapping[str, str] | None = None, body: Any = None, headers: Any = None
    ) -> Any:
        del headers
        asked = {} if method == "POST" else dict(params or {})
        match path.strip("/").split("/"):
            case [index, "_refresh"] if index in self._indices:
                return {}
            case [index, "_count"]:
                return {"count": len(self._indices[index])}
            case [index, "_search"]:
                assert asked["allow_partial_search_results"] == "false"
                assert asked["ignore_unavailable"] == "true"
                wanted = body["query"].get("ids", {}).get("values", self._indices[index])
                found = [(id_, version) for id_, version in self._indices[index].items() if id_ in wanted]
                if "scroll" not in asked:
                    return self._answer(found, len(found))
                self._pages = (found[start : start + PAGE] for start in range(0, len(found), PAGE))
                return self._answer(next(self._pages, []), len(found))
            case ["_search", "scroll"] if method == "POST" and body["scroll"] and body["scroll_id"]:
                return self._answer(next(self._pages, []), 0)
            case ["_search", "scroll"] if method == "DELETE":
                return {}
        raise AssertionError(f"nobody asks for {method} {path}")

    @staticmethod
    def _answer(found: Any, total: int) -> dict[str, Any]:
        hits = [{"_id": id_, "_version": version * completeness.MICROSECONDS} for id_, version in found]
        return {"hits": {"total": {"value": total}, "hits": hits}, "_scroll_id": "any"}


def lacking(old: Versions, new: Versions) -> list[str]:
    """What the first look at each direction says."""
    domain = Domain(Indices(old=old, new=new), lambda: 600.0, lambda _: None)
    return list(itertools.islice(completeness.lacking(domain, "orders", "old", "new"), 1))


DOCUMENTS = {f"{number}": 10 + number for number in range(10)}


def test_nothing_is_lacking_where_both_hold_the_same() -> None:
    assert lacking(DOCUMENTS, DOCUMENTS) == []


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ({**DOCUMENTS, "9": 18}, "1 of 10 documents of orders are missing or older, for example 9"),
        ({**DOCUMENTS, "x": 10}, "1 of 11 documents of orders are left over, for example x"),
    ],
)
def test_tells_what_is_lacking(new: Versions, found: str) -> None:
    assert lacking(DOCUMENTS, new) == [found]
