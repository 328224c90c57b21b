"""The OpenSearch Serverless collection in place of a domain, and its policies: key, network, and who may do what."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cdktf import Fn, ITerraformDependable, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.opensearchserverless_access_policy import OpensearchserverlessAccessPolicy
from cdktf_cdktf_provider_aws.opensearchserverless_collection import OpensearchserverlessCollection
from cdktf_cdktf_provider_aws.opensearchserverless_security_config import OpensearchserverlessSecurityConfig
from cdktf_cdktf_provider_aws.opensearchserverless_security_policy import OpensearchserverlessSecurityPolicy
from cdktf_cdktf_provider_aws.opensearchserverless_vpc_endpoint import OpensearchserverlessVpcEndpoint
from constructs import Construct

from names import Names
from pipelines import Pipeline
from settings import Collection, Settings
from settings.search import Saml, Viewers
from stacks.literal import literal
from stacks.network import Placement
from stacks.policies import Statement

# Without it no data access policy counts; with it, what they say (OpenSearch Serverless guide, data access control).
DATA_ACCESS = "aoss:APIAccessAll"
# For everybody who comes to Dashboards of a collection.
DASHBOARDS_ACCESS = "aoss:DashboardsAccessAll"
# What a function has to know of its target, which has fewer operations than a domain and other signatures.
SERVERLESS = {"SERVICE": "aoss"}

# Permissions of data access policies; the operations of each:
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
SEARCH = ("aoss:DescribeIndex", "aoss:ReadDocument")
# As the guide of OpenSearch Ingestion has it for a pipeline.
INGEST = ("aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:WriteDocument")
# Not CreateIndex: where an index is gone, a letter is out of date. UpdateIndex is for attributes that are new to it.
REPLAY = ("aoss:ReadDocument", "aoss:UpdateIndex", "aoss:WriteDocument")
LOOK_AFTER = ("aoss:DeleteIndex", "aoss:DescribeIndex", "aoss:ReadDocument", "aoss:UpdateIndex")
# Aliases and index templates.
ITEMS = tuple(f"aoss:{verb}CollectionItems" for verb in ("Create", "Delete", "Describe", "Update"))
LOOK_AT_ITEMS = ("aoss:DescribeCollectionItems",)


@dataclass(frozen=True)
class Grant:
    """What principals, ARNs of roles or names of SAML identities, may do in the collection."""

    purpose: str
    principals: Sequence[str]
    indices: Sequence[str]
    on_indices: Sequence[str]
    on_collection: Sequence[str] = ()

    def as_json(self, collection: str) -> dict[str, Any]:
        of_indices = {
            "ResourceType": "index",
            "Resource": [f"index/{collection}/{index}" for index in self.indices],
            "Permission": list(self.on_indices),
        }
        of_collection = {
            "ResourceType": "collection",
            "Resource": [f"collection/{collection}"],
            "Permission": list(self.on_collection),
        }
        return {
            "Description": self.purpose,
            "Rules": [of_indices, *([of_collection] if self.on_collection else [])],
            "Principal": list(self.principals),
        }


class CollectionSearch(Construct):
    """Encrypted, of type SEARCH, reached from everywhere or from a VPC endpoint only; `admit` says who may do what."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        collection: Collection,
        *,
        placement: Placement | None,
    ) -> None:
        super().__init__(scope, id)
        self._settings, self._names, self._chosen = settings, settings.names, collection
        name, key = self._names.collection, settings.kms_key_arn
        encryption = OpensearchserverlessSecurityPolicy(
            self,
            "encryption",
            name=name,
            type="encryption",
            policy=json.dumps(
                {"Rules": [_whole("collection", name)]} | ({"KmsARN": key} if key else {"AWSOwnedKey": True})
            ),
        )
        self._endpoint_id = self._vpc_endpoint(placement) if placement else None
        self._reached = self._network("network", name, "collection", "dashboard")
        self.collection = OpensearchserverlessCollection(
            self,
            "collection",
            name=name,
            description=f"Searches the tables of {self._names.prefix}",
            type="SEARCH",
            standby_replicas="ENABLED" if collection.standby else "DISABLED",
            # AWS has a deletion protection of its own since 2025, which this version of the provider does not know.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.deletion_protection else None,
            depends_on=[encryption],
        )
        # Asked for once: CDKTF answers from another process.
        self.arn: str = self.collection.arn
        host = TerraformLocal(self, "host", Fn.trimprefix(self.collection.collection_endpoint, "https://"))
        # CDKTF would add a hash.
        host.override_logical_id("collection_host")
        self.endpoint: str = host.as_string
        self.dashboards_url: str = self.collection.dashboard_endpoint
        self.metrics_id: str = self.collection.id
        self.admitting: tuple[ITerraformDependable, ...] = ()
        if collection.dashboards.saml is not None:
            self._sign_in(collection.dashboards.saml)

    @property
    def data_access(self) -> Statement:
        """What IAM must let a caller of the collection do; the rest is up to the data access policies."""
        return Statement((DATA_ACCESS,), (self.arn,))

    def admit(self, *, setup: str, letters: str) -> None:
        """Let everybody in but the pipelines; `setup` and `letters` are the ARNs of the functions' roles."""
        pipelines = self._settings.pipelines
        families = [family for pipeline in pipelines for family in pipeline.families]
        newest = [family.pattern for pipeline in pipelines if not pipeline.settled for family in pipeline.families]
        # Nothing says whether an alias or what is behind it is asked for.
        searched = list(dict.fromkeys(name for family in families for name in (family.alias, family.pattern)))
        viewers = principals(self._chosen.dashboards, self._names)
        grants = [
            # Also what is of no table any more, which it takes away.
            Grant("set-up function", [setup], ["*"], LOOK_AFTER, ITEMS),
            Grant("dead-letter function", [letters], newest, REPLAY),
        ]
        if self._chosen.reader_roles:
            grants.append(Grant("applications", self._chosen.reader_roles, searched, SEARCH))
        if viewers:
            grants.append(Grant("people in Dashboards", viewers, searched, SEARCH, LOOK_AT_ITEMS))
        self.admitting = (self._access("access", self._names.collection, grants), self._reached)

    def admit_pipeline(self, scope: Construct, pipeline: Pipeline, role_arn: str) -> list[ITerraformDependable]:
        """Let a pipeline in, and find the way through a private network; in policies of its own, as it is settled
        alone."""
        lifecycle = TerraformResourceLifecycle(ignore_changes="all") if pipeline.settled else None
        name = pipeline.names.pipeline
        indices = [family.pattern for family in pipeline.families]
        found: list[ITerraformDependable] = [
            self._access("access", name, [Grant("pipeline", [role_arn], indices, INGEST)], scope, lifecycle)
        ]
        if pipeline.network_policy is not None:
            # The service adds the endpoint that it makes for the pipeline.
            added = TerraformResourceLifecycle(ignore_changes=["policy"])
            found.append(self._network("network", pipeline.network_policy, "collection", scope=scope, lifecycle=added))
        return found

    def _access(
        self,
        id: str,  # noqa: A002
        name: str,
        grants: Iterable[Grant],
        scope: Construct | None = None,
        lifecycle: TerraformResourceLifecycle | None = None,
    ) -> OpensearchserverlessAccessPolicy:
        return OpensearchserverlessAccessPolicy(
            scope or self,
            id,
            name=name,
            type="data",
            policy=json.dumps([grant.as_json(self._names.collection) for grant in grants]),
            lifecycle=lifecycle,
        )

    def _network(
        self,
        id: str,  # noqa: A002
        name: str,
        *kinds: str,
        scope: Construct | None = None,
        lifecycle: TerraformResourceLifecycle | None = None,
    ) -> OpensearchserverlessSecurityPolicy:
        reached = {"AllowFromPublic": self._endpoint_id is None}
        return OpensearchserverlessSecurityPolicy(
            scope or self,
            id,
            name=name,
            type="network",
            policy=json.dumps(
                [
                    {"Rules": [_whole(kind, self._names.collection) for kind in kinds], **reached}
                    | ({"SourceVPCEs": [self._endpoint_id]} if self._endpoint_id else {})
                ]
            ),
            lifecycle=lifecycle,
        )

    def _sign_in(self, saml: Saml) -> None:
        config = OpensearchserverlessSecurityConfig(
            self,
            "sign-in",
            name=self._names.collection,
            type="saml",
            description=f"Who signs in to Dashboards of {self._names.prefix}",
        )
        options = {
            "metadata": literal(str(self._settings.saml_metadata)),
            "group_attribute": saml.group_attribute,
            "user_attribute": saml.user_attribute,
            "session_timeout": saml.session_minutes,
        }
        # A struct to the bindings of this provider and a list to those of the next (docs/way-out.md); in JSON the same.
        config.add_override("saml_options", {name: value for name, value in options.items() if value is not None})

    def _vpc_endpoint(self, placement: Placement) -> str:
        # It wants to know the VPC, which the settings need not say.
        subnet = DataAwsSubnet(self, "subnet", id=placement.subnet_ids[0])
        endpoint = OpensearchserverlessVpcEndpoint(
            self,
            "endpoint",
            name=self._names.collection,
            vpc_id=subnet.vpc_id,
            subnet_ids=placement.subnet_ids,
            security_group_ids=placement.security_group_ids,
            depends_on=list(placement.ways) or None,
        )
        return str(endpoint.id)


def principals(viewers: Viewers, names: Names) -> list[str]:
    """People as a data access policy names them (OpenSearch Serverless guide, SAML authentication)."""
    saml, provider = viewers.saml, f"saml/{names.account_id}/{names.collection}"
    people = [*(f"group/{name}" for name in saml.groups), *(f"user/{name}" for name in saml.users)] if saml else []
    return [*viewers.roles, *(f"{provider}/{one}" for one in people)]


def _whole(kind: str, collection: str) -> dict[str, Any]:
    return {"ResourceType": kind, "Resource": [f"collection/{collection}"]}
