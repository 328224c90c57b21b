"""What an emulator process is told, and what it tells once it serves: two JSON files."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.engine import Kind

ADDRESSES_FILE = "addresses.json"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Configuration(_File):
    """`directory` takes logs, certificates and the folders of functions and pipelines; `node_url` is the node's."""

    directory: Path
    node_url: str
    engine: Kind


class Addresses(_File):
    """Where an emulator serves. `domain_endpoint` is ``localhost:port``, without a scheme, as AWS gives it."""

    endpoint_url: str
    domain_endpoint: str
    ca_file: Path
    decisions_log: Path
    outbox: Path
