"""Undo and redo: what the panel did to takes, presets and settings, each act with its name, newest first.

Knows the session, and acts as calls that do and undo; no widget. Qt's stack keeps them. What cannot be undone any more,
because something else took the take or the preset away, is said in a sentence, leaves the stack and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence, QUndoCommand, QUndoStack

from engine.spec import PARAMETERS
from gui.look.as_typed import unmarked
from gui.qt_session import QtSession

KEPT = 100
"""So many acts can be undone."""
Call = Callable[[], object]


def nothing() -> bool:
    """What is left of an act that was refused, unless it says more."""
    return False


class Act(QUndoCommand):
    """One act, done already when it is made; refused with nothing left of it, it is obsolete and the stack drops it."""

    def __init__(
        self,
        manages: Callable[[Call], bool],
        name: str,
        redo: Call,
        undo: Call,
        left: Callable[[], bool],
    ) -> None:
        super().__init__(name)
        self._manages, self._redo, self._undo, self._left = manages, redo, undo, left
        self._fresh = True

    def redo(self) -> None:
        """Does it again; not when the stack takes it."""
        if not self._fresh:
            self._turn(self._redo)
        self._fresh = False

    def undo(self) -> None:
        """Takes it back."""
        self._turn(self._undo)

    def _turn(self, call: Call) -> None:
        self.setObsolete(not self._manages(call) and not self._left())


class History(QObject):
    """What was done and can be undone.

    Signals:
        settling: settings are read or replaced next; whoever holds what was typed and not told yet tells it.
        done: an act, in a sentence, that can be undone at once.
        changed: what comes next to be undone or redone is another.
    """

    settling = pyqtSignal()
    done = pyqtSignal(str)
    changed = pyqtSignal()

    def __init__(self, session: QtSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._managed = True
        """Whether nothing was refused of what was undone or done again last."""
        self._stack = QUndoStack(self)
        self._stack.setUndoLimit(KEPT)
        self._stack.indexChanged.connect(self.changed)

    def do(
        self,
        name: str,
        do: Call,
        undo: Call,
        said: str = "",
        left: Callable[[], bool] = nothing,
    ) -> bool:
        """Does something that can be undone; a sentence about it offers that.

        Args:
            name: of the act after 'Undo:' or 'Redo:', as 'bin of Night drive'.
            do: does it, now and again; what it raises is said, and nothing can be undone.
            undo: takes it back.
            said: the sentence; empty says nothing.
            left: whether something of it can still be done and undone after a refusal, which keeps it.
        """
        managed = self._session.manages(do)
        if not managed and not left():
            return False
        self.did(name, do, undo, said if managed else "", left)
        return True

    def did(
        self,
        name: str,
        redo: Call,
        undo: Call,
        said: str = "",
        left: Callable[[], bool] = nothing,
    ) -> None:
        """Remembers something that was done; as `do`."""
        self._stack.push(Act(self._manages, name, redo, undo, left))
        if said:
            self.done.emit(said)

    def load(self, name: str, load: Call, said: str = "") -> None:
        """Calls what replaces settings; undone, every parameter is what it was, the prompt with them."""
        parameters = self._session.session.parameters
        self.settling.emit()
        before = parameters.chosen()
        loaded = self._session.manages(load)
        after = parameters.chosen()
        if before != after:
            self.did(name, lambda: self._set(after), lambda: self._set(before), said)
        elif loaded and said:
            self._session.say(said)

    def undo(self) -> None:
        """Takes the last act back that was not, and says so."""
        name = self.undoes()
        self._turn(self._stack.undo)
        if name and self._managed and self.redoes() == name:
            self._session.say(self.tr("Undone: {0}").format(name))

    def redo(self) -> None:
        """Does again what was undone last, and says so."""
        name = self.redoes()
        self._turn(self._stack.redo)
        if name and self._managed and self.undoes() == name:
            self._session.say(self.tr("Done again: {0}").format(name))

    def undoes(self) -> str:
        """The name of the act that `undo` takes back; empty if there is none."""
        return self._stack.undoText()

    def redoes(self) -> str:
        """The name of the act that `redo` does again; empty if there is none."""
        return self._stack.redoText()

    def actions(self, parent: QObject) -> tuple[QAction, QAction]:
        """Undo and Redo for a menu; each says what it would do. In a text field the keys are the text's own."""
        undo, redo = QAction(parent), QAction(parent)
        undo.setShortcuts([QKeySequence("Ctrl+Z")])
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        undo.triggered.connect(self.undo)
        redo.triggered.connect(self.redo)

        def show() -> None:
            for action, alone, named, name in (
                (undo, self.tr("Undo"), self.tr("Undo: {0}"), self.undoes()),
                (redo, self.tr("Redo"), self.tr("Redo: {0}"), self.redoes()),
            ):
                action.setText(named.format(unmarked(name)) if name else alone)
                action.setEnabled(bool(name))

        self.changed.connect(show)
        show()
        return undo, redo

    def _turn(self, turn: Call) -> None:
        self.settling.emit()
        turn()
        self.changed.emit()  # Qt does not say so when what came next was dropped.

    def _manages(self, call: Call) -> bool:
        self._managed = self._session.manages(call)
        return self._managed

    def _set(self, values: dict[str, Any]) -> None:
        parameters = self._session.session.parameters
        now = parameters.chosen()
        for name in PARAMETERS:
            if now.get(name) != values.get(name):
                parameters.set(name, values.get(name))
