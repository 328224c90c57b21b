"""OpenSearch Ingestion: moto's control plane over engines that really run the pipelines' bodies."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import moto.osis.models
import moto.osis.urls
import yaml
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.osis.exceptions import ValidationException
from moto.osis.models import OpenSearchIngestionBackend
from moto.osis.models import Pipeline as MotoPipeline
from moto.osis.responses import OpenSearchIngestionResponse

import osis
from local import engine, processes
from local.emulator import ANY_SECRET
from local.emulator.authorization import COORDINATION_TABLE, osis_key

# How long an engine must have lived before its pipeline counts as active; a body that it refuses ends it sooner.
_SETTLE_SECONDS: Mapping[engine.Kind, float] = {"embedded": 2, "data-prepper": 15}
_RESTART_SECONDS = 1.0
_REASON_LINES = 10
_FAILED = {"CREATING": "CREATE_FAILED", "UPDATING": "UPDATE_FAILED", "STARTING": "START_FAILED"}


class Pipelines:
    """The engines of one emulator. `environment` is what each gets besides its credentials and Region."""

    def __init__(self, directory: Path, kind: engine.Kind, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._kind = kind
        self._environment = environment
        self._engines: list[_Engine] = []

    def install(self) -> None:
        """Puts engines under moto's pipelines, and checks bodies as the service does."""
        new_engine = self._new_engine

        class Pipeline(_Pipeline):
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                self.engine = new_engine(self.pipeline_name, self.region)
                self.engine.start(self.pipeline_configuration_body_str)

        moto.osis.models.Pipeline = Pipeline
        create = OpenSearchIngestionBackend.create_pipeline
        update = OpenSearchIngestionBackend.update_pipeline

        def create_checked(backend: OpenSearchIngestionBackend, **arguments: Any) -> MotoPipeline:
            _require_valid(arguments["pipeline_configuration_body"], backend.region_name)
            return create(backend, **arguments)

        def update_checked(backend: OpenSearchIngestionBackend, **arguments: Any) -> MotoPipeline:
            if arguments["pipeline_configuration_body"] is not None:
                _require_valid(arguments["pipeline_configuration_body"], backend.region_name)
            return update(backend, **arguments)

        OpenSearchIngestionBackend.pipelines = property(_those_there_are)
        OpenSearchIngestionBackend.create_pipeline = create_checked
        OpenSearchIngestionBackend.update_pipeline = update_checked
        OpenSearchIngestionResponse.validate_pipeline = _validate
        moto.osis.urls.url_paths["{0}/2022-01-01/osis/validatePipeline$"] = OpenSearchIngestionResponse.dispatch

    def stop(self) -> None:
        """Ends every engine."""
        for running in self._engines:
            running.stop()

    def _new_engine(self, pipeline: str, region: str) -> "_Engine":
        credentials = {"AWS_ACCESS_KEY_ID": osis_key(pipeline), "AWS_SECRET_ACCESS_KEY": ANY_SECRET}
        environment = {**self._environment, **credentials, "AWS_REGION": region}
        created = _Engine(self._kind, self._directory / pipeline, environment)
        self._engines.append(created)
        return created


class _Engine:
    """The engine of one pipeline; one that dies is started again, as the service does with its workers.

    `failed` says that it ended before it settled, or refused the body.
    Files: ``body.yaml``, ``engine.log``, and the checkpoint of the embedded engine.
    """

    def __init__(self, kind: engine.Kind, directory: Path, environment: Mapping[str, str]) -> None:
        self._kind = kind
        self._directory = directory
        self._environment = environment
        self._body = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._lock = threading.Lock()
        self.failed = False

    @property
    def settled(self) -> bool:
        return time.monotonic() - self._started >= _SETTLE_SECONDS[self._kind]

    @property
    def last_words(self) -> str:
        return processes.tail(self._directory / engine.LOG, _REASON_LINES)

    def start(self, body: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._body = body
        (self._directory / "body.yaml").write_text(body)
        self._started = time.monotonic()
        self.failed = False
        self._launch()

    def stop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process:
            with process as running:
                running.terminate()
            self._release()

    def _launch(self) -> None:
        body_file = self._directory / "body.yaml"
        self._process = engine.launch(self._kind, body_file, self._directory, self._environment)
        threading.Thread(target=self._watch, args=(self._process,), name="engine", daemon=True).start()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        refused = process.wait() == engine.REFUSED
        with self._lock:
            if process is self._process and (refused or not self.settled):
                self.failed = True
                return
        time.sleep(_RESTART_SECONDS)
        with self._lock:
            if process is self._process:
                self._release()
                self._launch()

    def _release(self) -> None:
        """Returns the leases that Data Prepper had no time to return; the next one would wait ten minutes for them."""
        for _, partition in self._partitions():
            partition.attrs.pop("partitionOwnershipTimeout", None)

    def forget(self) -> None:
        """Lets the next start begin with an export, as a pipeline that was stopped does on AWS."""
        (self._directory / "state.json").unlink(missing_ok=True)
        for table, partition in self._partitions():
            table.delete_item(partition.hash_key, partition.range_key)

    def _partitions(self) -> Iterator[tuple[Table, Item]]:
        """What Data Prepper remembers of this pipeline, with the table that it is in."""
        prefixes = tuple(f"{name}|" for name in yaml.safe_load(self._body))
        for backend in dynamodb_backends[ACCOUNT].values():
            if table := backend.tables.get(COORDINATION_TABLE):
                for item in list(table.all_items()):
                    if str(item.hash_key.value).startswith(prefixes):
                        yield table, item


class _Pipeline(MotoPipeline):  # type: ignore[misc] # moto is untyped here
    """`_status` holds the last thing asked for; `status` what became of it."""

    engine: _Engine

    @property
    def status(self) -> str:
        asked: str = self._status
        if asked not in _FAILED:
            return asked
        if self.engine.failed:
            return _FAILED[asked]
        return "ACTIVE" if self.engine.settled else asked

    @status.setter
    def status(self, asked: str) -> None:
        self._status = asked

    @property
    def STATUS_REASON_MAP(self) -> Mapping[str, str]:  # noqa: N802 - moto's name
        reasons: Mapping[str, str] = super().STATUS_REASON_MAP
        return {**reasons, **dict.fromkeys(_FAILED.values(), self.engine.last_words)}

    def update(self, *arguments: Any) -> None:
        before, stopped = self.pipeline_configuration_body_str, self._status == "STOPPED"
        super().update(*arguments)
        if stopped:
            self.status = "STOPPED"
        elif self.pipeline_configuration_body_str != before or self.engine.failed:
            self.engine.stop()
            self.engine.start(self.pipeline_configuration_body_str)

    def start(self) -> None:
        super().start()
        self.engine.start(self.pipeline_configuration_body_str)

    def stop(self) -> None:
        super().stop()
        self.engine.stop()
        self.engine.forget()
        self.status = "STOPPED"

    def delete(self) -> None:
        super().delete()
        self.engine.stop()
        self.engine.forget()
        self.status = "DELETED"


def _those_there_are(backend: OpenSearchIngestionBackend) -> dict[str, MotoPipeline]:
    """Always the same dictionary: moto's own, a new one each time, loses one of two that are created at once."""
    there: dict[str, MotoPipeline] = backend._pipelines
    for name, pipeline in list(there.items()):
        if pipeline.status == "DELETED":
            there.pop(name, None)
    return there


def _require_valid(body: str, region: str) -> None:
    if problems := _errors(body, region):
        raise ValidationException(f"Pipeline configuration is not valid: {'; '.join(problems)}")


def _errors(body: str, region: str) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in osis.check(body, region) if problem.severity == "error"]


def _validate(response: OpenSearchIngestionResponse) -> str:
    """ValidatePipeline, which moto lacks."""
    problems = _errors(response._get_param("PipelineConfigurationBody"), response.region)
    return json.dumps({"isValid": not problems, "Errors": [{"Message": problem} for problem in problems]})
