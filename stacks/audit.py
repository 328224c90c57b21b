"""What goes into the audit log of a domain of ours: little enough to be paid for and read.

Names and meanings: https://docs.opensearch.org/latest/security/audit-logs/index/
"""

from typing import Any

# Both would be a line for every request that is in order, which OpenSearch Service advises against (audit logs,
# general settings).
_IN_ORDER = ("AUTHENTICATED", "GRANTED_PRIVILEGES")
# Whoever opens Dashboards looks at mappings and aliases, each of which is an event of an index.
_OF_INDICES = ("INDEX_EVENT",)
# The user that Dashboards itself asks as.
_DASHBOARDS = ("kibanaserver",)


def configuration(*, enabled: bool) -> dict[str, Any]:
    """Failed sign-ins, what was refused, and changes of who may do what; nobody's data."""
    if not enabled:
        return {"enabled": False}
    return {
        "enabled": True,
        "audit": {
            "enable_rest": True,
            "disabled_rest_categories": _IN_ORDER,
            "enable_transport": True,
            "disabled_transport_categories": (*_IN_ORDER, *_OF_INDICES),
            "log_request_body": False,
            "resolve_bulk_requests": False,
            "resolve_indices": True,
            "exclude_sensitive_headers": True,
            "ignore_users": _DASHBOARDS,
            "ignore_requests": (),
        },
        "compliance": {
            "enabled": True,
            # Changes of security roles and of who has them.
            "internal_config": True,
            "external_config": False,
            "read_metadata_only": True,
            "read_watched_fields": {},
            "read_ignore_users": _DASHBOARDS,
            "write_metadata_only": True,
            "write_log_diffs": False,
            "write_watched_indices": (),
            "write_ignore_users": _DASHBOARDS,
        },
    }
