"""Each rule that refuses: one body that keeps it, one that breaks it, and what is said about it."""

import json
from typing import Any

import pytest

import osis
from osis.model import LONGEST_BODY

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
SOURCE = "orders.source.dynamodb"
SINK = "orders.sink[0].opensearch"


def errors(document: dict[str, Any], region: str | None = None) -> list[str]:
    problems = osis.check(json.dumps(document), region)
    return [str(problem) for problem in problems if problem.severity == "error"]


VALID: list[dict[str, Any]] = [
    {},
    {"version": "2.16"},
    {"version": 2},
    {"source.acknowledgments": "true"},
    {"source.shard_acknowledgment_timeout": "PT30M"},
    {"source.s3_data_file_acknowledgment_timeout": "90 s"},
    {"source.aws.sts_external_id": "abc", "source.aws.sts_header_overrides": {"x": "y"}},
    {"table.export": None},
    {"table.stream": None},
    {"table.stream": {"start_position": None}},
    {"table.stream.view_on_remove": "OLD_IMAGE", "table.stream.disable_checkpointing": False},
    {"table.export.s3_sse_kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/0a4bc22f"},
    {"table.table_arn": "${aws_dynamodb_table.orders.arn}", "source.aws.sts_role_arn": "{{role}}"},
    {"table.table_arn": "arn:aws:dynamodb:${region}:${account}:table/orders"},
    {"source.aws.region": "${region}"},
    {"table.table_arn": "arn:aws-us-gov:dynamodb:eu-west-1:123456789012:table/orders"},
    {"sink.hosts": ["https://${TfToken[TOKEN.0]}"]},
    {"sink.hosts": ["${opensearch_endpoint}"]},
    {"sink.hosts": ["https://localhost:9443", "https://10.0.0.1"]},
    {"sink.index": "orders-%{yyyy.MM.dd}"},
    {"sink.index": "orders-%{yyyy.MM.dd.HH}"},
    {"sink.index": "${/Customer/Name}-orders"},
    {"sink.index": '${getMetadata("table_name")}'},
    {"sink.index": "Orders-${/kind}", "sink.normalize_index": True},
    {"sink.index_type": "management_disabled"},
    {"sink.index": None, "sink.index_type": "log-analytics-plain"},
    {"sink.template_type": "v1", "sink.template_content": '{"mappings": {}}'},
    {"sink.template_file": "s3://bucket/template.json", "sink.ism_policy_file": "s3://bucket/policy.json"},
    {"sink.action": "UPSERT"},
    {"sink.actions": [{"type": "delete", "when": "/gone == true"}, {"type": "index"}]},
    {"sink.action": "upsert", "sink.document_version_type": "internal", "sink.script": {"source": "ctx.op = 'none'"}},
    {"sink.document_version_type": "External"},
    {"sink.flush_timeout": -1, "sink.bulk_size": 4, "sink.connect_timeout": 1000, "sink.max_retries": "5"},
    {"sink.number_of_shards": 1, "sink.number_of_replicas": 1, "sink.routing": "${/tenant}"},
    {"sink.distribution_version": "es6", "sink.enable_request_compression": False, "sink.insecure": False},
    {"sink.estimate_bulk_size_using_compression": True, "sink.max_local_compressions_for_estimation": 3},
    {"sink.query_lookup": {"query_when": "/a == 1", "query_term": "a", "query_duration": "3s", "async_limit": 9}},
    {"sink.action": "index", "sink.document_root_key": "a"},
    {"sink.aws.serverless": True, "sink.aws.serverless_options": {"network_policy_name": "orders"}},
    {"sink.aws.semantic_enrichment": {"fields": [{"name": "title", "language": "English"}]}},
    {"sink.aws": None, "sink.aws_sigv4": True, "sink.aws_region": "eu-west-1", "sink.aws_sts_role_arn": ROLE},
    {"sink.dlq.s3.bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint/dead-letters"},
    {"sink.dlq.s3.bucket": "s3://dead-letters", "sink.dlq.s3.bucket_owner": 123456789012},
    {"sink.include_keys": ["a", "b"], "sink.tags_target_key": "tags"},
    {"orders.route": [{"paid": "/paid == true"}], "sink.routes": ["paid", "_default"]},
    {"orders.routes": [{"paid": "/paid == true"}], "sink.routes": ["paid"]},
    {"orders.workers": 2, "orders.delay": 0},
    {"extension": {"aws": {"secrets": {}}}},
    {"pipeline_configurations": {"aws": {"secrets": {}}}},
    {"orders.processor": []},
]


@pytest.mark.parametrize("changes", VALID, ids=str)
def test_accepted(changed: Any, changes: dict[str, Any]) -> None:
    assert errors(changed(changes)) == []


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"version": "1"}, "version: '1' is not supported; use \"2\""),
    ({"version": "2.17"}, "version: '2.17' is not supported; use \"2\""),
    ({"version": "latest"}, "version: 'latest' is not supported; use \"2\""),
    # the source
    (
        {"source.tables": [{"table_arn": TABLE, "stream": {}}] * 2},
        f"{SOURCE}.tables: 2 tables; a pipeline reads exactly one, write a pipeline for each table",
    ),
    (
        {"source.tables": []},
        f"{SOURCE}.tables: 0 tables; a pipeline reads exactly one, write a pipeline for each table",
    ),
    ({"source.aws": None}, f"{SOURCE}.aws: is required"),
    (
        {"source.acknowledgements": True},
        f"{SOURCE}.acknowledgements: is not a known option; did you mean 'acknowledgments'?",
    ),
    ({"source.acknowledgments": "yes please"}, f"{SOURCE}.acknowledgments: 'yes please' is not true or false"),
    (
        {"source.shard_acknowledgment_timeout": "30m"},
        f"{SOURCE}.shard_acknowledgment_timeout: '30m' is not a duration; "
        "write seconds (60s), milliseconds (100ms) or ISO 8601 (PT15M)",
    ),
    (
        {"table.table_arn": "orders"},
        f"{SOURCE}.tables[0].table_arn: 'orders' is not the ARN of a DynamoDB table; "
        "use arn:aws:dynamodb:REGION:ACCOUNT:table/NAME",
    ),
    (
        {"table.table_arn": f"{TABLE}/stream/2024"},
        f"{SOURCE}.tables[0].table_arn: '{TABLE}/stream/2024' is not the ARN of a DynamoDB table; "
        "use arn:aws:dynamodb:REGION:ACCOUNT:table/NAME",
    ),
    (
        {"table.stream": None, "table.export": None},
        f"{SOURCE}.tables[0]: neither export nor stream: nothing would be read; write one of them or both",
    ),
    (
        {"table.stream.start_position": "TRIM_HORIZON"},
        f"{SOURCE}.tables[0].stream.start_position: 'TRIM_HORIZON' is not allowed; use LATEST",
    ),
    (
        {"table.stream.view_on_remove": "NEW_AND_OLD_IMAGES"},
        f"{SOURCE}.tables[0].stream.view_on_remove: 'NEW_AND_OLD_IMAGES' is not allowed; use NEW_IMAGE or OLD_IMAGE",
    ),
    ({"table.export": {"s3_prefix": "a"}}, f"{SOURCE}.tables[0].export.s3_bucket: is required"),
    (
        {"table.export.s3_bucket": "My_Bucket"},
        f"{SOURCE}.tables[0].export.s3_bucket: 'My_Bucket' is not a bucket name; use 3 to 63 of a-z, 0-9, . and -",
    ),
    (
        {"table.export.s3_sse_kms_key_id": "0a4bc22f"},
        f"{SOURCE}.tables[0].export.s3_sse_kms_key_id: '0a4bc22f' is not the ARN of a KMS key; "
        "use arn:aws:kms:REGION:ACCOUNT:key/ID",
    ),
    (
        {"source.aws.region": "<REGION>"},
        f"{SOURCE}.aws.region: '<REGION>' is not an AWS Region; use a name like eu-west-1",
    ),
    (
        {"source.aws.sts_role_arn": "arn:aws:iam::123456789012:user/me"},
        f"{SOURCE}.aws.sts_role_arn: 'arn:aws:iam::123456789012:user/me' is not the ARN of an IAM role; "
        "use arn:aws:iam::ACCOUNT:role/NAME",
    ),
    (
        {"source.aws.sts_external_id": "a"},
        f"{SOURCE}.aws.sts_external_id: is 1 characters long; it must be 2 to 1224",
    ),
    (
        {"source.aws.sts_external_id": "a" * 1225},
        f"{SOURCE}.aws.sts_external_id: is 1225 characters long; it must be 2 to 1224",
    ),
    (
        {"source.aws.sts_header_overrides": {str(n): "x" for n in range(6)}},
        f"{SOURCE}.aws.sts_header_overrides: has too many entries; at most 5",
    ),
    (
        {"orders.source": {"dynamodb": {}, "s3": {}}},
        "orders.source: 2 sources (dynamodb, s3); write exactly one",
    ),
    (
        {"orders.source": {"documentdb": {}}},
        "orders.source.documentdb: is another source; only pipelines that read DynamoDB are known here",
    ),
    ({"orders.source": {"dynamo": {}}}, "orders.source.dynamo: is not a source; did you mean 'dynamodb'?"),
    (
        {"orders.source": [{"dynamodb": {}}]},
        "orders.source: is a list; a pipeline has one source, written as a mapping: dynamodb: ...",
    ),
    ({"orders.source": {}}, "orders.source: 0 sources (none); write exactly one"),
    ({"orders.source": {"dynamodb": "orders"}}, "orders.source.dynamodb: 'orders' is not a mapping of keys to values"),
    ({"orders.source": "dynamodb"}, "orders.source: 'dynamodb' is not a mapping of keys to values"),
    # the pipeline
    (
        {"orders.buffer": {"bounded_blocking": None}},
        "orders.buffer: is not available: OpenSearch Ingestion has a buffer of its own; remove it",
    ),
    ({"orders.processors": []}, "orders.processors: is not a known option; did you mean 'processor'?"),
    ({"orders.proces": None}, "orders.proces: is not a known option; did you mean 'processor'?"),
    ({"customers": None}, "customers: None is not a mapping of keys to values"),
    ({"orders.workers": 0}, "orders.workers: 0 is too small; at least 1"),
    ({"orders.delay": -1}, "orders.delay: -1 is too small; at least 0"),
    ({"orders.sink": []}, "orders.sink: has 0; at least 1"),
    ({"orders.sink": {"stdout": None}}, "orders.sink: {'stdout': None} is not a list"),
    (
        {"orders.route": [{"a": "/a"}], "orders.routes": [{"a": "/a"}]},
        "orders.route: is another name for routes; write one of them",
    ),
    (
        {"orders.route": [{"a": "/a", "b": "/b"}]},
        "orders.route[0]: 2 routes in one list item; write one item for each: - NAME: CONDITION",
    ),
    (
        {"orders.route": [{"a": " "}]},
        "orders.route[0].a: ' ' is not an expression of Data Prepper: something is missing at its end",
    ),
    ({"orders.route": [{"a": []}]}, "orders.route[0].a: [] is not text"),
    (
        {"orders.route": [{"paid": "/paid"}], "sink.routes": ["paid", "unpaid"]},
        f"{SINK}.routes[1]: 'unpaid' is not a route of this pipeline; defined: paid",
    ),
    ({"sink.routes": ["paid"]}, f"{SINK}.routes[0]: 'paid' is not a route of this pipeline; defined: none"),
    (
        {"extension": {}, "pipeline_configurations": {}},
        "pipeline_configurations: is another name for extension; write one of them",
    ),
    # the connection
    ({"sink.hosts": []}, f"{SINK}.hosts: has 0; at least 1"),
    ({"sink.hosts": "https://a"}, f"{SINK}.hosts: 'https://a' is not a list"),
    (
        {"sink.hosts": ["http://a:9200"]},
        f"{SINK}.hosts[0]: 'http://a:9200' is plain HTTP, and requests are signed; use https://",
    ),
    (
        {"sink.hosts": ["http://${TfToken[TOKEN.0]}"]},
        f"{SINK}.hosts[0]: 'http://${{TfToken[TOKEN.0]}}' is plain HTTP, and requests are signed; use https://",
    ),
    (
        {"sink.hosts": ["search-orders.eu-west-1.es.amazonaws.com"]},
        f"{SINK}.hosts[0]: 'search-orders.eu-west-1.es.amazonaws.com' is not an endpoint; "
        "use https://NAME or https://NAME:PORT",
    ),
    (
        {"sink.hosts": ["https://a:99999"]},
        f"{SINK}.hosts[0]: 'https://a:99999' is not an endpoint; use https://NAME or https://NAME:PORT",
    ),
    (
        {"sink.password": "secret"},
        f"{SINK}.password: is not available: OpenSearch Ingestion signs its requests with the role of "
        "aws.sts_role_arn; remove it",
    ),
    (
        {"sink.cert": "/ca.pem"},
        f"{SINK}.cert: is not available: OpenSearch Ingestion has no local files; remove it",
    ),
    ({"sink.proxy": "http://p"}, f"{SINK}.proxy: is not available on OpenSearch Ingestion; remove it"),
    ({"sink.insecure": True}, f"{SINK}.insecure: is not available on OpenSearch Ingestion; remove it"),
    (
        {"sink.aws_sigv4": True},
        f"{SINK}.aws_sigv4: is deprecated and cannot stand beside aws; move it into aws",
    ),
    (
        {"sink.serverless": True},
        f"{SINK}.serverless: is deprecated and cannot stand beside aws; move it into aws",
    ),
    (
        {"sink.aws.serverless_options": {"network_policy_name": "ab"}},
        f"{SINK}.aws.serverless_options.network_policy_name: is 2 characters long; it must be 3 to 32",
    ),
    # what is written
    ({"sink.index": None}, f"{SINK}.index: is required"),
    ({"sink.index": ""}, f"{SINK}.index: is empty"),
    (
        {"sink.index": "Orders"},
        f"{SINK}.index: 'Orders' has upper case; index names are lower case: 'orders'",
    ),
    (
        {"sink.index": "Orders-${/Kind}"},
        f"{SINK}.index: 'Orders-${{/Kind}}' has upper case outside its expressions; index names are lower case",
    ),
    ({"sink.index": "my orders"}, f"{SINK}.index: 'my orders' has ' ', which an index name cannot have"),
    ({"sink.index": "_orders"}, f"{SINK}.index: '_orders' starts with '_'; start it with a letter or a digit"),
    ({"sink.index": "o" * 256}, f"{SINK}.index: is 256 bytes long; at most 255"),
    (
        {"sink.index": "o-%{yyyy}-%{MM}"},
        f"{SINK}.index: 'o-%{{yyyy}}-%{{MM}}' has 2 date patterns; at most one is allowed",
    ),
    (
        {"sink.index": "o-%{yyyy.MM.dd.HH.mm}"},
        f"{SINK}.index: the date pattern %{{yyyy.MM.dd.HH.mm}} has m; use year to hour only",
    ),
    (
        {"sink.index_type": "logs"},
        f"{SINK}.index_type: 'logs' is not allowed; use custom, management_disabled, trace-analytics-raw, "
        "trace-analytics-plain-raw, trace-analytics-service-map, otel-v2-apm-service-map, log-analytics, "
        "log-analytics-plain, metric-analytics, metric-analytics-plain or tsdb",
    ),
    (
        {"sink.template_type": "index_template"},
        f"{SINK}.template_type: 'index_template' is not allowed; use v1 or index-template",
    ),
    (
        {"sink.template_content": "{mappings}"},
        f"{SINK}.template_content: is not JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
    ),
    (
        {"sink.template_content": '{"a": NaN}'},
        f"{SINK}.template_content: is not JSON: NaN is a constant of JavaScript",
    ),
    (
        {"sink.template_content": "[]"},
        f"{SINK}.template_content: is not a JSON object but list; write {{...}}",
    ),
    (
        {"sink.template_file": "/template.json"},
        f"{SINK}.template_file: '/template.json' is a local file, and OpenSearch Ingestion has none; use s3://BUCKET/KEY",
    ),
    (
        {"sink.template_file": "s3://bucket/"},
        f"{SINK}.template_file: 's3://bucket/' has no bucket or no key; use s3://BUCKET/KEY",
    ),
    (
        {"orders.routes": [{"paid": "/paid == true"}], "orders.route": None},
        "orders.route: is another name for routes; write one of them",
    ),
    (
        {"sink.action": "replace"},
        f"{SINK}.action: 'replace' is not allowed; use create, upsert, update, delete, index or ${{...}}",
    ),
    ({"sink.actions": [{"when": "/a"}]}, f"{SINK}.actions[0].type: is required"),
    (
        {"sink.document_version": "/version"},
        f"{SINK}.document_version: '/version' is not an expression; use ${{/NAME}} or ${{getMetadata(...)}}",
    ),
    (
        {"sink.document_version_type": "force"},
        f"{SINK}.document_version_type: 'force' is not allowed; use internal, external or external_gte",
    ),
    (
        {"sink.document_id_field": "id"},
        f"{SINK}.document_id_field: is deprecated and cannot stand beside document_id; remove it",
    ),
    (
        {"sink.script": {"source": "x"}, "sink.action": "index", "sink.document_version_type": "internal"},
        f"{SINK}.script: is only for update and upsert, and action is 'index'",
    ),
    (
        {"sink.script": {"source": "x"}, "sink.action": "update"},
        f"{SINK}.script: cannot stand beside document_version_type external; remove one of them",
    ),
    ({"sink.document_root_key": " "}, f"{SINK}.document_root_key: is empty; write a value or leave the option out"),
    (
        {"sink.pull_indexing": {}},
        f"{SINK}.pull_indexing: is experimental, and OpenSearch Ingestion has no experimental features; remove it",
    ),
    ({"sink.flush_timeout": None}, f"{SINK}.flush_timeout: has no value; write one or leave the option out"),
    ({"sink.aws.region": None}, f"{SINK}.aws.region: has no value; write one or leave the option out"),
    ({"version": None}, "version: has no value; write one or leave the option out"),
    ({"sink.action": "${/a"}, f"{SINK}.action: '${{/a' has ${{ without }}"),
    (
        {"sink.document_version": "${/a ==}"},
        f"{SINK}.document_version: '/a ==' is not an expression of Data Prepper: something is missing at its end",
    ),
    (
        {"sink.aws_sts_header_overrides": {}},
        f"{SINK}.aws_sts_header_overrides: is deprecated and cannot stand beside aws; move it into aws",
    ),
    (
        {"orders.routes": [{"paid": "paid == true"}]},
        "orders.routes[0].paid: 'paid == true' is not an expression of Data Prepper: "
        "'paid' is no key, which starts with a slash, and no function",
    ),
    ({"sink.max_retries": 0}, f"{SINK}.max_retries: 0 is too small; at least 1"),
    ({"sink.flush_timeout": "1s"}, f"{SINK}.flush_timeout: '1s' is not a whole number"),
    ({"sink.flush_timeout": 2**63}, f"{SINK}.flush_timeout: {2**63} is too large; at most {2**63 - 1}"),
    (
        {"sink.include_keys": ["a"], "sink.exclude_keys": ["b"]},
        f"{SINK}.include_keys: cannot stand beside exclude_keys; keep one of them",
    ),
    (
        {"sink.include_keys": ["a/b"]},
        f"{SINK}.include_keys: 'a/b' has a slash; write the names of top-level attributes",
    ),
    (
        {"sink.tempate_content": "{}"},
        f"{SINK}.tempate_content: is not a known option; did you mean 'template_content'?",
    ),
    # dead letters
    (
        {"sink.dlq_file": "/dlq"},
        f"{SINK}.dlq_file: is not available: OpenSearch Ingestion has no local files; use dlq.s3",
    ),
    ({"sink.dlq": {}}, f"{SINK}.dlq.s3: is required"),
    ({"sink.dlq.s3.bucket": None}, f"{SINK}.dlq.s3.bucket: is required"),
    ({"sink.dlq.s3.regon": "eu-west-1"}, f"{SINK}.dlq.s3.regon: is not a known option; did you mean 'region'?"),
    (
        {"sink.dlq.s3.bucket_owner": "me"},
        f"{SINK}.dlq.s3.bucket_owner: 'me' is not an account; use twelve digits",
    ),
    # one Region, one role, one account
    (
        {"source.aws.region": "eu-west-2"},
        f"{SOURCE}.aws.region: 'eu-west-2' is another Region than 'eu-west-1' in {SOURCE}.tables[0].table_arn; "
        "use one Region",
    ),
    (
        {"table.export.s3_region": "us-east-1"},
        f"{SOURCE}.tables[0].export.s3_region: 'us-east-1' is another Region than 'eu-west-1' in "
        f"{SOURCE}.tables[0].table_arn; use one Region",
    ),
    (
        {"sink.aws.region": "us-east-1"},
        f"{SINK}.aws.region: 'us-east-1' is another Region than 'eu-west-1' in {SOURCE}.tables[0].table_arn; "
        "use one Region",
    ),
    (
        {"sink.dlq.s3.region": "us-east-1"},
        f"{SINK}.dlq.s3.region: 'us-east-1' is another Region than 'eu-west-1' in {SOURCE}.tables[0].table_arn; "
        "use one Region",
    ),
    (
        {"sink.aws.sts_role_arn": f"{ROLE}-2"},
        f"{SINK}.aws.sts_role_arn: '{ROLE}-2' is another role than '{ROLE}' in {SOURCE}.aws.sts_role_arn; use one role",
    ),
    (
        {"sink.dlq.s3.sts_role_arn": f"{ROLE}-2"},
        f"{SINK}.dlq.s3.sts_role_arn: '{ROLE}-2' is another role than '{ROLE}' in {SOURCE}.aws.sts_role_arn; "
        "use one role",
    ),
    (
        {"table.table_arn": TABLE.replace("123456789012", "210987654321")},
        f"{SOURCE}.aws.sts_role_arn: is a role of account 123456789012, and the table is in 210987654321; "
        "they must be in the same",
    ),
]


@pytest.mark.parametrize(("changes", "message"), INVALID, ids=[message for _, message in INVALID])
def test_refused(changed: Any, changes: dict[str, Any], message: str) -> None:
    assert errors(changed(changes)) == [message]


def test_plugin_without_options(changed: Any) -> None:
    assert errors(changed({"orders.source": {"dynamodb": None}})) == [
        f"{SOURCE}.tables: is required",
        f"{SOURCE}.aws: is required",
    ]


def test_no_source(changed: Any) -> None:
    assert errors(changed({"orders.source": None})) == [
        "body: has no DynamoDB source; one sub-pipeline needs source: dynamodb",
        "orders.source: is required",
    ]


def test_every_problem_is_said(changed: Any) -> None:
    document = changed({"sink.index_type": "x", "table.stream.start_position": "x", "orders.buffer": {}})
    assert len(errors(document)) == 3


def test_region_of_the_pipeline(changed: Any) -> None:
    assert errors(changed(), "eu-west-1") == []
    assert errors(changed(), "eu-central-1")[0] == (
        f"{SOURCE}.tables[0].table_arn: 'eu-west-1' is another Region than 'eu-central-1', where the pipeline runs"
    )


def test_region_that_is_filled_in_later(changed: Any) -> None:
    document = changed({"table.table_arn": "${table}", "source.aws.region": "{{region}}", "table.export": None})
    assert errors(document) == []
    assert errors(document, "us-east-1") == [
        f"{SINK}.{path}: 'eu-west-1' is another Region than 'us-east-1', where the pipeline runs"
        for path in ("aws.region", "dlq.s3.region")
    ]


@pytest.mark.parametrize(("length", "problems"), [(LONGEST_BODY, 0), (LONGEST_BODY + 1, 1)])
def test_longest_body(changed: Any, length: int, problems: int) -> None:
    text = json.dumps(changed())
    text += " " * (length - len(text))
    found = [str(problem) for problem in osis.check(text)]
    assert found == ["body: has 24,001 characters; OpenSearch Ingestion takes at most 24,000"][:problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the document is not a mapping of keys to values"),
        ("- version: 2", "the document is not a mapping of keys to values"),
        ("a: &x {b: 1}\nc: *x", "line 1, column 4: anchors and aliases are not allowed; write the value out"),
        ("version: 2\nversion: 3", "line 2, column 1: the key 'version' stands twice; keep one"),
        ("a: [1", "line 2, column 1: did not find expected ',' or ']'"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed in this context"),
        ("\ud800", "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
    ],
)
def test_text_that_is_no_body(text: str, message: str) -> None:
    assert [str(problem) for problem in osis.check(text)] == [f"body: {message}"]


def test_yaml_tags() -> None:
    problems = osis.check("version: '2'\norders:\n  source: !!set {a, b}\n  sink: [!!binary aGk=]")
    assert [str(problem) for problem in problems] == [
        "body: line 3, column 11: the tag !!set is not allowed; write the value without it"
    ]


def test_parse_raises_with_all_problems(changed: Any) -> None:
    with pytest.raises(osis.InvalidBody) as refused:
        osis.parse(json.dumps(changed({"sink.index": "A", "sink.max_retries": 0})))
    assert [problem.path for problem in refused.value.problems] == [f"{SINK}.max_retries"]
    assert str(refused.value) == f"{SINK}.max_retries: 0 is too small; at least 1"


def test_values_are_read_as_data_prepper_reads_them(changed: Any) -> None:
    document = changed(
        {"sink.tags_target_key": True, "sink.index": 2024, "sink.max_retries": "3", "sink.insecure": "False"}
    )
    sink = osis.parse(json.dumps(document)).pipelines["orders"].sink[0].opensearch
    assert sink is not None
    assert (sink.tags_target_key, sink.index, sink.max_retries, sink.insecure) == ("true", "2024", 3, False)


def test_a_body_is_frozen(changed: Any) -> None:
    body = osis.parse(json.dumps(changed()))
    with pytest.raises(ValueError, match="frozen"):
        body.version = "3"  # type: ignore[misc]
