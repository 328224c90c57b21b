"""What each caller of the domain may do there: the roles of OpenSearch's fine-grained access control.

The permissions of the pipeline and of readers were found one by one on the real plugin; `make prove-policies` shows
that each is needed.
"""

from collections.abc import Sequence
from typing import Any

SecurityRole = dict[str, Any]


def pipeline(indices: Sequence[str]) -> SecurityRole:
    """What Data Prepper's sink needs to keep indices equal to a table, and to make those that are not there."""
    return _role(
        cluster=("cluster:monitor/state", "indices:data/write/bulk"),
        indices=indices,
        actions=(
            "indices:admin/create",
            "indices:admin/get",
            "indices:admin/mapping/put",
            "indices:data/write/bulk[s]",
            "indices:data/write/delete",
            "indices:data/write/index",
        ),
    )


def dead_letters(indices: Sequence[str]) -> SecurityRole:
    """Looks up and writes documents of the pipelines, in indices that are there."""
    return _role(
        cluster=("indices:data/read/mget", "indices:data/write/bulk"),
        indices=indices,
        actions=(
            "indices:admin/mapping/put",
            "indices:data/read/mget[shard]",
            "indices:data/write/bulk[s]",
            "indices:data/write/delete",
            "indices:data/write/index",
        ),
    )


def reader(aliases: Sequence[str]) -> SecurityRole:
    """Searches, aggregations, and the fields of what is behind the aliases."""
    return _role(cluster=(), indices=aliases, actions=("read",))


def administrator() -> SecurityRole:
    """Looks after the cluster and every index, but neither writes documents nor changes who may do what."""
    return _role(cluster=("cluster_monitor",), indices=("*",), actions=("manage", "read"))


def _role(*, cluster: Sequence[str], indices: Sequence[str], actions: Sequence[str]) -> SecurityRole:
    return {
        "cluster_permissions": list(cluster),
        "index_permissions": [{"index_patterns": list(indices), "allowed_actions": list(actions)}],
    }
