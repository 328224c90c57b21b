"""The system: table -> ingestion -> search, and the people who look at it."""

from cdktf import TerraformOutput
from constructs import Construct

from settings import Settings
from stacks.authentication import Authentication
from stacks.base import EnvironmentStack
from stacks.ingestion import Ingestion
from stacks.search import Search
from stacks.table import Table


class PipelineStack(EnvironmentStack):
    """Everything of one environment but its state bucket and its sample data."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "pipeline", settings)
        names, protected = settings.names, settings.deletion_protection
        table = Table(self, "source", settings.table, names, protected=protected)
        authentication = Authentication(self, "authentication", settings.dashboards, names, protected=protected)
        ingestion = Ingestion(self, "ingestion", settings)
        search = Search(
            self,
            "search",
            settings.domain,
            names,
            authentication,
            callers=[ingestion.role, authentication.signed_in_role],
            protected=protected,
        )
        pipeline = ingestion.start(search.domain.endpoint, table.resource)

        outputs = {
            "dashboards-url": f"https://{search.domain.dashboard_endpoint}",
            "domain-endpoint": search.domain.endpoint,
            "table-name": table.resource.name,
            "table-arn": table.resource.arn,
            "pipeline-arn": pipeline.pipeline_arn,
            "pipeline-name": pipeline.pipeline_name,
            "user-pool-id": authentication.user_pool.id,
            "export-bucket": ingestion.bucket.bucket.id,
        }
        for name, value in outputs.items():
            TerraformOutput(self, name, value=value)
