"""Live over OSC, through a real socket and with a real engine process; the test plays devices and pump."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bridge.audio.live.memory import LATE, METERS, WET
from bridge.live.control import LiveControl, LiveOptions
from bridge.osc.docs import tree
from bridge.osc.values import VALUES
from bridge.session import Session
from bridge.takes import recordings
from engine.live_settings import LIVE
from tests.bridge.live.desk import ENGINE, Desk, Playing
from tests.bridge.parts import wait_for
from tests.bridge.rig import Peer, osc_server


@pytest.fixture
def played(tmp_path: Path) -> Iterator[tuple[Peer, Session, Desk]]:
    desk = Desk()
    with osc_server(tmp_path) as (server, session), Peer(server.port) as peer:
        begin = partial(recordings.begin, session.takes)
        session.live = LiveControl(
            desk, session.hub.publish, session.transport.state, begin, LiveOptions(engine=ENGINE)
        )
        peer.ask("subscribe", "live", "errors", answer="subscribed")
        yield peer, session, desk


def test_it_is_started_played_and_stopped(played: tuple[Peer, Session, Desk]) -> None:
    peer, session, desk = played
    peer.send("live/start")
    assert "funk drums" in peer.wait("error")[2]
    peer.send("live/start", "warm pads")
    assert peer.wait("live/prompt") == ("warm pads",)
    assert peer.wait("live/state")[0] == "starting"
    _, latency, hop, load, late, dry = peer.wait("live/state", where=0, is_="on")
    assert latency > 100 and hop == 100.0 and 0 <= load < 100 and (late, dry) == (0, 0)
    desk.memory.board.numbers[LATE] = 2
    peer.wait("live/state", where=4, is_=2)
    desk.memory.board.numbers[METERS : METERS + 8] = (0.25, 0.5, 0, 0, 0.125, 0, 0, 0)
    peer.wait("live/level", where=0, is_=0.5)
    assert peer.at("live/level")[-1] == (0.5, 0.125)
    peer.send("live/stop", 0)  # A button that is let go.
    peer.send("live/stop", 1)
    peer.wait("live/state", where=0, is_="off")
    session.live.start()
    peer.wait("live/state", where=0, is_="on")
    peer.send("panic")
    peer.wait("live/state", where=0, is_="off")


def test_every_setting_is_set_read_and_echoed(played: tuple[Peer, Session, Desk]) -> None:
    peer, _, desk = played
    for name, known in LIVE.items():
        if name == "model":
            continue
        value = known.choices[-1] if known.choices else known.low
        value = {"text": value or "x", "bool": 1}.get(known.kind, value)
        assert peer.ask(f"live/{name}", value) == (value,)
        assert peer.ask(f"live/{name}") == (value,)
        assert peer.ask(f"live/{name}", "") == peer.ask(f"live/{name}")
    peer.send("live/strength", 3.0)
    assert "strength is from 0 to 1" in peer.wait("error")[2]
    peer.send("live/model", "nobody's")
    assert peer.wait("error")[1] == "out_of_range"
    peer.send("live/start", "funk")
    peer.send("live/wet", 0.25)
    wait_for(lambda: desk.memory.board.numbers[WET] == 0.25)


def test_what_is_heard_is_recorded(played: tuple[Peer, Session, Desk]) -> None:
    peer, session, desk = played
    peer.send("live/record", 1)
    assert "Live is off" in peer.wait("error")[2]
    peer.send("live/start", "funk")
    playing = Playing(desk)
    try:
        peer.wait("live/state", where=0, is_="on")
        peer.send("live/record", 1)
        assert peer.wait("live/record") == (1,)
        wait_for(lambda: (session.live.state().recording or 0.0) > 0.3)
        peer.send("live/record", 0)
        path, seconds = peer.wait("live/recorded")
        assert Path(path).is_file() and seconds > 0.3
        assert peer.at("captured") == []
        peer.wait("live/record", where=0, is_=0)
    finally:
        playing.stop()


def test_the_tree_has_its_values(played: tuple[Peer, Session, Desk]) -> None:
    _, session, _ = played
    session.live.set("strength", 0.5)
    root = tree(lambda command: VALUES[command.name].read(session, command))
    live = root["CONTENTS"]["longtake"]["CONTENTS"]["live"]["CONTENTS"]
    assert live["strength"]["VALUE"] == (0.5,)
    assert live["strength"]["RANGE"] == [{"MIN": 0.0, "MAX": 1.0}]
    assert live["record"]["VALUE"] == (0,) and live["delay"]["RANGE"][0]["VALS"][-1] == "bar"
