"""`python -m way_out.synthesis FOLDER ENVIRONMENT…`, run by each candidate's Python in its copy of the sources."""

import sys
from pathlib import Path

from settings import load
from stacks.app import synthesize


def main(folder: Path, environments: list[str]) -> None:
    """As for `main.py`, an environment is a name or a path that ends in .yaml."""
    for environment in environments:
        outdir = folder / Path(environment).stem
        outdir.mkdir(parents=True)
        synthesize(load(environment), outdir)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
