"""``python -m local.emulator --config FILE.json``: serves the local AWS until SIGTERM."""

import argparse
from pathlib import Path

from local.emulator.configuration import Configuration
from local.emulator.server import run

parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
parser.add_argument("--config", type=Path, required=True, help="JSON file with the fields of Configuration")
run(Configuration.model_validate_json(parser.parse_args().config.read_text()))
