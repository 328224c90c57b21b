"""The bucket that holds the remote state of every stack of this environment."""

from cdktf import TerraformOutput
from constructs import Construct

from settings import Settings
from stacks.base import EnvironmentStack
from stacks.bucket import PrivateBucket, old_versions

# A year of old states: long enough to find out what changed since the last audit.
OLD_STATE_DAYS = 365


class StateStack(EnvironmentStack):
    """Its own state is local until the bucket is there; `state.backend: s3` then moves it in."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "state", settings, local_state=settings.state.backend == "local")
        names = settings.names
        state = PrivateBucket(
            self,
            "state",
            name=names.state_bucket,
            arn=names.state_bucket_arn,
            keep=True,
            rules=[old_versions("old-states", days=OLD_STATE_DAYS)],
        )
        TerraformOutput(self, "bucket", value=state.bucket.id)
