"""Calls of the domain's endpoint, signed as AWS wants them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.emulator import ADMINISTRATOR_KEY, Emulator

REGION = "us-east-1"
Call = Callable[..., urllib3.BaseHTTPResponse]


@contextlib.contextmanager
def signed_calls(emulator: Emulator) -> Iterator[Call]:
    """``call("GET", "/path", body, key="…")``; key None sends no signature. Expects the emulator's own authority."""
    with urllib3.PoolManager(ca_certs=str(emulator.ca_file)) as pool:

        def send(
            method: str,
            path: str,
            body: Any = None,
            *,
            key: str | None = ADMINISTRATOR_KEY,
            service: str = "es",
            region: str = REGION,
            headers: Mapping[str, str] | None = None,
        ) -> urllib3.BaseHTTPResponse:
            url = f"https://{emulator.domain_endpoint}{path}"
            request = AWSRequest(
                method=method, url=url, headers={"content-type": "application/json", **(headers or {})}
            )
            if key:
                SigV4Auth(Credentials(key, "any"), service, region).add_auth(request)
            return pool.request(method, url, body=body, headers=dict(request.headers.items()), retries=False)

        yield send


def session_key(sts: Any, role: str) -> str:
    """The access key of a session of `role`, an ARN."""
    session = sts.assume_role(RoleArn=role, RoleSessionName="test")
    key: str = session["Credentials"]["AccessKeyId"]
    return key
