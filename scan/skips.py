"""`skips.yaml`: the checks that need not hold here. A skip that nothing needs is as wrong as a failed check."""

import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

import strict_yaml
from scan.checkov import Finding
from settings.values import Model, matching
from strict_yaml import InvalidYaml


class InvalidSkips(ValueError):
    """What is wrong with the file, a line for each problem."""


class Skip(Model):
    """`resources` are patterns of Terraform addresses, as `fnmatch` has them.

    `tests_only` is for environments that are not for production; without it, for all.
    """

    check: Annotated[str, matching(r"CKV2?_AWS_\d+", "use the id that checkov gives, for example CKV_AWS_145")]
    resources: Annotated[tuple[str, ...], Field(min_length=1)]
    reason: Annotated[str, matching(r"[A-Z].+\.", "say in one sentence why it is right here")]
    tests_only: bool = False

    def __str__(self) -> str:
        return f"{self.check} of {', '.join(self.resources)}{' in tests' if self.tests_only else ''}"

    def covers(self, finding: Finding) -> bool:
        return (
            finding.check == self.check
            and any(fnmatchcase(finding.resource, pattern) for pattern in self.resources)
            and not (self.tests_only and finding.origin.production)
        )

    def parts(self) -> Iterator[Self]:
        """The same for each pattern alone."""
        for pattern in self.resources:
            yield self.model_copy(update={"resources": (pattern,)})


class _File(Model):
    skips: tuple[Skip, ...]


def read(file: Path) -> tuple[Skip, ...]:
    """Raises InvalidSkips."""
    try:
        # By way of JSON, whose lists are tuples in strict mode.
        return _File.model_validate_json(json.dumps(strict_yaml.read(file.read_bytes()))).skips
    except InvalidYaml as error:
        raise InvalidSkips(f"{file}: {error}") from None
    except ValidationError as error:
        raise InvalidSkips("\n".join(f"{file}: {_explain(detail)}" for detail in error.errors())) from None


def unskipped(findings: Sequence[Finding], skips: Sequence[Skip]) -> list[Finding]:
    return [finding for finding in findings if not any(skip.covers(finding) for skip in skips)]


def stale(findings: Sequence[Finding], skips: Sequence[Skip]) -> list[Skip]:
    """The parts of skips that cover nothing."""
    parts = [part for skip in skips for part in skip.parts()]
    return [part for part in parts if not any(part.covers(finding) for finding in findings)]


def _explain(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{where}: is missing; add it"
        case "extra_forbidden":
            known = Skip if len(detail["loc"]) > 1 else _File
            return f"{where}: unknown key; known are {', '.join(known.model_fields)}"
        case _:
            return f"{where}: {detail['input']!r} is not allowed; {detail['msg']}"
