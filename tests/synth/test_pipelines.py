"""A pipeline for each table: what it reads, what it may do, and in which order it comes to life."""

import json
import re
from typing import Any

import pytest

import osis
from functions.search_setup import events
from pipelines import Pipeline
from settings import load
from tests.synth.conftest import (
    SettingsOf,
    Stacks,
    StacksOf,
    Synthesized,
    endpoint_of,
    event,
    granted,
    key_of,
    of_pipeline,
    osis_pipeline,
)

TABLE_KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111"
OUR_KEY = "arn:aws:kms:eu-west-1:111122223333:key/22222222-2222-2222-2222-222222222222"

EXPORT = {"dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime"}
FOLLOW = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}
OBJECTS = {"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"}
KMS = {"kms:Decrypt", "kms:GenerateDataKey"}
WRITE = {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"}
COLLECTION = {
    "${aws_opensearchserverless_collection.search_collection.arn}": {"aoss:APIAccessAll", "aoss:BatchGetCollection"},
    # The guides have it on the collection, the service authorization reference on no resource.
    "*": {"aoss:BatchGetCollection"},
}
MODES = ("export-and-stream", "stream", "export")


def permissions(
    mode: str, *, table: str, bucket: str, objects: str, target: dict[str, set[str]]
) -> dict[str, set[str]]:
    """What AWS's guides ask for, of a pipeline whose objects lie below `objects`."""
    expected = {
        table: EXPORT if mode != "stream" else {"dynamodb:DescribeTable"},
        f"{bucket}/dlq/{objects}/*": {"s3:PutObject"},
        **target,
    }
    if mode != "stream":
        expected |= {f"{table}/export/*": {"dynamodb:DescribeExport"}, f"{bucket}/export/{objects}/*": OBJECTS}
    if mode != "export":
        expected |= {f"{table}/stream/*": FOLLOW}
    return expected


def to_domain(arn: str) -> dict[str, set[str]]:
    return {arn: {"es:DescribeDomain"}, f"{arn}/*": WRITE}


def received(stacks: Stacks, pipeline: Pipeline) -> str:
    """The body as OSIS gets it, once Terraform has read it. Asserts that it is escaped once and all of it."""
    written = osis_pipeline(stacks, pipeline)["pipeline_configuration_body"]
    references = set(re.findall(r"(?<!\$)\$\{[^}]*\}", written))
    key = key_of(pipeline.settings) if pipeline.settings.own_key and pipeline.table.exports else None
    assert references == {endpoint_of(pipeline.settings), key} - {None}
    assert not re.search(r"(?<!%)%\{", written)
    told = {endpoint_of(pipeline.settings): "search.example.com", key: "arn:aws:kms:us-east-1:111122223333:key/1234"}
    for reference in references:
        written = written.replace(reference, told[reference])
    text = str(written.replace("$${", "${").replace("%%{", "%{"))
    assert not re.search(r"\$\$|%%", text)
    return text


def test_one_for_each_table_and_generation(environment: str, stacks_of: StacksOf) -> None:
    settings, stacks = load(environment), stacks_of(environment)
    written = stacks["pipeline"]["resource"]["aws_osis_pipeline"]
    assert written.keys() == {of_pipeline(pipeline, "pipeline") for pipeline in settings.pipelines}
    assert {pipeline.key for pipeline in settings.pipelines} == settings.tables.keys()
    for pipeline in settings.pipelines:
        there = osis_pipeline(stacks, pipeline)
        assert there["pipeline_name"] == f"{settings.names.prefix}-{pipeline.key}-{pipeline.generation}"
        assert (there["min_units"], there["max_units"]) == (pipeline.table.units.min, pipeline.table.units.max)


def test_the_body_survives_terraform(environment: str, stacks_of: StacksOf) -> None:
    """Escaped for Terraform exactly once: what OSIS gets is a body that the model accepts.

    What is risky in it was told at synth, but for what is no risk here: the set-up function puts the index template,
    and a mode is chosen on purpose.
    """
    settings = load(environment)
    for pipeline in settings.pipelines:
        text = received(stacks_of(environment), pipeline)
        assert '${getMetadata("opensearch_action")}' in text
        for warning in osis.check(text, region=settings.region):
            assert warning.severity == "warning", warning
            told = f"tables.{pipeline.key}: {warning.path}: {warning.message}" in settings.warnings
            by_mode = pipeline.table.mode != "export-and-stream" and warning.path.endswith(".dynamodb.tables[0]")
            assert told or by_mode or warning.path.endswith(".template_content"), warning


def test_reads_its_own_table_into_its_own_indices(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    for pipeline in settings.pipelines:
        body = osis.parse(received(stacks_of(environment), pipeline))
        (table,) = body.source.tables
        name = table.table_arn.removeprefix(f"arn:aws:dynamodb:{settings.region}:{settings.account_id}:table/")
        existing = pipeline.table.existing
        assert name == (existing.name if existing else f"{settings.names.prefix}-{pipeline.key}")
        assert (table.export is not None) is (pipeline.table.mode != "stream")
        assert (table.stream is not None) is (pipeline.table.mode != "export")
        assert {sink.index for _, sink in body.opensearch_sinks()} == {family.index for family in pipeline.families}


def test_the_role_may_what_its_mode_needs_and_nothing_else(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    names = settings.names
    key = {arn: KMS} if (arn := key_of(settings)) else {}
    for pipeline in settings.pipelines:
        existing = pipeline.table.existing
        assert granted(stacks_of(environment), of_pipeline(pipeline, "role_policy")) == key | permissions(
            pipeline.table.mode,
            table=names.table_arn(existing.name if existing else f"{names.prefix}-{pipeline.key}"),
            bucket=names.export_bucket_arn,
            objects=f"{pipeline.key}-{pipeline.generation}",
            target=COLLECTION if settings.collection else to_domain(names.domain_arn),
        )


@pytest.mark.parametrize("mode", MODES)
def test_of_a_table_that_is_there_already_its_own_key_too(
    mode: str, synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    legacy = {"existing": {"name": "Legacy", "kms_key_arn": TABLE_KEY}, "mode": mode}
    stacks = synthesized(settings_with({"kms_key_arn": OUR_KEY, "tables.orders": legacy}))
    assert granted(stacks, "ingestion_orders_1_role_policy") == {
        OUR_KEY: KMS,
        TABLE_KEY: KMS,
        **permissions(
            mode,
            table="arn:aws:dynamodb:eu-west-1:111122223333:table/Legacy",
            bucket="arn:aws:s3:::shop-test-export-111122223333-eu-west-1",
            objects="orders-1",
            target=to_domain("arn:aws:es:eu-west-1:111122223333:domain/shop-test"),
        ),
    }


def test_each_acts_as_its_own_role_alone(environment: str, stacks_of: StacksOf) -> None:
    settings, stacks = load(environment), stacks_of(environment)
    for pipeline in settings.pipelines:
        role = stacks["pipeline"]["resource"]["aws_iam_role"][of_pipeline(pipeline, "role")]["name"]
        assert role == f"{settings.names.prefix}-{pipeline.key}-{pipeline.generation}-{settings.region}"
        arns = re.findall(r"sts_role_arn: \"?([^\s\"]+)", received(stacks, pipeline))
        assert set(arns) == {f"arn:aws:iam::{settings.account_id}:role/{role}"}


def test_a_table_has_a_stream_where_it_is_followed_and_can_be_restored(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    written = stacks_of(environment)["pipeline"]["resource"].get("aws_dynamodb_table", {})
    tables = {f"source_{key}_table".replace("-", "_"): table for key, table in settings.tables.items()}
    assert written.keys() == {name for name, table in tables.items() if not table.existing}
    for name, table in written.items():
        followed, view = tables[name].mode != "export", tables[name].stream_view
        assert table["billing_mode"] == "PAY_PER_REQUEST"
        assert table["stream_enabled"] is followed
        assert table.get("stream_view_type") == (view if followed else None)
        assert table["point_in_time_recovery"] == {"enabled": True}
        key = key_of(settings)
        assert table["server_side_encryption"] == {"enabled": True, **({"kms_key_arn": key} if key else {})}


def test_the_domain_is_prepared_for_each_generation(environment: str, stacks_of: StacksOf) -> None:
    settings = load(environment)
    prepared = event(stacks_of(environment))
    assert prepared["endpoint"] == endpoint_of(settings)
    assert len(prepared["generations"]) == len(settings.pipelines)
    for pipeline, generation in zip(settings.pipelines, prepared["generations"], strict=True):
        assert (generation["pipeline"], generation["table"]) == (
            osis_pipeline(stacks_of(environment), pipeline)["pipeline_name"],
            f"{settings.names.prefix}-{pipeline.key}",
        )
        assert generation["generation"] == pipeline.generation
        assert generation["settled"] is False
        assert generation["compare"] is (pipeline.table.switch == "complete")
        if settings.collection:
            # Its policies let pipelines in (tests/synth/test_collection.py).
            assert (generation["members"], generation["role"]) == ([], None)
            continue
        role = f"{settings.names.prefix}-{pipeline.key}-{pipeline.generation}-{settings.region}"
        assert generation["members"] == [f"arn:aws:iam::{settings.account_id}:role/{role}"]
        (permission,) = generation["role"]["index_permissions"]
        assert permission["index_patterns"] == [family["pattern"] for family in generation["families"]]


def test_every_index_that_is_written_has_a_template_and_a_name_to_search_by(
    environment: str, stacks_of: StacksOf
) -> None:
    settings, prepared = load(environment), event(stacks_of(environment))
    families = [family for generation in prepared["generations"] for family in generation["families"]]
    for pipeline, generation in zip(settings.pipelines, prepared["generations"], strict=True):
        body = osis.parse(received(stacks_of(environment), pipeline))
        written = {re.sub(r"%\{.*\}$", "*", sink.index or "") for _, sink in body.opensearch_sinks()}
        assert written == {family["pattern"] for family in generation["families"]}
        documents = pipeline.table.documents
        for family in generation["families"]:
            assert family["pattern"] == f"{family['alias']}-{pipeline.generation}{'-*' if documents.period else ''}"
            assert family["settings"].get("number_of_shards") == (None if settings.collection else documents.shards)
            assert {name: mapping["type"] for name, mapping in family["properties"].items()} == {
                name: attribute.type for name, attribute in documents.attributes.items()
            }
    if settings.collection is None:
        reader = prepared["roles"][f"{settings.names.prefix}-reader"]
        assert reader["index_permissions"] == [
            {"index_patterns": [family["alias"] for family in families], "allowed_actions": ["read"]}
        ]


def test_dashboards_begins_with_a_dashboard_that_is_shipped(with_domain: str, stacks_of: StacksOf) -> None:
    start = event(stacks_of(with_domain))["start_page"].rpartition("/")[2]
    assert start in {json.loads(line)["id"] for line in load(with_domain).saved_objects.splitlines()}


def test_lives_between_the_domains_preparation_and_its_service(environment: str, stacks_of: StacksOf) -> None:
    """Created prepare, retire, pipeline, serve; so destroyed the other way round."""
    resources = stacks_of(environment)["pipeline"]["resource"]
    invocations = resources["aws_lambda_invocation"]
    assert "lifecycle_scope" not in invocations["search_setup_run"]
    for pipeline in load(environment).pipelines:
        retire, serve = (invocations[of_pipeline(pipeline, noun)] for noun in ("retire", "serve"))
        assert retire["depends_on"] == ["aws_lambda_invocation.search_setup_run"]
        table = f"source_{pipeline.key}_table".replace("-", "_")
        assert {
            f"aws_lambda_invocation.{of_pipeline(pipeline, 'retire')}",
            f"aws_iam_role_policy.{of_pipeline(pipeline, 'role_policy')}",
            f"{'data.' if pipeline.table.existing else ''}aws_dynamodb_table.{table}",
            "aws_s3_bucket_policy.export_policy",
        } <= set(osis_pipeline(stacks_of(environment), pipeline)["depends_on"])
        assert serve["depends_on"] == [f"aws_osis_pipeline.{of_pipeline(pipeline, 'pipeline')}"]


@pytest.mark.parametrize("action", ["retire", "serve"])
def test_is_put_into_service_and_out_of_it_by_calls_that_never_change(
    action: str, environment: str, stacks_of: StacksOf
) -> None:
    """Terraform would count an update that failed as done."""
    settings = load(environment)
    for pipeline in settings.pipelines:
        name = of_pipeline(pipeline, action)
        invocation = stacks_of(environment)["pipeline"]["resource"]["aws_lambda_invocation"][name]
        assert invocation["lifecycle_scope"] == "CRUD"
        assert "triggers" not in invocation
        assert json.loads(invocation["input"]) == {
            "action": action,
            "endpoint": endpoint_of(settings),
            "table": f"{settings.names.prefix}-{pipeline.key}",
            "generation": pipeline.generation,
        }


def test_the_set_up_function_takes_every_event(environment: str, stacks_of: StacksOf) -> None:
    stacks = stacks_of(environment)
    for name, invocation in stacks["pipeline"]["resource"]["aws_lambda_invocation"].items():
        added: dict[str, Any] = {"tf": {"action": "create", "prev_input": None}}
        events.check(event(stacks, name) | (added if "lifecycle_scope" in invocation else {}))


def test_a_function_of_its_own_fills_each_table_that_wants_it(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    tables = {
        "orders": {"partition_key": {"name": "order_id", "type": "S"}, "seeding": {"changes": 1}},
        "old-orders": {"partition_key": {"name": "order_id", "type": "S"}, "seeding": {"items": 20}},
        "users": {"partition_key": {"name": "id", "type": "S"}},
    }
    stack = synthesized(settings_with({"tables": tables}))["seeding"]
    resources = stack["resource"]
    assert {name: one["function_name"] for name, one in resources["aws_lambda_function"].items()} == {
        "seeder_orders_seeder_function": "shop-test-orders-seeder",
        "seeder_old_orders_seeder_function": "shop-test-old-orders-seeder",
    }
    for address, table in (("orders", "shop-test-orders"), ("old_orders", "shop-test-old-orders")):
        written = granted({"seeding": stack}, f"seeder_{address}_seeder_role_policy")
        assert written[f"arn:aws:dynamodb:eu-west-1:111122223333:table/{table}"] == {"dynamodb:BatchWriteItem"}
        assert sum("dynamodb" in resource for resource in written) == 1
    assert {name: json.loads(one["input"])["action"] for name, one in resources["aws_lambda_invocation"].items()} == {
        "seeder_orders_fill": "fill",
        "seeder_orders_change_1": "change",
        "seeder_old_orders_fill": "fill",
    }
    assert stack["output"]["results"]["value"].keys() == {"orders", "old-orders"}


def test_a_hundred_tables(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    tables = {f"table-{number}": {"partition_key": {"name": "id", "type": "S"}} for number in range(1, 101)}
    settings = settings_with({"tables": tables, "ingestion": {"pipeline_quota": 100}})
    resources = synthesized(settings)["pipeline"]["resource"]
    for kind, count, name in (
        ("aws_dynamodb_table", 100, "name"),
        ("aws_osis_pipeline", 100, "pipeline_name"),
        ("aws_iam_role", 106, "name"),
        ("aws_cloudwatch_log_group", 104, "name"),
    ):
        assert len(resources[kind]) == count, kind
        assert len({resource[name] for resource in resources[kind].values()}) == count, kind
    assert len(resources["aws_lambda_invocation"]) == 201
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name) for kind in resources.values() for name in kind)
    # What Lambda takes in one call (Lambda quotas, invocation payload).
    assert len(resources["aws_lambda_invocation"]["search_setup_run"]["input"].encode()) < 6 * 1024**2
