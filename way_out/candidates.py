"""What the app may become: the packages, the sources as they are for them, and the Terraform JSON that comes out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build" / "way_out"
RENAME = Path(__file__).with_name("rename.sed")


class CannotTry(Exception):
    """Nothing came out to compare; the message says why, and what to do where something is missing."""


@dataclass(frozen=True)
class Candidate:
    """Its packages are in `way_out/<name>.txt`; `make way-out` installs them into an environment of their own."""

    name: str
    renamed: bool
    """Whether the sources are first changed by `rename.sed`."""

    @property
    def python(self) -> Path:
        return BUILD / "environments" / self.name / "bin" / "python"


CANDIDATES = (Candidate("aws-6", renamed=False), Candidate("cdktn", renamed=True))


def synthesize(candidate: Candidate, environments: Sequence[str], outdir: Path) -> None:
    """Write a folder for each environment to `outdir`, in the place of what is there. Raises CannotTry."""
    if not candidate.python.exists():
        raise CannotTry(
            f"way_out/{candidate.name}.txt is not installed in {candidate.python.parents[1]}; run `make way-out`"
        )
    sources = BUILD / "sources" / candidate.name
    copy(sources)
    if candidate.renamed:
        rename(sources)
    _run(candidate.python, sources, environments, outdir)


def synthesize_today(environments: Sequence[str], outdir: Path) -> None:
    """The same of the app as it is."""
    _run(Path(sys.executable), ROOT, environments, outdir)


def copy(destination: Path) -> None:
    """What a synth reads: our packages, the settings, and the functions' dependencies where they are."""
    shutil.rmtree(destination, ignore_errors=True)
    # Names that begin with a dot are tools' own, .build among them, in which the copy lies.
    others = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "cdktf.out", "docs", "tests")
    shutil.copytree(ROOT, destination, ignore=others)
    (destination / ".build").mkdir()
    (destination / ".build" / "functions").symlink_to(ROOT / ".build" / "functions")


def rename(sources: Path) -> None:
    """Apply `rename.sed` to every Python file below the folder."""
    for file in sources.rglob("*.py"):
        # Without -i, which BSD's and GNU's sed write differently.
        changed = subprocess.run(["sed", "-f", RENAME, file], capture_output=True, check=True).stdout  # noqa: S607
        file.write_bytes(changed)


def _run(python: Path, sources: Path, environments: Sequence[str], outdir: Path) -> None:
    shutil.rmtree(outdir, ignore_errors=True)
    done = subprocess.run(
        [python, "-m", "way_out.synthesis", outdir, *environments],
        cwd=sources,
        # None of our packages from elsewhere, and no folder that the CDKTF CLI has named.
        env={key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "CDKTF_OUTDIR"}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotTry(f"{python}: the synth ended with {done.returncode}: {done.stderr}")
