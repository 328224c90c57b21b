"""Whatever Data Prepper refuses our model refuses with a message; where our model is stricter is listed with reasons.

What Data Prepper 2.16 takes in each place was recorded (`python -m tests.properties.record`) and is held against the
model always. Where Data Prepper is here, it is asked again, and for bodies changed in several places at once.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import osis
from local import tools
from osis.model import body_of
from tests.examples import examples
from tests.properties import bodies, data_prepper
from tests.properties.bodies import BASES, REMOVED, VALUES, Place, changed
from tests.properties.data_prepper import DataPrepper
from tests.properties.differences import LAXER, STRICTER, STRICTER_TOGETHER
from tests.properties.record import recorded

PLACES = list(bodies.places())
BASE = json.dumps(BASES["everyday"])
# YAML that JSON has not; first what both take.
TEXTS: Mapping[str, str] = {
    "comment": f"# one\n{BASE}\n# two",
    "document start": f"---\n{BASE}",
    "empty": "",
    "only a comment": "# one",
    "a list": "- a",
    "a word": "orders",
    "two documents": f"{BASE}\n---\n{BASE}",
    "anchor": BASE.replace('"exports"', "&a exports").replace('"dead-letters"', "*a"),
    "anchor of a mapping": BASE.replace('"aws": {', '"aws": &a {', 1).replace(
        '"dlq": {"s3": {', '"dlq": {"s3": *a, "x": {'
    ),
    "merge key": BASE.replace('"s3_bucket":', '"<<": {"s3_prefix": "b/"}, "s3_bucket":'),
    "key twice": BASE.replace('"flush_timeout": 1000', '"flush_timeout": 1000, "flush_timeout": 1'),
    "pipeline twice": f'{BASE[:-1]}, "orders": {{}}}}',
    "tag": BASE.replace('"exports"', "!!binary ZXhwb3J0cw=="),
    "own tag": BASE.replace('"exports"', "!own exports"),
    "date": BASE.replace('"exports"', "2026-01-01"),
    "octal": BASE.replace("1000", "0o17"),
    "old octal": BASE.replace("1000", "017"),
    "hexadecimal": BASE.replace("1000", "0x1f"),
    "underscores": BASE.replace("1000", "1_000"),
    "base 60": BASE.replace("1000", "1:30"),
    "yes": BASE.replace('"acknowledgments": true', '"acknowledgments": yes'),
    "on": BASE.replace('"acknowledgments": true', '"acknowledgments": on'),
    "y": BASE.replace('"acknowledgments": true', '"acknowledgments": y'),
    "True": BASE.replace('"acknowledgments": true', '"acknowledgments": True'),
    "infinity": BASE.replace("1000", ".inf"),
    "tab": BASE.replace("{", "{\t", 1),
    "unclosed": BASE[:-1],
    "number as a name": BASE.replace('"orders": {"source"', '1: {"source"'),
    "flag as a name": BASE.replace('"orders": {"source"', 'true: {"source"'),
    "null as a name": BASE.replace('"orders": {"source"', 'null: {"source"'),
}
_OURS = "we refuse YAML that says less or something else than it seems to"
# What differs there, with the reason.
TEXTS_THAT_DIFFER: Mapping[str, str] = {
    **dict.fromkeys(("key twice", "tag", "own tag", "hexadecimal", "underscores", "yes", "on"), _OURS),
    "anchor": "Data Prepper fails on anchors of mappings and lists, so we refuse all",
    "two documents": "Data Prepper reads the first alone",
}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataPrepper]:
    found = tools.data_prepper()
    if found is None or found.home is None:
        pytest.skip(
            "Data Prepper 2.16 is not here: name an unpacked one in DATA_PREPPER_HOME; a container image has it in "
            "/usr/share/data-prepper, from where docker cp gets it"
        )
    with data_prepper.started(found.home, tmp_path_factory.mktemp("data-prepper")) as started:
        yield started


def errors(text: str) -> list[str]:
    return [str(problem) for problem in osis.check(text) if problem.severity == "error"]


def problems_of(document: dict[str, Any]) -> list[str]:
    try:
        body_of(document)
    except osis.InvalidBody as error:
        return [str(problem) for problem in error.problems]
    return []


def strange(problems: list[str], *, taken: bool, places: Mapping[str, Any]) -> str | None:
    """What is wrong with our answer where Data Prepper takes a body, or not; `places` has what was changed."""
    if taken:
        unknown = [one for one in problems if not any(known.covers(one) for known in (*STRICTER, *STRICTER_TOGETHER))]
        return f"Data Prepper takes it, we say: {unknown[0]}" if unknown else None
    if problems or any(one.covers(place, value) for one in LAXER for place, value in places.items()):
        return None
    return "Data Prepper refuses it, we do not"


def test_recording_has_every_place() -> None:
    assert [place.name for place in PLACES] == list(recorded()), "record again: python -m tests.properties.record"


@pytest.fixture(scope="module")
def answers() -> list[tuple[Place, Any, bool, list[str]]]:
    """Each place and value: whether Data Prepper takes it, and what is wrong with it in our eyes."""
    takes = {name: {json.dumps(value) for value in values} for name, values in recorded().items()}
    return [
        (place, value, json.dumps(value) in takes[place.name], problems_of(place.given(value)))
        for place in PLACES
        for value in VALUES
    ]


def test_model_agrees_with_the_recording(answers: list[tuple[Place, Any, bool, list[str]]]) -> None:
    found = [
        f"{place.name} = {value!r}: {wrong}"
        for place, value, taken, problems in answers
        if (wrong := strange(problems, taken=taken, places={place.name: value}))
    ]
    assert found == []


def test_every_difference_is_there(answers: list[tuple[Place, Any, bool, list[str]]]) -> None:
    """A difference that is gone is taken off the list."""
    stricter, laxer = set(STRICTER), set(LAXER)
    for place, value, taken, problems in answers:
        if taken:
            stricter -= {one for one in stricter if any(map(one.covers, problems))}
        elif not problems:
            laxer -= {one for one in laxer if one.covers(place.name, value)}
    assert (stricter, laxer) == (set(), set())


@pytest.mark.parametrize("name", TEXTS)
def test_yaml(engine: DataPrepper, name: str) -> None:
    refused = bool(errors(TEXTS[name]))
    assert (refused == bool(engine.refusals(TEXTS[name]))) != (name in TEXTS_THAT_DIFFER)


def values(place: Place) -> st.SearchStrategy[tuple[Place, Any]]:
    """Mostly what Data Prepper takes there, so that many bodies are taken as a whole."""
    taken = st.sampled_from(recorded()[place.name] or [REMOVED])
    anything = st.sampled_from(VALUES) | st.integers(-(2**64), 2**64) | st.text(max_size=8)
    return st.tuples(st.just(place), st.one_of(taken, taken, taken, anything))


changes = st.sampled_from(list(BASES)).flatmap(
    lambda base: st.tuples(
        st.just(base),
        st.lists(
            st.sampled_from([place for place in PLACES if place.base in (base, "everyday")]).flatmap(values),
            min_size=1,
            max_size=4,
        ),
    )
)


@examples(600)
@given(change=changes)
def test_data_prepper_and_model_agree(engine: DataPrepper, change: tuple[str, list[tuple[Place, Any]]]) -> None:
    base, steps = change
    document, places = BASES[base], {}
    for place, value in steps:
        try:
            document = changed(document, place.path, value)
        except (KeyError, IndexError, TypeError):  # another change took away what holds it
            continue
        places[place.name] = value
    text = json.dumps(document, ensure_ascii=False)
    refusals = engine.refusals(text)
    assert strange(errors(text), taken=not refusals, places=places) is None, refusals
