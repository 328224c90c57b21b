"""Whether the names are free, or this environment's already."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from doctor.finding import Finding, absent, bad, denied, good
from settings import Settings

_OTHER_NAME = "change `project` or the environment's file name, or remove what is there"


def buckets(s3: Any, settings: Settings) -> Iterator[Finding]:
    """Names of buckets are unique in the world; the account's number in ours makes a clash unlikely, not impossible."""
    names = settings.names
    for name in (names.state_bucket, names.access_log_bucket, names.export_bucket):
        try:
            s3.head_bucket(Bucket=name, ExpectedBucketOwner=settings.account_id)
        except ClientError as error:
            if absent(error):
                yield good("bucket name", f"{name} is free")
            elif denied(error):
                yield bad("bucket name", f"{name} is another account's, or may not be looked at", _OTHER_NAME)
            else:
                raise
        else:
            yield good("bucket name", f"{name} is this account's")


def sign_in_prefix(cognito: Any, settings: Settings) -> Iterator[Finding]:
    """The prefix of the sign-in page is unique in the Region."""
    if settings.domain is None:
        return
    prefix = settings.names.sign_in_prefix
    there = cognito.describe_user_pool_domain(Domain=prefix)["DomainDescription"]
    if not there:
        yield good("Cognito prefix", f"{prefix} is free")
        return
    tags = cognito.describe_user_pool(UserPoolId=there["UserPoolId"])["UserPool"].get("UserPoolTags", {})
    yield _owned("Cognito prefix", prefix, tags, settings)


def domain(opensearch: Any, settings: Settings) -> Iterator[Finding]:
    if settings.domain is None:
        return
    name = settings.names.domain
    try:
        opensearch.describe_domain(DomainName=name)
    except ClientError as error:
        if not absent(error):
            raise
        yield good("domain name", f"{name} is free")
    else:
        tags = opensearch.list_tags(ARN=settings.names.domain_arn)["TagList"]
        yield _owned("domain name", name, _by_key(tags), settings)


def pipelines(osis: Any, settings: Settings) -> Iterator[Finding]:
    for pipeline in settings.pipelines:
        name = pipeline.names.pipeline
        try:
            arn = osis.get_pipeline(PipelineName=name)["Pipeline"]["PipelineArn"]
        except ClientError as error:
            if not absent(error):
                raise
            yield good("pipeline name", f"{name} is free")
        else:
            yield _owned("pipeline name", name, _by_key(osis.list_tags_for_resource(Arn=arn)["Tags"]), settings)


def tables(dynamodb: Any, settings: Settings) -> Iterator[Finding]:
    """Those to be made are free or ours; those that are somebody else's are there."""
    for key, table in settings.tables.items():
        name = table.existing.name if table.existing else settings.names.table(key).table
        try:
            arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        except ClientError as error:
            if not absent(error):
                raise
            if table.existing:
                yield bad("table", f"{name} is not there", f"correct tables.{key}.existing.name, or region")
            else:
                yield good("table name", f"{name} is free")
            continue
        if table.existing:
            yield good("table", f"{name} is there")
        else:
            tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
            yield _owned("table name", name, _by_key(tags), settings)


def _by_key(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _owned(check: str, name: str, tags: Mapping[str, str], settings: Settings) -> Finding:
    """By the tags that stacks.base gives to everything."""
    if settings.identity.items() <= tags.items():
        return good(check, f"{name} is this environment's")
    return bad(check, f"{name} is there, without this environment's tags", _OTHER_NAME)
