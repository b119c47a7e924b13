"""The page DAW: every target stands as it is, scripts come and go, the folder holds from the next start on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bridge.delivery.targets import TARGETS
from bridge.errors import BridgeError
from bridge.settings import SettingsFile
from gui.demo.daws import DemoScripts
from gui.demo.studio import Studio
from gui.look.theme import Look
from gui.pages.daw import DawPanel
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow

DIALOGS = "QFileDialog.getExistingDirectory"


@pytest.fixture
def scripts(studio: Studio) -> DemoScripts:
    return studio.scripts


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


@pytest.fixture
def page(
    session: QtSession, look: Look, qtbot: QtBot, settings: SettingsFile, scripts: DemoScripts
) -> DawPanel:
    page = DawPanel(session, look, settings, scripts)
    qtbot.addWidget(page)
    page.show()
    page.activateWindow()
    return page


def test_every_target_has_a_row_that_says_how_it_stands(
    page: DawPanel, studio: Studio, qtbot: QtBot
) -> None:
    assert set(page.rows) == set(TARGETS)
    for companion in studio.session.daws.deliveries.companions():
        row = page.rows[companion.target]
        assert row.detail.text() == companion.detail
        assert row.test.isVisible() == (companion.state == "connected")
        assert row.title in row.lamp.accessibleName()
        assert row.state.text() in row.lamp.accessibleName()
    ardour = page.rows["ardour"]
    assert (ardour.state.text(), page.rows["ableton"].state.text()) == ("waiting", "not set up")
    studio.daws["ardour"].runs = "Ardour 8.12, Night Drive"
    studio.session.daws.deliveries.look()
    qtbot.waitUntil(lambda: ardour.state.text() == "connected")
    assert ardour.detail.text() == "Ardour 8.12, Night Drive"
    assert ardour.test.isVisible()


def test_only_what_has_a_script_of_ours_offers_to_install_it(page: DawPanel) -> None:
    for name, row in page.rows.items():
        assert row.install.isVisible() == TARGETS[name].companion, name
    assert page.rows["reaper"].remove.isVisible()
    assert not page.rows["ableton"].remove.isVisible()


def test_a_script_is_installed_with_what_is_left_to_do_until_that_is_done(
    page: DawPanel, studio: Studio, scripts: DemoScripts, qtbot: QtBot
) -> None:
    row = page.rows["ableton"]
    row.install.click()
    assert scripts.asked == [("ableton", None)]
    assert row.steps.isVisible() and row.steps.text().startswith("1.  Start Ableton Live again.")
    assert row.remove.isVisible()
    qtbot.waitUntil(lambda: row.state.text() == "waiting")
    studio.daws["ableton"].runs = "Live 12.1"
    studio.session.daws.deliveries.look()
    qtbot.waitUntil(lambda: not row.steps.isVisible())
    row.remove.click()
    assert not scripts.installed("ableton")
    assert not row.remove.isVisible()


def test_a_script_for_a_program_that_is_not_found_asks_for_its_folder(
    page: DawPanel, scripts: DemoScripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = page.rows["ardour"]
    monkeypatch.setattr(f"gui.pages.daw_targets.{DIALOGS}", lambda *_: "")
    row.install.click()
    assert scripts.asked == [], "nothing chosen installs nothing"
    monkeypatch.setattr(f"gui.pages.daw_targets.{DIALOGS}", lambda *_: str(tmp_path))
    row.install.click()
    assert scripts.asked == [("ardour", tmp_path)]


def test_a_script_that_cannot_be_installed_is_said(
    page: DawPanel, session: QtSession, scripts: DemoScripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    session.noticed.connect(lambda notice: said.append(notice.text))

    def refuse(name: str, folder: object = None) -> list[str]:
        raise BridgeError("io", "The folder takes no files.")

    monkeypatch.setattr(scripts, "install", refuse)
    page.rows["ableton"].install.click()
    assert said == ["The folder takes no files."]
    assert not page.rows["ableton"].steps.isVisible()


def test_the_focus_stays_in_the_row_when_its_button_goes(page: DawPanel) -> None:
    row = page.rows["reaper"]
    row.remove.setFocus()
    row.remove.click()
    assert QApplication.focusWidget() is row.install


def test_a_test_delivers_a_click(page: DawPanel, studio: Studio, qtbot: QtBot) -> None:
    page.rows["reaper"].test.click()
    qtbot.waitUntil(lambda: len(studio.daws["reaper"].got) == 1)
    [click] = studio.daws["reaper"].got
    assert click.path.is_file()
    assert click.placement.track == "new"


def test_a_folder_is_chosen_and_holds_from_the_next_start_on(
    page: DawPanel, settings: SettingsFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not page.again.isVisible()
    monkeypatch.setattr(f"gui.pages.daw.{DIALOGS}", lambda *_: "")
    page.choose.click()
    assert settings.settings.daw.folder == ""
    monkeypatch.setattr(f"gui.pages.daw.{DIALOGS}", lambda *_: str(tmp_path))
    page.choose.click()
    assert SettingsFile(tmp_path / "settings.toml").settings.daw.folder == str(tmp_path)
    assert str(tmp_path) in page.next.text() and page.next.isVisible()
    asked: list[bool] = []
    page.restart_asked.connect(lambda: asked.append(True))
    page.again.click()
    assert asked == [True]


def test_without_settings_and_scripts_nothing_is_offered_that_cannot_be_done(
    window: MainWindow,
) -> None:
    window.drawer.show_page("daw")
    page = window.pages.daw
    assert page.rows["reaper"].isVisible()
    assert not page.choose.isVisible()
    assert not any(row.install.isVisible() or row.remove.isVisible() for row in page.rows.values())


def test_a_new_start_is_asked_for(window: MainWindow) -> None:
    window.pages.daw.again.click()
    assert window.leaving.again and not window.isVisible()
