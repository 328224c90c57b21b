"""`python -m dashboards ENVIRONMENT` as a process, and what the package loads."""

import subprocess
import sys
from pathlib import Path

from dashboards import check
from settings import load

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> tuple[int, bytes, str]:
    done = subprocess.run(
        [sys.executable, "-m", "dashboards", *arguments], cwd=ROOT, capture_output=True, timeout=600, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def test_prints_what_the_environment_ships() -> None:
    code, printed, complaint = run("local")
    assert (code, printed, complaint) == (0, load("local").saved_objects, "")
    assert check(printed) == ()


def test_invalid_settings(tmp_path: Path) -> None:
    text = (ROOT / "environments" / "local.yaml").read_text()
    assert "amount: total" in text
    file = tmp_path / "broken.yaml"
    file.write_text(text.replace("amount: total", "amount: status"))
    code, printed, complaint = run(str(file))
    assert (code, printed) == (2, b"")
    assert complaint.startswith(f"{file}: tables.orders.overview.amount: 'status' is keyword, not byte")
    assert len(complaint.splitlines()) == 1


def test_usage() -> None:
    code, printed, complaint = run()
    assert (code, printed) == (2, b"")
    assert "the following arguments are required: ENVIRONMENT" in complaint


def test_output_that_nobody_reads() -> None:
    command = f"{sys.executable} -m dashboards local | true"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, timeout=600, check=False)
    assert done.stderr == b""


def test_needs_only_pydantic() -> None:
    script = "import dashboards, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"boto3", "cdktf", "jsii", "osis", "settings", "stacks", "yaml"}
