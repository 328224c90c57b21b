"""What an emulator process is told, at its start and later, and what it tells once it serves: three JSON files."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.engine import Kind

ADDRESSES_FILE = "addresses.json"
ATTACHMENT_FILE = "attachment.json"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Configuration(_File):
    """`directory` takes logs, certificates and the folders of functions and pipelines."""

    directory: Path
    engine: Kind


class Attachment(_File):
    """The OpenSearch node that serves domains; it may be up only after the emulator."""

    node_url: str


class Addresses(_File):
    """Where an emulator serves. `domain_endpoint` is ``localhost:port``, without a scheme, as AWS gives it."""

    endpoint_url: str
    domain_endpoint: str
    ca_file: Path
    decisions_log: Path
    outbox: Path
