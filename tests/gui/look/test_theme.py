"""Contrast in numbers, scale, and that both themes dress every widget."""

from __future__ import annotations

import pytest
from PyQt6 import sip
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from gui.look.controls import IconButton
from gui.look.theme import PALETTES, SIZES, Colours, Look, contrast

GROUNDS = ("window", "surface", "raised", "hover", "accent_soft")


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES.keys())
def test_words_meet_wcag_aa_on_every_ground(colours: Colours) -> None:
    for ground in GROUNDS:
        assert contrast(colours.text, getattr(colours, ground)) >= 7, ground
        assert contrast(colours.muted, getattr(colours, ground)) >= 4.5, ground
    for ground in ("window", "surface", "raised", "accent_soft"):
        assert contrast(colours.accent, getattr(colours, ground)) >= 4.5, ground
    for word in ("warning", "error"):
        for ground in ("window", "surface", "raised"):
            assert contrast(getattr(colours, word), getattr(colours, ground)) >= 4.5, (word, ground)
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.on_accent, colours.accent_hover) >= 4.5


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES.keys())
def test_what_must_be_seen_of_a_control_has_three_to_one(colours: Colours) -> None:
    for mark in (colours.edge, colours.accent, colours.wave):
        assert contrast(mark, colours.surface) >= 3
        assert contrast(mark, colours.window) >= 3


def test_contrast_is_the_formula_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1.0


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
def test_what_is_gone_is_dressed_no_more() -> None:
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
