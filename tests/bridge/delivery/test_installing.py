"""Installing, over and over, beside what others put there; nothing foreign is touched, nothing changed is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lupa import LuaRuntime

from bridge import companion_command
from bridge.delivery import installable, installing, marks
from bridge.delivery.daw_folders import Machine
from bridge.delivery.installable import KINDS, known
from bridge.delivery.installing import Here, found, install, installed, remove, status
from bridge.errors import BridgeError
from engine.errors import PresetError

DAWS = {
    "reaper": ".config/REAPER",
    "ableton": "Documents/Ableton/User Library",
    "ardour": ".config/ardour8",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A Linux machine with all three DAWs (Live is under Wine), and companions of a few files."""
    source = tmp_path / "companions"
    for path, text in {
        "spool.lua": "-- spool",
        "reaper/longtake.lua": "-- reaper",
        "ardour/longtake.lua": "-- ardour",
        "ardour/longtake/hook.lua": "-- hook",
        "ableton/Longtake/__init__.py": "# live",
        "ableton/Longtake/parts/more.py": "# more",
        "ableton/Longtake/__pycache__/x.pyc": "no",
        "ableton/README.md": "no",
        "pd/longtake.pd": "#N",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    monkeypatch.setattr(installable, "SOURCE", source)
    for folder in DAWS.values():
        (tmp_path / "home" / folder).mkdir(parents=True)
    home = tmp_path / "home"
    return Here(Machine("linux", home, {}, home / "Documents"), tmp_path / 'da"ta\\x')


def everything(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def into(here: Here, name: str) -> Path:
    return here.machine.home / DAWS[name] / KINDS[name].inside


@pytest.mark.parametrize("name", DAWS)
def test_install_and_remove_leave_nothing_behind(here: Here, name: str) -> None:
    before = everything(here.machine.home)
    assert not installed(name, here) and found(name, here) == into(here, name)
    left = install(name, here=here)
    assert left and all(
        step[0].isupper() and step.endswith(".") and "{" not in step for step in left
    )
    assert installed(name, here)
    assert status(name, here).current and not status(name, here).changed
    once = everything(here.machine.home)
    assert install(name, here=here) == left and everything(here.machine.home) == once
    assert remove(name, here) == []
    assert everything(here.machine.home) == before and not installed(name, here)
    if KINDS[name].own:
        assert not into(here, name).exists()
    with pytest.raises(BridgeError, match="is installed"):
        remove(name, here)


def test_what_is_copied_for_live(here: Here) -> None:
    install("ableton", here=here)
    files = everything(into(here, "ableton"))
    assert files.pop("place.txt") == f"{here.data / 'spool' / 'desk.json'}\n"
    assert json.loads(files.pop("longtake-ableton.json"))["files"].keys() == {*files, "place.txt"}
    assert files == {"__init__.py": "# live", "parts/more.py": "# more"}


def test_scripts_read_the_place_of_their_spool(here: Here) -> None:
    for name, place in (("reaper", "longtake_place.lua"), ("ardour", "longtake/folder")):
        install(name, here=here)
        assert (here.data / "spool" / name).is_dir()
        text = (into(here, name) / place).read_text("utf-8")
        said = (
            LuaRuntime(unpack_returned_tuples=True).execute(text)
            if place.endswith(".lua")
            else text.rstrip("\n")
        )
        assert said == str(here.data / "spool" / name)
    assert (into(here, "reaper") / "spool.lua").read_text() == "-- spool"


def test_a_file_that_was_changed_is_kept(here: Here) -> None:
    install("ardour", here=here)
    script = into(here, "ardour") / "scripts/longtake.lua"
    script.write_text("-- mine")
    assert status("ardour", here).changed == ("scripts/longtake.lua",)
    kept = install("ardour", here=here)[0]
    assert "longtake.lua.bak" in kept
    assert script.read_text() == "-- ardour"
    assert script.with_name("longtake.lua.bak").read_text() == "-- mine"
    script.write_text("-- mine again")
    assert "longtake.lua 2.bak" in remove("ardour", here)[0]
    assert everything(into(here, "ardour")) == {
        "scripts/longtake.lua.bak": "-- mine",
        "scripts/longtake.lua 2.bak": "-- mine again",
    }
    install("ardour", here=here)


def test_another_version_replaces_the_files_and_drops_old_ones(here: Here) -> None:
    install("ableton", here=here)
    source = installable.SOURCE / "ableton/Longtake"
    (source / "parts/more.py").rename(source / "other.py")
    (source / "__init__.py").write_text("# newer")
    assert not status("ableton", here).current and not status("ableton", here).changed
    install("ableton", here=here)
    files = everything(into(here, "ableton"))
    assert (
        files["__init__.py"] == "# newer" and "other.py" in files and "parts/more.py" not in files
    )
    assert not [name for name in files if name.endswith(".bak")]
    assert status("ableton", here).current


def test_what_python_makes_of_our_files_goes_with_them(here: Here) -> None:
    install("ableton", here=here)
    compiled = into(here, "ableton") / "__pycache__" / "__init__.cpython-311.pyc"
    compiled.parent.mkdir()
    compiled.touch()
    remove("ableton", here)
    assert not into(here, "ableton").exists()


@pytest.mark.parametrize("name", ["reaper", "ableton"])
def test_a_foreign_folder_is_left_alone(here: Here, name: str) -> None:
    into(here, name).mkdir(parents=True)
    (into(here, name) / "mine.txt").write_text("mine")
    before = everything(here.machine.home)
    with pytest.raises(BridgeError, match="not from Longtake"):
        install(name, here=here)
    assert everything(here.machine.home) == before and not installed(name, here)


def test_a_foreign_file_among_ardours_scripts_is_left_alone(here: Here) -> None:
    script = into(here, "ardour") / "scripts/longtake.lua"
    script.parent.mkdir()
    script.write_text("-- somebody's")
    with pytest.raises(BridgeError, match=r"longtake\.lua is there already"):
        install("ardour", here=here)
    assert script.read_text() == "-- somebody's"
    script.rename(script.with_name("other.lua"))
    install("ardour", here=here)
    assert everything(into(here, "ardour")).keys() == {
        "longtake-ardour.json",
        "longtake/folder",
        "longtake/hook.lua",
        "longtake/spool.lua",
        "scripts/longtake.lua",
        "scripts/other.lua",
    }
    remove("ardour", here)
    assert everything(into(here, "ardour")) == {"scripts/other.lua": "-- somebody's"}


def test_a_folder_of_ardours_scripts_may_be_named_too(here: Here, tmp_path: Path) -> None:
    scripts = tmp_path / "ardour9/scripts"
    scripts.mkdir(parents=True)
    install("ardour", scripts, here)
    assert (scripts / "longtake.lua").exists() and (scripts.parent / "longtake/folder").exists()


@pytest.mark.parametrize("named", ["", "Scripts"])
def test_a_folder_that_is_named(here: Here, tmp_path: Path, named: str) -> None:
    portable = tmp_path / "stick" / "REAPER"
    (portable / named).mkdir(parents=True)
    install("reaper", portable / named, here)
    assert (portable / "Scripts/Longtake/longtake.lua").exists()
    assert found("reaper", here) == portable / "Scripts/Longtake" and installed("reaper", here)
    remove("reaper", here)
    assert found("reaper", here) == into(here, "reaper")


def test_refusals_say_what_would_be_right(here: Here, tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="choose reaper, ableton"):
        install("cubase", here=here)
    with pytest.raises(BridgeError, match="no folder"):
        install("reaper", tmp_path / "nowhere", here)
    with pytest.raises(PresetError, match="nobody-here"):
        install("reaper", "~nobody-here/x", here)
    nothing = Here(Machine("win32", tmp_path / "empty", {}, tmp_path / "empty"), here.data)
    with pytest.raises(BridgeError, match="Reaper was not found"):
        install("reaper", here=nothing)


@pytest.mark.skipif(os.name == "nt", reason="folders there have no modes")
def test_a_folder_that_takes_no_files(here: Here) -> None:
    (here.machine.home / ".config/REAPER/Scripts").write_text("a file where a folder should be")
    with pytest.raises(BridgeError, match=r"takes no files: .+\.") as caught:
        install("reaper", here=here)
    assert caught.value.code == "io" and not installed("reaper", here)


def test_an_install_that_was_cut_off_is_finished(here: Here) -> None:
    install("ableton", here=here)
    (into(here, "ableton") / "__init__.py").unlink()
    (here.data / marks.REMEMBERED).unlink()
    assert status("ableton", here).changed == ("__init__.py",)
    install("ableton", here=here)
    assert status("ableton", here).changed == ()


def test_a_mark_names_no_file_outside(here: Here) -> None:
    install("reaper", here=here)
    outside = here.machine.home / "precious"
    outside.write_text("mine")
    mark = into(here, "reaper") / marks.name_of("reaper")
    said = json.loads(mark.read_text())
    said["files"]["../../../../precious"] = said["files"][str(outside)] = marks.digest(b"mine")
    mark.write_text(json.dumps(said))
    remove("reaper", here)
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', "\0", "[" * 100_000])
def test_a_mark_that_cannot_be_read_is_none(here: Here, text: str) -> None:
    folder = into(here, "reaper")
    folder.mkdir(parents=True)
    (folder / marks.name_of("reaper")).write_text(text)
    assert not installed("reaper", here)


def test_whether_a_script_speaks(here: Here) -> None:
    install("reaper", here=here)
    assert status("reaper", here).speaks is False
    alive = here.data / "spool/reaper/daw.alive"
    alive.touch()
    assert status("reaper", here).speaks is True
    os.utime(alive, (1000, 1000))
    assert status("reaper", here).speaks is False
    install("ableton", here=here)
    assert status("ableton", here).speaks is None


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGTAKE_HOME", str(tmp_path / "longtake"))
    folder = tmp_path / "patches"
    folder.mkdir()

    def said(*words: str, code: int = 0) -> str:
        assert companion_command.main(list(words)) == code
        shown = capsys.readouterr()
        return shown.err if code else shown.out

    assert all(line.split()[0] in KINDS for line in said("list").splitlines())
    assert len(said("list").splitlines()) == len(KINDS)
    assert str(folder / "Longtake") in said("install", "pd", "--folder", str(folder))
    assert (folder / "Longtake/longtake.pd").exists()
    assert said("status", "pd").startswith(f"Pd: installed in {folder / 'Longtake'} by Longtake ")
    assert len(said("status").splitlines()) == len(KINDS)
    assert said("remove", "pd") == "Pd: removed.\n"
    assert not (folder / "Longtake/longtake.pd").exists()
    assert "is installed" in said("remove", "pd", code=2)
    assert "choose reaper" in said("install", "cubase", code=2)
    monkeypatch.setattr(installing, "found", lambda name, here=None: known(name) and None)
    assert "--folder names where it is" in said("install", "ardour", code=2)
