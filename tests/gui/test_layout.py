"""Nothing is cut off and everything can be reached: in any font, scale, window size and language, on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from PyQt6.QtCore import QRect
from PyQt6.QtWidgets import QApplication, QWidget

from bridge.events import DevicesChanged, Notice
from bridge.state import AudioDevice, Devices, Take
from gui.compose.chips import Chip
from gui.demo.studio import Studio, build_studio
from gui.look.language import LANGUAGES, speak
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from tests.gui.conftest import Held, end
from tests.gui.layout_law import broken, controls
from tests.gui.typefaces import TYPEFACES, install

SCALES = (1.0, 1.25, 1.5, 2.0)
SIZES = ((1024, 700), (1280, 800), (1440, 900), (1920, 1080), (2560, 1440))
PAGES = ("", "presets", "devices", "live", "daw", "osc", "models", "settings")
PROMPT = (
    "Genre: Drum and Bass | Instruments: Drums, Distorted Guitar, Clean Electric Guitar, Reese Bass"
)
LONG = "Scarlett 18i20 USB 3rd generation, inputs 1 to 8 of the rack at the back wall"
WINDOWS = list(product(LANGUAGES, TYPEFACES))
TAKES, WAITING = 14, 8
ROUNDS = 50


def turn(until: Callable[[], bool] = lambda: True) -> None:
    """Lets the window do what is due."""
    for _ in range(6):
        QApplication.processEvents()
    while not until():
        QApplication.processEvents()


def settled(top: QWidget, everywhere: set[str] | None = None) -> list[str]:
    """What is broken, and which controls are not those that were everywhere, once the window had time to settle.

    A width may wrap a line, which asks for a height, which may need a scroll bar, which takes from the width.
    """
    found: list[str] = []
    for _ in range(ROUNDS):
        turn()
        missing = sorted(controls(top) ^ everywhere) if everywhere is not None else []
        found = broken(top) + missing
        if not found:
            break
    return found


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with many takes, a job that is being made and more that wait, and devices with long names."""
    engine = Held()
    studio = build_studio(tmp_path_factory.mktemp("busy"), engine)
    engine.go.set()
    for number in range(TAKES):
        studio.session.generate(PROMPT, seconds_total=1.0, seed=number, tempo=174.0)
    while studio.session.jobs.all()[-1].state != "done":
        turn()
    engine.go.clear()
    for number in range(WAITING):
        studio.session.generate(PROMPT, seconds_total=1.0, seed=number)
    device = AudioDevice("long", LONG, "ASIO", 8, 8, 96_000)
    studio.hub.publish(DevicesChanged(Devices((device,), device.id, device.id, LONG)))
    studio.session.midi.learn("variation_seed")
    studio.midi.bind("cc 21 ch 1")
    take = studio.session.takes.search()[0]
    studio.daws["reaper"].refuses = f"The track {LONG} is locked; unlock it, or choose another."
    for name in ("reaper", "ardour", "ableton"):
        studio.session.send(take.id, name, "end", LONG)
    yield studio
    engine.go.set()
    studio.session.close()


def open_window(studio: Studio, family: str, folder: Path) -> MainWindow:
    look = Look("dark", 1.0, install(family))
    look.apply()
    memory = Memory(folder / "panel.ini")
    around = Surroundings(memory, studio.presets, "192.168.178.101:9440", scripts=studio.scripts)
    window = MainWindow(QtSession(studio.session), look, around)
    window.setUpdatesEnabled(False)  # what is laid out counts here, not what is painted
    window.show()
    turn()
    return window


def fill(window: MainWindow, studio: Studio) -> None:
    """Opens every fold, looks at a take, starts from it, and says something long."""
    composer = window.composer
    window.show_welcome(False)
    composer.prompt.show_text(
        f"{PROMPT} | Moods: Energetic, Dark, Smooth | BPM: 174 | Key: F# minor"
    )
    for fold in (
        composer.prompt.fold,
        composer.prompt.towards,
        composer.score,
        composer.more,
        composer.more.finer,
        window.live.finer,
    ):
        fold.open()
    studio.session.live.start(PROMPT)
    studio.live.change(problem=f"{LONG} is gone: plug it in again.", drift_ppm=-12.3, late=9999)
    window.pages.daw.rows["ableton"].install.click()
    deliver = composer.deliver.target
    deliver.setCurrentIndex(deliver.findData("ableton"))
    studio.session.parameters.set("chords", "F#m7b5 | Ebmaj7 Bb/D | Xyz | Am | G | % | E7")
    studio.session.parameters.set("form", "intro four score and seven, outro 4")
    take = _first(window)
    window.takes.select(take.id)
    window.start_from(take, "keep")
    studio.hub.publish(Notice("error", "no_device", f"{LONG} is gone: plug it in again. " * 2))
    turn(lambda: window.status.level() == "error")


def _first(window: MainWindow) -> Take:
    take = window.takes.model.take(0)
    assert take is not None
    return take


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    yield speak(qapp, request.param)
    speak(qapp, "en")


@pytest.mark.parametrize("family", TYPEFACES)
def test_the_first_window_fits(language: str, family: str, studio: Studio, tmp_path: Path) -> None:
    window = open_window(studio, family, tmp_path)
    assert window.welcome.isVisible()
    for scale in SCALES:
        window.look.set(scale=scale)
        for size in SIZES:
            window.resize(*size)
            assert settled(window) == [], (scale, size)
            assert (window.width(), window.height()) == size
    end(window)


def looked_at(language: str, family: str) -> list[tuple[float, tuple[int, int]]]:
    """Of all scales and sizes those that this window is looked at in: half of them, its neighbour in the others."""
    # Sizes are odd in number, so that every other pair makes a chequered board.
    return list(product(SCALES, SIZES))[WINDOWS.index((language, family)) % 2 :: 2]


def test_every_scale_and_size_is_looked_at_in_each_language() -> None:
    for language in LANGUAGES:
        seen = {pair for family in TYPEFACES for pair in looked_at(language, family)}
        assert seen == set(product(SCALES, SIZES))


@pytest.mark.parametrize("family", TYPEFACES)
def test_a_full_window_fits_and_every_control_can_be_reached(
    language: str, family: str, busy: Studio, tmp_path: Path
) -> None:
    window = open_window(busy, family, tmp_path)
    fill(window, busy)
    window.resize(*SIZES[-1])
    turn()
    everywhere = controls(window)
    assert len(everywhere) > 60
    for scale, size in looked_at(language, family):
        window.look.set(scale=scale)
        window.resize(*size)
        for page in PAGES:
            window.drawer.show_page(page)
            assert settled(window, None if page else everywhere) == [], (scale, size, page)
            assert (window.width(), window.height()) == size
    end(window)


@pytest.mark.parametrize("family", TYPEFACES)
def test_a_recording_and_its_sheet_fit(
    language: str, family: str, busy: Studio, tmp_path: Path
) -> None:
    window = open_window(busy, family, tmp_path)
    fill(window, busy)
    source = window.composer.source
    for scale in (SCALES[0], SCALES[-1]):
        window.look.set(scale=scale)
        window.resize(*SIZES[0])
        for mode in ("transform", "keep", "continue"):
            source.mode.button(mode).click()
            assert settled(window) == [], (scale, mode)
        for chip in window.composer.findChildren(Chip):
            chip.open()
            turn()
            sheet = chip.sheet()
            assert sheet is not None
            assert settled(sheet) == [], (scale, chip.title)
            screen = window.screen()
            assert screen is not None
            assert screen.availableGeometry().contains(QRect(sheet.pos(), sheet.size()))
            chip.close_sheet()
    end(window)
