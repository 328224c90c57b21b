"""Bucket policies, which the gate has judged with their conditions; moto would judge them again without."""

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Takes moto's own judgement away: a TLS-only policy would otherwise refuse everybody."""
    FakeBucket.get_permission = _undecided


def _undecided(bucket: FakeBucket, action: str, resource: str) -> Any:  # noqa: ARG001
    return PermissionResult.NEUTRAL
