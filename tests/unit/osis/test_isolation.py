import subprocess
import sys
from pathlib import Path


def test_osis_needs_only_pydantic_and_yaml() -> None:
    script = "import osis, osis.default, osis.__main__, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"cdktf", "cdktf_cdktf_provider_aws", "constructs", "jsii", "boto3", "settings", "stacks"}
