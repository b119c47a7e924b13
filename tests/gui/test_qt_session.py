"""Events arrive on Qt's thread, bursts are told in brief, refused calls become sentences."""

# pyright: reportOptionalSubscript=false
from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from bridge import events
from bridge.delivery_state import Companion, Delivery, Placement, Selection
from bridge.events import (
    AudioReady,
    CompanionChanged,
    DeliveryChanged,
    JobChanged,
    LiveChanged,
    LiveSet,
    Notice,
    OscTraffic,
    ParameterChanged,
    SelectionHanded,
    TakeRemoved,
)
from bridge.live_state import LiveState
from bridge.state import Job
from engine.spec import GenerationSpec
from gui.demo.studio import Studio
from gui.qt_session import TRAFFIC_KEPT, QtSession, latest


def job(name: str, progress: float) -> JobChanged:
    return JobChanged(
        Job(name, "", "generate", "running", GenerationSpec(prompt="x"), progress=progress)
    )


def test_events_of_another_thread_arrive_on_this_one(
    studio: Studio, session: QtSession, qtbot: QtBot
) -> None:
    where: list[threading.Thread] = []
    session.parameter_changed.connect(lambda *_: where.append(threading.current_thread()))
    with qtbot.waitSignal(session.parameter_changed) as told:
        thread = threading.Thread(target=lambda: studio.session.parameters.set("steps", 12))
        thread.start()
        thread.join()
    assert told.args == ["steps", 12]
    assert where == [threading.main_thread()]


def test_of_a_burst_the_last_state_of_each_thing_is_told_and_nothing_that_happened_is_lost() -> (
    None
):
    block = AudioReady("a", 0, np.zeros((2, 4), np.float32))
    burst: list[events.Event] = []
    for number in range(1000):
        burst += [
            job("a", number / 1000),
            job("b", number / 1000),
            ParameterChanged("steps", number + 1),
            LiveSet("blend", number / 1000),
            LiveChanged(LiveState("on", late=number)),
        ]
    burst += [
        block,
        AudioReady("a", 4, np.zeros((2, 4), np.float32)),
        TakeRemoved("t"),
        TakeRemoved("u"),
    ]
    told = latest(burst)
    assert told[0] == job("a", 0.999)
    assert told[1] == job("b", 0.999)
    assert told[2] == ParameterChanged("steps", 1000)
    assert told[3:5] == [LiveSet("blend", 0.999), LiveChanged(LiveState("on", late=999))]
    assert told[5] is block
    assert len(told) == 9


def test_of_a_flood_of_messages_the_last_are_shown() -> None:
    flood: list[events.Event] = [OscTraffic("in", "x", f"/{number}") for number in range(5000)]
    told = latest(flood)
    assert len(told) == TRAFFIC_KEPT
    assert told[-1] == flood[-1]


def test_a_flood_is_told_in_turns_and_ends_in_the_last_state(
    studio: Studio, session: QtSession, qtbot: QtBot
) -> None:
    seen: list[float] = []
    session.job_changed.connect(lambda one: seen.append(one.progress))
    for number in range(3000):
        studio.hub.publish(job("a", number / 3000))
        studio.hub.publish(Notice("info", "", str(number)))
    qtbot.waitUntil(lambda: bool(seen) and seen[-1] == 2999 / 3000, timeout=20_000)
    assert len(seen) < 3000


def test_what_the_session_refuses_is_said_and_not_raised(
    studio: Studio, session: QtSession, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(session.noticed) as told:
        assert session.attempt(studio.session.parameters.set, "steps", 0) is None
    assert told.args[0].level == "error"
    assert told.args[0].code == "out_of_range"
    assert "steps" in told.args[0].text
    assert session.attempt(studio.session.parameters.get, "steps") is None


def test_after_closing_nothing_is_heard(studio: Studio, session: QtSession, qtbot: QtBot) -> None:
    session.close()
    with qtbot.assertNotEmitted(session.parameter_changed, wait=50):
        studio.session.parameters.set("steps", 9)


def test_the_panel_and_its_session_import_no_torch() -> None:
    code = (
        "import os, sys; os.environ['QT_QPA_PLATFORM'] = 'offscreen'; import gui.__main__, gui.window.main_window; "
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'transformers', 'pyqtgraph')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_of_each_delivery_and_each_target_the_last_state_is_told_and_every_selection() -> None:
    one = Delivery("d1", "t1", Path("/t1.wav"), "One", Placement("reaper"))
    selection = SelectionHanded(Selection(()))
    burst: list[events.Event] = [
        DeliveryChanged(one),
        DeliveryChanged(replace(one, id="d2")),
        selection,
        CompanionChanged(Companion("reaper", "Reaper")),
        DeliveryChanged(replace(one, state="placed")),
        selection,
        CompanionChanged(Companion("ardour", "Ardour")),
        CompanionChanged(Companion("reaper", "Reaper", "connected")),
    ]
    assert latest(burst) == [burst[1], selection, *burst[4:]]
