"""A collection of OpenSearch Serverless as the target: what Terraform gets for it, and what is not there."""

import json
from pathlib import Path
from typing import Any

import pytest

from settings import ENVIRONMENTS
from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized, event, granted
from tests.unit.conftest import ABSENT

COLLECTION = {"domain": ABSENT, "collection": {}}
NETWORK = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ARN = "${aws_opensearchserverless_collection.search_collection.arn}"
HOST = "${local.collection_host}"
SETUP = "${aws_iam_role.search_setup_setup_role.arn}"
LETTERS = "${aws_iam_role.dead_letters_replay_role.arn}"


def resources(stacks: Stacks, kind: str) -> dict[str, dict[str, Any]]:
    return dict(stacks["pipeline"]["resource"].get(f"aws_opensearchserverless_{kind}", {}))


def policy(stacks: Stacks, kind: str, name: str) -> Any:
    return json.loads(resources(stacks, kind)[name]["policy"])


def access(stacks: Stacks) -> dict[str, dict[str, tuple[set[str], set[str]]]]:
    """Principal -> kind of resource -> resources and permissions, of all data access policies."""
    found: dict[str, dict[str, tuple[set[str], set[str]]]] = {}
    for name in resources(stacks, "access_policy"):
        for statement in policy(stacks, "access_policy", name):
            for principal in statement["Principal"]:
                assert principal not in found
                found[principal] = {
                    rule["ResourceType"]: (set(rule["Resource"]), set(rule["Permission"]))
                    for rule in statement["Rules"]
                }
    return found


def test_has_neither_nodes_nor_cognito(stacks_of: StacksOf) -> None:
    resource = stacks_of("serverless")["pipeline"]["resource"]
    assert not [kind for kind in resource if "cognito" in kind or kind.startswith("aws_opensearch_")]


@pytest.mark.parametrize(("standby", "replicas"), [(True, "ENABLED"), (False, "DISABLED")])
def test_is_for_searches_with_standby_replicas(
    standby: bool, replicas: str, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**COLLECTION, "collection": {"standby": standby}}))
    (collection,) = resources(stacks, "collection").values()
    assert (collection["name"], collection["type"]) == ("shop-test", "SEARCH")
    assert collection["standby_replicas"] == replicas
    # Without it, AWS refuses to make a collection.
    assert "aws_opensearchserverless_security_policy.search_encryption" in collection["depends_on"]


@pytest.mark.parametrize("protected", [True, False])
def test_is_protected(protected: bool, synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({**COLLECTION, "deletion_protection": protected}))
    (collection,) = resources(stacks, "collection").values()
    assert collection.get("lifecycle") == ({"prevent_destroy": True} if protected else None)


@pytest.mark.parametrize(
    ("changes", "key"), [({}, {"AWSOwnedKey": True}), ({"kms_key_arn": KEY}, {"KmsARN": KEY})], ids=["aws", "own"]
)
def test_is_encrypted(
    changes: dict[str, Any], key: dict[str, Any], synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({**COLLECTION, **changes}))
    assert policy(stacks, "security_policy", "search_encryption") == {
        "Rules": [{"ResourceType": "collection", "Resource": ["collection/shop-test"]}],
        **key,
    }


def test_without_a_network_is_reached_from_everywhere(stacks_of: StacksOf) -> None:
    stacks = stacks_of("serverless")
    (rule,) = policy(stacks, "security_policy", "search_network")
    assert rule == {
        "Rules": [
            {"ResourceType": kind, "Resource": ["collection/shop-serverless"]} for kind in ("collection", "dashboard")
        ],
        "AllowFromPublic": True,
    }
    assert not resources(stacks, "vpc_endpoint")


def test_in_a_network_is_reached_through_endpoints_only(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({**COLLECTION, "network": NETWORK}))
    endpoint = "${aws_opensearchserverless_vpc_endpoint.search_endpoint.id}"
    ours = policy(stacks, "security_policy", "search_network")
    pipelines = policy(stacks, "security_policy", "ingestion_orders_1_network")
    for (rule,), kinds in ((ours, ["collection", "dashboard"]), (pipelines, ["collection"])):
        assert [of["ResourceType"] for of in rule["Rules"]] == kinds
        assert (rule["AllowFromPublic"], rule["SourceVPCEs"]) == (False, [endpoint])
    (made,) = resources(stacks, "vpc_endpoint").values()
    assert made["subnet_ids"] == NETWORK["subnet_ids"]
    assert made["security_group_ids"] == NETWORK["security_group_ids"]
    assert made["vpc_id"] == "${data.aws_subnet.search_subnet.vpc_id}"


def test_in_a_network_each_pipeline_adds_its_endpoint_to_a_policy_of_its_own(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    changes = {**COLLECTION, "network": NETWORK, "tables.orders.generation": 2, "tables.orders.switch": "confirmed"}
    stacks = synthesized(settings_with(changes))
    for generation in (1, 2):
        name = f"shop-test-orders-{generation}"
        network = resources(stacks, "security_policy")[f"ingestion_orders_{generation}_network"]
        assert (network["name"], network["lifecycle"]) == (name, {"ignore_changes": ["policy"]})
        pipeline = stacks["pipeline"]["resource"]["aws_osis_pipeline"][f"ingestion_orders_{generation}_pipeline"]
        assert f"network_policy_name: {name}\n" in pipeline["pipeline_configuration_body"]
        assert (
            f"aws_opensearchserverless_security_policy.ingestion_orders_{generation}_network" in pipeline["depends_on"]
        )
        policies = "aoss:CreateSecurityPolicy", "aoss:GetSecurityPolicy", "aoss:UpdateSecurityPolicy"
        role = stacks["pipeline"]["resource"]["aws_iam_role_policy"][f"ingestion_orders_{generation}_role_policy"]
        (statement,) = (one for one in json.loads(role["policy"])["Statement"] if one["Resource"] == ["*"])
        assert statement["Action"] == ["aoss:BatchGetCollection", *policies]
        assert statement["Condition"] == {"StringEquals": {"aoss:collection": "shop-test"}}


def test_everybody_may_do_their_own_only(stacks_of: StacksOf) -> None:
    index, items = "index/shop-serverless", {"collection/shop-serverless"}
    searched = {
        "index": ({f"{index}/orders", f"{index}/orders-1"}, {"aoss:DescribeIndex", "aoss:ReadDocument"}),
    }
    looks = {**searched, "collection": (items, {"aoss:DescribeCollectionItems"})}
    assert access(stacks_of("serverless")) == {
        "${aws_iam_role.ingestion_orders_1_role.arn}": {
            "index": (
                {f"{index}/orders-1"},
                {"aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:WriteDocument"},
            )
        },
        SETUP: {
            "index": (
                {f"{index}/*"},
                {"aoss:DeleteIndex", "aoss:DescribeIndex", "aoss:ReadDocument", "aoss:UpdateIndex"},
            ),
            "collection": (
                items,
                {f"aoss:{verb}CollectionItems" for verb in ("Create", "Delete", "Describe", "Update")},
            ),
        },
        LETTERS: {"index": ({f"{index}/orders-1"}, {"aoss:ReadDocument", "aoss:UpdateIndex", "aoss:WriteDocument"})},
        "arn:aws:iam::111122223333:role/shop-website": searched,
        "arn:aws:iam::111122223333:role/search-team": looks,
        "saml/111122223333/shop-serverless/group/search-analysts": looks,
    }


def test_nobody_is_let_in_who_is_not_named(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with(COLLECTION))
    assert access(stacks).keys() == {"${aws_iam_role.ingestion_orders_1_role.arn}", SETUP, LETTERS}


def test_routes_and_dates_are_in_the_patterns(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    documents = {"routes": {"eu": {"when": '/region == "eu"'}}, "period": "month"}
    stacks = synthesized(settings_with({**COLLECTION, "tables.orders.documents": documents}))
    indices, _ = access(stacks)["${aws_iam_role.ingestion_orders_1_role.arn}"]["index"]
    assert indices == {"index/shop-test/orders-1-*", "index/shop-test/orders-eu-1-*"}


def test_a_generation_that_is_replaced_stays_as_it_is(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    changes = {**COLLECTION, "tables.orders.generation": 2, "tables.orders.switch": "confirmed"}
    found = resources(synthesized(settings_with(changes)), "access_policy")
    assert found["ingestion_orders_1_access"]["lifecycle"] == {"ignore_changes": "all"}
    assert "lifecycle" not in found["ingestion_orders_2_access"]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("ingestion_orders_1_role_policy", {"aoss:BatchGetCollection"}),
        ("dead_letters_replay_role_policy", set()),
        ("search_setup_setup_role_policy", set()),
    ],
)
def test_iam_lets_callers_through_to_this_collection(name: str, more: set[str], stacks_of: StacksOf) -> None:
    grants = granted(stacks_of("serverless"), name)
    assert grants[ARN] == {"aoss:APIAccessAll", *more}
    assert not any(action.startswith("es:") for actions in grants.values() for action in actions)
    dashboards = "arn:aws:aoss:eu-central-1:111122223333:dashboards/default"
    assert grants.get(dashboards) == ({"aoss:DashboardsAccessAll"} if name.startswith("search_setup") else None)


def test_the_functions_sign_for_a_collection(stacks_of: StacksOf) -> None:
    for environment, service in (("serverless", "aoss"), ("prod", None)):
        functions = stacks_of(environment)["pipeline"]["resource"]["aws_lambda_function"]
        for name in ("search_setup_setup_function", "dead_letters_replay_function"):
            assert functions[name]["environment"]["variables"].get("SERVICE") == service


def test_the_set_up_makes_no_security_roles(stacks_of: StacksOf) -> None:
    prepared = event(stacks_of("serverless"))
    assert (prepared["endpoint"], prepared["start_page"]) == (HOST, None)
    assert (prepared["roles"], prepared["mappings"], prepared["dashboards_users"]) == ({}, {}, [])
    (generation,) = prepared["generations"]
    assert (generation["role"], generation["members"]) == (None, [])
    (family,) = generation["families"]
    assert family["settings"] == {}
    assert family["properties"]["total"] == {"type": "double"}


def test_the_set_up_is_let_in_as_long_as_it_is_needed(stacks_of: StacksOf) -> None:
    run = stacks_of("serverless")["pipeline"]["resource"]["aws_lambda_invocation"]["search_setup_run"]
    assert set(run["depends_on"]) == {
        "aws_opensearchserverless_access_policy.search_access",
        "aws_opensearchserverless_security_policy.search_network",
    }


def test_the_endpoint_is_a_host_as_that_of_a_domain_is(stacks_of: StacksOf) -> None:
    endpoint = "aws_opensearchserverless_collection.search_collection.collection_endpoint"
    assert stacks_of("serverless")["pipeline"]["locals"] == {
        "collection_host": f'${{trimprefix({endpoint}, "https://")}}'
    }


def test_the_pipeline_writes_to_the_collection(stacks_of: StacksOf) -> None:
    pipeline = stacks_of("serverless")["pipeline"]["resource"]["aws_osis_pipeline"]["ingestion_orders_1_pipeline"]
    body = pipeline["pipeline_configuration_body"]
    assert f"- https://{HOST}\n" in body
    assert "serverless: true\n" in body
    assert "serverless_options" not in body
    assert "index_type: management_disabled\n" in body
    assert "aws_opensearchserverless_access_policy.ingestion_orders_1_access" in pipeline["depends_on"]


def test_people_sign_in_at_their_own_provider(
    synthesized: Synthesized, settings_with: SettingsOf, tmp_path: Path
) -> None:
    text = (ENVIRONMENTS / "saml" / "example-idp.xml").read_text().replace("/sso", "/sso?${a}&%{b}")
    (tmp_path / "idp.xml").write_text(text)
    saml = {
        "metadata": "idp.xml",
        "groups": ["analysts"],
        "users": ["ann@example.com"],
        "group_attribute": "groups",
        "user_attribute": "mail",
        "session_minutes": 480,
    }
    stacks = synthesized(settings_with({**COLLECTION, "collection.dashboards": {"saml": saml}}))
    (config,) = resources(stacks, "security_config").values()
    assert (config["name"], config["type"]) == ("shop-test", "saml")
    assert config["saml_options"] == {
        "metadata": text.replace("${", "$${").replace("%{", "%%{"),
        "group_attribute": "groups",
        "user_attribute": "mail",
        "session_timeout": 480,
    }
    provider = "saml/111122223333/shop-test"
    assert {f"{provider}/group/analysts", f"{provider}/user/ann@example.com"} <= access(stacks).keys()


def test_is_watched_with_all_its_dimensions(stacks_of: StacksOf) -> None:
    alarms = stacks_of("serverless")["pipeline"]["resource"]["aws_cloudwatch_metric_alarm"]
    watched = {
        alarm["metric_name"]: alarm["dimensions"]
        for name, alarm in alarms.items()
        if name.startswith("alarms_collection_")
    }
    dimensions = {
        "ClientId": "111122223333",
        "CollectionId": "${aws_opensearchserverless_collection.search_collection.id}",
        "CollectionName": "shop-serverless",
    }
    assert watched == dict.fromkeys(("5xx", "IngestionRequestErrors", "SearchRequestErrors"), dimensions)


def test_a_body_of_ones_own_must_write_to_a_collection(settings_with: SettingsOf, tmp_path: Path) -> None:
    text = (ENVIRONMENTS / "bodies" / "reviews.yaml").read_text()
    (tmp_path / "body.yaml").write_text(text)
    changes = {"tables.orders.body": "body.yaml"}
    assert settings_with(changes)
    with pytest.raises(ValueError, match=r"aws.serverless: is missing, and the sink is a collection; set it to true"):
        settings_with({**COLLECTION, **changes})
    serverless = text.replace(
        'region: "{{region}}"\n        dlq', 'region: "{{region}}"\n          serverless: true\n        dlq'
    )
    (tmp_path / "body.yaml").write_text(serverless)
    assert settings_with({**COLLECTION, **changes})
    with pytest.raises(ValueError, match=r"aws.serverless: is for collections only; remove it"):
        settings_with(changes)
    private = {**COLLECTION, **changes, "network": NETWORK}
    with pytest.raises(ValueError, match=r"network_policy_name: is missing; use 'shop-test-orders-1'"):
        settings_with(private)
    (tmp_path / "body.yaml").write_text(
        serverless.replace(
            "serverless: true",
            'serverless: true\n          serverless_options: {network_policy_name: "{{network_policy}}"}',
        )
    )
    assert settings_with(private)
