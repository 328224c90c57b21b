"""What each change does in an environment that has it."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from changes.alternatives import changed
from changes.planning import Document, Offline
from changes.record import ANOTHER_STATE, Effects
from review.changes import Resource
from settings import Settings
from stacks.app import synthesize


@dataclass
class _Change:
    """A stack after a setting changed alone, and the stack as the base has it."""

    base: str
    setting: str
    applied: str
    document: Document


def effects(bases: Iterable[str], directory: Path) -> dict[str, Effects]:
    """By base, what Terraform would do for each setting that changes alone. All that is written goes to `directory`.

    Bases are planned together: most of a plan's time is the provider's start. Raises planning.CannotPlan.
    """
    told: dict[str, Effects] = {}
    stacks: dict[str, Document] = {}
    wanted: dict[str, _Change] = {}
    for number, base in enumerate(bases):
        told[base] = {}
        with changed(base) as (before, others):
            there = synthesized(before, directory / "synth")
            stacks |= {f"b{number}_{name}": document for name, document in there.items()}
            for setting, after in others:
                if not isinstance(after, Settings):
                    continue
                told[base][setting] = []
                for name, document in synthesized(after, directory / "synth").items():
                    if document == there.get(name):
                        continue
                    if name in there and document["terraform"]["backend"] != there[name]["terraform"]["backend"]:
                        told[base][setting] = [ANOTHER_STATE]
                        continue
                    wanted[f"c{len(wanted)}"] = _Change(base, setting, f"b{number}_{name}", document)
    offline = Offline(directory / "terraform", next(iter(stacks.values()))["terraform"]["required_providers"])
    states = offline.applied(stacks)
    plans = offline.plans(
        {module: change.document for module, change in wanted.items()},
        {module: states.get(change.applied, []) for module, change in wanted.items()},
    )
    for module, resources in plans.items():
        change = wanted[module]
        found = told[change.base][change.setting]
        if ANOTHER_STATE not in found:
            found += entries(resources, protected(stacks.get(change.applied, {})))
    return {base: {setting: sorted(set(found)) for setting, found in of_base.items()} for base, of_base in told.items()}


def synthesized(settings: Settings, outdir: Path) -> dict[str, Document]:
    """By stack."""
    outdir.mkdir(parents=True, exist_ok=True)
    synthesize(settings, outdir)
    found = {file.parent.name: json.loads(file.read_text()) for file in sorted(outdir.glob("stacks/*/cdk.tf.json"))}
    shutil.rmtree(outdir)
    return found


def protected(stack: Document) -> set[str]:
    """Addresses that Terraform refuses to destroy."""
    return {
        f"{type_}.{name}"
        for type_, resources in stack.get("resource", {}).items()
        for name, resource in resources.items()
        if resource.get("lifecycle", {}).get("prevent_destroy")
    }


def entries(resources: list[Resource], kept: set[str]) -> Iterator[str]:
    for resource in resources:
        replaced = resource.action == "replace"
        why = f" ({resource.why})" if replaced else ""
        # Where a resource is taken out of the configuration, its prevent_destroy goes with it.
        refused = ", refused" if replaced and resource.address in kept else ""
        yield f"{resource.action} {resource.type.removeprefix('aws_')}{why}{refused}"
