"""Single values that AWS or OpenSearch limits, and the base of every model."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """Frozen, strict, and nothing unknown."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=False)


def matching(pattern: str, allowed: str) -> AfterValidator:
    """A text that is `pattern` from end to end, its digits and letters those of ASCII; `allowed` tells a person."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})
        return value

    return AfterValidator(check)


# OSIS runs in Regions that are enabled by default, not in opt-in Regions (AWS General Reference, OpenSearch endpoints).
Region = Literal[
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
]  # fmt: skip

# The values that CloudWatch Logs accepts (PutRetentionPolicy).
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922)


def _retention(days: int) -> int:
    if days not in RETENTIONS:
        allowed = f"one of {', '.join(map(str, RETENTIONS))}"
        raise PydanticCustomError("pattern", "{allowed}", {"allowed": allowed})
    return days


# No Literal, which takes true for 1.
RetentionDays = Annotated[int, AfterValidator(_retention)]

Email = Annotated[
    str,
    # RFC 5321, dot-string and domain; no literal, no quotes.
    matching(
        r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}",
        "an e-mail address: name@example.com",
    ),
]

# A role without its session: the form in which the domain's policy and its role mappings know a caller.
RoleArn = Annotated[
    str,
    matching(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,512}", "the ARN of a role: arn:aws:iam::111122223333:role/name"),
]

KeyArn = Annotated[
    str,
    matching(
        r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[a-f0-9-]{36}",
        "the ARN of a key, not of an alias: arn:aws:kms:us-east-1:111122223333:key/1234abcd-…",
    ),
]

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html takes more; these
# characters need no escape anywhere.
GroupName = Annotated[str, matching(r"[A-Za-z0-9_.-]{1,128}", "1 to 128 of letters, digits, _, . and -")]

AttributeName = Annotated[
    str, matching(r"[^\s.][^.]{0,254}", "1 to 255 characters without a dot (a dot would nest the field)")
]

# Part of the pipeline's name; a hyphen only between letters and digits, for it becomes part of Terraform's addresses.
TableKey = Annotated[
    str,
    matching(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "lower-case letters, digits and single hyphens between them"),
]

# DynamoDB API, CreateTable.
TableName = Annotated[str, matching(r"[A-Za-z0-9_.-]{3,255}", "3 to 255 of letters, digits, _, . and -")]

# OpenSearch documentation, create index: 255 bytes, of which the generation and the date take some.
IndexName = Annotated[
    str,
    matching(r"[a-z0-9][a-z0-9_.-]{0,229}", "1 to 230 of a-z, 0-9, _, . and -, a letter or digit first"),
]

# What is deployed comes from one folder, so that a review of that folder has seen it all.
FileName = Annotated[
    str,
    matching(
        r"(?!/)(?!(.*/)?\.\.(/|$))[^\x00-\x1f\x7f\\]{1,255}",
        "the path of a file beside the settings file, or in a folder there: data/orders.csv",
    ),
]

DomainName = Annotated[str, matching(r"[a-z][a-z0-9-]{2,27}", "the name of a domain: 3 to 28 of a-z, 0-9 and -")]
