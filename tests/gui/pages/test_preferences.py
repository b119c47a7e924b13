"""Where takes are kept is chosen by mouse, said before it holds, and refused where nothing can be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bridge.places import Places
from bridge.settings import SettingsFile
from gui.look.theme import Look
from gui.pages.preferences import PreferencesPanel
from gui.qt_session import QtSession
from gui.window.main_window import MainWindow


@pytest.fixture
def places(tmp_path: Path) -> Places:
    home = tmp_path / "home"
    return Places(home / "settings.toml", home / "data", home / "logs", home / "takes")


@pytest.fixture
def page(session: QtSession, look: Look, places: Places, qtbot: QtBot) -> PreferencesPanel:
    page = PreferencesPanel(session, look, SettingsFile(places.settings), places)
    qtbot.addWidget(page)
    page.show()
    return page


def test_another_folder_is_chosen_and_holds_from_the_next_start(
    page: PreferencesPanel, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = "gui.pages.preferences.QFileDialog.getExistingDirectory"
    monkeypatch.setattr(dialog, lambda *_: "")
    page.choose.click()
    assert not places.settings.exists(), "nothing chosen changes nothing"
    chosen = tmp_path / "Mein Ordner"
    monkeypatch.setattr(dialog, lambda *_: str(chosen))
    assert not page.again.isVisible()
    page.choose.click()
    assert SettingsFile(places.settings).settings.takes.folder == str(chosen)
    assert str(chosen) in page.next.text() and page.next.isVisible()
    assert page.where.text() == str(page.folder), "until then, takes lie where they lay"
    asked: list[bool] = []
    page.restart_asked.connect(lambda: asked.append(True))
    page.again.click()
    assert asked == [True]


def test_a_folder_that_takes_nothing_is_refused(
    page: PreferencesPanel, places: Places, session: QtSession, tmp_path: Path
) -> None:
    said: list[str] = []
    session.noticed.connect(lambda notice: said.append(notice.text))
    (tmp_path / "file").touch()
    page.set_takes_folder(tmp_path / "file" / "takes")
    assert "No takes can be kept in" in said[-1]
    assert not places.settings.exists()


def test_everything_is_shown_in_its_folder(
    page: PreferencesPanel, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr("gui.folders.show_in_folder", lambda p: shown.append(p) or True)
    page.show_takes.click()
    assert shown == [page.folder]
    for words, path in page._files():
        from gui.look.controls import Button

        [button] = [b for b in page.findChildren(Button) if b.text() == words]
        button.click()
        assert shown[-1] == path
    assert {places.presets, places.settings, places.logs} <= set(shown)


def test_a_new_start_is_asked_for(window: MainWindow) -> None:
    window.preferences.again.click()
    assert window.leaving.again and not window.isVisible()


def test_a_folder_that_cannot_be_made_is_refused(page: PreferencesPanel, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    page.set_takes_folder(tmp_path / "file" / "new")
    assert not page.again.isVisible()
