"""IAM policies in few words."""

import json
from typing import Any

Statement = dict[str, Any]


def allow(action: str | list[str], resource: str | list[str] | None = None, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, **({"Resource": resource} if resource else {}), **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
