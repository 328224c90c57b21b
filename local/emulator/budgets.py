"""Budgets: who is told of a notification, tags and updates, which Terraform asks for and moto lacks."""

import json

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget, Notification
from moto.budgets.responses import BudgetsResponse
from moto.utilities.tagging_service import TaggingService

_tags = TaggingService("ResourceTags")


def install() -> None:
    create, delete = BudgetsResponse.create_budget, BudgetsResponse.delete_budget

    def create_with_tags(response: BudgetsResponse) -> str:
        answer: str = create(response)
        _tags.tag_resource(
            _arn(response, response._get_param("Budget")["BudgetName"]), response._get_param("ResourceTags")
        )
        return answer

    def delete_with_tags(response: BudgetsResponse) -> str:
        answer: str = delete(response)
        _tags.delete_all_tags_for_resource(_arn(response, response._get_param("BudgetName")))
        return answer

    BudgetsResponse.create_budget = create_with_tags
    BudgetsResponse.delete_budget = delete_with_tags
    BudgetsResponse.update_budget = _update
    BudgetsResponse.describe_subscribers_for_notification = _subscribers
    BudgetsResponse.list_tags_for_resource = _list_tags
    BudgetsResponse.tag_resource = _tag
    BudgetsResponse.untag_resource = _untag


def _update(response: BudgetsResponse) -> str:
    """Notifications stay; they are not part of what is given."""
    given = response._get_param("NewBudget")
    former = _budget(response, given["BudgetName"])
    updated = Budget(given, [])
    updated.notifications = former.notifications
    response.backend.budgets[response.current_account][given["BudgetName"]] = updated
    return json.dumps({})


def _subscribers(response: BudgetsResponse) -> str:
    budget, asked = _budget(response, response._get_param("BudgetName")), response._get_param("Notification")
    found: Notification | None = next((one for one in budget.notifications if one.details == asked), None)
    if found is None:
        raise NotFoundException(f"Unable to get subscribers - notification {asked} does not exist.")
    return json.dumps({"Subscribers": found.subscribers})


def _list_tags(response: BudgetsResponse) -> str:
    return json.dumps(_tags.list_tags_for_resource(_known(response)))


def _tag(response: BudgetsResponse) -> str:
    _tags.tag_resource(_known(response), response._get_param("ResourceTags"))
    return json.dumps({})


def _untag(response: BudgetsResponse) -> str:
    _tags.untag_resource_using_names(_known(response), response._get_param("ResourceTagKeys"))
    return json.dumps({})


def _known(response: BudgetsResponse) -> str:
    """The ARN that a call about tags names, of a budget that is there."""
    arn: str = response._get_param("ResourceARN")
    _budget(response, arn.partition(":budget/")[2])
    return arn


def _budget(response: BudgetsResponse, name: str) -> Budget:
    there = response.backend.budgets[response.current_account]
    if name not in there:
        raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
    return there[name]


def _arn(response: BudgetsResponse, name: str) -> str:
    return f"arn:{response.partition}:budgets::{response.current_account}:budget/{name}"
