"""Data Prepper's own reading of pipeline bodies, in one JVM that stays."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import processes, tools
from local.engine import data_prepper

_DRIVER = Path(__file__).with_name("DataPrepperValidation.java")
# What it starts with; the coordination store of the settings is another one of Data Prepper than memory, which cannot
# hold the dynamodb source.
_BODY = """\
version: "2"
first:
  source:
    dynamodb:
      tables: [{table_arn: "arn:aws:dynamodb:us-east-1:123456789012:table/first", stream: {}}]
      aws: {region: us-east-1}
  sink: [{opensearch: {hosts: ["https://localhost"], index: first, aws: {region: us-east-1}}}]
"""


class DataPrepper:
    """Answers until it is left."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    def refusals(self, body: str) -> list[str]:
        """Why Data Prepper refuses `body`, a YAML text; empty where it does not.

        It reads the body and makes source, processors and sinks of it; what it would find out only when it connects to
        the table, the domain or the bucket is not among them.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(body) + "\n")
            self._process.stdin.flush()
            answer: list[str] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise AssertionError(f"Data Prepper does not answer; last lines:\n{processes.tail(self._log)}") from None
        return answer


@contextmanager
def started(home: Path, directory: Path) -> Iterator[DataPrepper]:
    """Starts the Data Prepper in `home`, which takes seconds; its files and log go to `directory`."""
    body = directory / "body.yaml"
    body.write_text(_BODY)
    files = data_prepper.write_files(body, directory, {"AWS_REGION": "us-east-1"})
    log = directory / "data-prepper.log"
    environment = {**os.environ, "AWS_REGION": "us-east-1"}
    command: list[str | Path] = [
        *(tools.java_home() / "bin" / "java", "-Xmx512m", f"-Dlog4j.configurationFile={files.log_settings}"),
        *("-cp", f"{home}/lib/*", _DRIVER, files.body, files.settings),
    ]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            encoding="utf-8",
        ) as process,
    ):
        try:
            yield DataPrepper(process, log)
        finally:
            process.kill()
