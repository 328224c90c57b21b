"""Generations of a table's indices: which there are in the domain, and which of them answers those who search.

Each generation has a pipeline of its own, which writes one or several families of indices; to each family leads one
alias. Index templates keep the account: one for each family, whose `_meta` says table, generation, pipeline and alias.
An index belongs to a pipeline when its mapping says so, as the template has it; a name that fits is not enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .domain import Domain, SetupFailed

TEMPLATES = "/_index_template"
# Above templates that others may have for everything; two of the same that match one name are refused by OpenSearch.
PRIORITY = 100


@dataclass(frozen=True)
class Family:
    """The indices of one pipeline that one alias leads to, when its generation serves."""

    alias: str
    pattern: str
    name: str
    template: Mapping[str, Any]
    """Its index template, as the REST API takes it."""
    indices: Mapping[str, bool]
    """Each index, and whether it has the alias."""

    @property
    def promised(self) -> bool:
        """Whether an index that is made now gets the alias."""
        return self.alias in self.template["template"].get("aliases", {})


@dataclass(frozen=True)
class Generation:
    number: int
    pipeline: str
    compare: bool
    """Whether it holds the same documents as the generations before."""
    families: Mapping[str, Family]
    """By alias."""

    @property
    def share(self) -> float:
        """How much of its indices has the alias, 0 to 1."""
        indices = [has_it for family in self.families.values() for has_it in family.indices.values()]
        return sum(indices) / len(indices) if indices else 0.0

    def pattern(self, alias: str) -> str | None:
        """Of its indices for an alias; None where it has none."""
        return self.families[alias].pattern if alias in self.families else None


def find(domain: Domain, table: str) -> tuple[Generation, ...]:
    """What there is of the table, the oldest first."""
    families: dict[int, list[Family]] = {}
    described = domain.request("GET", TEMPLATES)["index_templates"]
    templates = {entry["name"]: entry["index_template"] for entry in described}
    for name, template in sorted(templates.items()):
        meta = template.get("_meta", {})
        if meta.get("table") == table:
            families.setdefault(meta["generation"], []).append(_family(domain, name, template))
    return tuple(_generation(number, families[number]) for number in sorted(families))


def serving(generations: Sequence[Generation]) -> Generation | None:
    """The one whose indices have the alias; where no index has it, the one whose indices will get it.

    Where a switch ended half way, an index that was made meanwhile may have the alias too: then it is the generation
    with the greater share.
    """
    by_index = max(generations, key=lambda generation: generation.share, default=None)
    if by_index and by_index.share:
        return by_index
    return next(
        (generation for generation in generations if any(family.promised for family in generation.families.values())),
        None,
    )


def check(domain: Domain, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Raises SetupFailed where an index or an alias of a generation has the name of an index of somebody else.

    `wanted` are generations as the event describes them.
    """
    for generation in wanted:
        for family in generation["families"]:
            alias, pattern = family["alias"], family["pattern"]
            for index, owner in _owners(domain, pattern).items():
                if owner != generation["pipeline"]:
                    raise SetupFailed(
                        f"{pattern}: the domain has an index {index} that is not of the pipeline "
                        f"{generation['pipeline']}; choose another index name"
                    )
            if alias in _owners(domain, alias):
                raise SetupFailed(
                    f"{alias}: the domain has an index of that name, so it can be no alias; choose another index name"
                )


def define(domain: Domain, wanted: Sequence[Mapping[str, Any]]) -> int:
    """Put the index templates of generations, as the event describes them; how many.

    A generation that is settled and that the domain knows keeps what it has. Where nobody serves, the oldest does.
    """
    put = 0
    for generation in sorted(wanted, key=lambda generation: generation["generation"]):
        there = find(domain, generation["table"])
        number = generation["generation"]
        if generation["settled"] and any(known.number == number for known in there):
            continue
        current = serving(there)
        for name, template in _templates(generation, serves=current is None or current.number == number):
            domain.request("PUT", f"{TEMPLATES}/{name}", body=template)
            put += 1
    return put


def adapt(domain: Domain, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Bring indices that are there already as near to their templates as an index can come after it was made.

    New attributes and another number of replicas; raises SetupFailed for what only a new index can have.
    """
    for generation in wanted:
        if not generation["settled"]:
            for family in generation["families"]:
                for index, described in _described(domain, family["pattern"]).items():
                    _adapt(domain, index, described.get("settings", {}).get("index", {}), family)


def _adapt(domain: Domain, index: str, there: Mapping[str, Any], family: Mapping[str, Any]) -> None:
    remedy = "raise `generation` of its table to build it anew beside this one"
    settings = family["settings"]
    # A collection has them as it will, and no setting says anything. With a period, the next index has the new number.
    shards, replicas = settings.get("number_of_shards"), settings.get("number_of_replicas")
    if family["pattern"] == index and shards not in (None, int(there["number_of_shards"])):
        raise SetupFailed(
            f"{index} has {there['number_of_shards']} shards and can have no other number; {remedy}, or set `shards` "
            "to what it has"
        )
    if replicas not in (None, int(there["number_of_replicas"])):
        domain.request("PUT", f"/{index}/_settings", body={"index": {"number_of_replicas": replicas}})
    try:
        domain.request("PUT", f"/{index}/_mapping", body={"properties": family["properties"]})
    except SetupFailed as error:
        raise SetupFailed(f"{index} is mapped in another way, which cannot be changed; {remedy} ({error})") from error


def hand_over(domain: Domain, table: str, number: int) -> None:
    """Let generation `number` serve and no other. Ended early, it is to be done once more, and then is as if never."""
    there = find(domain, table)
    for generation in there:
        if generation.number == number:
            _promise(domain, generation, promised=True)
    _move_aliases(domain, table, number)
    for generation in there:
        if generation.number != number:
            _promise(domain, generation, promised=False)
    # An index of the others may have been made while their templates still had the alias.
    _move_aliases(domain, table, number)


def remove(domain: Domain, generation: Generation) -> tuple[int, int]:
    """Delete its indices, then its templates, by which it is found; how many of each."""
    families = generation.families.values()
    indices = [index for family in families for index in family.indices]
    for index in indices:
        domain.request("DELETE", f"/{index}")
    for family in families:
        domain.request("DELETE", f"{TEMPLATES}/{family.name}")
    return len(indices), len(families)


def _templates(generation: Mapping[str, Any], *, serves: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    pipeline = generation["pipeline"]
    for family in generation["families"]:
        alias = family["alias"]
        body = {
            "settings": family["settings"],
            "mappings": {"_meta": {"pipeline": pipeline}, "properties": family["properties"]},
            "aliases": {alias: {}} if serves else {},
        }
        meta = {
            "table": generation["table"],
            "generation": generation["generation"],
            "pipeline": pipeline,
            "alias": alias,
            "compare": generation["compare"],
        }
        yield (
            f"{pipeline}.{alias}",
            {"index_patterns": [family["pattern"]], "priority": PRIORITY, "template": body, "_meta": meta},
        )


def _promise(domain: Domain, generation: Generation, *, promised: bool) -> None:
    for family in generation.families.values():
        if family.promised != promised:
            body = {**family.template["template"], "aliases": {family.alias: {}} if promised else {}}
            domain.request("PUT", f"{TEMPLATES}/{family.name}", body={**family.template, "template": body})


def _move_aliases(domain: Domain, table: str, number: int) -> None:
    """In one step, so that nobody who searches finds nothing, or everything twice."""
    actions = [
        {"add" if generation.number == number else "remove": {"index": index, "alias": family.alias}}
        for generation in find(domain, table)
        for family in generation.families.values()
        for index, has_it in family.indices.items()
        if has_it != (generation.number == number)
    ]
    if actions:
        domain.request("POST", "/_aliases", body={"actions": actions})


def _generation(number: int, families: Sequence[Family]) -> Generation:
    meta = families[0].template["_meta"]
    return Generation(number, meta["pipeline"], meta["compare"], {family.alias: family for family in families})


def _family(domain: Domain, name: str, template: Mapping[str, Any]) -> Family:
    meta, (pattern,) = template["_meta"], template["index_patterns"]
    indices = {
        index: meta["alias"] in described.get("aliases", {})
        for index, described in _described(domain, pattern).items()
        if _owner(described) == meta["pipeline"]
    }
    return Family(meta["alias"], pattern, name, template, indices)


def _owners(domain: Domain, pattern: str) -> dict[str, str | None]:
    return {index: _owner(described) for index, described in _described(domain, pattern).items()}


def _owner(described: Mapping[str, Any]) -> str | None:
    """The pipeline that an index belongs to."""
    owner: str | None = described.get("mappings", {}).get("_meta", {}).get("pipeline")
    return owner


def _described(domain: Domain, pattern: str) -> dict[str, Any]:
    parts = "*.aliases,*.mappings._meta,*.settings.index.number_of_*"
    return domain.get(f"/{pattern}", {"filter_path": parts, "expand_wildcards": "all"}) or {}
