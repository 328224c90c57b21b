"""Terraform without AWS: stacks that are taken for applied, and plans of what changes from there.

All copies of a stack stand in one root module, each a module of its own, so that the provider starts once for all.
Nothing is asked of AWS: nothing is refreshed, and data sources are stand-ins.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from changes import stand_ins
from local import tools
from review.changes import Resource

Document = dict[str, Any]
State = list[dict[str, Any]]
"""The resources of one stack, as Terraform's state has them."""

AWS = "registry.terraform.io/hashicorp/aws"
# So many applies come to rest that need each other's ARNs.
MOST_ROUNDS = 8
# The provider shall not ask who it is.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
OFFLINE = {"skip_credentials_validation": True, "skip_requesting_account_id": True, "skip_metadata_api_check": True}


class CannotPlan(Exception):
    """What Terraform said."""


@dataclass(frozen=True)
class Offline:
    """Terraform in a folder of its own, with the `required_providers` of the stacks. Its methods raise CannotPlan."""

    directory: Path
    required: dict[str, Any]

    def applied(self, stacks: Mapping[str, Document]) -> dict[str, State]:
        """The state of each stack (by any name) once it is applied: planned until nothing is left to do."""
        states: dict[str, State] = {name: [] for name in stacks}
        for _ in range(MOST_ROUNDS):
            planned = self._planned(stacks, states)
            if not any(_differs(one["change"]) for changes in planned.values() for one in changes):
                return states
            states = {name: [*filter(None, map(self._in_state, planned[name]))] for name in stacks}
        raise CannotPlan(f"the plan is not empty after {MOST_ROUNDS} applies")

    def plans(self, stacks: Mapping[str, Document], states: Mapping[str, State]) -> dict[str, list[Resource]]:
        """What would be done to each stack, of which there is that state."""
        return {
            name: [Resource.model_validate(one) for one in changes if _differs(one["change"])]
            for name, changes in self._planned(stacks, states).items()
        }

    def _planned(self, stacks: Mapping[str, Document], states: Mapping[str, State]) -> dict[str, list[Any]]:
        providers = {name: _offline(document["provider"]["aws"][0]) for name, document in stacks.items()}
        kinds = [*{json.dumps(provider): provider for provider in providers.values()}.values()]
        aliases = {name: f"p{kinds.index(provider)}" for name, provider in providers.items()}
        root = {
            "terraform": {"required_providers": self.required},
            "provider": {"aws": [{**provider, "alias": f"p{number}"} for number, provider in enumerate(kinds)]},
            "module": {name: {"source": f"./{name}", "providers": {"aws": f"aws.{aliases[name]}"}} for name in stacks},
        }
        self._write("main.tf.json", root)
        for name, document in stacks.items():
            self._write(f"{name}/cdk.tf.json", self._as_module(document))
        resources = [
            {"module": f"module.{name}", "provider": f'provider["{AWS}"].{aliases[name]}', **resource}
            for name in stacks
            for resource in states[name]
        ]
        self._write("terraform.tfstate", {"version": 4, "serial": 1, "lineage": "any", "resources": resources})
        self._run("init", "-input=false", "-no-color")
        self._run("plan", "-input=false", "-no-color", "-refresh=false", "-lock=false", "-out=saved")
        found: dict[str, list[Any]] = {name: [] for name in stacks}
        for change in json.loads(self._run("show", "-json", "saved"))["resource_changes"]:
            module = change["module_address"].removeprefix("module.")
            change["address"] = change["address"].removeprefix(f"module.{module}.")
            found[module].append(change)
        return found

    def _as_module(self, document: Document) -> Document:
        """Without what only a root has, and without what asks AWS or forbids what the plan is to show."""
        sources = self._schemas["data_source_schemas"]
        found = {
            type_: {name: stand_ins.data(sources[type_]["block"], type_, name) for name in names}
            for type_, names in document.get("data", {}).items()
        }
        kept = {
            part: value for part, value in document.items() if part not in ("provider", "data", "terraform", "output")
        }
        module = json.loads(re.sub(r"(?<![\w.])data\.(?=aws_)", "local.data.", json.dumps(kept)))
        for resources in module["resource"].values():
            for resource in resources.values():
                resource.get("lifecycle", {}).pop("prevent_destroy", None)
                if "depends_on" in resource:
                    resource["depends_on"] = [one for one in resource["depends_on"] if not one.startswith("local.")]
        locals_ = {**module.get("locals", {}), "data": found}
        return {**module, "terraform": {"required_providers": self.required}, "locals": locals_}

    def _in_state(self, change: dict[str, Any]) -> dict[str, Any] | None:
        if change["mode"] != "managed" or change["change"]["after"] is None:
            return None
        schema = self._schemas["resource_schemas"][change["type"]]
        attributes = stand_ins.applied(change["change"], schema["block"], change["type"], change["address"])
        instance = {"schema_version": schema["version"], "attributes": attributes}
        if "index" in change:
            instance["index_key"] = change["index"]
        return {"mode": "managed", "type": change["type"], "name": change["name"], "instances": [instance]}

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        folder = self.directory / "schemas"
        self._write("schemas/main.tf.json", {"terraform": {"required_providers": self.required}})
        self._run("init", "-input=false", "-no-color", folder=folder)
        answer = json.loads(self._run("providers", "schema", "-json", folder=folder))
        return dict(answer["provider_schemas"][AWS])

    def _write(self, name: str, document: Document) -> None:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=1))

    def _run(self, *arguments: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            [tools.terraform(), *arguments],
            cwd=folder or self.directory,
            env={**os.environ, **tools.terraform_environment(self.directory), **CREDENTIALS},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotPlan(done.stderr.strip())
        return done.stdout


def _offline(provider: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in provider.items() if name != "allowed_account_ids"}, **OFFLINE}


def _differs(change: dict[str, Any]) -> bool:
    """The provider also calls it an update where nothing is another."""
    nothing = change["actions"] in (["no-op"], ["read"])
    return not nothing and (change["before"] != change["after"] or any_unknown(change["after_unknown"]))


def any_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(any_unknown, value.values()))
    return any(map(any_unknown, value)) if isinstance(value, list) else value is True
