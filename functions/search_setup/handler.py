"""Entry point of the function: makes a new domain ready for its pipeline and its people, and keeps it so.

Idempotent. Terraform invokes it between domain and pipeline, and again when its event changes. Its role is the domain's
master user and needs cognito-idp:ListUserPoolClients, DescribeUserPoolClient, UpdateUserPoolClient on the user pool and
logs:CreateLogStream, logs:PutLogEvents on the log group, nothing else of IAM. Environment: POWERTOOLS_SERVICE_NAME for
the log.
"""

import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import access, dashboards, events, sessions
from .domain import Domain, SetupFailed, connect

# At the root of the deployment package, where synth put it.
SAVED_OBJECTS_FILE = Path(__file__).parents[1] / "saved_objects.ndjson"

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One event as `events` describes it; returns what was done.

    Raises events.BadEvent, and SetupFailed with the reason when the domain cannot be made ready.
    """
    checked = events.check(event)
    started = time.monotonic()
    domain = Domain(connect(checked["endpoint"]), lambda: context.get_remaining_time_in_millis() / 1000)
    saved_objects = SAVED_OBJECTS_FILE.read_bytes() if SAVED_OBJECTS_FILE.is_file() else b""
    result = {
        **prepare(domain, checked, saved_objects),
        "clients": sessions.limit(sessions.cognito(), checked["sessions"]),
        "seconds": round(time.monotonic() - started, 1),
    }
    logger.info("the domain is ready", extra=result)
    return result


def prepare(domain: Domain, event: dict[str, Any], saved_objects: bytes) -> dict[str, int]:
    """Everything that the event asks for, in an order in which each step finds what it needs. Raises SetupFailed."""
    domain.wait()
    version = domain.version()
    if version != event["engine_version"]:
        raise SetupFailed(
            f"the domain runs OpenSearch {version}, but its dashboard was made for {event['engine_version']}; "
            "set domain.engine_version to what runs there and apply again"
        )
    access.define_roles(domain, event["roles"])
    mappings = access.map_roles(domain, event["mappings"])
    mappings += access.admit_to_dashboards(domain, event["dashboards_users"])
    for name, template in event["index_templates"].items():
        domain.request("PUT", f"/_index_template/{name}", body=template)
    dashboards.open_in_the_shared_tenant(domain)
    objects = dashboards.import_objects(domain, saved_objects) if saved_objects else 0
    if event["start_page"]:
        dashboards.start_at(domain, event["start_page"])
    return {
        "roles": len(event["roles"]),
        "mappings": mappings,
        "index_templates": len(event["index_templates"]),
        "saved_objects": objects,
    }
