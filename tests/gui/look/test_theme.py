"""Scale, and that both themes dress every widget."""

from __future__ import annotations

import pytest
from PyQt6 import sip
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from gui.look.controls import IconButton
from gui.look.theme import SIZES, Look


@pytest.mark.usefixtures("qapp")
def test_scale_reaches_fonts_and_margins_that_exist_already() -> None:
    look = Look("dark", 1.0)
    widget = QWidget()
    layout = look.pad(QHBoxLayout(widget), (10, 4, 10, 4), 6)
    look.set(scale=2.0)
    assert layout.contentsMargins().left() == 20
    assert layout.spacing() == 12
    assert look.font("prompt").pixelSize() == 2 * SIZES["prompt"]
    look.set(scale=9.0)
    assert look.scale == 2.0
    look.set(scale=1.0)
    assert layout.spacing() == 6


@pytest.mark.usefixtures("qapp")
def test_deleted_widgets_are_not_restyled() -> None:
    look = Look("dark", 1.0)
    widget = QWidget()
    layout = look.pad(QHBoxLayout(widget), (10, 4, 10, 4), 6)
    button = IconButton(look, "play", "Play")
    sip.delete(widget)
    sip.delete(button)
    look.set("light", 2.0)
    assert sip.isdeleted(layout)


@pytest.mark.usefixtures("qapp")
def test_a_theme_is_told_and_icons_follow_it() -> None:
    look = Look("dark")
    told: list[str] = []
    look.changed.connect(lambda: told.append(look.mode))
    dark = look.icon("play").pixmap(18, 18).toImage()
    look.set("light")
    assert told == ["light"]
    assert look.icon("play").pixmap(18, 18).toImage() != dark
