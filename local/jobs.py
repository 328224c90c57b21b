"""What each role of the system is for, done once: the shortest run that uses all of its permissions."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

from opensearchpy import OpenSearch

from functions.search_setup.dashboards import import_objects
from functions.search_setup.domain import Domain
from local import processes
from local.deployment import TABLE, Deployment

LIMIT_SECONDS = 60
_PASSING = 999
_ELSEWHERE = "elsewhere"
"""An index that has nothing to do with the table."""


class Jobs:
    """Jobs of one deployed system; `refused` holds what was denied to anybody since the last one began."""

    def __init__(self, system: Deployment) -> None:
        self._system = system
        self._numbers = itertools.count()
        self._seen = 0
        stack = json.loads((system.terraform("pipeline").directory / "cdk.tf.json").read_text())
        event = json.loads(stack["resource"]["aws_lambda_invocation"]["search_setup_run"]["input"])
        self.setup: dict[str, Any] = {
            **event,
            "endpoint": system.aws.domain_endpoint,
            "sessions": {**event["sessions"], "user_pool_id": system.pools["UserPoolId"]},
        }
        self._work: dict[str, Callable[[], None]] = {
            "pipeline": self._pipeline,
            "seed": self._seed,
            "set-up": self._set_up,
            "replay": self._replay,
            "connect": self._connect,
            "reader": self._reader,
            "administrator": self._administrator,
            "access-logs": self._access_logs,
        }

    def __iter__(self) -> Iterator[str]:
        """The names of all jobs."""
        return iter(self._work)

    def __enter__(self) -> Self:
        self._system.search.index(index=_ELSEWHERE, id="it", body={"secret": True}, refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._system.search.indices.delete(index=_ELSEWHERE)

    @property
    def refused(self) -> list[str]:
        return [
            f"{decision['who']} {decision['action']} on {decision['resource']}"
            for decision in self._system.refusals(self._seen)
        ]

    def begin(self, job: str, worker: Executor) -> "Future[None]":
        """Do one of them. It raises when it cannot be done, and ends early once something is refused."""
        self._seen = len(self._system.decisions())
        return worker.submit(self._work[job])

    def _pipeline(self) -> None:
        """Export and stream into a new index: an insert with a new attribute, an update, a delete, a dead letter."""
        system, number = self._system, next(self._numbers)
        osis, dynamodb, table = system.aws.client("osis"), system.aws.client("dynamodb"), system.table_name()
        (pipeline,) = system.settings.pipelines
        name = pipeline.names.pipeline
        status = partial(osis.get_pipeline, PipelineName=name)
        # One that has just been started cannot be stopped yet.
        self._wait(lambda: status()["Pipeline"]["Status"] == "ACTIVE", "the pipeline is active")
        osis.stop_pipeline(PipelineName=name)
        system.search.indices.delete(index=pipeline.families[0].index, ignore=[404])
        self._forget_dead_letters()
        leaving, poison = self._item(f"leaving-{number}"), self._item(f"poison-{number}")
        dynamodb.put_item(TableName=table, Item=leaving)
        osis.start_pipeline(PipelineName=name)
        try:
            self._wait(lambda: not system.differences(), "the export is in the index")
            dynamodb.put_item(TableName=table, Item={**self._item("arrived"), f"new-{number}": {"S": "x"}})
            dynamodb.delete_item(TableName=table, Key=leaving)
            self._wait(lambda: not system.differences(), "the changes are in the index")
            dynamodb.put_item(TableName=table, Item={**poison, "price": {"S": "no number"}})
            self._wait(lambda: bool(self._dead_letters()), "there is a dead letter")
        finally:
            for item in (leaving, poison):
                dynamodb.delete_item(TableName=table, Key=item)

    def _seed(self) -> None:
        seeder = self._system.settings.names.table(TABLE).seeder
        event = {"action": "fill", "source": "sample", "items": 20, "seed": 1, "until": "2026-11-01T00:00:00Z"}
        self._invoke(seeder, event)

    def _set_up(self) -> None:
        """Another length of sessions and then the right one, so that something changes; a generation comes and goes."""
        wanted, function = self.setup["sessions"], self._system.settings.names.search_setup
        (there,) = self.setup["generations"]
        (family,) = there["families"]
        passing = {
            **there,
            "pipeline": f"{there['table']}-{_PASSING}",
            "generation": _PASSING,
            "families": [{**family, "alias": "passing", "pattern": f"passing-{_PASSING}"}],
        }
        for minutes, generations in ((1, [there, passing]), (0, [there])):
            sessions = {**wanted, "session_minutes": wanted["session_minutes"] + minutes}
            self._invoke(function, {**self.setup, "sessions": sessions, "generations": generations})
        gone = {"endpoint": self.setup["endpoint"], "table": there["table"], "generation": _PASSING}
        self._invoke(function, {**gone, "action": "retire", "tf": {"action": "delete", "prev_input": None}})

    def _replay(self) -> None:
        """A document with a new attribute written after all, one deleted that has no item, one left where it is."""
        system, number = self._system, next(self._numbers)
        search, dynamodb, table = system.search, system.aws.client("dynamodb"), system.table_name()
        (pipeline,) = system.settings.pipelines
        index, folder = pipeline.families[0].index, pipeline.names.dlq_prefix
        refused, gone = f"refused-{number}", f"gone-{number}"
        self._forget_dead_letters()
        search.index(index=index, id=gone, body={}, version=1, version_type="external")
        # So that the pipeline finds its document refused, which has an attribute more than there may be.
        search.indices.put_settings(index=index, body={"index.mapping.total_fields.limit": 1})
        try:
            dynamodb.put_item(TableName=table, Item={**self._item(refused), refused: {"S": "x"}})
            self._wait(lambda: bool(self._dead_letters()), "there is a dead letter")
        finally:
            search.indices.put_settings(index=index, body={"index.mapping.total_fields.limit": None})
        self._forget_dead_letters()
        written, elsewhere = self._letter(index, refused, **{refused: "x"}), self._letter(_ELSEWHERE, refused)
        self._put_dead_letters(f"{folder}some-{number}.json", written, elsewhere)
        self._put_dead_letters(f"{folder}all-{number}.json", self._letter(index, gone))
        try:
            answer = self._invoke(
                system.settings.names.dead_letters, {"action": "replay", "table": None, "after": None}
            )
            if answer["fates"] != {"written": 1, "deleted": 1, "kept": 1}:
                raise RuntimeError(f"what became of the letters: {answer}")
        finally:
            dynamodb.delete_item(TableName=table, Key=self._item(refused))
            self._forget_dead_letters()

    def _connect(self) -> None:
        """Dashboards taken from Cognito and connected again, with a new client, which the role mapping then follows."""
        domains, pools = self._system.aws.client("opensearch"), self._system.aws.client("cognito-identity")
        name, options = self._system.settings.names.domain, self._system.pools
        roles = pools.get_identity_pool_roles(IdentityPoolId=options["IdentityPoolId"])
        domains.update_domain_config(DomainName=name, CognitoOptions={**options, "Enabled": False})
        self._forget_clients(options["UserPoolId"], options["IdentityPoolId"])
        domains.update_domain_config(DomainName=name, CognitoOptions={**options, "Enabled": True})
        pool = pools.describe_identity_pool(IdentityPoolId=options["IdentityPoolId"])
        (provider,) = pool["CognitoIdentityProviders"]
        (mapping,) = roles["RoleMappings"].values()
        pools.set_identity_pool_roles(
            IdentityPoolId=options["IdentityPoolId"],
            Roles=roles["Roles"],
            RoleMappings={f"{provider['ProviderName']}:{provider['ClientId']}": mapping},
        )

    def _forget_clients(self, user_pool_id: str, identity_pool_id: str) -> None:
        """Clients that the service left behind when it was refused half way."""
        users, identities = self._system.aws.client("cognito-idp"), self._system.aws.client("cognito-identity")
        for client in users.list_user_pool_clients(UserPoolId=user_pool_id, MaxResults=60)["UserPoolClients"]:
            users.delete_user_pool_client(UserPoolId=user_pool_id, ClientId=client["ClientId"])
        pool = identities.describe_identity_pool(IdentityPoolId=identity_pool_id)
        kept = ("IdentityPoolId", "IdentityPoolName", "AllowUnauthenticatedIdentities", "AllowClassicFlow")
        identities.update_identity_pool(
            **{name: pool[name] for name in kept if name in pool}, CognitoIdentityProviders=[]
        )

    def _reader(self) -> None:
        """An analyst signs in, searches, and saves a dashboard."""
        search = self._signed_in(self._system.settings.dashboards.analysts.users)
        body = {"size": 1, "aggs": {"values": {"value_count": {"field": "_id"}}}}
        search.search(index=TABLE, body=body)
        self._save(search)

    def _administrator(self) -> None:
        """An administrator signs in and looks after cluster, indices and Dashboards, of this system or not."""
        search = self._signed_in(self._system.settings.dashboards.administrators.users)
        search.cluster.health()
        search.search(index=_ELSEWHERE, body={"size": 1})
        search.indices.put_settings(index=_ELSEWHERE, body={"index": {"refresh_interval": "2s"}})
        self._save(search)

    def _access_logs(self) -> None:
        """The export bucket's access logs turned on again, for which S3 looks whether it may deliver them."""
        s3, bucket = self._system.aws.client("s3"), self._system.settings.names.export_bucket
        logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": logging})

    def _signed_in(self, users: Sequence[str]) -> OpenSearch:
        return self._system.search_as(self._system.sign_in(users[0]))

    def _save(self, search: OpenSearch) -> None:
        """Saved objects, stored as a person stores them: the same request, with the person's rights."""
        import_objects(Domain(search, lambda: LIMIT_SECONDS), self._system.settings.saved_objects)

    def _item(self, identity: str) -> dict[str, dict[str, str]]:
        return {"order_id": {"S": identity}}

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        """The function's answer, once its log is where it belongs."""
        client, logs = self._system.aws.client("lambda"), self._system.aws.client("logs")
        group = self._system.settings.names.function_log_group(function)

        def lines() -> int:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            return sum(len(page["events"]) for page in pages)

        before = lines()
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
        payload = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise RuntimeError(payload)
        if lines() == before:
            raise RuntimeError(f"{function} left no line in {group}")
        return json.loads(payload)

    def _dead_letters(self) -> list[str]:
        bucket = self._system.settings.names.export_bucket
        found = self._system.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="dlq/")
        return [entry["Key"] for entry in found.get("Contents", [])]

    def _forget_dead_letters(self) -> None:
        for letter in self._dead_letters():
            self._system.aws.client("s3").delete_object(Bucket=self._system.settings.names.export_bucket, Key=letter)

    def _put_dead_letters(self, key: str, *letters: dict[str, Any]) -> None:
        self._system.aws.client("s3").put_object(
            Bucket=self._system.settings.names.export_bucket, Key=key, Body=json.dumps({"dlqObjects": letters})
        )

    @staticmethod
    def _letter(index: str, identity: str, **attributes: str) -> dict[str, Any]:
        """As Data Prepper would have written it some seconds ago: what it has just written, no replay takes."""
        data = {"index": index, "indexId": identity, "document": {"order_id": identity, **attributes}}
        return {"failedData": data, "timestamp": (datetime.now(UTC) - timedelta(seconds=10)).isoformat()}

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        processes.wait_until(lambda: condition() or bool(self.refused), limit_seconds=LIMIT_SECONDS, what=what)
        if self.refused:
            raise RuntimeError(f"refused before {what}: {self.refused[0]}")
