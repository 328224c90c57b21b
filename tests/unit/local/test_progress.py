"""Steps beside each other: all end with the block, and what fails in one of them is not lost."""

import threading
from io import StringIO

import pytest
from rich.console import Console

from local.progress import Progress

LIMIT_SECONDS = 20


@pytest.fixture
def progress() -> Progress:
    return Progress(Console(file=StringIO(), width=200))


def printed(progress: Progress) -> str:
    assert isinstance(progress.console.file, StringIO)
    return progress.console.file.getvalue()


def never() -> None:
    raise AssertionError("nothing failed, so nothing is to be interrupted")


def test_a_finished_step_is_one_line_with_what_it_found(progress: Progress) -> None:
    with progress.step("counting") as done:
        done("3 items")
    line = printed(progress)
    assert line.startswith("✓")
    assert line.endswith(" s  counting: 3 items\n")


def test_work_goes_on_while_the_block_runs(progress: Progress) -> None:
    began, block = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        assert block.wait(LIMIT_SECONDS)

    with progress.beside("work", work, interrupt=never), progress.step("block"):
        assert began.wait(LIMIT_SECONDS)
        block.set()
    work_phase, block_phase = sorted(progress.timeline.phases, key=lambda phase: phase.title, reverse=True)
    assert (work_phase.title, block_phase.title) == ("work", "block")
    assert work_phase.start < block_phase.end
    assert block_phase.start < work_phase.end


def test_the_block_ends_after_the_work(progress: Progress) -> None:
    ended = threading.Event()
    with progress.beside("work", ended.set, interrupt=never):
        pass
    assert ended.is_set()
    assert [phase.title for phase in progress.timeline.phases] == ["work"]


def test_work_that_fails_fails_the_block(progress: Progress) -> None:
    def fail() -> None:
        raise RuntimeError("the domain is not there")

    with (
        pytest.raises(RuntimeError, match="the domain is not there"),
        progress.beside("work", fail, interrupt=lambda: None),
        progress.step("block"),
    ):
        pass
    assert [phase.title for phase in progress.timeline.phases] == ["block"], "what failed has no tick"


@pytest.mark.parametrize("error", [RuntimeError("no table"), KeyboardInterrupt()], ids=["error", "ctrl-c"])
def test_a_block_that_fails_interrupts_the_work_and_waits_for_its_end(error: BaseException, progress: Progress) -> None:
    interrupted, ended = threading.Event(), threading.Event()

    def work() -> None:
        assert interrupted.wait(LIMIT_SECONDS)
        ended.set()

    with pytest.raises(type(error)), progress.beside("work", work, interrupt=interrupted.set):
        raise error
    assert ended.is_set()


def test_the_summary_has_a_bar_for_each_step_in_the_order_of_their_starts(progress: Progress) -> None:
    with progress.step("first"), progress.step("second"):
        pass
    ticks = printed(progress)
    progress.summarize()
    bars = printed(progress).removeprefix(ticks).splitlines()
    assert [bar.rpartition("  ")[2] for bar in bars[:2]] == ["first", "second"]
    assert all("━" in bar for bar in bars[:2])
