"""The extras: what some need and others do not, as Ableton Link; installed by a click, the way `run.py` installs.

Knows pip and where this Python lies; nothing of the session. What is installed is used at once, without a new start.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QProcess
from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from gui.look.controls import Button, label, restyle
from gui.look.language import tr
from gui.look.theme import Look

ROOT = Path(__file__).parents[2]
"""The folder of the sources, where `run.py` keeps the pins; in a package there are none."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One extra: its key in pyproject.toml, what Python imports, what pip is asked for, and its words."""

    key: str
    module: str
    requirement: str
    name: str
    what: str


def extras() -> tuple[Extra, ...]:
    """Those that the panel offers, in its language."""
    return (
        Extra(
            "link",
            "aalink",
            "aalink>=0.2.3",
            "Ableton Link",
            tr("Follows the tempo of other programs in your network."),
        ),
        Extra(
            "stretch",
            "python_stretch",
            "python-stretch>=0.3",
            "Signalsmith Stretch",
            tr("Fits a take to its tempo exactly."),
        ),
        Extra(
            "formats",
            "av",
            "av>=14.0",
            "PyAV",
            tr("Reads what phones and cameras record: M4A, MP4, WMA, WebM."),
        ),
    )


def pip_command(extra: Extra, root: Path = ROOT) -> list[str]:
    """The call of pip that installs an extra as `run.py` would: with the pins, where they are."""
    pins = root / "constraints.txt"
    pinned = ["-c", str(pins)] if pins.is_file() else []
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    return [*pip, *pinned, extra.requirement]


def hindrance(extra: Extra) -> str:
    """Why it cannot be installed from here, with what can be done; empty when it can."""
    if getattr(sys, "frozen", False) or importlib.util.find_spec("pip") is None:
        words = tr(
            "This Longtake has no pip, so it cannot install {0} by itself: install {1} where you installed Longtake."
        )
        return words.format(extra.name, f"'longtake[{extra.key}]'")
    if not os.access(sys.prefix, os.W_OK):
        words = tr(
            "{0} cannot be installed into {1}, which is not yours to write; put Longtake into a folder of your own."
        )
        return words.format(extra.name, sys.prefix)
    return ""


class ExtraRow(QWidget):
    """One extra: installed, or a button that installs it."""

    def __init__(self, look: Look, extra: Extra) -> None:
        super().__init__()
        self.extra = extra
        self.install = Button(look, self.tr("Install"))
        self.install.setAccessibleName(self.tr("Install {0}").format(extra.name))
        self.state = label("", "small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("Installing {0}").format(extra.name))
        head = look.pad(QHBoxLayout(), gap=6)
        head.addWidget(label(extra.name, "strong"), 1)
        head.addWidget(self.install)
        column = look.pad(QVBoxLayout(self), gap=4)
        column.addLayout(head)
        column.addWidget(label(extra.what, "small", wrap=True))
        column.addWidget(self.state)
        column.addWidget(self.bar)
        self._pip = QProcess(self)
        self._pip.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._said = ""
        self._pip.readyReadStandardOutput.connect(self._read)
        self._pip.finished.connect(lambda code, _: self._ended(code))
        self._pip.errorOccurred.connect(self._failed)
        self.install.clicked.connect(self.begin)
        self.show_state()

    def begin(self) -> None:
        """Installs it; the window goes on meanwhile."""
        if problem := hindrance(self.extra):
            self._say(problem, wrong=True)
            return
        program, *arguments = pip_command(self.extra)
        self._said = ""
        self._pip.start(program, arguments)
        self._say(self.tr("Installing …"))
        self.install.setEnabled(False)
        self.bar.show()

    def show_state(self) -> None:
        """Says whether it is here."""
        importlib.invalidate_caches()
        here = importlib.util.find_spec(self.extra.module) is not None
        self.install.setVisible(not here)
        self.install.setEnabled(True)
        self.bar.hide()
        self._say(self.tr("Installed.") if here else "")

    def _read(self) -> None:
        self._said += bytes(self._pip.readAllStandardOutput().data()).decode(errors="replace")
        lines = self._said.strip().splitlines()
        if lines:
            self._say(lines[-1].strip()[:120])

    def _ended(self, code: int) -> None:
        self.show_state()
        if code:
            wrong = [line for line in self._said.splitlines() if "ERROR" in line or "error" in line]
            words = self.tr("It could not be installed: {0}. Is there a network?")
            why = (wrong or self._said.strip().splitlines() or [""])[-1].removeprefix("ERROR: ")
            self._say(words.format(why.rstrip(".")), wrong=True)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.show_state()
            self._say(self._pip.errorString(), wrong=True)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.state.setText(words)
        self.state.setVisible(bool(words))
        self.state.setProperty("role", "error" if wrong else "small")
        restyle(self.state)
