"""Contrast of the palettes, in numbers."""

from __future__ import annotations

import pytest

from gui.look.colours import PALETTES, Colours

GROUNDS = ("window", "surface", "raised", "hover", "accent_soft")


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


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
