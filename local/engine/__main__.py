"""The embedded engine as a process: ``python -m local.engine --body FILE --directory DIR``.

Ends with 0 on SIGTERM, when what was read has been delivered; with 2 when it refuses the body, one line per reason.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import osis
from local.engine import REFUSED
from local.engine.indices import UnusableIndexError
from local.engine.pipeline import Pipeline, UnsupportedTableError
from local.engine.support import UnsupportedBodyError, plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.engine", description="Runs one pipeline body.")
    parser.add_argument("--body", type=Path, required=True, help="the Data Prepper pipeline, YAML")
    parser.add_argument("--directory", type=Path, required=True, help="where the checkpoint is kept")
    arguments = parser.parse_args()
    try:
        planned = plan(osis.parse(arguments.body.read_text()))
    except osis.InvalidBody as error:
        return _refuse(f"{problem.path}: {problem.message}" for problem in error.problems)
    except UnsupportedBodyError as error:
        return _refuse(error.reasons)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for library in ("opensearch", "botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.ERROR)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.getLogger("local.engine").info("pipeline %s started", planned.pipeline)
    try:
        Pipeline(planned, arguments.directory, stop).run()
    except (UnsupportedTableError, UnusableIndexError) as error:
        return _refuse([str(error)])
    return 0


def _refuse(reasons: Iterable[str]) -> int:
    for reason in reasons:
        sys.stderr.write(f"{reason}\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
