"""What the node's security plugin refused, as its answers tell."""

import re

_ACTIONS = re.compile(r"no permissions for \[(.+?)\] and User")
# Many answers in one, whose status is 200 whatever theirs are.
_COLLECTIONS = ("/_bulk", "/_mget", "/_msearch")


def may_tell(path: str, status: int) -> bool:
    """Whether the body of an answer may say that something was refused; `path` is without query."""
    return status in (401, 403) or (status == 200 and path.endswith(_COLLECTIONS))


def actions(method: str, path: str, status: int, content: bytes) -> list[str]:
    """The plugin's names of the refused actions, each once; ``es:METHOD path`` where it names none.

    Takes an answer that `may_tell`. Empty where nothing was refused by the plugin: an index that is blocked for writing
    is answered with 403 too.
    """
    text = content.decode(errors="replace")
    named = {action for found in _ACTIONS.findall(text) for action in found.split(", ")}
    if named or status == 200 or "cluster_block_exception" in text:
        return sorted(named)
    return [f"es:{method} {path}"]
