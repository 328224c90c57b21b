"""What whoever deploys must be allowed: to plan, to deploy, and the boundary of the roles that a deployment makes.

Everything follows from the settings. Nothing here knows CDKTF. Why it is safe to give away: docs/deployer.md.
"""

from deployer.boundary import boundary
from deployer.documents import PolicyTooLarge, documents
from deployer.permissions import ADMINISTERED, GITHUB, STACKS, deploying, planning

__all__ = ["ADMINISTERED", "GITHUB", "STACKS", "PolicyTooLarge", "boundary", "deploying", "documents", "planning"]
