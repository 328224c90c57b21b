"""A stand-in for the part of OpenSearch Dashboards' HTTP API with which a deployment is set up.

Saved objects are documents ``TYPE:ID`` of the index `.kibana`, as Dashboards keeps them, read and written as the
caller: what access control refuses there, it refuses here. Answers are those of Dashboards 2.19, of which there are
recordings in the tests; those about retries are from its source (saved_objects/import/resolve_import_errors.ts).
"""

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from urllib3 import BaseHTTPResponse
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from local.emulator.node import Node
from local.opensearch import VERSION

PREFIX = "/_dashboards"
_INDEX = ".kibana"
_ICONS = {
    "dashboard": "dashboardApp",
    "index-pattern": "indexPatternApp",
    "search": "discoverApp",
    "visualization": "visualizeApp",
}
# The last format of each type; objects of a later one are refused.
_VERSIONS = {"dashboard": "7.9.3", "index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0"}
# A reference of another type may lead nowhere.
_CHECKED_REFERENCES = frozenset({"index-pattern", "search"})
_TEMPLATE_PATH = "/_index_template/saved-objects"
# Attributes of one type differ in theirs from object to object, and a private tenant has an index of its own.
_TEMPLATE = {
    "index_patterns": [f"{_INDEX}*"],
    "template": {"settings": {"number_of_replicas": 0}, "mappings": {"dynamic": False}},
}

Ask = Callable[[str, str, bytes | None, Mapping[str, str]], BaseHTTPResponse]


@dataclass(frozen=True)
class Request:
    """`path` is what follows PREFIX; names of `headers` are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Key(NamedTuple):
    """What names a saved object."""

    type: str
    id: str

    @property
    def document(self) -> str:
        return f"{self.type}:{self.id}"


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Dashboards:
    """`node` is for what Dashboards does by itself, whoever calls."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def answer(self, request: Request, ask: Ask) -> tuple[int, Any]:
        """Status and JSON document. `ask` puts a request (method, path, body, headers) to the node as the caller.

        Raises `UnreachableError`.
        """
        try:
            return 200, self._done(request, ask)
        except _RefusedError as refused:
            phrase = HTTPStatus(refused.status).phrase
            return refused.status, {"statusCode": refused.status, "error": phrase, "message": str(refused)}

    def _done(self, request: Request, ask: Ask) -> Any:
        if request.method != "GET" and "osd-xsrf" not in request.headers:
            raise _RefusedError(400, "Request must contain the osd-xsrf header.")
        objects = _SavedObjects(ask, request.headers.get("securitytenant"))
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["api", "saved_objects", type_, id_]:
                return objects.get(Key(type_, unquote(id_)))
            case "POST", ["api", "saved_objects", "_import"]:
                if unknown := request.query.keys() - {"overwrite"}:
                    raise _RefusedError(400, f"[request query]: {', '.join(unknown)} is not part of the local AWS")
                uploaded = _uploaded(request)
                self._node.put(_TEMPLATE_PATH, _TEMPLATE)
                return objects.import_(uploaded, overwrite=request.query.get("overwrite") == "true")
            case "POST", ["api", "saved_objects", "_resolve_import_errors"]:
                retries = _retries(request)
                uploaded = {key: content for key, content in _uploaded(request).items() if key in retries}
                self._node.put(_TEMPLATE_PATH, _TEMPLATE)
                return objects.resolve(uploaded, {key for key, overwrite in retries.items() if overwrite})
            case "POST", ["api", "opensearch-dashboards", "settings"]:
                changes = _changes(request)
                self._node.put(_TEMPLATE_PATH, _TEMPLATE)
                return objects.change_settings(changes)
        raise _RefusedError(
            404,
            f"{request.method} {PREFIX}{request.path} is not part of the local AWS, which of OpenSearch Dashboards has "
            "the import and the reading of saved objects and the settings",
        )


class _SavedObjects:
    """The saved objects of one tenant. Without a name that is the caller's private one, which nobody else sees."""

    def __init__(self, ask: Ask, tenant: str | None) -> None:
        self._ask = ask
        # The plugin calls the private tenant so; the global one has no name there.
        self._headers = {} if tenant == "global" else {"securitytenant": "__user__"}

    def get(self, key: Key) -> dict[str, Any]:
        found = self._stored({key}).get(key)
        if found is None:
            raise _RefusedError(404, f"Saved object [{key.type}/{key.id}] not found")
        source = found["_source"]
        version = base64.b64encode(json.dumps([found["_seq_no"], found["_primary_term"]]).encode()).decode()
        kept = {name: source[name] for name in ("references", "migrationVersion", "updated_at") if name in source}
        return {
            "id": key.id,
            "type": key.type,
            "namespaces": ["default"],
            "version": version,
            "attributes": source[key.type],
            **kept,
        }

    def import_(self, objects: Mapping[Key, Any], *, overwrite: bool) -> dict[str, Any]:
        """What is there is overwritten, or is a conflict."""
        there = self._stored(set(objects)).keys()
        return self.resolve(objects, there if overwrite else frozenset())

    def resolve(self, objects: Mapping[Key, Any], overwritten: AbstractSet[Key]) -> dict[str, Any]:
        """All objects are stored, or none where an error may be healed: by another file or by overwriting."""
        known = {key: content for key, content in objects.items() if key.type in _ICONS}
        references = {key: _checked_references(content) for key, content in known.items()}
        stored = self._stored({*known, *(one for wanted in references.values() for one in wanted)})
        healable: dict[Key, dict[str, Any]] = {}
        for key, wanted in references.items():
            missing = [one._asdict() for one in wanted if one not in known and one not in stored]
            if missing:
                healable[key] = {"type": "missing_references", "references": missing}
            elif key in stored and key not in overwritten:
                healable[key] = {"type": "conflict"}
        unsupported = {key: {"type": "unsupported_type"} for key in objects if key.type not in _ICONS}
        errors = {**unsupported, **(healable or self._store(known, overwritten))}

        def described(key: Key) -> dict[str, Any]:
            title = {name: value for name, value in objects[key]["attributes"].items() if name == "title"}
            meta = title | ({"icon": _ICONS[key.type]} if key.type in _ICONS else {})
            attempted = {"overwrite": True} if key in overwritten else {}
            if key in errors:
                return {**key._asdict(), **title, "meta": meta, "error": errors[key], **attempted}
            return {**key._asdict(), "meta": meta, **attempted}

        imported, failed = ([described(key) for key in objects if (key in errors) is bad] for bad in (False, True))
        return {
            "successCount": len(imported),
            "success": not failed,
            **({"successResults": imported} if imported else {}),
            **({"errors": failed} if failed else {}),
        }

    def change_settings(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """A change to null removes a setting."""
        key = Key("config", VERSION)
        found = self._stored({key}).get(key)
        settings = {**(found["_source"][key.type] if found else {}), **changes}
        settings = {name: value for name, value in settings.items() if value is not None}
        document = {"type": key.type, key.type: settings, "references": [], "updated_at": _now()}
        self._answer("PUT", f"/{_INDEX}/_doc/{quote(key.document)}?refresh=true", json.dumps(document).encode())
        return {"settings": {name: {"userValue": value} for name, value in settings.items()}}

    def _stored(self, keys: set[Key]) -> dict[Key, Any]:
        """Those of the objects that there are, as documents with their source."""
        if not keys:
            return {}
        ordered = sorted(keys)
        body = json.dumps({"ids": [key.document for key in ordered]}).encode()
        documents = self._answer("POST", f"/{_INDEX}/_mget", body)["docs"]
        for error in (document["error"] for document in documents if "error" in document):
            if error["type"] != "index_not_found_exception":
                raise _RefusedError(403, error["reason"])
        return {key: document for key, document in zip(ordered, documents, strict=True) if document.get("found")}

    def _store(self, objects: Mapping[Key, Any], overwritten: AbstractSet[Key]) -> dict[Key, dict[str, Any]]:
        """The errors of those that the node did not take."""
        lines: list[Any] = []
        for key, content in objects.items():
            kept = {name: content[name] for name in ("references", "migrationVersion") if name in content}
            lines.append({"index" if key in overwritten else "create": {"_id": key.document}})
            lines.append({"type": key.type, key.type: content["attributes"], **kept, "updated_at": _now()})
        if not lines:
            return {}
        body = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        items = self._answer("POST", f"/{_INDEX}/_bulk?refresh=true", body)["items"]
        results = zip(objects, (result for item in items for result in item.values()), strict=True)
        return {
            key: {"type": "unknown", "statusCode": result["status"], "message": result["error"]["reason"]}
            for key, result in results
            if "error" in result
        }

    def _answer(self, method: str, path: str, body: bytes) -> Any:
        answer = self._ask(method, path, body, self._headers)
        if answer.status >= 400:
            content = answer.data.decode(errors="replace")
            reason = answer.json()["error"]["reason"] if content.startswith("{") else content
            raise _RefusedError(answer.status, reason)
        return answer.json()


def _form(request: Request) -> tuple[Mapping[str, str], Mapping[str, FileStorage]]:
    """Fields and files of a multipart form."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    # The body is in memory already; a temporary file would have to be closed.
    parser = FormDataParser(stream_factory=lambda *_, **__: BytesIO())
    _, fields, files = parser.parse(BytesIO(request.body), kind, len(request.body), options)
    return fields, files


def _retries(request: Request) -> dict[Key, bool]:
    """The objects in the field `retries`, and whether each may overwrite one that is there."""
    if unknown := request.query.keys():
        raise _RefusedError(400, f"[request query]: {', '.join(unknown)} is not part of the local AWS")
    fields, _ = _form(request)
    try:
        retries = json.loads(fields["retries"])
        if others := {name for retry in retries for name in retry} - {"type", "id", "overwrite"}:
            raise _RefusedError(400, f"[request body.retries]: {', '.join(others)} is not part of the local AWS")
        return {Key(retry["type"], retry["id"]): retry.get("overwrite", False) for retry in retries}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _RefusedError(400, f"[request body.retries]: expected value of type [array]: {error}") from error


def _uploaded(request: Request) -> dict[Key, Any]:
    """The objects in the multipart field `file`, with `references` in each."""
    _, files = _form(request)
    file = files.get("file")
    if file is None:
        raise _RefusedError(400, "[request body.file]: expected value of type [Stream] but got [undefined]")
    name = PurePosixPath(file.filename or "")
    if name.suffix.lower() != ".ndjson":
        raise _RefusedError(400, f"Invalid file extension {name.suffix}")
    try:
        lines = [json.loads(line) for line in file.read().splitlines() if line.strip()]
    except ValueError as error:
        raise _RefusedError(400, f"a line of {name} is not JSON: {error}") from error
    # Dashboards ends its own exports with a line about the export.
    objects = [line for line in lines if "exportedCount" not in line]
    for number, content in enumerate(objects, 1):
        if lacking := [field for field in ("type", "id", "attributes") if field not in content]:
            raise _RefusedError(400, f"object {number} of {name} lacks {' and '.join(lacking)}")
    keys = [Key(content["type"], content["id"]) for content in objects]
    if twice := [key.document for key, count in Counter(keys).items() if count > 1]:
        raise _RefusedError(400, f"Non-unique import objects detected: [{','.join(twice)}]: Bad Request")
    for content in objects:
        _require_known_version(content)
    return {key: {"references": [], **content} for key, content in zip(keys, objects, strict=True)}


def _require_known_version(content: Mapping[str, Any]) -> None:
    for name, version in content.get("migrationVersion", {}).items():
        last = _VERSIONS.get(name)
        if last and _numbers(version) > _numbers(last):
            raise _RefusedError(
                422,
                f'Document "{content["id"]}" has property "{name}" which belongs to a more recent version of '
                f"OpenSearch Dashboards [{version}]. The last known version is [{last}]",
            )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _checked_references(content: Mapping[str, Any]) -> list[Key]:
    return [Key(one["type"], one["id"]) for one in content["references"] if one["type"] in _CHECKED_REFERENCES]


def _changes(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(request.body)
    except ValueError as error:
        raise _RefusedError(400, f"the request body is not JSON: {error}") from error
    for name in given:
        if name != "changes":
            raise _RefusedError(400, f"[request body.{name}]: definition for this key is missing")
    changes: dict[str, Any] = given.get("changes")
    if not isinstance(changes, dict):
        raise _RefusedError(400, "[request body.changes]: expected value of type [object]")
    route = changes.get("defaultRoute")
    if route is not None and not (isinstance(route, str) and route.startswith("/")):
        raise _RefusedError(400, "[validation [defaultRoute]]: Must be a relative URL.")
    return changes


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
