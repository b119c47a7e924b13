"""A name is asked for in a dialog that has room for it, and given back without the spaces around it."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from gui.look.asking import WIDE, ask_name, name_dialog
from gui.look.theme import Look


def test_there_is_room_for_a_name(look: Look, qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = name_dialog(parent, "Rename", "Title of the take", "Night drive")
    dialog.show()
    qtbot.waitExposed(dialog)
    assert dialog.width() >= WIDE and dialog.textValue() == "Night drive"


@pytest.mark.parametrize(("agreed", "name"), [(1, "Dawn"), (0, "")])
def test_only_what_was_agreed_to_counts(
    look: Look, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, agreed: int, name: str
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)

    def answer(dialog: QInputDialog) -> int:
        dialog.setTextValue("  Dawn ")
        return agreed

    monkeypatch.setattr(QInputDialog, "exec", answer)
    assert ask_name(parent, "Rename", "Title of the take") == name
