"""`python -m way_out`: synthesize every environment with each candidate and compare; `make way-out` installs them."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from settings import ENVIRONMENTS
from way_out.candidates import BUILD, CANDIDATES, CannotTry, synthesize, synthesize_today
from way_out.comparison import differences
from way_out.listed import FILE, LISTED, stale, unlisted

OUTPUT = BUILD / "output"


def main() -> int:
    """Return 0; 1 where a difference has no reason or a reason no difference; 2 where there was nothing to compare."""
    environments = sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))
    today = OUTPUT / "today"
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = [pool.submit(synthesize_today, environments, today)]
            runs += [pool.submit(synthesize, one, environments, OUTPUT / one.name) for one in CANDIDATES]
        for run in runs:
            run.result()
    except CannotTry as error:
        sys.stderr.write(f"{error}\n")
        return 2
    stacks = len(list(today.glob("*/stacks/*/cdk.tf.json")))
    wrong = False
    for candidate in CANDIDATES:
        found = differences(today, OUTPUT / candidate.name)
        new, gone = unlisted(candidate.name, found, LISTED), stale(candidate.name, found, LISTED)
        known = [one for one in LISTED if candidate.name in one.candidates and one not in gone]
        lines = [f"{difference}; mend it or give a reason in {FILE}" for difference in new]
        lines += [f"{FILE}: stale: {one.at}: is the same now; take it out" for one in gone]
        lines += [f"{one.at}: {one.reason}" for one in known]
        sys.stdout.writelines(f"{candidate.name}: {line}\n" for line in lines)
        sys.stdout.write(
            f"way_out: candidate={candidate.name} environments={len(environments)} stacks={stacks} "
            f"differences={len(found)} listed={len(found) - len(new)} unlisted={len(new)}\n"
        )
        wrong = wrong or bool(new or gone)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
