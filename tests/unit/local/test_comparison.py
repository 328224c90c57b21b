"""The judge of the demo must itself be able to say no."""

from typing import Any

import pytest

from local.comparison import differences, documents_of, same

EVERY_TYPE: dict[str, dict[str, Any]] = {
    "s": {"S": "text"},
    "n": {"N": "12.50"},
    "b": {"B": b"\x00\x01"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "l": {"L": [{"S": "a"}, {"N": "1"}]},
    "m": {"M": {"deep": {"SS": ["x", "y"]}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": [b"x"]},
}
DOCUMENT: dict[str, Any] = {
    "s": "text",
    "n": 12.5,
    "b": "AAE=",
    "t": True,
    "z": None,
    "l": ["a", 1],
    "m": {"deep": ["y", "x"]},
    "ss": ["b", "a"],
    "ns": [2.5, 1],
    "bs": ["eA=="],
}


def test_every_type_is_recognised() -> None:
    assert list(differences({"a": EVERY_TYPE}, {"a": DOCUMENT})) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("s", "Text"),
        ("n", "12.5"),
        ("n", 12.51),
        ("n", True),
        ("b", "AAE"),
        ("t", 1),
        ("z", False),
        ("l", [1, "a"]),
        ("l", ["a"]),
        ("m", {"deep": ["x"]}),
        ("m", {}),
        ("ss", ["a", "b", "b"]),
        ("ns", [1, 2]),
        ("bs", "eA=="),
    ],
)
def test_every_difference_is_seen(name: str, wrong: Any) -> None:
    assert len(list(differences({"a": EVERY_TYPE}, {"a": {**DOCUMENT, name: wrong}}))) == 1


def test_missing_and_left_over_documents_are_seen() -> None:
    assert list(differences({"a": EVERY_TYPE}, {"b": DOCUMENT})) == [
        "a: in the table, not in the index",
        "b: in the index, not in the table",
    ]


def test_an_added_attribute_is_a_difference() -> None:
    assert not same({"M": {}}, {"extra": 1})


class Search:
    """Answers every search with this, as a client does that is told to let 404 pass."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def search(self, **_: object) -> dict[str, Any]:
        return self._answer


def test_one_search_is_all_that_few_documents_take() -> None:
    hits = [{"_id": "a", "_source": {"s": "text"}}]
    search: Any = Search({"hits": {"total": {"value": 1}, "hits": hits}})
    assert documents_of(search, "orders") == {"a": {"s": "text"}}


def test_an_index_that_is_not_there_has_no_documents() -> None:
    search: Any = Search({"error": {"type": "index_not_found_exception"}, "status": 404})
    assert documents_of(search, "orders") == {}
