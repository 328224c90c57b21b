"""The environment's AWS Budget."""

from typing import Any

import pytest

from tests.synth.conftest import SettingsOf, StacksOf, Synthesized, one

BUDGET = {"monthly_usd": 250, "emails": ["ann@example.com", "ben@example.com"]}


def test_mails_at_80_and_100_percent_and_when_more_is_forecast(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    budget = one(synthesized(settings_with({"budget": BUDGET})), "pipeline", "aws_budgets_budget")
    assert (budget["limit_amount"], budget["limit_unit"], budget["time_unit"]) == ("250", "USD", "MONTHLY")
    told = [(n["notification_type"], n["threshold"], n["threshold_type"]) for n in budget["notification"]]
    assert told == [
        ("ACTUAL", 80, "PERCENTAGE"),
        ("ACTUAL", 100, "PERCENTAGE"),
        ("FORECASTED", 100, "PERCENTAGE"),
    ]
    for notification in budget["notification"]:
        assert notification["comparison_operator"] == "GREATER_THAN"
        assert notification["subscriber_email_addresses"] == ["ann@example.com", "ben@example.com"]


@pytest.mark.parametrize(
    "tags", [{}, {"environment": "sandbox", "team": "search"}, {"Environment": "sandbox", "PROJECT": "a"}], ids=str
)
def test_counts_what_carries_the_tag_that_every_resource_has(
    tags: dict[str, Any], synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    stacks = synthesized(settings_with({"budget": BUDGET, "tags": tags}))
    (provider,) = stacks["pipeline"]["provider"]["aws"]
    (default,) = provider["default_tags"]
    (counted,) = one(stacks, "pipeline", "aws_budgets_budget")["cost_filter"]
    (tag,) = [tag for tag in default["tags"] if tag.lower() == "environment"]
    assert counted == {"name": "TagKeyValue", "values": [f"user:{tag}${default['tags'][tag]}"]}


def test_without_one_there_is_none(stacks_of: StacksOf) -> None:
    assert "aws_budgets_budget" in stacks_of("prod")["pipeline"]["resource"]
    assert "aws_budgets_budget" not in stacks_of("dev")["pipeline"]["resource"]
