"""The engine process with real processes: same sound, death, restart, cancel, no orphan."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from bridge.engine_process.process import EngineProcess
from bridge.engine_process.vigil import Limits
from bridge.errors import BridgeError, EngineDied
from bridge.events import Event, ModelChanged
from engine.errors import CheckpointError
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Remark, Step, Update
from tests.bridge import fake_engine
from tests.bridge.parts import wait_for

ROOT = Path(__file__).parents[3]
FAKE = "tests.bridge.fake_engine"


def spec(prompt: str = "hi", seconds: float = 2.0, steps: int = 4) -> GenerationSpec:
    wish = GenerationSpec(prompt=prompt, seconds_total=seconds, seed=3, steps=steps)
    return wish.resolved(SKETCH)


def audio(updates: list[Update]) -> np.ndarray:
    return np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], 1)


@pytest.fixture
def started() -> Iterator[Callable[..., tuple[EngineProcess, list[Event]]]]:
    open_ones: list[EngineProcess] = []

    def start(
        factory: str = "FakeEngine", model: str = "sketch", limits: Limits | None = None
    ) -> tuple[EngineProcess, list[Event]]:
        events: list[Event] = []
        process = EngineProcess(events.append, f"{FAKE}:{factory}", model, limits or Limits())
        open_ones.append(process)
        process.start()
        return process, events

    yield start
    for process in open_ones:
        process.close()


def test_it_gives_what_the_engine_gives(started: Callable) -> None:
    process, _ = started()
    wish = spec(seconds=5.0)
    here = list(fake_engine.FakeEngine().generate(wish))
    there = [
        u for u in process.generate(wish) if not (isinstance(u, Step) and u.stage == "loading")
    ]
    np.testing.assert_array_equal(audio(there), fake_engine.sound(wish))
    steps = dict.fromkeys(u for u in there if isinstance(u, Step) and u.stage == "diffuse")
    assert [(s.index, s.total) for s in steps] == [(i, 4) for i in range(1, 5)]
    assert len(steps) + len([u for u in there if isinstance(u, AudioBlock)]) == len(here)


def test_what_the_engine_remarks_arrives_in_its_place(started: Callable) -> None:
    process, _ = started("RemarkingEngine")
    there = list(process.generate(spec()))
    [place] = [i for i, update in enumerate(there) if isinstance(update, Remark)]
    assert there[place] == Remark(fake_engine.REMARK)
    assert all(isinstance(update, AudioBlock) for update in there[place + 1 :])


def test_a_block_larger_than_a_slot_arrives_whole(started: Callable) -> None:
    process, _ = started("OneBlockEngine")
    wish = spec(seconds=30.0)
    updates = list(process.generate(wish))
    blocks = [u for u in updates if isinstance(u, AudioBlock)]
    assert len(blocks) > 1
    assert [b.start for b in blocks] == list(
        np.cumsum([0, *(b.samples.shape[1] for b in blocks)])[:-1]
    )
    np.testing.assert_array_equal(audio(updates), fake_engine.sound(wish))


def test_a_slow_reader_bounds_the_engine(started: Callable) -> None:
    """With all slots out the engine waits; nothing is overwritten."""
    process, _ = started()
    wish = spec(seconds=10.0)
    updates = []
    for update in process.generate(wish):
        updates.append(update)
        if len(updates) % 10 == 0:
            time.sleep(0.05)
    np.testing.assert_array_equal(audio(updates), fake_engine.sound(wish))


def test_killed_in_mid_take_it_says_so_and_works_again(started: Callable) -> None:
    process, events = started()
    updates = process.generate(spec("pause 0.05"))
    next(updates)
    wait_for(lambda: process.state().phase == "ready")
    first = process.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineDied, match="SIGKILL") as raised:
        list(updates)
    assert raised.value.code == "engine"
    wish = spec()
    np.testing.assert_array_equal(audio(list(process.generate(wish))), fake_engine.sound(wish))
    assert process.pid != first
    phases = [e.model.phase for e in events if isinstance(e, ModelChanged)]
    assert "failed" in phases
    assert phases.index("failed") > phases.index("loading")
    wait_for(lambda: process.state().phase == "ready")
    assert process.state().detail.startswith("ready on a fake")


def test_what_came_before_the_end_is_still_whole(started: Callable) -> None:
    """Blocks that lie in shared memory outlive the child that put them there."""
    process, _ = started()
    updates = process.generate(spec(seconds=20.0))
    seen = next(u for u in updates if isinstance(u, AudioBlock))
    time.sleep(0.5)
    first = process.pid
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: process.pid != first)
    blocks = [seen]
    with pytest.raises(EngineDied):
        for update in updates:
            assert isinstance(update, AudioBlock)
            blocks.append(update)
    whole = fake_engine.sound(spec(seconds=20.0))
    joined = np.concatenate([block.samples for block in blocks], 1)
    np.testing.assert_array_equal(joined, whole[:, : joined.shape[1]])
    assert len(blocks) > 1


def test_killed_between_takes_nothing_is_lost(started: Callable) -> None:
    process, _ = started()
    list(process.generate(spec()))
    os.kill(process.pid, signal.SIGKILL)
    # Whether the death is noticed before or after the call, the call after an `EngineDied` works.
    with contextlib.suppress(EngineDied):
        list(process.generate(spec()))
    assert audio(list(process.generate(spec()))).shape == (2, 88_200)


def test_an_engine_that_ends_its_own_process_is_a_failed_take(started: Callable) -> None:
    process, _ = started()
    with pytest.raises(EngineDied, match="code 3"):
        list(process.generate(spec("dies")))
    assert audio(list(process.generate(spec()))).shape == (2, 88_200)


def test_errors_keep_their_class_and_sentence(started: Callable) -> None:
    process, _ = started()
    with pytest.raises(CheckpointError, match="damaged; get them again"):
        list(process.generate(spec("fails")))
    with pytest.raises(BridgeError, match="division by zero"):
        list(process.generate(spec("breaks")))
    list(process.generate(spec()))


def test_closing_stops_the_engine_within_a_step(started: Callable) -> None:
    process, _ = started()
    updates = process.generate(spec("pause 0.05", steps=500))
    for update in updates:
        if update.stage == "diffuse":
            break
    updates.close()
    steps = next(u for u in process.generate(spec("counts")) if u.stage == "encode").index
    # It may be as many steps ahead as there are slots, and one.
    assert 1 <= steps <= 6


def test_it_can_be_closed_before_it_is_there(started: Callable) -> None:
    process, _ = started()
    updates = process.generate(spec())
    assert isinstance(next(updates), Step)
    updates.close()


def test_an_engine_that_cannot_be_built_says_why(started: Callable) -> None:
    process, events = started("Unbuildable")
    with pytest.raises(BridgeError, match="There are no weights here"):
        list(process.generate(spec()))
    assert any(isinstance(e, ModelChanged) and e.model.phase == "failed" for e in events)


def test_a_model_that_cannot_be_loaded_is_failed_not_loading(started: Callable) -> None:
    process, _ = started("NoWeights", model="")
    with pytest.raises(CheckpointError, match="no weights"):
        list(process.generate(spec()))
    wait_for(lambda: process.state().phase == "failed")
    assert process.state().detail == "There are no weights here."


def test_a_process_that_always_dies_is_not_started_for_ever(started: Callable) -> None:
    process, events = started("DiesAtBirth")
    with pytest.raises(EngineDied):
        list(process.generate(spec()))

    def quiet() -> bool:
        seen = len(events)
        time.sleep(2.0)
        return len(events) == seen and process.pid is None

    wait_for(quiet)
    assert process.state().phase == "failed"
    assert "code 7" in process.state().detail


def test_load_and_unload_are_seen(started: Callable) -> None:
    process, events = started(model="")
    process.load("sketch")
    wait_for(lambda: process.state().phase == "ready")
    fractions = [e.model.fraction for e in events if e.model.phase == "loading"]
    assert fractions == sorted(fractions)
    assert 0.5 in fractions
    process.unload()
    wait_for(lambda: process.state().phase == "unloaded")


def test_after_a_load_that_failed_the_state_is_what_the_engine_holds(started: Callable) -> None:
    process, events = started("Holds")
    wait_for(lambda: process.state().phase == "ready")
    # Found before: the model stays, and the job says why.
    with pytest.raises(CheckpointError, match="another model"):
        list(process.generate(replace(spec(), lora="misfit")))
    assert (process.state().name, process.state().phase) == ("sketch", "ready")
    # Found too late: nothing is held, although the name is the same.
    with pytest.raises(CheckpointError, match="disk is gone"):
        list(process.generate(replace(spec(), lora="late")))
    wait_for(lambda: process.state().phase == "failed")
    assert process.state().detail == "Its disk is gone."
    assert audio(list(process.generate(spec()))).shape == (2, 88_200)
    wait_for(lambda: process.state().phase == "ready")
    # Another model that cannot be loaded is told, and that the last one is still there.
    del events[:]
    process.load("stable-audio-2")
    wait_for(lambda: "stable-audio-2 is not loaded: It is for" in process.state().detail)
    assert (process.state().name, process.state().phase) == ("sketch", "ready")
    told = [(e.model.name, e.model.phase) for e in events if isinstance(e, ModelChanged)]
    assert told == [
        ("stable-audio-2", "loading"),
        ("stable-audio-2", "failed"),
        ("sketch", "ready"),
    ]


def test_closed_while_loading_the_state_is_what_the_engine_holds(started: Callable) -> None:
    process, events = started("Holds", model="")
    for _ in range(3):
        updates = process.generate(spec())
        next(updates)
        updates.close()
        list(process.generate(spec()))
        wait_for(lambda: process.state().phase == "ready")
        process.unload()
        wait_for(lambda: process.state().phase == "unloaded")
    assert not [e for e in events if isinstance(e, ModelChanged) and e.model.phase == "failed"]


PARENT = """
import sys, time
sys.path[:0] = {path!r}
from bridge.engine_process.process import EngineProcess
from bridge.engine_process.vigil import Limits
process = EngineProcess(lambda event: None, "tests.bridge.fake_engine:FakeEngine", "sketch")
process.start()
while process.state().phase != "ready":
    time.sleep(0.01)
print(process.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_kill_9_of_the_parent_ends_the_child() -> None:
    code = PARENT.format(path=[str(ROOT)])
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    wait_for(lambda: not alive(child))


def test_the_bridge_imports_no_torch() -> None:
    code = "import bridge.engine_process.process, bridge.session, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
