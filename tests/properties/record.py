"""`python -m tests.properties.record`: asks the Data Prepper in DATA_PREPPER_HOME what each place takes; minutes."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import tools
from tests.properties import bodies, data_prepper

RECORDING = Path(__file__).with_name("data_prepper_takes.json")


def recorded() -> Mapping[str, list[Any]]:
    """The values that Data Prepper takes, by the name of the place."""
    found: Mapping[str, list[Any]] = json.loads(RECORDING.read_text())
    return found


def main() -> None:
    found = tools.data_prepper()
    if found is None or found.home is None:
        raise SystemExit("DATA_PREPPER_HOME is not set; name an unpacked Data Prepper 2.16")
    takes: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as directory, data_prepper.started(found.home, Path(directory)) as engine:
        for place in bodies.places():
            takes[place.name] = [
                value for value in bodies.VALUES if not engine.refusals(json.dumps(place.given(value)))
            ]
    lines = (f"{json.dumps(name)}: {json.dumps(values)}" for name, values in takes.items())
    RECORDING.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
