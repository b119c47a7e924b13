"""The list of deliveries and the count on the page's button: what became of each, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.delivery_state import Delivery, DeliveryState, Placement
from bridge.state import Take
from gui.demo.studio import Studio
from gui.look.theme import Look
from gui.pages.daw_deliveries import SHOWN, DeliveryList, DeliveryRow
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]
ONE = Delivery("d1", "t1", Path("/takes/t1.wav"), "Night Drive", Placement("reaper"))


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("owed", {"drop"}),
        ("sent", set()),
        ("placed", set()),
        ("refused", {"again"}),
        ("unsure", {"again"}),
        ("dropped", {"again"}),
    ],
)
def test_each_state_offers_what_can_be_done(
    session: QtSession, look: Look, qtbot: QtBot, state: DeliveryState, offered: set[str]
) -> None:
    row = DeliveryRow(session, look, replace(ONE, state=state, text="What became of it."))
    qtbot.addWidget(row)
    row.show()
    assert row.again.isVisible() == ("again" in offered)
    assert row.drop.isVisible() == ("drop" in offered)
    assert row.text.text() == "What became of it."
    assert "Night Drive" in row.again.accessibleName()
    assert "Night Drive" in row.drop.accessibleName()


def test_the_states_read_differently(session: QtSession, look: Look, qtbot: QtBot) -> None:
    row = DeliveryRow(session, look, ONE)
    qtbot.addWidget(row)
    words: set[str] = set()
    states: tuple[DeliveryState, ...] = ("owed", "sent", "placed", "refused", "unsure", "dropped")
    for state in states:
        row.show_delivery(replace(ONE, state=state))
        words.add(row.state.text())
    assert len(words) == 6


def test_the_newest_is_on_top_and_what_is_owed_is_never_left_out(
    session: QtSession, look: Look, qtbot: QtBot
) -> None:
    page = DeliveryList(session, look)
    qtbot.addWidget(page)
    page.show()
    assert page.nothing.isVisible() and "Send to" in page.nothing.text()
    page.show_delivery(replace(ONE, id="owed"))
    for number in range(2 * SHOWN):
        page.show_delivery(replace(ONE, id=f"d{number}", state="placed"))
    assert not page.nothing.isVisible()
    assert len(page.rows) == SHOWN
    assert "owed" in page.rows and f"d{2 * SHOWN - 1}" in page.rows and "d0" not in page.rows
    tops = {name: row.y() for name, row in page.rows.items()}
    QApplication.processEvents()
    tops = {name: row.y() for name, row in page.rows.items()}
    assert min(tops, key=tops.__getitem__) == f"d{2 * SHOWN - 1}"
    assert max(tops, key=tops.__getitem__) == "owed"


def test_what_is_owed_is_counted_on_the_button_dropped_and_sent_again(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    button, takes = window.drawer.rail["daw"], make_takes(2)
    assert (button.text(), button.accessibleName()) == ("DAW", "DAW")
    first = studio.session.send(takes[0].id, "ardour")
    second = studio.session.send(takes[1].id, "ardour")
    qtbot.waitUntil(lambda: button.accessibleName() == "DAW: 2 owed to Ardour")
    assert button.text() == "DAW (2)" and button.toolTip() == "2 owed to Ardour"
    button.click()
    assert window.drawer.page() == "daw"
    rows = window.pages.daw.deliveries.rows
    rows[first.id].drop.click()
    qtbot.waitUntil(lambda: button.text() == "DAW (1)")
    assert rows[first.id].again.isVisible()
    studio.daws["ardour"].runs = "Ardour 8.12"
    rows[first.id].again.click()
    qtbot.waitUntil(lambda: len(studio.daws["ardour"].got) == 2)
    assert [each.take_id for each in studio.daws["ardour"].got] == [takes[1].id, takes[0].id]
    qtbot.waitUntil(lambda: button.text() == "DAW")
    qtbot.waitUntil(lambda: rows[second.id].state.text() == "Placed")
    assert len(rows) == 3, "what is sent again is another delivery"
