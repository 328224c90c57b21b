"""Who calls, and whether that is who the environment is for."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from doctor.finding import Finding, bad, code, good

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


def caller(sts: Any, account_id: str) -> tuple[str | None, list[Finding]]:
    """The ARN of who calls, None where nobody does, and what there is to say about that."""
    log_in = "log in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID; aws sts get-caller-identity must answer"
    try:
        identity = sts.get_caller_identity()
    except ClientError as error:
        why = "they have expired" if code(error) in _EXPIRED else f"AWS does not know them: {code(error)}"
        return None, [bad("credentials", why, log_in)]
    except BotoCoreError as error:
        return None, [bad("credentials", str(error), log_in)]
    found = [good("credentials", identity["Arn"])]
    if identity["Account"] == account_id:
        return identity["Arn"], [*found, good("account", account_id)]
    remedy = "use credentials of that account, or change account_id"
    wrong = bad("account", f"the caller's is {identity['Account']}, account_id is {account_id}", remedy)
    return None, [*found, wrong]


def region(ec2: Any, name: str) -> Iterator[Finding]:
    """Whether the account has enabled the Region."""
    (found,) = ec2.describe_regions(RegionNames=[name], AllRegions=True)["Regions"]
    if found.get("OptInStatus") == "not-opted-in":
        yield bad("region", f"{name} is not enabled", "enable it: AWS account settings, Regions")
    else:
        yield good("region", name)
