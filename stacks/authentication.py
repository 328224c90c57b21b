"""Who may sign in to Dashboards, and as what: a user pool with two groups, an identity pool, a role for each group."""

from cdktf import Fn, TerraformIterator, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.cognito_identity_pool import CognitoIdentityPool
from cdktf_cdktf_provider_aws.cognito_identity_pool_roles_attachment import (
    CognitoIdentityPoolRolesAttachment,
    CognitoIdentityPoolRolesAttachmentRoleMapping,
)
from cdktf_cdktf_provider_aws.cognito_user import CognitoUser
from cdktf_cdktf_provider_aws.cognito_user_group import CognitoUserGroup
from cdktf_cdktf_provider_aws.cognito_user_in_group import CognitoUserInGroup
from cdktf_cdktf_provider_aws.cognito_user_pool import (
    CognitoUserPool,
    CognitoUserPoolAccountRecoverySetting,
    CognitoUserPoolAccountRecoverySettingRecoveryMechanism,
    CognitoUserPoolAdminCreateUserConfig,
    CognitoUserPoolPasswordPolicy,
    CognitoUserPoolSoftwareTokenMfaConfiguration,
    CognitoUserPoolUsernameConfiguration,
    CognitoUserPoolUserPoolAddOns,
)
from cdktf_cdktf_provider_aws.cognito_user_pool_domain import CognitoUserPoolDomain
from cdktf_cdktf_provider_aws.data_aws_cognito_user_pool_clients import DataAwsCognitoUserPoolClients
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.opensearch_domain import OpensearchDomain
from constructs import Construct

from names import Names
from settings import Dashboards
from stacks.policies import POOL_ROLES, Principal, Statement, document, service_trust


class Authentication(Construct):
    """Administrators of Cognito create users, and nobody without a user and a group gets a role that may anything."""

    def __init__(self, scope: Construct, id: str, dashboards: Dashboards, names: Names, *, protected: bool) -> None:  # noqa: A002
        super().__init__(scope, id)
        keep = TerraformResourceLifecycle(prevent_destroy=True) if protected else None
        watched = dashboards.threat_protection != "off"
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
            mfa_configuration="ON" if dashboards.mfa == "required" else "OPTIONAL",
            software_token_mfa_configuration=CognitoUserPoolSoftwareTokenMfaConfiguration(enabled=True),
            # Threat protection belongs to the Plus plan (Cognito developer guide, feature plans).
            user_pool_tier="PLUS" if watched else "ESSENTIALS",
            user_pool_add_ons=(
                CognitoUserPoolUserPoolAddOns(advanced_security_mode=dashboards.threat_protection.upper())
                if watched
                else None
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
        self.identity_pool = CognitoIdentityPool(
            self,
            "identity-pool",
            identity_pool_name=names.user_pool,
            allow_unauthenticated_identities=False,
            allow_classic_flow=False,
            # OpenSearch adds a client of its own here; taking it away at the next apply would lock everybody out.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["cognito_identity_providers"], prevent_destroy=protected or None
            ),
        )
        self.administrators = self._role(
            "administrators-role", names.administrators_role, f"Administrators of {names.domain}, signed in"
        )
        self.analysts = self._role("analysts-role", names.analysts_role, f"Analysts of {names.domain}, signed in")
        self._no_group = self._role(
            "no-group-role", names.no_group_role, "Who is signed in without a group: has no policy and reaches nothing"
        )
        self.search_role = IamRole(
            self,
            "search-role",
            name=names.search_cognito_role,
            description=f"Lets OpenSearch Service connect Dashboards of {names.domain} with Cognito",
            assume_role_policy=service_trust("opensearchservice.amazonaws.com", names.account_id, names.domain_arn),
        )
        self.search_role_policy = IamRolePolicy(
            self,
            "search-role-policy",
            name="cognito",
            role=self.search_role.name,
            policy=_search_policy(
                self.user_pool.arn,
                self.identity_pool.arn,
                [
                    names.role_arn(role)
                    for role in (names.administrators_role, names.analysts_role, names.no_group_role)
                ],
            ),
        )
        groups = [
            CognitoUserGroup(
                self,
                noun,
                name=group.group,
                user_pool_id=self.user_pool.id,
                description=role.description,
                role_arn=role.arn,
                precedence=precedence,
            )
            for precedence, noun, group, role in (
                (1, "administrators", dashboards.administrators, self.administrators),
                (2, "analysts", dashboards.analysts, self.analysts),
            )
        ]
        if dashboards.groups:
            self._invite(dashboards.groups, groups)

    def connect(self, domain: OpensearchDomain) -> None:
        """Give people the role of their group, once the service has made its client for `domain` in the user pool."""
        # By id and name only: adopting the client as a resource would put its secret into the state.
        clients = DataAwsCognitoUserPoolClients(
            self, "dashboards-clients", user_pool_id=self.user_pool.id, depends_on=[domain]
        )
        CognitoIdentityPoolRolesAttachment(
            self,
            "roles",
            identity_pool_id=self.identity_pool.id,
            roles={"authenticated": self._no_group.arn},
            role_mapping=[
                CognitoIdentityPoolRolesAttachmentRoleMapping(
                    identity_provider=f"{self.user_pool.endpoint}:{Fn.one(clients.client_ids)}",
                    type="Token",
                    ambiguous_role_resolution="Deny",
                )
            ],
        )

    def _role(self, id: str, name: str, description: str) -> IamRole:  # noqa: A002
        return IamRole(
            self,
            id,
            name=name,
            description=description,
            assume_role_policy=_identity_trust(self.identity_pool.id),
        )

    def _invite(self, group_of: dict[str, str], groups: list[CognitoUserGroup]) -> None:
        """Cognito mails each user a temporary password. Who changes the group stays the same user."""
        people = TerraformIterator.from_map(group_of)
        email = Token.as_string(people.key)
        user = CognitoUser(
            self,
            "user",
            for_each=people,
            user_pool_id=self.user_pool.id,
            username=email,
            attributes={"email": email, "email_verified": "true"},
            desired_delivery_mediums=["EMAIL"],
        )
        CognitoUserInGroup(
            self,
            "membership",
            for_each=people,
            user_pool_id=self.user_pool.id,
            username=email,
            group_name=Token.as_string(people.value),
            depends_on=[user, *groups],
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


def _search_policy(user_pool_arn: str, identity_pool_arn: str, role_arns: list[str]) -> str:
    """What AmazonOpenSearchServiceCognitoAccess grants, where IAM can on these two pools and these roles only."""
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
                "cognito-identity:UpdateIdentityPool",
            ),
            (identity_pool_arn,),
        ),
        Statement(POOL_ROLES, ("*",)),
        Statement(
            ("iam:PassRole",),
            tuple(role_arns),
            conditions={"StringLike": {"iam:PassedToService": "cognito-identity.amazonaws.com"}},
        ),
    )
