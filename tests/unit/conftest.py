"""Settings of a test's own: a small environment with some things changed."""

import copy
from pathlib import Path
from typing import Any

import yaml

from settings import Settings, load

BASE: dict[str, Any] = {
    "project": "shop",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "production": False,
    "tables": {"orders": {"partition_key": {"name": "order_id", "type": "S"}, "seeding": {}}},
    "domain": {"instance_type": "t3.small.search", "instance_count": 1, "volume_gib": 10},
}
ABSENT = ...


def settings_of(tmp_path: Path, changes: dict[str, Any], name: str = "test") -> Settings:
    document = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = document
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is ABSENT:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    return load(str(file))
