import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from opensearchpy import ConnectionError as Unreachable
from opensearchpy import TransportError

from functions.search_setup.domain import Domain

AUDIT_READ_ONLY = ["/audit/exclude_sensitive_headers", "/compliance/external_config"]
SECURITY = "/_plugins/_security/api"


@dataclass
class Api:
    """The requests that the function makes, on a state like that of the real security plugin and Dashboards.

    `refusals` are answered first: (status, information), or an exception.
    """

    roles: dict[str, Any] = field(default_factory=lambda: {"kibana_user": {"static": True}})
    mappings: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, Any] = field(default_factory=dict)
    tenancy: dict[str, Any] | None = field(
        default_factory=lambda: {
            "multitenancy_enabled": True,
            "private_tenant_enabled": True,
            "default_tenant": "",
            "sign_in_options": ["BASIC"],
        }
    )
    audit: dict[str, Any] = field(
        default_factory=lambda: {
            "enabled": False,
            "audit": {"enable_rest": False, "ignore_users": ["theirs"], "exclude_sensitive_headers": True},
            "compliance": {"enabled": True, "external_config": False},
        }
    )
    import_answer: dict[str, Any] = field(default_factory=lambda: {"success": True, "successCount": 1})
    refusals: list[tuple[int, Any] | Exception] = field(default_factory=list)
    imported: list[tuple[Any, bytes]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    @property
    def transport(self) -> "Api":
        return self

    @property
    def changes(self) -> list[str]:
        return [request for request in self.requests if not request.startswith("GET")]

    def perform_request(self, method: str, path: str, headers: Any = None, params: Any = None, body: Any = None) -> Any:
        self.requests.append(f"{method} {path}")
        # The service ignores the parameters of a signed POST.
        assert method != "POST" or not (params or "?" in path), f"POST {path} with parameters"
        if self.refusals:
            raise _as_raised(self.refusals.pop(0))
        return self._answer(method, path, headers, copy.deepcopy(body))

    def _answer(self, method: str, path: str, headers: Any, body: Any) -> Any:
        section, _, name = path.removeprefix(f"{SECURITY}/").partition("/")
        match method, section:
            case "GET", "roles":
                return self._found({name: self.roles[name]} if name in self.roles else None)
            case "PUT", "roles":
                self.roles[name] = body
            case "GET", "rolesmapping":
                shown = {"reserved": False, "hidden": False, "hosts": [], "users": [], "and_backend_roles": []}
                return self._found({name: {**shown, **self.mappings[name]}} if name in self.mappings else None)
            case "PUT", "rolesmapping":
                if unknown := body.keys() & {"reserved", "hidden"}:
                    raise TransportError(400, "bad request", {"status": "error", "invalid_keys": list(unknown)})
                self.mappings[name] = body
            case _, "audit":
                return self._audited(body)
            case "GET", "tenancy":
                return self._found(self.tenancy)
            case "PUT", "tenancy":
                # A domain without internal users has no BASIC, though it shows it.
                if "sign_in_options" in body:
                    raise TransportError(400, "illegal_argument_exception", {"status": 400})
                self.tenancy = {**(self.tenancy or {}), **body}
            case _:
                return self._elsewhere(method, path, headers, body)
        return {"status": "OK"}

    def _elsewhere(self, method: str, path: str, headers: Any, body: Any) -> Any:
        match method, path:
            case "GET", "/_index_template":
                return {"index_templates": [{"name": n, "index_template": t} for n, t in self.templates.items()]}
            case "GET", "/orders" | "/orders-1":
                return self._found(None)
            case "GET", "/_cluster/health":
                return {"status": "green"}
            case "PUT", path if path.startswith("/_index_template/"):
                self.templates[path.rpartition("/")[2]] = body
            case "POST", "/_dashboards/api/saved_objects/_resolve_import_errors":
                self.imported.append((headers, body))
                return self.import_answer
            case "POST", "/_dashboards/api/opensearch-dashboards/settings":
                assert headers["osd-xsrf"] == "true"
                self.settings |= body["changes"]
            case _:
                raise AssertionError(f"nobody asks for {method} {path}")
        return {"acknowledged": True}

    def _audited(self, body: Any) -> Any:
        if body is None:
            return {"_readonly": AUDIT_READ_ONLY, "config": copy.deepcopy(self.audit)}
        kept = [path.split("/")[1:] for path in AUDIT_READ_ONLY]
        if any(body[part][field] != self.audit[part][field] for part, field in kept):
            raise TransportError(409, "conflict", {"message": "Attempted to update read-only property."})
        self.audit = body
        return {"status": "OK"}

    @staticmethod
    def _found(content: Any) -> Any:
        if content is None:
            raise TransportError(404, "not found", {"status": "NOT_FOUND"})
        return content


def _as_raised(refusal: tuple[int, Any] | Exception) -> Exception:
    """As opensearch-py does it: an answer in text is the error itself, without information."""
    if isinstance(refusal, Exception):
        return refusal
    status, answer = refusal
    error: Exception = TransportError(status, *((answer, None) if isinstance(answer, str) else ("refused", answer)))
    return error


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def domain_of(api: Api) -> Callable[..., Domain]:
    """``domain_of(seconds)``: a domain for a function that has that long; each pause costs ten seconds of it."""

    def domain(seconds: float = 600) -> Domain:
        left = [seconds]

        def pause(_: float) -> None:
            left[0] -= 10

        return Domain(api, lambda: left[0], pause)

    return domain


ARN = "arn:aws:iam::123456789012:role"


@pytest.fixture
def event() -> dict[str, Any]:
    """To prepare a domain of ours."""
    return {
        "action": "prepare",
        "endpoint": "localhost:1",
        "audit": None,
        "roles": {"orders-reader": {"cluster_permissions": [], "index_permissions": []}},
        "mappings": {"orders-reader": [f"{ARN}/analysts"]},
        "dashboards_users": [f"{ARN}/analysts"],
        "generations": [
            {
                "pipeline": "shop-orders-1",
                "table": "shop-orders",
                "generation": 1,
                "settled": False,
                "compare": True,
                "role": {"cluster_permissions": ["cluster:monitor/state"], "index_permissions": []},
                "members": [f"{ARN}/pipeline"],
                "families": [
                    {
                        "alias": "orders",
                        "pattern": "orders-1",
                        "settings": {"index": {"number_of_replicas": 1}},
                        "properties": {"total": {"type": "double"}},
                    }
                ],
            }
        ],
        "start_page": "/app/dashboards#/view/orders-overview",
        "sessions": None,
    }


def of_a_generation(action: str, lifecycle: str = "create") -> dict[str, Any]:
    """As Terraform invokes the function around a pipeline."""
    event = {"action": action, "endpoint": "localhost:1", "table": "shop-orders", "generation": 1}
    return {**event, "tf": {"action": lifecycle, "prev_input": event if lifecycle == "delete" else None}}


def unreachable() -> Exception:
    error: Exception = Unreachable("N/A", "connection refused", OSError("connection refused"))
    return error


def line(**values: Any) -> bytes:
    return json.dumps(values).encode() + b"\n"
