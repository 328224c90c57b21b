"""When the pipelines run: EventBridge Scheduler starts and stops them by the clock.

Terraform does not know whether a pipeline is stopped (the provider has no argument for it), so that a plan stays empty.
"""

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.scheduler_schedule import (
    SchedulerSchedule,
    SchedulerScheduleFlexibleTimeWindow,
    SchedulerScheduleTarget,
    SchedulerScheduleTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.scheduler_schedule_group import SchedulerScheduleGroup
from constructs import Construct

from names import Names
from pipelines import Pipeline
from settings import Hours
from stacks.policies import Statement, document, service_trust

# A pipeline that is being updated can be neither started nor stopped; an update takes minutes.
RETRY_SECONDS = 30 * 60
RETRIES = 10


class Schedules(Construct):
    """A start and a stop for each pipeline, in a group of the environment's own, all with one role."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        hours: Hours,
        pipelines: Sequence[Pipeline],
        *,
        names: Names,
        kms_key_arn: str | None,
    ) -> None:
        super().__init__(scope, id)
        group = SchedulerScheduleGroup(self, "group", name=names.schedule_group)
        role = IamRole(
            self,
            "role",
            name=names.hours_role,
            description=f"Starts and stops the pipelines of {names.prefix}",
            # The source is the group, never one schedule (EventBridge Scheduler guide, confused deputy).
            assume_role_policy=service_trust("scheduler.amazonaws.com", names.account_id, names.schedule_group_arn),
        )
        policy = IamRolePolicy(
            self,
            "role-policy",
            name="hours",
            role=role.name,
            policy=document(
                Statement(
                    ("osis:StartPipeline", "osis:StopPipeline"),
                    tuple(names.pipeline_arn(pipeline.names.pipeline) for pipeline in pipelines),
                ),
                # The input of a schedule is read with the role's rights (the same guide, encryption at rest).
                *([Statement(("kms:Decrypt",), (kms_key_arn,))] if kms_key_arn else []),
            ),
        )
        for pipeline in pipelines:
            for action, time in (("start", hours.start), ("stop", hours.stop)):
                SchedulerSchedule(
                    self,
                    f"{pipeline.names.id}-{action}",
                    name=pipeline.names.schedule(action),
                    group_name=group.name,
                    description=f"{action.capitalize()}s the pipeline {pipeline.names.pipeline}",
                    schedule_expression=_cron(time, hours.days),
                    schedule_expression_timezone=hours.timezone,
                    flexible_time_window=SchedulerScheduleFlexibleTimeWindow(mode="OFF"),
                    kms_key_arn=kms_key_arn,
                    target=SchedulerScheduleTarget(
                        arn=f"arn:{names.partition}:scheduler:::aws-sdk:osis:{action}Pipeline",
                        role_arn=role.arn,
                        input=json.dumps({"PipelineName": pipeline.names.pipeline}),
                        retry_policy=SchedulerScheduleTargetRetryPolicy(
                            maximum_event_age_in_seconds=RETRY_SECONDS, maximum_retry_attempts=RETRIES
                        ),
                    ),
                    depends_on=[policy],
                )


def _cron(time: str, days: Sequence[str]) -> str:
    """EventBridge Scheduler's cron: minute, hour, day of the month, month, day of the week, year."""
    hour, minute = map(int, time.split(":"))
    return f"cron({minute} {hour} ? * {','.join(days).upper()} *)"
