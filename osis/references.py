"""A body of the user's own: its references filled in, and held to what its pipeline was given."""

import re
from collections.abc import Collection, Iterator, Mapping

from osis.model import PipelineBody
from osis.problems import InvalidBody, Path, Problem, at, shown, suggestion
from osis.sink import OpenSearchSink
from osis.values import REFERENCE, has_placeholder, leaves

Found = Iterator[tuple[Path, str]]


def fill(text: str, references: Mapping[str, str]) -> str:
    """Return `text`, a body as YAML, with each `{{name}}` replaced; blanks inside the braces are allowed.

    Raises InvalidBody for every name that is not in `references`.
    """
    unknown = [found for found in REFERENCE.finditer(text) if found[1].strip() not in references]
    if unknown:
        raise InvalidBody(_unknown(found, references) for found in unknown)
    return REFERENCE.sub(lambda found: references[found[1].strip()], text)


def _unknown(found: re.Match[str], references: Mapping[str, str]) -> Problem:
    line = found.string.count("\n", 0, found.start()) + 1
    known = ", ".join(references) or "none"
    near = suggestion(found[1].strip(), references)
    return Problem("body", f"line {line}: {shown(found[0])} is not a reference{near}; known: {known}")


def strays(
    body: PipelineBody,
    *,
    table_arn: str,
    role_arn: str,
    host: str,
    indices: Collection[str],
    export: tuple[str, str],
    dlq: tuple[str, str],
    serverless: bool = False,
    network_policy: str | None = None,
) -> tuple[Problem, ...]:
    """Return each place where `body` leaves the table, role, target, indices and folders that its pipeline was given.

    `host` is the endpoint, without scheme, of a domain or, where it is `serverless`, of a collection; `network_policy`
    is the name of that of a private one. `export` and `dlq` are a bucket and what its keys start with. Where other
    sinks, and processors that call a service, may go is left to the permissions of the role.
    """
    source_path, source = body.dynamodb()
    table_path, table = (*source_path, "tables", 0), source.tables[0]
    found = [*_other((*table_path, "table_arn"), table.table_arn, [table_arn]), *_roles(body, role_arn)]
    if table.export is not None:
        export_path = (*table_path, "export")
        found += _other((*export_path, "s3_bucket"), table.export.s3_bucket, [export[0]])
        found += _outside((*export_path, "s3_prefix"), table.export.s3_prefix, export[1])
    for path, sink in body.opensearch_sinks():
        for number, one in enumerate(sink.hosts):
            found += _other((*path, "hosts", number), one, [f"https://{host}"])
        found += _other((*path, "index"), sink.index, indices)
        found += _of_kind((*path, "aws"), sink, serverless=serverless, network_policy=network_policy)
        if sink.dlq is not None:
            dlq_path = (*path, "dlq", "s3")
            found += _other((*dlq_path, "bucket"), sink.dlq.s3.bucket, [dlq[0]])
            found += _outside((*dlq_path, "key_path_prefix"), sink.dlq.s3.key_path_prefix, dlq[1])
    return tuple(Problem(at(path), message) for path, message in found)


def _roles(body: PipelineBody, role_arn: str) -> Found:
    options = leaves(body.model_dump(mode="json", by_alias=True, exclude_unset=True))
    given = {path: value for path, value in options if path[-1] in ("sts_role_arn", "aws_sts_role_arn")}
    given.setdefault((*body.dynamodb()[0], "aws", "sts_role_arn"), None)
    for path, sink in body.opensearch_sinks():
        if (*path, "aws_sts_role_arn") not in given:
            given.setdefault((*path, "aws", "sts_role_arn"), None)
        if sink.dlq is not None:
            given.setdefault((*path, "dlq", "s3", "sts_role_arn"), None)
    for path, value in given.items():
        yield from _other(path, value, [role_arn])


def _of_kind(path: Path, sink: OpenSearchSink, *, serverless: bool, network_policy: str | None) -> Found:
    if serverless != (sink.serverless or (sink.aws is not None and sink.aws.serverless)):
        wrong = "is missing, and the sink is a collection; set it to true" if serverless else "is for collections only"
        yield (*path, "serverless"), wrong if serverless else f"{wrong}; remove it"
    if network_policy is not None:
        options = (sink.aws.serverless_options if sink.aws is not None else None) or sink.serverless_options
        given = options.network_policy_name if options is not None else None
        yield from _other((*path, "serverless_options", "network_policy_name"), given, [network_policy])


def _other(path: Path, value: object, allowed: Collection[str]) -> Found:
    if value not in allowed:
        wrong = "is missing" if value is None else f"{shown(value)} is not what this pipeline was given"
        yield path, f"{wrong}; use {' or '.join(map(repr, allowed))}"


def _outside(path: Path, prefix: str | None, given: str) -> Found:
    if prefix is None:
        yield path, f"is missing; use {given!r}"
    elif not prefix.startswith(given):
        yield path, f"{shown(prefix)} is outside of the folder that this pipeline was given; start it with {given!r}"
    elif has_placeholder(prefix.removeprefix(given)):
        yield path, f"{shown(prefix)} has a placeholder, which nothing fills in; write the folder out"
