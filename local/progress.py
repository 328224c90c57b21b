"""Steps of long work, shown as they go: a spinner on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console


class Progress:
    """Prints one line for each finished step, with its seconds and what it found."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show `title` while the block runs; the block may say what it found by calling what it is given."""
        found: list[str] = []
        start = time.monotonic()
        with self.console.status(title):
            yield found.append
        results = f" [bold]{', '.join(found)}[/bold]" if found else ""
        self.console.print(
            f"[green]✓[/green] {time.monotonic() - start:6.1f} s  {title}{':' if found else ''}{results}",
            soft_wrap=True,
        )
