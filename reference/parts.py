"""Which parts of docs/ are made, and where they stand: between two comments that say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from changes import table as changes
from reference import architecture, settings

DOCS = Path(__file__).parents[1] / "docs"
_MADE = re.compile(r"(?<=<!-- made by `make docs` -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Part:
    file: Path
    make: Callable[[], str]


PARTS = (
    Part(DOCS / "settings.md", settings.table),
    Part(DOCS / "architecture.md", architecture.picture),
    Part(DOCS / "changes.md", changes.table),
)


def written(page: str) -> str:
    """The made part of a page."""
    (part,) = _MADE.findall(page)
    return str(part)


def replaced(page: str, part: str) -> str:
    """The page with another made part."""
    return _MADE.sub(lambda _: part, page, count=1)
