"""How long a synth takes: of prod, beside the CDK sample's; and of a hundred tables, beside one."""

import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.pairs import Command, compare

ROOT = Path(__file__).parents[1]
BUILD = ROOT / ".build" / "benchmarks"
SAMPLE = Path(__file__).parent / "sample"
SAMPLE_PYTHON = BUILD / "sample" / "bin" / "python"
TABLES = 100


def beside_the_sample(pairs: int) -> float:
    """The ratio of `python main.py` for prod to the sample's `python app.py`."""
    if not SAMPLE_PYTHON.exists():
        raise FileNotFoundError(f"{SAMPLE_PYTHON} is not there; run `make benchmark-synth`")
    outdir = {"CDK_OUTDIR": str(BUILD / "cdk.out")}
    sample = Command("sample", [SAMPLE_PYTHON, "app.py"], SAMPLE, outdir)
    return compare(_ours("prod", "prod"), sample, pairs=pairs, at_most=0.5)


def many_tables(pairs: int) -> float:
    """The ratio of a hundred tables to one."""
    many, one = _ours(f"{TABLES} tables", _settings(TABLES)), _ours("1 table", _settings(1))
    return compare(many, one, pairs=pairs, at_most=1.5)


def _ours(name: str, environment: str) -> Command:
    outdir = str(BUILD / f"{Path(environment).stem}.out")
    return Command(name, [sys.executable, "main.py"], ROOT, {"ENVIRONMENT": environment, "CDKTF_OUTDIR": outdir})


def _settings(tables: int) -> str:
    """The path of settings with so many tables, each with a pipeline of its own."""
    table: dict[str, Any] = {
        "partition_key": {"name": "id", "type": "S"},
        "documents": {"attributes": {"id": "keyword", "at": "date", "price": "double"}},
    }
    settings = {
        "project": "shop",
        "account_id": "111122223333",
        "region": "eu-central-1",
        "production": False,
        "tables": {f"t{number}": table for number in range(tables)},
        "ingestion": {"pipeline_quota": TABLES},
        "domain": {"instance_type": "t3.small.search", "instance_count": 1, "volume_gib": 10},
    }
    file = BUILD / f"tables-{tables}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Settings know no anchors.
    file.write_text(yaml.dump(settings, Dumper=_WithoutAnchors))
    return str(file)


class _WithoutAnchors(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True
