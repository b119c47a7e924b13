"""From a delivery that is owed to a clip in Live: the real deliveries over the real desk, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.delivery.companion import Companions
from bridge.delivery.daws import Daws
from bridge.delivery.messages import Message
from bridge.delivery_state import Delivery, Placement
from bridge.events import Event
from bridge.state import TransportState
from tests.bridge.companions.ableton.opened import Opened


class Longtake:
    """As much of it as delivers; hears what the set asks for."""

    def __init__(self, opened: Opened, folder: Path) -> None:
        self.opened = opened
        self.events: list[Event] = []
        self.heard: list[tuple[str, Message]] = []
        companions = Companions({"ableton": opened.desk})
        self.daws = Daws(self.events.append, folder / "data", folder / "takes", companions)

    def start(self) -> None:
        self.daws.start(lambda daw, message: self.heard.append((daw, message)))

    def owe(self, **where: Any) -> str:
        placed = Placement("ableton", at="beat", position=4.0, **where)
        made = Delivery("", "", self.opened.wav, "Rain", placed, 2.0, 120.0, 4.0, loop=True)
        return self.daws.deliveries.add(made).id

    def state(self, delivery: str) -> str:
        return self.daws.deliveries.get(delivery).state


@pytest.fixture
def longtake(opened: Opened, tmp_path: Path) -> Iterator[Longtake]:
    longtake = Longtake(opened, tmp_path)
    yield longtake
    longtake.daws.close()


def test_what_is_owed_comes_when_live_does(opened: Opened, longtake: Longtake) -> None:
    longtake.start()
    first, second = longtake.owe(track="Drums"), longtake.owe(track="Keys")
    assert longtake.state(first) == "owed"
    script = opened.open_set()
    opened.tick(script, lambda: longtake.state(second) == "refused")
    assert longtake.state(first) == "placed"
    assert "MIDI track" in longtake.daws.deliveries.get(second).text
    assert [clip.end_marker for clip in opened.audio.arrangement_clips] == [4.0]
    (live,) = [each for each in longtake.daws.deliveries.companions() if each.target == "ableton"]
    assert (live.state, live.detail) == ("connected", "Live 12.2.0, Nocturne")
    script.disconnect()
    opened.tick(script, lambda: not opened.desk.connected("ableton"))


def test_live_that_reads_for_long_is_waited_for(opened: Opened, longtake: Longtake) -> None:
    longtake.start()
    script = opened.open_set()
    opened.tick(script, lambda: opened.desk.connected("ableton"))
    opened.live.decode = lambda path: time.sleep(5.0)
    delivery = longtake.owe()
    opened.tick(script, lambda: longtake.state(delivery) == "placed")
    told = [each.delivery.state for each in longtake.events if hasattr(each, "delivery")]  # type: ignore[attr-defined]
    assert told == ["owed", "sent", "placed"], "at no moment was it unsure"
    script.disconnect()


def test_live_that_ends_while_it_places_leaves_it_unsure(
    opened: Opened, longtake: Longtake
) -> None:
    longtake.start()
    script = opened.open_set()
    opened.tick(script, lambda: opened.desk.connected("ableton"))
    delivery = longtake.owe()
    while longtake.state(delivery) != "sent":
        time.sleep(0.02)
    script.disconnect()
    while longtake.state(delivery) != "unsure":
        time.sleep(0.02)
    again = opened.open_set()
    opened.tick(again, lambda: opened.desk.connected("ableton"))
    assert longtake.state(delivery) == "unsure", "nothing is sent twice by itself"
    assert opened.audio.arrangement_clips == []
    again.disconnect()


def test_a_set_is_recorded_into_first(opened: Opened, longtake: Longtake) -> None:
    opened.song.record_mode = opened.song.is_playing = opened.audio.arm = True
    longtake.start()
    script = opened.open_set()
    delivery = longtake.owe()
    opened.tick(script, lambda: "records" in longtake.daws.deliveries.get(delivery).text)
    assert longtake.state(delivery) in ("owed", "sent")
    opened.song.record_mode = False
    opened.tick(script, lambda: longtake.state(delivery) == "placed")
    script.disconnect()


def test_a_take_goes_where_live_says_it_stands(opened: Opened, longtake: Longtake) -> None:
    opened.song.loop, opened.song.loop_start, opened.song.loop_length = True, 32.0, 8.0
    longtake.start()
    script = opened.open_set()
    opened.tick(script, lambda: any(each["kind"] == "state" for _, each in longtake.heard))
    placed = longtake.daws.placement("ableton", "selection", "", "", TransportState())
    assert (placed.position, placed.length, placed.form) == (32.0, 8.0, "item")
    script.disconnect()
