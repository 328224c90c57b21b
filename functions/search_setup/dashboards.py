"""What a person finds in Dashboards: the shared tenant, the saved objects, the start page."""

import hashlib
import json
from typing import Any

from aws_lambda_powertools import Logger

from .access import API
from .domain import Domain, SetupFailed

DASHBOARDS = "/_dashboards/api"
# Dashboards refuses what could come from another site; the tenant is the one that everybody shares.
HEADERS = {"osd-xsrf": "true", "securitytenant": "global"}

logger = Logger()


def open_in_the_shared_tenant(domain: Domain) -> None:
    """Sessions begin in the tenant that everybody shares, where the dashboard is, not in a private one."""
    path = f"{API}/tenancy/config"
    try:
        config = domain.request("GET", path)
        if config is not None and config.get("default_tenant") != "global":
            # What is left out stays as it is; sign_in_options as GET shows them may be refused.
            domain.request("PUT", path, body={"default_tenant": "global"})
    except SetupFailed as error:
        # Not every service offers this; people then choose the tenant once, when they first sign in.
        logger.warning("the shared tenant is not the one that sessions begin in", extra={"reason": str(error)})


def import_objects(domain: Domain, ndjson: bytes) -> int:
    """Import saved objects, replacing those with the same id; how many. Raises SetupFailed."""
    objects = [json.loads(line) for line in ndjson.splitlines()]
    # Each as one that was in the way of an import before: what replaces it is told in the form, not in the URL.
    retries = [{"type": one["type"], "id": one["id"], "overwrite": True} for one in objects]
    boundary = hashlib.sha256(ndjson).hexdigest()
    answer = domain.request(
        "POST",
        f"{DASHBOARDS}/saved_objects/_resolve_import_errors",
        headers={**HEADERS, "content-type": f"multipart/form-data; boundary={boundary}"},
        body=_form(boundary, ndjson, json.dumps(retries).encode()),
    )
    # Errors come with the status 200.
    if not answer["success"]:
        raise SetupFailed(f"Dashboards refuses saved objects: {json.dumps(answer.get('errors', answer))[:1000]}")
    return len(objects)


def start_at(domain: Domain, page: str) -> None:
    """Make `page`, a path inside Dashboards, what people see first."""
    changes: dict[str, Any] = {"changes": {"defaultRoute": page}}
    domain.request(
        "POST",
        f"{DASHBOARDS}/opensearch-dashboards/settings",
        headers={**HEADERS, "content-type": "application/json"},
        body=changes,
    )


def _form(boundary: str, ndjson: bytes, retries: bytes) -> bytes:
    """A multipart form with a file, whose name Dashboards wants to end in .ndjson, and what to do with its objects."""
    file = (
        'Content-Disposition: form-data; name="file"; filename="saved_objects.ndjson"\r\n'
        "Content-Type: application/ndjson"
    )
    parts = ((file, ndjson), ('Content-Disposition: form-data; name="retries"', retries))
    return (
        b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
        + f"--{boundary}--\r\n".encode()
    )
