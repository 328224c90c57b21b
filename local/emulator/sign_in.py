"""Sign-in to Dashboards: what OpenSearch Service does in the pools of a domain's CognitoOptions, with the rights of
their role. https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cognito-auth.html
"""

import secrets
import string
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.cognitoidentity.models import CognitoIdentityPool, cognitoidentity_backends
from moto.cognitoidp.models import CognitoIdpUserPool, cognitoidp_backends
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.core.exceptions import JsonRESTError
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend

from local.emulator.authorization import Authorizer, acting_in, service
from local.emulator.refusals import Refusal

_SERVICE = "opensearchservice.amazonaws.com"
_CONNECTING = (
    "cognito-idp:DescribeUserPool",
    "cognito-idp:ListUserPoolClients",
    "cognito-idp:CreateUserPoolClient",
    "cognito-identity:DescribeIdentityPool",
    "cognito-identity:UpdateIdentityPool",
)
_RANDOM_LENGTH = 26
_DISCONNECTING = ("cognito-idp:DeleteUserPoolClient", "cognito-identity:UpdateIdentityPool")


class _ValidationError(JsonRESTError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


@dataclass(frozen=True)
class _Options:
    """A domain's CognitoOptions: its ARN, the ids of the pools, and the ARN of the role that the service gets."""

    domain: str
    region: str
    user_pool: str
    identity_pool: str
    role: str

    @property
    def pools(self) -> tuple[CognitoIdpUserPool, CognitoIdentityPool]:
        """Raises ValidationException where one is missing."""
        user_pool = cognitoidp_backends[ACCOUNT][self.region].user_pools.get(self.user_pool)
        identity_pool = cognitoidentity_backends[ACCOUNT][self.region].identity_pools.get(self.identity_pool)
        if user_pool is None or identity_pool is None:
            raise _ValidationError(f"There is no user pool {self.user_pool} or no identity pool {self.identity_pool}")
        return user_pool, identity_pool

    def resource(self, action: str) -> str:
        """ARN of the pool that an action is on."""
        service_name = action.partition(":")[0]
        pool = {"cognito-idp": f"userpool/{self.user_pool}", "cognito-identity": f"identitypool/{self.identity_pool}"}
        return f"arn:aws:{service_name}:{self.region}:{ACCOUNT}:{pool[service_name]}"


class SignIn:
    """Asks `authorizer` for every call that the service makes with a domain's role."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        # Of each domain by its ARN, with the id of the app client that the service has made.
        self._connections: dict[str, tuple[_Options, str]] = {}

    def install(self) -> None:
        """Wraps creation, update and deletion of domains: call it after all who replace these."""
        create = OpenSearchServiceBackend.create_domain
        update = OpenSearchServiceBackend.update_domain_config
        delete = OpenSearchServiceBackend.delete_domain

        def create_connected(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
            return self._connected(backend, create, arguments)

        def update_connected(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
            return self._connected(backend, update, arguments)

        def delete_disconnected(backend: OpenSearchServiceBackend, **arguments: Any) -> OpenSearchDomain:
            domain = delete(backend, **arguments)
            self._disconnect(domain.arn)
            return domain

        OpenSearchServiceBackend.create_domain = create_connected
        OpenSearchServiceBackend.update_domain_config = update_connected
        OpenSearchServiceBackend.delete_domain = delete_disconnected

    def _connected(
        self, backend: OpenSearchServiceBackend, make: Any, arguments: Mapping[str, Any]
    ) -> OpenSearchDomain:
        """The domain that `make` creates or updates, connected as its options ask for, if there are new ones."""
        given, region = arguments["cognito_options"], backend.region_name
        if not given:
            return make(backend, **arguments)
        arn = f"arn:aws:es:{region}:{ACCOUNT}:domain/{arguments['domain_name']}"
        if not given.get("Enabled"):
            domain = make(backend, **arguments)
            self._disconnect(arn)
            return domain
        options = _Options(arn, region, given["UserPoolId"], given["IdentityPoolId"], given["RoleArn"])
        self._check(options)
        domain = make(backend, **arguments)
        before, client_id = self._connections.get(arn, (options, None))
        if client_id is None or before.pools != options.pools:
            self._disconnect(arn)
            client_id = _connect(domain, options)
        self._connections[arn] = options, client_id
        return domain

    def _check(self, options: _Options) -> None:
        """Raises ValidationException where role or pools do not do."""
        if why := self._refusal(options, _CONNECTING):
            raise _ValidationError(why)
        user_pool, _ = options.pools
        if user_pool.domain is None:
            raise _ValidationError(f"The user pool {user_pool.id} has no domain, where people would sign in")

    def _disconnect(self, domain_arn: str) -> None:
        """Without the rights, what the service has made stays, as it does on AWS."""
        options, client_id = self._connections.pop(domain_arn, (None, ""))
        if options is None or self._refusal(options, _DISCONNECTING):
            return
        # Who deletes a pool first has taken ours with it.
        with suppress(_ValidationError):
            user_pool, identity_pool = options.pools
            user_pool.clients.pop(client_id, None)
            known = identity_pool.cognito_identity_providers or []
            identity_pool.cognito_identity_providers = [one for one in known if one["ClientId"] != client_id]

    def _refusal(self, options: _Options, actions: Iterable[str]) -> str | None:
        """Why the service, acting for the domain, may not do all `actions` with the role."""
        as_service = service(_SERVICE, options.domain)
        session = self._authorizer.assume(as_service, options.role, "AmazonOpenSearchService", options.region)
        if isinstance(session, Refusal):
            return f"Amazon OpenSearch Service must be allowed to use the passed role. {session.message}"
        caller = acting_in(session)
        refusals = (
            self._authorizer.refusal(caller, action, options.resource(action), options.region) for action in actions
        )
        return next((refusal.message for refusal in refusals if refusal), None)


def _connect(domain: OpenSearchDomain, options: _Options) -> str:
    """Makes the service's app client, adds it to the identity pool, and answers its id.

    As the service makes it: code grant and a secret, and no flow in which an application sees a password.
    """
    user_pool, identity_pool = options.pools
    random = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(_RANDOM_LENGTH))
    page = f"https://{domain.endpoint or domain.endpoints['vpc']}/_dashboards/app/home"
    client = user_pool.backend.create_user_pool_client(
        user_pool.id,
        generate_secret=True,
        extended_config={
            "ClientName": f"AmazonOpenSearchService-{domain.domain_name}-{options.region}-{random}",
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthScopes": ["phone", "email", "openid", "profile"],
            "CallbackURLs": [page],
            "LogoutURLs": [page],
            "SupportedIdentityProviders": ["COGNITO"],
        },
    )
    provider = f"cognito-idp.{options.region}.amazonaws.com/{user_pool.id}"
    identity_pool.cognito_identity_providers = [
        *(identity_pool.cognito_identity_providers or []),
        {"ProviderName": provider, "ClientId": client.id, "ServerSideTokenCheck": True},
    ]
    client_id: str = client.id
    return client_id
