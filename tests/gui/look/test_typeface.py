"""The panel brings its own typeface: both weights, on a machine that has no font, with figures of equal width."""

from __future__ import annotations

import pytest
from PyQt6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF

from gui.look.theme import Look
from gui.look.typeface import shipped_family

pytestmark = pytest.mark.usefixtures("qapp")


def test_it_is_the_only_one_on_a_bare_machine() -> None:
    family = shipped_family()
    assert family == "Inter"
    assert family in QFontDatabase.families()
    assert QFontInfo(Look("dark").font()).family() == family


def test_its_strong_weight_is_a_drawn_one() -> None:
    assert {"Regular", "Semi Bold"} <= set(QFontDatabase.styles(shipped_family()))
    strong = QFontInfo(Look("dark").font("strong"))
    assert strong.weight() == QFont.Weight.DemiBold
    assert strong.family() == shipped_family()


@pytest.mark.parametrize("size", ["body", "strong", "title"])
def test_its_figures_are_equally_wide(size: str) -> None:
    metrics = QFontMetricsF(Look("dark").font(size))
    assert len({metrics.horizontalAdvance(digit * 8) for digit in "0123456789"}) == 1


def test_another_font_can_take_its_place() -> None:
    assert Look("dark", family="Cantarell").font().family() == "Cantarell"
