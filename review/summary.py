"""The plans of an environment's stacks as Markdown, what would be lost first."""

from collections.abc import Iterator, Mapping
from typing import get_args

from review.changes import Action, Plan, Resource

ACTIONS: tuple[Action, ...] = get_args(Action)
# A comment on GitHub ends at 65,536 characters; the plan in full lies beside the summary.
MOST = 100

Plans = Mapping[str, Plan | str]
"""By the stack's name; text where there is no plan: what Terraform said instead."""


def markdown(environment: str, plans: Plans, *, note: str = "") -> str:
    """Ends with a newline. `note` is a sentence about where it was planned."""
    return "\n".join([f"## Plan of {environment}", *_lines(plans, note), ""])


def one_line(environment: str, plans: Plans) -> str:
    """The figures, as the last line of a log."""
    made = _made(plans)
    counts = " ".join(f"{action}={sum(plan.count(action) for plan in made.values())}" for action in ACTIONS)
    return (
        f"plan: environment={environment} stacks={len(plans)} failed={len(plans) - len(made)} {counts} "
        f"lost={len(list(_losses(plans)))}"
    )


def _lines(plans: Plans, note: str) -> Iterator[str]:
    if note:
        yield from ("", note)
    if losses := list(_losses(plans)):
        yield from ("", "> [!CAUTION]", "> **No apply brings back what is lost here:**")
        yield from (f"> - {stack}: {_told(resource)}" for stack, resource in losses)
    yield from ("", f"| stack | {' | '.join(ACTIONS)} |", f"|---|{'---:|' * len(ACTIONS)}")
    for stack, plan in plans.items():
        counts = ("failed",) if isinstance(plan, str) else tuple(plan.count(action) or "" for action in ACTIONS)
        yield f"| {stack} | {' | '.join(map(str, counts))} |"
    for stack, plan in plans.items():
        if isinstance(plan, str):
            yield from ("", f"**{stack}** has no plan:", "", "```text", plan, "```")
        elif plan.changes or plan.outputs:
            yield from ("", f"<details><summary>{stack}</summary>", "", *_details(plan), "", "</details>")


def _details(plan: Plan) -> Iterator[str]:
    # The dangerous is not what a long list is cut of.
    changes = sorted(plan.changes, key=lambda resource: (-ACTIONS.index(resource.action or "create"), resource.address))
    yield from (f"- {_told(resource)}" for resource in changes[:MOST])
    if left := len(changes) - MOST:
        yield from [f"- and {left} more"] if left > 0 else []
    if plan.outputs:
        yield f"- outputs: {', '.join(f'`{name}`' for name in plan.outputs)}"


def _told(resource: Resource) -> str:
    action = f"**{resource.action}**" if resource.action in {"replace", "delete"} else resource.action
    return f"{action} `{resource.address}`{f': {resource.why}' if resource.why else ''}"


def _losses(plans: Plans) -> Iterator[tuple[str, Resource]]:
    for stack, plan in _made(plans).items():
        yield from ((stack, resource) for resource in plan.changes if resource.loses)


def _made(plans: Plans) -> dict[str, Plan]:
    return {stack: plan for stack, plan in plans.items() if isinstance(plan, Plan)}
