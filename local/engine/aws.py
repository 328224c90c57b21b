"""Sessions of the roles that a body names, and the signed connection to a domain or collection."""

import os
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from opensearchpy import OpenSearch, Transport, Urllib3AWSV4SignerAuth
from opensearchpy.exceptions import AuthorizationException

_SESSION_NAME = "Data-Prepper"
_ANSWER_SECONDS = 60
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})


class _RoleCredentials(DeferredRefreshableCredentials):
    """Fetched at their first use and again before they expire, or when AWS says that they have."""

    def __init__(self, cache: dict[str, Any], **named: Any) -> None:
        super().__init__(**named)
        self._cache = cache

    def expire(self) -> None:
        # The fetcher would give the same again as long as the clock says that they are good.
        self._cache.clear()
        self._frozen_credentials = None

    def renew(self, response: Any, attempts: int, **_: Any) -> int | None:
        """A handler of botocore's `needs-retry`: the seconds to wait before the call is signed anew and repeated."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if code not in _EXPIRED:
            return None
        self.expire()
        return 0 if attempts == 1 else None


class _RoleProvider(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, role_arn: str, region: str, external_id: str | None) -> None:
        super().__init__()
        self._role_arn = role_arn
        self._region = region
        self._extra = {"RoleSessionName": _SESSION_NAME} | ({"ExternalId": external_id} if external_id else {})

    def load(self) -> Any:
        base = botocore.session.get_session()
        base.set_config_variable("region", self._region)
        cache: dict[str, Any] = {}
        fetcher = AssumeRoleCredentialFetcher(
            base.create_client, base.get_credentials(), self._role_arn, extra_args=self._extra, cache=cache
        )
        return _RoleCredentials(cache, method=self.METHOD, refresh_using=fetcher.fetch_credentials)


@cache
def assume(role_arn: str, region: str, external_id: str | None = None) -> boto3.Session:
    """The session with the role's keys."""
    core = botocore.session.get_session()
    core.register_component("credential_provider", CredentialResolver([_RoleProvider(role_arn, region, external_id)]))
    credentials: Any = core.get_credentials()
    core.register("needs-retry", credentials.renew)
    return boto3.Session(botocore_session=core, region_name=region)


class _Transport(Transport):  # type: ignore[misc] # opensearch-py is untyped here
    """Lets a session go that the domain says has expired."""

    def __init__(self, credentials: _RoleCredentials, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._credentials = credentials

    def perform_request(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().perform_request(*arguments, **named)
        except AuthorizationException as error:
            # 403 is the answer to a missing permission, too.
            if "security token included in the request is expired" in str(error):
                self._credentials.expire()
            raise


def connect(hosts: tuple[str, ...], session: boto3.Session, service: str) -> Any:
    """An OpenSearch client that signs for `service` and trusts the authorities of AWS_CA_BUNDLE as well."""
    credentials: Any = session.get_credentials()
    return OpenSearch(
        hosts=list(hosts),
        transport_class=partial(_Transport, credentials),
        http_auth=Urllib3AWSV4SignerAuth(credentials, session.region_name, service),
        ca_certs=os.environ.get("AWS_CA_BUNDLE"),
        timeout=_ANSWER_SECONDS,
        max_retries=0,
        pool_maxsize=1,
    )
