"""Data files that cannot be seeded: each is refused before anything is deployed, with the line where it is wrong."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.bad_input.conftest import Refused

SETTINGS = """\
project: shop
account_id: "111122223333"
region: eu-west-1
production: false
tables:
  books:
    partition_key: { name: id, type: S }
    seeding: { file: %s }
domain: { instance_type: t3.small.search, instance_count: 1, volume_gib: 10 }
"""
RefusedData = Callable[[str, str | bytes], list[str]]
NOT_UTF_8 = "line 1: byte 0xff is not UTF-8; save the file as UTF-8"
A_NUMBER = "allowed: a number of at most 38 significant digits"


@pytest.fixture
def refused_data(refused: Refused, tmp_path: Path) -> RefusedData:
    """What `python main.py` says of a table that is to be filled from a file with this content."""

    def problems(name: str, content: str | bytes) -> list[str]:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        found = refused(SETTINGS % name)
        beginning = f"tables.books.seeding.file: {name}: "
        told = [problem for problem in found if not problem.startswith("…")]
        assert all(problem.startswith(beginning) for problem in told), found
        return [problem.removeprefix(beginning) for problem in found]

    return problems


def objects(*texts: str) -> str:
    return f"[{', '.join(texts)}]"


def nested(levels: int) -> str:
    return objects(f'{{"id": "a", "x": {"[" * levels}{"]" * levels}}}')


FILES: dict[str, tuple[str, str | bytes, str]] = {
    "no content": ("a.csv", "", "the file is empty; give at least one item"),
    "only a byte order mark": ("a.ndjson", "\ufeff", "the file is empty; give at least one item"),
    "only a header": ("a.csv", "id,title\n", "no items; give at least one"),
    "an empty list": ("a.json", "[]", "no items; give at least one"),
    "a spreadsheet": ("a.xlsx", b"PK\x03\x04", "a file of type '.xlsx'; allowed: .csv, .json, .ndjson, .jsonl"),
    "no ending": ("data", "id\n1\n", "a file of type 'none'; allowed: .csv, .json, .ndjson, .jsonl"),
    "a compressed file": ("a.csv", b"\x1f\x8b\x08\x00", "line 1: byte 0x8b is not UTF-8; save the file as UTF-8"),
    "CSV in UTF-16": ("a.csv", "id\n1\n".encode("utf-16"), NOT_UTF_8),
    "JSON in UTF-16": ("a.json", objects('{"id": "a"}').encode("utf-16"), NOT_UTF_8),
    "CSV in Latin-1": (
        "a.csv",
        "id\ncafé\n".encode("latin-1"),
        "line 2: byte 0xe9 is not UTF-8; save the file as UTF-8",
    ),
    "CSV cut in a quoted cell": (
        "a.csv",
        'id,title\na,"One',
        "line 2: not CSV: unexpected end of data; double the quotes",
    ),
    "a quote too many": ("a.csv", 'id,title\na,"O"ne\n', "line 2: not CSV: "),
    "a ragged row, shorter": ("a.csv", "id,title\na,One\nb\n", "line 3: 1 cells; allowed: 2, as in the header; quote"),
    "a ragged row, longer": (
        "a.csv",
        "id,title\na,One,1\n",
        "line 2: 3 cells; allowed: 2, as in the header; quote cells",
    ),
    "semicolons": (
        "a.csv",
        "id;title\na;One\n",
        "line 1: no column 'id', the table's partition key; there are: id;title",
    ),
    "tabs": (
        "a.csv",
        "id\ttitle\na\tOne\n",
        r"line 1: no column 'id', the table's partition key; there are: id\ttitle",
    ),
    "the key of another case": ("a.csv", "ID\na\n", "line 1: no column 'id', the table's partition key; there are: ID"),
    "the key of Cyrillic letters": ("a.csv", "\u0456d\na\n", "line 1: no column 'id', the table's partition key"),
    "the key with a blank": ("a.csv", "id \na\n", "line 1: no column 'id', the table's partition key; there are: id "),
    "no header": ("a.csv", "a,One\nb,Two\n", "line 1: no column 'id', the table's partition key; there are: a, One"),
    "a column twice": ("a.csv", "id,n,n\na,1,2\n", "line 1: the column 'n' is there 2 times; allowed: once"),
    "a column without a name": ("a.csv", "id,\na,1\n", "line 1: column 2 has no name; allowed: a name for each column"),
    "an item without its key": (
        "a.csv",
        "id,n\n,1\n",
        "line 2: id is missing; allowed: the partition key in every item",
    ),
    "a key twice": ("a.csv", "id\na\na\n", "line 3: id = 'a' is the key of line 2 already; allowed: each key once"),
    "a key that is too long": ("a.csv", f"id\n{'x' * 2049}\n", "line 2: id = 'xxxxxxxx"),
    "JSON cut in the middle": (
        "a.json",
        '[{"id": "a"}, {"id": "b", "n":',
        "not JSON: Expecting value: line 1 column 31",
    ),
    "JSON with a comma too many": ("a.json", '[{"id": "a"},]', "not JSON: "),
    "JSON with a comment": ("a.json", '// books\n[{"id": "a"}]', "not JSON: Expecting value: line 1 column 1"),
    "JSON in single quotes": ("a.json", "[{'id': 'a'}]", "not JSON: "),
    "two JSON texts": ("a.json", "[] []", "not JSON: Extra data: line 1 column 4"),
    "an object": (
        "a.json",
        '{"id": "a"}',
        "{'id': 'a'}; allowed: an array of objects; for an object a line call it .nd",
    ),
    "null": ("a.json", "null", "None; allowed: an array of objects; for an object a line call it .ndjson"),
    "an array of arrays": ("a.json", "[[]]", "item 1: []; allowed: an object"),
    "an array of null": ("a.json", "[null]", "item 1: None; allowed: an object"),
    "a name twice": (
        "a.json",
        objects('{"id": "a", "id": "b"}'),
        "not JSON: an object has the name 'id' twice; allowed",
    ),
    "a name of no letters": (
        "a.json",
        objects('{"id": "a", "": 1}'),
        "item 1: the name '' at ''; allowed: Unicode text",
    ),
    "a key that is a number": ("a.json", objects('{"id": 7}'), "item 1: id = 7; allowed: text of 1 to 2048 bytes"),
    "a key that is null": ("a.json", objects('{"id": null}'), "item 1: id = None; allowed: text of 1 to 2048 bytes"),
    "a key that is empty": ("a.json", objects('{"id": ""}'), "item 1: id = ''; allowed: text of 1 to 2048 bytes"),
    "half of a surrogate pair": (
        "a.json",
        objects(r'{"id": "\ud800"}'),
        r"item 1: id = '\ud800'; allowed: Unicode text",
    ),
    "a number of 39 digits": (
        "a.json",
        objects('{"id": "a", "n": %s}' % ("9" * 39)),
        f"item 1: n = {'9' * 39}; {A_NUMBER}",
    ),
    "a number of a million": ("a.json", objects('{"id": "a", "n": %s}' % ("9" * 10**6)), "item 1: n = 99999999999999"),
    "a number too large": ("a.json", objects('{"id": "a", "n": 1e126}'), f"item 1: n = 1e126; {A_NUMBER}"),
    "a number too small": ("a.json", objects('{"id": "a", "n": 1e-131}'), f"item 1: n = 1e-131; {A_NUMBER}"),
    "a power tower": (
        "a.json",
        objects('{"id": "a", "n": 1e99999999999999999999}'),
        "item 1: n = 1e99999999999999999999;",
    ),
    "not a number": ("a.json", objects('{"id": "a", "n": NaN}'), f"item 1: n = NaN; {A_NUMBER}"),
    "33 levels": ("a.json", nested(33), "item 1: x[0][0][0][0]"),
    "a million levels": ("a.json", "[" * 10**6, "not JSON: nested too deeply; allowed: 32 levels"),
    "an item that is too large": (
        "a.json",
        objects(json.dumps({"id": "a", "t": "x" * 409_600})),
        "item 1: the item has 4",
    ),
    "NDJSON cut in the middle": (
        "a.ndjson",
        '{"id": "a"}\n{"id": "b", "n":',
        """line 2: '{"id": "b", "n":' is not JSON: Expecting value: line 1 column 17""",
    ),
    "NDJSON that is JSON": ("a.ndjson", '[{"id": "a"}]', "line 1: [{'id': 'a'}]; allowed: an object"),
    "NDJSON on one line": (
        "a.ndjson",
        '{"id": "a"}{"id": "b"}',
        """line 1: '{"id": "a"}{"id": "b"}' is not JSON: Extra""",
    ),
    "NDJSON with a header": (
        "a.jsonl",
        'id\n{"id": "a"}',
        "line 1: 'id' is not JSON: Expecting value: line 1 column 1",
    ),
    "a line of megabytes": ("a.ndjson", '{"id": "' + "x" * 3 * 10**6, """line 1: '{"id": "xxxxxxxxxxx"""),
}


@pytest.mark.parametrize("name", FILES)
def test_file_that_cannot_be_seeded(name: str, refused_data: RefusedData) -> None:
    file, content, message = FILES[name]
    (problem,) = refused_data(file, content)
    assert problem.startswith(message)


@pytest.mark.parametrize("size", [40_000_001, 10**11])
def test_file_that_is_too_large(size: int, refused: Refused, tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as stream:
        stream.truncate(size)
    (problem,) = refused(SETTINGS % "a.csv")
    assert problem == (
        f"tables.books.seeding.file: a.csv: has {size:,} bytes; at most 40,000,000; "
        "give a file that can go up with the function"
    )


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (
            "a.csv",
            "id,n\n" + "a\n" * 2_000_000,
            "line 2: 1 cells; allowed: 2, as in the header; quote cells with commas",
        ),
        ("a.csv", "id\n" + "a\n" * 500_000, "line 3: id = 'a' is the key of line 2 already; allowed: each key once"),
        ("a.ndjson", "x\n" * 2_000_000, "line 1: 'x' is not JSON: Expecting value: line 1 column 1 (char 0); allowed"),
        ("a.json", objects(*["1"] * 100_000), "item 1: 1; allowed: an object"),
        (
            "a.json",
            objects(json.dumps({"id": "a", "x": [{"": 1}] * 50_000})),
            "item 1: the name '' at 'x[0].'; allowed",
        ),
    ],
    ids=["ragged rows", "one key", "no NDJSON", "no objects", "no names"],
)
def test_wrong_from_end_to_end(file: str, content: str, message: str, refused_data: RefusedData) -> None:
    problems = refused_data(file, content)
    assert problems[0].startswith(message)
    assert len(problems) == 21
    assert problems[-1] == "… and 80 more problems"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("id" + ",c" * 400_000, "line 1: the column 'c' is there 400000 times; allowed: once"),
        (
            ",".join(f"c{number}" for number in range(100_000)),
            "line 1: no column 'id', the table's partition key; there are: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, …",
        ),
    ],
    ids=["one name", "many names"],
)
def test_header_without_end(header: str, message: str, refused_data: RefusedData) -> None:
    assert refused_data("a.csv", f"{header}\n") == [message]


def test_every_cut_of_a_good_file_is_refused_or_another_good_file(refused_data: RefusedData) -> None:
    """As a download breaks off: no cut may go unseen that leaves a broken row."""
    whole = '{"id": "a", "n": 1}\n{"id": "b", "n": [true, null]}'
    for length in itertools.chain(range(1, 19), range(21, len(whole))):
        (problem,) = refused_data("a.ndjson", whole[:length])
        assert " is not JSON: " in problem
