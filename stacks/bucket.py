"""A private S3 bucket: encrypted, versioned, TLS only, owned by us, never public."""

from collections.abc import Sequence
from typing import TypeAlias, cast

from cdktf import TerraformResource, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA, S3BucketVersioningVersioningConfiguration
from constructs import Construct

from names import Names
from stacks.policies import Principal, Statement, acting_for, document

Rule: TypeAlias = S3BucketLifecycleConfigurationRule


class PrivateBucket(Construct):
    """`keep` stops Terraform from ever destroying the bucket; otherwise `destroy` empties and removes it.

    `access_logs` names the bucket that gets a line for each request, once `access_logs_after` is there. `statements`
    are what the policy allows besides.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        arn: str,
        keep: bool,
        rules: Sequence[Rule],
        kms_key_arn: str | None = None,
        access_logs: str | None = None,
        access_logs_after: TerraformResource | None = None,
        statements: Sequence[Statement] = (),
    ) -> None:
        super().__init__(scope, id)
        self.bucket = S3Bucket(
            self,
            "bucket",
            bucket=name,
            force_destroy=not keep,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if keep else None,
        )
        bucket = self.bucket.id
        S3BucketVersioningA(
            self,
            "versioning",
            bucket=bucket,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=bucket,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=(
                        S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                            sse_algorithm="aws:kms" if kms_key_arn else "AES256", kms_master_key_id=kms_key_arn
                        )
                    ),
                    # One call of KMS for many objects.
                    bucket_key_enabled=True if kms_key_arn else None,
                )
            ],
        )
        S3BucketPublicAccessBlock(
            self,
            "public-access",
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=bucket,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        if access_logs is not None:
            S3BucketLoggingA(
                self,
                "access-logs",
                bucket=bucket,
                target_bucket=access_logs,
                target_prefix=f"{self.node.id}/",
                depends_on=[access_logs_after] if access_logs_after else None,
            )
        self.policy = S3BucketPolicy(
            self,
            "policy",
            bucket=bucket,
            policy=document(
                Statement(
                    ("s3:*",),  # a refusal: whatever the action
                    (arn, f"{arn}/*"),
                    principal="*",
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                    effect="Deny",
                ),
                *statements,
            ),
            # Last of what a first object needs: whoever waits for it waits for all. Besides, S3 answers 409 when policy
            # and public access block are put at the same moment. CDKTF drops a construct from `depends_on` without a
            # word; these are resources.
            depends_on=cast(list[TerraformResource], self.node.children),
        )
        # The provider watches new rules for a minute, and they delete nothing for a day: nobody waits for them.
        S3BucketLifecycleConfiguration(
            self, "lifecycle", bucket=bucket, rule=[*rules, _unfinished_uploads()], depends_on=[self.policy]
        )


def access_log_delivery(names: Names) -> Statement:
    """Lets S3 deliver the access logs of the environment's buckets (S3 user guide, server access logging)."""
    return Statement(
        ("s3:PutObject",),
        (f"{names.bucket_arn(names.access_log_bucket)}/*",),
        principal=Principal("Service", ("logging.s3.amazonaws.com",)),
        conditions=acting_for(names.account_id, names.bucket_arn(names.state_bucket), names.export_bucket_arn),
    )


def expiry(name: str, *, prefix: str, days: int) -> Rule:
    """Objects below `prefix` go after `days` days, overwritten versions of them a day after that."""
    return Rule(
        id=name,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
        expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=days)],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=1)
        ],
    )


def old_versions(name: str, *, days: int) -> Rule:
    """Overwritten and deleted versions go after `days` days."""
    return Rule(
        id=name,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=days)
        ],
    )


def _unfinished_uploads() -> Rule:
    return Rule(
        id="unfinished-uploads",
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=1)
        ],
    )
