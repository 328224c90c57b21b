"""Sessions of the roles that a body names, and the signed connection to a domain or collection."""

import os
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth

_SESSION_NAME = "Data-Prepper"
_ANSWER_SECONDS = 60


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
        fetcher = AssumeRoleCredentialFetcher(
            base.create_client, base.get_credentials(), self._role_arn, extra_args=self._extra
        )
        return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)


@cache
def assume(role_arn: str, region: str, external_id: str | None = None) -> boto3.Session:
    """The session with the role's keys, which are fetched at their first use and again before they expire."""
    core = botocore.session.get_session()
    core.register_component("credential_provider", CredentialResolver([_RoleProvider(role_arn, region, external_id)]))
    return boto3.Session(botocore_session=core, region_name=region)


def connect(hosts: tuple[str, ...], session: boto3.Session, service: str) -> Any:
    """An OpenSearch client that signs for `service` and trusts the authorities of AWS_CA_BUNDLE as well."""
    return OpenSearch(
        hosts=list(hosts),
        http_auth=Urllib3AWSV4SignerAuth(session.get_credentials(), session.region_name, service),
        ca_certs=os.environ.get("AWS_CA_BUNDLE"),
        timeout=_ANSWER_SECONDS,
        max_retries=0,
        pool_maxsize=1,
    )
