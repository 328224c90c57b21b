"""What each change does in an environment that has it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from changes.alternatives import changed
from changes.planning import Document, Offline
from changes.record import ANOTHER_STATE, Effects
from review.changes import Resource
from settings import Settings
from stacks.app import synthesize


def effects(base: str, directory: Path) -> Effects:
    """What Terraform would do for each setting that changes alone. Everything that is written goes to `directory`."""
    with changed(base) as (before, others):
        stacks = synthesized(before, directory / "synth")
        wanted: dict[str, Document] = {}
        told: Effects = {}
        of_module: dict[str, tuple[str, str]] = {}
        for setting, after in others:
            if not isinstance(after, Settings):
                continue
            told[setting] = []
            for name, document in synthesized(after, directory / "synth").items():
                if document == stacks.get(name):
                    continue
                if name in stacks and document["terraform"]["backend"] != stacks[name]["terraform"]["backend"]:
                    told[setting] = [ANOTHER_STATE]
                    continue
                module = f"c{len(wanted)}"
                wanted[module], of_module[module] = document, (setting, name)
    offline = Offline(directory / "terraform", stacks["state"]["terraform"]["required_providers"])
    states = offline.applied(stacks)
    plans = offline.plans(wanted, {module: states.get(name, []) for module, (_, name) in of_module.items()})
    for module, resources in plans.items():
        setting, name = of_module[module]
        if ANOTHER_STATE not in told[setting]:
            told[setting] += entries(resources, protected(stacks.get(name, {})))
    return {setting: sorted(set(found)) for setting, found in told.items()}


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
