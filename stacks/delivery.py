"""Who deploys: a role for GitHub's workflows to plan, one to deploy, and the boundary of every role that they make.

Applied by an administrator, never by those roles: docs/deployer.md.
"""

from collections.abc import Iterable, Sequence

from cdktf import TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

import deployer
from names import Names
from settings import Delivery, Settings
from stacks.base import EnvironmentStack
from stacks.policies import Principal, Statement, document

# What AWS's action for workflows asks GitHub for (aws-actions/configure-aws-credentials).
AUDIENCE = "sts.amazonaws.com"
# A session is not renewed. IAM's shortest, and longer than the longest wait for the domain, three hours for an update.
PLAN_SECONDS, DEPLOY_SECONDS = 3600, 4 * 3600


class DeliveryStack(EnvironmentStack):
    """Its outputs are what a workflow needs to know: the ARNs of both roles."""

    def __init__(self, scope: Construct, settings: Settings, delivery: Delivery) -> None:
        super().__init__(scope, "delivery", settings)
        names = settings.names
        IamPolicy(
            self,
            "boundary",
            name=names.boundary,
            description=f"What roles of {names.prefix} may do at most",
            policy=deployer.documents("boundary", deployer.boundary(settings), most=1)[0],
        )
        if delivery.oidc_provider == "made":
            IamOpenidConnectProvider(self, "github", url=f"https://{deployer.GITHUB}", client_id_list=[AUDIENCE])
        plan = Role(
            self,
            "plan",
            names,
            name=names.plan_role,
            trust=_trust(names, delivery, "pull_request", f"ref:refs/heads/{delivery.branch}"),
            statements=deployer.planning(settings),
            seconds=PLAN_SECONDS,
        )
        deploy = Role(
            self,
            "deploy",
            names,
            name=names.deploy_role,
            trust=_trust(names, delivery, f"environment:{settings.environment}"),
            statements=deployer.deploying(settings),
            seconds=DEPLOY_SECONDS,
        )
        TerraformOutput(self, "plan-role-arn", value=plan.arn)
        TerraformOutput(self, "deploy-role-arn", value=deploy.arn)


class Role(Construct):
    """A role of GitHub's workflows, with as many policies as its statements fill."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        names: Names,
        *,
        name: str,
        trust: str,
        statements: Iterable[Statement],
        seconds: int,
    ) -> None:
        super().__init__(scope, id)
        role = IamRole(
            self,
            "role",
            name=name,
            description=f"Lets workflows {id} {names.prefix}",
            assume_role_policy=trust,
            max_session_duration=seconds,
        )
        for number, text in enumerate(deployer.documents(id, statements), 1):
            policy = IamPolicy(self, f"policy-{number}", name=names.policy(f"{id}-{number}"), policy=text)
            IamRolePolicyAttachment(self, f"attachment-{number}", role=role.name, policy_arn=policy.arn)
        self.arn = role.arn


def bind(stacks: Sequence[TerraformStack], names: Names) -> None:
    """Give every role of these stacks the boundary, without which whoever deploys could make a role that may anything.

    By name, as everything: the stacks know nothing of each other's state.
    """
    for stack in stacks:
        for construct in stack.node.find_all():
            if isinstance(construct, IamRole):
                construct.permissions_boundary = names.policy_arn(names.boundary)


def _trust(names: Names, delivery: Delivery, *subjects: str) -> str:
    """GitHub's words for what runs: https://docs.github.com/en/actions/reference/security/oidc."""
    return document(
        Statement(
            ("sts:AssumeRoleWithWebIdentity",),
            principal=Principal("Federated", (names.oidc_provider_arn(deployer.GITHUB),)),
            conditions={
                "StringEquals": {
                    f"{deployer.GITHUB}:aud": AUDIENCE,
                    f"{deployer.GITHUB}:sub": [f"repo:{delivery.repository}:{subject}" for subject in subjects],
                }
            },
        )
    )
