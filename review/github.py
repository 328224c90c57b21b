"""`python3 -m review.github FOLDER --comment NUMBER | --issue`: summaries as one text on GitHub, kept up to date.

For workflows, which set GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL. Standard library only: the job that may
write to GitHub installs nothing.
"""

import argparse
import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What GitHub takes as the text of a comment or an issue, in characters.
LONGEST = 65_536
CUT = "\n\n(cut: the whole summary is in the workflow's run)\n"
PAGE = 100
PLAN, DRIFT = "<!-- plan -->", "<!-- drift -->"
TITLE = "What is deployed is not what main says"
NO_DRIFT = "What is deployed is what main says."


@dataclass(frozen=True)
class Repository:
    """`name` is ``owner/name``. Every call raises `urllib.error.HTTPError` where GitHub refuses."""

    api: str
    name: str
    token: str

    def comment(self, number: int, text: str) -> None:
        """Our one comment of a pull request."""
        found = self._ours(f"issues/{number}/comments", PLAN)
        body = {"body": f"{PLAN}\n{text}"}
        if found:
            self._call("PATCH", f"issues/comments/{found['id']}", body)
        else:
            self._call("POST", f"issues/{number}/comments", body)

    def issue(self, text: str) -> None:
        """Our one open issue about drift; without a text it is closed."""
        found = self._ours("issues?state=open", DRIFT)
        if not text:
            if found:
                self._call("PATCH", f"issues/{found['number']}", {"body": f"{DRIFT}\n{NO_DRIFT}", "state": "closed"})
            return
        body = {"title": TITLE, "body": f"{DRIFT}\n{text}"}
        if found:
            self._call("PATCH", f"issues/{found['number']}", body)
        else:
            self._call("POST", "issues", body)

    def _ours(self, path: str, marker: str) -> dict[str, Any] | None:
        """What a workflow wrote with this marker; people may quote it."""
        written = (one for one in self._all(path) if one["user"]["type"] == "Bot")
        return next((one for one in written if (one["body"] or "").startswith(marker)), None)

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        joint = "&" if "?" in path else "?"
        page = 1
        while entries := self._call("GET", f"{path}{joint}per_page={PAGE}&page={page}"):
            yield from entries
            page += 1

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is GitHub's own
            f"{self.api}/repos/{self.name}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)


def joined(summaries: Sequence[str], most: int = LONGEST - 1000) -> str:
    """One text that GitHub takes: each summary gets its share, so that none is cut for another's length."""
    share = most // max(len(summaries), 1)
    return "\n".join(
        text if len(text) <= share else text[: share - len(CUT)].rpartition("\n")[0] + CUT for text in summaries
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m review.github", description=__doc__)
    parser.add_argument("folder", type=Path, help="its *.md, in folders of any depth, are the summaries")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--comment", type=int, metavar="NUMBER", help="of a pull request")
    kind.add_argument("--issue", action="store_true", help="about drift; without any summary it is closed")
    options = parser.parse_args(arguments)
    repository = Repository(os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"])
    text = joined([file.read_text() for file in sorted(options.folder.rglob("*.md"))])
    if options.issue:
        repository.issue(text)
    elif text:
        repository.comment(options.comment, text)
    else:
        sys.stderr.write(f"{options.folder}: has no summary; no plan was made, look at its job\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
