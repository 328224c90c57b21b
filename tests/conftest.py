"""What tests of several layers share."""

from typing import get_args

import pytest

from local import tools
from local.engine import Kind


@pytest.fixture(scope="session", params=get_args(Kind))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each engine in turn; Data Prepper where this machine has it."""
    engine: Kind = request.param
    if engine == "data-prepper" and tools.data_prepper() is None:
        pytest.skip("Data Prepper 2.16 is not here: name an unpacked one in DATA_PREPPER_HOME, or start Docker")
    return engine
