"""The page of the models by mouse and keyboard, with real processes and a hub on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from gui.demo.studio import Studio, build_studio
from gui.pages.models import ModelRow
from gui.window.main_window import MainWindow
from tests.bridge.tiny_errands import NAME
from tests.engine.public.hub_server import FakeHub
from tests.engine.public.public_models import TINY_MEDIUM, write_public
from tests.engine.public.tiny_hub import tiny_hub

PATIENCE = 120_000


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = build_studio(tmp_path, errands="tests.bridge.tiny_errands")
    yield studio
    studio.session.close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with tiny_hub(tmp_path / "hub", monkeypatch) as server:
        yield server


@pytest.fixture
def row(window: MainWindow) -> ModelRow:
    window.drawer.turn("models")
    return next(row for row in window.models.rows if row.model.name == NAME)


def test_a_model_is_fetched_by_clicks_and_used(
    hub: FakeHub,
    row: ModelRow,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
) -> None:
    assert not row.load.isVisible()
    row.download.click()
    assert row.licence.isVisible() and not row.download.isVisible()
    qtbot.waitUntil(lambda: "to download" in row.licence.cost.text(), timeout=PATIENCE)
    hub.slow["model.safetensors"] = 200_000
    window.activateWindow()
    row.licence.agree.setFocus()
    row.licence.agree.click()
    assert row.hasFocus(), "a key must not press another model's button"
    qtbot.waitUntil(lambda: row.stored.done > 50_000, timeout=PATIENCE)
    assert "Downloading" in row.state.text() and 0 < row.bar.value() < 1000
    assert NAME in window.pages.fetching.text_whole() and window.pages.fetching.isVisible()
    row.pause.click()
    qtbot.waitUntil(lambda: row.stored.state == "paused", timeout=PATIENCE)
    assert "are here" in row.state.text() and not window.pages.fetching.isVisible()
    assert row.download.isVisible() and row.cancel.isVisible()
    hub.slow.clear()
    row.download.click()
    assert row.licence.isHidden(), "a licence is asked for once"
    qtbot.waitUntil(row.load.isVisible, timeout=PATIENCE)
    assert "is here" in window.status.words.text_whole()
    row.load.click()
    assert studio.session.parameters.get("model") == NAME
    qtbot.waitUntil(row.unload.isVisible)
    row.remove.click()
    assert row.stored.state == "installed", "one click does not remove"
    row.remove.click()
    qtbot.waitUntil(lambda: row.stored.state == "absent", timeout=PATIENCE)


def test_the_licence_can_be_read(row: ModelRow, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    row.licence.read.click()
    assert opened == ["https://huggingface.co/stabilityai/stable-audio-3-medium"]


def test_a_gated_model_says_so_and_opens_the_account(
    hub: FakeHub, row: ModelRow, window: MainWindow, qtbot: QtBot
) -> None:
    hub.gated.add(TINY_MEDIUM.repository)
    row.download.click()
    row.licence.agree.click()
    qtbot.waitUntil(lambda: bool(row.stored.problem), timeout=PATIENCE)
    assert "is gated" in row.state.text() and row.state.property("role") == "error"
    assert window.models.account.is_open()
    qtbot.waitUntil(window.models.account.field.hasFocus)
    assert row.download.isVisible(), "it can be tried again"


def test_a_token_is_kept_and_not_shown(
    row: ModelRow, window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEYRING", str(tmp_path / "ring"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    account = window.models.account
    account.open()
    qtbot.waitUntil(lambda: "No token" in account.state.text(), timeout=PATIENCE)
    assert account.field.echoMode() == QLineEdit.EchoMode.Password
    account.field.setFocus()
    qtbot.keyClicks(account.field, "hf_secret")
    qtbot.keyClick(account.field, Qt.Key.Key_Return)
    assert account.field.text() == ""
    qtbot.waitUntil(lambda: "A token is stored" in account.state.text(), timeout=PATIENCE)
    assert (tmp_path / "ring").read_text() == "hf_secret"


def test_a_folder_is_added(
    row: ModelRow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_public(TINY_MEDIUM, tmp_path)
    chosen = "gui.pages.models.QFileDialog.getExistingDirectory"
    monkeypatch.setattr(chosen, lambda *_: str(source))
    menu = row.add.menu()
    assert menu is not None
    folder, *_ = menu.actions()
    folder.trigger()
    row.licence.leave.click()
    assert row.stored.state == "absent"
    folder.trigger()
    row.licence.agree.click()
    qtbot.waitUntil(row.load.isVisible, timeout=PATIENCE)


def test_a_fine_tune_is_added_under_its_name(
    row: ModelRow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(row.files, "add", lambda *said: asked.append(said))
    monkeypatch.setattr(row.files, "_accepted", {NAME})
    row.show_stored(replace(row.stored, accepted=True))
    monkeypatch.setattr("gui.pages.models.ask_name", lambda *_: "my-tune")
    weights = tmp_path / "mine.safetensors"
    monkeypatch.setattr(
        "gui.pages.models.QFileDialog.getOpenFileName", lambda *_: (str(weights), "")
    )
    menu = row.add.menu()
    assert menu is not None
    menu.actions()[-1].trigger()
    assert asked == [(NAME, weights, "my-tune")]
