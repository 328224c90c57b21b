"""What every stack has: provider, backend, tags, the account it may touch."""

from cdktf import LocalBackend, S3Backend, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct

from settings import Settings


class EnvironmentStack(TerraformStack):
    """A stack of one environment. Its state lies in the environment's bucket, one key for each stack."""

    def __init__(self, scope: Construct, name: str, settings: Settings, *, local_state: bool = False) -> None:
        super().__init__(scope, name)
        names = settings.names
        # S3-native locking needs Terraform 1.10; the override is there because S3BackendConfig lacks the argument.
        self.add_override("terraform.required_version", ">= 1.10")
        if local_state:
            # Terraform runs in cdktf.out/stacks/<stack>, which every synth may replace: keep the file outside.
            LocalBackend(self, path=f"../../../{names.prefix}-{name}.tfstate")
        else:
            # Encrypted as the bucket is: `encrypt` sends AES256 with every object, whatever key the bucket has, and
            # `kms_key_id` takes no alias, which is all that is known here of a key that we make.
            S3Backend(
                self,
                bucket=names.state_bucket,
                key=f"{settings.environment}/{name}.tfstate",
                region=settings.region,
                allowed_account_ids=[settings.account_id],
            )
            self.add_override("terraform.backend.s3.use_lockfile", True)
        tags = {**settings.identity, **dict([settings.tag("stack", name)]), **settings.tags}
        AwsProvider(
            self,
            "aws",
            region=settings.region,
            allowed_account_ids=[settings.account_id],
            default_tags=[AwsProviderDefaultTags(tags=tags)],
        )
