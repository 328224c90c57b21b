"""An AWS Budget of the environment: mail before a month costs more than it should."""

from cdktf_cdktf_provider_aws.budgets_budget import (
    BudgetsBudget,
    BudgetsBudgetCostFilter,
    BudgetsBudgetNotification,
)
from constructs import Construct

from settings import Budget, Settings

# Kind of cost and share of the budget in percent. A forecast takes AWS weeks of history.
NOTIFICATIONS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def monthly_budget(scope: Construct, id: str, settings: Settings, budget: Budget) -> BudgetsBudget:  # noqa: A002
    """Counts what carries the environment's tag, which `stacks.base` gives to everything."""
    # Values of a filter are alternatives: it cannot ask for project and environment.
    tag, value = settings.environment_tag
    return BudgetsBudget(
        scope,
        id,
        name=settings.names.budget,
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(budget.monthly_usd),
        limit_unit="USD",
        # As AWS Budgets writes a tag that a user gave.
        cost_filter=[BudgetsBudgetCostFilter(name="TagKeyValue", values=[f"user:{tag}${value}"])],
        notification=[
            BudgetsBudgetNotification(
                comparison_operator="GREATER_THAN",
                notification_type=kind,
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_email_addresses=list(budget.emails),
            )
            for kind, percent in NOTIFICATIONS
        ],
    )
