"""The whole system on the local AWS: an OpenSearch node, the emulator, and our own Terraform applied to them.

What is applied is what `main.py` writes for any environment. Only the process environment tells Terraform that AWS is
somewhere else; no provider or backend argument differs.
"""

import contextlib
import itertools
import json
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

from local import comparison, domain, emulator, opensearch, people, processes, synthesis, tools
from local.engine import Kind
from local.people import Person
from local.terraform import Terraform
from settings import ENVIRONMENTS, Settings, load

ROOT = Path(__file__).parent.parent

TABLE = "orders"
"""The table of `environments/local.yaml`."""

# Data Prepper's sink looks at these when it starts, and does the same whether it may or not: found on the real plugin.
ASKED_IN_VAIN = ("cluster:monitor/main", "es:HEAD /_alias/", "indices:admin/data_stream/get")


def preflight() -> None:
    """Raises `tools.MissingToolError` with everything that this machine lacks."""
    tools.require(tools.terraform, tools.node, tools.opensearch)


@dataclass
class Deployment:
    """One environment on one local AWS; everything it writes is in `directory`.

    `node` may still be starting: `await_node` before a domain is made.
    """

    directory: Path
    aws: emulator.Emulator
    node: opensearch.Node
    environment_name: str
    settings: Settings = field(init=False)
    _document: dict[str, Any] = field(init=False, repr=False)
    _tools: dict[str, str] = field(init=False, repr=False)
    _interrupted: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _people: dict[str, Person] = field(default_factory=dict, init=False, repr=False)
    _session: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._document = yaml.safe_load((ENVIRONMENTS / f"{self.environment_name}.yaml").read_text())
        # Once: Terraform, of which several may run, reads the file that this writes.
        self._tools = tools.terraform_environment(self.directory)
        # Paths in the file are relative to it.
        for folder in ("bodies", "saml"):
            shutil.copytree(ENVIRONMENTS / folder, self.directory / folder, dirs_exist_ok=True)
        self.configure(account_id=emulator.ACCOUNT, region=emulator.REGION)

    def configure(self, **changes: Any) -> None:
        """Change the environment's file for good, each mapping key by key (None takes one away), and synthesize."""
        self._document = _merged(self._document, changes)
        file = self.directory / f"{self.environment_name}.yaml"
        file.write_text(yaml.safe_dump(self._document))
        self.settings = load(str(file))
        synthesis.synthesize(file, self.directory / "cdktf.out")

    @property
    def environment(self) -> dict[str, str]:
        """What makes any AWS client, Terraform's provider and backend included, talk to the local AWS."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))},
            **self._tools,
            **self.aws.environment,
            **self._session,
        }

    @contextlib.contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        """Let Terraform call as this role, for an hour at most, instead of as the administrator."""
        self._session = self.session(role)
        try:
            yield
        finally:
            self._session = {}

    def session(self, role: str) -> dict[str, str]:
        """Credentials of a role as environment variables."""
        arn = self.settings.names.role_arn(role)
        given = self.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="deploys")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def terraform(self, stack: str) -> Terraform:
        return Terraform(
            self.directory / "cdktf.out" / "stacks" / stack,
            self.environment,
            self.directory / f"{stack}.log",
            self._interrupted,
        )

    def interrupt(self) -> None:
        """End what other threads do with this: Terraform's commands, and waiting for OpenSearch. For good."""
        self._interrupted.set()
        self.node.stop()

    def await_node(self) -> None:
        """Wait until OpenSearch answers, and let domains be served by it. Raises `processes.NotReadyError`."""
        self.aws.attach(self.node.url)

    def make_state_bucket(self) -> None:
        """The bucket, and the state of its stack moved into it: then there is a place for every state.

        Besides what the pipeline stack needs: the bucket for access logs as far as that, and a key.
        """
        stack = self.terraform("state")
        stack.init()
        keys = [f"aws_kms_alias.{name}" for name in stack.document["resource"].get("aws_kms_alias", {})]
        needed = ["aws_s3_bucket.state_bucket", "aws_s3_bucket_policy.logs_policy", *keys]
        stack.apply(*(f"-target={address}" for address in needed))
        self.configure(state={"backend": "s3"})
        stack.init("-migrate-state", "-force-copy")

    @contextlib.contextmanager
    def applying_state(self) -> Iterator[None]:
        """The whole state stack: its bucket before the block, the rest beside it.

        The provider looks at new lifecycle rules for a minute before it believes them.
        """
        self.make_state_bucket()
        with ThreadPoolExecutor(1) as thread:
            rest = thread.submit(self.terraform("state").apply)
            try:
                yield
                rest.result()
            except BaseException:
                self.interrupt()
                raise

    def apply_tables(self) -> None:
        """The tables, so that there are items to export before there is a pipeline, and what a domain of ours needs."""
        stack = self.terraform("pipeline")
        stack.init()
        tables = {
            f"aws_dynamodb_table.source_{key.replace('-', '_')}_table"
            for key, table in self.settings.tables.items()
            if table.existing is None
        }
        stack.apply(*(f"-target={address}" for address in sorted(tables | domain.needed(stack.document))))

    def apply_pipeline(self) -> None:
        """Everything else of the pipeline stack."""
        stack = self.terraform("pipeline")
        stack.init()
        self.await_node()
        if self.settings.domain is not None:
            self.make_domain()
        stack.apply()

    def make_domain(self) -> None:
        """The domain, where there is none yet, and before it what it needs."""
        client = self.aws.client("opensearch")
        if client.list_domain_names()["DomainNames"]:
            return
        stack = self.terraform("pipeline")
        attributes = stack.attributes
        if not domain.needed(stack.document) <= attributes.keys():
            self.apply_tables()
            attributes = stack.attributes
        request = domain.request(stack.document, attributes)
        client.create_domain(**request)
        stack.adopt(domain.ADDRESS, domain.known(request, self.settings.names.domain_arn))

    def apply_seeding(self, *, changes: int) -> None:
        """Fill every table that has `seeding`; then as many rounds of changes as asked for."""
        behind = {
            key: {"seeding": {"changes": changes}}
            for key, table in self.settings.tables.items()
            if table.seeding is not None and table.seeding.changes != changes
        }
        # Where nothing changes, the stacks stay as they are: Terraform may be at work in another one.
        if behind:
            self.configure(tables=behind)
        stack = self.terraform("seeding")
        stack.init()
        stack.apply()

    def changed_stacks(self) -> list[str]:
        """Stacks for which a plan shows changes."""
        stacks = sorted(path.name for path in (self.directory / "cdktf.out" / "stacks").iterdir())
        return [stack for stack in stacks if self.terraform(stack).has_changes()]

    @property
    def search(self) -> OpenSearch:
        """A client of the domain's endpoint, signing as the administrator of the local AWS, who may do everything."""
        return self.search_as(
            boto3.Session(
                aws_access_key_id=self.aws.environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.aws.environment["AWS_SECRET_ACCESS_KEY"],
            )
        )

    def sign_in(self, email: str) -> boto3.Session:
        """Signed in to Dashboards as an invited person: at first from the invitation, then with what was chosen.

        Raises `people.SignInRefused`, and `LookupError` for somebody who was not invited.
        """
        client = self.dashboards_client()
        page = people.SignInPage(
            self.aws.endpoint_url,
            self.settings.region,
            client["UserPoolId"],
            client["ClientId"],
            self.terraform("pipeline").outputs()["identity_pool_id"],
        )
        if email not in self._people:
            self._people[email] = people.invited(email, self.aws.outbox)
        return people.sign_in(self._people[email], page)

    def dashboards_client(self) -> dict[str, Any]:
        """The client of Dashboards in the user pool, its secret included."""
        cognito, pool = self.aws.client("cognito-idp"), self.terraform("pipeline").outputs()["user_pool_id"]
        (client,) = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
        described: dict[str, Any] = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])
        return dict(described["UserPoolClient"])

    @property
    def chosen_secrets(self) -> set[str]:
        """Passwords and authenticator secrets of those who have signed in."""
        return {
            secret for person in self._people.values() for secret in (person.password, person.app) if secret is not None
        }

    def search_as(self, session: boto3.Session) -> OpenSearch:
        """A client of the endpoint of the domain or collection that signs with the session's credentials."""
        service = "aoss" if self.settings.collection else "es"
        return OpenSearch(
            f"https://{self.aws.domain_endpoint}",
            http_auth=Urllib3AWSV4SignerAuth(session.get_credentials(), self.settings.region, service),
            connection_class=Urllib3HttpConnection,
            ca_certs=str(self.aws.ca_file),
        )

    def decisions(self, skip: int = 0) -> list[dict[str, Any]]:
        """What was allowed and refused to whom, IAM and fine-grained access control alike, without the first `skip`."""
        with self.aws.decisions_log.open() as log:
            # The last line may be half written.
            return [json.loads(line) for line in itertools.islice(log, skip, None) if line.endswith("\n")]

    def refusals(self, skip: int = 0) -> list[dict[str, Any]]:
        """The decisions that kept somebody from something; not what Data Prepper asks and goes on without."""
        return [
            decision
            for decision in self.decisions(skip)
            if decision["result"] != "allow" and not decision["action"].startswith(ASKED_IN_VAIN)
        ]

    def items(self, key: str = TABLE) -> dict[str, comparison.Item]:
        """Every item of a table, by the document id that its primary key gives."""
        return comparison.items_of(self.aws.client("dynamodb"), self.table_name(key))

    def table_name(self, key: str = TABLE) -> str:
        """What a table of the settings is called in DynamoDB."""
        return next(pipeline.table_name for pipeline in self.settings.pipelines if pipeline.key == key)

    def documents(self, alias: str = TABLE) -> dict[str, Any]:
        """Every document that a search by this name finds, by id."""
        return comparison.documents_of(self.search, alias)

    def differences(self, key: str = TABLE) -> list[str]:
        """Where a table and what is searched by its name disagree, for one whose documents are as its items are."""
        return list(comparison.differences(self.items(key), self.documents(key)))

    def wait_until_same(self, key: str = TABLE) -> None:
        """Wait until index and table agree item by item. Raises `processes.NotReadyError` after five minutes.

        Data Prepper may sleep for a minute between the export and the first change.
        """
        processes.wait_until(lambda: not self.differences(key), limit_seconds=300, what=f"{key}: index equals table")


def _merged(document: Any, changes: Any) -> Any:
    """`changes` over `document`, mapping by mapping, without what is changed to None."""
    if not isinstance(document, dict) or not isinstance(changes, dict):
        return changes
    merged = {**document, **{key: _merged(document.get(key), value) for key, value in changes.items()}}
    return {key: value for key, value in merged.items() if value is not None}


@contextlib.contextmanager
def deployment(directory: Path, engine: Kind, environment: str = "local") -> Iterator[Deployment]:
    """A local AWS for one of our environments, with nothing deployed to it yet, gone at the end of the block.

    OpenSearch is started, not awaited. The files in `directory` stay.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with opensearch.node(directory) as node:
        aws = emulator.start(directory / "aws", engine=engine)
        try:
            yield Deployment(directory, aws, node, environment)
        finally:
            aws.stop()
