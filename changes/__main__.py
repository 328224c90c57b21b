"""`python -m changes record [BASE...] | release`: what a change of a setting does, and what to upgrade from."""

import argparse
import shutil
import sys
from pathlib import Path

from changes.alternatives import BASES
from changes.effects import effects
from changes.record import record, recorded
from changes.release import release
from local import tools

LOCAL = Path(__file__).parents[1] / ".local" / "changes"


def main(arguments: list[str] | None = None) -> int:
    """Return 0. Raises `tools.MissingToolError` and planning.CannotPlan."""
    parser = argparse.ArgumentParser(prog="python -m changes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("record", help="plan every setting changed alone; `make docs` then writes the table")
    command.add_argument("bases", nargs="*", metavar="BASE", help=f"only these of: {', '.join(BASES)}")
    commands.add_parser("release", help="take what is synthesized now for what the next release is upgraded from")
    options = parser.parse_args(arguments)
    if options.command == "release":
        release(LOCAL)
        return 0
    tools.require(tools.terraform, tools.node)
    for base in options.bases or BASES:
        shutil.rmtree(LOCAL, ignore_errors=True)
        found = effects([base], LOCAL)
        record({**recorded(), **found})
        sys.stdout.write(f"changes: base={base!r} settings={len(found[base])}\n")
        sys.stdout.flush()
    shutil.rmtree(LOCAL, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
