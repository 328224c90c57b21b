"""`python -m scan`: synthesize every environment and let checkov check each stack; `make scan` installs checkov."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.package import PackagingError
from scan.checkov import Origin, ScanFailed, scan
from scan.skips import InvalidSkips, read, stale, unskipped
from settings import ENVIRONMENTS, InvalidSettings, Settings, load
from stacks.app import synthesize

ROOT = Path(__file__).parents[1]
SKIPS = Path("scan") / "skips.yaml"
SCANNED = ROOT / ".build" / "scanned"


def main() -> int:
    """Return 0; 1 where a check fails without a reason or a reason without a failed check; 2 where nothing was said."""
    environments = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))
    try:
        skips = read(ROOT / SKIPS)
        stacks = [stack for environment in environments for stack in _synthesize(load(environment))]
        # A run for each stack: what Terraform keeps apart, checkov must not join by name.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            verdicts = list(pool.map(lambda stack: scan(*stack), stacks))
    except (InvalidSkips, InvalidSettings, PackagingError, ScanFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    findings = [finding for verdict in verdicts for finding in verdict.failed]
    failed, unneeded = unskipped(findings, skips), stale(findings, skips)
    lines = [f"{finding}; mend it or give a reason in {SKIPS}" for finding in failed]
    lines += [f"{SKIPS}: stale: {skip}: no such check fails any more; take it out" for skip in unneeded]
    lines.append(
        f"scan: environments={len(environments)} resources={sum(verdict.resources for verdict in verdicts)} "
        f"passed={sum(verdict.passed for verdict in verdicts)} skipped={len(findings) - len(failed)} "
        f"failed={len(failed)}"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if failed or unneeded else 0


def _synthesize(settings: Settings) -> list[tuple[Path, Origin]]:
    """The Terraform JSON of each stack of the environment."""
    folder = SCANNED / settings.environment
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    synthesize(settings, folder)
    return [
        (file, Origin(settings.environment, settings.production, file.parent.name))
        for file in sorted(folder.glob("stacks/*/cdk.tf.json"))
    ]


if __name__ == "__main__":
    sys.exit(main())
