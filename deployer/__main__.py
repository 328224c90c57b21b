"""`python -m deployer ENVIRONMENT`: the policies of whoever deploys, with --plan of whoever plans, with --boundary the
boundary of every role that is made; as JSON, one policy a line.

For somebody other than the roles of the stack `delivery`: attach each line as a managed policy.
"""

import argparse
import sys

from deployer import PolicyTooLarge, boundary, deploying, documents, planning
from settings import InvalidSettings, load


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 2 where the settings are invalid or IAM would not take the policy."""
    parser = argparse.ArgumentParser(prog="python -m deployer", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="what planning needs")
    what.add_argument("--boundary", action="store_true", help="what roles that are made may do at most")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.environment)
        if options.boundary:
            policies = documents("boundary", boundary(settings), most=1)
        elif options.plan:
            policies = documents("plan", planning(settings))
        else:
            policies = documents("deploy", deploying(settings))
    except (InvalidSettings, PolicyTooLarge) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if settings.delivery is None and not (options.plan or options.boundary):
        sys.stderr.write(
            "warning: delivery: absent, so that the roles that are made have no boundary, and whoever has this policy "
            "can let one of them do anything; set it\n"
        )
    sys.stdout.write("".join(f"{policy}\n" for policy in policies))
    return 0


if __name__ == "__main__":
    sys.exit(main())
