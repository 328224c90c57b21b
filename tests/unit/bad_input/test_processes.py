"""The commands as processes: exit code 2, no traceback, nothing left behind, and little time and memory for it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.bad_input.conftest import CPU_SECONDS, everything, lines_of
from tests.unit.bad_input.test_data_files import SETTINGS
from tests.unit.bad_input.test_settings_files import BOMB, MINIMAL, changed, of_table

ROOT = Path(__file__).parents[3]
MOST_BYTES = 300_000_000
Write = Callable[[Path], object]


# A process begins as a copy of the one that starts it, and its memory counts from there: a small one starts it.
MEASURE = """
import json, resource, subprocess, sys
code = subprocess.call([sys.executable, *sys.argv[2:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code and what is printed; fails where it takes more than a wrong input may."""
    before = everything(folder)
    with tempfile.TemporaryDirectory() as elsewhere:
        measured = Path(elsewhere) / "measured.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", MEASURE, str(measured), *arguments],
            cwd=folder,
            env={"ENVIRONMENT": "bad.yaml", "PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        code, seconds, memory = json.loads(measured.read_text())
    assert seconds < CPU_SECONDS
    assert memory * (1 if sys.platform == "darwin" else 1024) < MOST_BYTES
    assert everything(folder) == before
    return code, done.stdout, done.stderr


def sparse(size: int) -> Write:
    def write(path: Path) -> None:
        with path.open("wb") as stream:
            stream.truncate(size)

    return write


def text(content: str) -> Write:
    return lambda path: path.write_text(content)


HEAVY: dict[str, tuple[dict[str, Write], str]] = {
    "no settings": ({}, "there is no such file; set ENVIRONMENT to one of dev, "),
    "a folder": ({"bad.yaml": Path.mkdir}, "is no file"),
    "a pipe": ({"bad.yaml": os.mkfifo}, "is no file"),
    "a settings file of 100 GB": ({"bad.yaml": sparse(10**11)}, "has 100,000,000,000 bytes; at most 250,000"),
    "a billion laughs": ({"bad.yaml": text("a: &a [x]\n" + BOMB)}, "line 1, column 4: anchors and aliases are not"),
    "as deep as it is long": ({"bad.yaml": text("[" * 250_000)}, "line 1, column 51: nested more than 50 deep"),
    "as many values as fit": ({"bad.yaml": text("[" + "1," * 124_000 + "]")}, "line 1, column 80000: more than 40,000"),
    "as many keys as fit": (
        {"bad.yaml": text("{" + ",".join(f"{number:05}" for number in range(19_999)) + "}")},
        "project: is missing; add it",
    ),
    "a long value": ({"bad.yaml": text(changed("project", "X" * 249_000))}, "project: 'XXX"),
    "parentheses": (
        {"bad.yaml": text(of_table(documents={"routes": {"eu": {"when": "(" * 200_000}}}))},
        "tables.orders.documents.routes.eu.when: '(((",
    ),
    "a body of 100 GB": (
        {"bad.yaml": text(changed("tables.orders.body", "own.yaml")), "own.yaml": sparse(10**11)},
        "tables.orders.body: own.yaml: has 100,000,000,000 bytes; at most 250,000; name a file with a body",
    ),
    "a data file of 100 GB": (
        {"bad.yaml": text(SETTINGS % "a.csv"), "a.csv": sparse(10**11)},
        "tables.books.seeding.file: a.csv: has 100,000,000,000 bytes; at most 40,000,000; give a file",
    ),
    "a data file of nothing but zeros": (
        {"bad.yaml": text(SETTINGS % "a.csv"), "a.csv": sparse(39_000_000)},
        "tables.books.seeding.file: a.csv: line 1: not CSV: field larger than field limit (4096000)",
    ),
    "4 MB of ragged rows": (
        {"bad.yaml": text(SETTINGS % "a.csv"), "a.csv": text("id,n\n" + "a\n" * 2_000_000)},
        "tables.books.seeding.file: a.csv: line 2: 1 cells; allowed: 2, as in the header",
    ),
    "NDJSON that is none": (
        {"bad.yaml": text(SETTINGS % "a.ndjson"), "a.ndjson": text("x\n" * 2_000_000)},
        "tables.books.seeding.file: a.ndjson: line 1: 'x' is not JSON",
    ),
    "a number of a million digits": (
        {"bad.yaml": text(SETTINGS % "a.json"), "a.json": text(f"""[{{"id": "a", "n": {"9" * 10**6}}}]""")},
        "tables.books.seeding.file: a.json: item 1: n = 999",
    ),
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_files(name: str, tmp_path: Path) -> None:
    files, message = HEAVY[name]
    for file, write in files.items():
        write(tmp_path / file)
    code, printed, complaint = run(tmp_path, str(ROOT / "main.py"))
    assert (code, printed) == (2, "")
    assert lines_of(complaint, "bad.yaml")[0].startswith(message)


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "cost", "bad.yaml"),
        ("-m", "dashboards", "bad.yaml"),
        ("-m", "dead_letters", "bad.yaml"),
        ("-m", "deployer", "bad.yaml", "--plan"),
        ("-m", "doctor", "bad.yaml"),
        ("-m", "review", "plan", "bad.yaml"),
    ],
    ids=lambda command: command[1],
)
def test_every_command_says_the_same(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(MINIMAL + "projekt: x\n")
    code, printed, complaint = run(tmp_path, *command)
    assert (code, printed, complaint) == (2, "", "bad.yaml: projekt: unknown key; did you mean project?\n")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("", "environments/.yaml: there is no such file; set ENVIRONMENT to one of dev, "),
        ("x" * 5000, "cannot be read: File name too long"),
        ("dev\n", "there is no such file; set ENVIRONMENT to one of dev, "),
        ("d\u0435v", "there is no such file; set ENVIRONMENT to one of dev, "),
        ("../README.md", "there is no such file; set ENVIRONMENT to one of dev, "),
        ("\x1b[2J", r"\x1b[2J.yaml: there is no such file; set ENVIRONMENT to one of dev, "),
        ("..", "there is no such file; set ENVIRONMENT to one of dev, "),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_no_such_environment(environment: str, message: str, tmp_path: Path) -> None:
    code, printed, complaint = run(tmp_path, "-m", "cost", environment)
    assert (code, printed) == (2, "")
    assert message in complaint
    assert complaint[:-1].isprintable()


def test_name_of_a_file_that_is_no_name(tmp_path: Path) -> None:
    """It becomes part of the names of everything."""
    (tmp_path / "My Shop.yaml").write_text(MINIMAL)
    code, _, complaint = run(tmp_path, "-m", "cost", "My Shop.yaml")
    assert code == 2
    assert lines_of(complaint, "My Shop.yaml")[0].startswith("environment: 'My Shop' is not allowed; use lower-case")
