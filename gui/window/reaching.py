"""The way to a control by its key: a page that stands in its place closes, and what is around it scrolls to it.

Knows the drawer; nothing of what the control is.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QWidget

from gui.look.containers import bring_into_view
from gui.look.controls import later
from gui.pages.drawer import Drawer


def reaching(drawer: Drawer, target: QWidget) -> Callable[[], None]:
    """What gives a control the focus, so that it is seen as well."""

    def reach() -> None:
        if not target.isHidden() and not target.isVisible():
            drawer.show_page("")
        target.setFocus()
        # The columns have their places once they are laid out again, and what closed has passed its focus on.
        later(target, arrive)

    def arrive() -> None:
        target.setFocus()
        bring_into_view(target)

    return reach
