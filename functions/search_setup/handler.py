"""Entry point of the function: makes a domain or collection ready for its pipelines and its people, and keeps it so.

Idempotent. Terraform invokes it to `prepare` the domain before any pipeline is there, and again when that event
changes; to `serve` a pipeline's indices, after it is made and before it is destroyed; and to `retire` them, after it is
destroyed. Its role is the domain's master user and needs es:ESHttpDelete, ESHttpGet, ESHttpPost, ESHttpPut there,
cognito-idp:ListUserPoolClients, DescribeUserPoolClient, UpdateUserPoolClient on the user pool and logs:CreateLogStream,
logs:PutLogEvents on the log group, nothing else of IAM; for a collection aoss:APIAccessAll, aoss:DashboardsAccessAll
and a data access policy instead. Environment: POWERTOOLS_SERVICE_NAME for the log; SERVICE, which requests are signed
for: aoss for a collection, absent for a domain.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from . import access, audit, dashboards, events, generations, sessions, succession
from .domain import COLLECTION, DOMAIN, Domain, SetupFailed, connect

# At the root of the deployment package, where synth put it.
SAVED_OBJECTS_FILE = Path(__file__).parents[1] / "saved_objects.ndjson"

logger = Logger()


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One event as `events` describes it; returns what was done.

    Raises events.BadEvent, and SetupFailed with the reason when it cannot be done.
    """
    checked = events.check(event)
    started = time.monotonic()
    service = os.environ.get("SERVICE", DOMAIN)
    domain = Domain(
        connect(checked["endpoint"], service),
        lambda: context.get_remaining_time_in_millis() / 1000,
        serverless=service == COLLECTION,
    )
    saved_objects = SAVED_OBJECTS_FILE.read_bytes() if SAVED_OBJECTS_FILE.is_file() else b""
    result = {**act(domain, checked, saved_objects), "seconds": round(time.monotonic() - started, 1)}
    logger.info("done", extra={"action": checked["action"], **result})
    return result


def act(domain: Domain, event: Mapping[str, Any], saved_objects: bytes) -> dict[str, Any]:
    """What the event asks for. Raises SetupFailed."""
    if event["action"] == "prepare":
        return prepare(domain, event, saved_objects)
    table, number, leaving = event["table"], event["generation"], event["tf"]["action"] == "delete"
    if event["action"] == "serve":
        return succession.serve(domain, table, number, leaving=leaving)
    return succession.retire(domain, table, number) if leaving else {}


def prepare(domain: Domain, event: Mapping[str, Any], saved_objects: bytes) -> dict[str, Any]:
    """Everything that the event asks for, in an order in which each step finds what it needs. Raises SetupFailed."""
    domain.wait()
    generations.check(domain, event["generations"])
    # First, so that the changes after it are in the log.
    if event["audit"]:
        audit.configure(domain, event["audit"])
    access.define_roles(domain, event["roles"])
    mappings = access.map_roles(domain, event["mappings"])
    mappings += access.admit_to_dashboards(domain, event["dashboards_users"])
    # Templates first: a generation is found by them when it retires, and no pipeline writes before it has its role.
    templates = generations.define(domain, event["generations"])
    generations.adapt(domain, event["generations"])
    # In a collection, its policies let pipelines in.
    admitted = [generation for generation in event["generations"] if generation["role"]]
    for generation in admitted:
        mappings += access.admit_pipeline(
            domain,
            generation["pipeline"],
            generation["role"],
            generation["members"],
            settled=generation["settled"],
        )
    objects = _import(domain, saved_objects) if saved_objects else 0
    if event["start_page"]:
        dashboards.open_in_the_shared_tenant(domain)
        dashboards.start_at(domain, event["start_page"])
    return {
        "roles": len(event["roles"]) + len(admitted),
        "mappings": mappings,
        "index_templates": templates,
        "saved_objects": objects,
        "clients": sessions.limit(sessions.cognito(), event["sessions"]) if event["sessions"] else 0,
    }


def _import(domain: Domain, saved_objects: bytes) -> int:
    """Import what Dashboards shows; how many. That of a collection may refuse: nothing says that it takes requests
    which are no person's. Raises SetupFailed."""
    try:
        return dashboards.import_objects(domain, saved_objects)
    except SetupFailed as error:
        if not domain.serverless:
            raise
        logger.warning("Dashboards has not taken the dashboards; import them by hand", extra={"reason": str(error)})
        return 0
