"""Settings files that somebody got wrong, by mistake or on purpose: one line each, and in no time."""

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import ENVIRONMENTS
from tests.unit.bad_input.conftest import Refused

MINIMAL = (ENVIRONMENTS / "minimal.yaml").read_text()
DATA = "the path of a file beside the settings file, or in a folder there: data/orders.csv"


class Dumper(yaml.SafeDumper):
    """Without anchors for what stands there twice."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def changed(path: str, value: Any) -> str:
    """The minimal environment with one thing put in."""
    document = yaml.safe_load(MINIMAL)
    *parents, last = path.split(".")
    target = document
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value
    return yaml.dump(document, Dumper=Dumper, allow_unicode=True)


def of_table(**options: Any) -> str:
    table = yaml.safe_load(MINIMAL)["tables"]["orders"]
    return changed("tables", {"orders": {**table, **options}})


BOMB = "\n".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in itertools.pairwise("abcdefghi")
)
NO_MAPPING = "the document is not a mapping of keys to values"

# What is no YAML, or more than plain YAML: the message tells the place.
TEXTS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", NO_MAPPING),
    "only blanks": (" \n\n", NO_MAPPING),
    "only a byte order mark": ("\ufeff", NO_MAPPING),
    "only comments": ("# shop\n" * 1000, NO_MAPPING),
    "null": ("~", NO_MAPPING),
    "a list": ("- project: shop\n", NO_MAPPING),
    "a text": ("shop", NO_MAPPING),
    "a number": ("7", NO_MAPPING),
    "JSON cut in the middle": ('{"project": "shop", "tab', "line 1, column 25: found unexpected end of stream"),
    "cut in a quoted text": (MINIMAL + 'tags: {a: "b', "line 15, column 13: found unexpected end of stream"),
    "cut in a list": (MINIMAL + "tags: [", "line 16, column 1: did not find expected node content"),
    "two documents": (MINIMAL + "---\n" + MINIMAL, "line 15, column 1: but found another document"),
    "YAML of the future": ("%YAML 9.9\n---\n" + MINIMAL, "line 1, column 1: found incompatible YAML document"),
    "a directive that is none": ("%FOO\n", "line 1, column 5: found unknown directive name"),
    "indented with a tab": ("domain:\n\tinstance_count: 1\n", "line 2, column 1: found character that cannot start"),
    "indented wrongly": ("domain:\n  a: 1\n b: 2\n", "line 3, column 2: did not find expected key"),
    "no space after a colon": ("project:shop\nregion: x\n", "line 2, column 7: mapping values are not allowed"),
    "a colon too many": ("project: a: b\n", "line 1, column 11: mapping values are not allowed in this context"),
    "a bracket too many": ("tags: {}}\n", "line 1, column 9: did not find expected"),
    "Latin-1": (MINIMAL.encode() + "tags: {a: é}".encode("latin-1"), "byte 310 is not UTF-8; save the file as UTF-8"),
    "UTF-16": (MINIMAL.encode("utf-16"), "byte 0 is not UTF-8; save the file as UTF-8"),
    "half of a surrogate pair": (b"project: \xed\xa0\x80", "byte 9 is not UTF-8; save the file as UTF-8"),
    "half of a surrogate pair, escaped": (r'project: "\ud800"', "line 1, column 13: found invalid Unicode character"),
    "no Unicode": (r'project: "\U00110000"', "line 1, column 13: found invalid Unicode character escape code"),
    "a null character": ("project: a\0b", "position 10: control characters are not allowed; remove the character"),
    "a bell": ("proj\x07ect: a", "position 4: control characters are not allowed; remove the character"),
    "a program": (b"\x7fELF\x02\x01\x01\x00", "position 0: control characters are not allowed; remove the character"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "byte 0 is not UTF-8; save the file as UTF-8"),
    "an archive": (b"PK\x03\x04", "position 2: control characters are not allowed; remove the character"),
    "an anchor": ("a: &b c\n", "line 1, column 4: anchors and aliases are not allowed; write the value out"),
    "an alias to nothing": ("a: *b\n", "line 1, column 4: "),
    "an alias to itself": (
        "a: &a [*a]\n",
        "line 1, column 4: anchors and aliases are not allowed; write the value out",
    ),
    "a billion laughs": (
        "a: &a [x]\n" + BOMB,
        "line 1, column 4: anchors and aliases are not allowed; write the value",
    ),
    "a merged key": (MINIMAL + "<<: {production: true}\n", "<<: unknown key; known are project, "),
    "an object of Python": (
        MINIMAL + "tags: !!python/object/apply:os.system ['touch written']",
        "line 15, column 7: the tag !!python/object/apply:os.system is not allowed; write the value without it",
    ),
    "a boolean that is none": ("a: !!bool perhaps", "line 1, column 4: the tag !!bool is not allowed; write the value"),
    "a number that is none": (
        "a: !!int ''",
        "line 1, column 4: the tag !!int is not allowed; write the value without it",
    ),
    "a time that is none": (
        "a: !!timestamp x",
        "line 1, column 4: the tag !!timestamp is not allowed; write the value",
    ),
    "a set": (
        MINIMAL + "tags: !!set {a, b}",
        "line 15, column 7: the tag !!set is not allowed; write the value without",
    ),
    "bytes": (MINIMAL + "tags: {a: !!binary '***'}", "line 15, column 11: the tag !!binary is not allowed; write the"),
    "a tag of one's own": ("a: !Ref b", "line 1, column 4: the tag !Ref is not allowed; write the value without it"),
    "a key twice": (MINIMAL + "region: eu-west-1\n", "line 15, column 1: the key 'region' stands twice; keep one"),
    "a key twice, far inside": ("a: {b: [{c: 1, c: 2}]}", "line 1, column 16: the key 'c' stands twice; keep one"),
    "a key twice, quoted once": ("a: 1\n'a': 2\n", "line 2, column 1: the key 'a' stands twice; keep one"),
    "a key that is a list": ("[a]: b\n", "line 1, column 1: a key must be text"),
    "a key that is a mapping": ("? {a: b}\n: c\n", "line 1, column 3: a key must be text"),
    "a key that is nothing": (MINIMAL + "? \n: 1\n", "'': unknown key; known are project, "),
    "a number without end": ("a: " + "9" * 5000, "line 1, column 4: a number of 5,000 digits; at most 1,000; put it"),
    "deep, in brackets": ("[" * 200_000, "line 1, column 51: nested more than 50 deep"),
    "deep, in braces": ("{a: " * 50_000, "line 1, column 201: nested more than 50 deep"),
    "deep, indented": ("\n".join(" " * depth + "a:" for depth in range(600)), "line 51, column 51: nested more than"),
    "deep, in dashes": ("- " * 100_000, "line 1, column 101: nested more than 50 deep"),
    "deep, in questions": ("? " * 100_000, "line 1, column 101: nested more than 50 deep"),
    "one byte too large": (MINIMAL + "#" * (250_001 - len(MINIMAL)), "has 250,001 bytes; at most 250,000"),
    "a long list": ("[" + "[]," * 80_000 + "]", "line 1, column 119999: more than 40,000 keys and values"),
    "a text without end": ('"' + r"\x41" * 60_000, "line 1, column 240002: found unexpected end of stream"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_is_no_settings_file(name: str, refused: Refused) -> None:
    content, message = TEXTS[name]
    (problem,) = refused(content)
    assert problem.startswith(message)


# What is well-formed and means nothing, or something else than it seems to.
VALUES: dict[str, tuple[str, str]] = {
    "Cyrillic o": (changed("project", "sh\u043ep"), "project: 'sh\u043ep' is not allowed; use lower-case letters"),
    "full-width letters": (changed("project", "\uff53\uff48\uff4f\uff50"), "project: '"),
    "a space of no width": (changed("project", "sh\u200bop"), r"project: 'sh\u200bop' is not allowed; use lower-case"),
    "right to left": (
        changed("project", "sh\u202epo"),
        r"project: 'sh\u202epo' is not allowed; use lower-case letters",
    ),
    "a soft hyphen": (changed("project", "sh\u00adop"), r"project: 'sh\xadop' is not allowed; use lower-case letters"),
    "a long s": (changed("project", "\u017fhop"), "project: '\u017fhop' is not allowed; use lower-case letters"),
    "a combining accent": (changed("project", "shop\u0301"), "project: 'shop\u0301' is not allowed; use lower-case"),
    "Arabic digits": (
        changed("account_id", "\u0661" * 12),
        "account_id: '\u0661\u0661\u0661\u0661",
    ),
    "full-width digits": (
        changed("account_id", "\uff11" * 12),
        "account_id: '\uff11\uff11\uff11\uff11",
    ),
    "mathematical digits": (changed("account_id", "\U0001d7cf" * 12), "account_id: '"),
    "a line break at the end": (
        changed("account_id", "111122223333\n"),
        r"account_id: '111122223333\n' is not allowed",
    ),
    "a blank at the end": (
        changed("account_id", "111122223333 "),
        "account_id: '111122223333 ' is not allowed; use 12",
    ),
    "an account without quotes": (MINIMAL.replace('"', ""), "account_id: 111122223333 is not allowed; use text; put"),
    "an account with a zero, without quotes": (
        MINIMAL.replace('"111122223333"', "011122223333.0"),
        "account_id: '011122223333.0' is not allowed; use 12 digits in quotes",
    ),
    "a Region of another hyphen": (changed("region", "eu\u2010west\u20101"), "region: 'eu\u2010west\u20101' is not"),
    "a Region that OSIS lacks": (changed("region", "af-south-1"), "region: 'af-south-1' is not allowed; use one of"),
    "yes": (MINIMAL.replace("false", "yes"), "production: 'yes' is not allowed; use true or false"),
    "no": (MINIMAL.replace("false", "no"), "production: 'no' is not allowed; use true or false"),
    "nothing": (MINIMAL.replace("production: false", "production:"), "production: null is not allowed; use true or"),
    "not a number": (changed("log_retention_days", float("nan")), "log_retention_days: nan is not allowed; use a"),
    "infinite": (changed("domain.volume_gib", float("inf")), "domain.volume_gib: inf is not allowed; use a whole"),
    "half": (changed("domain.instance_count", 1.5), "domain.instance_count: 1.5 is not allowed; use a whole number"),
    "octal": (MINIMAL.replace("volume_gib: 10", "volume_gib: 010"), "domain.volume_gib: '010' is not allowed; use a"),
    "hexadecimal": (MINIMAL.replace("volume_gib: 10", "volume_gib: 0x10"), "domain.volume_gib: '0x10' is not allowed"),
    "sexagesimal": (MINIMAL.replace("volume_gib: 10", "volume_gib: 1:10"), "domain.volume_gib: '1:10' is not allowed"),
    "with a separator": (
        MINIMAL.replace("volume_gib: 10", "volume_gib: 1_0"),
        "domain.volume_gib: '1_0' is not allowed",
    ),
    "astronomical": (changed("domain.volume_gib", 10**900), "domain.volume_gib: 1000"),
    "a key with a blank of another kind": (MINIMAL + "project\u00a0: x\n", r"project\xa0: unknown key; did you mean"),
    "a key of Cyrillic letters": (MINIMAL + "\u0440roject: x\n", "\u0440roject: unknown key; did you mean project?"),
    "a key in capitals": (MINIMAL + "PROJECT: x\n", "PROJECT: unknown key; known are project, "),
    "a key that commands the terminal": (
        MINIMAL + '"\\e[2Jproject": x\n',
        r"\x1b[2Jproject: unknown key; did you mean",
    ),
    "a key of two lines": (changed("tables", {"a\nb": {}}), r"tables.a\nb: 'a\nb' is not allowed; use lower-case"),
    "a value that commands the terminal": (
        changed("project", "\x1b]0;x\x07"),
        r"project: '\x1b]0;x\x07' is not allowed",
    ),
    "a table's key that climbs": (
        changed("tables", {"../etc": {}}),
        "tables.../etc: '../etc' is not allowed; use lower",
    ),
    "an empty table": (changed("tables", {"orders": {}}), "tables.orders.partition_key: is missing; add it, or name a"),
    "no table at all": (changed("tables", None), "tables: null is not allowed; use keys and values, indented below it"),
    "tables in a list": (changed("tables", [{"orders": {}}]), "tables: [{'orders': {}}] is not allowed; use keys and"),
    "the file's own name": (
        MINIMAL + "environment: prod\n",
        "environment: comes from the file's name and place; remove",
    ),
    "the file's own place": (MINIMAL + "directory: /etc\n", "directory: comes from the file's name and place; remove"),
    "a tag of AWS": (changed("tags", {"aws:cloudformation:stack-id": "x"}), "tags.aws:cloudformation:stack-id: 'x' is"),
    "a tag with a null character": (
        changed("tags", {"a": "\0"}),
        r"tags.a: '\x00' is not allowed; use letters, digits",
    ),
    "two people of one address": (
        changed("dashboards.analysts.users", ["ann@example.com", "ANN@EXAMPLE.COM"]),
        "dashboards.analysts.users: 'ann@example.com' is named twice; one person is in one group, once",
    ),
    "an address with a name": (
        changed("dashboards.analysts.users", ["Ann <ann@example.com>"]),
        "dashboards.analysts.users.0: 'Ann <ann@example.com>' is not allowed; use an e-mail address: name@example.com",
    ),
    "a day that is not on the calendar": (
        of_table(seeding={"until": "2026-02-30T00:00:00Z"}),
        "tables.orders.seeding.until: '2026-02-30T00:00:00Z' is not allowed; use a day in UTC, 2001 to 2099",
    ),
    "a day before the seeding function's": (
        of_table(seeding={"until": "2000-12-31T00:00:00Z"}),
        "tables.orders.seeding.until: '2000-12-31T00:00:00Z' is not allowed; use a day in UTC, 2001 to 2099",
    ),
    "a day elsewhere": (
        of_table(seeding={"until": "2026-11-01T00:00:00+01:00"}),
        "tables.orders.seeding.until: '2026-11-01T00:00:00+01:00' is not allowed; use a day in UTC, 2001 to 2099",
    ),
    "a processor that is none": (
        of_table(documents={"processors": [{"rename_key": {}}]}),
        "tables.orders.documents.processors[0].rename_key: is not a processor of Data Prepper; did you mean",
    ),
    "a processor of no name": (
        of_table(documents={"processors": [{}]}),
        "tables.orders.documents.processors[0]: 0 proc",
    ),
    "no processor": (of_table(documents={"processors": [None]}), "tables.orders.documents.processors.0: null is not"),
    "a condition that is none": (
        of_table(documents={"routes": {"eu": {"when": "/region = 'eu'"}}}),
        "tables.orders.documents.routes.eu.when: ",
    ),
    "an attribute with a dot": (
        of_table(documents={"attributes": {"a.b": "text"}}),
        "tables.orders.documents.attributes.a.b: 'a.b' is not allowed; use 1 to 255 characters without a dot",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_value_that_is_not_allowed(name: str, refused: Refused) -> None:
    content, message = VALUES[name]
    (problem,) = refused(content)
    assert problem.startswith(message)


# Paths that lead out of the folder, or to no file.
PATHS = {
    "/etc/passwd": f"is not allowed; use {DATA}",
    "//etc/passwd": f"is not allowed; use {DATA}",
    "../orders.csv": f"is not allowed; use {DATA}",
    "data/../../orders.csv": f"is not allowed; use {DATA}",
    "..": f"is not allowed; use {DATA}",
    "data/..": f"is not allowed; use {DATA}",
    "..\\orders.csv": f"is not allowed; use {DATA}",
    "orders\0.csv": f"is not allowed; use {DATA}",
    "orders\n.csv": f"is not allowed; use {DATA}",
    "": f"is not allowed; use {DATA}",
    "x" * 256: f"is not allowed; use {DATA}",
    "absent.csv": "there is no such file",
    "absent/orders.csv": "there is no such file",
    "bad.yaml/orders.csv": "cannot be read: Not a directory",
    "cdktf.out": "is no file",
    "~/orders.csv": "there is no such file",
}


@pytest.mark.parametrize("setting", ["seeding.file", "body"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path[:30]))
def test_path_that_leads_nowhere(setting: str, path: str, refused: Refused) -> None:
    problems = refused(changed(f"tables.orders.{setting}", path))
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"tables.orders.{setting}: ")
    # What a dataset is shows in the end of its name.
    assert PATHS[path] in problems[0] or (setting == "seeding.file" and "a file of type" in problems[0])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "tables.orders.body: big: body: the document is not a mapping of keys to values"),
        (24_001, "tables.orders.body: big: body: has 24,001 characters; OpenSearch Ingestion takes at most 24,000"),
        (250_001, "tables.orders.body: big: has 250,001 bytes; at most 250,000; name a file with a body"),
        (10**11, "tables.orders.body: big: has 100,000,000,000 bytes; at most 250,000; name a file with a body"),
    ],
)
def test_body_of_a_wrong_size(size: int, message: str, refused: Refused, tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as stream:
        stream.truncate(size)
    (problem,) = refused(changed("tables.orders.body", "big"))
    assert problem.startswith(message)


def test_pipe_without_end(refused: Refused, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "orders.csv")
    (problem,) = refused(changed("tables.orders.seeding.file", "orders.csv"))
    assert problem.startswith("tables.orders.seeding.file: orders.csv: is no file; give a file that can go up")


# Many at once: all that is told fits the eye, and what takes long is not begun.
@pytest.mark.parametrize(
    ("content", "message", "more"),
    [
        (MINIMAL + "".join(f"k{number}: 1\n" for number in range(19_000)), "k0: unknown key; known are ", 18_980),
        (MINIMAL + "".join(f"  k{number}: 1\n" for number in range(19_000)), "domain.k0: unknown key; known", 18_980),
        (of_table(documents={"processors": [{"x": {}}] * 900}), "tables.orders.documents.processors[0].x: is not", 880),
    ],
    ids=["unknown keys", "unknown keys of the domain", "unknown processors"],
)
def test_many_problems_are_counted(content: str, message: str, more: int, refused: Refused) -> None:
    problems = refused(content)
    assert len(problems) == 21
    assert problems[0].startswith(message)
    assert problems[-1] == f"… and {more} more problems"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("tags", {f"t{number}": "x" for number in range(15_000)}), "tags: 15000 tags; at most 40; remove some"),
        (
            changed("tables", {f"t{number}": {"partition_key": {"name": "i", "type": "S"}} for number in range(3500)}),
            "ingestion.pipeline_quota: 3500 pipelines are more than the 50 that the account may have in the Region",
        ),
        (
            changed("dashboards.analysts.users", ["ann@example.com"] * 10_000),
            "dashboards.analysts.users: 'ann@example.com' is named twice; one person is in one group, once",
        ),
        (
            of_table(documents={"attributes": dict.fromkeys((f"a{number}" for number in range(10_000)), "long")}),
            "tables.orders.documents.attributes: {'a0': 'long', ",
        ),
        (
            of_table(documents={"exclude": [f"a{number}" for number in range(10_000)]}),
            "tables.orders.documents.exclude: ['a0', 'a1', ",
        ),
        (of_table(documents={"processors": [{"x": 1}] * 13_000}), "tables.orders.documents.processors: [{'x': 1}, "),
        (
            of_table(documents={"processors": [{"delete_entries": {"with_keys": ["a"]}}] * 900}),
            "tables.orders.documents: has 43,5",
        ),
        (
            of_table(documents={"routes": {"eu": {"when": "/a" * 50_000}}}),
            "tables.orders.documents: has ",
        ),
        (of_table(documents={"routes": {"eu": {"when": "(" * 5000}}}), "tables.orders.documents.routes.eu.when: '((("),
        (
            of_table(documents={"routes": {"eu": {"when": "not " * 5000}}}),
            "tables.orders.documents.routes.eu.when: 'no",
        ),
        (
            of_table(documents={"routes": {"eu": {"when": '"\\"' * 20_000}}}),
            "tables.orders.documents.routes.eu.when: '",
        ),
        (changed("project", "X" * 200_000), "project: 'XXX"),
        (changed("project", {"a": ["b"] * 39_000}), "project: {'a': ['b', 'b', "),
        (changed("tables", {"X" * 200_000: {}}), "tables.XXX"),
        (
            changed("dashboards.analysts.users", ["a" * 90_000 + "@" + "a." * 50_000 + "!"]),
            "dashboards.analysts.users.0: ",
        ),
        (changed("domain.instance_type", "r7g." + "1" * 200_000 + "xlarge"), "domain.instance_type: 'r7g.1"),
    ],
    ids=lambda value: value[:50] if len(value) < 200 else "",
)
def test_a_lot_of_it(content: str, message: str, refused: Refused) -> None:
    (problem,) = refused(content)
    assert problem.startswith(message)
