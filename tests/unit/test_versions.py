"""Each version is written once; what else needs it reads it from there."""

import json
import re
from pathlib import Path

import pytest

from functions.package import PYTHON_VERSION

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# What is exactly one version, the file that says which, and how.
HOMES = {
    "Terraform of the workflows": (".tool-versions", r"^terraform (\S+)$"),
    "AWS provider": ("local/tools.py", r'^AWS_PROVIDER_VERSION = "(\S+)"$'),
    "OpenSearch and Dashboards": ("local/opensearch.py", r'^VERSION = "(\S+)"$'),
    "Data Prepper": ("local/engine/data_prepper.py", r'^VERSION = "(\S+)"$'),
    "Python in Lambda": ("functions/package.py", r'^PYTHON_VERSION = "(\S+)"$'),
    "pipenv": ("Makefile", r"^PIPENV_VERSION := (\S+)$"),
    "actionlint": ("Makefile", r"^ACTIONLINT_VERSION := v(\S+)$"),
}
# The least that works, as the README says it, and where it is checked.
LEAST = {
    "Python": [
        ("Makefile", r"version_info < \((\d+), (\d+)\)"),
        ("pyproject.toml", r'python_version = "(\d+)\.(\d+)"'),
    ],
    "Terraform": [("local/tools.py", r"version < \((\d+), (\d+)\)"), ("stacks/base.py", r'">= (\d+)\.(\d+)"')],
    "Node.js": [("local/tools.py", r"version < \((\d+),\):\n.*Node\.js")],
    "Java": [("local/tools.py", r"\(version\[1\]\) < \((\d+),\)")],
}
CODE = [
    *(ROOT / name for name in ("Makefile", ".ci/run", "pyproject.toml")),
    *(ROOT / ".github").rglob("*.yml"),
    *ROOT.glob("*.py"),
    *(
        file
        for folder in ROOT.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in {"tests", "node_modules"}
        for file in folder.rglob("*.py")
    ),
]


@pytest.mark.parametrize("what", HOMES)
def test_a_version_has_one_home(what: str) -> None:
    home, line = HOMES[what]
    (version,) = re.findall(line, (ROOT / home).read_text(), re.MULTILINE)
    # Not the address of a page about it.
    written = re.compile(rf"(?<![\d./]){re.escape(version)}(?![\d.]*\d)")
    copies = [
        f"{path.relative_to(ROOT)}: {text.strip()}"
        for path in CODE
        for text in path.read_text().splitlines()
        if written.search(text) and not (path == ROOT / home and re.match(line, text))
    ]
    assert copies == []


def test_python_is_what_lambda_runs() -> None:
    assert f"\npython {PYTHON_VERSION}\n" in (ROOT / ".tool-versions").read_text()


@pytest.mark.parametrize(("what", "place"), [(what, place) for what, places in LEAST.items() for place in places])
def test_the_least_that_works_is_what_the_readme_says(what: str, place: tuple[str, str]) -> None:
    file, line = place
    found = re.search(line, (ROOT / file).read_text())
    assert found, f"{file} does not say it in this way any more"
    assert f"{what} ≥ {'.'.join(found.groups())}" in README


def test_the_command_line_is_of_the_library_s_version() -> None:
    (library,) = re.findall(r'^cdktf = "==(\S+)"$', (ROOT / "Pipfile").read_text(), re.MULTILINE)
    assert json.loads((ROOT / "package.json").read_text())["devDependencies"]["cdktf-cli"] == library
