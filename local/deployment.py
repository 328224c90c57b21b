"""The whole system on an AWS: on the local one, an OpenSearch node and the emulator, or in an account.

What is applied is what `main.py` writes for any environment. Only the process environment tells Terraform which AWS it
is; no provider or backend argument differs.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
import yaml
from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

from local import comparison, domain, emulator, opensearch, people, processes, synthesis, tools
from local.engine import Kind
from local.people import Person, SignInPage
from local.terraform import Terraform
from settings import ENVIRONMENTS, Settings, load

ROOT = Path(__file__).parent.parent

TABLE = "orders"
"""The table of `environments/local.yaml`."""

DEMO_ANALYST = "demo-analyst@example.com"
"""Looks at the data of an environment that invites nobody to."""

# Of the hour that credentials of an identity pool last. Cognito takes no code of an authenticator app twice.
SESSION_SECONDS = 1800

# Data Prepper's sink looks at these when it starts, and does the same whether it may or not: found on the real plugin.
ASKED_IN_VAIN = ("cluster:monitor/main", "es:HEAD /_alias/", "indices:admin/data_stream/get")


def preflight() -> None:
    """Raises `tools.MissingToolError` with everything that this machine lacks."""
    tools.require(tools.terraform, tools.node, tools.opensearch)


# How the provider, and so a log of Terraform, says that AWS did not do something (AWS SDK for Go, operation errors).
_ERROR = re.compile(
    r"operation error (?P<service>[^:]+): (?P<operation>\w+), https response error StatusCode: \d+, "
    r"RequestID: (?P<request_id>[\w-]*),(?: HostID: [^,]*,)? (?:api error )?(?P<code>\w+):"
)
DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|Forbidden")


class Aws(Protocol):
    """All in which the local AWS and an account of AWS differ to those who deploy to it and look at the outcome."""

    @property
    def domain_first(self) -> bool:
        """The domain is made before Terraform comes to it, and deleted after: it waits ten minutes each time."""

    @property
    def apply_seconds(self) -> float:
        """The longest that a command of Terraform may take."""

    @property
    def search_seconds(self) -> float:
        """The longest until what is in a table is found, an export included."""

    @property
    def grace_seconds(self) -> float:
        """The longest that Terraform may take to end when it is interrupted."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes clients, Terraform included, talk to it as whoever deploys."""

    @property
    def domain_endpoint(self) -> str:
        """Of the domain, without scheme."""

    @property
    def ca_file(self) -> Path | None:
        """PEM of who signed the domain's certificate; None where everybody knows them."""

    def client(self, service: str) -> Any:
        """A boto3 client of whoever deploys."""

    def person(self, email: str, user_pool_id: str) -> Person:
        """Somebody who has a password and has never signed in."""

    def sign_in_page(
        self, client: dict[str, Any], identity_pool_id: str
    ) -> contextlib.AbstractContextManager[SignInPage]:
        """Where people sign in through an app client, as DescribeUserPoolClient tells of it, while the block lasts."""


@dataclass
class System:
    """One environment, from the settings in `file`, on one AWS; everything it writes is in `directory`."""

    directory: Path
    aws: Aws
    file: Path
    changes: dict[str, Any] = field(default_factory=dict)
    """What is other than in the file from the beginning, as `configure` takes it."""
    settings: Settings = field(init=False)
    _document: dict[str, Any] = field(init=False, repr=False)
    _tools: dict[str, str] = field(init=False, repr=False)
    _interrupted: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _people: dict[str, Person] = field(default_factory=dict, init=False, repr=False)
    _sessions: dict[str, tuple[boto3.Session, float]] = field(default_factory=dict, init=False, repr=False)
    _session: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._document = yaml.safe_load(self.file.read_text())
        # Once: Terraform, of which several may run, reads the file that this writes.
        self._tools = tools.terraform_environment(self.directory)
        # Paths in the file are relative to it.
        for folder in ("bodies", "saml"):
            shutil.copytree(ENVIRONMENTS / folder, self.directory / folder, dirs_exist_ok=True)
        self.configure(**self.changes)

    @property
    def environment_name(self) -> str:
        return self.file.stem

    def configure(self, **changes: Any) -> None:
        """Change the environment's file for good, each mapping key by key (None takes one away), and synthesize."""
        self._document = _merged(self._document, changes)
        file = self.directory / self.file.name
        file.write_text(yaml.safe_dump(self._document))
        self.settings = load(str(file))
        synthesis.synthesize(file, self.directory / "cdktf.out")

    @property
    def environment(self) -> dict[str, str]:
        """What makes any AWS client, Terraform's provider and backend included, talk to this AWS."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))},
            **self._tools,
            **self.aws.environment,
            **self._session,
        }

    def terraform(self, stack: str) -> Terraform:
        return Terraform(
            self.directory / "cdktf.out" / "stacks" / stack,
            self.environment,
            self.directory / f"{stack}.log",
            self._interrupted,
            self.aws.apply_seconds,
            self.aws.grace_seconds,
        )

    def interrupt(self) -> None:
        """End what other threads do with this. For good."""
        self._interrupted.set()

    def make_state_bucket(self) -> None:
        """The bucket, and the state of its stack moved into it: then there is a place for every state.

        Besides what the pipeline stack needs: the bucket for access logs as far as that, and a key.
        """
        stack = self.terraform("state")
        stack.init()
        needed = [
            "aws_s3_bucket.state_bucket",
            "aws_s3_bucket_policy.logs_policy",
            *stack.addresses("aws_kms_alias"),
        ]
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
        if self.settings.domain is not None and self.aws.domain_first:
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

    def _delete_domain(self) -> None:
        client = self.aws.client("opensearch")
        for there in client.list_domain_names()["DomainNames"]:
            if there["DomainName"] == self.settings.names.domain:
                client.delete_domain(DomainName=there["DomainName"])

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
        return [stack for stack in self.stacks if self.terraform(stack).has_changes()]

    @property
    def stacks(self) -> list[str]:
        return sorted(path.name for path in (self.directory / "cdktf.out" / "stacks").iterdir())

    def destroy(self) -> None:
        """Everything, the buckets of the state stack included, which Terraform alone would never destroy."""
        # The roles of the others have the permissions boundary of `delivery`.
        for name in ("seeding", "pipeline", "delivery"):
            stack = self.terraform(name)
            if stack.begun:
                if name == "pipeline" and self.aws.domain_first:
                    stack.forget(domain.ADDRESS)
                stack.destroy()
        if self.aws.domain_first:
            self._delete_domain()
        stack = self.terraform("state")
        if not stack.begun:
            return
        self.configure(state={"backend": "local"})
        stack.init("-migrate-state", "-force-copy")
        with stack.unprotected():
            stack.apply(*(f"-target={address}" for address in stack.addresses("aws_s3_bucket")))
            stack.destroy()

    @property
    def search(self) -> OpenSearch:
        """A client that signs as an analyst, who may search what the tables are searched by."""
        return self.search_as(self.signed_in(self.analyst))

    def signed_in(self, email: str) -> boto3.Session:
        """The same as `sign_in`, for half an hour."""
        session, since = self._sessions.get(email, (None, 0))
        if session is None or time.monotonic() - since > SESSION_SECONDS:
            session, since = self._sessions[email] = self.sign_in(email), time.monotonic()
        return session

    @property
    def analyst(self) -> str:
        """Somebody who may look at the data: the first who is invited, where anybody is."""
        return next(iter(self.settings.dashboards.analysts.users), DEMO_ANALYST)

    def sign_in(self, email: str) -> boto3.Session:
        """Signed in to Dashboards: at first as Cognito has it, then with what was chosen.

        Raises `people.SignInRefused`, and `LookupError` for somebody who was not invited.
        """
        client = self.dashboards_client()
        if email not in self._people:
            self._people[email] = self.aws.person(email, client["UserPoolId"])
        with self.aws.sign_in_page(client, self.pools["IdentityPoolId"]) as page:
            return people.sign_in(self._people[email], page)

    @property
    def pools(self) -> dict[str, Any]:
        """The user pool and the identity pool by which the domain knows people: its CognitoOptions."""
        domain = self.aws.client("opensearch").describe_domain(DomainName=self.settings.names.domain)
        return dict(domain["DomainStatus"]["CognitoOptions"])

    def dashboards_client(self) -> dict[str, Any]:
        """The client of Dashboards in the user pool, its secret included."""
        cognito, pool = self.aws.client("cognito-idp"), self.pools["UserPoolId"]
        (client,) = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
        described: dict[str, Any] = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])
        return dict(described["UserPoolClient"])

    def search_as(self, session: boto3.Session) -> OpenSearch:
        """A client of the endpoint of the domain or collection that signs with the session's credentials."""
        service = "aoss" if self.settings.collection else "es"
        return OpenSearch(
            f"https://{self.aws.domain_endpoint}",
            http_auth=Urllib3AWSV4SignerAuth(session.get_credentials(), self.settings.region, service),
            connection_class=Urllib3HttpConnection,
            ca_certs=str(self.aws.ca_file) if self.aws.ca_file else None,
        )

    def refusals(self) -> list[dict[str, Any]]:
        """What Terraform was refused, as its logs have it."""
        logs = (self.terraform(stack).log for stack in self.stacks)
        return [refused for log in logs if log.exists() for refused in refused_in(log.read_text(errors="replace"))]

    def items(self, key: str = TABLE) -> dict[str, comparison.Item]:
        """Every item of a table, by the document id that its primary key gives."""
        return comparison.items_of(self.aws.client("dynamodb"), self.table_name(key))

    def table_name(self, key: str = TABLE) -> str:
        """What a table of the settings is called in DynamoDB."""
        return next(pipeline.table_name for pipeline in self.settings.pipelines if pipeline.key == key)

    def alias(self, key: str) -> str:
        """What a table is searched by."""
        return self.settings.tables[key].documents.index or key

    def documents(self, alias: str = TABLE) -> dict[str, Any]:
        """Every document that a search by this name finds, by id."""
        return comparison.documents_of(self.search, alias)

    def differences(self, key: str = TABLE) -> list[str]:
        """Where a table and what is searched by its name disagree, for one whose documents are as its items are."""
        return list(comparison.differences(self.items(key), self.documents(self.alias(key))))

    def wait_until_same(self, key: str = TABLE) -> None:
        """Wait until index and table agree item by item. Raises `processes.NotReadyError`.

        Data Prepper may sleep for a minute between the export and the first change.
        """
        limit = self.aws.search_seconds
        processes.wait_until(lambda: not self.differences(key), limit_seconds=limit, what=f"{key}: index equals table")


@dataclass
class Deployment(System):
    """One environment on one local AWS.

    `node` may still be starting: `await_node` before a domain is made.
    """

    aws: emulator.Emulator
    node: opensearch.Node = field(kw_only=True)

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

    def interrupt(self) -> None:
        """End what other threads do with this: Terraform's commands, and waiting for OpenSearch. For good."""
        super().interrupt()
        self.node.stop()

    def await_node(self) -> None:
        """Wait until OpenSearch answers, and let domains be served by it. Raises `processes.NotReadyError`."""
        self.aws.attach(self.node.url)

    def apply_pipeline(self) -> None:
        self.terraform("pipeline").init()
        self.await_node()
        super().apply_pipeline()

    @property
    def search(self) -> OpenSearch:
        """A client of the domain's endpoint, signing as the administrator of the local AWS, who may do everything."""
        return self.search_as(
            boto3.Session(
                aws_access_key_id=self.aws.environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.aws.environment["AWS_SECRET_ACCESS_KEY"],
            )
        )

    @property
    def chosen_secrets(self) -> set[str]:
        """Passwords and authenticator secrets of those who have signed in."""
        return {
            secret for person in self._people.values() for secret in (person.password, person.app) if secret is not None
        }

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


def refused_in(log: str) -> Iterator[dict[str, str]]:
    """Service, operation, code and request id of each call that a log of Terraform says was denied."""
    # Terraform breaks long lines between words.
    errors = _ERROR.finditer(" ".join(log.split()))
    yield from (error.groupdict() for error in errors if DENIED.search(error["code"]))


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
            changes = {"account_id": emulator.ACCOUNT, "region": emulator.REGION}
            yield Deployment(directory, aws, ENVIRONMENTS / f"{environment}.yaml", changes, node=node)
        finally:
            aws.stop()
