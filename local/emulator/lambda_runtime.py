"""Runs one invocation of a Lambda function; a program of its own: ``python -I -S lambda_runtime.py INVOCATION.json``.

Nothing but the standard library, the function's package and the modules of Lambda's own Python runtime is importable.
The invocation's file holds the fields of `Invocation` and gets a sibling ``response.json``; output is the function's.
"""

import importlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Invocation(NamedTuple):
    """`code` and `runtime_modules` are folders to import from, `memory` is in MiB."""

    code: str
    runtime_modules: str
    handler: str
    event: Any
    request_id: str
    timeout_seconds: int
    memory: int
    function_name: str
    function_version: str
    function_arn: str
    log_group: str
    log_stream: str


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    identity = None
    client_context = None

    def __init__(self, invocation: Invocation) -> None:
        self.aws_request_id = invocation.request_id
        self.function_name = invocation.function_name
        self.function_version = invocation.function_version
        self.invoked_function_arn = invocation.function_arn
        self.memory_limit_in_mb = str(invocation.memory)
        self.log_group_name = invocation.log_group
        self.log_stream_name = invocation.log_stream
        self._deadline = time.monotonic() + invocation.timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main(file: Path) -> None:
    """Writes ``{"payload": JSON text, "failed": bool}``."""
    invocation = Invocation(**json.loads(file.read_text()))

    def respond(payload: str, *, failed: bool) -> None:
        unfinished = file.with_name("response.part")
        unfinished.write_text(json.dumps({"payload": payload, "failed": failed}))
        unfinished.replace(file.with_name("response.json"))

    def fail(kind: str, message: str, stack: list[str]) -> None:
        error = {"errorMessage": message, "errorType": kind, "requestId": invocation.request_id, "stackTrace": stack}
        print(f"[ERROR] {kind}: {message}\n{''.join(stack)}", file=sys.stderr)  # noqa: T201 - Lambda logs it so
        respond(json.dumps(error), failed=True)

    def end_at_limit() -> None:
        # The shape in which Lambda reports this one has no request id and no stack.
        message = f"{invocation.request_id} Task timed out after {invocation.timeout_seconds:.2f} seconds"
        respond(json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {message}"}), failed=True)
        print(message, file=sys.stderr, flush=True)  # noqa: T201
        os._exit(1)

    try:
        handle = _handler(invocation)
    except Exception as error:
        kind = error.kind if isinstance(error, _InitError) else type(error).__name__
        fail(kind, str(error), traceback.format_tb(error.__traceback__))
        return
    limit = threading.Timer(invocation.timeout_seconds, end_at_limit)
    limit.daemon = True
    limit.start()
    try:
        answer = handle(invocation.event, Context(invocation))
    except Exception as error:
        # Without our own frame, as in Lambda.
        fail(type(error).__name__, str(error), traceback.format_tb(error.__traceback__)[1:])
        return
    try:
        payload = json.dumps(answer)
    except (TypeError, ValueError) as error:
        fail("Runtime.MarshalError", f"Unable to marshal response: {error}", [])
        return
    respond(payload, failed=False)


class _InitError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _handler(invocation: Invocation) -> Callable[[Any, Context], Any]:
    sys.path[:0] = [invocation.code]
    sys.path.append(invocation.runtime_modules)
    module_name, _, function_name = invocation.handler.replace("/", ".").rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise _InitError("Runtime.ImportModuleError", f"Unable to import module {module_name!r}: {error}") from error
    handle: Callable[[Any, Context], Any] | None = getattr(module, function_name, None)
    if handle is None:
        raise _InitError("Runtime.HandlerNotFound", f"Handler {function_name!r} missing on module {module_name!r}")
    return handle


if __name__ == "__main__":
    main(Path(sys.argv[1]))
