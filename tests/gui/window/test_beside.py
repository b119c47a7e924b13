"""A DAW beside the window: what it hands over is the source, and it brings the panel to the front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bridge.delivery_state import Part, Selection
from bridge.events import PanelAsked, SelectionHanded
from bridge.state import Take, TransportState
from gui.demo.studio import Studio
from gui.window.beside import origin_words
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]
PART = Part(Path("/audio/guitar.wav"), 0.0, 2.0)


def test_what_is_handed_over_is_the_source_with_where_it_comes_from(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    path = make_takes(1)[0].path
    selection = Selection((PART,), "reaper", 32.0, "Guitar", "{A1}", "Riff", path)
    studio.hub.publish(SelectionHanded(selection))
    source = window.composer.source
    qtbot.waitUntil(lambda: source.source() is not None)
    made = source.source()
    assert made is not None and made.path == path
    assert source.name.text_whole() == "Riff"
    assert source.origin.text() == "from Reaper, track Guitar, bar 9"
    source.take(path)
    assert source.origin.text() == "", "another recording is from nowhere"


@pytest.mark.parametrize(
    ("signature", "beat", "bar"), [((4, 4), 0.0, 1), ((3, 4), 6.0, 3), ((6, 8), 3.0, 2)]
)
def test_bars_are_counted_by_the_metre(signature: tuple[int, int], beat: float, bar: int) -> None:
    words = origin_words(Selection((PART,), "ardour", beat), TransportState(signature=signature))
    assert words == f"from Ardour, bar {bar}"


def test_what_is_not_known_is_not_said() -> None:
    assert origin_words(Selection((PART,)), TransportState()) == "from another program"


def test_a_daw_brings_the_panel_to_the_front(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.showMinimized()
    assert window.isMinimized()
    studio.hub.publish(PanelAsked())
    qtbot.waitUntil(lambda: not window.isMinimized())
