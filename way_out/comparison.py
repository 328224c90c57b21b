"""Two folders of CDKTF output, held against each other: file by file, and JSON by Terraform address and attribute."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SHOWN = 100
ABSENT: Final = object()


@dataclass(frozen=True)
class Difference:
    file: str
    """Below the folder, for example `dev/stacks/pipeline/cdk.tf.json`."""
    at: str
    """Address and attribute, `aws_s3_bucket.state_bucket.force_destroy`; empty where it is about the whole file."""
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.file}: {self.at or 'the file'}: {_shown(self.before)} today, {_shown(self.after)} then"


def differences(before: Path, after: Path) -> list[Difference]:
    """In the order of files and addresses."""
    files, others = _files(before), _files(after)
    return [found for name in sorted(files | others) for found in _of_file(name, files.get(name), others.get(name))]


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _of_file(name: str, before: Path | None, after: Path | None) -> Iterator[Difference]:
    if before is None or after is None:
        yield Difference(
            name, "", *(ABSENT if path is None else f"{path.stat().st_size} bytes" for path in (before, after))
        )
    elif name.endswith(".json"):
        blocks, others = (_blocks(json.loads(path.read_text())) for path in (before, after))
        yield from (Difference(name, *found) for found in _changes(blocks, others, ""))
    elif before.read_bytes() != after.read_bytes():
        yield Difference(name, "", *(f"{path.stat().st_size} bytes" for path in (before, after)))


def _blocks(document: dict[str, Any]) -> dict[str, Any]:
    """Each resource and data source by its address, and whatever else there is by its key."""
    blocks = {key: value for key, value in document.items() if key not in {"resource", "data"}}
    for section, prefix in (("resource", ""), ("data", "data.")):
        for kind, named in document.get(section, {}).items():
            blocks |= {f"{prefix}{kind}.{name}": body for name, body in named.items()}
    return blocks


def _changes(before: Any, after: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    match before, after:
        case dict(), dict():
            for key in sorted(before | after):
                below = f"{at}.{key}" if at else key
                yield from _changes(before.get(key, ABSENT), after.get(key, ABSENT), below)
        case list(), list() if len(before) == len(after):
            for number, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _changes(one, other, f"{at}[{number}]")
        # By type as well: to Python 1, 1.0 and True are the same.
        case _ if type(before) is not type(after) or before != after:
            yield at, before, after


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
