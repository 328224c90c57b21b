"""`python -m local demo | prove-policies | up | down`: the whole system on this machine; the demo also on AWS."""

import argparse
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local import demo, on_aws, processes, proof, tools
from local.deployment import ROOT, Deployment, preflight
from local.engine import Kind
from local.progress import Progress
from local.terraform import TerraformError
from settings import InvalidSettings

RUNS = ROOT / ".local"
UP = RUNS / "up"
SESSION = UP / "session.json"
HOLDER = UP / "holder.pid"
# From nothing to every item searchable takes about three minutes on two cores.
UP_LIMIT_SECONDS = 1800
# Engines, emulator and node have their grace one after the other.
DOWN_LIMIT_SECONDS = 180

console = Console(highlight=False)


def run_demo(engine: Kind) -> int:
    """Deploy, move data, compare, tear down. The folder of the run is kept when something failed."""
    directory, progress = _directory("demo", engine), Progress(console)
    with demo.deployed(directory, engine, progress) as system:
        demo.change(system, progress)
        result = demo.verify(system, progress)
    progress.summarize()
    if result.good:
        shutil.rmtree(directory)
    console.print(
        f"demo: items={result.items} documents={result.documents} differences={result.differences} "
        f"panels={result.panels} denied={result.denied} lag_seconds={result.lag_seconds:.1f} engine={engine}",
        soft_wrap=True,
    )
    return 0 if result.good else 1


def run_on_aws(environment: str, *, yes: bool, destroy: bool) -> int:
    """The same in the account of an environment. Return 2 where the demo does not touch that."""
    RUNS.mkdir(exist_ok=True)
    try:
        return on_aws.run(environment, RUNS, console, yes=yes, destroy=destroy)
    except (InvalidSettings, on_aws.Refused) as error:
        console.print(str(error), markup=False, soft_wrap=True)
        return 2
    except (BotoCoreError, ClientError) as error:
        console.print(f"{type(error).__name__}: {error}", markup=False, soft_wrap=True)
        return 1


def prove_policies(engine: Kind) -> int:
    """Deploy, then take each permission away in turn. The folder of the run is kept when the proof fails."""
    directory, progress = _directory("proof", engine), Progress(console)
    with demo.deployed(directory, engine, progress) as system:
        result = proof.prove(system, progress)
    for problem in result.problems:
        console.print(problem, markup=False, soft_wrap=True)
    if result.holds:
        shutil.rmtree(directory)
    console.print(result.summary, soft_wrap=True)
    return 0 if result.holds else 1


def _directory(name: str, engine: Kind) -> Path:
    RUNS.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=RUNS))
    console.print(f"The system on this machine, engine: {engine}. Logs: {directory}", soft_wrap=True)
    return directory


def up(engine: Kind) -> int:
    """Deploy in a process of its own that stays, and show its progress until everything is there."""
    lock = _lock()
    if lock is None:
        if not SESSION.exists():
            console.print(f"It is coming up or ending; `make down` ends it. Logs: {UP}", soft_wrap=True)
            return 1
        console.print("It is up already; `make down` ends it.")
        _describe(json.loads(SESSION.read_text()))
        return 0
    shutil.rmtree(UP, ignore_errors=True)
    UP.mkdir()
    log = UP / "up.log"
    with log.open("wb") as output:
        holder = subprocess.Popen(
            [sys.executable, "-m", "local", "hold", "--engine", engine],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Locked until both of us have ended.
            pass_fds=(lock,),
        )
    try:
        processes.publish(str(holder.pid), HOLDER)
        with log.open(errors="replace") as said:

            def settled() -> bool:
                over = SESSION.exists() or holder.poll() is not None
                sys.stdout.write(said.read())
                return over

            processes.wait_until(settled, limit_seconds=UP_LIMIT_SECONDS, what="everything is there")
    except BaseException:
        # The end of its standard input ends it.
        holder.communicate()
        raise
    if not SESSION.exists():
        console.print(f"It did not come up; logs are in {UP}", soft_wrap=True)
        return 1
    _describe(json.loads(SESSION.read_text()))
    return 0


def hold(engine: Kind) -> int:
    """What `up` starts: deploys, says where everything is, and stays until SIGTERM. Ends with `up` until then."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    progress = Progress(console)
    with demo.deployed(UP, engine, progress) as system:
        progress.summarize()
        processes.publish(json.dumps(_session(system)), SESSION)
        while True:
            signal.pause()


def _end_with_starter() -> None:
    """End, unless everything is there, when `up` does: it holds the other end of our standard input, to its death."""
    os.read(sys.stdin.fileno(), 1)
    if not SESSION.exists() and (main_thread := threading.main_thread().ident):
        signal.pthread_kill(main_thread, signal.SIGTERM)


def down() -> int:
    if _lock() is None:
        processes.wait_until(HOLDER.exists, limit_seconds=60, what=f"{HOLDER} says which process to end")
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(HOLDER.read_text()), signal.SIGTERM)
        processes.wait_until(_lock, limit_seconds=DOWN_LIMIT_SECONDS, what="everything has ended")
        console.print("Everything has ended.")
    else:
        console.print("Nothing is up.")
    shutil.rmtree(UP, ignore_errors=True)
    return 0


def _lock() -> int | None:
    """A descriptor with the lock of `up` and `down`, for as long as it is open; None where another process has it."""
    RUNS.mkdir(exist_ok=True)
    # The folder itself: a file would be left, and with a process id alone the process may be another by now.
    descriptor = os.open(RUNS, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _session(system: Deployment) -> dict[str, object]:
    return {
        "environment": {**system.aws.environment, "AWS_REGION": system.settings.region},
        "search": _search_command(system),
        "mails": str(system.aws.outbox),
        "outputs": system.terraform("pipeline").outputs(),
        "logs": str(UP),
    }


def _search_command(system: Deployment) -> str:
    environment = system.aws.environment
    signature = f"--aws-sigv4 aws:amz:{system.settings.region}:es"
    user = f"--user {environment['AWS_ACCESS_KEY_ID']}:{environment['AWS_SECRET_ACCESS_KEY']}"
    url = f"'https://{system.aws.domain_endpoint}/_search?size=1'"
    return f"curl --cacert {shlex.quote(str(system.aws.ca_file))} {signature} {user} {url}"


def _describe(session: dict[str, object]) -> None:
    """Print the session as a person wants it: lines to paste into a shell, then where things are."""
    environment, outputs = session["environment"], session["outputs"]
    if not isinstance(environment, dict) or not isinstance(outputs, dict):
        raise TypeError(f"{SESSION} is not one of ours; remove it")
    lines = [f"export {name}={value}" for name, value in environment.items()]
    lines += [f"{name}: {value}" for name, value in outputs.items()]
    lines += [
        f"search: {session['search']}",
        f"what Cognito mailed, temporary passwords included: {session['mails']}",
        f"logs: {session['logs']}",
        "end it with: make down",
    ]
    # A command that is folded cannot be pasted.
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=("demo", "prove-policies", "up", "down", "hold"))
    parser.add_argument(
        "--engine",
        choices=("embedded", "data-prepper"),
        help="default: Data Prepper where DATA_PREPPER_HOME or Docker is found, else the embedded engine",
    )
    parser.add_argument("--on", choices=("local", "aws"), default="local", help="where the demo is; default: local")
    parser.add_argument("--environment", default="local", help="what the demo makes on aws")
    parser.add_argument("--yes", action="store_true", help="make it, and pay for it")
    parser.add_argument("--destroy", action="store_true", help="only end a demo on aws that did not come to its end")
    arguments = parser.parse_args()
    # Ctrl-C and SIGTERM both unwind every `with` block on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments.command == "down":
            return down()
        if arguments.command == "demo" and arguments.on == "aws":
            return run_on_aws(arguments.environment, yes=arguments.yes, destroy=arguments.destroy)
        preflight()
        engine: Kind = arguments.engine or ("data-prepper" if tools.data_prepper() else "embedded")
        return {"demo": run_demo, "prove-policies": prove_policies, "up": up, "hold": hold}[arguments.command](engine)
    except KeyboardInterrupt:
        console.print("Interrupted; everything that was started on this machine has ended.")
        return 130
    except (tools.MissingToolError, processes.NotReadyError, TerraformError, RuntimeError) as error:
        console.print(f"[red]{type(error).__name__}[/red]: ", end="")
        console.print(str(error), markup=False, soft_wrap=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
