"""The lazy bindings change the time of a synth and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


# How many of the provider's modules each of jsii's processes of Node has loaded in the end.
COUNTER = """
const { appendFileSync } = require("node:fs");
process.on("exit", () => {
  const loaded = Object.keys(require.cache).filter((file) => /provider-aws/.test(file));
  appendFileSync(process.env.COUNTS, `${loaded.length}\\n`);
});
"""


def run(script: str, outdir: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"],
        env={"PATH": os.environ["PATH"], "ENVIRONMENT": "dev", "CDKTF_OUTDIR": str(outdir), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def files(outdir: Path) -> dict[str, bytes]:
    return {str(path.relative_to(outdir)): path.read_bytes() for path in sorted(outdir.rglob("*")) if path.is_file()}


def test_output_is_the_same_to_the_byte_as_with_the_plain_import(tmp_path: Path) -> None:
    count = "import main; main.main(); print(sum(m.startswith('cdktf_cdktf_provider_aws.') for m in sys.modules))"
    lazy = int(run(count, tmp_path / "lazy"))
    plain = int(run(f"import cdktf_cdktf_provider_aws\n{count}", tmp_path / "plain"))
    assert lazy < 150
    assert plain > 2000
    assert files(tmp_path / "lazy") == files(tmp_path / "plain") != {}


def test_node_loads_what_is_used(tmp_path: Path) -> None:
    """Beside what NODE_OPTIONS asks for already: here, to count."""
    counter = tmp_path / "counter.js"
    counter.write_text(COUNTER)

    def loaded(script: str, name: str) -> int:
        counts = tmp_path / f"{name}.txt"
        run(script, tmp_path / name, NODE_OPTIONS=f"--require {counter}", COUNTS=str(counts))
        return max(int(count) for count in counts.read_text().split())

    assert loaded("import main; main.main()", "lazy") < 150
    assert loaded("import cdktf_cdktf_provider_aws, main; main.main()", "plain") > 2000


def test_a_synth_loads_nothing_that_calls_aws(tmp_path: Path) -> None:
    loaded = run("import main; main.main(); print({'boto3', 'botocore', 'urllib3'} & sys.modules.keys())", tmp_path)
    assert loaded.strip() == "set()"


def test_settings_and_osis_know_nothing_of_cdktf(tmp_path: Path) -> None:
    loaded = run("import settings, osis; print([m for m in sys.modules if 'cdktf' in m or m == 'jsii'])", tmp_path)
    assert loaded.strip() == "[]"
