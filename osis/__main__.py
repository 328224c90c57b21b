# ruff: noqa: T201 - printing is what a command does
"""`python -m osis check FILE... [--region REGION]`: is this a body that OpenSearch Ingestion runs?"""

import argparse
import os
import sys
from pathlib import Path

from osis.check import check

MOST_BYTES = 1_000_000


class Unreadable(Exception):
    """Why a file gives no text."""


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where every file is a valid body (warnings allowed), 1 where one is not, 2 where one cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m osis", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("check", help="check Data Prepper pipelines from DynamoDB to OpenSearch")
    command.add_argument("files", nargs="+", metavar="FILE", help="a YAML file, or - for standard input")
    command.add_argument("--region", help="the AWS Region where the pipeline runs")
    options = parser.parse_args(arguments)
    return max(_check(file, options.region, several=len(options.files) > 1) for file in options.files)


def _check(file: str, region: str | None, *, several: bool) -> int:
    prefix = f"{file}: " if several else ""
    try:
        problems = check(_read(file), region)
    except Unreadable as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"{prefix}{problem}")
    if any(problem.severity == "error" for problem in problems):
        return 1
    print(f"{prefix}ok")
    return 0


def _read(file: str) -> str:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(content) > MOST_BYTES:
            raise Unreadable(f"is larger than {MOST_BYTES:,} bytes; no pipeline body is") from None
        raise Unreadable(f"is not UTF-8 text (byte {error.start})") from None
    except (OSError, ValueError) as error:
        raise Unreadable(getattr(error, "strerror", None) or str(error)) from None


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
