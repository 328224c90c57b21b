"""Lambda functions really run: the uploaded zip, in a process of its own, with the rights of the function's role.

moto would need Docker for this. What differs from Lambda: the interpreter and its processor are this machine's, memory
is reported but not limited, and every invocation is a cold start.
"""

import base64
import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from sys import executable
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.exceptions import JsonRESTError
from moto.sts.models import AssumedRole

from local import processes
from local.emulator import calls, lambda_runtime
from local.emulator.authorization import Authorizer, identify, service
from local.emulator.refusals import Refusal

# What Lambda's Python runtime ships: boto3 and what boto3 needs.
_RUNTIME_MODULES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
# Importing the function's modules does not count against its time limit, on Lambda up to 10 s; we may be slower.
_INIT_SECONDS = 60
_LOG_TAIL_BYTES = 4096


class _NotAssumableError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    code = 403

    def __init__(self, why: str) -> None:
        sentence = f"The role defined for the function cannot be assumed by Lambda. {why}"
        super().__init__("AccessDeniedException", sentence)


class Functions:
    """`environment` is what every function's process gets besides its own variables and credentials."""

    def __init__(self, directory: Path, authorizer: Authorizer, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._authorizer = authorizer
        self._environment = environment
        self._runtime_modules = directory / "runtime"
        self._unpacking = threading.Lock()

    def install(self) -> None:
        """Puts these functions in the place of moto's, and lays out the modules of Lambda's runtime."""
        shutil.rmtree(self._runtime_modules, ignore_errors=True)
        self._runtime_modules.mkdir(parents=True)
        for module in _RUNTIME_MODULES:
            spec = importlib.util.find_spec(module)
            if spec and spec.origin:
                origin = Path(spec.origin)
                source = origin.parent if origin.name == "__init__.py" else origin
                (self._runtime_modules / source.name).symlink_to(source)

        _keep_configuration()

        def invoke(
            function: LambdaFunction, body: str, request_headers: Mapping[str, str], response_headers: dict[str, str]
        ) -> bytes:
            return self._invoke(function, json.loads(body or "{}"), request_headers, response_headers)

        LambdaFunction.invoke = invoke

    def _invoke(
        self,
        function: LambdaFunction,
        event: Any,
        request_headers: Mapping[str, str],
        response_headers: dict[str, str],
    ) -> bytes:
        session = self._assume_role(function)
        match request_headers.get("X-Amz-Invocation-Type", "RequestResponse"):
            case "DryRun":
                return b""
            case "Event":
                threading.Thread(target=self._run, args=(function, event, session), daemon=True).start()
                return b""
        payload, failed, log = self._run(function, event, session)
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_LOG_TAIL_BYTES:]).decode()
        return payload.encode()

    def _assume_role(self, function: LambdaFunction) -> AssumedRole:
        """As the service does it: the role's trust policy decides.

        Nothing of AWS's says that Lambda tells then for which function.
        """
        as_lambda = service("lambda.amazonaws.com")
        session = self._authorizer.assume(as_lambda, function.role, function.function_name, function.region)
        if isinstance(session, Refusal):
            raise _NotAssumableError(session.message)
        return session

    def _run(self, function: LambdaFunction, event: Any, session: AssumedRole) -> tuple[str, bool, str]:
        """Payload, whether the function failed, and its log."""
        request_id = str(uuid.uuid4())
        directory = self._directory / function.function_name / request_id
        directory.mkdir(parents=True)
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{request_id.replace('-', '')}"
        invocation = lambda_runtime.Invocation(
            code=str(self._unpacked(function)),
            runtime_modules=str(self._runtime_modules),
            handler=function.handler,
            event=event,
            request_id=request_id,
            timeout_seconds=int(function.timeout),
            memory=int(function.memory_size),
            function_name=function.function_name,
            function_version=str(function.version),
            function_arn=function.function_arn,
            log_group=function.logs_group_name,
            log_stream=stream,
        )
        request = directory / "invocation.json"
        request.write_text(json.dumps(invocation._asdict()))
        child = processes.start(
            f"the function {function.function_name}",
            [executable, "-I", "-S", lambda_runtime.__file__, request],
            log=directory / "log.txt",
            directory=directory,
            environment=self._function_environment(function, invocation, session),
            grace_seconds=0,
        )
        # The runtime keeps the time limit itself; this one is for functions that keep even that from happening.
        with processes.running(child), suppress(subprocess.TimeoutExpired):
            child.wait(_INIT_SECONDS + invocation.timeout_seconds)
        log = child.log.read_text(errors="replace")
        self._publish(function, stream, log, session)
        try:
            response = json.loads((directory / "response.json").read_text())
        except FileNotFoundError:
            message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {child.exit_code}"
            return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}), True, log
        return response["payload"], response["failed"], log

    def _unpacked(self, function: LambdaFunction) -> Path:
        code = self._directory / "code" / hashlib.sha256(function.code_bytes).hexdigest()
        with self._unpacking:
            if not code.exists():
                code.parent.mkdir(parents=True, exist_ok=True)
                scratch = Path(tempfile.mkdtemp(dir=code.parent))
                with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
                    package.extractall(scratch)
                scratch.rename(code)
        return code

    def _function_environment(
        self, function: LambdaFunction, invocation: lambda_runtime.Invocation, session: AssumedRole
    ) -> dict[str, str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
        return {
            **function.environment_vars,
            **self._environment,
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": invocation.code,
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": invocation.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": invocation.log_stream,
        }

    def _publish(self, function: LambdaFunction, stream: str, log: str, session: AssumedRole) -> None:
        """Logs go to CloudWatch with the rights of the function's role; without the rights they are lost, as on AWS."""
        caller = identify(session.access_key_id, function.region)
        group, logs = function.logs_group_name, function.logs_backend

        def may(action: str, resource: str) -> bool:
            return caller is not None and not self._authorizer.refusal(caller, action, resource, function.region)

        whole_group = calls.log_stream(function.region, group)
        if group not in logs.groups:
            if not may("logs:CreateLogGroup", whole_group):
                return
            logs.create_log_group(group, {})
        if not may("logs:CreateLogStream", whole_group):
            return
        logs.create_log_stream(group, stream)
        if may("logs:PutLogEvents", calls.log_stream(function.region, group, stream)):
            now = int(time.time() * 1000)
            events = [{"timestamp": now, "message": line} for line in log.splitlines() if line]
            logs.put_log_events(group, stream, events)


def _keep_configuration() -> None:
    """What moto drops of a function's configuration: without it a plan of Terraform's never comes to rest."""
    create, update, describe = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def configure(function: LambdaFunction, given: Mapping[str, Any]) -> None:
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
        before = getattr(function, "logging_config", default)
        function.logging_config = {**before, **given.get("LoggingConfig", {})}
        function.logs_group_name = function.logging_config["LogGroup"]
        function.dead_letter_config = given.get("DeadLetterConfig", getattr(function, "dead_letter_config", {}))
        function.kms_key_arn = given.get("KMSKeyArn", function.kms_key_arn)
        function.tracing_config = given.get("TracingConfig", function.tracing_config)

    def create_with(function: LambdaFunction, *, spec: dict[str, Any], **named: Any) -> None:
        create(function, spec=spec, **named)
        configure(function, spec)

    def update_with(function: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
        update(function, updates)
        configure(function, updates)
        return described(function)

    def described(function: LambdaFunction, *arguments: Any, **named: Any) -> dict[str, Any]:
        configuration: dict[str, Any] = describe(function, *arguments, **named)
        kept = {"LoggingConfig": function.logging_config}
        # An empty target is how a client takes the queue away.
        if function.dead_letter_config.get("TargetArn"):
            kept["DeadLetterConfig"] = function.dead_letter_config
        return {**configuration, **kept}

    LambdaFunction.__init__ = create_with
    LambdaFunction.update_configuration = update_with
    LambdaFunction.get_configuration = described
