"""The OpenSearch domain, with Dashboards behind Cognito."""

from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.opensearch_domain import (
    OpensearchDomain,
    OpensearchDomainClusterConfig,
    OpensearchDomainClusterConfigZoneAwarenessConfig,
    OpensearchDomainCognitoOptions,
    OpensearchDomainDomainEndpointOptions,
    OpensearchDomainEbsOptions,
    OpensearchDomainEncryptAtRest,
    OpensearchDomainNodeToNodeEncryption,
    OpensearchDomainTimeouts,
)
from constructs import Construct

from names import Names
from settings import Domain
from stacks.authentication import Authentication
from stacks.policies import HTTP_METHODS, Principal, Statement, document


class Search(Construct):
    """HTTPS only, encrypted at rest and between nodes. The roles in `callers`, and nobody else, reach the endpoint."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        domain: Domain,
        names: Names,
        authentication: Authentication,
        *,
        callers: Sequence[IamRole],
        protected: bool,
    ) -> None:
        super().__init__(scope, id)
        self.domain = OpensearchDomain(
            self,
            "domain",
            domain_name=names.domain,
            engine_version=domain.engine_version,
            cluster_config=_cluster(domain),
            ebs_options=OpensearchDomainEbsOptions(ebs_enabled=True, volume_type="gp3", volume_size=domain.volume_gib),
            encrypt_at_rest=OpensearchDomainEncryptAtRest(enabled=True),
            node_to_node_encryption=OpensearchDomainNodeToNodeEncryption(enabled=True),
            domain_endpoint_options=OpensearchDomainDomainEndpointOptions(
                enforce_https=True, tls_security_policy="Policy-Min-TLS-1-2-PFS-2023-10"
            ),
            # Inline, since no role refers to the domain: a policy resource of its own would be a second, slow update.
            access_policies=document(
                Statement(
                    (HTTP_METHODS,),
                    (f"{names.domain_arn}/*",),
                    principal=Principal("AWS", tuple(role.arn for role in callers)),
                )
            ),
            cognito_options=OpensearchDomainCognitoOptions(
                enabled=True,
                user_pool_id=authentication.user_pool.id,
                identity_pool_id=authentication.identity_pool.id,
                role_arn=authentication.search_role.arn,
            ),
            timeouts=OpensearchDomainTimeouts(create="90m", update="180m", delete="90m"),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protected else None,
            # Created after what it signs people in with, so also destroyed before: OpenSearch takes its own client out
            # of the pools on the way, and needs the role for that.
            depends_on=[authentication.sign_in_domain, authentication.search_role_policy],
        )


def _cluster(domain: Domain) -> OpensearchDomainClusterConfig:
    zones = domain.zones
    return OpensearchDomainClusterConfig(
        instance_type=domain.instance_type,
        instance_count=domain.instance_count,
        zone_awareness_enabled=zones > 1,
        zone_awareness_config=(
            OpensearchDomainClusterConfigZoneAwarenessConfig(availability_zone_count=zones) if zones > 1 else None
        ),
    )
