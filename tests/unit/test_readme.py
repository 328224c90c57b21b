"""README and docs tell the truth where a machine can check it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A block of commands that no test runs begins so, and tells the reader.
NOT_RUN = ("# needs AWS", "# by hand")
END_TO_END = "tests/end_to_end"
# Commands as they stand in the pages, and what runs them, or what they call.
RUN_BY = {
    r"make demo": f"{END_TO_END}/test_system.py::test_changes_and_deletes_reach_the_index",
    r"make demo ON=aws .*": f"{END_TO_END}/test_on_aws.py::test_the_demo_of_an_account",
    r"make prove-policies": f"{END_TO_END}/test_system.py::test_each_permission_is_needed",
    r"make (test|setup cdktf|cdktf)": ".ci/run",
    r"make doctor.*": f"{END_TO_END}/test_deployer.py::test_the_doctor_finds_nothing_wrong",
    r"make plan .*": "tests/local/test_review.py::test_an_environment_is_planned_from_nothing",
    r"(make dead-letters|python -m dead_letters) .*": (
        f"{END_TO_END}/test_system.py::test_dead_letters_are_listed_and_replayed_once_the_cause_is_mended"
    ),
    r"npx cdktf .*": f"{END_TO_END}/test_command_line.py::test_from_nothing_to_nothing",
    r"(\$EDITOR|export) .*": f"{END_TO_END}/test_command_line.py::test_from_nothing_to_nothing",
    r"(cp -r cdktf.out|cd|terraform (init|plan)).*": (
        "tests/terraform/test_plain.py::test_a_copied_folder_is_all_that_a_plan_needs"
    ),
    r"terraform untaint .*": f"{END_TO_END}/test_applies.py::test_an_apply_after_ctrl_c_goes_on_where_that_one_stopped",
    r"terraform force-unlock .*": f"{END_TO_END}/test_applies.py::test_after_kill_9_what_is_there_is_imported",
}


def test_the_layout_names_what_is_there() -> None:
    block = README.split("## Layout")[1].split("```")[1]
    named = {line.split()[0].rstrip("/") for line in block.strip().splitlines()}
    ignored = re.findall(r"^([\w.]+)/?$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    there = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and path.name not in ignored and (path.is_dir() or path.suffix == ".py")
    }
    assert named == there


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"(?:`|^)make\s([a-z][a-z-]+)", page.read_text(), re.MULTILINE)
        assert set(named) <= targets, page


def commands(page: Path) -> Iterator[str]:
    """Each line that is to be typed, but what is said not to be run here."""
    for block in re.findall(r"^ *```console\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        if not block.strip().startswith(NOT_RUN):
            yield from (line.partition("  #")[0].strip() for line in block.splitlines())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_run_or_said_not_to_be(page: Path) -> None:
    for command in commands(page):
        assert any(re.fullmatch(known, command) for known in RUN_BY), command


@pytest.mark.parametrize("runner", sorted(set(RUN_BY.values())))
def test_what_runs_the_commands_is_there(runner: str) -> None:
    file, _, name = runner.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text() if name else (ROOT / file).is_file()


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
