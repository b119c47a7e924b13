"""The spectrogram of a take: level over time and pitch, computed in a thread, plotted with pyqtgraph.

Knows files; nothing of the session. Rows are spaced as pitches are, from 40 Hz to 20 kHz, levels from -90 dB to 0.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import AudioError
from gui.look.theme import Look

WINDOW = 4096
COLUMNS = 1200
ROWS = 192
LOWEST, HIGHEST = 40.0, 20_000.0
FLOOR_DB = -90.0
TICKS = ((50, "50"), (200, "200"), (1000, "1 k"), (5000, "5 k"), (15000, "15 k"))

Picture = NDArray[np.float32]


def spectrogram(path: Path) -> tuple[Picture, float]:
    """The picture [columns, rows] in dB, and the length in seconds.

    Raises:
        AudioError: if the file cannot be read as audio.
    """
    # The panel opens faster without libsndfile.
    from engine.sound.reading import opened

    with opened(path) as file:
        rate, frames = int(file.samplerate), int(file.frames)
        columns = min(COLUMNS, max(2, frames // 256))
        window = np.hanning(WINDOW).astype(np.float32)
        bins = np.fft.rfftfreq(WINDOW, 1 / rate)
        pitches = np.geomspace(LOWEST, min(HIGHEST, rate / 2), ROWS)
        picture = np.full((columns, ROWS), FLOOR_DB, np.float32)
        for column in range(columns):
            place = int(column / columns * frames)
            file.seek(max(0, place - WINDOW // 2))
            block = file.read(WINDOW, dtype="float32", always_2d=True).mean(axis=1)
            block = np.pad(block, (0, WINDOW - len(block)))
            level = np.abs(np.fft.rfft(block * window)) / (WINDOW / 4)
            picture[column] = 20 * np.log10(np.interp(pitches, bins, level) + 1e-6)
        return np.maximum(picture, FLOOR_DB), frames / rate


class SpectrogramView(QWidget):
    """A picture that follows the waveform's zoom."""

    _computed = pyqtSignal(object, object, float)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._path: Path | None = None
        self._view = (0.0, 1.0)
        self.setAccessibleName(self.tr("Spectrogram"))
        self._plot = pyqtgraph.PlotWidget()
        self._image = pyqtgraph.ImageItem()
        self._line = pyqtgraph.InfiniteLine(angle=90)
        self._plot.addItem(self._image)
        self._plot.addItem(self._line)
        self._line.hide()
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        self._plot.getViewBox().setYRange(0, ROWS, padding=0)
        # No axes: they would move the picture from under the waveform above. Pitches stand in the picture.
        for side in ("bottom", "left"):
            self._plot.hideAxis(side)
        scale = ROWS / np.log(HIGHEST / LOWEST)
        self._pitches: list[tuple[float, pyqtgraph.TextItem]] = []
        for hertz, words in TICKS:
            text = pyqtgraph.TextItem(words, anchor=(0, 0.5))
            text.setZValue(10)
            self._plot.addItem(text)
            self._pitches.append((float(np.log(hertz / LOWEST) * scale), text))
        column = look.pad(QVBoxLayout(self))
        column.addWidget(self._plot)
        self._computed.connect(self._show)
        look.follow(self._restyle)

    def show_file(self, path: Path) -> None:
        """Computes and shows a file; a file that is shown already stays."""
        if path == self._path:
            return
        self._path = path
        self._image.clear()
        threading.Thread(
            target=self._compute, args=(path,), name="spectrogram", daemon=True
        ).start()

    def show_view(self, start: float, end: float) -> None:
        """Shows the same seconds as the waveform above it."""
        self._view = (start, end)
        self._plot.getViewBox().setXRange(start, max(end, start + 1e-3), padding=0)
        for row, text in self._pitches:
            text.setPos(start, row)

    def show_playhead(self, seconds: float | None) -> None:
        """Moves the playhead."""
        self._line.setVisible(seconds is not None)
        if seconds is not None:
            self._line.setValue(seconds)

    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return self._image.image is not None

    def _compute(self, path: Path) -> None:
        try:
            picture, seconds = spectrogram(path)
        except AudioError:
            return  # the waveform beside it says that the file cannot be read
        if path == self._path:
            with contextlib.suppress(RuntimeError):  # The window was closed meanwhile.
                self._computed.emit(path, picture, seconds)

    def _show(self, path: Path, picture: Picture, seconds: float) -> None:
        if path == self._path:
            self._image.setImage(picture, autoLevels=False, levels=(FLOOR_DB, 0.0))
            self._image.setRect(QRectF(0, 0, seconds, ROWS))
            self.show_view(*self._view)

    def _restyle(self) -> None:
        look = self._look
        self._plot.setMinimumHeight(look.px(120))
        self._plot.setBackground(look.colour("surface"))
        stops = [
            look.colour(name).getRgb()[:3] for name in ("surface", "accent_soft", "accent", "text")
        ]
        colours = pyqtgraph.ColorMap([0.0, 0.4, 0.8, 1.0], stops)
        self._image.setLookupTable(np.asarray(colours.getLookupTable(nPts=256)))
        self._line.setPen(look.colour("text"))
        for _, text in self._pitches:
            text.setColor(look.colour("text"))
            text.setFont(look.font("small"))
            text.fill = pyqtgraph.mkBrush(look.colour("surface", 0.7))
