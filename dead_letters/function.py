"""The function of an environment that lists and replays dead letters, called as often as it takes."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# A little more than the function may run.
ANSWER_SECONDS = 930
EXAMPLES = 3
TAKEN = ("written", "deleted", "overtaken")


class CallFailed(Exception):
    """The function could not be called, or did not do it; the message says why and what to do."""


@dataclass
class Reason:
    """Letters of one index that are there for one reason. Times are in ISO 8601."""

    pipeline: str
    index: str
    reason: str
    count: int
    first: str | None
    last: str | None
    message: str
    """OpenSearch's whole message about one of them."""
    examples: list[str]
    """Ids of documents."""

    def add(self, other: "Reason") -> None:
        """More of the same."""
        self.count += other.count
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)
        self.examples = [*self.examples, *other.examples][:EXAMPLES]


@dataclass
class Found:
    """What there is, or what became of it."""

    letters: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    _reasons: dict[tuple[str, str, str], Reason] = field(default_factory=dict)

    @property
    def reasons(self) -> list[Reason]:
        """Of letters that are there now, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda one: (-one.count, one.pipeline, one.index, one.reason))

    @property
    def taken(self) -> int:
        return sum(self.fates[fate] for fate in TAKEN)

    def add(self, answer: dict[str, Any]) -> None:
        """One answer of the function."""
        self.letters += answer["letters"]
        self.fates.update(answer["fates"])
        for one in answer["reasons"]:
            reason = Reason(**one)
            key = (reason.pipeline, reason.index, reason.reason)
            if key in self._reasons:
                self._reasons[key].add(reason)
            else:
                self._reasons[key] = reason


class Function:
    """`moved` is told how many letters were read so far in a walk."""

    def __init__(self, settings: Settings, moved: Callable[[int], object]) -> None:
        self._name = settings.names.function_arn(settings.names.dead_letters)
        self._moved = moved
        config = Config(read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1})
        self._client: LambdaClient = boto3.client("lambda", region_name=settings.region, config=config)

    def list(self, table: str | None) -> Found:
        """What there is of one table, None: of all. Raises CallFailed."""
        return self._walk("list", table)

    def replay(self, table: str | None) -> Found:
        """What became of all of them; of letters that stay the reasons. Raises CallFailed.

        A letter may have to wait for a newer one of the same item: it is done again as long as that helps.
        """
        taken: Counter[str] = Counter()
        while True:
            found = self._walk("replay", table)
            taken.update({fate: found.fates[fate] for fate in TAKEN})
            if not found.taken or not found.fates["waiting"]:
                found.fates = taken
                return found

    def _walk(self, action: str, table: str | None) -> Found:
        found, after = Found(), None
        while True:
            answer = self._call({"action": action, "table": table, "after": after})
            found.add(answer)
            self._moved(found.letters)
            after = answer["after"]
            if after is None:
                return found

    def _call(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event))
        except ClientError as error:
            raise CallFailed(f"{self._name}: {_advice(error)}") from error
        except BotoCoreError as error:
            raise CallFailed(f"{self._name}: {error}") from error
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            why = f"{payload.get('errorType')}: {payload.get('errorMessage')}"
            raise CallFailed(f"{why}; what was replayed so far is done, run it again")
        return payload


def _advice(error: ClientError) -> str:
    match error.response["Error"]["Code"]:
        case "ResourceNotFoundException":
            return "there is no such function; apply the environment first"
        case "TooManyRequestsException":
            return "somebody else is at it, and one at a time is enough; run it again later"
        case "AccessDeniedException":
            return f"{error}; lambda:InvokeFunction on it is all that is needed"
        case _:
            return str(error)
