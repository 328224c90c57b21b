"""What is worked out of the settings for each pipeline: indices, body, template, warnings."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import osis
from pipelines import Pipeline
from settings import InvalidSettings, Settings, load
from tests.unit.conftest import settings_of

KEY = {"name": "id", "type": "S"}
OWN = """\
version: "2"
own:
  source:
    dynamodb:
      acknowledgments: true
      tables:
        - table_arn: "{{table_arn}}"
          stream: { start_position: LATEST }
          export: { s3_bucket: "{{bucket}}", s3_prefix: "{{ export_prefix }}", s3_region: "{{region}}" }
      aws: { sts_role_arn: "{{role_arn}}", region: "{{region}}" }
  sink:
    - opensearch:
        hosts: ["https://{{host}}"]
        index: "{{index}}"
        document_id: '${getMetadata("primary_key")}'
        action: '${getMetadata("opensearch_action")}'
        aws: { sts_role_arn: "{{role_arn}}", region: "{{region}}" }
        dlq: { s3: { bucket: "{{bucket}}", key_path_prefix: "{{dlq_prefix}}", sts_role_arn: "{{role_arn}}" } }
"""


def orders(tmp_path: Path, **table: Any) -> Settings:
    return settings_of(tmp_path, {"tables.orders": {"partition_key": KEY, **table}})


def sinks(pipeline: Pipeline) -> list[dict[str, Any]]:
    document = yaml.safe_load(osis.render(pipeline.body("search.example.com")))
    return [sink["opensearch"] for sink in document[pipeline.names.id]["sink"]]


def source(pipeline: Pipeline) -> dict[str, Any]:
    document = yaml.safe_load(osis.render(pipeline.body("search.example.com")))
    return dict(document[pipeline.names.id]["source"]["dynamodb"]["tables"][0])


def test_an_index_of_its_own_for_each_generation_and_one_name_to_search_by(tmp_path: Path) -> None:
    old, new = orders(tmp_path, generation=2).pipelines
    assert [(one.alias, one.index, one.pattern) for one in (*old.families, *new.families)] == [
        ("orders", "orders-1", "orders-1"),
        ("orders", "orders-2", "orders-2"),
    ]
    assert (old.settled, new.settled) == (True, False)
    (only,) = orders(tmp_path, generation=2, confirmed=2).pipelines
    assert (only.generation, only.settled) == (2, False)


def test_a_period_is_part_of_the_index(tmp_path: Path) -> None:
    (pipeline,) = orders(tmp_path, documents={"index": "log", "period": "day"}).pipelines
    (family,) = pipeline.families
    assert (family.index, family.pattern) == ("log-1-%{yyyy.MM.dd}", "log-1-*")
    assert sinks(pipeline)[0]["index"] == "log-1-%{yyyy.MM.dd}"


def test_a_route_has_an_index_and_what_meets_none_stays(tmp_path: Path) -> None:
    routes = {"eu": {"when": '/region == "eu"'}, "us": {"when": '/region == "us"', "index": "america"}}
    (pipeline,) = orders(tmp_path, documents={"routes": routes}).pipelines
    assert [(sink["index"], sink["routes"]) for sink in sinks(pipeline)] == [
        ("orders-1", ["_default"]),
        ("orders-eu-1", ["eu"]),
        ("america-1", ["us"]),
    ]


@pytest.mark.parametrize(
    ("documents", "view"),
    [
        ({}, "NEW_IMAGE"),
        ({"id": "${/a}"}, "OLD_IMAGE"),
        ({"id": '${getMetadata("sort_key")}'}, "NEW_IMAGE"),
        ({"routes": {"eu": {"when": '/region == "eu"'}}}, "OLD_IMAGE"),
    ],
    ids=str,
)
def test_a_delete_is_read_with_what_it_takes_to_find_its_document(
    documents: dict[str, Any], view: str, tmp_path: Path
) -> None:
    (pipeline,) = orders(tmp_path, documents=documents).pipelines
    assert source(pipeline)["stream"]["view_on_remove"] == view


@pytest.mark.parametrize(
    ("mode", "reads"),
    [("export-and-stream", {"export", "stream"}), ("stream", {"stream"}), ("export", {"export"})],
)
def test_reads_what_the_mode_says(mode: str, reads: set[str], tmp_path: Path) -> None:
    (pipeline,) = orders(tmp_path, mode=mode).pipelines
    assert source(pipeline).keys() == {"table_arn"} | reads


def test_filter_processors_and_id_are_in_the_body(tmp_path: Path) -> None:
    processors = [{"add_entries": {"entries": [{"key": "tags", "value": ["a", "b"]}]}}]
    documents = {"id": "${/id}/x", "exclude": ["email"], "processors": processors}
    (pipeline,) = orders(tmp_path, documents=documents).pipelines
    (sink,) = sinks(pipeline)
    assert (sink["document_id"], sink["exclude_keys"]) == ("${/id}/x", ["email"])
    document = yaml.safe_load(osis.render(pipeline.body("search.example.com")))
    assert document["orders-1"]["processor"] == processors


def test_the_template_says_how_attributes_are_indexed(tmp_path: Path) -> None:
    attributes = {
        "price": "double",
        "at": {"type": "date", "format": "epoch_second"},
        "name": {"type": "text", "keyword": True},
    }
    (pipeline,) = orders(tmp_path, documents={"attributes": attributes, "shards": 3}).pipelines
    assert pipeline.template == {
        "settings": {"number_of_shards": 3, "number_of_replicas": 0},
        "properties": {
            "price": {"type": "double"},
            "at": {"type": "date", "format": "epoch_second"},
            "name": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 8191}}},
        },
    }


def own(tmp_path: Path, text: str, **table: Any) -> Settings:
    (tmp_path / "own.yaml").write_text(text)
    return orders(tmp_path, body="own.yaml", **table)


def test_a_body_of_ones_own_gets_the_names_of_its_pipeline(tmp_path: Path) -> None:
    (pipeline,) = own(tmp_path, OWN).pipelines
    body = pipeline.body("search.example.com")
    assert body.source.tables[0].table_arn == "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-test-orders"
    assert body.source.tables[0].export.s3_prefix == "export/orders-1/"  # type: ignore[union-attr]
    ((_, sink),) = body.opensearch_sinks()
    assert (sink.index, sink.hosts) == ("orders-1", ("https://search.example.com",))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("{{index}}", "{{indx}}", "did you mean 'index'?"),
        ("{{index}}", "elsewhere", "'elsewhere'"),
        ("{{table_arn}}", "arn:aws:dynamodb:eu-west-1:111122223333:table/other", "table/other"),
        ("{{bucket}}", "somebody-elses", "'somebody-elses'"),
        ("{{dlq_prefix}}", "lost/", "'lost/'"),
        ("{{role_arn}}", "arn:aws:iam::111122223333:role/admin", "role/admin"),
        ("https://{{host}}", "https://elsewhere.example.com", "elsewhere.example.com"),
        ("sink:", "sinks:", "own.sinks: is not a known option"),
        ("action:", "aktion:", "did you mean 'action'?"),
    ],
    ids=str,
)
def test_a_body_of_ones_own_that_strays_is_refused(before: str, after: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        own(tmp_path, OWN.replace(before, after))
    assert all(problem.startswith("tables.orders.body: own.yaml: ") for problem in refusal.value.problems)
    assert any(message in problem for problem in refusal.value.problems), refusal.value.problems


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"mode": "stream"},
            "tables.orders.mode: 'stream', but the body in own.yaml has an export; change one of them",
        ),
        ({"documents": {"id": "${/a}"}}, "tables.orders.documents.id: the body in tables.orders.body says this itself"),
        (
            {"documents": {"routes": {"a": {"when": "true"}}}},
            "tables.orders.documents.routes: the body in tables.orders.body says this itself; keep one of them",
        ),
    ],
)
def test_a_body_of_ones_own_and_the_settings_do_not_contradict(
    table: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        own(tmp_path, OWN, **table)
    assert [problem.startswith(message) for problem in refusal.value.problems] == [True], refusal.value.problems


def test_a_body_of_ones_own_must_be_right_for_every_generation(tmp_path: Path) -> None:
    assert own(tmp_path, OWN, generation=2).pipelines
    with pytest.raises(InvalidSettings, match="'orders-2' is not what this pipeline was given; use 'orders-1'"):
        own(tmp_path, OWN.replace("{{index}}", "orders-2"), generation=2)


def test_a_mode_of_ones_own_is_no_surprise_either(tmp_path: Path) -> None:
    lines = [line for line in OWN.splitlines() if "export:" not in line]
    settings = own(tmp_path, "\n".join(lines), mode="stream")
    assert not [warning for warning in settings.warnings if "has a stream and no export" in warning]


def test_old_images_need_a_stream_that_has_them(tmp_path: Path) -> None:
    text = OWN.replace("start_position: LATEST", "start_position: LATEST, view_on_remove: OLD_IMAGE")
    with pytest.raises(InvalidSettings, match="set it to NEW_AND_OLD_IMAGES"):
        own(tmp_path, text, stream_view="NEW_IMAGE")
    assert own(tmp_path, text).pipelines


def test_paths_of_bodies_are_relative_to_the_settings() -> None:
    assert load("documents").pipelines[-1].table.body == "bodies/reviews.yaml"


WARNINGS: list[tuple[dict[str, Any], str]] = [
    ({}, "tables.orders.documents.attributes: none is declared: the first value of an attribute fixes its mapping"),
    ({"documents": {"period": "day"}}, "has a date pattern, which is the time of processing"),
    ({"documents": {"routes": {"eu": {"when": '/region == "eu"'}}}}, "'eu' is chosen by attributes: when the"),
    ({"documents": {"processors": [{"aggregate": {}}]}}, "remembers events"),
    ({"documents": {"routes": {"big": {"when": "/total > 1000"}}}}, "convert_type"),
    ({"generation": 2}, "tables.orders.generation: until tables.orders.confirmed follows, two pipelines run"),
    (
        {"expected": {"shards": 151}},
        "tables.orders.units.min: 1 follows 150 shards of the stream, and 151 are expected; what waits for its turn "
        "for 24 hours is lost; set it to 2",
    ),
    ({"expected": {"gib": 1501}}, "tables.orders.units.min: 1 follows 150 shards of the stream, and 151 are expected"),
    ({"expected": {"items": 1_000_001}}, "the first export of more than a million items has hung on 1"),
    (
        {"expected": {"gib": 100}, "units": {"min": 1, "max": 4}},
        "tables.orders.units.min: with 1, the first export of 100 GiB takes 14 hours at best, and changes are lost "
        "that are older than 24 hours when the stream is first read; set it to 2, and lower it",
    ),
    (
        {"expected": {"gib": 9000}, "units": {"min": 7, "max": 9}},
        "more than a pipeline can have (96): divide the table",
    ),
]


@pytest.mark.parametrize(("table", "message"), WARNINGS, ids=[message[:40] for _, message in WARNINGS])
def test_warns(table: dict[str, Any], message: str, tmp_path: Path) -> None:
    warnings = orders(tmp_path, **table).warnings
    assert any(message in warning for warning in warnings), warnings


DECLARED = {"attributes": {"id": "keyword"}}


@pytest.mark.parametrize(
    "table",
    [
        {"mode": "export-and-stream"},
        {"mode": "stream"},
        {"mode": "export"},
        {"expected": {"items": 1_000_000, "gib": 84, "shards": 150}, "units": {"min": 1, "max": 1}},
        {"expected": {"items": 10**9}, "mode": "stream"},
        {"expected": {"shards": 1000}, "mode": "export"},
        {"expected": {"gib": 1000, "items": 10**9}, "units": {"min": 12, "max": 12}},
    ],
    ids=str,
)
def test_what_was_chosen_and_what_fits_is_no_surprise(table: dict[str, Any], tmp_path: Path) -> None:
    assert orders(tmp_path, documents=DECLARED, **table).warnings == ()
