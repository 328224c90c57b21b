"""An AWS account on this machine in which every stack can be planned without credentials."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from local import emulator, opensearch, tools
from local.emulator import Emulator
from settings import Settings, State


def moved_in(settings: Settings) -> Settings:
    """The same settings for the local AWS's account, ARNs included, and with its state where a first deploy has it."""
    first = settings.model_copy(update={"state": State()})
    return Settings.model_validate_json(
        first.model_dump_json(exclude_unset=True).replace(settings.account_id, emulator.ACCOUNT)
    )


@contextlib.contextmanager
def empty_account(settings: Settings, directory: Path) -> Iterator[dict[str, str]]:
    """A local AWS with nothing in it but what a plan needs to find; gone after the block.

    That is what the settings call existing, and what the state stack makes for the others: their bucket and their key.
    Gives the environment variables for Terraform. Everything that is written goes to `directory`. Raises
    `tools.MissingToolError`: a domain that is there already is a real OpenSearch node.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as ending:
        # A plan never comes to a domain that it makes.
        node_url = ending.enter_context(opensearch.node(directory)).url if settings.existing_domain else None
        aws = emulator.start(directory / "aws", node_url=node_url)
        ending.callback(aws.stop)
        _make_what_the_state_stack_makes(settings, aws)
        _make_what_is_there_already(settings, aws)
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))},
            **tools.terraform_environment(directory),
            **aws.environment,
        }


def _make_what_the_state_stack_makes(settings: Settings, aws: Emulator) -> None:
    """To apply it would take a minute of the provider's waiting."""
    aws.client("s3").create_bucket(Bucket=settings.names.state_bucket)
    if settings.own_key:
        kms = aws.client("kms", settings.region)
        kms.create_alias(AliasName=settings.names.key_alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def _make_what_is_there_already(settings: Settings, aws: Emulator) -> None:
    dynamodb = aws.client("dynamodb", settings.region)
    for table in settings.tables.values():
        if table.existing is None:
            continue
        # Whatever its real key is: a plan does not look at it.
        key = "id"
        name = table.existing.name
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": table.stream_view},
        )
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    if settings.existing_domain:
        names = settings.names
        aws.client("opensearch", settings.region).create_domain(
            DomainName=settings.existing_domain.name,
            EngineVersion=f"OpenSearch_{opensearch.VERSION.rpartition('.')[0]}",
            AdvancedSecurityOptions={
                "Enabled": True,
                "InternalUserDatabaseEnabled": False,
                "MasterUserOptions": {"MasterUserARN": names.role_arn(names.search_setup_role)},
            },
        )
