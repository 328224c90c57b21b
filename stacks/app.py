"""The app: which stacks an environment has, and in which order they are applied."""

import shutil
from pathlib import Path

from cdktf import App

from settings import Settings
from stacks.addresses import make_readable
from stacks.delivery import DeliveryStack, bind
from stacks.pipeline import PipelineStack
from stacks.seeding import SeedingStack
from stacks.state import StateStack


def synthesize(settings: Settings, outdir: Path | None = None) -> None:
    """Write the Terraform JSON of every stack to `outdir` (default: what the CDKTF CLI says, else `cdktf.out`)."""
    app = App(outdir=str(outdir) if outdir else None)
    state = StateStack(app, settings)
    pipeline = PipelineStack(app, settings)
    pipeline.add_dependency(state)
    stacks = [state, pipeline]
    if any(table.seeding for table in settings.tables.values()):
        seeding = SeedingStack(app, settings)
        seeding.add_dependency(pipeline)
        stacks.append(seeding)
    if settings.delivery is not None:
        delivery = DeliveryStack(app, settings, settings.delivery)
        delivery.add_dependency(state)
        pipeline.add_dependency(delivery)
        bind(stacks, settings.names)
    app.synth()
    ours = Path(app.outdir) / "stacks"
    _remove_others(ours, {stack.node.id for stack in app.node.children})
    for file in ours.glob("*/cdk.tf.json"):
        make_readable(file)


def _remove_others(stacks: Path, ours: set[str]) -> None:
    """A stack that this environment lacks must not stay behind from another one, ready to be applied by mistake."""
    for folder in stacks.iterdir():
        if folder.name not in ours:
            shutil.rmtree(folder)
