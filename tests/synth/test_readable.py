"""What a plan calls things: words that lead to the code, never CDKTF's hashes."""

import re

from tests.synth.conftest import StacksOf

# The hash that CDKTF adds to a name: eight hexadecimal digits at its end.
NAME, HASH = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"_[0-9a-f]{8}$", re.IGNORECASE)


def test_every_address_is_readable(environment: str, stacks_of: StacksOf) -> None:
    names = [
        name
        for stack in stacks_of(environment).values()
        for block in ("resource", "data")
        for elements in stack.get(block, {}).values()
        for name in elements
    ]
    names += [name for stack in stacks_of(environment).values() for name in stack.get("output", {})]
    assert names
    assert [name for name in names if not NAME.fullmatch(name) or HASH.search(name)] == []
