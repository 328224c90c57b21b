"""What each caller of the domain may do there: the roles of OpenSearch's fine-grained access control.

The permissions of the pipeline and of readers were found one by one on the real plugin; `make prove-policies` shows
that each is needed.
"""

from collections.abc import Sequence
from typing import Any

SecurityRole = dict[str, Any]


def pipeline(index: str) -> SecurityRole:
    """What Data Prepper's sink needs to keep one index equal to a table, and to make the index if it is not there."""
    return _role(
        cluster=("cluster:monitor/state", "indices:data/write/bulk"),
        indices=(index,),
        actions=(
            "indices:admin/create",
            "indices:admin/get",
            "indices:admin/mapping/put",
            "indices:data/write/bulk[s]",
            "indices:data/write/delete",
            "indices:data/write/index",
        ),
    )


def reader(index: str) -> SecurityRole:
    """Searches, aggregations, and the fields of one index."""
    return _role(cluster=(), indices=(index,), actions=("read",))


def administrator() -> SecurityRole:
    """Looks after the cluster and every index, but neither writes documents nor changes who may do what."""
    return _role(cluster=("cluster_monitor",), indices=("*",), actions=("manage", "read"))


def _role(*, cluster: Sequence[str], indices: Sequence[str], actions: Sequence[str]) -> SecurityRole:
    return {
        "cluster_permissions": list(cluster),
        "index_permissions": [{"index_patterns": list(indices), "allowed_actions": list(actions)}],
    }
