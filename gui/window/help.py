"""Help: a window with the keys (made from the menus themselves), how to begin, licences, and versions for a bug report.

Knows the menu bar and the files of the package; nothing of the session but the sentences it is given.
"""

from __future__ import annotations

import html
import importlib.metadata
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR
from PyQt6.QtGui import QGuiApplication, QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
)

from bridge.state import ModelInfo
from engine import __version__
from gui.look.controls import Button
from gui.look.language import said, tr
from gui.look.theme import Look

ROOT = Path(__file__).parents[2]
PARTS = ("torch", "numpy", "soundfile", "sounddevice", "python-rtmidi", "huggingface_hub", "aalink")
"""Packages whose versions matter in a report."""


class HelpWindow(QDialog):
    """Pages of text beside each other; `turn` shows one."""

    def __init__(self, window: QMainWindow, look: Look, pages: dict[str, tuple[str, str]]) -> None:
        """Takes pages as key -> title, HTML."""
        super().__init__(window)
        self.setWindowTitle(tr("Longtake: help"))
        self.resize(look.px(720), look.px(620))
        self.tabs = QTabWidget()
        self.texts: dict[str, QTextBrowser] = {}
        for key, (title, text) in pages.items():
            shown = QTextBrowser()
            shown.setOpenExternalLinks(True)
            shown.setHtml(text)
            shown.setAccessibleName(title)
            self.texts[key] = shown
            self.tabs.addTab(shown, title)
        self.copy = Button(look, tr("Copy"), "copy")
        self.copy.setToolTip(tr("Copy this page, for a bug report"))
        self.close_it = Button(look, tr("Close"))
        row = look.pad(QHBoxLayout(), gap=8)
        row.addStretch(1)
        row.addWidget(self.copy)
        row.addWidget(self.close_it)
        column = look.pad(QVBoxLayout(self), (14, 14, 14, 14), 10)
        column.addWidget(self.tabs)
        column.addLayout(row)
        self.copy.clicked.connect(self._copy)
        self.close_it.clicked.connect(self.close)

    def turn(self, key: str) -> None:
        """Shows the window with that page."""
        self.tabs.setCurrentIndex(list(self.texts).index(key))
        self.show()
        self.raise_()
        self.activateWindow()
        self.texts[key].setFocus()

    def _copy(self) -> None:
        board, page = QGuiApplication.clipboard(), self.tabs.currentWidget()
        if board is not None and isinstance(page, QTextBrowser):
            board.setText(page.toPlainText())


def keys_page(window: QMainWindow) -> str:
    """Every key of the menus, and those that only a part of the window knows."""
    parts: list[str] = []
    bar = window.menuBar()
    for top in bar.actions() if bar is not None else ():
        menu = top.menu()
        rows = list(_rows(menu)) if menu is not None else []
        if rows:
            parts.append(_table(_plain(top.text()), rows))
    takes = [
        (tr("Rate the take"), "0 – 5"),
        (tr("Walk through the list"), "↑ ↓"),
        (tr("In a waveform: choose a range"), QKeySequence("Shift+Right").toString(_NATIVE)),
        (tr("In a waveform: closer, farther"), "+  −"),
        (tr("Teach a control a MIDI knob"), tr("right click, or the Menu key")),
    ]
    return "".join([*parts, _table(tr("Besides"), takes)])


_NATIVE = QKeySequence.SequenceFormat.NativeText


def _rows(menu: QMenu) -> Iterable[tuple[str, str]]:
    for action in menu.actions():
        inside = action.menu()
        if inside is not None:
            yield from _rows(inside)
        words, _, shown = action.text().partition("\t")
        keys = [keys.toString(_NATIVE) for keys in action.shortcuts()] or ([shown] if shown else [])
        if keys:
            yield _plain(words), ", ".join(keys)


def how_page() -> str:
    """How to begin, in a few sentences."""
    steps = (
        tr(
            "Write what you want to hear on the left, or press Surprise me, and press Generate. It plays as it grows."
        ),
        tr(
            "Drag a take from the list, or from its handle above the waveform, onto a track of your DAW."
        ),
        tr(
            "To start from a recording, drop it anywhere, or press Record. Strength says how much of it stays."
        ),
        tr("Give chords and form under Score; a MIDI file that you drop is played as it is."),
        tr("V varies the chosen take, C continues it, U brings its settings back."),
        tr(
            "On the page Live the microphone becomes another instrument while you play; Space freezes it."
        ),
        tr("Follow the DAW takes tempo, bar and key from it: by MIDI clock, Ableton Link or OSC."),
        tr(
            "Bigger models are fetched on the page Models; devices, MIDI and latency are on the page Devices."
        ),
    )
    return "<ol>" + "".join(f"<li>{html.escape(step)}<br></li>" for step in steps) + "</ol>"


def licences_page(models: Sequence[ModelInfo]) -> str:
    """The licence of Longtake, of the models, and of what it stands on."""
    rows = [(model.name, said(model.licence)) for model in models]
    texts = [_table(tr("Models"), rows)]
    for name in ("LICENSE", "ATTRIBUTION.md"):
        found = _text_of(name)
        if found:
            texts.append(
                f"<h3>{name}</h3><pre style='white-space: pre-wrap'>{html.escape(found)}</pre>"
            )
    font = Path(__file__).parents[1] / "fonts" / "OFL.txt"
    if font.is_file():
        text = html.escape(font.read_text("utf-8"))
        texts.append(f"<h3>Inter</h3><pre style='white-space: pre-wrap'>{text}</pre>")
    return "".join(texts)


def _text_of(name: str) -> str:
    """A file of the sources, or of the installed package."""
    if (ROOT / name).is_file():
        return (ROOT / name).read_text("utf-8")
    try:
        for file in importlib.metadata.files("longtake") or []:
            if file.name == name:
                return file.read_text()
    except (importlib.metadata.PackageNotFoundError, OSError):
        pass
    return ""


def versions_page(more: Iterable[tuple[str, str]] = ()) -> str:
    """What runs here: what a bug report needs, and nothing about the user."""
    rows = [
        ("Longtake", __version__),
        (
            "Python",
            f"{platform.python_version()} ({platform.python_implementation()}, {platform.machine()})",
        ),
        (tr("System"), platform.platform()),
        ("Qt, PyQt", f"{QT_VERSION_STR}, {PYQT_VERSION_STR}, {QGuiApplication.platformName()}"),
    ]
    for part in PARTS:
        try:
            rows.append((part, importlib.metadata.version(part)))
        except importlib.metadata.PackageNotFoundError:
            rows.append((part, tr("not installed")))
    rows += [(tr("Installed in"), str(ROOT)), ("sys.prefix", sys.prefix), *more]
    return _table(tr("Versions"), rows)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f"<tr><td width='280'>{html.escape(left)}</td><td>{html.escape(right)}</td></tr>"
        for left, right in rows
    )
    return f"<h3>{html.escape(title)}</h3><table>{lines}</table>"


def _plain(words: str) -> str:
    return words.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")
