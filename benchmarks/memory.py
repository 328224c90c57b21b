"""Memory of a process and of all that it started, from Linux's /proc."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """`resident_mib` counts what is shared with others in full, `own_mib` in proportion: its sum is what all take."""

    pid: int
    command: str
    resident_mib: float
    own_mib: float


def tree(root: int) -> list[Process]:
    """The process `root` and its descendants. Raises FileNotFoundError where there is no /proc, as on macOS."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (parent := _parent(folder)) is not None:
            children.setdefault(parent, []).append(int(folder.name))
    return [_process(pid) for pid in _down(root, children)]


def peak_mib() -> float:
    """The most that this process has had resident since it was started. Raises FileNotFoundError as `tree` does."""
    # The peak that getrusage tells begins with that of the process which started this one.
    (line,) = (one for one in (_PROC / "self" / "status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _down(root: int, children: dict[int, list[int]]) -> Iterator[int]:
    yield root
    for child in children.get(root, []):
        yield from _down(child, children)


def _parent(folder: Path) -> int | None:
    """None for a process that has just ended."""
    try:
        # The name in parentheses may hold anything; state and parent follow.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _process(pid: int) -> Process:
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(size.split()[0]) for name, _, size in (line.partition(":") for line in lines)}
    command = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return Process(pid, command, kib["Rss"] / 1024, kib["Pss"] / 1024)
