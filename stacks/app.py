"""The app: which stacks an environment has, and in which order they are applied."""

import shutil
from pathlib import Path

from cdktf import App

from settings import Settings
from stacks.pipeline import PipelineStack
from stacks.seeding import SeedingStack
from stacks.state import StateStack


def synthesize(settings: Settings, outdir: Path | None = None) -> None:
    """Write the Terraform JSON of every stack to `outdir` (default: what the CDKTF CLI says, else `cdktf.out`)."""
    app = App(outdir=str(outdir) if outdir else None)
    state = StateStack(app, settings)
    pipeline = PipelineStack(app, settings)
    pipeline.add_dependency(state)
    if any(table.seeding for table in settings.tables.values()):
        SeedingStack(app, settings).add_dependency(pipeline)
    app.synth()
    _remove_others(Path(app.outdir) / "stacks", {stack.node.id for stack in app.node.children})


def _remove_others(stacks: Path, ours: set[str]) -> None:
    """A stack that this environment lacks must not stay behind from another one, ready to be applied by mistake."""
    for folder in stacks.iterdir():
        if folder.name not in ours:
            shutil.rmtree(folder)
