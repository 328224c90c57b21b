"""The front door: environment -> settings -> stacks -> cdktf.out."""

import os
import sys

from deployer import PolicyTooLarge
from functions.package import PackagingError
from settings import InvalidSettings, load


def main() -> int:
    try:
        settings = load(os.environ.get("ENVIRONMENT", "dev"))
        for warning in settings.warnings:
            sys.stderr.write(f"warning: {warning}\n")
        # Only now: loading CDKTF takes most of a synth.
        from stacks.app import synthesize  # noqa: PLC0415

        synthesize(settings)
    except (InvalidSettings, PackagingError, PolicyTooLarge) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
