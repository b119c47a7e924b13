"""The menu behind a right click on a control: teach it a MIDI knob, forget it, its OSC address, back to the default.

Knows `Session.learn` and the bindings; any control with a target (a parameter or an action) can be given the menu.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QMenu, QWidget

from engine.live_settings import LIVE
from engine.spec import PARAMETERS
from gui.look.as_typed import unmarked
from gui.qt_session import QtSession

TARGETS = {**PARAMETERS, **{f"live.{name}": known for name, known in LIVE.items()}}
"""What has a value: targets as MIDI learn names them."""


def teach(
    widget: QWidget,
    session: QtSession,
    target: str,
    title: str,
    reset: Callable[[], None] | None = None,
) -> None:
    """Gives a control the menu; the Menu key opens it too.

    Args:
        widget: the control.
        session: whose bindings they are.
        target: a parameter of the table, `live.` and a setting of the live stream, or an action.
        title: what the control is called.
        reset: brings the default back; without it the menu has no such entry.
    """

    def open_menu(place: QPoint) -> None:
        menu = learn_menu(widget, session, target, title, reset)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(widget.mapToGlobal(place))

    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    widget.customContextMenuRequested.connect(open_menu)


def learn_menu(
    widget: QWidget, session: QtSession, target: str, title: str, reset: Callable[[], None] | None
) -> QMenu:
    """The menu itself."""
    menu = QMenu(widget)
    midi = session.session.midi.state()
    bound = [binding.message for binding in midi.bindings if binding.target == target]
    heading = menu.addAction(unmarked(title))
    if heading is not None:
        heading.setEnabled(False)
    menu.addSeparator()
    if midi.learning == target:
        menu.addAction(
            widget.tr("Stop waiting for a MIDI control"),
            lambda: session.attempt(session.session.midi.learn, ""),
        )
    elif _bindable(target):
        menu.addAction(
            widget.tr("Learn a MIDI control"), lambda: _learn(widget, session, target, title)
        )
    if bound:
        words = widget.tr("Forget {0}").format(", ".join(bound))
        menu.addAction(words, lambda: session.attempt(session.session.midi.forget, target))
    menu.addSeparator()
    if address := _address(target):
        copy = widget.tr("Copy the OSC address  {0}").format(address)
        menu.addAction(copy, lambda: _copy(address))
    if reset is not None:
        menu.addAction(widget.tr("Back to the default"), reset)
    return menu


def _address(target: str) -> str:
    """Where OSC sets it; empty for an action."""
    if target not in TARGETS:
        return ""
    live = target.startswith("live.")
    return f"/longtake/{target.replace('.', '/')}" if live else f"/longtake/param/{target}"


def _bindable(target: str) -> bool:
    """Whether one knob can set it: an action, a number, a switch, a choice."""
    what = TARGETS.get(target)
    return what is None or what.kind in ("float", "int", "bool") or bool(what.choices)


def _learn(widget: QWidget, session: QtSession, target: str, title: str) -> None:
    session.attempt(session.session.midi.learn, target)
    if session.session.midi.state().learning == target:
        session.say(
            widget.tr(
                "Move a knob or press a key of your MIDI controller: it will control {0}."
            ).format(title)
        )


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
