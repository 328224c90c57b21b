"""What Terraform would do: for each setting that changes alone, and for an upgrade from the last release."""

from pathlib import Path

from changes.alternatives import BESIDES
from changes.effects import effects
from changes.record import recorded
from changes.release import upgrades
from review.changes import Resource

# The others take minutes, and add little: `python -m changes record` plans them all.
BASES = ("private", "serverless", *BESIDES)


def test_each_change_does_what_is_recorded(tmp_path: Path) -> None:
    assert effects(BASES, tmp_path) == {base: recorded()[base] for base in BASES}


def test_an_upgrade_loses_nothing(tmp_path: Path) -> None:
    """Else a resource was renamed without `moved`, or an argument changed that replaces it."""
    plans = upgrades(tmp_path)
    lost = [f"{stack}: {one.action} {one.address}" for stack, plan in plans.items() for one in plan if is_lost(one)]
    assert lost == []


def is_lost(resource: Resource) -> bool:
    # The set-up function runs again when its package is another. The alarm on a pipeline's processor is gone on
    # purpose: AWS documents no values for the dimensions of its metric (docs/alarms.md).
    on_purpose = resource.type == "aws_lambda_invocation" or (
        resource.type == "aws_cloudwatch_metric_alarm" and resource.address.endswith("_cpu")
    )
    return resource.action in ("replace", "delete") and not on_purpose
