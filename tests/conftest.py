"""What tests of several layers share, and how workers share them."""

from typing import Any, get_args

import pytest
from xdist.scheduler import LoadScopeScheduling

from local import tools
from local.engine import Kind
from tests.examples import load_profile

load_profile()
pytest_plugins = ("tests.times",)
# Those that take longest begin first, so that none is left alone at the end; then those that wait, whose time is filled
# by those that compute.
LONGEST = (
    "tests/end_to_end/test_system.py",
    "tests/end_to_end/test_deployer.py",
    "tests/terraform/test_changes.py",
    "tests/end_to_end/test_rebuild.py",
)
LAYERS = ("end_to_end", "local", "browser", "terraform", "synth", "properties", "unit")
# Each of their tests sets up all that it needs.
INDEPENDENT = (
    "tests/end_to_end/test_applies.py",
    "tests/local/test_leftovers.py",
    "tests/terraform/test_changes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (not item.nodeid.startswith(LONGEST), LAYERS.index(item.nodeid.split("/")[1])))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist tells no types
    """The tests of a file go to one worker, which sets up once what they share; independent ones to any."""

    # pytest-xdist's own way to say so, its marker, does nothing with pytest 9.
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in INDEPENDENT else file


@pytest.fixture(scope="session", params=get_args(Kind))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each engine in turn; Data Prepper where this machine has it."""
    engine: Kind = request.param
    if engine == "data-prepper" and tools.data_prepper() is None:
        pytest.skip("Data Prepper 2.16 is not here: name an unpacked one in DATA_PREPPER_HOME, or start Docker")
    return engine
