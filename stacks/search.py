"""The OpenSearch domain, with Dashboards behind Cognito; or one that is there already."""

from collections.abc import Sequence

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.data_aws_opensearch_domain import DataAwsOpensearchDomain
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.opensearch_domain import (
    OpensearchDomain,
    OpensearchDomainAdvancedSecurityOptions,
    OpensearchDomainAdvancedSecurityOptionsMasterUserOptions,
    OpensearchDomainAutoTuneOptions,
    OpensearchDomainClusterConfig,
    OpensearchDomainClusterConfigColdStorageOptions,
    OpensearchDomainClusterConfigZoneAwarenessConfig,
    OpensearchDomainCognitoOptions,
    OpensearchDomainDomainEndpointOptions,
    OpensearchDomainEbsOptions,
    OpensearchDomainEncryptAtRest,
    OpensearchDomainLogPublishingOptions,
    OpensearchDomainNodeToNodeEncryption,
    OpensearchDomainOffPeakWindowOptions,
    OpensearchDomainOffPeakWindowOptionsOffPeakWindow,
    OpensearchDomainOffPeakWindowOptionsOffPeakWindowWindowStartTime,
    OpensearchDomainTimeouts,
    OpensearchDomainVpcOptions,
)
from constructs import Construct

from dashboards import NEEDED_MAJOR
from settings import Domain, Settings
from settings.search import MASTERS
from stacks.authentication import Authentication
from stacks.network import Placement
from stacks.policies import Principal, Statement, acting_for, document


class Search(Construct):
    """HTTPS only, encrypted at rest and between nodes, with fine-grained access control and no passwords.

    The endpoint lets through whom `callers` names, for the HTTP methods given there; what each may do inside is up to
    the security roles that `master` makes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        settings: Settings,
        domain: Domain,
        authentication: Authentication,
        *,
        placement: Placement | None,
        master: IamRole,
        callers: Sequence[tuple[Sequence[str], Sequence[str]]],
    ) -> None:
        super().__init__(scope, id)
        names = settings.names
        log_groups = {
            kind: CloudwatchLogGroup(
                self, noun, name=name, retention_in_days=settings.log_retention_days, kms_key_id=settings.kms_key_arn
            )
            for kind, noun, name in (
                ("AUDIT_LOGS", "audit-logs", names.audit_log_group),
                ("ES_APPLICATION_LOGS", "error-logs", names.error_log_group),
            )
        }
        delivery = CloudwatchLogResourcePolicy(
            self,
            "log-delivery",
            policy_name=names.domain,
            policy_document=document(
                Statement(
                    ("logs:CreateLogStream", "logs:PutLogEvents"),
                    tuple(
                        f"{names.log_group_arn(group)}:*" for group in (names.audit_log_group, names.error_log_group)
                    ),
                    principal=Principal("Service", ("es.amazonaws.com",)),
                    conditions=acting_for(names.account_id, names.domain_arn),
                )
            ),
        )
        self.domain = OpensearchDomain(
            self,
            "domain",
            domain_name=names.domain,
            engine_version=domain.engine_version,
            cluster_config=_cluster(domain),
            ebs_options=OpensearchDomainEbsOptions(
                ebs_enabled=True,
                volume_type="gp3",
                volume_size=domain.volume_gib,
                iops=domain.iops,
                throughput=domain.throughput_mib,
            ),
            auto_tune_options=_tuning(domain),
            off_peak_window_options=_off_peak(domain),
            encrypt_at_rest=OpensearchDomainEncryptAtRest(enabled=True, kms_key_id=settings.kms_key_arn),
            node_to_node_encryption=OpensearchDomainNodeToNodeEncryption(enabled=True),
            domain_endpoint_options=OpensearchDomainDomainEndpointOptions(
                enforce_https=True, tls_security_policy="Policy-Min-TLS-1-2-PFS-2023-10"
            ),
            advanced_security_options=OpensearchDomainAdvancedSecurityOptions(
                enabled=True,
                internal_user_database_enabled=False,
                master_user_options=OpensearchDomainAdvancedSecurityOptionsMasterUserOptions(
                    master_user_arn=master.arn
                ),
            ),
            # Inline, since no role refers to the domain: a policy resource of its own would be a second, slow update.
            access_policies=document(
                *(
                    Statement(tuple(actions), (f"{names.domain_arn}/*",), principal=Principal("AWS", tuple(role_arns)))
                    for role_arns, actions in callers
                )
            ),
            cognito_options=OpensearchDomainCognitoOptions(
                enabled=True,
                user_pool_id=authentication.user_pool.id,
                identity_pool_id=authentication.identity_pool.id,
                role_arn=authentication.search_role.arn,
            ),
            log_publishing_options=[
                OpensearchDomainLogPublishingOptions(enabled=True, log_type=kind, cloudwatch_log_group_arn=group.arn)
                for kind, group in log_groups.items()
            ],
            vpc_options=(
                OpensearchDomainVpcOptions(
                    subnet_ids=placement.subnet_ids, security_group_ids=placement.security_group_ids
                )
                if placement
                else None
            ),
            timeouts=OpensearchDomainTimeouts(create="90m", update="180m", delete="90m"),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.deletion_protection else None,
            # Created after what it signs people in with, so also destroyed before: OpenSearch takes its own client out
            # of the pools on the way, and needs the role for that.
            depends_on=[
                authentication.sign_in_domain,
                authentication.search_role_policy,
                delivery,
                *(placement.ways if placement else ()),
            ],
        )
        self.endpoint, self.dashboards_url = self.domain.endpoint, f"https://{self.domain.dashboard_endpoint}"
        self.metrics_id, self.admitting = self.domain.domain_name, ()


class ExistingSearch(Construct):
    """Somebody else's domain: looked up; the plan fails where it is too old, or lets everybody in who reaches it."""

    def __init__(self, scope: Construct, id: str, name: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.domain = DataAwsOpensearchDomain(
            self,
            "domain",
            domain_name=name,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    # Nobody declares it: its owner upgrades it when he likes.
                    Postcondition(
                        condition=(
                            '${try(tonumber(regex("^OpenSearch_([0-9]+)[.]", self.engine_version)[0]) >= '
                            f"{NEEDED_MAJOR}, false)}}"
                        ),
                        error_message=(
                            f"The domain {name} must run OpenSearch {NEEDED_MAJOR} or later, which the dashboards are "
                            "for: its owner upgrades it."
                        ),
                    ),
                    Postcondition(
                        condition="${self.advanced_security_options[0].enabled}",
                        error_message=(
                            f"The domain {name} must have fine-grained access control, with the role of the set-up "
                            "function among its masters."
                        ),
                    ),
                ]
            ),
        )
        self.endpoint, self.dashboards_url = self.domain.endpoint, f"https://{self.domain.dashboard_endpoint}"
        self.metrics_id, self.admitting = self.domain.domain_name, ()


def _cluster(domain: Domain) -> OpensearchDomainClusterConfig:
    zones, warm = domain.zone_count, domain.warm
    return OpensearchDomainClusterConfig(
        instance_type=domain.instance_type,
        instance_count=domain.instance_count,
        dedicated_master_enabled=domain.masters is not None,
        dedicated_master_type=domain.masters,
        dedicated_master_count=MASTERS if domain.masters else None,
        multi_az_with_standby_enabled=domain.standby,
        warm_enabled=warm is not None,
        warm_type=warm.type if warm else None,
        warm_count=warm.count if warm else None,
        cold_storage_options=(
            OpensearchDomainClusterConfigColdStorageOptions(enabled=warm.cold) if warm and warm.cold else None
        ),
        zone_awareness_enabled=zones > 1,
        zone_awareness_config=(
            OpensearchDomainClusterConfigZoneAwarenessConfig(availability_zone_count=zones) if zones > 1 else None
        ),
    )


def _tuning(domain: Domain) -> OpensearchDomainAutoTuneOptions | None:
    # A type that does not have it refuses to be told so.
    return (
        None
        if domain.burstable
        else OpensearchDomainAutoTuneOptions(
            desired_state="ENABLED" if domain.tuned else "DISABLED",
            rollback_on_disable="NO_ROLLBACK",
            use_off_peak_window=domain.tuned,
        )
    )


def _off_peak(domain: Domain) -> OpensearchDomainOffPeakWindowOptions:
    hours, minutes = map(int, domain.off_peak_utc.split(":"))
    return OpensearchDomainOffPeakWindowOptions(
        enabled=True,
        off_peak_window=OpensearchDomainOffPeakWindowOptionsOffPeakWindow(
            window_start_time=OpensearchDomainOffPeakWindowOptionsOffPeakWindowWindowStartTime(
                hours=hours, minutes=minutes
            )
        ),
    )
