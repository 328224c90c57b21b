"""The system itself: tables, sign-in, domain or collection, pipelines, in the order in which they need each other."""

from cdktf import TerraformOutput
from constructs import Construct

from names import DLQ_PREFIX, EXPORT_PREFIX
from settings import Alarms, Domain, Settings
from stacks.alarms import Watch
from stacks.authentication import Authentication
from stacks.base import EnvironmentStack
from stacks.bucket import PrivateBucket, expiry
from stacks.budget import monthly_budget
from stacks.collection import CollectionSearch
from stacks.dead_letters import HTTP_CALLS as REPLAY_CALLS
from stacks.dead_letters import DeadLetters
from stacks.hours import Schedules
from stacks.ingestion import HTTP_CALLS, Ingestion
from stacks.key import made_key
from stacks.metrics import SystemMetrics
from stacks.network import Placement, PrivateNetwork, given
from stacks.overview import overview
from stacks.policies import HTTP_METHODS
from stacks.search import ExistingSearch, Search
from stacks.setup import HTTP_CALLS as SETUP_CALLS
from stacks.setup import SearchSetup, start_page
from stacks.table import ExistingTable, SourceTable


class PipelineStack(EnvironmentStack):
    """Everything of one environment but its buckets for state and access logs, and its sample data."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "pipeline", settings)
        if settings.own_key:
            settings = settings.with_key(made_key(self, settings.names))
        self._settings = settings
        names = settings.names
        self._placement = self._place()
        tables = self._tables()
        bucket = PrivateBucket(
            self,
            "export",
            name=names.export_bucket,
            arn=names.export_bucket_arn,
            keep=settings.deletion_protection,
            rules=[
                expiry("exports", prefix=EXPORT_PREFIX, days=settings.ingestion.export_retention_days),
                expiry("dead-letters", prefix=DLQ_PREFIX, days=settings.ingestion.dlq_retention_days),
            ],
            kms_key_arn=settings.kms_key_arn,
            access_logs=names.access_log_bucket,
        )
        collection = self._collection()
        scope = Construct(self, "ingestion")
        ingestions = [Ingestion(scope, pipeline, collection) for pipeline in settings.pipelines]
        letters = DeadLetters(self, "dead-letters", settings, self._placement, collection)
        search, setup = (
            self._made(settings.domain, ingestions, letters)
            if settings.domain is not None
            else self._serverless(collection, letters)
            if collection is not None
            else self._existing()
        )
        # Asked for once: CDKTF answers from another process.
        host = search.endpoint
        letters.connect(host)
        ready = setup.run(host, *search.admitting)
        for one in ingestions:
            one.start(host, setup, self._placement, ready, tables[one.pipeline.key].resource, bucket.policy)
        if settings.alarms is not None:
            self._watch(settings.alarms, search.metrics_id)
        if settings.hours is not None:
            Schedules(self, "hours", settings.hours, settings.pipelines, names=names, kms_key_arn=settings.kms_key_arn)
        if settings.budget is not None:
            monthly_budget(self, "budget", settings, settings.budget)
        self._show(
            {
                "dashboards-url": search.dashboards_url,
                f"{'collection' if collection else 'domain'}-endpoint": host,
                "export-bucket": bucket.bucket.id,
                "tables": {one.pipeline.key: one.pipeline.table_name for one in ingestions},
                "pipelines": {one.pipeline.names.id: one.pipeline.names.pipeline for one in ingestions},
            }
        )

    def _place(self) -> Placement | None:
        settings, network = self._settings, self._settings.network
        if network is None or network.cidr is None:
            return given(network) if network else None
        made = settings.domain or settings.collection
        zones = made.zone_count if made else 1
        return PrivateNetwork(self, "network", settings, network.cidr, zones=zones).placement

    def _tables(self) -> dict[str, SourceTable | ExistingTable]:
        settings, scope = self._settings, Construct(self, "source")
        return {
            key: ExistingTable(scope, key, table, name=table.existing.name)
            if table.existing is not None
            else SourceTable(
                scope,
                key,
                table,
                name=settings.names.table(key).table,
                kms_key_arn=settings.kms_key_arn,
                protected=settings.deletion_protection,
            )
            for key, table in settings.tables.items()
        }

    def _made(self, domain: Domain, ingestions: list[Ingestion], letters: DeadLetters) -> tuple[Search, SearchSetup]:
        settings = self._settings
        authentication = Authentication(
            self, "authentication", settings.dashboards, settings.names, protected=settings.deletion_protection
        )
        setup = SearchSetup(self, "search-setup", settings, self._placement, user_pool=authentication.user_pool)
        people = [authentication.administrators.arn, authentication.analysts.arn]
        readers = list(domain.reader_roles)
        search = Search(
            self,
            "search",
            settings,
            domain,
            authentication,
            placement=self._placement,
            master=setup.role,
            callers=[
                ([one.role.arn for one in ingestions], HTTP_CALLS),
                ([setup.role.arn], SETUP_CALLS),
                ([letters.role.arn], REPLAY_CALLS),
                (people, (HTTP_METHODS,)),
                *([(readers, ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"))] if readers else []),
            ],
        )
        authentication.connect(search.domain)
        self._show(
            {
                "dashboard-url": f"https://{search.domain.endpoint}/_dashboards{start_page(settings)}",
                "user-pool-id": authentication.user_pool.id,
                "identity-pool-id": authentication.identity_pool.id,
            }
        )
        return search, setup

    def _collection(self) -> CollectionSearch | None:
        settings = self._settings
        if settings.collection is None:
            return None
        return CollectionSearch(self, "search", settings, settings.collection, placement=self._placement)

    def _serverless(self, collection: CollectionSearch, letters: DeadLetters) -> tuple[CollectionSearch, SearchSetup]:
        setup = SearchSetup(self, "search-setup", self._settings, self._placement, collection=collection)
        collection.admit(setup=setup.role.arn, letters=letters.role.arn)
        self._show({"dashboard-url": f"{collection.dashboards_url}{start_page(self._settings)}"})
        return collection, setup

    def _existing(self) -> tuple[ExistingSearch, SearchSetup]:
        settings = self._settings
        return (
            ExistingSearch(self, "search", settings.names.domain),
            SearchSetup(self, "search-setup", settings, self._placement),
        )

    def _watch(self, alarms: Alarms, target_id: str) -> None:
        settings = self._settings
        # It comes from the domain or collection: an alarm that waits for it does not ring while that is being made.
        metrics = SystemMetrics(settings, target_id)
        watch = Watch(self, "alarms", settings, alarms, metrics)
        overview(self, "overview", settings, alarms, metrics, alarm_arns=watch.alarm_arns)
        region, name = settings.region, settings.names.cloudwatch_dashboard
        self._show(
            {
                "alarm-topic": watch.topic.arn,
                "overview-url": f"https://{region}.console.aws.amazon.com/cloudwatch/home#dashboards:name={name}",
            }
        )

    def _show(self, outputs: dict[str, str | dict[str, str]]) -> None:
        for name, value in outputs.items():
            TerraformOutput(self, name, value=value)
