"""A VPC that is made: private, closed, and everything that meets the domain is inside."""

from tests.synth.conftest import SettingsOf, Stacks, Synthesized, granted, one
from tests.unit.conftest import ABSENT

MADE = {
    "network": {"cidr": "10.20.0.0/24"},
    "domain.instance_type": "m7g.large.search",
    "domain.instance_count": 2,
}
GROUP = "${aws_security_group.network_security_group.id}"
SUBNETS = ["${aws_subnet.network_subnet_0.id}", "${aws_subnet.network_subnet_1.id}"]


def made(synthesized: Synthesized, settings_with: SettingsOf) -> Stacks:
    return synthesized(settings_with(MADE))


def test_everything_that_meets_the_domain_is_inside(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = made(synthesized, settings_with)
    resources = stacks["pipeline"]["resource"]
    place = {"subnet_ids": SUBNETS, "security_group_ids": [GROUP]}
    assert one(stacks, "pipeline", "aws_opensearch_domain")["vpc_options"] == place
    assert one(stacks, "pipeline", "aws_osis_pipeline")["vpc_options"] == [
        {**place, "vpc_endpoint_management": "SERVICE"}
    ]
    assert [function["vpc_config"] for function in resources["aws_lambda_function"].values()] == [place, place]
    seeder = one(stacks, "seeding", "aws_lambda_function")["vpc_config"]
    assert seeder == {
        "subnet_ids": "${data.aws_subnets.subnets.ids}",
        "security_group_ids": ["${data.aws_security_group.security_group.id}"],
    }


def test_other_stacks_find_it_by_its_name(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = made(synthesized, settings_with)
    (data,) = stacks["seeding"]["data"]["aws_subnets"].values()
    assert data["filter"] == [{"name": "tag:Name", "values": ["shop-test-private-*"]}]
    names = {subnet["tags"]["Name"] for subnet in stacks["pipeline"]["resource"]["aws_subnet"].values()}
    assert names == {"shop-test-private-0", "shop-test-private-1"}
    group = one(stacks, "pipeline", "aws_security_group")
    (found,) = stacks["seeding"]["data"]["aws_security_group"].values()
    assert group["name"] == found["name"] == "shop-test-private"


def test_there_is_no_way_to_the_internet(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    resources = made(synthesized, settings_with)["pipeline"]["resource"]
    assert resources.keys().isdisjoint({"aws_internet_gateway", "aws_nat_gateway", "aws_eip", "aws_route"})
    assert all("map_public_ip_on_launch" not in subnet for subnet in resources["aws_subnet"].values())
    (table,) = resources["aws_route_table"].values()
    assert "route" not in table
    assert len(resources["aws_route_table_association"]) == 2


def test_only_https_passes_and_only_between_members_and_to_endpoints(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    resources = made(synthesized, settings_with)["pipeline"]["resource"]
    ingress = list(resources["aws_vpc_security_group_ingress_rule"].values())
    egress = list(resources["aws_vpc_security_group_egress_rule"].values())
    assert {(rule["from_port"], rule["to_port"], rule["ip_protocol"]) for rule in ingress + egress} == {
        (443, 443, "tcp")
    }
    assert [rule["referenced_security_group_id"] for rule in ingress] == [GROUP]
    targets = {rule.get("referenced_security_group_id") or rule["prefix_list_id"] for rule in egress}
    assert targets == {
        GROUP,
        "${aws_vpc_endpoint.network_dynamodb.prefix_list_id}",
        "${aws_vpc_endpoint.network_s3.prefix_list_id}",
    }
    (default,) = resources["aws_default_security_group"].values()
    assert default.keys().isdisjoint({"ingress", "egress"})


def test_what_is_called_from_inside_has_an_endpoint(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    endpoints = made(synthesized, settings_with)["pipeline"]["resource"]["aws_vpc_endpoint"].values()
    assert {endpoint["service_name"]: endpoint["vpc_endpoint_type"] for endpoint in endpoints} == {
        "com.amazonaws.eu-west-1.dynamodb": "Gateway",
        "com.amazonaws.eu-west-1.s3": "Gateway",
        "com.amazonaws.eu-west-1.cognito-idp": "Interface",
    }


def test_nobody_signs_in_to_a_collection_through_cognito(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({"network": {"cidr": "10.20.0.0/24"}, "domain": ABSENT, "collection": {}}))
    assert set(stacks["pipeline"]["resource"]["aws_vpc_endpoint"]) == {"network_dynamodb", "network_s3"}


def test_flow_logs_may_do_what_the_service_asks(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    """VPC user guide, "IAM role for publishing flow logs to CloudWatch Logs"; on our log group, where one is named."""
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vpc/shop-test-private"
    write = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}
    assert granted(made(synthesized, settings_with), "network_flow_log_policy") == {
        group: write,
        f"{group}:*": write,
        "*": {"logs:DescribeLogGroups"},
    }


def test_flow_logs_do_not_make_a_log_group_again_that_is_destroyed(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    (policy,) = (
        policy
        for place, policy in made(synthesized, settings_with)["pipeline"]["resource"]["aws_iam_role_policy"].items()
        if place == "network_flow_log_policy"
    )
    assert policy["depends_on"] == ["aws_cloudwatch_log_group.network_flow_logs"]


def test_traffic_is_logged(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = made(synthesized, settings_with)
    log = one(stacks, "pipeline", "aws_flow_log")
    assert (log["traffic_type"], log["log_destination"]) == ("ALL", "${aws_cloudwatch_log_group.network_flow_logs.arn}")
