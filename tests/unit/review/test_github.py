"""One comment, one issue: against a small GitHub that keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from review.github import NO_DRIFT, main

BOT, PERSON = {"type": "Bot"}, {"type": "User"}


class GitHub(HTTPServer):
    """The calls for comments and issues of the repository acme/search, two entries a page."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []


class _Call(BaseHTTPRequestHandler):
    server: GitHub

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, answer: Any) -> None:
        assert self.headers["Authorization"] == "Bearer token"
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _asked(self) -> tuple[list[dict[str, Any]], str]:
        path = urlsplit(self.path).path.removeprefix("/repos/acme/search/issues")
        return (self.server.comments if "comments" in path else self.server.issues), path

    def do_GET(self) -> None:
        entries, _ = self._asked()
        query = parse_qs(urlsplit(self.path).query)
        there = [one for one in entries if query.get("state", [one["state"]]) == [one["state"]]]
        start = 2 * (int(query["page"][0]) - 1)
        self._answer(there[start : start + 2])

    def _body(self) -> dict[str, Any]:
        given: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return given

    def do_POST(self) -> None:
        entries, path = self._asked()
        assert path in {"", "/7/comments"}
        number = len(entries) + 1
        entries.append({"id": number, "number": number, "user": BOT, "state": "open", **self._body()})
        self._answer(entries[-1])

    def do_PATCH(self) -> None:
        entries, path = self._asked()
        (found,) = (one for one in entries if str(one["id"]) == path.rpartition("/")[2])
        found.update(self._body())
        self._answer(found)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    server = GitHub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/search")
    monkeypatch.setenv("GITHUB_TOKEN", "token")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def summaries(folder: Path, *texts: str) -> str:
    for number, text in enumerate(texts):
        (folder / f"summary-{number}").mkdir(exist_ok=True)
        (folder / f"summary-{number}" / "plan.md").write_text(text)
    return str(folder)


def test_a_pull_request_has_one_comment_that_is_kept_up_to_date(github: GitHub, tmp_path: Path) -> None:
    others = [{"id": number, "user": PERSON, "state": "open", "body": "<!-- plan -->"} for number in (1, 2, 3)]
    github.comments += others
    assert main([summaries(tmp_path, "dev 1", "prod 1"), "--comment", "7"]) == 0
    assert main([summaries(tmp_path, "dev 2", "prod 2"), "--comment", "7"]) == 0
    *before, ours = github.comments
    assert before == others
    assert ours["body"] == "<!-- plan -->\ndev 2\nprod 2"


def test_without_a_plan_the_comment_stays_and_the_job_is_red(github: GitHub, tmp_path: Path) -> None:
    assert main([str(tmp_path), "--comment", "7"]) == 1
    assert github.comments == []


def test_drift_is_one_issue_until_it_is_gone(github: GitHub, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    assert main([str(nothing), "--issue"]) == 0
    assert github.issues == []
    for text in ("prod 1", "prod 2"):
        assert main([summaries(tmp_path, text), "--issue"]) == 0
    (issue,) = github.issues
    assert (issue["state"], issue["body"]) == ("open", "<!-- drift -->\nprod 2")
    assert main([str(nothing), "--issue"]) == 0
    assert issue["state"] == "closed"
    assert NO_DRIFT in issue["body"]
    # The next time is another issue.
    assert main([summaries(tmp_path, "prod 3"), "--issue"]) == 0
    assert [one["state"] for one in github.issues] == ["closed", "open"]
