"""Lazy bindings of the AWS provider, in both of the processes that a synth consists of.

`cdktf_cdktf_provider_aws/__init__.py` imports all of its 2,137 submodules, 8 of the 12 seconds that a synth would take.
A bare module of that name, put into `sys.modules` before the first import, keeps the `__init__` from running;
submodules are then found by the ordinary machinery, one by one, as they are imported.

In Node, where CDKTF itself runs, the provider's `lib/index.js` does the same, half of what is left; `bindings.js` makes
it lazy, too. What is synthesized is the same to the byte.
"""

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

PACKAGE = "cdktf_cdktf_provider_aws"


def make_lazy() -> None:
    """Do it once; where the real package is loaded already, leave it. Raises ModuleNotFoundError.

    Node starts with the first import of CDKTF, and takes the variable with it.
    """
    if PACKAGE in sys.modules:
        return
    spec: ModuleSpec | None = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed; run `make setup`", name=PACKAGE)
    package = ModuleType(PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[PACKAGE] = package
    os.environ["NODE_OPTIONS"] = f"{os.environ.get('NODE_OPTIONS', '')} --require {_quoted(Path(__file__))}".strip()


def _quoted(file: Path) -> str:
    """The script beside `file`, as Node splits NODE_OPTIONS: in quotes, with backslashes doubled."""
    return '"' + str(file.with_suffix(".js")).replace("\\", "\\\\").replace('"', '\\"') + '"'
