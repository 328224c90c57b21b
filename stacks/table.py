"""The DynamoDB tables whose items are searched."""

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_dynamodb_table import DataAwsDynamodbTable
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
)
from constructs import Construct

from settings import Table
from stacks.literal import literal


class SourceTable(Construct):
    """On demand; with the point-in-time recovery that OSIS exports from and, where it follows it, a stream."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        table: Table,
        *,
        name: str,
        kms_key_arn: str | None,
        protected: bool,
    ) -> None:
        super().__init__(scope, id)
        partition, sort = table.partition_key, table.sort_key
        # A generation that is being replaced may follow the stream though its successor does not.
        streams = table.streams or len(table.generations) > 1
        self.resource = DynamodbTable(
            self,
            "table",
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=literal(partition.name) if partition else None,
            range_key=literal(sort.name) if sort else None,
            attribute=[DynamodbTableAttribute(name=literal(key.name), type=key.type) for key in table.keys],
            stream_enabled=streams,
            stream_view_type=table.stream_view if streams else None,
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=kms_key_arn),
            deletion_protection_enabled=protected,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protected else None,
        )


class ExistingTable(Construct):
    """Somebody else's: only read, and the plan fails where it lacks what the pipeline reads."""

    def __init__(self, scope: Construct, id: str, table: Table, *, name: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        needs = []
        if table.streams:
            needs.append(
                Postcondition(
                    condition=f'${{self.stream_enabled && self.stream_view_type == "{table.stream_view}"}}',
                    error_message=(
                        f"The table {name} must have a stream with the view {table.stream_view}: turn it on, or set "
                        f"tables.{id}.stream_view or tables.{id}.mode to what there is."
                    ),
                )
            )
        if table.exports:
            needs.append(
                Postcondition(
                    condition="${self.point_in_time_recovery[0].enabled}",
                    error_message=(
                        f"The table {name} must have point-in-time recovery, from which it is exported: turn it on, or "
                        f"set tables.{id}.mode to stream."
                    ),
                )
            )
        self.resource = DataAwsDynamodbTable(
            self, "table", name=name, lifecycle=TerraformResourceLifecycle(postcondition=needs)
        )
