"""A wait that spares users of a real Data Prepper a minute.

Data Prepper's export scheduler asks its coordination table once for work, about 0.2 s before its own leader writes the
work down, and then sleeps for 60 s. That first question of each start is held until the answer is there.
"""

import json
import threading

from local.emulator.authorization import COORDINATION_TABLE
from local.emulator.calls import Call

_LONGEST_HOLD_SECONDS = 5.0
# The first answer must come after the write that we see coming has been carried out.
_WRITE_SECONDS = 0.1


class ExportSchedulerHold:
    """Shown every DynamoDB call before it is carried out; returns from the one to be held only when it is time.

    `key`, the access key that signs the call, tells one engine from another.
    """

    def __init__(self) -> None:
        self._released: dict[str, threading.Event] = {}

    def observe(self, call: Call, key: str) -> None:
        if call.parameters.get("TableName") != COORDINATION_TABLE:
            return
        if call.operation == "DescribeTable":
            # An engine that starts waits for the table to exist; one that runs does not ask again.
            self._released[key] = threading.Event()
        released = self._released.get(key)
        if released is None or "|EXPORT" not in json.dumps(call.parameters):
            return
        if call.operation == "PutItem":
            threading.Timer(_WRITE_SECONDS, released.set).start()
        elif call.operation == "Query":
            released.wait(_LONGEST_HOLD_SECONDS)
            released.set()
