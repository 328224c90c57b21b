"""`python -m dashboards ENVIRONMENT`: print the saved objects that the environment gives to Dashboards, as NDJSON."""

import argparse
import os
import sys

from settings import InvalidSettings, load


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 2 where the environment's settings are invalid."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml")
    options = parser.parse_args(arguments)
    try:
        ndjson = load(options.environment).saved_objects
    except InvalidSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.buffer.write(ndjson)
    return 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
