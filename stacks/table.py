"""The DynamoDB table whose items are searched."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
)
from constructs import Construct

from names import Names
from settings import Table as TableSettings


class Table(Construct):
    """On demand; with the stream and the point-in-time recovery that OSIS reads changes and the export from."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        table: TableSettings,
        names: Names,
        *,
        kms_key_arn: str | None,
        protected: bool,
    ) -> None:
        super().__init__(scope, id)
        self.resource = DynamodbTable(
            self,
            "table",
            name=names.table,
            billing_mode="PAY_PER_REQUEST",
            hash_key=table.partition_key.name,
            range_key=table.sort_key.name if table.sort_key else None,
            attribute=[DynamodbTableAttribute(name=key.name, type=key.type) for key in table.keys],
            stream_enabled=True,
            stream_view_type=table.stream_view,
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=kms_key_arn),
            deletion_protection_enabled=protected,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protected else None,
        )
