"""The same settings give the same bytes, wherever and by whomever they are synthesized."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
EVERY_ENVIRONMENT = """
from pathlib import Path
from settings import ENVIRONMENTS, load
from stacks.app import synthesize
for file in ENVIRONMENTS.glob("*.yaml"):
    outdir = Path("out", file.stem)
    outdir.mkdir(parents=True)
    synthesize(load(file.stem), outdir)
"""


def test_two_machines_synthesize_the_same(tmp_path: Path) -> None:
    """As far as one machine can be two: its Python and its Node.js stay the same."""
    files = sources()
    one = synthesized(tmp_path / "one", files, umask=0o022, time=0, PYTHONHASHSEED="1", TZ="UTC")
    another = synthesized(
        tmp_path / "a folder" / "elsewhere",
        files[::-1],  # the order in which some file systems list them
        umask=0o077,
        time=1_767_225_600,
        PYTHONHASHSEED="2",
        TZ="Asia/Tokyo",
        LC_ALL="C",
    )
    assert one.keys() == another.keys()
    assert [name for name, digest in one.items() if digest != another[name]] == []


def sources() -> list[Path]:
    """What a synth reads, relative to the project: what a clone has, and the dependencies of the functions."""
    generated = {"cdktf.out", "node_modules", "tests"}
    there = [path for path in ROOT.iterdir() if not path.name.startswith(".") and path.name not in generated]
    there += [path for path in (ROOT / ".build" / "functions").iterdir() if path.is_dir()]
    files = [file for path in there for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return sorted(file.relative_to(ROOT) for file in files if "__pycache__" not in file.parts)


def synthesized(folder: Path, files: Sequence[Path], *, umask: int, time: int, **variables: str) -> dict[str, str]:
    """What a copy of the files in `folder` makes of every environment: digests by the file's name.

    `time` is when each was changed last. Fails where a file says where it was made.
    """
    for file in files:
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, copy)
        copy.chmod(0o777 & ~umask)
        os.utime(copy, (time, time))
    done = subprocess.run(
        [sys.executable, "-c", EVERY_ENVIRONMENT],
        cwd=folder,
        env={**os.environ, **variables},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    digests: dict[str, str] = {}
    out = folder / "out"
    for file in filter(Path.is_file, out.rglob("*")):
        content = file.read_bytes()
        named = [place for place in (folder, ROOT, Path(sys.prefix)) if str(place).encode() in content]
        assert named == [], file
        digests[str(file.relative_to(out))] = hashlib.sha256(content).hexdigest()
    # Hundreds of megabytes.
    shutil.rmtree(folder)
    return digests
