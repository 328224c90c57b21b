"""What tests of several layers share."""

from typing import get_args

import pytest

from local import tools
from local.engine import Kind
from tests.examples import load_profile

load_profile()
pytest_plugins = ("tests.times",)
# Those that wait longest begin first; those that compute fill the time that they leave.
LAYERS = ("end_to_end", "local", "browser", "terraform", "synth", "properties", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file share what is set up for them, and so a worker; those marked `independent` need not."""
    items.sort(key=lambda item: LAYERS.index(item.nodeid.split("/")[1]))
    for item in items:
        if item.get_closest_marker("independent") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(scope="session", params=get_args(Kind))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each engine in turn; Data Prepper where this machine has it."""
    engine: Kind = request.param
    if engine == "data-prepper" and tools.data_prepper() is None:
        pytest.skip("Data Prepper 2.16 is not here: name an unpacked one in DATA_PREPPER_HOME, or start Docker")
    return engine
