"""A user pool and an identity pool that people sign in with, as the stacks make them."""

import functools
from dataclasses import dataclass, replace
from typing import Any

from local.emulator import Emulator
from local.people import SignInPage
from tests.local.policy_documents import Statement, allow, document

ACCOUNT = "123456789012"
REGION = "us-east-1"
POLICY = {"MinimumLength": 14, **{f"Require{kind}": True for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols")}}


@dataclass(frozen=True)
class Pools:
    """`aws` is the local AWS they are in; `client_id` is that of an app client with the code grant."""

    aws: Emulator
    user_pool: str
    identity_pool: str
    client_id: str

    def client(self, service: str) -> Any:
        """The administrator's."""
        return _client(self.aws, service)

    @property
    def provider(self) -> str:
        return f"cognito-idp.{REGION}.amazonaws.com/{self.user_pool}"

    @property
    def page(self) -> SignInPage:
        return SignInPage(self.aws.endpoint_url, REGION, self.user_pool, self.client_id, self.identity_pool)

    def through(self, client_id: str) -> "Pools":
        return replace(self, client_id=client_id)

    def trust(self, identity_pool: str | None = None, method: str = "authenticated") -> Statement:
        """Trusts people who an identity pool, this one by default, knows."""
        return federated(
            {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool or self.identity_pool},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method},
            }
        )

    def role(self, name: str, trust: Statement | None = None) -> str:
        """Makes a role that trusts the identity pool unless `trust` says otherwise; answers its ARN."""
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust or self.trust()))["Role"]
        arn: str = role["Arn"]
        return arn

    def group(self, name: str, role: str | None = None, precedence: int | None = None) -> str:
        given = {"RoleArn": role, "Precedence": precedence}
        self.client("cognito-idp").create_group(
            UserPoolId=self.user_pool,
            GroupName=name,
            **{key: value for key, value in given.items() if value is not None},
        )
        return name

    def invite(self, email: str, *groups: str, **more: Any) -> None:
        """Creates the user, whom Cognito mails a temporary password."""
        cognito = self.client("cognito-idp")
        cognito.admin_create_user(
            UserPoolId=self.user_pool,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}],
            DesiredDeliveryMediums=["EMAIL"],
            **more,
        )
        for group in groups:
            cognito.admin_add_user_to_group(UserPoolId=self.user_pool, Username=email, GroupName=group)

    def map_roles(self, default: str | None = None, **mapping: str) -> None:
        """`mapping` is what the provider's RoleMapping says on top of the type Token; without it there is none."""
        mappings = {f"{self.provider}:{self.client_id}": {"Type": "Token", **mapping}} if mapping else {}
        self.client("cognito-identity").set_identity_pool_roles(
            IdentityPoolId=self.identity_pool,
            Roles={"authenticated": default} if default else {},
            RoleMappings=mappings,
        )

    def register(self, *clients: str) -> None:
        """Makes these app clients the ones whose tokens the identity pool takes."""
        self.client("cognito-identity").update_identity_pool(
            IdentityPoolId=self.identity_pool,
            IdentityPoolName="people",
            AllowUnauthenticatedIdentities=False,
            CognitoIdentityProviders=[
                {"ProviderName": self.provider, "ClientId": client, "ServerSideTokenCheck": True} for client in clients
            ],
        )


@functools.cache
def _client(aws: Emulator, service: str) -> Any:
    return aws.client(service, REGION)


def federated(condition: dict[str, Any]) -> Statement:
    principal = {"Federated": "cognito-identity.amazonaws.com"}
    return allow("sts:AssumeRoleWithWebIdentity", Principal=principal, Condition=condition)


def create_pools(aws: Emulator, *, mfa: str = "ON") -> Pools:
    """Pools without people, groups and roles."""
    cognito = _client(aws, "cognito-idp")
    user_pool = cognito.create_user_pool(
        PoolName="people",
        UsernameAttributes=["email"],
        Policies={"PasswordPolicy": POLICY},
        AdminCreateUserConfig={
            "AllowAdminCreateUserOnly": True,
            "InviteMessageTemplate": {"EmailSubject": "Welcome", "EmailMessage": "{username} signs in with {####}"},
        },
    )["UserPool"]["Id"]
    if mfa != "OFF":
        cognito.set_user_pool_mfa_config(
            UserPoolId=user_pool, MfaConfiguration=mfa, SoftwareTokenMfaConfiguration={"Enabled": True}
        )
    client = cognito.create_user_pool_client(
        UserPoolId=user_pool, ClientName="people", AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthFlows=["code"]
    )["UserPoolClient"]["ClientId"]
    identity_pool = _client(aws, "cognito-identity").create_identity_pool(
        IdentityPoolName="people", AllowUnauthenticatedIdentities=False
    )["IdentityPoolId"]
    pools = Pools(aws, user_pool, identity_pool, client)
    pools.register(client)
    return pools
