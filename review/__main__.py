"""`python -m review plan | apply | environments`: plans that are saved, summed up, and applied as they are."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deployer import ADMINISTERED
from functions.package import PackagingError
from local import processes, tools
from review.changes import Plan
from review.deployed import deployed
from review.empty_account import empty_account, moved_in
from review.stacks import IN_FULL, NothingSaved, plans, stacks
from review.summary import Plans, markdown, one_line
from settings import InvalidSettings, Settings, load

ROOT = Path(__file__).parents[1]
OUT = ROOT / "cdktf.out"
LOCAL = ROOT / ".local" / "plan"
SUMMARY = "plan.md"
FROM_NOTHING = (
    "From nothing, on the local AWS: no credentials were there, and nothing but what the settings call existing."
)


def main(arguments: list[str] | None = None) -> int:
    """Return 0; 1 where something failed; 2 for invalid settings, or as `terraform plan -detailed-exitcode` does."""
    parser = argparse.ArgumentParser(prog="python -m review", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("plan", help=f"plan every stack; the summary is {SUMMARY} beside the plans")
    command.add_argument(
        "environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml"
    )
    command.add_argument("--local", action="store_true", help="from nothing on the local AWS, without credentials")
    command.add_argument(
        "--detailed-exitcode", action="store_true", help="as Terraform's: 0 nothing to do, 1 failed, 2 changes"
    )
    commands.add_parser(
        "apply", help=f"apply what is saved in {OUT.name}, in order, except {' and '.join(ADMINISTERED)}"
    )
    command = commands.add_parser("environments", help="what a repository's workflows deploy, JSON for their matrix")
    command.add_argument("--repository", required=True, metavar="OWNER/NAME")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "plan":
                return _plan(load(options.environment), local=options.local, detailed=options.detailed_exitcode)
            case "apply":
                return _apply()
            case _:
                sys.stdout.write(f"{json.dumps(deployed(options.repository))}\n")
                return 0
    except (InvalidSettings, PackagingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1 if options.command == "plan" and options.detailed_exitcode else 2
    except (tools.MissingToolError, processes.NotReadyError, NothingSaved, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _plan(settings: Settings, *, local: bool, detailed: bool) -> int:
    tools.require(tools.terraform, tools.node)
    if local:
        directory = LOCAL / settings.environment
        shutil.rmtree(directory, ignore_errors=True)
        outdir, made = directory / OUT.name, _plans_from_nothing(settings, directory)
    else:
        shutil.rmtree(OUT, ignore_errors=True)
        outdir, made = OUT, _plans(settings)
    text = markdown(settings.environment, made, note=FROM_NOTHING if local else "")
    (outdir / SUMMARY).write_text(text)
    sys.stdout.write(f"{text}\nIn full: {outdir}/stacks/*/{IN_FULL}\n{one_line(settings.environment, made)}\n")
    if any(isinstance(plan, str) for plan in made.values()):
        return 1
    return 2 if detailed and any(isinstance(plan, Plan) and plan.changed for plan in made.values()) else 0


def _plans(settings: Settings) -> Plans:
    """With the credentials that there are, and the state that there is."""
    _synthesize(settings, OUT)
    return plans(stacks(OUT, _variables()))


def _plans_from_nothing(settings: Settings, directory: Path) -> Plans:
    settings = moved_in(settings)
    _synthesize(settings, directory / OUT.name)
    with empty_account(settings, directory) as variables:
        return plans(stacks(directory / OUT.name, variables))


def _apply() -> int:
    if not OUT.is_dir():
        raise NothingSaved(f"{OUT}: is missing; plan first: python -m review plan ENVIRONMENT")
    tools.require(tools.terraform)
    for stack in stacks(OUT, _variables()):
        if stack.name in ADMINISTERED:
            sys.stdout.write(f"{stack.name}: left to an administrator\n")
        else:
            stack.apply()
    return 0


def _variables() -> dict[str, str]:
    return {**os.environ, **tools.terraform_environment(OUT)}


def _synthesize(settings: Settings, outdir: Path) -> None:
    # Only now: to load CDKTF takes longer than all that the other commands do.
    from stacks.app import synthesize  # noqa: PLC0415

    outdir.mkdir(parents=True)
    synthesize(settings, outdir)


if __name__ == "__main__":
    sys.exit(main())
