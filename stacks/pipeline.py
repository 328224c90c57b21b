"""The system itself: table, sign-in, domain and pipeline, in the order in which they need each other."""

from cdktf import TerraformOutput
from constructs import Construct

from settings import Settings
from stacks.authentication import Authentication
from stacks.base import EnvironmentStack
from stacks.ingestion import HTTP_CALLS, Ingestion
from stacks.policies import HTTP_METHODS
from stacks.search import Search
from stacks.setup import SearchSetup, start_page
from stacks.table import Table


class PipelineStack(EnvironmentStack):
    """Everything of one environment but its buckets for state and access logs, and its sample data."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "pipeline", settings)
        names, protected = settings.names, settings.deletion_protection
        table = Table(self, "source", settings.table, names, kms_key_arn=settings.kms_key_arn, protected=protected)
        authentication = Authentication(self, "authentication", settings.dashboards, names, protected=protected)
        ingestion = Ingestion(self, "ingestion", settings)
        setup = SearchSetup(self, "search-setup", settings, authentication.user_pool)
        people = [authentication.administrators.arn, authentication.analysts.arn]
        readers = list(settings.domain.reader_roles)
        search = Search(
            self,
            "search",
            settings,
            authentication,
            master=setup.role,
            callers=[
                ([ingestion.role.arn], HTTP_CALLS),
                ([setup.role.arn], ("es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut")),
                (people, (HTTP_METHODS,)),
                *([(readers, ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"))] if readers else []),
            ],
        )
        authentication.connect(search.domain)
        ready = setup.run(search.domain)
        pipeline = ingestion.start(search.domain.endpoint, table.resource, ready)

        outputs = {
            "dashboards-url": f"https://{search.domain.dashboard_endpoint}",
            "dashboard-url": f"https://{search.domain.endpoint}/_dashboards{start_page(settings.ingestion.index)}",
            "domain-endpoint": search.domain.endpoint,
            "table-name": table.resource.name,
            "table-arn": table.resource.arn,
            "pipeline-arn": pipeline.pipeline_arn,
            "pipeline-name": pipeline.pipeline_name,
            "user-pool-id": authentication.user_pool.id,
            "identity-pool-id": authentication.identity_pool.id,
            "export-bucket": ingestion.bucket.bucket.id,
        }
        for name, value in outputs.items():
            TerraformOutput(self, name, value=value)
