"""Whether what is to be made still fits into the account's quotas."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from doctor.finding import Finding, absent, bad, code, good, unknown
from settings import Domain, Settings
from settings.search import MASTERS

# Lambda leaves so much to functions that reserve nothing (Lambda quotas).
UNRESERVED = 100
# Resource policies of an account in a Region, those of single log groups aside (CloudWatch Logs API reference,
# PutResourcePolicy). AWS raises it for nobody.
LOG_POLICIES = 10
# Domains of an account in a Region, unless AWS granted more (OpenSearch Service quotas).
DOMAINS = 100
# How DescribeInstanceTypeLimits may say that there is no such type (its errors in the service model).
_NO_SUCH_TYPE = frozenset({"InvalidTypeException", "ResourceNotFoundException", "ValidationException"})


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


def log_policies(logs: Any, settings: Settings) -> Iterator[Finding]:
    """A domain delivers its logs by a policy of the account, of which there are few."""
    if settings.domain is None:
        return
    pages = logs.get_paginator("describe_resource_policies").paginate()
    there = {policy["policyName"] for page in pages for policy in page["resourcePolicies"]}
    if len(there | {settings.names.domain}) > LOG_POLICIES:
        remedy = "delete one that nobody needs (aws logs describe-resource-policies), or put several into one"
        yield bad("log policies", f"{len(there)} are there, as many as AWS allows", remedy)
    else:
        yield good("log policies", f"{len(there)} of {LOG_POLICIES} there")


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


def instances(opensearch: Any, settings: Settings) -> Iterator[Finding]:
    """The Region has each type of node, as many as are wanted, with disks of that size (DescribeInstanceTypeLimits)."""
    domain = settings.domain
    if domain is None:
        return
    warm = domain.warm
    for role, kind, count in (
        ("data", domain.instance_type, domain.instance_count),
        ("master", domain.masters, MASTERS),
        ("ultra_warm", warm.type if warm else None, warm.count if warm else 0),
    ):
        if kind is None:
            continue
        of_type = {"InstanceType": kind, "EngineVersion": domain.engine_version}
        try:
            limits = opensearch.describe_instance_type_limits(**of_type)["LimitsByRole"].get(role)
        except ClientError as error:
            if code(error) not in _NO_SUCH_TYPE:
                raise
            found = f"{kind} is not there in {settings.region} with {domain.engine_version}"
            yield bad("instances", found, "choose another type")
            continue
        if limits is None:
            yield unknown(
                "instances", f"AWS tells no limits of {kind} as a {role} node", "see that there are such nodes"
            )
            continue
        problems = [*_too_many(limits, count), *(_wrong_disk(limits, domain) if role == "data" else ())]
        if problems:
            yield bad("instances", f"{kind}: {'; '.join(problems)}", "choose another type, another number or size")
        else:
            yield good("instances", f"{count} of {kind}")


def _too_many(limits: Mapping[str, Any], count: int) -> Iterator[str]:
    most = limits.get("InstanceLimits", {}).get("InstanceCountLimits", {}).get("MaximumInstanceCount")
    if most is not None and count > most:
        yield f"{count} are wanted, {most} is the limit"


def _wrong_disk(limits: Mapping[str, Any], domain: Domain) -> Iterator[str]:
    disks = (
        one["StorageTypeLimits"] for one in limits.get("StorageTypes", []) if one.get("StorageSubTypeName") == "gp3"
    )
    gp3 = next(disks, None)
    if gp3 is None:
        yield "it takes no gp3 disk"
        return
    told = {limit["LimitName"]: int(limit["LimitValues"][0]) for limit in gp3 if limit.get("LimitValues")}
    for noun, unit, wanted in (
        ("VolumeSize", "GiB", domain.volume_gib),
        ("Iops", "IOPS", domain.iops),
        ("Throughput", "MiB/s", domain.throughput_mib),
    ):
        least, most = told.get(f"Minimum{noun}"), told.get(f"Maximum{noun}")
        if wanted is not None and ((least is not None and wanted < least) or (most is not None and wanted > most)):
            yield f"a gp3 disk has {least or 0} to {most or 'any'} {unit}, {wanted} are wanted"
