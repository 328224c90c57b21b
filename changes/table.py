"""What each setting changes, as a table for docs/changes.md."""

from collections import defaultdict
from collections.abc import Iterable

from changes.alternatives import OTHER
from changes.record import ANOTHER_STATE, Effects, recorded

# Runs a function of ours again; it holds nothing.
CALL = "lambda_invocation"
VERBS = {"replace": "replaces", "delete": "deletes", "create": "makes", "update": "in place"}


def table() -> str:
    """In Markdown: what any environment was seen to do, what loses something first."""
    return "\n".join(["| setting | changing it |", "|---|---|", *map(_row, OTHER)])


def done(setting: str, found: dict[str, Effects] | None = None) -> set[str]:
    """What any base was seen to do for a setting."""
    effects = recorded() if found is None else found
    return {entry for of_base in effects.values() for entry in of_base.get(setting, [])}


def _row(setting: str) -> str:
    seen = done(setting)
    if ANOTHER_STATE in seen:
        return f"| `{setting}` | {_other_place(setting)} |"
    by_verb: dict[str, list[str]] = defaultdict(list)
    for entry in sorted(seen):
        action, _, what = entry.partition(" ")
        kind, _, rest = what.partition(" ")
        if kind.rstrip(",") != CALL:
            by_verb[action].append(f"`{kind.rstrip(',')}`{' ' if rest else ''}{_said(rest)}")
    told = [f"{VERBS[action]} {_listed(by_verb[action])}" for action in VERBS if by_verb[action]]
    if any(CALL in entry for entry in seen):
        told.append("the set-up or seeding function runs again")
    return f"| `{setting}` | {'; '.join(told) or 'nothing in AWS'} |"


def _other_place(setting: str) -> str:
    if setting == "state.backend":
        return "where the state stack's own state is; nothing in AWS"
    return "another system beside this one, with a state of its own; this one stays"


def _said(rest: str) -> str:
    return rest.replace("), refused", "), **refused** while protected")


def _listed(things: Iterable[str]) -> str:
    # Of one kind both what is refused and what is not, where environments differ: the refused tells more.
    kept = list(things)
    return ", ".join(one for one in kept if not any(other != one and other.startswith(f"{one}, ") for other in kept))
