"""Where DAWs keep their scripts, on machines that are made up here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.delivery.daw_folders import Machine, ableton, ardour, reaper, user_library

CFG = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton><ContentLibrary><UserLibrary><LibraryProject Id="0"><ProjectLocation />
<ProjectName Value="{name}" /><ProjectPath Value="{path}" /></LibraryProject></UserLibrary>
<UserFolderInfoList><UserFolderInfo Path="/elsewhere" /></UserFolderInfoList></ContentLibrary></Ableton>"""


def machine(home: Path, platform: str, **environment: str) -> Machine:
    return Machine(platform, home, environment, home / "Documents")


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("platform", "where"),
    [
        ("win32", "AppData/Roaming/REAPER"),
        ("darwin", "Library/Application Support/REAPER"),
        ("linux", ".config/REAPER"),
    ],
)
def test_reapers_folder_on_each_platform(tmp_path: Path, platform: str, where: str) -> None:
    assert reaper(machine(tmp_path, platform)) == []
    assert reaper(
        machine(folder(tmp_path / where).parents[len(Path(where).parts) - 1], platform)
    ) == [tmp_path / where]


def test_variables_of_the_system_come_before_its_habits(tmp_path: Path) -> None:
    folder(tmp_path / ".config/REAPER")
    other = folder(tmp_path / "other/REAPER")
    assert reaper(machine(tmp_path, "linux", XDG_CONFIG_HOME=str(other.parent))) == [other]
    assert reaper(machine(tmp_path, "win32", APPDATA=str(other.parent))) == [other]


def test_a_portable_reaper_is_known_by_its_settings(tmp_path: Path) -> None:
    portable = folder(tmp_path / "opt/REAPER")
    assert reaper(machine(tmp_path, "linux")) == []
    (portable / "reaper.ini").touch()
    assert reaper(machine(tmp_path, "linux")) == [portable]


@pytest.mark.parametrize(
    ("platform", "where"),
    [("win32", "Documents/Ableton/User Library"), ("darwin", "Music/Ableton/User Library")],
)
def test_lives_library_where_it_is_unless_moved(tmp_path: Path, platform: str, where: str) -> None:
    assert ableton(machine(tmp_path, platform)) == []
    folder(tmp_path / where)
    assert ableton(machine(tmp_path, platform)) == [tmp_path / where]


@pytest.mark.parametrize(
    ("platform", "settings"),
    [
        ("win32", "AppData/Roaming/Ableton/Live {0}/Preferences/Library.cfg"),
        ("darwin", "Library/Preferences/Ableton/Live {0}/Library.cfg"),
    ],
)
def test_a_library_that_was_moved_is_found_by_lives_newest_settings(
    tmp_path: Path, platform: str, settings: str
) -> None:
    old, new = folder(tmp_path / "old/User Library"), folder(tmp_path / "a & b/Böse Sounds")
    for age, version, library in (
        (2, "12.1", new),
        (1, "12.0.5", old),
        (0, "9.7", tmp_path / "gone/x"),
    ):
        file = tmp_path / settings.format(version)
        file.parent.mkdir(parents=True)
        path = str(library.parent).replace("&", "&amp;")
        file.write_text(CFG.format(name=library.name, path=path), "utf-8")
        os.utime(file, (1000 + age, 1000 + age))
    assert ableton(machine(tmp_path, platform)) == [new, old]


@pytest.mark.parametrize(
    "text", ["", "<Ableton/>", CFG.format(name="", path="/x"), "\0\0<UserLibrary>"]
)
def test_settings_of_live_that_name_no_library(text: str) -> None:
    assert user_library(text) is None


@pytest.mark.parametrize(
    ("platform", "where"),
    [
        ("win32", "AppData/Local/ardour{0}"),
        ("darwin", "Library/Preferences/Ardour{0}"),
        ("linux", ".config/ardour{0}"),
    ],
)
def test_the_newest_ardour_comes_first(tmp_path: Path, platform: str, where: str) -> None:
    assert ardour(machine(tmp_path, platform)) == []
    every = [folder(tmp_path / where.format(number)) for number in (10, 8, 7)]
    folder(tmp_path / where.format("-old"))
    assert ardour(machine(tmp_path, platform)) == every
