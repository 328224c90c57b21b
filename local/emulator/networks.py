"""What a function in a VPC reaches. What it does not reach gives no answer at all: its connection is closed.

A VPC's own address has no way to the internet but by NAT, so a service needs an endpoint in the VPC or that.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
A security group lets through what one of its rules names, on both sides.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
Lambda itself writes a function's log and traces by a way of its own.

Not cut off here are pipelines: their VPC is where data is sent to them from, and OpenSearch Ingestion connects them
with their sink, whatever VPC that is in.
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/pipeline-security.html

Peered VPCs, network access lists and IPv6 are not known here, so no way leads there. A collection answers everybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from moto.awslambda.models import lambda_backends
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.models.vpcs import VPCEndPoint
from moto.opensearch.models import OpenSearchDomain

from local.emulator.authorization import Authorizer, Caller

_HTTPS = 443
_INTERNET = IPv4Network("0.0.0.0/0")


class NoWayError(ConnectionError):
    """Nothing answers."""


@dataclass(frozen=True)
class _Side:
    """One side of a connection, as the rules of the other side's security groups may name it."""

    blocks: Sequence[IPv4Network]
    groups: Sequence[SecurityGroup] = ()
    prefix_list: str | None = None

    def is_named_by(self, rule: SecurityGroupRule) -> bool:
        https = rule.from_port is None or rule.from_port <= _HTTPS <= rule.to_port
        if rule.ip_protocol not in ("tcp", "-1") or not https:
            return False
        group = rule.source_group.get("GroupId")
        within = rule.cidr_ipv4 and all(block.subnet_of(IPv4Network(rule.cidr_ipv4)) for block in self.blocks)
        by_list = self.prefix_list is not None and rule.prefix_list_id == self.prefix_list
        return within or by_list or any(group == one.id for one in self.groups)


@dataclass(frozen=True)
class _Placement:
    """Where something has its network interfaces."""

    ec2: EC2Backend
    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]

    @property
    def vpc_id(self) -> str:
        return str(self.ec2.get_subnet(self.subnet_ids[0]).vpc_id)

    @property
    def side(self) -> _Side:
        blocks = [IPv4Network(self.ec2.get_subnet(subnet).cidr_block) for subnet in self.subnet_ids]
        groups = [self.ec2.get_security_group_from_id(group) for group in self.security_group_ids]
        return _Side(blocks, [group for group in groups if group is not None])

    def lets_out(self, other: _Side) -> bool:
        return _any_names(other, (rule for group in self.side.groups for rule in group.egress_rules))

    def reaches(self, other: "_Placement") -> bool:
        """Whether both sides' security groups let the connection through, in one VPC."""
        lets_in = _any_names(self.side, (rule for group in other.side.groups for rule in group.ingress_rules))
        return self.vpc_id == other.vpc_id and self.lets_out(other.side) and lets_in

    def reaches_through(self, endpoint: VPCEndPoint) -> bool:
        """Whether an endpoint of a service leads there, under the service's own name."""
        if endpoint.vpc_endpoint_type.lower() == "gateway":
            routed = all(table.id in endpoint.route_table_ids for table in self._route_tables())
            return routed and self.lets_out(_Side([_INTERNET], prefix_list=endpoint.destination_prefix_list_id))
        there = _Placement(self.ec2, endpoint.subnet_ids, endpoint.security_group_ids)
        return bool(endpoint.private_dns_enabled) and self.reaches(there)

    @property
    def reaches_the_internet(self) -> bool:
        """By NAT or over another network: an internet gateway is none of a function's, which has no public address."""
        routed = all(any(_leads_out(route) for route in table.routes) for table in self._route_tables())
        return routed and self.lets_out(_Side([_INTERNET]))

    def reaches_service(self, service: str) -> bool:
        name = f"com.amazonaws.{self.ec2.region_name}.{service}"
        endpoints = [
            endpoint
            for endpoint in self.ec2.vpc_end_points.values()
            if (endpoint.service_name, endpoint.vpc_id, endpoint.state) == (name, self.vpc_id, "available")
        ]
        return self.reaches_the_internet or any(map(self.reaches_through, endpoints))

    def _route_tables(self) -> Iterator[RouteTable]:
        """That of each subnet: its own, else the VPC's main one."""
        tables = [table for table in self.ec2.route_tables.values() if table.vpc_id == self.vpc_id]
        main = next(table for table in tables if table.main_association_id)
        for subnet in self.subnet_ids:
            yield next((table for table in tables if subnet in table._associations.values()), main)


def require_way_to_service(authorizer: Authorizer, caller: Caller, service: str, region: str) -> None:
    """Raises `NoWayError`, once that is in the decision log, where a function in a VPC does not reach a service."""
    placement = _placement(caller, region)
    if placement and not placement.reaches_service(service):
        _refuse(authorizer, caller, f"{service}.{region}.amazonaws.com")


def require_way_to_domain(authorizer: Authorizer, caller: Caller, domain: OpenSearchDomain) -> None:
    """The same for a domain, in a VPC or not."""
    region = domain.arn.split(":")[3]
    if not (placement := _placement(caller, region)):
        return
    if options := domain.vpc_options:
        there = _Placement(placement.ec2, options["SubnetIds"], options.get("SecurityGroupIds", []))
        reached = placement.reaches(there)
    else:
        reached = placement.reaches_the_internet
    if not reached:
        _refuse(authorizer, caller, domain.arn)


def _refuse(authorizer: Authorizer, caller: Caller, target: str) -> None:
    authorizer.cut_off(caller, target)
    raise NoWayError(f"no way from the VPC to {target}")


def _placement(caller: Caller, region: str) -> _Placement | None:
    """Where the function is that calls; None for who is no function, and for one in no VPC.

    Lambda calls the session of a function's role like the function.
    """
    if caller.role is None:
        return None
    name = caller.name.rpartition("/")[2]
    for function in lambda_backends[ACCOUNT][region].list_functions():
        if (function.function_name, function.role) == (name, caller.role):
            options = function.vpc_config or {}
            placed = options.get("SubnetIds")
            return _Placement(ec2_backends[ACCOUNT][region], placed, options["SecurityGroupIds"]) if placed else None
    return None


def _any_names(side: _Side, rules: Iterable[SecurityGroupRule]) -> bool:
    return any(map(side.is_named_by, rules))


def _leads_out(route: Route) -> bool:
    return route.destination_cidr_block == str(_INTERNET) and not str(route.gateway_id).startswith("igw-")
