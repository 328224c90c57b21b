"""Buckets: their policies are judged by the gate with their conditions, which moto would do again without."""

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker

from local.emulator.authorization import Authorizer, service

_LOG_DELIVERY = "logging.s3.amazonaws.com"


def install(authorizer: Authorizer) -> None:
    """Takes moto's own judgement away: a TLS-only policy would otherwise refuse everybody.

    What moto asks for itself is answered here: whether the access logs of a bucket may be delivered to another one.
    """

    def delivers(bucket: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        caller = service(_LOG_DELIVERY, bucket.arn)
        resource = f"{target_bucket.arn}/{target_prefix or ''}"
        return authorizer.refusal(caller, "s3:PutObject", resource, bucket.region_name) is None

    FakeBucket.get_permission = _undecided
    FakeBucket._log_permissions_enabled_policy = delivers
    # Else the last version of an object that was deleted cannot be deleted for good, and its bucket never is.
    FakeDeleteMarker.dispose = _nothing_to_free


def _nothing_to_free(marker: FakeDeleteMarker) -> None:
    """A marker has no content."""


def _undecided(bucket: FakeBucket, action: str, resource: str) -> Any:  # noqa: ARG001
    return PermissionResult.NEUTRAL
