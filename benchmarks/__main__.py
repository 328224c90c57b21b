"""`python -m benchmarks synth`: measure, and print each pair and the medians; see benchmarks/README.md."""

import argparse
import sys

from benchmarks import freshness, local_aws, seeding, synth
from benchmarks.pairs import CommandFailed
from local.processes import NotReadyError
from local.tools import MissingToolError

BENCHMARKS = {
    "freshness": (freshness.low_rate, freshness.high_rate, freshness.export),
    "local-aws": (local_aws.phases,),
    "seeding": (seeding.beside_batch_writer, seeding.throttled, seeding.growth),
    "synth": (synth.beside_the_sample, synth.many_tables),
}
FEWEST_PAIRS = 5


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 2 where nothing could be measured: a time alone is never a failure, machines differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--pairs", type=_pairs, default=FEWEST_PAIRS, help=f"how many, {FEWEST_PAIRS} at least")
    options = parser.parse_args(arguments)
    try:
        for measure in BENCHMARKS[options.benchmark]:
            measure(options.pairs)
    except (CommandFailed, FileNotFoundError, MissingToolError, NotReadyError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _pairs(text: str) -> int:
    pairs = int(text)
    if pairs < FEWEST_PAIRS:
        raise argparse.ArgumentTypeError(f"{pairs} are too few for a median; take {FEWEST_PAIRS} or more")
    return pairs


if __name__ == "__main__":
    sys.exit(main())
