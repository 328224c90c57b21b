"""The differences that are known, each with the reason why it changes nothing in AWS or in the state."""

from collections.abc import Sequence
from dataclasses import dataclass

from way_out.comparison import Difference

FILE = "way_out/listed.py"


@dataclass(frozen=True)
class Listed:
    at: str
    """As a difference has it."""
    candidates: tuple[str, ...]
    reason: str


LISTED = (
    Listed(
        "terraform.required_providers.aws.version",
        ("aws-6", "cdktn"),
        "The provider that the bindings were made from. No argument of ours is new, gone or of another type in it.",
    ),
    Listed(
        "terraform.required_providers.aws.source",
        ("cdktn",),
        "`aws` and `hashicorp/aws` are one address to Terraform and in the state: registry.terraform.io/hashicorp/aws.",
    ),
    Listed(
        "//.metadata.version",
        ("cdktn",),
        "The framework's own version, in a comment that Terraform does not read.",
    ),
    Listed(
        "version",
        ("cdktn",),
        "The framework's own version, in manifest.json, which its CLI reads and Terraform does not.",
    ),
)


def unlisted(candidate: str, found: Sequence[Difference], listed: Sequence[Listed]) -> list[Difference]:
    known = {one.at for one in listed if candidate in one.candidates}
    return [difference for difference in found if difference.at not in known]


def stale(candidate: str, found: Sequence[Difference], listed: Sequence[Listed]) -> list[Listed]:
    """Those that the candidate no longer shows."""
    seen = {difference.at for difference in found}
    return [one for one in listed if candidate in one.candidates and one.at not in seen]
