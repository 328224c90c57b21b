"""A local AWS in one process: moto with its gaps closed, IAM enforced, data really moved.

Access key ``local-administrator`` (any secret) may do everything; every other caller is bound by its policies.
"""

import contextlib
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local import people, processes
from local.emulator.configuration import ADDRESSES_FILE, ATTACHMENT_FILE, Addresses, Attachment, Configuration
from local.engine import Kind
from local.people import Person

ADMINISTRATOR_KEY = "local-administrator"
ACCOUNT = "123456789012"
REGION = "us-east-1"
"""Where clients work by default; others work too."""
ANY_SECRET = "any"  # noqa: S105 - signatures are read, not verified
_ROOT = Path(__file__).parent.parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 40.0


@dataclass(frozen=True)
class Emulator:
    """A running emulator, which writes to `directory`; `addresses` says where it serves."""

    directory: Path
    addresses: Addresses
    process: processes.Child
    # A new domain answers at once, an export takes seconds.
    domain_first: bool = True
    apply_seconds: float = 900
    search_seconds: float = 300
    grace_seconds: float = processes.GRACE_SECONDS

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:port``, the endpoint of every AWS service."""
        return self.addresses.endpoint_url

    @property
    def domain_endpoint(self) -> str:
        """``localhost:port`` of the OpenSearch domain, HTTPS only; known before the domain exists."""
        return self.addresses.domain_endpoint

    @property
    def ca_file(self) -> Path:
        """PEM of the authority that signed the domain's certificate."""
        return self.addresses.ca_file

    @property
    def decisions_log(self) -> Path:
        """JSON lines, one for each authorization decision: time, who, action, resource, result."""
        return self.addresses.decisions_log

    @property
    def outbox(self) -> Path:
        """What Cognito would have mailed, JSON lines of time, to, subject, text and temporary_password."""
        return self.addresses.outbox

    @property
    def environment(self) -> dict[str, str]:
        """What makes AWS clients, Terraform included, talk to this emulator as its administrator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR_KEY,
            "AWS_SECRET_ACCESS_KEY": ANY_SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, region: str = REGION, key: str = ADMINISTRATOR_KEY) -> Any:
        """A boto3 client of this emulator, the administrator's by default."""
        return _client(service, region, key, self.endpoint_url)

    def person(self, email: str, user_pool_id: str) -> Person:  # noqa: ARG002 - there is one outbox
        """As the last invitation to `email` leaves them. Raises `LookupError` where there is none."""
        return people.invited(email, self.outbox)

    def sign_in_page(
        self, client: dict[str, Any], identity_pool_id: str
    ) -> contextlib.AbstractContextManager[people.SignInPage]:
        """What stands for the hosted page of the user pool."""
        page = people.SignInPage(self.endpoint_url, REGION, client["UserPoolId"], client["ClientId"], identity_pool_id)
        return contextlib.nullcontext(page)

    def attach(self, node_url: str) -> None:
        """Let the OpenSearch node at this URL serve domains, which until then do not answer."""
        attachment = Attachment(node_url=node_url)
        processes.publish(attachment.model_dump_json(), self.directory / ATTACHMENT_FILE)

    @property
    def log(self) -> Path:
        """Output of the emulator process."""
        return self.process.log

    def stop(self) -> None:
        """Ends the emulator and every pipeline engine that it started."""
        self.process.stop()


# A client takes a tenth of a second of processor time to make: its service's model is parsed.
@functools.cache
def _client(service: str, region: str, key: str, endpoint_url: str) -> Any:
    # Untyped, for the stubs want the service's name as a literal.
    session: Any = boto3.Session(key, ANY_SECRET, region_name=region)
    return session.client(service, endpoint_url=endpoint_url)


def start(directory: Path, *, node_url: str | None = None, engine: Kind = "embedded") -> Emulator:
    """Starts an emulator, empty, and waits until it serves.

    Everything that it writes goes to `directory`; pipelines run on `engine`. The OpenSearch node at `node_url` is
    attached where it is there already. Raises `processes.NotReadyError`.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    announced = directory / ADDRESSES_FILE
    for former in (announced, directory / ATTACHMENT_FILE):
        former.unlink(missing_ok=True)
    configuration = directory / "configuration.json"
    configuration.write_text(Configuration(directory=directory, engine=engine).model_dump_json())
    child = processes.start(
        "the local AWS",
        [sys.executable, "-m", "local.emulator", "--config", configuration],
        log=directory / "emulator.log",
        directory=_ROOT,
        # Engines get time to deliver what they have read.
        grace_seconds=_STOP_SECONDS,
    )
    try:
        processes.wait_until(announced.exists, limit_seconds=_START_SECONDS, what="the local AWS serves", child=child)
    except BaseException:
        child.stop()
        raise
    started = Emulator(directory, Addresses.model_validate_json(announced.read_text()), child)
    if node_url is not None:
        started.attach(node_url)
    return started
