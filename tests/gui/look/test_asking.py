"""A name is asked for in a dialog that has room for it, and given back without the spaces around it."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from gui.look.asking import WIDE, ask_name, name_dialog, question
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


@pytest.mark.parametrize("does", [True, False])
def test_a_question_is_left_unless_its_button_is_pressed(
    look: Look, qtbot: QtBot, does: bool
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    box, doing = question(parent, "R&B <b>?", "Move to the bin", "Keep")
    box.show()
    assert (doing.text(), box.text()) == ("Move to the bin", "R&B <b>?")
    if does:
        doing.click()
    else:
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not box.isVisible()
    assert (box.clickedButton() is doing) == does
