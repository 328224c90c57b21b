"""Steps of long work, shown as they go: a spinner on a terminal, plain lines elsewhere. Some are done side by side."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.markup import escape

from local.timeline import Phase, Timeline


class Progress:
    """Prints one line for each finished step, with its seconds and what it found, and in the end when each was."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._phases: list[Phase] = []
        self._running: list[str] = []
        self._spinner = console.status("")
        self._changing = threading.RLock()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show `title` while the block runs; the block may say what it found by calling what it is given."""
        found: list[str] = []
        start = time.monotonic()
        with self._shown(title):
            yield found.append
        phase = Phase(title, start, time.monotonic(), tuple(found))
        results = f" [bold]{', '.join(found)}[/bold]" if found else ""
        with self._changing:
            self._phases.append(phase)
            self.console.print(
                f"[green]✓[/green] {phase.seconds:6.1f} s  {title}{':' if found else ''}{results}", soft_wrap=True
            )

    @contextlib.contextmanager
    def beside(self, title: str, work: Callable[[], object], *, interrupt: Callable[[], None]) -> Iterator[None]:
        """Do `work` as a step in a thread of its own beside the block; both have ended when the block has.

        Raises what `work` raises, once the block is done. When the block fails, `interrupt` has to make `work` end.
        """

        def do() -> None:
            with self.step(title):
                work()

        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(do)
            try:
                yield
                done.result()
            except BaseException:
                interrupt()
                raise

    @property
    def phases(self) -> list[Phase]:
        """Those that have ended well so far."""
        return list(self._phases)

    @property
    def timeline(self) -> Timeline:
        """When each finished step was; there must be one."""
        return Timeline.of(self._phases)

    def summarize(self) -> None:
        """Print a bar for each finished step."""
        for line in self.timeline.bars():
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def _shown(self, title: str) -> Iterator[None]:
        with self._changing:
            self._running.append(title)
            self._spin()
        try:
            yield
        finally:
            with self._changing:
                self._running.remove(title)
                self._spin()

    def _spin(self) -> None:
        if self._running:
            self._spinner.update("\n  ".join(map(escape, self._running)))
            self._spinner.start()
        else:
            self._spinner.stop()
