import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import osis
from local.engine import REFUSED
from local.engine.support import DeadLetterPlan, ExportPlan, Plan, Role, UnsupportedBodyError, plan

ROLE = "arn:aws:iam::123456789012:role/pipeline"
SCRIPT = {"script": {"source": "x"}, "action": "upsert", "document_version": None, "document_version_type": None}
Body = Callable[..., dict[str, Any]]


def planned(document: dict[str, Any]) -> Plan:
    return plan(osis.parse(json.dumps(document)))


def test_plan_of_a_body(body: Body) -> None:
    result = planned(body(routes=[{"odd": '/kind == "odd"'}], sink={"routes": ["odd"], "flush_timeout": 1000}))
    role = Role(ROLE, "eu-west-1", None)
    assert (result.pipeline, result.role) == ("orders", role)
    assert result.table_arn == "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    assert result.export == ExportPlan("exports", "export/", None)
    assert result.old_image_on_remove is True
    assert [name for name, _ in result.routes] == ["odd"]
    (sink,) = result.sinks
    assert sink.dead_letters == DeadLetterPlan(role, "dead-letters", "dlq/%{yyyy}")
    assert sink.options.routes == {"odd"}
    assert (sink.options.bulk_bytes, sink.options.flush_seconds) == (5 * 1024 * 1024, 1.0)
    assert sink.index.template is None


@pytest.mark.parametrize(
    "processor",
    [
        {"add_entries": {"entries": [{"key": "x", "value": {"y": [1]}}, {"metadata_key": "m", "format": "${/id}"}]}},
        {"convert_entry_type": {"keys": ["a"], "type": "long", "null_values": ["-"]}},
        {"convert_type": {"key": "a", "type": "big_decimal", "scale": 2, "tags_on_failure": ["t"]}},
        {"copy_values": {"entries": [{"from_key": "a", "to_key": "b", "copy_when": "/a == 1"}]}},
        {"date": {"match": [{"key": "d", "patterns": ["epoch_milli", "yyyy"]}], "destination": "at", "locale": "en"}},
        {"date": {"from_time_received": True}},
        {"delete_entries": {"entries": [{"with_keys_regex": ["a.*"], "exclude_from_delete": ["ab"]}]}},
        {"rename_keys": {"entries": [{"from_key_regex": "a.*", "to_key": "b"}]}},
        {"select_entries": {"include_keys": ["id"], "select_when": "/a == 1"}},
        {"substitute_string": {"entries": [{"source": "a", "from": "b", "to": "c", "substitute_when": "/a == 1"}]}},
    ],
)
def test_processor_is_taken_as_it_is_written(body: Body, processor: dict[str, Any]) -> None:
    assert len(planned(body(processor=[processor])).processors) == 1


def test_a_collection_is_signed_for_and_makes_its_indices_itself(body: Body) -> None:
    access = {"sts_role_arn": ROLE, "region": "eu-west-1"}
    content = {"template_content": json.dumps({"template": {"settings": {"number_of_shards": 1}}})}
    (domain,) = planned(body(sink={"aws": access, **content, "template_type": "index-template"})).sinks
    (collection,) = planned(body(sink={"aws": {**access, "serverless": True}, **content, "index_type": None})).sinks
    assert (domain.serverless, domain.index.managed, domain.index.composable) == (False, True, True)
    assert (collection.serverless, collection.index.managed, collection.index.composable) == (True, False, True)


def test_numbers_of_shards_and_replicas_become_a_template(body: Body) -> None:
    options = {
        "number_of_shards": 1,
        "number_of_replicas": 2,
        "template_content": '{"settings": {"number_of_shards": 3}}',
    }
    (sink,) = planned(body(sink=options)).sinks
    assert sink.index.template == {"settings": {"number_of_shards": 3, "number_of_replicas": 2}}


@pytest.mark.parametrize("bulk_size", [-1, 0, 20])
def test_bulk_size_is_in_mebibytes(body: Body, bulk_size: int) -> None:
    (sink,) = planned(body(sink={"bulk_size": bulk_size})).sinks
    assert sink.options.bulk_bytes == (None if bulk_size < 0 else bulk_size * 1024 * 1024)


@pytest.mark.parametrize(
    ("sink", "reason"),
    [
        ({"index_type": "tsdb"}, "orders.sink[0].opensearch.index_type: tsdb is not supported"),
        (SCRIPT, "orders.sink[0].opensearch.script: this option"),
        ({"ism_policy_file": "s3://b/k"}, "orders.sink[0].opensearch.ism_policy_file: this option"),
        ({"document_id": "${now()}"}, "orders.sink[0].opensearch.document_id: 'now()': the function now() is not"),
        ({"index": "orders-%{yyyy.ww}"}, "orders.sink[0].opensearch.index: pattern 'yyyy.ww': 'ww' is not supported"),
        (
            {"actions": [{"type": "delete", "when": "now() > 1"}]},
            "orders.sink[0].opensearch.actions[0].when: 'now() > 1': the function now() is not supported",
        ),
        (
            {"actions": [{"type": "delete", "when": "/gone"}]},
            "orders.sink[0].opensearch.actions[0].when: '/gone': where the value is not true or false",
        ),
        (
            {"template_type": "index-template", "number_of_shards": 1},
            "orders.sink[0].opensearch.number_of_shards: not with template_type index-template",
        ),
        (
            {"aws": {"region": "eu-west-1"}},
            "orders.sink[0].opensearch.aws.sts_role_arn: is required",
        ),
        (
            {
                "dlq": {
                    "s3": {
                        "bucket": "dead-letters",
                        "key_path_prefix": "%{ww}",
                        "sts_role_arn": ROLE,
                        "region": "eu-west-1",
                    }
                }
            },
            "orders.sink[0].opensearch.dlq.s3.key_path_prefix: pattern 'ww': 'ww' is not supported",
        ),
    ],
)
def test_option_of_a_sink_is_refused_by_name(body: Body, sink: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsupportedBodyError) as caught:
        planned(body(sink=sink))
    assert reason in str(caught.value)


def test_option_of_the_source_is_refused_by_name(body: Body) -> None:
    document = body()
    source = document["orders"]["source"]["dynamodb"]
    source["aws"]["sts_header_overrides"] = {"x": "y"}
    source["tables"][0]["stream"]["disable_checkpointing"] = True
    with pytest.raises(UnsupportedBodyError) as caught:
        planned(document)
    assert [reason.partition(":")[0] for reason in caught.value.reasons] == [
        "orders.source.dynamodb.aws.sts_header_overrides",
        "orders.source.dynamodb.tables[0].stream.disable_checkpointing",
    ]


def test_everything_unsupported_is_named_at_once(body: Body) -> None:
    document = body(
        processor=[{"grok": {"match": {"a": ["b"]}}}, {"rename_keys": {"transform_key": "lowercase"}}],
        routes=[{"late": "now() > 1"}],
    )
    document["orders"]["sink"].append({"stdout": {}})
    with pytest.raises(UnsupportedBodyError) as caught:
        planned(document)
    assert [reason.partition(":")[0] for reason in caught.value.reasons] == [
        "orders.processor[0]",
        "orders.processor[1]",
        "orders.routes.late",
        "orders.sink[1].stdout",
    ]


def test_sub_pipelines_are_refused(body: Body) -> None:
    document = body()
    document["second"] = {"source": {"pipeline": {"name": "orders"}}, "sink": document["orders"]["sink"]}
    document["orders"] = {**document["orders"], "sink": [{"pipeline": {"name": "second"}}]}
    with pytest.raises(
        UnsupportedBodyError, match="sub-pipelines are not supported by the embedded engine; found orders, second"
    ):
        planned(document)


def test_process_refuses_before_it_starts(body: Body, tmp_path: Path) -> None:
    file = tmp_path / "body.yaml"
    file.write_text(json.dumps(body(processor=[{"grok": {}}], sink=SCRIPT)))
    command = [sys.executable, "-m", "local.engine", "--body", str(file), "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "orders.processor[0]",
        "orders.sink[0].opensearch.script",
    ]


def test_process_refuses_an_invalid_body(tmp_path: Path) -> None:
    file = tmp_path / "body.yaml"
    file.write_text("version: '2'\norders: {sink: []}\n")
    command = [sys.executable, "-m", "local.engine", "--body", str(file), "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == REFUSED
    assert done.stderr.startswith("orders")
