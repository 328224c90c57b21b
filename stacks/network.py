"""Where domain, pipelines and functions live: in given subnets, or in a small VPC of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf import Fn, ITerraformDependable, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_security_group import DataAwsSecurityGroup
from cdktf_cdktf_provider_aws.data_aws_subnets import DataAwsSubnets, DataAwsSubnetsFilter
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from names import Names
from settings import Network, Settings
from stacks.policies import LOG_GROUP_LOOKUP, Statement, document, service_trust

HTTPS = 443


@dataclass(frozen=True)
class Placement:
    """What everything that meets the domain gets."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]
    ways: Sequence[ITerraformDependable] = ()
    """Whatever is placed depends on them: nothing refers to them, and without them it reaches nothing, also while it is
    destroyed."""


def given(network: Network) -> Placement:
    """Subnets and security groups that the settings name."""
    return Placement(list(network.subnet_ids), list(network.security_group_ids))


def made_network(scope: Construct, names: Names) -> Placement:
    """Those of the VPC that the pipeline stack made, for another stack."""
    subnets = DataAwsSubnets(
        scope, "subnets", filter=[DataAwsSubnetsFilter(name="tag:Name", values=[f"{names.network}-*"])]
    )
    group = DataAwsSecurityGroup(scope, "security-group", name=names.network)
    return Placement(Token.as_list(subnets.ids), [group.id])


class PrivateNetwork(Construct):
    """A VPC without a way to the internet: subnets in `zones` zones, and endpoints for what is called from there.

    Deliberately no NAT gateway: S3 and DynamoDB have gateways that cost nothing, Cognito beside a domain an interface
    endpoint, and Lambda sends logs and traces by its own way. OpenSearch and the pipelines put their interfaces into
    the subnets.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, cidr: str, *, zones: int) -> None:  # noqa: A002
        super().__init__(scope, id)
        names, region = settings.names, settings.region
        vpc = Vpc(
            self,
            "vpc",
            cidr_block=cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": names.network},
            # Another `cidr` would take everything in it along.
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if settings.deletion_protection else None,
        )
        # Whoever forgets to name a group gets one that lets nothing through.
        DefaultSecurityGroup(self, "default-security-group", vpc_id=vpc.id)
        available = DataAwsAvailabilityZones(
            self,
            "zones",
            state="available",
            # Local zones have no OpenSearch.
            filter=[DataAwsAvailabilityZonesFilter(name="opt-in-status", values=["opt-in-not-required"])],
        )
        routes = RouteTable(self, "routes", vpc_id=vpc.id, tags={"Name": names.network})
        subnets = [
            Subnet(
                self,
                f"subnet-{number}",
                vpc_id=vpc.id,
                cidr_block=Fn.cidrsubnet(cidr, 2, number),
                availability_zone=Token.as_string(Fn.element(available.names, number)),
                tags={"Name": f"{names.network}-{number}"},
                # A zone that AWS adds later moves no subnet.
                lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
            )
            for number in range(zones)
        ]
        ways: list[ITerraformDependable] = [
            RouteTableAssociation(self, f"route-{number}", subnet_id=subnet.id, route_table_id=routes.id)
            for number, subnet in enumerate(subnets)
        ]
        gateways = {
            service: VpcEndpoint(
                self,
                service,
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[routes.id],
                tags={"Name": f"{names.network}-{service}"},
            )
            for service in ("dynamodb", "s3")
        }
        group, rules = self._group(vpc, names.network, gateways)
        ways += [*gateways.values(), *rules]
        # Nobody signs in to a collection through Cognito.
        if settings.domain is not None:
            ways.append(
                VpcEndpoint(
                    self,
                    "cognito",
                    vpc_id=vpc.id,
                    service_name=f"com.amazonaws.{region}.cognito-idp",
                    vpc_endpoint_type="Interface",
                    subnet_ids=[subnet.id for subnet in subnets],
                    security_group_ids=[group.id],
                    private_dns_enabled=True,
                    tags={"Name": f"{names.network}-cognito"},
                )
            )
        self._flow_log(vpc, settings)
        self.placement = Placement([subnet.id for subnet in subnets], [group.id], ways)

    def _group(
        self, vpc: Vpc, name: str, gateways: dict[str, VpcEndpoint]
    ) -> tuple[SecurityGroup, list[ITerraformDependable]]:
        """The group and its rules."""
        group = SecurityGroup(
            self,
            "security-group",
            name=name,
            description="HTTPS between domain, pipelines and functions, and to the endpoints of AWS",
            vpc_id=vpc.id,
            tags={"Name": name},
        )
        https = {"ip_protocol": "tcp", "from_port": HTTPS, "to_port": HTTPS, "security_group_id": group.id}
        ingress = VpcSecurityGroupIngressRule(
            self, "from-itself", description="From members", referenced_security_group_id=group.id, **https
        )
        egress = VpcSecurityGroupEgressRule(
            self, "to-itself", description="To members", referenced_security_group_id=group.id, **https
        )
        to_gateways = [
            VpcSecurityGroupEgressRule(
                self, f"to-{service}", description=f"To {service}", prefix_list_id=gateway.prefix_list_id, **https
            )
            for service, gateway in gateways.items()
        ]
        return group, [ingress, egress, *to_gateways]

    def _flow_log(self, vpc: Vpc, settings: Settings) -> None:
        """With the permissions of the VPC user guide, "IAM role for publishing flow logs to CloudWatch Logs"."""
        names = settings.names
        group = names.log_group_arn(names.flow_log_group)
        logs = CloudwatchLogGroup(
            self,
            "flow-logs",
            name=names.flow_log_group,
            retention_in_days=settings.log_retention_days,
            kms_key_id=settings.kms_key_arn,
        )
        role = IamRole(
            self,
            "flow-log-role",
            name=names.flow_log_role,
            description=f"Writes the flow logs of {names.network}",
            assume_role_policy=service_trust(
                "vpc-flow-logs.amazonaws.com", settings.account_id, names.any_flow_log_arn
            ),
        )
        policy = IamRolePolicy(
            self,
            "flow-log-policy",
            name="flow-logs",
            role=role.name,
            policy=document(
                Statement(
                    ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
                    (group, f"{group}:*"),
                ),
                Statement(LOG_GROUP_LOOKUP, ("*",)),
            ),
            # Destroyed first: what comes late must not make the log group again.
            depends_on=[logs],
        )
        FlowLog(
            self,
            "flow-log",
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            depends_on=[policy],
        )
