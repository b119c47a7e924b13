"""The panel over the real engine process and the embedded model: short takes, from the window's own controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from benchmarks.presets import recording
from bridge.engine_process.process import REAL_ENGINE, EngineProcess
from bridge.state import Job, Take
from gui.demo.studio import Studio, build_studio
from gui.look.theme import Look
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from tests.gui.conftest import end

PATIENCE = 900_000
"""Milliseconds: the model is loaded meanwhile, perhaps on a machine with much else to do."""


@pytest.fixture(scope="module")
def real_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The session over the real engine process; the model is loaded once for all tests here."""

    def engine(publish: object) -> EngineProcess:
        process = EngineProcess(publish, REAL_ENGINE, "sketch")  # type: ignore[arg-type]
        process.start()
        return process

    studio = build_studio(tmp_path_factory.mktemp("studio"), make_model=engine)
    yield studio
    studio.session.close()


@pytest.fixture
def real(real_studio: Studio, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    real_studio.session.parameters.reset()
    look = Look("dark")
    look.apply()
    around = Surroundings(Memory(tmp_path / "panel.ini"), real_studio.presets)
    window = MainWindow(QtSession(real_studio.session), look, around)
    window.show()
    yield window
    real_studio.session.jobs.cancel("*")
    end(window)


def made(window: MainWindow, qtbot: QtBot) -> Take:
    """Presses Generate and waits until the take is looked at."""
    before = {take.id for take in window.session.session.takes.search()}
    window.composer.generate.click()

    def new() -> bool:
        assert window.status.level() not in ("warning", "error"), window.status.words.text_whole()
        return window.viewer.take is not None and window.viewer.take.id not in before

    qtbot.waitUntil(new, timeout=PATIENCE)
    take = window.viewer.take
    assert take is not None
    return take


def samples(take: Take) -> np.ndarray:
    found, rate = soundfile.read(take.path, dtype="float32")
    assert rate == take.sample_rate
    return found


def test_a_prompt_becomes_music_in_the_list(real: MainWindow, qtbot: QtBot) -> None:
    real.composer.prompt.field.setFocus()
    qtbot.keyClicks(real.composer.prompt.field, "warm house groove with piano, 124 BPM")
    real.composer.length.field.setValue(3.0)
    grown: list[int] = []
    real.session.audio_ready.connect(lambda audio: grown.append(audio.samples.shape[1]))
    take = made(real, qtbot)
    sound = samples(take)
    assert sound.shape == (3 * take.sample_rate, 2)
    assert np.abs(sound).max() > 0.05
    assert sum(grown) == len(sound)
    assert real.takes.current() == take
    assert (take.model, take.tempo_asked) == ("sketch", 124.0)
    assert "seed" in real.viewer.facts.text_whole()
    qtbot.waitUntil(lambda: real.viewer.wave.length == pytest.approx(3.0))
    assert real.session.session.models.state().phase == "ready"
    assert "ready on" in real.status.engine.accessibleName()


def test_a_take_that_is_cancelled_is_no_take_and_the_next_one_works(
    real: MainWindow, qtbot: QtBot
) -> None:
    before = len(real.session.session.takes.search())
    real.composer.prompt.show_text("Ambient, slow pads")
    real.composer.length.field.setValue(200.0)
    real.composer.generate.click()

    def running() -> Job | None:
        rows = real.queue.rows()
        return rows[0].job if rows and rows[0].job.stage in ("diffuse", "decode") else None

    qtbot.waitUntil(lambda: running() is not None, timeout=PATIENCE)
    real.queue.rows()[0].away.click()
    qtbot.waitUntil(lambda: not real.queue.isVisible(), timeout=PATIENCE)
    assert len(real.session.session.takes.search()) == before
    real.composer.length.field.setValue(1.0)
    assert made(real, qtbot).seconds == pytest.approx(1.0)


def test_a_preset_is_chosen_with_the_keyboard_and_made(real: MainWindow, qtbot: QtBot) -> None:
    real.drawer.turn("presets")
    real.presets.search.setText("Drum Fill")
    qtbot.keyClick(real.presets.list, Qt.Key.Key_Return)
    preset = real.around.presets.find("Drum Fill")
    qtbot.waitUntil(lambda: real.composer.prompt.text() == preset.values["prompt"])
    take = made(real, qtbot)
    assert take.prompt == preset.values["prompt"]
    assert take.seconds == pytest.approx(4 * 60 / 120)
    assert np.abs(samples(take)).max() > 0.05


def test_a_beatbox_recording_that_is_dropped_becomes_a_kit(
    real: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    mouth = recording(tmp_path / "mouth.wav", 44_100, beatbox=True, tempo=124.0, bars=1)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(mouth))])
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    real.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, button, keys))
    real.drawer.turn("presets")
    real.presets.search.setText("Beatbox to House Kit")
    qtbot.keyClick(real.presets.list, Qt.Key.Key_Return)
    assert real.composer.generate.accessibleName() == "Transform"
    qtbot.waitUntil(lambda: "House" in real.composer.prompt.text())
    take = made(real, qtbot)
    assert take.kind == "transform"
    assert take.seconds == pytest.approx(soundfile.info(mouth).duration, abs=0.01)
    assert take.spec["init_noise_level"] == 0.55
    assert np.abs(samples(take)).max() > 0.05
    assert mouth.exists()
