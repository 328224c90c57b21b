"""`python -m dead_letters ENVIRONMENT`: why documents were dead-lettered; with --replay, written after all.

Needs lambda:InvokeFunction on the environment's function, and nothing else.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dead_letters.function import TAKEN, CallFailed, Found, Function
from settings import InvalidSettings, load

# Where there is no terminal, wide enough for most reasons.
WIDTH = 160


def main(arguments: list[str] | None = None) -> int:
    """Return 0; 1 where letters stay after a replay, or the function fails; 2 where what is asked for is invalid."""
    parser = argparse.ArgumentParser(prog="python -m dead_letters", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml")
    parser.add_argument("--table", metavar="KEY", help="only this table of the environment")
    parser.add_argument("--replay", action="store_true", help="write them into their index, once the cause is mended")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.environment)
    except InvalidSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.table not in (None, *settings.tables):
        sys.stderr.write(f"--table: {options.table!r} is not a table here; use one of {', '.join(settings.tables)}\n")
        return 2
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    try:
        with console.status("asking") as status:
            function = Function(settings, moved=lambda letters: status.update(f"{letters:,} letters read"))
            found = function.replay(options.table) if options.replay else function.list(options.table)
    except CallFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stay = sum(reason.count for reason in found.reasons)
    _show(console, found, title=f"{'Stay' if options.replay else 'There'} in {settings.names.prefix}")
    counts = {fate: found.fates[fate] for fate in TAKEN} if options.replay else {"reasons": len(found.reasons)}
    counts["stay" if options.replay else "letters"] = stay
    told = " ".join(f"{name}={count}" for name, count in counts.items())
    console.print(f"dead-letters: environment={settings.environment} {told}", soft_wrap=True)
    return 1 if options.replay and stay else 0


def _show(console: Console, found: Found, *, title: str) -> None:
    if not found.reasons:
        return
    table = Table("index", "why", "from", "to", "for example", title=title, show_lines=True)
    table.add_column("letters", justify="right", no_wrap=True)
    for reason in found.reasons:
        why = reason.reason if reason.message == reason.reason else f"{reason.reason}\n{reason.message}"
        table.add_row(
            reason.index or reason.pipeline,
            # What OpenSearch says may hold anything.
            Text(why),
            reason.first,
            reason.last,
            Text("\n".join(reason.examples)),
            f"{reason.count:,}",
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
