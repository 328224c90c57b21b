"""Lazy bindings of the AWS provider.

`cdktf_cdktf_provider_aws/__init__.py` imports all of its 2,137 submodules, most of the time that a synth takes. A bare
module of that name, put into `sys.modules` before the first import, keeps the `__init__` from running; submodules are
then found by the ordinary machinery, one by one, as they are imported. What is synthesized is the same to the byte.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = "cdktf_cdktf_provider_aws"


def make_lazy() -> None:
    """Install the bare package once; where the real one is loaded already, leave it. Raises ModuleNotFoundError."""
    if PACKAGE in sys.modules:
        return
    spec: ModuleSpec | None = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed; run `make setup`", name=PACKAGE)
    package = ModuleType(PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[PACKAGE] = package
