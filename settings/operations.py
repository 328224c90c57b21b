"""Running the system from day to day: who is told when something is wrong, what it may cost, and when it works."""

import zoneinfo
from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from settings.values import Email, Model, matching


class Alarms(Model):
    """Alarms of pipelines and domain, and a dashboard of their metrics in CloudWatch."""

    emails: tuple[Email, ...] = Field(
        description="who is told; SNS asks each by e-mail to confirm, and tells nobody before that"
    )
    # What is later than a day is lost: the stream keeps a change for 24 hours.
    latency_seconds: int = Field(
        300, ge=10, le=43_200, description="longest time from a change to its document that is still well"
    )


class Budget(Model):
    """Mail before a month costs more than it should."""

    monthly_usd: int = Field(ge=1, le=1_000_000, description="what a month may cost in whole US dollars")
    # CreateBudget takes ten subscribers for each notification (AWS Budgets API).
    emails: tuple[Email, ...] = Field(
        max_length=10, description="who is told at 80 % and 100 %, and when more is forecast"
    )


TimeOfDay = Annotated[str, matching(r"([01]\d|2[0-3]):[0-5]\d", "a time of day: '08:00'")]


def _known(timezone: str) -> str:
    if timezone not in zoneinfo.available_timezones():
        allowed = "a time zone of the IANA database: Europe/Berlin"
        raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})
    return timezone


class Hours(Model):
    """When the pipelines run; at all other times they are stopped, and no OCU is paid."""

    start: TimeOfDay = Field(description="when the pipelines start")
    stop: TimeOfDay = Field(description="when they stop, on the same day")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), description="days on which they run"
    )
    timezone: Annotated[str, AfterValidator(_known)] = Field(
        description="IANA time zone of start and stop, with its daylight saving time"
    )

    @property
    def minutes(self) -> int:
        """Of one day, from start to stop; negative where the stop is the earlier one."""
        start, stop = time.fromisoformat(self.start), time.fromisoformat(self.stop)
        return (stop.hour - start.hour) * 60 + stop.minute - start.minute


# The subject of a token of GitHub begins with it, since July 2026 with the numbers of new and renamed repositories:
# https://docs.github.com/en/actions/concepts/security/openid-connect
Repository = Annotated[
    str,
    matching(
        r"[A-Za-z0-9-]+(@\d+)?/[\w.-]+(@\d+)?",
        "a repository of GitHub as its tokens name it: owner/name, or owner@123456/name@456789",
    ),
]


class Delivery(Model):
    """Who deploys: workflows of a repository, as one role to plan and one to deploy, without a key that lasts."""

    repository: Repository = Field(description="whose workflows may take the roles: owner/name, or with their numbers")
    branch: Annotated[str, matching(r"[\w./-]+", "the name of a branch")] = Field(
        "main", description="besides pull requests, the branch whose workflows may plan"
    )
    # IAM takes one provider for each URL (IAM API, CreateOpenIDConnectProvider).
    oidc_provider: Literal["made", "existing"] = Field(
        "made", description="an account has one for GitHub: existing where another environment or somebody else made it"
    )
