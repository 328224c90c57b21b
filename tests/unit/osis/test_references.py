"""Bodies of the user's own: references are filled in, and the body stays where its pipeline may go."""

import json
from typing import Any

import pytest

import osis
from osis.values import has_placeholder, without_placeholders

REFERENCES = {"table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "index": "orders-1-%{yyyy.MM}"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("index: {{index}}", "index: orders-1-%{yyyy.MM}"),
        ("a: {{ index }}\nb: '{{\tindex}}-x'", "a: orders-1-%{yyyy.MM}\nb: 'orders-1-%{yyyy.MM}-x'"),
        ("# {{table_arn}}", f"# {REFERENCES['table_arn']}"),
        # Data Prepper's own stay.
        ('id: ${getMetadata("x")} {a: {b: {}}}', 'id: ${getMetadata("x")} {a: {b: {}}}'),
        ("password: ${{aws_secrets:index:index}}", "password: ${{aws_secrets:index:index}}"),
    ],
)
def test_filled_in(text: str, filled: str) -> None:
    assert osis.fill(text, REFERENCES) == filled


def test_unknown_names() -> None:
    with pytest.raises(osis.InvalidBody) as refused:
        osis.fill("a: {{index}}\nb: {{table-arn}}\nc: {{ }} {{bucket}}", REFERENCES)
    assert str(refused.value).splitlines() == [
        "body: line 2: '{{table-arn}}' is not a reference; did you mean 'table_arn'?; known: table_arn, index",
        "body: line 3: '{{ }}' is not a reference; known: table_arn, index",
        "body: line 3: '{{bucket}}' is not a reference; known: table_arn, index",
    ]
    with pytest.raises(osis.InvalidBody, match="known: none"):
        osis.fill("{{index}}", {})


@pytest.mark.parametrize("text", ["{{role}}", "a-{{ role }}", "${role}", "${{aws_secrets:a:b}}"])
def test_references_are_placeholders(text: str) -> None:
    assert has_placeholder(text)
    assert without_placeholders(text).strip("a-") == ""


ROLE = "arn:aws:iam::123456789012:role/pipeline"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
GIVEN: dict[str, Any] = {
    "table_arn": REFERENCES["table_arn"],
    "role_arn": ROLE,
    "host": "search-orders.eu-west-1.es.amazonaws.com",
    "indices": ["orders-1", "orders-large-1"],
    "export": ("exports", "export/"),
    "dlq": ("dead-letters", "dlq/orders/"),
}
SINK = "orders.sink[0].opensearch"
NOT_GIVEN = "is not what this pipeline was given"


@pytest.fixture
def stray(changed: Any) -> Any:
    """The problems of a body that stays where it may go, changed."""

    def problems(changes: dict[str, Any], given: dict[str, Any] | None = None) -> list[str]:
        document = changed(
            {"sink.index": "orders-1", "sink.dlq.s3.key_path_prefix": "dlq/orders/%{yyyy-MM-dd}/"} | changes
        )
        return [str(one) for one in osis.strays(osis.parse(json.dumps(document)), **GIVEN | (given or {}))]

    return problems


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sink.index": "orders-large-1"},
        {"table.export": None},
        {"table.export.s3_prefix": "export/again"},
        {"sink.dlq": None},
        {"sink.aws": None, "sink.aws_region": "eu-west-1", "sink.aws_sts_role_arn": ROLE},
        {"orders.processor": [{"aws_lambda": {"function_name": "f", "aws": {"sts_role_arn": ROLE}}}]},
    ],
    ids=str,
)
def test_nothing_strays(stray: Any, changes: dict[str, Any]) -> None:
    assert stray(changes) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"table.table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/people"},
            "orders.source.dynamodb.tables[0].table_arn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/people' "
            f"{NOT_GIVEN}; use '{GIVEN['table_arn']}'",
        ),
        (
            {"table.table_arn": "${table}"},
            f"orders.source.dynamodb.tables[0].table_arn: '${{table}}' {NOT_GIVEN}; use '{GIVEN['table_arn']}'",
        ),
        (
            {"source.aws.sts_role_arn": None},
            f"orders.source.dynamodb.aws.sts_role_arn: is missing; use '{ROLE}'",
        ),
        ({"sink.aws": None}, f"{SINK}.aws.sts_role_arn: is missing; use '{ROLE}'"),
        ({"sink.dlq.s3.sts_role_arn": None}, f"{SINK}.dlq.s3.sts_role_arn: is missing; use '{ROLE}'"),
        (
            {"sink.dlq.s3.sts_role_arn": "${role}"},
            f"{SINK}.dlq.s3.sts_role_arn: '${{role}}' {NOT_GIVEN}; use '{ROLE}'",
        ),
        (
            {"orders.processor": [{"aws_lambda": {"aws": {"sts_role_arn": OTHER_ROLE}}}]},
            f"orders.processor[0].aws_lambda.aws.sts_role_arn: '{OTHER_ROLE}' {NOT_GIVEN}; use '{ROLE}'",
        ),
        (
            {"sink.hosts": ["https://search-orders.eu-west-1.es.amazonaws.com", "https://elsewhere"]},
            f"{SINK}.hosts[1]: 'https://elsewhere' {NOT_GIVEN}; use 'https://{GIVEN['host']}'",
        ),
        (
            {"sink.index": "orders-${/kind}"},
            f"{SINK}.index: 'orders-${{/kind}}' {NOT_GIVEN}; use 'orders-1' or 'orders-large-1'",
        ),
        (
            {"sink.index": None, "sink.index_type": "log-analytics"},
            f"{SINK}.index: is missing; use 'orders-1' or 'orders-large-1'",
        ),
        (
            {"table.export.s3_bucket": "others"},
            f"orders.source.dynamodb.tables[0].export.s3_bucket: 'others' {NOT_GIVEN}; use 'exports'",
        ),
        (
            {"table.export.s3_prefix": None},
            "orders.source.dynamodb.tables[0].export.s3_prefix: is missing; use 'export/'",
        ),
        (
            {"table.export.s3_prefix": "export"},
            "orders.source.dynamodb.tables[0].export.s3_prefix: 'export' is outside of the folder that this pipeline "
            "was given; start it with 'export/'",
        ),
        ({"sink.dlq.s3.bucket": "others"}, f"{SINK}.dlq.s3.bucket: 'others' {NOT_GIVEN}; use 'dead-letters'"),
        (
            {"sink.dlq.s3.key_path_prefix": "%{yyyy}/dlq/orders/"},
            f"{SINK}.dlq.s3.key_path_prefix: '%{{yyyy}}/dlq/orders/' is outside of the folder that this pipeline was "
            "given; start it with 'dlq/orders/'",
        ),
        (
            {"sink.dlq.s3.key_path_prefix": "dlq/orders/${/kind}"},
            f"{SINK}.dlq.s3.key_path_prefix: 'dlq/orders/${{/kind}}' has a placeholder, which nothing fills in; "
            "write the folder out",
        ),
    ],
)
def test_stray(stray: Any, changes: dict[str, Any], expected: str) -> None:
    assert stray(changes) == [expected]


def test_everything_at_once(stray: Any) -> None:
    given = dict.fromkeys(("table_arn", "role_arn", "host"), "other") | {
        "indices": ["other-1"],
        "export": ("other", "other/"),
        "dlq": ("other", "other/"),
    }
    assert [problem.partition(":")[0] for problem in stray({}, given)] == [
        "orders.source.dynamodb.tables[0].table_arn",
        "orders.source.dynamodb.aws.sts_role_arn",
        f"{SINK}.aws.sts_role_arn",
        f"{SINK}.dlq.s3.sts_role_arn",
        "orders.source.dynamodb.tables[0].export.s3_bucket",
        "orders.source.dynamodb.tables[0].export.s3_prefix",
        f"{SINK}.hosts[0]",
        f"{SINK}.index",
        f"{SINK}.dlq.s3.bucket",
        f"{SINK}.dlq.s3.key_path_prefix",
    ]


def test_sinks_of_every_pipeline(changed: Any) -> None:
    document = changed({"sink.index": "orders-1", "sink.dlq.s3.key_path_prefix": "dlq/orders/"})
    elsewhere = changed({"sink.index": "people"})["orders"]["sink"]
    document["orders"]["sink"].append({"pipeline": {"name": "more"}})
    document["more"] = {"source": {"pipeline": {"name": "orders"}}, "sink": elsewhere}
    body = osis.parse(json.dumps(document))
    assert [problem.path for problem in osis.strays(body, **GIVEN)] == [
        "more.sink[0].opensearch.index",
        "more.sink[0].opensearch.dlq.s3.key_path_prefix",
    ]


def test_from_the_file_to_the_body(changed: Any) -> None:
    """The whole way of a body that is written with references only."""
    references = {
        "table_arn": GIVEN["table_arn"],
        "role_arn": ROLE,
        "host": "${TfToken[TOKEN.0]}",
        "index": "orders-1",
    }
    text = json.dumps(
        changed(
            {
                "table.table_arn": "{{table_arn}}",
                "source.aws.sts_role_arn": "{{role_arn}}",
                "sink.hosts": ["https://{{ host }}"],
                "sink.index": "{{index}}",
                "sink.aws.sts_role_arn": "{{role_arn}}",
                "sink.dlq.s3.sts_role_arn": "{{role_arn}}",
                "sink.dlq.s3.key_path_prefix": "dlq/orders/",
            }
        )
    )
    body = osis.parse(osis.fill(text, references))
    assert osis.strays(body, **GIVEN | {"host": references["host"]}) == ()
