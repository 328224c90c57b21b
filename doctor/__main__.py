"""`python -m doctor ENVIRONMENT`: whether a deployment of the environment would fail, and the way out."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.markup import escape

import deployer
from doctor import access, machine, names, permissions, quotas, state
from doctor.finding import Finding, bad, looked
from local import tools
from settings import InvalidSettings, Settings, load

ROOT = Path(__file__).parent.parent
SIGNS = {"good": "[green]ok[/green]     ", "bad": "[red]FAILED[/red] ", "unknown": "[yellow]unknown[/yellow]"}


def main(arguments: list[str] | None = None) -> int:
    """Return 0; 1 where something would fail; 2 where the settings are invalid."""
    parser = argparse.ArgumentParser(prog="python -m doctor", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.environment)
    except InvalidSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    console = Console(highlight=False)
    counts = {"good": 0, "bad": 0, "unknown": 0}
    for finding in _findings(settings):
        counts[finding.verdict] += 1
        console.print(_line(finding), soft_wrap=True)
    console.print(
        f"doctor: environment={settings.environment} good={counts['good']} failed={counts['bad']} "
        f"unknown={counts['unknown']}",
        soft_wrap=True,
    )
    return 1 if counts["bad"] else 0


def _line(finding: Finding) -> str:
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{SIGNS[finding.verdict]} {finding.check}: {escape(finding.found)}{escape(remedy)}"


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from machine.programs()
    yield machine.command_line(ROOT)
    yield machine.provider(tools.provider_mirror())
    try:
        session = boto3.Session(region_name=settings.region)
    except BotoCoreError as error:
        yield bad("credentials", str(error), "correct AWS_PROFILE or the AWS configuration file")
        return
    yield from of_account(session, settings)


def of_account(session: boto3.Session, settings: Settings) -> Iterator[Finding]:
    """Everything that AWS knows; nothing more where nobody calls, or somebody of another account."""

    def client(service: str) -> Any:
        # Untyped, for the stubs want the service's name as a literal.
        make: Any = session.client
        return make(service, config=Config(retries={"total_max_attempts": 2}, connect_timeout=10))

    caller, found = access.caller(client("sts"), settings.account_id)
    yield from found
    if caller is None:
        return
    s3, osis, opensearch, iam = (client(service) for service in ("s3", "osis", "opensearch", "iam"))
    yield from looked("region", access.region, client("ec2"), settings.region)
    yield from looked("state bucket", state.bucket, s3, settings)
    yield from looked("Lambda concurrency", quotas.concurrency, client("lambda"), settings)
    yield from looked("pipelines", quotas.pipelines, osis, settings)
    yield from looked("domain", quotas.domains, opensearch, settings)
    yield from looked("instances", quotas.instances, opensearch, settings)
    yield from looked("log policies", quotas.log_policies, client("logs"), settings)
    yield from looked("bucket name", names.buckets, s3, settings)
    yield from looked("Cognito prefix", names.sign_in_prefix, client("cognito-idp"), settings)
    yield from looked("domain name", names.domain, opensearch, settings)
    yield from looked("pipeline name", names.pipelines, osis, settings)
    yield from looked("table name", names.tables, client("dynamodb"), settings)
    yield from looked("service-linked role", permissions.service_linked_roles, iam, settings)
    yield from looked("permissions", permissions.simulated, iam, caller, list(deployer.deploying(settings)))


if __name__ == "__main__":
    sys.exit(main())
