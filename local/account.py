"""An account of AWS, as the clients of this process reach it: AWS_PROFILE or the other variables that they know."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session

from local import people
from local.people import Person, SignInPage
from settings import Settings

PASSWORDS = "ALLOW_USER_PASSWORD_AUTH"
# What an app client has that named none (Cognito API reference, CreateUserPoolClient).
DEFAULT_FLOWS = ("ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH")


@dataclass
class Account:
    """Where the environment of `settings` is, or will be."""

    settings: Settings
    domain_first: bool = False
    # A domain takes up to an hour to be made, an export and its way into the index about a quarter of one.
    apply_seconds: float = 2 * 3600
    search_seconds: float = 3600
    grace_seconds: float = 300
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    @cached_property
    def domain_endpoint(self) -> str:
        status = self.client("opensearch").describe_domain(DomainName=self.settings.names.domain)["DomainStatus"]
        return str(status["Endpoint"])

    @property
    def ca_file(self) -> Path | None:
        named = os.environ.get("AWS_CA_BUNDLE")
        return Path(named) if named else None

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    @cached_property
    def _session(self) -> Any:
        # Untyped, for the stubs want the service's name as a literal.
        return boto3.Session(region_name=self.settings.region)

    def left(self) -> list[str]:
        """ARNs of what carries the environment's tags, as far as AWS's tagging API knows it: of IAM no roles."""
        tags = [{"Key": key, "Values": [value]} for key, value in self.settings.identity.items()]
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=tags)
        return sorted(one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"])

    def person(self, email: str, user_pool_id: str) -> Person:
        """An analyst whom nobody mailed: the password is set by an administrator, the second factor by nobody yet."""
        cognito, person = self.client("cognito-idp"), Person(email, people.password())
        user = {"UserPoolId": user_pool_id, "Username": email}
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        with contextlib.suppress(cognito.exceptions.UsernameExistsException):
            cognito.admin_create_user(**user, UserAttributes=attributes, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**user, Password=person.password, Permanent=True)
        cognito.admin_add_user_to_group(**user, GroupName=self.settings.dashboards.analysts.group)
        return person

    @contextlib.contextmanager
    def sign_in_page(self, client: dict[str, Any], identity_pool_id: str) -> Iterator[SignInPage]:
        """The service's app client lets people in through the hosted page only: in the block by the API, too."""
        cognito, flows = self.client("cognito-idp"), list(client.get("ExplicitAuthFlows", DEFAULT_FLOWS))
        cognito.update_user_pool_client(**_update(client, [*flows, PASSWORDS]))
        try:
            yield SignInPage(
                None,
                self.settings.region,
                client["UserPoolId"],
                client["ClientId"],
                identity_pool_id,
                client.get("ClientSecret"),
            )
        finally:
            cognito.update_user_pool_client(**_update(client, flows))


def _update(client: dict[str, Any], flows: list[str]) -> dict[str, Any]:
    """What UpdateUserPoolClient takes of what DescribeUserPoolClient tells: what is left out goes to its default."""
    model = botocore.session.get_session().get_service_model("cognito-idp")
    shape: Any = model.operation_model("UpdateUserPoolClient").input_shape
    return {**{name: value for name, value in client.items() if name in shape.members}, "ExplicitAuthFlows": flows}
