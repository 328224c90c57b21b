"""Who may sign in to Dashboards: a user pool, an identity pool, and the role that a signed-in person acts as."""

from cdktf import TerraformIterator, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.cognito_identity_pool import (
    CognitoIdentityPool,
    CognitoIdentityPoolCognitoIdentityProviders,
)
from cdktf_cdktf_provider_aws.cognito_identity_pool_roles_attachment import CognitoIdentityPoolRolesAttachment
from cdktf_cdktf_provider_aws.cognito_user import CognitoUser
from cdktf_cdktf_provider_aws.cognito_user_pool import (
    CognitoUserPool,
    CognitoUserPoolAccountRecoverySetting,
    CognitoUserPoolAccountRecoverySettingRecoveryMechanism,
    CognitoUserPoolAdminCreateUserConfig,
    CognitoUserPoolPasswordPolicy,
    CognitoUserPoolUsernameConfiguration,
)
from cdktf_cdktf_provider_aws.cognito_user_pool_client import (
    CognitoUserPoolClient,
    CognitoUserPoolClientTokenValidityUnits,
)
from cdktf_cdktf_provider_aws.cognito_user_pool_domain import CognitoUserPoolDomain
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from names import Names
from settings import Dashboards
from stacks.policies import Principal, Statement, document, service_trust


class Authentication(Construct):
    """Administrators create users, and nobody without a user gets an identity."""

    def __init__(self, scope: Construct, id: str, dashboards: Dashboards, names: Names, *, protected: bool) -> None:  # noqa: A002
        super().__init__(scope, id)
        keep = TerraformResourceLifecycle(prevent_destroy=True) if protected else None
        self.user_pool = CognitoUserPool(
            self,
            "user-pool",
            name=names.user_pool,
            username_attributes=["email"],
            auto_verified_attributes=["email"],
            username_configuration=CognitoUserPoolUsernameConfiguration(case_sensitive=False),
            # Terraform's default is open sign-up.
            admin_create_user_config=CognitoUserPoolAdminCreateUserConfig(allow_admin_create_user_only=True),
            password_policy=CognitoUserPoolPasswordPolicy(
                minimum_length=14,
                require_lowercase=True,
                require_uppercase=True,
                require_numbers=True,
                require_symbols=True,
                temporary_password_validity_days=7,
            ),
            account_recovery_setting=CognitoUserPoolAccountRecoverySetting(
                recovery_mechanism=[
                    CognitoUserPoolAccountRecoverySettingRecoveryMechanism(name="verified_email", priority=1)
                ]
            ),
            deletion_protection="ACTIVE" if protected else "INACTIVE",
            lifecycle=keep,
        )
        self.sign_in_domain = CognitoUserPoolDomain(
            self, "sign-in-domain", domain=names.sign_in_prefix, user_pool_id=self.user_pool.id
        )
        client = CognitoUserPoolClient(
            self,
            "client",
            name=names.user_pool,
            user_pool_id=self.user_pool.id,
            generate_secret=False,
            explicit_auth_flows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=60,
            id_token_validity=60,
            refresh_token_validity=1,
            token_validity_units=[
                CognitoUserPoolClientTokenValidityUnits(
                    access_token="minutes",  # noqa: S106 - units, not tokens
                    id_token="minutes",  # noqa: S106
                    refresh_token="days",  # noqa: S106
                )
            ],
        )
        self.identity_pool = CognitoIdentityPool(
            self,
            "identity-pool",
            identity_pool_name=names.user_pool,
            allow_unauthenticated_identities=False,
            allow_classic_flow=False,
            cognito_identity_providers=[_provider(client, self.user_pool)],
            # OpenSearch adds a client of its own here; taking it away at the next apply would lock everybody out.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["cognito_identity_providers"], prevent_destroy=protected or None
            ),
        )
        self.signed_in_role = IamRole(
            self,
            "signed-in-role",
            name=names.signed_in_role,
            description=f"What a person signed in to Dashboards of {names.domain} acts as",
            assume_role_policy=_identity_trust(self.identity_pool.id),
        )
        CognitoIdentityPoolRolesAttachment(
            self,
            "roles",
            identity_pool_id=self.identity_pool.id,
            roles={"authenticated": self.signed_in_role.arn},
        )
        self.search_role = IamRole(
            self,
            "search-role",
            name=names.search_cognito_role,
            description=f"Lets OpenSearch Service connect Dashboards of {names.domain} with Cognito",
            assume_role_policy=service_trust(
                "opensearchservice.amazonaws.com",
                {
                    "StringEquals": {"aws:SourceAccount": names.account_id},
                    "ArnLike": {"aws:SourceArn": names.domain_arn},
                },
            ),
        )
        self.search_role_policy = IamRolePolicy(
            self,
            "search-role-policy",
            name="cognito",
            role=self.search_role.name,
            policy=_search_policy(self.user_pool.arn, self.identity_pool.arn, names.role_arn(names.signed_in_role)),
        )
        if dashboards.users:
            users = TerraformIterator.from_list(list(dashboards.users))
            user = Token.as_string(users.value)
            CognitoUser(
                self,
                "user",
                for_each=users,
                user_pool_id=self.user_pool.id,
                username=user,
                attributes={"email": user, "email_verified": "true"},
                desired_delivery_mediums=["EMAIL"],
            )


def _provider(client: CognitoUserPoolClient, user_pool: CognitoUserPool) -> CognitoIdentityPoolCognitoIdentityProviders:
    return CognitoIdentityPoolCognitoIdentityProviders(
        client_id=client.id, provider_name=user_pool.endpoint, server_side_token_check=True
    )


def _identity_trust(identity_pool_id: str) -> str:
    return document(
        Statement(
            ("sts:AssumeRoleWithWebIdentity",),
            principal=Principal("Federated", ("cognito-identity.amazonaws.com",)),
            conditions={
                "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool_id},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
            },
        )
    )


def _search_policy(user_pool_arn: str, identity_pool_arn: str, signed_in_role_arn: str) -> str:
    """What AmazonOpenSearchServiceCognitoAccess grants on everything, on these two pools and this role only."""
    return document(
        Statement(
            (
                "cognito-idp:AdminInitiateAuth",
                "cognito-idp:AdminUserGlobalSignOut",
                "cognito-idp:CreateUserPoolClient",
                "cognito-idp:DeleteUserPoolClient",
                "cognito-idp:DescribeUserPool",
                "cognito-idp:DescribeUserPoolClient",
                "cognito-idp:ListUserPoolClients",
                "cognito-idp:UpdateUserPoolClient",
            ),
            (user_pool_arn,),
        ),
        Statement(
            (
                "cognito-identity:DescribeIdentityPool",
                "cognito-identity:GetIdentityPoolRoles",
                "cognito-identity:SetIdentityPoolRoles",
                "cognito-identity:UpdateIdentityPool",
            ),
            (identity_pool_arn,),
        ),
        Statement(
            ("iam:PassRole",),
            (signed_in_role_arn,),
            conditions={"StringLike": {"iam:PassedToService": "cognito-identity.amazonaws.com"}},
        ),
    )
