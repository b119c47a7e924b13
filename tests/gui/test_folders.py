"""Where a file lies is shown by the file manager of each system."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from PyQt6.QtGui import QDesktopServices

from gui import folders


def test_windows_and_macos_choose_the_file() -> None:
    windows = folders.command_for("win32", PureWindowsPath(r"C:\My takes\a, b.wav"))
    assert windows == r'explorer /select,"C:\My takes\a, b.wav"'
    macos = folders.command_for("darwin", PurePosixPath("/My takes/a.wav"))
    assert macos == ["open", "-R", "/My takes/a.wav"]
    assert folders.command_for("linux", PurePosixPath("/a.wav")) == []


def test_without_a_file_manager_that_chooses_the_folder_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: object) -> bool:
        opened.append(url.toLocalFile())  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    monkeypatch.setattr(folders, "_chosen", lambda path: False)
    monkeypatch.setattr(folders, "command_for", lambda platform, path: [])
    take = tmp_path / "a.wav"
    take.touch()
    assert folders.show_in_folder(take)
    assert folders.show_in_folder(tmp_path)
    assert folders.show_in_folder(tmp_path / "not there yet" / "b.toml")
    assert opened == [str(tmp_path)] * 3


def test_a_program_that_is_not_there_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = tmp_path / "a.wav"
    take.touch()
    monkeypatch.setattr(folders, "command_for", lambda platform, path: ["/no/such/program"])
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: True)
    assert folders.show_in_folder(take)
