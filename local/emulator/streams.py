"""Stream records carry whole seconds, as on AWS.

Consumers derive versions from second and position within it, which moto's fractions of a second put in disorder.
"""

from typing import Any

from moto.dynamodb.models.table import StreamRecord


def install() -> None:
    """Rounds the time of every stream record down."""
    create = StreamRecord.__init__

    def create_with_whole_second(record: StreamRecord, *arguments: Any, **named: Any) -> None:
        create(record, *arguments, **named)
        change = record.record["dynamodb"]
        change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].replace(microsecond=0)

    StreamRecord.__init__ = create_with_whole_second
