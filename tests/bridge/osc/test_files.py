"""The door for files that messages name: what is spelled outside is not looked at, on any platform."""

from __future__ import annotations

import os
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from bridge.errors import BridgeError
from bridge.osc import files
from bridge.osc.files import AllowedFiles, spelled_inside
from engine.errors import SpecError
from engine.spec import PARAMETERS

WINDOWS = [PureWindowsPath("C:/takes"), PureWindowsPath("D:/my loops")]
POSIX = [PurePosixPath("/takes"), PurePosixPath("/my loops")]


def spelled(name: str, folders: list) -> list[str]:
    return [str(place) for place in spelled_inside(name, folders)]


@pytest.mark.parametrize(
    "name",
    [
        r"\\host\share\x.wav",
        "//host/share/x.wav",
        r"/\host\share\x.wav",
        r"\\?\UNC\host\share\x.wav",
        r"\\?\C:\takes\x.wav",
        r"\\?\C:\takes\..\x.wav",
        r"\\.\pipe\x",
        r"\\.\C:\takes\x.wav",
        r"\x.wav",
        "E:x.wav",
        "C:/other/x.wav",
        "C:/takes/../other/x.wav",
        r"..\x.wav",
        "CON",
        "con.wav",
        "x/aux.tar.wav",
        "C:/takes/COM1",
        "lpt9 .wav",
        "COM¹",
        "nul:",
        "x.wav:stream",
        "C:/takes/x.wav::$DATA",
        "a\0.wav",
        "\ud800.wav",
        "\udcff.wav",
    ],
)
def test_what_is_spelled_outside_or_odd_on_windows_is_no_place(name: str) -> None:
    assert spelled_inside(name, WINDOWS) == []


def test_places_on_windows() -> None:
    assert spelled("x.wav", WINDOWS) == [r"C:\takes\x.wav", r"D:\my loops\x.wav"]
    assert spelled(r"c:\TAKES\a\..\x.wav", WINDOWS) == [r"c:\TAKES\x.wav"]
    assert spelled("D:/my loops/auxiliary/console.wav", WINDOWS) == [
        r"D:\my loops\auxiliary\console.wav"
    ]
    share = [PureWindowsPath(r"\\nas\music")]
    assert spelled(r"\\NAS\music\x.wav", share) == [r"\\NAS\music\x.wav"]
    assert spelled(r"\\nas\private\x.wav", share) == []


def test_places_elsewhere() -> None:
    assert spelled("aux.wav", POSIX) == ["/takes/aux.wav", "/my loops/aux.wav"]
    assert spelled("/takes/a/../x.wav", POSIX) == ["/takes/x.wav"]
    for name in ("/takes/../etc/passwd", "../x", "/takes-evil/x", "//takes/x", "/etc/passwd", "\0"):
        assert spelled_inside(name, POSIX) == []


@pytest.fixture
def allowed(tmp_path: Path) -> AllowedFiles:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("in/warm.safetensors", "in/a, b", "out/secret.safetensors"):
        (tmp_path / name).write_bytes(b"x")
    for folder in ("in", "out") if hasattr(os, "mkfifo") else ():
        os.mkfifo(tmp_path / folder / "pipe")
    return AllowedFiles((tmp_path / "in",))


def test_what_lies_outside_is_not_even_looked_at(
    allowed: AllowedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[PurePath] = []
    monkeypatch.setattr(files, "_real", looked.append)
    sentences: set[str] = set()
    for name in ("secret.safetensors", "pipe", "missing"):
        path = str(tmp_path / "out" / name)
        with pytest.raises(BridgeError) as raised:
            allowed.file(path)
        sentences.add(str(raised.value).replace(path, "..."))
    assert looked == []
    assert len(sentences) == 1


def test_every_kind_of_value_passes_the_same_door(allowed: AllowedFiles, tmp_path: Path) -> None:
    lora, path = PARAMETERS["lora"], PARAMETERS["midi"]
    real = (tmp_path / "in" / "warm.safetensors").resolve()
    assert allowed.permitted(lora, "warm.safetensors:0.8") == f"{real}:0.8"
    assert allowed.permitted(lora, f"{real}, ./warm.safetensors:2") == f"{real}:1, {real}:2"
    assert allowed.permitted(lora, "") == ""
    assert allowed.permitted(path, str(real)) == str(real)
    assert allowed.permitted(path, None) is None
    assert allowed.permitted(PARAMETERS["prompt"], "/etc/passwd") == "/etc/passwd"
    outside = tmp_path / "out" / "secret.safetensors"
    for wrong in (f"{outside}", f"warm.safetensors, {outside}:0.5", "pipe:1", "~nosuchuser/x"):
        with pytest.raises(BridgeError) as raised:
            allowed.permitted(lora, wrong)
        assert raised.value.code == "bad_path"
    with pytest.raises(SpecError, match="from -10 to 10"):
        allowed.permitted(lora, "warm.safetensors:11")
