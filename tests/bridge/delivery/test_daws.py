"""Where a take goes when nobody says it exactly, what a DAW hands over, and the click of a test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.delivery.companion import Companions
from bridge.delivery.daws import Daws
from bridge.delivery_state import Part, Selection
from bridge.errors import BridgeError
from bridge.events import Event, Notice, SelectionHanded
from bridge.state import TransportState
from tests.bridge.delivery.daw import Loop, StandIn
from tests.bridge.parts import noise_file, wait_for

NOBODY = TransportState()
SOMEBODY = TransportState(tempo=80.0, tempo_known=True, beat=4.0, source="osc")


@dataclass
class Desk:
    daws: Daws
    loop: Loop
    folder: StandIn
    told: list[Event] = field(default_factory=list)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    loop, folder, told = Loop(), StandIn(), list[Event]()
    takes = tmp_path / "takes"
    takes.mkdir()
    companions = Companions({"reaper": loop, "ardour": loop})
    daws = Daws(told.append, tmp_path / "data", takes, companions, {"folder": folder})
    daws.start(lambda daw, message: None)
    yield Desk(daws, loop, folder, told)
    daws.close()


def test_the_daw_itself_knows_best_where_it_stands_then_the_transport(desk: Desk) -> None:
    assert desk.daws.placement("reaper", "", "", "", NOBODY).at == "playhead"
    by_transport = desk.daws.placement("reaper", "", "", "", SOMEBODY)
    assert (by_transport.at, by_transport.position, by_transport.tempo) == ("beat", 4.0, 80.0)
    desk.loop.says("reaper", "state", tempo=90.0, beat=12.0, playing=False)
    by_itself = desk.daws.placement("reaper", "", "", "", SOMEBODY)
    assert (by_itself.position, by_itself.tempo) == (12.0, 90.0)
    assert desk.daws.placement("ardour", "", "", "", SOMEBODY).position == 4.0


def test_the_one_daw_that_is_there_is_meant_where_none_is_named(desk: Desk) -> None:
    with pytest.raises(BridgeError, match="no DAW is connected"):
        desk.daws.default()
    desk.loop.there = {"ardour"}
    assert desk.daws.default() == "ardour"
    desk.loop.there = {"ardour", "reaper"}
    with pytest.raises(BridgeError, match="reaper and ardour are connected"):
        desk.daws.default()


def test_what_is_handed_over_is_a_recording_a_place_and_a_track(desk: Desk, tmp_path: Path) -> None:
    path = noise_file(tmp_path / "riff.wav")
    handed = Selection((Part(path, 0.5, 1.0),), "reaper", 16.0, "Bass", "{guid}")
    found = desk.daws.hand(handed)
    assert found.path is not None
    assert np.array_equal(soundfile.read(found.path)[0], soundfile.read(path)[0][22_050:66_150])
    assert desk.daws.handed() == found
    assert SelectionHanded(found) in desk.told
    placed = desk.daws.placement("reaper", "selection", "below", "take", SOMEBODY)
    assert (placed.at, placed.position, placed.beside) == ("beat", 16.0, "Bass")
    assert placed.item == "{guid}"
    assert placed.length == pytest.approx(80.0 / 60.0)
    assert desk.daws.placement("reaper", "playhead", "new", "", SOMEBODY).beside == ""
    desk.loop.says("reaper", "state", selection_start=40.0, selection_end=44.0)
    later = desk.daws.placement("reaper", "selection", "below", "", SOMEBODY)
    assert (later.position, later.length, later.beside) == (40.0, 4.0, "")
    elsewhere = desk.daws.placement("ardour", "playhead", "below", "", SOMEBODY)
    assert (elsewhere.beside, elsewhere.item) == ("", "")  # Another DAW has other tracks.


def test_what_cannot_be_read_is_told_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_text("no sound")
    for name in ("no.wav", "missing.wav"):
        told = len(desk.told)
        desk.daws.hand_soon(Selection((Part(tmp_path / name, 0.0, 1.0),)))
        wait_for(lambda told=told: [e for e in desk.told[told:] if isinstance(e, Notice)])
    assert desk.daws.handed() is None


def test_only_the_daw_that_was_sent_something_answers_it(desk: Desk) -> None:
    desk.loop.there = {"reaper", "ardour"}
    sent = desk.daws.test("reaper").id
    assert desk.loop.wait("place")["id"] == sent
    desk.loop.says("ardour", "answer", id=sent, ok=True)
    assert desk.daws.deliveries.get(sent).state == "sent"
    desk.loop.says("reaper", "answer", id=sent, ok=True)
    assert desk.daws.deliveries.get(sent).state == "placed"


def test_a_click_shows_that_it_works(desk: Desk) -> None:
    sent = desk.daws.test("folder")
    desk.loop.there = {"reaper"}
    desk.daws.test("reaper")
    assert desk.loop.wait("place")["track"] == "new"
    wait_for(lambda: desk.daws.deliveries.get(sent.id).state == "placed")
    samples, rate = soundfile.read(sent.path)
    assert len(samples) == sent.seconds * rate == 2 * rate
    onsets = [round(beat * rate / 2) for beat in range(4)]
    assert all(np.abs(samples[onset : onset + 500]).max() > 0.2 for onset in onsets)
