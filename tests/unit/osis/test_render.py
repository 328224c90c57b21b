"""A rendered body is YAML that Data Prepper reads, and reads back as the same body."""

import json
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import osis
from osis.model import LONGEST_BODY, body_of

ROLE = "arn:aws:iam::123456789012:role/pipeline"

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
words = texts.filter(str.strip)
names = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=10).filter(
    lambda name: name[0] not in "-_" and name != "core"
)
keys = st.text(string.ascii_letters + string.digits + "/_.-", min_size=1, max_size=12)
plain_keys = st.lists(texts.map(lambda text: text.replace("/", "")), min_size=1, max_size=3)
conditions = st.sampled_from(["/a == 1", "/total > 10 and not /b", '"/a b" in {"é", 1}', 'contains(/a, "x") or true'])
numbers = st.integers(1, 2**31 - 1)
flags = st.booleans()
durations = st.sampled_from(["60s", "100ms", "PT15M", "pt0.5s", "P1D"])
values = st.recursive(
    texts | st.integers() | flags | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


tables = some(
    {
        "table_arn": st.just("arn:aws:dynamodb:eu-west-1:123456789012:table/orders") | st.just("${table}"),
        "stream": some(
            {}, start_position=st.just("LATEST"), view_on_remove=st.sampled_from(["NEW_IMAGE", "OLD_IMAGE"])
        ),
    },
    export=some({"s3_bucket": st.just("exports")}, s3_prefix=texts, s3_region=st.just("eu-west-1")),
)
sources = some(
    {"tables": st.lists(tables, min_size=1, max_size=1), "aws": some({}, sts_role_arn=st.just(ROLE))},
    acknowledgments=flags,
    shard_acknowledgment_timeout=durations,
)
processors = st.one_of(
    some({"include_keys": st.lists(texts, min_size=1, max_size=3)}, select_when=conditions).map(
        lambda options: {"select_entries": options}
    ),
    st.lists(some({"key": keys, "value": values}, add_when=conditions), min_size=1, max_size=2).map(
        lambda entries: {"add_entries": {"entries": entries}}
    ),
    st.lists(some({"source": keys, "from": st.just("LPA#"), "to": texts}), max_size=2).map(
        lambda entries: {"substitute_string": {"entries": entries}}
    ),
    some({"key": texts}, type=st.sampled_from(["long", "string"]), scale=numbers).map(
        lambda options: {"convert_type": options}
    ),
    st.dictionaries(texts, values, max_size=2).map(lambda options: {"grok": options}),
)
sinks = some(
    {
        "hosts": st.just(["https://${TfToken[TOKEN.0]}"]),
        "index": st.sampled_from(["orders", "o-%{yyyy}", "o-${/Kind}"]),
    },
    action=st.sampled_from(["index", '${getMetadata("opensearch_action")}']),
    document_id=texts,
    template_content=st.dictionaries(texts, values).map(json.dumps),
    flush_timeout=st.integers(-(2**63), 2**63 - 1),
    max_retries=numbers,
    include_keys=plain_keys,
    routes=st.just(["paid"]),
    dlq=some({"s3": some({"bucket": st.just("dead-letters")}, key_path_prefix=texts)}),
)
bodies = st.builds(
    lambda name, pipeline, extension: {"version": "2", name: pipeline, **extension},
    names,
    some(
        {
            "source": some({"dynamodb": sources}),
            "routes": conditions.map(lambda condition: [{"paid": condition}]),
            "sink": st.lists(sinks.map(lambda sink: {"opensearch": sink}), min_size=1, max_size=2),
        },
        processor=st.lists(processors, max_size=3),
    ),
    some({}, extension=st.dictionaries(texts, values, max_size=2)),
)


@given(bodies)
def test_round_trip(document: dict[str, Any]) -> None:
    body = body_of(document)
    text = osis.render(body)
    assert osis.parse(text) == body
    assert yaml.safe_load(text) == document
    assert not any(isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) for event in yaml.parse(text))


def test_what_was_left_out_stays_out(changed: Any) -> None:
    document = changed()
    assert yaml.safe_load(osis.render(body_of(document))) == document
    assert yaml.safe_load(osis.render(body_of(document | {"version": 2}))) == document


def test_style(changed: Any) -> None:
    document = changed(
        {"sink.template_content": json.dumps({"mappings": {"x": "y " * 300}}), "sink.document_id": "a\nb"}
    )
    lines = osis.render(body_of(document)).splitlines()
    assert lines[0] == 'version: "2"'
    assert [line.count("y y") > 100 for line in lines].count(True) == 1
    assert "      document_id: |-" in lines


def test_order_of_the_model(changed: Any) -> None:
    document = changed()
    options = document["orders"]["sink"][0]["opensearch"]
    document["orders"]["sink"][0]["opensearch"] = dict(reversed(options.items()))
    assert osis.render(body_of(document)) == osis.render(body_of(changed()))


def test_infinity(changed: Any) -> None:
    body = body_of(changed({"extension": {"x": float("-inf")}}))
    assert osis.parse(osis.render(body)) == body


@pytest.mark.parametrize("text", ["1e5", "0E0", "-1E-3", "1", "1.5", "true", "null", "~"])
def test_text_that_looks_like_something_else(changed: Any, text: str) -> None:
    body = body_of(changed({"sink.document_id": text}))
    assert osis.parse(osis.render(body)) == body


def test_shared_values_are_written_out(changed: Any) -> None:
    shared = {"a": 1}
    document = changed({"orders.processor": [{"grok": {"x": shared, "y": shared}}]})
    assert "&" not in osis.render(body_of(document))


def test_longest_body(changed: Any) -> None:
    body = body_of(changed({"sink.template_content": json.dumps({"x": "x" * LONGEST_BODY})}))
    with pytest.raises(osis.InvalidBody, match="OpenSearch Ingestion takes at most 24,000"):
        osis.render(body)
