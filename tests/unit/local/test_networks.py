"""What a function in a VPC reaches, by the network as moto keeps it."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.emulator import domains, networks
from local.emulator.authorization import ADMINISTRATOR, Authorizer, Caller

ROLE = "arn:aws:iam::123456789012:role/looker"
FUNCTION = Caller("arn:aws:sts::123456789012:assumed-role/looker/look", role=ROLE)
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
EVERYWHERE = [{**HTTPS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
SERVICES = ["cognito-idp", "dynamodb", "s3", "sts"]
EVERYTHING = [*SERVICES, "domain"]


# A client of EC2 takes half a second of processor time to make.
@functools.cache
def client(service: str) -> Any:
    # Untyped, for the stubs want the service's name as a literal.
    session: Any = boto3.Session("any", "any", region_name="us-east-1")
    return session.client(service)


@dataclass
class Network:
    """As we make one: a group that lets its members reach each other and S3, and endpoints of Cognito and S3."""

    ec2: Any
    vpc: str
    subnets: list[str]
    routes: str
    group: str
    among_members: list[dict[str, Any]]
    to_s3: list[dict[str, Any]]
    endpoints: dict[str, str]

    def cut(self, *permissions: dict[str, Any]) -> None:
        self.ec2.revoke_security_group_egress(GroupId=self.group, IpPermissions=list(permissions))

    def lead_out(self, **way: str) -> None:
        self.ec2.create_route(RouteTableId=self.routes, DestinationCidrBlock="0.0.0.0/0", **way)
        self.ec2.authorize_security_group_egress(GroupId=self.group, IpPermissions=EVERYWHERE)


def make_network(ec2: Any) -> Network:
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/24")["Vpc"]["VpcId"]
    routes = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
        for block in ("10.20.0.0/26", "10.20.0.64/26")
    ]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=routes, SubnetId=subnet)
    group = ec2.create_security_group(VpcId=vpc, GroupName="members", Description="members")["GroupId"]
    (made,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=made["IpPermissionsEgress"])
    place = {"VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "VpcEndpointType": "Gateway"}
    s3 = ec2.create_vpc_endpoint(**place, RouteTableIds=[routes])["VpcEndpoint"]["VpcEndpointId"]
    (lists,) = ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]
    )["PrefixLists"]
    network = Network(
        ec2,
        vpc,
        subnets,
        routes,
        group,
        [{**HTTPS, "UserIdGroupPairs": [{"GroupId": group}]}],
        [{**HTTPS, "PrefixListIds": [{"PrefixListId": lists["PrefixListId"]}]}],
        {"s3": s3, "cognito-idp": make_endpoint(ec2, vpc, subnets, group)},
    )
    permissions = [*network.among_members, *network.to_s3]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=permissions)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=network.among_members)
    return network


def make_endpoint(ec2: Any, vpc: str, subnets: list[str], group: str, *, private_dns: bool = True) -> str:
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.cognito-idp",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        SecurityGroupIds=[group],
        PrivateDnsEnabled=private_dns,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def make_function(place: dict[str, list[str]]) -> None:
    trust = {
        "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    }
    client("iam").create_role(RoleName="looker", AssumeRolePolicyDocument=json.dumps(trust))
    client("lambda").create_function(
        FunctionName="look",
        Role=ROLE,
        Handler="app.look",
        Runtime="python3.13",
        Code={"ZipFile": b"none"},
        VpcConfig=place,
    )


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def network(aws: None) -> Network:
    del aws
    return make_network(client("ec2"))


def reached(log: Path, network: Network | None, *, public_domain: bool = False, caller: Caller = FUNCTION) -> list[str]:
    """What a function in the network, or in none, reaches; the domain is beside it."""
    place = {"SubnetIds": network.subnets, "SecurityGroupIds": [network.group]} if network else {}
    make_function(place)
    inside: dict[str, Any] = {"VPCOptions": place} if place and not public_domain else {}
    client("opensearch").create_domain(DomainName="search", **inside)
    domain, authorizer, found = domains.the_domain(), Authorizer(log), []
    for target in EVERYTHING:
        try:
            if target == "domain":
                networks.require_way_to_domain(authorizer, caller, domain)
            else:
                networks.require_way_to_service(authorizer, caller, target, "us-east-1")
        except networks.NoWayError:
            continue
        found.append(target)
    return found


def test_function_in_no_vpc_reaches_everything(tmp_path: Path) -> None:
    assert reached(tmp_path / "log", None) == EVERYTHING


def test_who_is_no_function_is_in_no_vpc(tmp_path: Path, network: Network) -> None:
    assert reached(tmp_path / "log", network, caller=ADMINISTRATOR) == EVERYTHING


def test_same_role_outside_of_the_function_is_in_no_vpc(tmp_path: Path, network: Network) -> None:
    caller = Caller("arn:aws:sts::123456789012:assumed-role/looker/somebody", role=ROLE)
    assert reached(tmp_path / "log", network, caller=caller) == EVERYTHING


def test_endpoints_and_members_of_the_group_are_reached(tmp_path: Path, network: Network) -> None:
    log = tmp_path / "log"
    assert reached(log, network) == ["cognito-idp", "s3", "domain"]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["who"], line["action"], line["resource"], line["result"]) for line in lines] == [
        (FUNCTION.name, "connect", f"{service}.us-east-1.amazonaws.com", "no way from the VPC")
        for service in ("dynamodb", "sts")
    ]


def test_no_rule_lets_out_to_the_members(tmp_path: Path, network: Network) -> None:
    network.cut(*network.among_members)
    assert reached(tmp_path / "log", network) == ["s3"]


def test_no_rule_lets_in_from_the_members(tmp_path: Path, network: Network) -> None:
    network.ec2.revoke_security_group_ingress(GroupId=network.group, IpPermissions=network.among_members)
    assert reached(tmp_path / "log", network) == ["s3"]


def test_no_rule_lets_out_to_the_gateway(tmp_path: Path, network: Network) -> None:
    network.cut(*network.to_s3)
    assert reached(tmp_path / "log", network) == ["cognito-idp", "domain"]


def test_rule_for_another_port_lets_nothing_through(tmp_path: Path, network: Network) -> None:
    network.cut(*network.among_members)
    other = [{**rule, "FromPort": 80, "ToPort": 80} for rule in network.among_members]
    network.ec2.authorize_security_group_egress(GroupId=network.group, IpPermissions=other)
    assert reached(tmp_path / "log", network) == ["s3"]


def test_rules_may_name_addresses(tmp_path: Path, network: Network) -> None:
    network.cut(*network.among_members)
    addresses = [{**HTTPS, "IpRanges": [{"CidrIp": "10.20.0.0/24"}]}]
    network.ec2.authorize_security_group_egress(GroupId=network.group, IpPermissions=addresses)
    assert reached(tmp_path / "log", network) == ["cognito-idp", "s3", "domain"]


def test_endpoint_that_is_gone_leads_nowhere(tmp_path: Path, network: Network) -> None:
    network.ec2.delete_vpc_endpoints(VpcEndpointIds=[*network.endpoints.values()])
    assert reached(tmp_path / "log", network) == ["domain"]


def test_endpoint_without_the_services_name_leads_nowhere(tmp_path: Path, network: Network) -> None:
    network.ec2.delete_vpc_endpoints(VpcEndpointIds=[network.endpoints["cognito-idp"]])
    make_endpoint(network.ec2, network.vpc, network.subnets, network.group, private_dns=False)
    assert reached(tmp_path / "log", network) == ["s3", "domain"]


def test_subnet_without_the_gateways_route_leads_nowhere(tmp_path: Path, network: Network) -> None:
    block = {"VpcId": network.vpc, "CidrBlock": "10.20.0.128/26"}
    network.subnets.append(network.ec2.create_subnet(**block)["Subnet"]["SubnetId"])
    assert reached(tmp_path / "log", network) == ["cognito-idp", "domain"]


def test_nat_leads_to_every_service(tmp_path: Path, network: Network) -> None:
    nat = network.ec2.create_nat_gateway(SubnetId=network.subnets[0], ConnectivityType="private")["NatGateway"]
    network.lead_out(NatGatewayId=nat["NatGatewayId"])
    assert reached(tmp_path / "log", network) == EVERYTHING


def test_internet_gateway_leads_no_function_out(tmp_path: Path, network: Network) -> None:
    gateway = network.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    network.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    network.lead_out(GatewayId=gateway)
    assert reached(tmp_path / "log", network) == ["cognito-idp", "s3", "domain"]


def test_public_domain_is_on_the_internet(tmp_path: Path, network: Network) -> None:
    assert reached(tmp_path / "log", network, public_domain=True) == ["cognito-idp", "s3"]
