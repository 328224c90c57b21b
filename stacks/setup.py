"""What makes the domain ready: a function that Terraform invokes between the domain and the pipeline."""

import json
from typing import Any

from cdktf_cdktf_provider_aws.cognito_user_pool import CognitoUserPool
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from cdktf_cdktf_provider_aws.opensearch_domain import OpensearchDomain
from constructs import Construct

from dashboards import FieldType
from settings import Domain, Settings
from stacks import security_roles
from stacks.function import Function
from stacks.policies import Statement

# A new domain may take minutes until its endpoint answers.
TIMEOUT_SECONDS = 600
# After this a person signs in again, second factor included.
SESSION_MINUTES = 12 * 60
TOKEN_MINUTES = 60


class SearchSetup(Construct):
    """Security roles and who has them, the index template, the dashboard, how long people stay signed in.

    Its role is the domain's master user.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, user_pool: CognitoUserPool) -> None:  # noqa: A002
        super().__init__(scope, id)
        self._settings, self._user_pool = settings, user_pool
        names = settings.names
        # All that it may do to the domain is in the domain's own policy.
        self._setup = Function(
            self,
            "setup",
            settings,
            code="search_setup",
            name=names.search_setup,
            role=names.search_setup_role,
            description=f"Security roles, index template and dashboard of {names.domain}",
            statements=[
                Statement(
                    (
                        "cognito-idp:DescribeUserPoolClient",
                        "cognito-idp:ListUserPoolClients",
                        "cognito-idp:UpdateUserPoolClient",
                    ),
                    (user_pool.arn,),
                )
            ],
            environment={"POWERTOOLS_SERVICE_NAME": "search-setup"},
            timeout_seconds=TIMEOUT_SECONDS,
            files={"saved_objects.ndjson": settings.saved_objects},
        )
        self.role = self._setup.role

    def run(self, domain: OpensearchDomain) -> LambdaInvocation:
        """Prepare `domain`; again whenever what is wanted, or the code that does it, has changed."""
        return LambdaInvocation(
            self,
            "run",
            function_name=self._setup.function.function_name,
            input=json.dumps(_event(self._settings, domain.endpoint, self._user_pool.id)),
            triggers={"package": self._setup.package.source_code_hash},
        )


def start_page(index: str) -> str:
    """Where Dashboards begins: the dashboard that `dashboards.overview` makes of the index."""
    return f"/app/dashboards#/view/{index}-overview"


def _event(settings: Settings, endpoint: str, user_pool_id: str) -> dict[str, Any]:
    names, index = settings.names, settings.ingestion.index
    pipeline, reader, administrator = (f"{names.prefix}-{role}" for role in ("pipeline", "reader", "administrator"))
    return {
        "endpoint": endpoint,
        "engine_version": settings.domain.version,
        "roles": {
            pipeline: security_roles.pipeline(index),
            reader: security_roles.reader(index),
            administrator: security_roles.administrator(),
        },
        "mappings": {
            pipeline: [names.role_arn(names.pipeline_role)],
            reader: [names.role_arn(names.analysts_role), *settings.domain.reader_roles],
            administrator: [names.role_arn(names.administrators_role)],
        },
        "dashboards_users": [names.role_arn(role) for role in (names.administrators_role, names.analysts_role)],
        "index_templates": _templates(names.prefix, index, settings.ingestion.attributes, settings.domain),
        "start_page": start_page(index),
        "sessions": {
            "user_pool_id": user_pool_id,
            "token_minutes": TOKEN_MINUTES,
            "session_minutes": SESSION_MINUTES,
        },
    }


def _templates(name: str, index: str, attributes: dict[str, FieldType], domain: Domain) -> dict[str, Any]:
    """The index template of the declared attributes, with a replica where there is a node to hold it."""
    if not attributes:
        return {}
    template = {
        "settings": {"index": {"number_of_replicas": min(1, domain.instance_count - 1)}},
        "mappings": {"properties": {attribute: {"type": kind} for attribute, kind in attributes.items()}},
    }
    return {name: {"index_patterns": [index], "template": template, "priority": 100}}
