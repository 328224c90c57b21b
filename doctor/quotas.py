"""Whether what is to be made still fits into the account's quotas."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from doctor.finding import Finding, absent, bad, good
from settings import Settings

# Lambda leaves so much to functions that reserve nothing (Lambda quotas).
UNRESERVED = 100
# Domains of an account in a Region, unless AWS granted more (OpenSearch Service quotas).
DOMAINS = 100


def reserved(settings: Settings) -> Mapping[str, int]:
    """Concurrent executions that each function takes for itself; a test holds this against stacks/."""
    names = settings.names
    seeders = {names.table(key).seeder: 1 for key, table in settings.tables.items() if table.seeding is not None}
    return {names.search_setup: 10, names.dead_letters: 1, **seeders}


def concurrency(client: Any, settings: Settings) -> Iterator[Finding]:
    """What functions that are not there yet will reserve must leave Lambda its share."""
    missing = sum(executions for name, executions in reserved(settings).items() if not _reserves(client, name))
    left = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if left - missing < UNRESERVED:
        yield bad(
            "Lambda concurrency",
            f"{left} executions are unreserved, {missing} are to be reserved, and {UNRESERVED} must stay",
            "ask for more: Service Quotas, AWS Lambda, Concurrent executions; new accounts have very few",
        )
    else:
        yield good("Lambda concurrency", f"{missing} to reserve, {left} unreserved")


def _reserves(client: Any, name: str) -> bool:
    try:
        return "ReservedConcurrentExecutions" in client.get_function_concurrency(FunctionName=name)
    except ClientError as error:
        if absent(error):
            return False
        raise


def pipelines(osis: Any, settings: Settings) -> Iterator[Finding]:
    there = {pipeline["PipelineName"] for page in _pages(osis) for pipeline in page["Pipelines"]}
    wanted, quota = {one.names.pipeline for one in settings.pipelines}, settings.ingestion.pipeline_quota
    if len(there | wanted) > quota:
        yield bad(
            "pipelines",
            f"{len(there)} are there, {len(wanted - there)} are to be made, and {quota} is the quota",
            "delete some, or have AWS raise the quota and say so in ingestion.pipeline_quota",
        )
    else:
        yield good("pipelines", f"{len(wanted - there)} to make, {len(there)} of {quota} there")


def _pages(osis: Any) -> Iterator[Mapping[str, Any]]:
    page = osis.list_pipelines()
    yield page
    while "NextToken" in page:
        page = osis.list_pipelines(NextToken=page["NextToken"])
        yield page


def domains(opensearch: Any, settings: Settings) -> Iterator[Finding]:
    if settings.collection is not None:
        return
    there = {domain["DomainName"] for domain in opensearch.list_domain_names()["DomainNames"]}
    name = settings.names.domain
    if settings.existing_domain is not None and name not in there:
        yield bad(
            "domain", f"{name} is not there", f"correct existing_domain.name; there are: {', '.join(sorted(there))}"
        )
    elif name not in there and len(there) >= DOMAINS:
        remedy = "ask for more: Service Quotas, Amazon OpenSearch Service, Domains per Region; go on if you have them"
        yield bad("domain", f"{len(there)} are there, as many as AWS gives to start with", remedy)
    else:
        yield good("domain", f"{name} is {'there' if name in there else 'to be made'}, {len(there)} in the Region")
