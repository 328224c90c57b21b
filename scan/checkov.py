"""checkov on one stack: what it is given to read, how it is run without any network, and what it says."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

COMMAND = Path(__file__).parents[1] / ".build" / "scan" / "bin" / "checkov"
DOCUMENT = "aws_iam_policy_document"

Stack = dict[str, Any]


class ScanFailed(Exception):
    """checkov gave no verdict; the message says on what, and what it said instead."""


@dataclass(frozen=True)
class Origin:
    """Where a stack comes from."""

    environment: str
    production: bool
    stack: str

    def __str__(self) -> str:
        return f"{self.environment} {self.stack}"


@dataclass(frozen=True)
class Finding:
    """A check that a resource, named by its Terraform address, does not pass."""

    origin: Origin
    check: str
    name: str
    resource: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.check} {self.name}: {self.resource}"


@dataclass(frozen=True)
class Verdict:
    resources: int
    passed: int
    """Checks, not resources."""
    failed: tuple[Finding, ...]


class _Record(BaseModel):
    check_id: str
    check_name: str
    resource: str


class _Results(BaseModel):
    failed_checks: tuple[_Record, ...]


class _Summary(BaseModel):
    passed: int
    parsing_errors: int


class _Report(BaseModel):
    results: _Results
    summary: _Summary


def scan(file: Path, origin: Origin) -> Verdict:
    """Check the stack in `file`, rewritten for checkov, which reads all below its folder. Raises ScanFailed."""
    stack = json.loads(file.read_text())
    file.write_text(json.dumps(readable(stack), indent=2))
    options = ["--directory", ".", "--framework", "terraform_json", "--output", "json", "--quiet", "--compact"]
    options += ["--soft-fail", "--skip-download", "--download-external-modules", "false"]
    process = subprocess.run(
        [COMMAND, *options],
        cwd=file.parent,
        # Nobody's ~/.checkov.yaml, platform key or CKV_… variable has a say.
        env={"PATH": os.environ["PATH"], "HOME": str(file.parent), "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise ScanFailed(f"{origin}: checkov ended with {process.returncode}: {process.stderr}")
    return verdict(process.stdout, stack, origin)


def readable(stack: Stack) -> Stack:
    """The stack as checkov 3.3 reads all of it.

    It fails on `terraform.required_version`, and its checks of what a policy grants pass over JSON text in silence:
    each document of a resource is there once more, as a data source.
    """
    documents = {
        _document_name(name, attribute): {"statement": [_block(statement) for statement in statements]}
        for _, name, body in _resources(stack)
        for attribute, statements in _documents(body)
    }
    data = stack.get("data", {})
    return {
        **{key: value for key, value in stack.items() if key != "terraform"},
        "data": {**data, DOCUMENT: {**data.get(DOCUMENT, {}), **documents}},
    }


def verdict(output: str, stack: Stack, origin: Origin) -> Verdict:
    """What checkov's JSON says of `stack`, with addresses. Raises ScanFailed where it could not read the stack."""
    try:
        report = _Report.model_validate_json(output)
    except ValidationError:
        raise ScanFailed(f"{origin}: checkov checked nothing: {output[:1000]!r}") from None
    if report.summary.parsing_errors:
        raise ScanFailed(f"{origin}: checkov cannot parse the stack that the scan gave it")
    addresses = _addresses(stack)
    failed = {
        Finding(origin, record.check_id, record.check_name, _address(record.resource, addresses)): None
        for record in report.results.failed_checks
    }
    return Verdict(sum(1 for _ in _resources(stack)), report.summary.passed, tuple(failed))


def _address(resource: str, addresses: dict[str, str]) -> str:
    return addresses.get(resource.partition(".")[2], resource)


def _addresses(stack: Stack) -> dict[str, str]:
    """By name alone, which no two resources of a stack share: checkov says `resource.<name>` as often as an address."""
    addresses = {}
    for kind, name, body in _resources(stack):
        addresses[name] = f"{kind}.{name}"
        addresses |= {_document_name(name, attribute): f"{kind}.{name}" for attribute, _ in _documents(body)}
    return addresses


def _resources(stack: Stack) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, resources in stack.get("resource", {}).items():
        for name, body in resources.items():
            yield kind, name, body


def _documents(body: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The arguments that are IAM documents, with their statements."""
    for attribute, value in body.items():
        try:
            document = json.loads(value)
        except (TypeError, ValueError):
            continue
        if isinstance(document, dict) and "Statement" in document:
            yield attribute, document["Statement"]


def _document_name(resource: str, attribute: str) -> str:
    return f"{resource}-{attribute}"


def _block(statement: dict[str, Any]) -> dict[str, Any]:
    principal = statement.get("Principal", {})
    block = {
        "effect": statement["Effect"],
        "actions": statement["Action"],
        "resources": statement.get("Resource"),
        "principals": [
            {"type": kind, "identifiers": identifiers}
            for kind, identifiers in ({"AWS": ["*"]} if principal == "*" else principal).items()
        ],
        "condition": [
            {"test": operator, "variable": key, "values": values}
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        ],
    }
    # Over an empty block checkov drops the whole document, in silence.
    return {argument: value for argument, value in block.items() if value}
