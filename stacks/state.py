"""The buckets that are there before everything else: the remote state of every stack, and S3's access logs."""

from cdktf import TerraformOutput
from constructs import Construct

from settings import Settings
from stacks.base import EnvironmentStack
from stacks.bucket import PrivateBucket, access_log_delivery, expiry, old_versions
from stacks.key import OwnKey

# A year of old states: long enough to find out what changed since the last audit.
OLD_STATE_DAYS = 365


class StateStack(EnvironmentStack):
    """Its own state is local until the bucket is there; `state.backend: s3` then moves it in."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "state", settings, local_state=settings.state.backend == "local")
        names = settings.names
        if settings.own_key:
            settings = settings.with_key(OwnKey(self, "encryption", settings).arn)
        logs = PrivateBucket(
            self,
            "logs",
            name=names.access_log_bucket,
            arn=names.bucket_arn(names.access_log_bucket),
            keep=True,
            rules=[expiry("access-logs", prefix="", days=settings.log_retention_days)],
            statements=[access_log_delivery(names)],
        )
        state = PrivateBucket(
            self,
            "state",
            name=names.state_bucket,
            arn=names.bucket_arn(names.state_bucket),
            keep=True,
            rules=[old_versions("old-states", days=OLD_STATE_DAYS)],
            kms_key_arn=settings.kms_key_arn,
            access_logs=logs.bucket.id,
            access_logs_after=logs.policy,
        )
        TerraformOutput(self, "bucket", value=state.bucket.id)
