"""Who serves next: a generation takes the place of another only when nobody who searches loses by it."""

from collections.abc import Iterator, Sequence
from typing import Any

from . import access, completeness, generations
from .domain import Domain, SetupFailed
from .generations import Generation

# Seconds between two looks at what is missing; a pipeline delivers a change within seconds.
LOOK_EVERY = 10.0


def serve(domain: Domain, table: str, number: int, *, leaving: bool) -> dict[str, Any]:
    """Let generation `number` serve when it can; `leaving`: let another serve in its place.

    Returns which one serves now, and whether that was another before. Raises SetupFailed where the one that is to serve
    has not caught up in the time that there is.
    """
    there = generations.find(domain, table)
    current = generations.serving(there)
    following = (_leaving(there, number) if leaving else _arriving(there, table, number)) or current
    if following is None:
        return {"serving": None, "switched": False}
    switched = current not in (None, following)
    if current and switched:
        for lacking in _lacking(domain, table, current, following):
            if not domain.pause(LOOK_EVERY):
                raise SetupFailed(
                    f"{table}: generation {current.number} goes on serving, for in generation {following.number} "
                    f"{lacking}; look into the dead letters of the pipeline {following.pipeline} and apply again, "
                    f"or go back to generation {current.number}"
                )
            if _numbers(generations.find(domain, table)) != _numbers(there):
                # One was retired meanwhile: everything is being taken away.
                return serve(domain, table, number, leaving=leaving)
    # Also where nothing changes: a switch may have ended half way.
    generations.hand_over(domain, table, following.number)
    return {"serving": following.number, "switched": switched}


def retire(domain: Domain, table: str, number: int) -> dict[str, Any]:
    """After its pipeline is gone: take away what generation `number` has in the domain, its documents only where
    nobody searches them. Returns how many indices and templates went."""
    there = generations.find(domain, table)
    this = _numbered(there, number)
    if this is None:
        return {"indices": 0, "index_templates": 0}
    if not domain.serverless:
        access.dismiss_pipeline(domain, this.pipeline)
    if generations.serving(there) is this:
        return {"indices": 0, "index_templates": 0}
    indices, templates = generations.remove(domain, this)
    return {"indices": indices, "index_templates": templates}


def _arriving(there: Sequence[Generation], table: str, number: int) -> Generation | None:
    """The generation itself; None where the one that serves has other documents, on purpose."""
    this = _numbered(there, number)
    if this is None:
        raise SetupFailed(f"{table}: generation {number} has no index template; apply again, so that it is put")
    current = generations.serving(there)
    return this if current in (None, this) or _comparable(current, this) else None


def _leaving(there: Sequence[Generation], number: int) -> Generation | None:
    """The newest of the others; None where it does not serve, or nobody is left, because the whole table goes."""
    others = [generation for generation in there if generation.number != number]
    current = generations.serving(there)
    return others[-1] if others and current and current.number == number else None


def _lacking(domain: Domain, table: str, current: Generation, following: Generation) -> Iterator[str]:
    """What keeps `following` from serving, at each look; ends when nothing does."""
    while patterns := _without_index(generations.find(domain, table), current.number, following.number):
        yield f"there is no index {', '.join(patterns)} yet"
    if _comparable(current, following):
        for alias in sorted({*current.families, *following.families}):
            yield from completeness.lacking(domain, alias, current.pattern(alias), following.pattern(alias))


def _without_index(there: Sequence[Generation], current: int, following: int) -> list[str]:
    """Patterns of the following one that match nothing, though the current one has an index with that alias."""
    old, new = _numbered(there, current), _numbered(there, following)
    if old is None or new is None:
        return []
    return [
        family.pattern
        for alias, family in new.families.items()
        if not family.indices and alias in old.families and old.families[alias].indices
    ]


def _comparable(one: Generation | None, other: Generation) -> bool:
    return one is not None and max(one, other, key=lambda generation: generation.number).compare


def _numbered(there: Sequence[Generation], number: int) -> Generation | None:
    return next((generation for generation in there if generation.number == number), None)


def _numbers(there: Sequence[Generation]) -> list[int]:
    return [generation.number for generation in there]
