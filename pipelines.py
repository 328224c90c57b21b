"""What each pipeline reads, makes and writes, worked out from the settings: one for each table and generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import named_file
import osis
import strict_yaml
from names import PipelineNames
from osis import PipelineBody
from osis.default import PRIMARY_KEY, Route, dynamodb_to_opensearch, needs_old_image
from osis.source import Export

if TYPE_CHECKING:
    from settings import Settings, Table


# Stands for the endpoint of the domain or collection, which is not known before there is one.
_UNKNOWN_HOST = "host.example.com"


@dataclass(frozen=True)
class Family:
    """A name to search by, and the index behind it; with a period, an index for each."""

    alias: str
    generation: int
    date: str = ""
    condition: tuple[str, str] | None = None
    """Name and condition of the route that leads here; None where everything else goes."""

    @property
    def index(self) -> str:
        """As the pipeline's sink has it: orders-1, or orders-1-%{yyyy.MM}."""
        return f"{self.alias}-{self.generation}{self.date and f'-{self.date}'}"

    @property
    def pattern(self) -> str:
        """All of its indices: orders-1, or orders-1-*."""
        return f"{self.alias}-{self.generation}{self.date and '-*'}"


@dataclass(frozen=True)
class Pipeline:
    """The pipeline of one table and generation."""

    settings: Settings
    key: str
    generation: int

    @property
    def table(self) -> Table:
        return self.settings.tables[self.key]

    @property
    def settled(self) -> bool:
        """A successor is being made: this one stays as it was applied, whatever the settings say now."""
        return self.generation < self.table.generation

    @cached_property
    def names(self) -> PipelineNames:
        return self.settings.names.table(self.key).pipeline(self.generation)

    @property
    def table_name(self) -> str:
        return self.table.existing.name if self.table.existing else self.settings.names.table(self.key).table

    @property
    def table_arn(self) -> str:
        return self.settings.names.table_arn(self.table_name)

    @property
    def role_arn(self) -> str:
        return self.settings.names.role_arn(self.names.role)

    @property
    def serverless(self) -> bool:
        """Whether documents go to a collection."""
        return self.settings.collection is not None

    @property
    def network_policy(self) -> str | None:
        """The name of that with which a private collection lets the pipeline in.

        Each pipeline has its own, for the service writes its endpoint into it, and two would overwrite each other.
        """
        return self.names.pipeline if self.serverless and self.settings.network is not None else None

    @property
    def table_key_arn(self) -> str | None:
        """The table's KMS key."""
        return self.table.existing.kms_key_arn if self.table.existing else self.settings.kms_key_arn

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Where documents go: what no route takes first, then the routes in their order."""
        documents = self.table.documents
        main, date = documents.index or self.key, documents.date
        return (
            Family(main, self.generation, date),
            *(
                Family(route.index or f"{main}-{name}", self.generation, date, (name, route.when))
                for name, route in documents.routes.items()
            ),
        )

    def body(self, host: str) -> PipelineBody:
        """The body that it runs. `host` is the endpoint of the domain or collection, without scheme.

        Raises InvalidBody and Unreadable.
        """
        return self._own(host) if self.table.body is not None else self._ours(host)

    @cached_property
    def unplaced(self) -> PipelineBody:
        """The same before there is an endpoint, for all who ask about anything else.

        Raises InvalidBody and Unreadable.
        """
        return self.body(_UNKNOWN_HOST)

    def _ours(self, host: str) -> PipelineBody:
        names, table, documents = self.settings.names, self.table, self.table.documents
        main, *routed = self.families
        routes = [Route(*family.condition, family.index) for family in routed if family.condition]
        document_id = documents.id or PRIMARY_KEY
        return dynamodb_to_opensearch(
            name=self.names.id,
            table_arn=self.table_arn,
            role_arn=self.role_arn,
            region=self.settings.region,
            host=f"https://{host}",
            index=main.index,
            routes=routes,
            document_id=document_id,
            include_keys=documents.include,
            exclude_keys=documents.exclude,
            processors=documents.processors,
            export=self._export if table.exports else None,
            stream=table.streams,
            view_on_remove="OLD_IMAGE" if needs_old_image(document_id, routes) else "NEW_IMAGE",
            dlq_bucket=names.export_bucket,
            dlq_prefix=self.names.dlq_prefix,
            flush_timeout_ms=self.settings.ingestion.flush_timeout_ms,
            max_retries=self.settings.ingestion.max_retries,
            serverless=self.serverless,
            network_policy=self.network_policy,
        )

    @property
    def _export(self) -> Export:
        key = self.settings.kms_key_arn
        return Export(
            s3_bucket=self.settings.names.export_bucket,
            s3_prefix=self.names.export_prefix,
            **({"s3_sse_kms_key_id": key} if key else {}),
        )

    def references(self, host: str) -> Mapping[str, str]:
        """What `{{name}}` stands for in a body of the user's own."""
        names = self.settings.names
        return {
            "table_arn": self.table_arn,
            "role_arn": self.role_arn,
            "region": self.settings.region,
            "host": host,
            "index": self.families[0].index,
            "bucket": names.export_bucket,
            "export_prefix": self.names.export_prefix,
            "dlq_prefix": self.names.dlq_prefix,
            **({"network_policy": self.network_policy} if self.network_policy else {}),
        }

    def _own(self, host: str) -> PipelineBody:
        text = named_file.read_text(self.settings.directory / str(self.table.body), strict_yaml.LARGEST)
        body = osis.parse(osis.fill(text, self.references(host)))
        bucket = self.settings.names.export_bucket
        strays = osis.strays(
            body,
            table_arn=self.table_arn,
            role_arn=self.role_arn,
            host=host,
            indices=[family.index for family in self.families],
            export=(bucket, self.names.export_prefix),
            dlq=(bucket, self.names.dlq_prefix),
            serverless=self.serverless,
            network_policy=self.network_policy,
        )
        if strays:
            raise osis.InvalidBody(strays)
        return body

    @property
    def template(self) -> dict[str, Any]:
        """Settings and mapping of its indices, for the declared attributes."""
        attributes = self.table.documents.attributes
        return {
            "settings": self._index_settings,
            "properties": {name: attribute.mapping for name, attribute in attributes.items()},
        }

    @property
    def _index_settings(self) -> dict[str, int]:
        domain, documents = self.settings.domain or self.settings.existing_domain, self.table.documents
        if domain is None:
            # A collection divides and copies indices by itself.
            return {}
        replicas = domain.replicas if documents.replicas is None else documents.replicas
        return {"number_of_shards": documents.shards, "number_of_replicas": replicas}


def pipelines_of(settings: Settings) -> tuple[Pipeline, ...]:
    return tuple(
        Pipeline(settings, key, generation)
        for key, table in settings.tables.items()
        for generation in table.generations
    )
