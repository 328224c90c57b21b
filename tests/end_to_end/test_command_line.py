"""The README's way to AWS with the CDKTF command line, on the local AWS: from an empty account to an empty account.

Only the domain is somebody else's: the provider waits ten minutes for one that it makes.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import processes
from local.deployment import ROOT, TABLE, Deployment, deployment

# What `make cdktf` installs.
PROGRAM = ROOT / "node_modules" / ".bin" / "cdktf"
LIMIT_SECONDS = 300
STACKS = ["pipeline", "seeding", "state"]
DOMAIN = "company-search"
ITEMS = 20
ENVIRONMENT: dict[str, Any] = {
    "deletion_protection": False,
    "existing_domain": {"reader_roles": []},
    "tables": {
        TABLE: {
            "existing": None,
            "stream_view": None,
            "partition_key": {"name": "order_id", "type": "S"},
            "seeding": {"items": ITEMS},
        }
    },
}
# How a service is asked for what it has: operation, list in the answer, and the name of what is in the list.
LISTS = {
    "cloudwatch": ("describe_alarms", "MetricAlarms", "AlarmName"),
    "dynamodb": ("list_tables", "TableNames", None),
    "iam": ("list_roles", "Roles", "RoleName"),
    "lambda": ("list_functions", "Functions", "FunctionName"),
    "logs": ("describe_log_groups", "logGroups", "logGroupName"),
    "opensearch": ("list_domain_names", "DomainNames", "DomainName"),
    "osis": ("list_pipelines", "Pipelines", "PipelineName"),
    "s3": ("list_buckets", "Buckets", "Name"),
}


@dataclass(frozen=True)
class CommandLine:
    """`cdktf` in the deployment's folder, as if that were the project's."""

    system: Deployment

    def __post_init__(self) -> None:
        for name in ("cdktf.json", "main.py", "node_modules", "package.json"):
            (self.system.directory / name).symlink_to(ROOT / name)
        (self.system.directory / ".venv").symlink_to(sys.prefix)

    def run(self, *arguments: str) -> str:
        """What it prints, without colours. Fails where it does."""
        directory = self.system.directory
        number = len(list(directory.glob("cdktf-*.log"))) + 1
        child = processes.start(
            f"cdktf {' '.join(arguments)}",
            ["npx", "cdktf", *arguments],
            log=directory / f"cdktf-{number}.log",
            directory=directory,
            environment=self._environment,
        )
        with processes.running(child):
            code = child.wait(LIMIT_SECONDS)
        said = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", child.log.read_text())
        assert code == 0, f"{child.name} ended with code {code}\n{said}"
        return said

    @property
    def _environment(self) -> dict[str, str]:
        environment = {
            **self.system.environment,
            "ENVIRONMENT": f"{self.system.environment_name}.yaml",
            # Else it keeps the providers in the home folder of whoever runs the test.
            "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
            "CI": "1",
            "DISABLE_VERSION_CHECK": "1",
        }
        # The command line itself answers what Terraform asks.
        del environment["TF_INPUT"]
        return environment


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Deployment]:
    if not PROGRAM.exists():
        pytest.skip("the CDKTF command line is not here: make cdktf")
    with deployment(tmp_path, "embedded", "existing") as system:
        system.configure(**ENVIRONMENT)
        names = system.settings.names
        system.await_node()
        system.aws.client("opensearch").create_domain(
            DomainName=DOMAIN,
            EngineVersion="OpenSearch_2.19",
            AdvancedSecurityOptions={
                "Enabled": True,
                "InternalUserDatabaseEnabled": False,
                # What its owners do in its security plugin for our set-up function.
                "MasterUserOptions": {"MasterUserARN": names.role_arn(names.search_setup_role)},
            },
        )
        yield system


def there(system: Deployment) -> dict[str, set[str]]:
    """What the account has, by service."""
    found: dict[str, set[str]] = {}
    for service, (operation, key, name) in LISTS.items():
        answer = getattr(system.aws.client(service), operation)()
        found[service] = {one[name] if name else one for one in answer[key]}
    return found


def test_from_nothing_to_nothing(system: Deployment) -> None:
    shutil.rmtree(system.directory / "cdktf.out")
    before = there(system)
    cdktf = CommandLine(system)
    # The provider's checksums would come from its registry, which this machine may not reach: docs/terraform.md.
    no_lock = "--skip-provider-lock"

    assert re.findall(r"^(\w+) +cdktf\.out/", cdktf.run("list"), re.MULTILINE) == STACKS
    assert f"Generated Terraform code for the stacks: {', '.join(STACKS)}" in cdktf.run("synth")

    # The bucket first, with its state in a file; then the state moves in, and everything else is made.
    assert re.search(r"Plan: \d+ to add, 0 to change, 0 to destroy", cdktf.run("diff", "state", no_lock))
    cdktf.run("deploy", "state", "--auto-approve", no_lock)
    system.configure(state={"backend": "s3"})
    said = cdktf.run("deploy", "*", "--migrate-state", "--auto-approve", no_lock)
    applied = re.findall(r"Apply complete! Resources: (\d+) added, (\d+) changed, (\d+) destroyed", said)
    assert applied[0] == ("0", "0", "0"), "the state stack found its own resources in the state that moved"
    assert len(applied) == len(STACKS)
    assert ends(said, "pipeline") < begins(said, "seeding")
    objects = system.aws.client("s3").list_objects_v2(Bucket=system.settings.names.state_bucket)["Contents"]
    assert {one["Key"] for one in objects} == {f"existing/{stack}.tfstate" for stack in STACKS}

    assert len(system.items()) == ITEMS
    system.wait_until_same()
    assert "No changes. Your infrastructure matches the configuration." in cdktf.run("diff", "pipeline", no_lock)
    cdktf.run("output", "pipeline", "state", "--outputs-file", "outputs.json", no_lock)
    outputs = json.loads((system.directory / "outputs.json").read_text())
    assert outputs["pipeline"]["tables"] == {TABLE: system.table_name()}
    assert outputs["state"] == {"bucket": system.settings.names.state_bucket}

    cdktf.run("destroy", "seeding", "pipeline", "--auto-approve", no_lock)
    names = system.settings.names
    assert there(system) == before | {"s3": {names.access_log_bucket, names.state_bucket}}
    # What Terraform leaves, taken away by hand as docs/runbooks.md tells.
    for name in (names.state_bucket, names.access_log_bucket):
        empty_and_delete(system, name)
    assert there(system) == before
    assert system.refusals() == []


def begins(said: str, stack: str) -> int:
    """Where in what was printed the first resource of a stack is made."""
    found = re.search(rf"^{stack} .*: Creating\.\.\.", said, re.MULTILINE)
    assert found, f"nothing of {stack} was made"
    return found.start()


def ends(said: str, stack: str) -> int:
    """Where the last one was."""
    return [found.start() for found in re.finditer(rf"^{stack} .*: Creation complete", said, re.MULTILINE)][-1]


def empty_and_delete(system: Deployment, bucket: str) -> None:
    s3 = system.aws.client("s3")
    versions = s3.list_object_versions(Bucket=bucket)
    for one in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=bucket)
