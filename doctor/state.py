"""The bucket of the remote state, and who holds the locks of its stacks."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from deployer import ADMINISTERED, STACKS
from doctor.finding import Finding, absent, bad, denied, good
from settings import Settings


def bucket(s3: Any, settings: Settings) -> Iterator[Finding]:
    """Absent is well as long as the state stack keeps its own state in a file."""
    name = settings.names.state_bucket
    try:
        s3.list_objects_v2(Bucket=name, Prefix=f"{settings.environment}/", MaxKeys=1)
    except ClientError as error:
        if absent(error) and settings.state.backend == "local":
            yield good("state bucket", f"{name} is not there yet: deploy the stack `state` first")
        elif absent(error):
            remedy = "set state.backend to local and deploy the stack `state`, or see that account and Region are right"
            yield bad("state bucket", f"{name} is not there", remedy)
        elif denied(error):
            remedy = "use the role that plans or deploys; if the bucket is somebody else's, change `project`"
            yield bad("state bucket", f"{name} may not be read", remedy)
        else:
            raise
        return
    yield good("state bucket", name)
    yield from _locks(s3, settings)


def _locks(s3: Any, settings: Settings) -> Iterator[Finding]:
    """With `use_lockfile` a lock is an object beside the state, which says who holds it."""
    held = False
    for stack in (*ADMINISTERED, *STACKS):
        key = f"{settings.environment}/{stack}.tfstate.tflock"
        try:
            lock = json.loads(s3.get_object(Bucket=settings.names.state_bucket, Key=key)["Body"].read())
        except ClientError as error:
            if not absent(error) and not denied(error):
                raise
            continue
        held = True
        yield bad(
            f"lock of {stack}",
            f"{lock.get('Who')} holds it since {lock.get('Created')} for {lock.get('Operation')}",
            f"wait for that run; if it is dead, `terraform force-unlock {lock.get('ID')}` in cdktf.out/stacks/{stack}",
        )
    if not held:
        yield good("locks", "nobody holds one")
