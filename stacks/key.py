"""The one KMS key of an environment, made in the state stack, before everything that is encrypted with it."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_kms_alias import DataAwsKmsAlias
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from names import Names
from settings import Settings
from stacks.policies import Principal, Statement, acting_for, document

# What the account may do with a key that AWS makes without a policy, as far as it is needed; who may is up to IAM then.
ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
# DynamoDB, OpenSearch, Lambda and OSIS take grants in the name of whoever makes the resource, for as long as it lives.
GRANTS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")
ALIASES = ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")
# CloudWatch Logs user guide, encrypt log data with KMS; without its Describe*, which never carries the condition.
LOGGING = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# The longest that KMS keeps a key that is to be deleted (KMS API, ScheduleKeyDeletion).
DELETION_DAYS = 30


class OwnKey(Construct):
    """Rotated every year; destroyed with everything that it encrypted, or never where the environment is protected."""

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:  # noqa: A002
        super().__init__(scope, id)
        names = settings.names
        key = KmsKey(
            self,
            "key",
            description=f"Encrypts what {names.prefix} stores: tables, indices, buckets, logs, alarms",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=_policy(names),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.deletion_protection else None,
        )
        KmsAlias(self, "alias", name=names.key_alias, target_key_id=key.key_id)
        self.arn: str = key.arn


def made_key(scope: Construct, names: Names) -> str:
    """The ARN of the key that the state stack made, for another stack."""
    return str(DataAwsKmsAlias(scope, "key", name=names.key_alias).target_key_arn)


def _policy(names: Names) -> str:
    key, logs = (names.any_key_arn,), f"logs.{names.region}.amazonaws.com"
    return document(
        Statement((*ADMINISTRATION, *ALIASES, *GRANTS), key, principal=Principal("AWS", (names.account_arn,))),
        Statement(
            LOGGING,
            key,
            principal=Principal("Service", (logs,)),
            # Its own condition: the group that is encrypted, whatever it is called after the environment's name.
            conditions={
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": names.log_group_arn(f"/aws/*{names.prefix}*")}
            },
        ),
        Statement(
            ("kms:Decrypt", "kms:GenerateDataKey"),
            key,
            principal=Principal("Service", ("cloudwatch.amazonaws.com",)),
            conditions=acting_for(names.account_id, names.any_alarm_arn),
        ),
    )
