"""Where the items come from, and what the two actions ask DynamoDB to do with them."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Protocol

Item = dict[str, Any]
"""DynamoDB JSON: {"id": {"S": "a"}, "n": {"N": "7"}}."""
Request = bytes
"""{"PutRequest": {"Item": …}} or {"DeleteRequest": {"Key": …}} as the text that is sent: nobody has to read an item."""

# What one fill writes at most: 15 minutes are enough for it at 281 items/s, a fourteenth of what a new on-demand table
# takes. Many more are filled part by part.
PART = 250_000
# A round changes this much of every block of consecutive items: 5 % deleted, 10 % updated.
BLOCK, DELETED, UPDATED = 20, 1, 2
# To make one for each item, as json.dumps does, takes a third as long again.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Source(Protocol):
    """Items by number; the same number is always the same item."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> Item: ...
    def text(self, number: int, /) -> bytes:
        """The item as JSON."""
        ...

    def changed(self, number: int, round_: int, /) -> Item:
        """The whole item as it is after this round; its key is the same."""
        ...

    @property
    def key(self) -> tuple[str, ...]:
        """The table's key attributes."""
        ...


class File:
    """The lines of `items.ndjson`, held in memory: the size limit of the deployment package bounds them."""

    def __init__(self, path: Path, key: tuple[str, ...]) -> None:
        self.key = key
        self._lines = path.read_bytes().splitlines()

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, number: int, /) -> Item:
        item: Item = json.loads(self._lines[number])
        return item

    def text(self, number: int, /) -> bytes:
        """The line as it is."""
        return self._lines[number]

    def changed(self, number: int, round_: int, /) -> Item:
        """Adds one attribute, `updated_round`: nothing that the file says is touched, whatever the data means."""
        return {**self[number], "updated_round": {"N": str(round_)}}


def as_json(content: Item) -> bytes:
    """Without blanks."""
    return _ENCODER.encode(content).encode()


def parts(count: int) -> int:
    """Of how many parts so many items are."""
    return -(-count // PART)


def part(count: int, number: int) -> range:
    """The numbers of the items of one part, the first being part 1."""
    return range((number - 1) * PART, min(number * PART, count))


def fill(source: Source, numbers: range) -> Iterator[Request]:
    """These items as puts. Items of the table that the source does not have stay."""
    return (b'{"PutRequest":{"Item":%b}}' % source.text(number) for number in numbers)


def change(source: Source, seed: int, round_: int) -> Iterator[Request]:
    """The puts and deletes of one round: chosen by seed and round alone, each of a different item.

    An update puts the whole item as filled and then changed, so that a second run changes nothing more; it brings
    back an item that an earlier round deleted.
    """
    for number, is_deleted in chosen(len(source), seed, round_):
        if is_deleted:
            item = source[number]
            yield as_json({"DeleteRequest": {"Key": {name: item[name] for name in source.key}}})
        else:
            yield as_json({"PutRequest": {"Item": source.changed(number, round_)}})


def chosen(count: int, seed: int, round_: int) -> Iterator[tuple[int, bool]]:
    """The numbers of the items that a round changes, ascending, each with whether it is deleted."""
    for start in range(0, count, BLOCK):
        # Of all of Random, only seeding and random() give the same values on every Python version.
        random = Random(f"{seed}/{round_}/{start}").random  # noqa: S311 - chooses samples
        places = list(range(BLOCK))
        picked = [places.pop(int(random() * len(places))) for _ in range(DELETED + UPDATED)]
        deleted = picked[:DELETED]
        for place in sorted(picked):
            if start + place < count:
                yield start + place, place in deleted
