import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dataset
from dataset import InvalidDataset, Item, KeyAttribute, read, to_ndjson

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**37), 10**37) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: value == 0 or 1e-130 <= abs(value) < 1e126
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(bool), inner, max_size=4),
    max_leaves=10,
)
ROWS = st.lists(st.dictionaries(TEXT.filter(bool), VALUES, max_size=5), min_size=1, max_size=5).map(
    lambda rows: [{**row, "id": f"i{number}"} for number, row in enumerate(rows)]
)


def plain(typed: dict[str, Any]) -> Any:
    """DynamoDB JSON back to JSON."""
    ((type_, value),) = typed.items()
    match type_:
        case "NULL":
            return None
        case "N":
            return float(value) if set("eE.") & set(value) else int(value)
        case "L":
            return [plain(inner) for inner in value]
        case "M":
            return {name: plain(inner) for name, inner in value.items()}
        case _:
            return value


def problems(
    path: Path, partition_key: KeyAttribute = ("id", "S"), sort_key: KeyAttribute | None = None
) -> tuple[str, ...]:
    with pytest.raises(InvalidDataset) as caught:
        read(path, partition_key, sort_key)
    return caught.value.problems


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@given(ROWS)
def test_json_and_ndjson_round_trip(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    (tmp_path / "data.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "data.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    items = read(tmp_path / "data.json")
    assert [plain({"M": item}) for item in items] == rows
    assert read(tmp_path / "data.ndjson") == items
    assert [json.loads(line) for line in to_ndjson(items).split(b"\n")[:-1]] == items


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=6))
def test_csv_loses_no_text(tmp_path: Path, cells: list[list[str]]) -> None:
    assume(not any(character in "\r\n" for row in cells for cell in row for character in cell))
    written = io.StringIO()
    csv.writer(written).writerows([["a", "id", "b"], *([a, f"i{n}", b] for n, (a, b) in enumerate(cells))])
    (tmp_path / "data.csv").write_text(written.getvalue(), encoding="utf-8", newline="")
    for number, (item, (a, b)) in enumerate(zip(read(tmp_path / "data.csv"), cells, strict=True)):
        values = {name: str(value).lower() if isinstance(value, bool) else value for name, typed in item.items()
                  for value in typed.values()}  # fmt: skip
        assert values == {"id": f"i{number}"} | {name: cell for name, cell in (("a", a), ("b", b)) if cell}


def test_csv_types(file: Any) -> None:
    path = file(
        "data.csv",
        "﻿zip,id,price,express,mixed,part,late,text\r\n"
        '00123,7,1.50,true,1,,true,"two\r\nlines, ""quoted"""\r\n'
        "\r\n"
        "12345,007,-2e3,false,x,5,1,é\r\n",
    )
    assert read(path) == [
        {
            "id": {"S": "7"},
            "zip": {"S": "00123"},
            "price": {"N": "1.50"},
            "express": {"BOOL": True},
            "mixed": {"S": "1"},
            "late": {"S": "true"},
            "text": {"S": 'two\r\nlines, "quoted"'},
        },
        {
            "id": {"S": "007"},
            "zip": {"S": "12345"},
            "price": {"N": "-2e3"},
            "express": {"BOOL": False},
            "mixed": {"S": "x"},
            "part": {"N": "5"},
            "late": {"S": "1"},
            "text": {"S": "é"},
        },
    ]


def test_a_csv_column_that_no_number_can_hold_is_text(file: Any) -> None:
    digits = "1" * 39
    assert read(file("data.csv", f"id,long\na,{digits}\n"))[0]["long"] == {"S": digits}


def test_numeric_keys_of_a_csv(file: Any) -> None:
    items = read(file("data.csv", "id,at,at2\na,1,x\na,2,y\n"), sort_key=("at", "N"))
    assert [item["at"] for item in items] == [{"N": "1"}, {"N": "2"}]
    assert list(items[0]) == ["id", "at", "at2"]


def test_key_attributes_come_first(file: Any) -> None:
    path = file("data.json", '[{"x": 1, "at": 5, "id": "a"}]')
    assert list(read(path, sort_key=("at", "N"))[0]) == ["id", "at", "x"]


def test_every_json_type(file: Any) -> None:
    path = file("data.jsonl", '{"id": "a", "m": {"n": [1, null, "", {}, []]}, "b": false, "big": %s}\n\n' % ("9" * 38))
    assert read(path) == [
        {
            "id": {"S": "a"},
            "m": {"M": {"n": {"L": [{"N": "1"}, {"NULL": True}, {"S": ""}, {"M": {}}, {"L": []}]}}},
            "b": {"BOOL": False},
            "big": {"N": "9" * 38},
        }
    ]


def test_only_a_line_feed_ends_a_line_of_ndjson(file: Any) -> None:
    items = read(file("data.ndjson", '{"id": "a\u2028b"}\r\n{"id": "c\x85"}'))
    assert items == [{"id": {"S": "a\u2028b"}}, {"id": {"S": "c\x85"}}]
    assert to_ndjson(items).count(b"\n") == 2


def test_ndjson_is_deterministic() -> None:
    items: list[Item] = [{"id": {"S": "é\n"}, "n": {"N": "1.50"}}, {"id": {"S": "b"}}]
    assert to_ndjson(items) == '{"id":{"S":"é\\n"},"n":{"N":"1.50"}}\n{"id":{"S":"b"}}\n'.encode()


def nested(levels: int) -> str:
    return f'[{{"id": "a", "x": {"[" * levels}{"]" * levels}}}]'


@pytest.mark.parametrize("number", ["0", "-0.0", "1e125", "9.9E+125", "1E-130", "-1e-130", "1" + "0" * 60, "0.00010"])
def test_numbers_that_dynamodb_holds(file: Any, number: str) -> None:
    ((_, value),) = read(file("data.json", f'[{{"id": "a", "n": {number}}}]'))[0]["n"].items()
    assert Decimal(value) == Decimal(number)


@pytest.mark.parametrize(
    "number", ["1e126", "1e-131", "1" * 39, "1." + "1" * 38, "1e999999999999999999999", "NaN", "Infinity", "-Infinity"]
)
def test_numbers_that_dynamodb_does_not_hold(file: Any, number: str) -> None:
    (problem,) = problems(file("data.json", f'[{{"id": "a", "o": {{"n": [{number}]}}}}]'))
    assert problem == (
        f"data.json: item 1: o.n[0] = {number}; allowed: a number of at most 38 significant digits "
        "between 1E-130 and 9.9E+125, or 0"
    )


def test_depth(file: Any) -> None:
    assert read(file("data.json", nested(32)))
    (problem,) = problems(file("data.json", nested(33)))
    assert problem == f"data.json: item 1: x{'[0]' * 32} = []; allowed: 32 levels of arrays and objects"
    (problem,) = problems(file("data.json", nested(200_000)))
    assert problem == "data.json: not JSON: nested too deeply; allowed: 32 levels"


def test_item_size(file: Any) -> None:
    most = 400 * 1024 - len("id") - len("a") - len("t")
    assert read(file("data.csv", f"id,t\na,{'x' * most}\n"))
    (problem,) = problems(file("data.csv", f"id,t\na,{'x' * most}y\n"))
    assert problem == "data.csv: line 2: the item has 409601 bytes; allowed: 409600; split it"


def test_size_counts_every_type() -> None:
    item: Item = {"n": {"N": "-12345"}, "l": {"L": [{"NULL": True}, {"BOOL": True}]}, "m": {"M": {"é": {"S": "é"}}}}
    assert dataset._size(item) == (1 + 3 + 1 + 1) + (1 + 3 + 2 + 2) + (1 + 3 + 1 + 2 + 2)


LONG = "x" * 2049


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("data.txt", "id\n1\n", ["a file of type '.txt'; allowed: .csv, .json, .ndjson, .jsonl"]),
        ("data.csv", "", ["the file is empty; give at least one item"]),
        ("data.csv", "﻿ \n", ["the file is empty; give at least one item"]),
        ("data.csv", "id,n\n", ["no items; give at least one"]),
        ("data.json", "[]", ["no items; give at least one"]),
        ("data.csv", b"id\n\xe9t\xe9\n", ["line 2: byte 0xe9 is not UTF-8; save the file as UTF-8"]),
        ("data.csv", "name\na\n", ["line 1: no column 'id', the table's partition key; there are: name"]),
        ("data.csv", "id,n,n\na,1,2\n", ["line 1: the column 'n' is there 2 times; allowed: once"]),
        ("data.csv", "id,,n\na,1,2\n", ["line 1: column 2 has no name; allowed: a name for each column"]),
        (
            "data.csv",
            'id,n\n"a\nb",1\nc,1,2\nd\n',
            [
                "line 4: 3 cells; allowed: 2, as in the header; quote cells with commas",
                "line 5: 1 cells; allowed: 2, as in the header; quote cells with commas",
            ],
        ),
        (
            "data.csv",
            'id,n\na,"x"y\n',
            ["line 2: not CSV: ',' expected after '\"'; double the quotes inside a quoted cell"],
        ),
        ("data.csv", "id,n\n,1\n", ["line 2: id is missing; allowed: the partition key in every item"]),
        (
            "data.csv",
            "id,n\na,1\nb,2\na,3\n",
            ["line 4: id = 'a' is the key of line 2 already; allowed: each key once"],
        ),
        (
            "data.json",
            '[{"id": 7}]',
            ["item 1: id = 7; allowed: text of 1 to 2048 bytes, as the table's partition key is of type S"],
        ),
        (
            "data.json",
            '[{"id": ""}]',
            ["item 1: id = ''; allowed: text of 1 to 2048 bytes, as the table's partition key is of type S"],
        ),
        (
            "data.json",
            f'[{{"id": "{LONG}"}}]',
            [
                f"item 1: id = '{LONG[:56]}...; allowed: text of 1 to 2048 bytes, "
                "as the table's partition key is of type S"
            ],
        ),
        (
            "data.json",
            '{"id": "a"}',
            ["{'id': 'a'}; allowed: an array of objects; for an object a line call it .ndjson"],
        ),
        ("data.json", '[{"id": "a"}, 5]', ["item 2: 5; allowed: an object"]),
        ("data.json", '[{"id": "a",}]', None),
        ("data.json", '[{"id": "a", "id": "b"}]', ["not JSON: an object has the name 'id' twice; allowed: once"]),
        (
            "data.json",
            '[{"id": "a", "": 1, "m": {"": 1}}]',
            [
                "item 1: the name '' at ''; allowed: Unicode text of at least one character",
                "item 1: the name '' at 'm.'; allowed: Unicode text of at least one character",
            ],
        ),
        (
            "data.json",
            r'[{"id": "a", "t": "\ud800"}]',
            ["item 1: t = '\\ud800'; allowed: Unicode text, without half of a surrogate pair"],
        ),
        (
            "data.ndjson",
            '{"id": "a"}\nid,n\n{"id": "a"}\n',
            [
                "line 2: 'id,n' is not JSON: Expecting value: line 1 column 1 (char 0); allowed: an object a line",
                "line 3: id = 'a' is the key of line 1 already; allowed: each key once",
            ],
        ),
    ],
)
def test_problems(file: Any, name: str, content: str | bytes, expected: list[str] | None) -> None:
    found = problems(file(name, content))
    if expected is None:  # Python's own words, which differ between versions
        assert found[0].startswith(f"{name}: not JSON: ")
    else:
        assert found == tuple(f"{name}: {problem}" for problem in expected)


def test_problems_of_numeric_and_binary_keys(file: Any) -> None:
    assert problems(file("data.csv", "id\n1\nx\n1.0\n"), ("id", "N")) == (
        "data.csv: line 3: id = 'x'; allowed: a number, as the table's partition key is of type N",
        "data.csv: line 4: id = 1.0 is the key of line 2 already; allowed: each key once",
    )
    assert problems(file("data.json", '[{"id": "a", "at": "1"}]'), sort_key=("at", "N")) == (
        "data.json: item 1: at = '1'; allowed: a number, as the table's sort key is of type N",
    )
    assert problems(file("data.json", "[]"), ("id", "B")) == (
        "data.json: the partition key id is binary, which no .json file can hold; allowed: S and N",
    )


def test_the_same_partition_key_with_another_sort_key_is_another_item(file: Any) -> None:
    path = file("data.csv", "id,at\na,1\na,2\na,1\n")
    assert problems(path, sort_key=("at", "S")) == (
        "data.csv: line 4: id = 'a', at = '1' is the key of line 2 already; allowed: each key once",
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.csv") == (
        "none.csv: there is no such file; give a file that can go up with the function",
    )


def test_a_file_that_is_too_large(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MAX_FILE_BYTES", 20)
    assert read(file("data.csv", "id\n" + "a" * 17))
    (problem,) = problems(file("data.csv", "id\n" + "a" * 18))
    assert problem == "data.csv: has 21 bytes; at most 20; give a file that can go up with the function"


def test_items_that_do_not_fit_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MAX_NDJSON_BYTES", 17)
    assert to_ndjson([{"id": {"S": "a"}}])
    with pytest.raises(InvalidDataset, match=r"^the items are 18 bytes as DynamoDB JSON, .*; allowed: 17; seed a part"):
        to_ndjson([{"id": {"S": "ab"}}])


def test_ten_problems_are_shown(file: Any) -> None:
    with pytest.raises(InvalidDataset) as caught:
        read(file("data.json", json.dumps([{"id": number} for number in range(13)])))
    assert len(caught.value.problems) == 13
    shown = str(caught.value).splitlines()
    assert shown[9].startswith("data.json: item 10: id = 9; allowed: ")
    assert shown[10:] == ["… and 3 more problems"]
