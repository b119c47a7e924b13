"""Words that come from data stand as they were typed: the one door through which they go where Qt reads marks in texts.

In buttons and menus Qt takes '&' for the mark of a key, in tooltips '<b>' for type. Labels say themselves that they are
plain text.
"""

from __future__ import annotations

import html

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QPushButton


def unmarked(words: str) -> str:
    """For the text of a button or a menu entry: 'R&B' is shown as 'R&B', and no letter of it is a key."""
    return words.replace("&", "&&")


def hint(words: str) -> str:
    """For a tooltip: shown as it is, also where it looks like rich text; its lines stay lines."""
    if not looks_rich(words):
        return words
    return f"<p style='white-space: pre-wrap'>{html.escape(words)}</p>"


def looks_rich(words: str) -> bool:
    """Whether Qt would take a text for rich text where it is not told."""
    return Qt.mightBeRichText(words)  # pyright: ignore[reportAttributeAccessIssue]


class TypedButton(QPushButton):
    """A push button whose words stand as they were typed."""

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self.setText(words)

    def setText(self, text: str | None) -> None:
        """Says what it does."""
        super().setText(unmarked(text or ""))

    def text(self) -> str:
        """What it says, as it was typed."""
        return super().text().replace("&&", "&")
