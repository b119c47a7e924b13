"""Where a take goes, in words: only what its target knows of, and as it was asked for."""

from __future__ import annotations

import time

from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Companion, Placement
from gui.takes.delivery_words import sign, target_title, when_words, where_words


def test_where_is_said_as_it_was_asked_for() -> None:
    assert where_words(Placement("reaper")) == "Reaper, selected track, at the playhead"
    asked = Placement("reaper", "beat", 8.0, 4.0, "new", words="selection")
    assert where_words(asked) == "Reaper, new track, at the selection"
    asked = Placement("reaper", "beat", 16.0, track="Guitar", words="beat 16")
    assert where_words(asked) == "Reaper, track Guitar, at beat 16"
    asked = Placement("ardour", "end", track="below", beside="Drums", words="end")
    assert where_words(asked) == "Ardour, below Drums, at the end"
    asked = Placement("ardour", "time", 2.5, track="below", words="time 2.5")
    assert where_words(asked) == "Ardour, below it, at 2.5 s"


def test_what_a_target_does_not_know_is_not_said() -> None:
    assert where_words(Placement("folder")) == "a folder"
    assert where_words(Placement("bitwig")) == "Bitwig Studio, selected track"
    assert where_words(Placement("gone")) == ["gone", " selected track", " at the playhead"][0]


def test_every_state_has_a_word_of_its_own() -> None:
    found = {
        sign(Companion("reaper", "Reaper", state)) for state in ("connected", "waiting", "absent")
    }
    assert len({lamp for lamp, _ in found}) == len({word for _, word in found}) == 3
    assert sign(Companion("folder", "a folder", "connected"))[1] == "ready"
    assert all(target_title(name) for name in TARGETS)


def test_another_day_is_named() -> None:
    now = time.time()
    assert len(when_words(now)) == len("12:34")
    assert when_words(now - 90 * 86_400).endswith(when_words(now - 90 * 86_400)[-5:])
    assert len(when_words(now - 90 * 86_400)) > len("12:34")
