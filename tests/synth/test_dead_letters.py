"""The function that replays dead letters: what it may, and what it knows of each pipeline."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.dead_letters import pipelines
from functions.dead_letters.pipelines import Attributes, Pipeline
from settings import ENVIRONMENTS, load
from tests.synth.conftest import SettingsOf, Stacks, StacksOf, Synthesized, endpoint_of, event, granted, key_of

FUNCTION, POLICY = "dead_letters_replay_function", "dead_letters_replay_role_policy"
TABLE_KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: inline policies of a role, in characters.
MOST_OF_A_ROLE = 10_240


def function(stacks: Stacks) -> dict[str, Any]:
    return dict(stacks["pipeline"]["resource"]["aws_lambda_function"][FUNCTION])


@pytest.fixture
def known(synthesized: Synthesized, settings_with: SettingsOf, tmp_path: Path) -> Callable[..., dict[str, Pipeline]]:
    """``known({"tables.orders.…": …})``: the pipelines of such settings, as the function reads them."""

    def read(changes: dict[str, Any]) -> dict[str, Pipeline]:
        stacks = synthesized(settings_with(changes))
        with zipfile.ZipFile(tmp_path / "stacks" / "pipeline" / function(stacks)["filename"]) as package:
            return pipelines.read(Path(package.extract("pipelines.json", tmp_path)))

    return read


def test_it_may_read_tables_and_move_letters_and_nothing_else(environment: str, stacks_of: StacksOf) -> None:
    settings, stacks = load(environment), stacks_of(environment)
    names, granted_ = settings.names, granted(stacks, POLICY)
    key, theirs = key_of(settings), {p.table_key_arn for p in settings.pipelines} - {None, settings.kms_key_arn}
    expected = {
        names.export_bucket_arn: {"s3:ListBucket"},
        f"{names.export_bucket_arn}/dlq/*": {"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
        **{p.table_arn: {"dynamodb:BatchGetItem", "dynamodb:DescribeTable"} for p in settings.pipelines},
        **({key: {"kms:Decrypt", "kms:GenerateDataKey"}} if key else {}),
        **{table_key: {"kms:Decrypt"} for table_key in theirs if table_key},
        f"{names.log_group_arn(f'/aws/lambda/{names.dead_letters}')}:*": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }
    if settings.collection:
        expected["${aws_opensearchserverless_collection.search_collection.arn}"] = {"aoss:APIAccessAll"}
    if settings.existing_domain:
        expected |= {f"{names.domain_arn}/{path}": {"es:ESHttpPost"} for path in ("_bulk", "_mget")}
    assert {where: what for where, what in granted_.items() if where != "*"} == expected


def test_it_lists_dead_letters_only(stacks_of: StacksOf) -> None:
    policy = json.loads(stacks_of("dev")["pipeline"]["resource"]["aws_iam_role_policy"][POLICY]["policy"])
    (statement,) = [one for one in policy["Statement"] if one["Action"] == ["s3:ListBucket"]]
    assert statement["Condition"] == {"StringLike": {"s3:prefix": "dlq/*"}}


def test_it_may_write_to_indices_of_the_pipelines_and_make_none(environment: str, stacks_of: StacksOf) -> None:
    settings, prepared = load(environment), event(stacks_of(environment))
    if settings.collection:
        # Its policies say so (tests/synth/test_collection.py).
        assert prepared["roles"] == {}
        return
    name = f"{settings.names.prefix}-dead-letters"
    assert prepared["mappings"][name] == [settings.names.role_arn(settings.names.dead_letters_role)]
    (indices,) = prepared["roles"][name]["index_permissions"]
    patterns = [family.pattern for pipeline in settings.pipelines for family in pipeline.families]
    assert indices["index_patterns"] == patterns
    assert not any("create" in action for action in indices["allowed_actions"])


def test_it_finds_domain_and_bucket_and_runs_once_at_a_time(environment: str, stacks_of: StacksOf) -> None:
    settings, found = load(environment), function(stacks_of(environment))
    assert found["environment"]["variables"] == {
        "BUCKET": settings.names.export_bucket,
        "ENDPOINT": endpoint_of(settings),
        "POWERTOOLS_SERVICE_NAME": "dead-letters",
        **({"SERVICE": "aoss"} if settings.collection else {}),
    }
    assert found["reserved_concurrent_executions"] == 1


def test_documents_that_are_as_their_items(known: Callable[..., dict[str, Pipeline]]) -> None:
    assert known({"tables.orders.documents": {"exclude": ["notes"]}}) == {
        "orders-1": Pipeline("shop-test-orders", ("orders-1",), replayed=True, key_in_id=True, attributes=ALL_BUT_NOTES)
    }


ALL_BUT_NOTES = Attributes((), ("notes",))
MADE_ID = {"id": "${/customer}", "include": ["order_id", "customer"]}
ADDED = [{"add_entries": {"entries": [{"key": "source", "value": "shop"}]}}]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"documents": MADE_ID}, (True, False, Attributes(("order_id", "customer"), ())), id="id"),
        pytest.param({"documents": {"processors": ADDED}}, (True, True, None), id="processors"),
        pytest.param({"documents": {**MADE_ID, "processors": ADDED}}, (False, False, None), id="id after processors"),
        # Later changes never come: what is in the index is right though the item has changed.
        pytest.param({"mode": "export"}, (True, True, None), id="export"),
        pytest.param({"mode": "stream"}, (True, True, Attributes((), ())), id="stream"),
    ],
)
def test_what_can_be_told_of_documents(
    known: Callable[..., dict[str, Pipeline]], changes: dict[str, Any], expected: tuple[bool, bool, Attributes | None]
) -> None:
    (found,) = known({f"tables.orders.{path}": value for path, value in changes.items()}).values()
    assert (found.replayed, found.key_in_id, found.attributes) == expected


def test_indices_of_routes_and_periods(known: Callable[..., dict[str, Pipeline]]) -> None:
    routes = {"large": {"when": "/total > 1000"}}
    (found,) = known({"tables.orders.documents": {"period": "month", "routes": routes}}).values()
    assert found.indices == ("orders-1-*", "orders-large-1-*")


def test_a_generation_that_is_being_replaced_is_listed_only(known: Callable[..., dict[str, Pipeline]]) -> None:
    found = known({"tables.orders.generation": 2})
    assert {id_: pipeline.replayed for id_, pipeline in found.items()} == {"orders-1": False, "orders-2": True}


@pytest.mark.parametrize(
    ("line", "other", "replayed"),
    [
        ('version: "2"', 'version: "2"', True),
        ("        document_version_type: external\n", "", False),
        ("        action: '${getMetadata(\"opensearch_action\")}'\n", "", False),
        ("'${getMetadata(\"primary_key\")}'", "${/review_id}", False),
    ],
)
def test_a_body_of_ones_own_is_replayed_where_its_versions_are_as_ours(
    known: Callable[..., dict[str, Pipeline]], tmp_path: Path, line: str, other: str, replayed: bool
) -> None:
    body = (ENVIRONMENTS / "bodies" / "reviews.yaml").read_text()
    assert line in body
    (tmp_path / "body.yaml").write_text(body.replace(line, other))
    (found,) = known({"tables.orders.body": "body.yaml"}).values()
    assert (found.replayed, found.attributes) == (replayed, None)


def test_somebody_elses_table(
    synthesized: Synthesized, settings_with: SettingsOf, known: Callable[..., dict[str, Pipeline]]
) -> None:
    changes = {"tables.orders": {"existing": {"name": "Legacy", "kms_key_arn": TABLE_KEY}}}
    assert known(changes)["orders-1"].table == "Legacy"
    permissions = granted(synthesized(settings_with(changes)), POLICY)
    assert permissions[TABLE_KEY] == {"kms:Decrypt"}


def test_a_hundred_tables_fit_into_its_role(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    tables = {f"table-{number:02}-xy": {"partition_key": {"name": "id", "type": "S"}} for number in range(100)}
    settings = settings_with({"ingestion": {"pipeline_quota": 100}, "tables": tables})
    policy = synthesized(settings)["pipeline"]["resource"]["aws_iam_role_policy"][POLICY]["policy"]
    assert len("".join(policy.split())) < MOST_OF_A_ROLE
