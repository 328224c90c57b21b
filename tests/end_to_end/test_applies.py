"""Applies that meet and applies that are ended in the middle, and what docs/troubleshooting.md tells to do then."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local import domain, processes, tools
from local.deployment import Deployment, deployment
from local.terraform import LIMIT_SECONDS, Terraform, TerraformError

SECONDS = 300
# By the end of the function's name.
FUNCTIONS = {
    "search-setup": "aws_lambda_function.search_setup_setup_function",
    "dead-letters": "aws_lambda_function.dead_letters_replay_function",
}
EXISTS = re.compile(
    r"""^Error:\ creating\ .+?\ \((?P<name>[^)\s]+)\):  # provider's words: kind and name
        [^\n]*(?:Exist|InUse|Conflict|already)[^\n]*\n\n
        \ \ with\ (?P<address>\S+),$""",
    re.MULTILINE | re.VERBOSE,
)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Deployment]:
    """Nothing but the bucket of the states."""
    with deployment(tmp_path, "embedded") as system:
        system.make_state_bucket()
        yield system


def with_domain(system: Deployment) -> Terraform:
    """The pipeline stack before its first apply, with nothing but the domain in its state.

    The provider waits ten minutes for one that it makes.
    """
    stack, settings = system.terraform("pipeline"), system.settings
    stack.init()
    assert settings.domain is not None
    system.await_node()
    client = system.aws.client("opensearch")
    client.create_domain(DomainName=settings.names.domain, EngineVersion=settings.domain.engine_version)
    stack.command("import", domain.ADDRESS, settings.names.domain)
    return stack


def begin(stack: Terraform) -> processes.Child:
    """An apply that goes on while the test does."""
    with processes.scratch("terraform-") as scratch:
        return processes.start(
            "terraform apply",
            [tools.terraform(), "apply", "-no-color", "-auto-approve"],
            log=stack.log.with_suffix(".first.log"),
            directory=stack.directory,
            # By default Terraform writes the state every twenty seconds: of what it has made since, nobody knows.
            environment={**stack.environment, "TF_STATE_PERSIST_INTERVAL": str(LIMIT_SECONDS)},
            scratch=scratch,
        )


def send(child: processes.Child, number: signal.Signals) -> None:
    """To Terraform and its providers, as a terminal does Ctrl-C."""
    found = subprocess.run(["pgrep", "-P", str(child.guard.pid)], capture_output=True, text=True, check=True)  # noqa: S607
    os.killpg(int(found.stdout), number)


def lock(system: Deployment, stack: str) -> dict[str, Any] | None:
    """Who holds the state of a stack."""
    s3, bucket = system.aws.client("s3"), system.settings.names.state_bucket
    key = f"{system.environment_name}/{stack}.tfstate.tflock"
    if not s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"):
        return None
    held: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return held


def wait_for(condition: Any, what: str, child: processes.Child) -> None:
    processes.wait_until(condition, limit_seconds=SECONDS, what=what, child=child)


def twice(system: Deployment) -> list[str]:
    """Names that the account has more than once, of those resources whose names AWS does not keep apart."""
    pools = system.aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    identities = system.aws.client("cognito-identity").list_identity_pools(MaxResults=60)["IdentityPools"]
    names = [f"user pool {pool['Name']}" for pool in pools]
    names += [f"identity pool {pool['IdentityPoolName']}" for pool in identities]
    return sorted({name for name in names if names.count(name) > 1})


def assert_complete(system: Deployment) -> None:
    """One of everything, nothing left to plan, and an item of the table is found."""
    assert not system.terraform("pipeline").has_changes()
    assert lock(system, "pipeline") is None
    assert twice(system) == []
    pipelines = system.aws.client("osis").list_pipelines()["Pipelines"]
    assert [one["PipelineName"] for one in pipelines] == [one.names.pipeline for one in system.settings.pipelines]
    system.aws.client("dynamodb").put_item(TableName=system.table_name(), Item={"order_id": {"S": "later"}})
    system.wait_until_same()
    assert system.documents().keys() == {"later"}
    assert system.refusals() == []


def test_of_two_applies_at_once_the_second_is_refused_and_changes_nothing(system: Deployment) -> None:
    s3, names = system.aws.client("s3"), system.settings.names
    system.configure(tags={"round": "first"})
    stack = system.terraform("state")
    # As somebody else has it: another folder, and another setting.
    system.configure(tags={"round": "second"})
    folder = system.directory / "elsewhere"
    shutil.copytree(stack.directory, folder, symlinks=True)
    system.configure(tags={"round": "first"})
    other = Terraform(folder, stack.environment, system.directory / "elsewhere.log")

    def seen() -> tuple[Any, ...]:
        """What an apply would change: the tags, and the versions of the state."""
        versions = s3.list_object_versions(Bucket=names.state_bucket, Prefix=f"{system.environment_name}/")["Versions"]
        tags = [s3.get_bucket_tagging(Bucket=one)["TagSet"] for one in (names.state_bucket, names.access_log_bucket)]
        return tags, [(one["Key"], one["VersionId"]) for one in versions]

    first = begin(stack)
    with processes.running(first):
        wait_for(lambda: lock(system, "state"), "the first apply holds the lock", first)
        # It holds the lock for as long as the second takes.
        send(first, signal.SIGSTOP)
        try:
            held, before = lock(system, "state"), seen()
            assert held
            with pytest.raises(TerraformError, match="Error acquiring the state lock") as refused:
                other.apply()
            assert held["ID"] in str(refused.value)
            assert (lock(system, "state"), seen()) == (held, before)
        finally:
            send(first, signal.SIGCONT)
        assert first.wait(LIMIT_SECONDS) == 0

    assert lock(system, "state") is None
    assert not stack.has_changes()
    tags, _ = seen()
    assert all({"Key": "round", "Value": "first"} in one for one in tags)


def test_an_apply_after_ctrl_c_goes_on_where_that_one_stopped(system: Deployment) -> None:
    """What was being made is kept where it is untainted before, else made anew."""
    stack = system.terraform("pipeline")
    stack.init()
    system.await_node()
    system.make_domain()
    osis = system.aws.client("osis")

    def created() -> datetime:
        found = osis.get_pipeline(PipelineName=system.settings.pipelines[0].names.pipeline)["Pipeline"]
        at: datetime = found["CreatedAt"]
        return at

    first = begin(stack)
    with processes.running(first):
        wait_for(lambda: osis.list_pipelines()["Pipelines"], "a pipeline is being made", first)
        send(first, signal.SIGINT)
        assert first.wait(LIMIT_SECONDS) == 1
    assert "Interrupt received" in first.log.read_text()
    assert lock(system, "pipeline") is None

    pipeline = "aws_osis_pipeline.ingestion_orders_1_pipeline"
    assert f"# {pipeline}: (tainted)" in stack.command("state", "show", "-no-color", pipeline)
    before = created()
    stack.command("untaint", pipeline)
    stack.apply()
    assert created() == before
    stack.command("taint", pipeline)
    stack.apply()
    assert created() != before
    assert_complete(system)


def test_after_kill_9_what_is_there_is_imported(system: Deployment) -> None:
    stack = with_domain(system)
    first, functions = begin(stack), system.aws.client("lambda")
    with processes.running(first):
        wait_for(lambda: functions.list_functions()["Functions"], "a function was made", first)
        send(first, signal.SIGKILL)
        assert first.wait(SECONDS) == 128 + signal.SIGKILL
    assert stack.command("state", "list").split() == [domain.ADDRESS]
    with pytest.raises(TerraformError, match="Error acquiring the state lock"):
        stack.apply()

    held = lock(system, "pipeline")
    assert held
    stack.command("force-unlock", "-force", held["ID"])
    (users,) = system.aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    (identities,) = system.aws.client("cognito-identity").list_identity_pools(MaxResults=60)["IdentityPools"]
    imports = {
        "aws_cognito_user_pool.authentication_user_pool": users["Id"],
        "aws_cognito_identity_pool.authentication_identity_pool": identities["IdentityPoolId"],
    }
    for function in functions.list_functions()["Functions"]:
        (address,) = (one for end, one in FUNCTIONS.items() if function["FunctionName"].endswith(end))
        imports[address] = function["FunctionName"]
    while refused := refusals(stack, imports):
        assert refused.keys().isdisjoint(imports)
        for address, name in refused.items():
            group = address.startswith("aws_cognito_user_group.")
            imports[address] = f"{users['Id']}/{name}" if group else name
    assert {"aws_dynamodb_table.source_orders_table", "aws_s3_bucket.export_bucket"} <= imports.keys()
    assert_complete(system)


def refusals(stack: Terraform, imports: Mapping[str, str]) -> dict[str, str]:
    """Apply; address and name of what is there and not imported. Fails where an error says anything else."""
    log = stack.log.with_name("next.log")
    log.unlink(missing_ok=True)
    # A command for each would start the provider again.
    file = stack.directory / "import.tf.json"
    file.write_text(json.dumps({"import": [{"to": address, "id": one} for address, one in imports.items()]}))
    try:
        Terraform(stack.directory, stack.environment, log).apply()
    except TerraformError:
        said = log.read_text()
        found = {one["address"]: one["name"] for one in EXISTS.finditer(said)}
        assert len(found) == len(re.findall(r"^Error: ", said, re.MULTILINE)) > 0, said
        return found
    finally:
        file.unlink()
    return {}
