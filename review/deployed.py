"""Which environments the workflows of a repository deploy, and as whom: all of it is in the settings."""

import re
from pathlib import Path

from settings import ENVIRONMENTS, InvalidSettings, load


def deployed(repository: str, folder: Path = ENVIRONMENTS) -> list[dict[str, str]]:
    """An entry for each environment whose `delivery` names this repository, as a workflow's matrix takes it.

    Raises InvalidSettings, also for a state that no workflow would find.
    """
    entries = []
    for file in sorted(folder.glob("*.yaml")):
        settings = load(str(file))
        # Settings may add the numbers of owner and repository, as GitHub's tokens do; its workflows know but the names.
        if settings.delivery is None or re.sub(r"@\d+", "", settings.delivery.repository) != repository:
            continue
        if settings.state.backend == "local":
            raise InvalidSettings(
                file,
                ["state.backend: is local, a file that workflows lack; move it to s3 (README), then say so here"],
            )
        names = settings.names
        entries.append(
            {
                "environment": settings.environment,
                "region": settings.region,
                "plan_role": names.role_arn(names.plan_role),
                "deploy_role": names.role_arn(names.deploy_role),
            }
        )
    return entries
