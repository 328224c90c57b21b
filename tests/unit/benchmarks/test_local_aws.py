"""What several runs on the local AWS give: medians, memory by part, a picture."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import local_aws, memory, picture
from local.timeline import Phase, Timeline

SVG = "{http://www.w3.org/2000/svg}"


def run(first: float, second: float) -> Timeline:
    return Timeline.of([Phase("start", 0, first), Phase("state <all>", first, first + second)])


def test_each_phase_has_the_median_of_its_starts_and_ends() -> None:
    whole = local_aws.medians([run(10, 20), run(12, 60), run(30, 22)])
    assert whole.phases == [Phase("start", 0, 12), Phase("state <all>", 12, 52)]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_memory_is_that_of_a_process_and_of_all_that_it_started() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        pids = {process.pid for process in memory.tree(os.getpid())}
        first, *others = memory.tree(parent.pid)
        parent.communicate(b"\n")
    assert (first.pid, len(others)) == (parent.pid, 1)
    assert {os.getpid(), first.pid, others[0].pid} <= pids
    assert "input()" in others[0].command
    assert all(0 < process.own_mib <= process.resident_mib for process in (first, *others))


def test_each_phase_is_a_bar_as_long_as_it_took() -> None:
    drawn = ElementTree.fromstring(picture.timeline(run(10, 30)))  # noqa: S314 - our own
    _background, *bars = drawn.iter(f"{SVG}rect")
    (start, first), (middle, second) = [(float(bar.get("x", 0)), float(bar.get("width", 0))) for bar in bars]
    assert second == pytest.approx(3 * first)
    assert middle == pytest.approx(start + first)
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"state <all>", "30.0 s", "0 s", "35 s"} <= set(texts)
