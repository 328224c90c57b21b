"""The command, with the function's answers given under botocore, where Lambda's arrive."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from dead_letters.__main__ import main


def reason(pipeline: str = "orders-1", **changes: Any) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "index": pipeline,
        "reason": "failed to parse field [price]",
        "count": 1,
        "first": "2026-01-02T00:00:00+00:00",
        "last": "2026-01-03T00:00:00+00:00",
        "message": "failed to parse field [price] in document with id '[bold]'",
        "examples": ["a"],
        **changes,
    }


def answer(after: str | None = None, reasons: tuple[Any, ...] = (), letters: int = 0, **fates: int) -> dict[str, Any]:
    return {"letters": letters, "fates": fates, "reasons": list(reasons), "after": after}


@dataclass
class Lambda:
    """What is asked of it, and what it answers in turn: an answer of the function, or status and error of Lambda."""

    answers: list[dict[str, Any] | tuple[int, str]] = field(default_factory=list)
    failed: bool = False
    urls: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, request: Any, **_: Any) -> AWSResponse:
        self.urls.append(request.url)
        self.events.append(json.loads(request.body))
        given = self.answers.pop(0)
        if isinstance(given, tuple):
            status, code = given
            return self._response(request, status, {"message": "no"}, {"x-amzn-errortype": code})
        return self._response(request, 200, given, {"x-amz-function-error": "Unhandled"} if self.failed else {})

    @staticmethod
    def _response(request: Any, status: int, body: Any, headers: dict[str, str]) -> AWSResponse:
        known = HTTPHeaders()
        for name, value in headers.items():
            known[name] = value
        raw = io.BytesIO(json.dumps(body).encode())
        raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined] # as urllib3's answers have it
        return AWSResponse(request.url, status, known, raw)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    session, lambda_ = boto3.Session(), Lambda()
    hooks: Any = session.events
    hooks.register("before-send.lambda.Invoke", lambda_.invoke)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    yield lambda_
    assert lambda_.answers == []


def test_letters_are_listed_as_one_over_all_answers(aws: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    aws.answers = [
        answer("dlq/orders-1/5", (reason(count=3, examples=["a", "b"]), reason("people-1")), 4),
        answer("dlq/orders-2/5", (reason(count=2, first="2026-01-01T00:00:00+00:00", examples=["c", "d"]),), 2),
        answer(None, (reason("", index="", first=None, last=None, reason="unreadable", message="is empty"),), 0),
    ]
    assert main(["dev"]) == 0
    assert [event["after"] for event in aws.events] == [None, "dlq/orders-1/5", "dlq/orders-2/5"]
    assert {(event["action"], event["table"]) for event in aws.events} == {("list", None)}
    assert "function%3Ashop-dev-dead-letters" in aws.urls[0]
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if "2026-01-01" in line)
    assert "orders-1" in row
    assert "2026-01-03" in row
    assert row.rstrip(" │").endswith("5")
    assert "with id '[bold]'" in shown
    assert shown.splitlines()[-1] == "dead-letters: environment=dev reasons=3 letters=7"


def test_nothing_there(aws: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    aws.answers = [answer()]
    assert main(["dev", "--table", "orders"]) == 0
    assert aws.events[0]["table"] == "orders"
    assert capsys.readouterr().out == "dead-letters: environment=dev reasons=0 letters=0\n"


def test_a_replay_goes_on_as_long_as_letters_wait_for_others(aws: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    waits = reason(reason="the item has changed since", message="the item has changed since")
    aws.answers = [
        answer("x", (), 10, written=10),
        answer(None, (waits,), 3, written=1, deleted=1, waiting=1),
        answer(None, (), 1, overtaken=1),
    ]
    assert main(["dev", "--replay"]) == 0
    assert [event["after"] for event in aws.events] == [None, "x", None]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "dead-letters: environment=dev written=11 deleted=1 overtaken=1 stay=0"


def test_a_replay_ends_where_it_does_not_help_and_says_what_stays(
    aws: Lambda, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers = [answer(None, (reason(count=2),), 3, refused=1, waiting=1)]
    assert main(["dev", "--replay"]) == 1
    shown = capsys.readouterr().out
    assert "failed to parse field [price]" in shown
    assert shown.splitlines()[-1] == "dead-letters: environment=dev written=0 deleted=0 overtaken=0 stay=2"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((404, "ResourceNotFoundException"), "there is no such function; apply the environment first"),
        ((429, "TooManyRequestsException"), "somebody else is at it"),
        ((403, "AccessDeniedException"), "lambda:InvokeFunction on it is all that is needed"),
        ((500, "ServiceException"), "An error occurred (ServiceException)"),
    ],
)
def test_what_lambda_refuses(
    aws: Lambda, capsys: pytest.CaptureFixture[str], given: tuple[int, str], said: str
) -> None:
    aws.answers = [given]
    assert main(["dev"]) == 1
    assert said in capsys.readouterr().err


def test_what_the_function_fails_at(aws: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    aws.answers, aws.failed = [{"errorType": "ReplayFailed", "errorMessage": "POST /_mget: no"}], True
    assert main(["dev", "--replay"]) == 1
    assert capsys.readouterr().err.startswith("ReplayFailed: POST /_mget: no; what was replayed so far is done")


def test_what_cannot_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert main(["dev", "--table", "people"]) == 2
    assert capsys.readouterr().err == "--table: 'people' is not a table here; use one of orders\n"
