"""What makes the domain or collection ready: a function that Terraform invokes between it and the pipelines, and around
each pipeline, whose index it puts into the service of those who search, and takes out of it."""

import json
from collections.abc import Sequence
from typing import Any

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.cognito_user_pool import CognitoUserPool
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from names import Names
from pipelines import Pipeline
from settings import Collection, Settings
from stacks import audit, security_roles
from stacks.collection import DASHBOARDS_ACCESS, SERVERLESS, CollectionSearch
from stacks.function import Function
from stacks.literal import literal
from stacks.network import Placement
from stacks.policies import Statement

# A new domain may take minutes until its endpoint answers, a new index until it has caught up; Lambda's longest run.
TIMEOUT_SECONDS = 900
# As many as Terraform invokes at the same time, unless it is told otherwise.
CONCURRENCY = 10
# After this a person signs in again, second factor included.
SESSION_MINUTES = 12 * 60
TOKEN_MINUTES = 60

HTTP_CALLS = ("es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut")


class SearchSetup(Construct):
    """Security roles and who has them, index templates, aliases, the dashboards, how long people stay signed in.

    Its role is the domain's master user; with no `user_pool`, the domain is somebody else's, who made it so. A
    `collection` has no security roles: its policies say who may do what.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        placement: Placement | None,
        *,
        user_pool: CognitoUserPool | None = None,
        collection: CollectionSearch | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._settings, self._user_pool = settings, user_pool
        names = settings.names
        self._setup = Function(
            self,
            "setup",
            settings,
            code="search_setup",
            name=names.search_setup,
            role=names.search_setup_role,
            description=(
                f"Index templates, aliases and dashboards of {names.collection}"
                if collection
                else f"Security roles, index templates, aliases and dashboards of {names.domain}"
            ),
            statements=_statements(names, user_pool, collection),
            environment={"POWERTOOLS_SERVICE_NAME": "search-setup", **(SERVERLESS if collection else {})},
            timeout_seconds=TIMEOUT_SECONDS,
            concurrency=CONCURRENCY,
            placement=placement,
            files={"saved_objects.ndjson": settings.saved_objects},
        )
        self.role = self._setup.role
        # Asked for once: CDKTF answers from another process.
        self._function_name = self._setup.function.function_name

    def run(self, host: str, *after: ITerraformDependable) -> LambdaInvocation:
        """Prepare the target at `host`; again whenever what is wanted, or the code that does it, has changed."""
        event = _preparation(self._settings, host, self._user_pool.id if self._user_pool else None)
        return LambdaInvocation(
            self,
            "run",
            function_name=self._function_name,
            input=literal(json.dumps(event)),
            triggers={"package": self._setup.package.source_code_hash},
            depends_on=list(after) or None,
        )

    def of_generation(
        self,
        scope: Construct,
        action: str,
        pipeline: Pipeline,
        host: str,
        *,
        after: ITerraformDependable,
    ) -> LambdaInvocation:
        """`serve` or `retire` a pipeline's index; invoked when this is created and when it is destroyed.

        The input never changes: with this lifecycle a failed update would count as done.
        """
        event = {
            "action": action,
            "endpoint": host,
            "table": self._settings.names.table(pipeline.key).table,
            "generation": pipeline.generation,
        }
        return LambdaInvocation(
            scope,
            action,
            function_name=self._function_name,
            input=json.dumps(event),
            lifecycle_scope="CRUD",
            depends_on=[after],
        )


def _statements(
    names: Names, user_pool: CognitoUserPool | None, collection: CollectionSearch | None
) -> list[Statement]:
    if collection is not None:
        dashboards = Statement((DASHBOARDS_ACCESS,), (names.collection_dashboards_arn,))
        return [collection.data_access, dashboards]
    if user_pool is None:
        return [Statement(HTTP_CALLS, (f"{names.domain_arn}/*",))]
    # All that it may do to a domain of ours is in the domain's own policy.
    return [
        Statement(
            (
                "cognito-idp:DescribeUserPoolClient",
                "cognito-idp:ListUserPoolClients",
                "cognito-idp:UpdateUserPoolClient",
            ),
            (user_pool.arn,),
        )
    ]


def start_page(settings: Settings) -> str:
    """Where Dashboards begins: the dashboard of the first table."""
    return f"/app/dashboards#/view/{settings.pipelines[0].families[0].alias}-overview"


def _preparation(settings: Settings, host: str, user_pool_id: str | None) -> dict[str, Any]:
    names, target = settings.names, settings.target
    people = [names.role_arn(role) for role in (names.administrators_role, names.analysts_role)] if user_pool_id else []
    # A collection has no security roles.
    domain = None if isinstance(target, Collection) else target
    return {
        "action": "prepare",
        "endpoint": host,
        # Of somebody else's domain that is somebody else's matter.
        "audit": audit.configuration(enabled=settings.domain.audit) if settings.domain else None,
        "roles": _roles(settings, people) if domain else {},
        "mappings": _mappings(settings, people) if domain else {},
        "dashboards_users": people,
        "generations": [_generation(pipeline) for pipeline in settings.pipelines],
        "start_page": start_page(settings) if people else None,
        "sessions": (
            {"user_pool_id": user_pool_id, "token_minutes": TOKEN_MINUTES, "session_minutes": SESSION_MINUTES}
            if user_pool_id is not None
            else None
        ),
    }


def _roles(settings: Settings, people: Sequence[str]) -> dict[str, Any]:
    prefix = settings.names.prefix
    families = [family for pipeline in settings.pipelines if not pipeline.settled for family in pipeline.families]
    return {
        f"{prefix}-dead-letters": security_roles.dead_letters([family.pattern for family in families]),
        f"{prefix}-reader": security_roles.reader([family.alias for family in families]),
        **({f"{prefix}-administrator": security_roles.administrator()} if people else {}),
    }


def _mappings(settings: Settings, people: Sequence[str]) -> dict[str, list[str]]:
    names = settings.names
    return {
        f"{names.prefix}-dead-letters": [names.role_arn(names.dead_letters_role)],
        f"{names.prefix}-reader": [*people[1:], *settings.target.reader_roles],
        **({f"{names.prefix}-administrator": list(people[:1])} if people else {}),
    }


def _generation(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "pipeline": pipeline.names.pipeline,
        "table": pipeline.settings.names.table(pipeline.key).table,
        "generation": pipeline.generation,
        "settled": pipeline.settled,
        "compare": pipeline.table.switch == "complete",
        "role": (
            None if pipeline.serverless else security_roles.pipeline([family.pattern for family in pipeline.families])
        ),
        "members": [] if pipeline.serverless else [pipeline.role_arn],
        "families": [
            {"alias": family.alias, "pattern": family.pattern, **pipeline.template} for family in pipeline.families
        ],
    }
