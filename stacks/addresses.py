"""Readable addresses: `search/domain` is `aws_opensearch_domain.search_domain`, without the hash that CDKTF adds.

A stack could name its elements itself. But then CDKTF's Node asks our Python for each of them, four messages there and
back, which were two thirds of all messages of a synth. So they are named anew in what CDKTF has written.
"""

import json
import re
from pathlib import Path
from typing import Any


def make_readable(file: Path) -> None:
    """Name resources, data sources and outputs of a synthesized stack by their paths, wherever it speaks of them.

    Construct ids hold no underscore; outputs stand in the stack itself. Raises ValueError where two paths meet in one
    address all the same.
    """
    stack = json.loads(file.read_text(encoding="utf-8"))
    addresses: dict[str, str] = {}
    for block in ("resource", "data"):
        for kind, elements in stack.get(block, {}).items():
            names = {name: _of_path(element["//"]["metadata"]["path"]) for name, element in elements.items()}
            for name, element in elements.items():
                element["//"]["metadata"]["uniqueId"] = names[name]
            stack[block][kind] = _renamed(elements, names)
            addresses |= {f"{kind}.{name}": f"{kind}.{address}" for name, address in names.items()}
    if "output" in stack:
        names = {name: name.replace("-", "_") for name in stack["output"]}
        stack["output"] = _renamed(stack["output"], names)
        # Where the CDKTF command line looks them up.
        stack["//"]["outputs"] = dict.fromkeys(stack["//"]["outputs"], names)
    kinds = "|".join({address.split(".")[0] for address in addresses})
    text = json.dumps(stack, indent=2, sort_keys=True, ensure_ascii=False)
    text = re.sub(rf"\b({kinds})\.[\w-]+", lambda found: addresses.get(found[0], found[0]), text)
    file.write_text(text, encoding="utf-8")


def _of_path(path: str) -> str:
    """Without the stack."""
    return "_".join(path.split("/")[1:]).replace("-", "_")


def _renamed(elements: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    if len(set(names.values())) < len(names):
        raise ValueError(f"two of {', '.join(sorted(names))} get the same address; rename the construct of one")
    return {names[name]: element for name, element in elements.items()}
