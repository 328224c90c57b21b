"""Deployment packages for AWS Lambda: the same content gives the same bytes, on any machine.

`python -m functions.package install functions/seeder` fetches the dependencies once; `package` needs no network.
"""

import argparse
import base64
import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parents[1] / ".build" / "functions"
PYTHON_VERSION = "3.13"
# Written last by `install`: sha256 of the requirements.txt that the folder was made from.
STAMP = ".requirements.sha256"
# A zip sent with the API call, not through S3 (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
# Nothing is compressed, so that the limit of 250 MB unzipped holds as well.
MAX_BYTES = 50_000_000


class PackagingError(Exception):
    """The package cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Package:
    path: Path
    sha256: str
    """Hexadecimal."""
    source_code_hash: str
    """The same digest in base64, as `aws_lambda_function` compares it."""


def package(function: Path, dependencies: Path, destination: Path, extra: Mapping[str, bytes] | None = None) -> Package:
    """Zip `function`'s code as a Python package of the folder's name, and beside it `dependencies` and `extra`.

    Only names and bytes of the files enter: not times, modes, order or place. Files are stored, not deflated, because
    what deflate gives depends on the zlib that Python was built with. Raises PackagingError.
    """
    if not _installed(function, dependencies):
        raise PackagingError(
            f"{dependencies} does not hold what {function / 'requirements.txt'} asks for; run `make setup`"
        )
    files = {path.relative_to(dependencies).as_posix(): path for path in _dependencies(dependencies)}
    files |= {f"{function.name}/{path.relative_to(function).as_posix()}": path for path in _code(function)}
    content = {name: path.read_bytes() for name, path in files.items()} | dict(extra or {})
    size = sum(len(data) for data in content.values())
    if size > MAX_BYTES:
        largest = max(content, key=lambda name: len(content[name]))
        raise PackagingError(
            f"{destination.name} would be {size / 1e6:.1f} MB, {len(content[largest]) / 1e6:.1f} MB of it {largest}; "
            f"Lambda takes {MAX_BYTES / 1e6:.0f} MB; make that file smaller"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(content):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # stored, unless told otherwise
            member.create_system = 3  # Unix, whatever this machine is: the mode is read by it
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content[name])
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(packed.getvalue())
    digest = hashlib.sha256(packed.getvalue())
    return Package(destination, digest.hexdigest(), base64.b64encode(digest.digest()).decode())


def install(function: Path, build: Path = BUILD) -> Path:
    """Fetch the function's dependencies into a folder of `build`, unless they are there; returns the folder.

    Takes wheels for any platform only: the local AWS runs the package on another Python than AWS does.
    """
    target = build / function.name
    if _installed(function, target):
        return target
    fresh = build / f"{function.name}.partial"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--requirement", str(function / "requirements.txt"), "--target", str(fresh)]
    command += ["--only-binary", ":all:", "--platform", "any", "--implementation", "py"]
    command += ["--python-version", PYTHON_VERSION]
    if subprocess.run(command, check=False).returncode != 0:
        raise PackagingError(f"pip could not install {function / 'requirements.txt'}; its reason is above")
    (fresh / STAMP).write_text(_fingerprint(function), encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return target


def _fingerprint(function: Path) -> str:
    if not (function / "requirements.txt").is_file():
        raise PackagingError(f"{function}: no requirements.txt there; give the folder of a function")
    return hashlib.sha256((function / "requirements.txt").read_bytes()).hexdigest()


def _installed(function: Path, dependencies: Path) -> bool:
    wanted, stamp = _fingerprint(function), dependencies / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


def _code(function: Path) -> Iterator[Path]:
    return (path for path in _files(function) if path != function / "requirements.txt")


def _dependencies(folder: Path) -> Iterator[Path]:
    """Without scripts, which name the machine's Python, and *.dist-info: nothing packed reads its own metadata."""
    for path in _files(folder):
        top = path.relative_to(folder).parts[0]
        if top != "bin" and not top.endswith(".dist-info"):
            yield path


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m functions.package", description="Dependencies of Lambda functions")
    commands = parser.add_subparsers(required=True)
    installing = commands.add_parser("install", help="fetch a function's dependencies; does nothing if they are there")
    installing.add_argument("function", type=Path, help="the function's folder, for example functions/seeder")
    try:
        install(parser.parse_args().function.resolve())
    except PackagingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
