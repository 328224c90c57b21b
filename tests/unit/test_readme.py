"""The README tells the truth where a machine can check it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


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
    assert set(re.findall(r"(?:`|^)make\s([a-z-]+)", README, re.MULTILINE)) <= targets
