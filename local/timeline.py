"""When each phase of a run was, as bars of text: what was done side by side stands below each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

WIDTH = 40


@dataclass(frozen=True)
class Phase:
    """`start` and `end` in seconds of one clock; `found` is what there was to say about it."""

    title: str
    start: float
    end: float
    found: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Timeline:
    """Phases of one run, at least one, in the order of their starts."""

    phases: Sequence[Phase]

    @classmethod
    def of(cls, phases: Sequence[Phase]) -> "Timeline":
        """Times from the first start on."""
        first = min(phase.start for phase in phases)
        moved = [replace(phase, start=phase.start - first, end=phase.end - first) for phase in phases]
        return cls(sorted(moved, key=lambda phase: (phase.start, phase.end)))

    @property
    def seconds(self) -> float:
        """From the first start to the last end."""
        return max(phase.end for phase in self.phases)

    @property
    def overlap(self) -> float:
        """The lengths of all phases, added up, to the time from first to last: 1 where one follows the other.

        Phases side by side share the processors, so alone each would be shorter: it is not what was saved.
        """
        return sum(phase.seconds for phase in self.phases) / self.seconds

    def bars(self) -> Iterator[str]:
        """A line for each phase, then one for all. A phase that is too short for a bar has the shortest one."""
        scale = WIDTH / self.seconds
        for phase in self.phases:
            left = min(int(phase.start * scale), WIDTH - 1)
            length = max(1, round(phase.end * scale) - left)
            bar = f"{' ' * left}{'━' * length}"
            yield f"{bar:{WIDTH}} {phase.seconds:6.1f} s  {phase.title}"
        yield f"{'':{WIDTH}} {self.seconds:6.1f} s  in all; added up {self.overlap * self.seconds:.1f} s"
