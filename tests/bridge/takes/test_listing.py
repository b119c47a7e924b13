"""One bad file among the takes is left out and named, whatever is wrong with it; all others are listed."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.events import Event, Notice
from bridge.state import Search
from bridge.takes.library import Library
from engine.sound.riff import append_texts

GOOD = {"aaa", "zzz"}


def wav(path: Path, frames: int = 800) -> None:
    soundfile.write(str(path), np.zeros((frames, 1), np.float32), 8000)


def deep(open_: str, close: str, levels: int) -> str:
    return open_ * levels + "1" + close * levels


def latin_1(folder: Path) -> None:
    wav(folder / "bad.wav")
    os.rename(folder / "bad.wav", os.fsencode(folder) + b"/caf\xe9.wav")


def device(folder: Path) -> None:
    try:
        os.mknod(folder / "bad.wav", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def listening(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as ear:
        here = os.getcwd()
        os.chdir(folder)  # The name of a socket is short.
        ear.bind("bad.wav")
        os.chdir(here)


LEFT_OUT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a name in Latin-1": (latin_1, r"'caf\udce9.wav'. Its name is no UTF-8"),
    "a link to a disk that is gone": (
        lambda folder: (folder / "bad.wav").symlink_to("/gone/take.wav"),
        "'bad.wav'. It cannot be looked at",
    ),
    "a link to itself": (
        lambda folder: (folder / "bad.wav").symlink_to(folder / "bad.wav"),
        "'bad.wav'. It cannot be looked at",
    ),
    "a pipe": (lambda folder: os.mkfifo(folder / "bad.wav"), "'bad.wav'. It is no ordinary file"),
    "a device": (device, "'bad.wav'. It is no ordinary file"),
    "a socket": (listening, "'bad.wav'. It is no ordinary file"),
    "nothing": (lambda folder: (folder / "bad.wav").touch(), "bad.wav is no audio file"),
    "half a file": (
        lambda folder: (folder / "bad.wav").write_bytes(b"RIFF"),
        "bad.wav is no audio file",
    ),
}


@pytest.mark.skipif(os.name != "posix", reason="Windows has none of these")
@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_is_no_take_is_left_out_and_named(
    library: Library, told: list[Event], tmp_path: Path, kind: str
) -> None:
    make, said = LEFT_OUT[kind]
    for name in GOOD:
        wav(tmp_path / f"{name}.wav")
    try:
        make(tmp_path)
    except (OSError, UnicodeError) as error:
        pytest.skip(f"this disk takes no such file: {error}")
    assert library.reconcile() == 2
    assert {take.id for take in library.search(Search())} == GOOD
    [notice] = [event for event in told if isinstance(event, Notice)]
    assert notice.level == "warning" and said in notice.text
    assert library.reconcile() == 0


SIDECARS: dict[str, str | bytes] = {
    "a date in words": '{"created": "2024-05-01T10:00"}',
    "a rating in words": '{"rating": "five"}',
    "no rating": '{"rating": null}',
    "half a star": '{"rating": 2.5}',
    "a rating that is true": '{"rating": true}',
    "yes": '{"favourite": "yes"}',
    "no date": '{"created": NaN}',
    "the end of time": '{"created": 1e999}',
    "a year that Windows lacks": '{"created": 1e14}',
    "no length": '{"seconds": -1, "sample_rate": 0, "channels": 0}',
    "many digits": '{"seed": ' + "9" * 5000 + "}",
    "brackets": "[" * 100_000,
    "a deep list": deep("[", "]", 900),
    "a deep table": '{"a": ' + deep('{"a": ', "}", 900) + "}",
    "a deep spec": '{"longtake": "1", "spec": ' + deep('{"a": ', "}", 900) + "}",
    "a deep prompt": '{"longtake": "1", "spec": {"prompt": ' + deep("[", "]", 900) + "}}",
    "a spec of numbers": '{"longtake": "1", "spec": {"prompt": 3, "keep": [["a", "b"]]}}',
    "a seed beyond all": '{"longtake": "1", "spec": {"seed": 1' + "0" * 400 + "}}",
    "no character": r'{"name": "\ud800", "prompt": "\ud800", "key": "\ud800", "model": "\ud800"}',
    "no character in the spec": r'{"longtake": "1", "spec": {"prompt": "\ud800"}}',
    "a zero": r'{"name": "\u0000"}',
    "another id": '{"id": "x", "path": "/etc"}',
    "kinds": '{"kind": ["generate"], "spec": [1], "score": 3, "lead_sheet": {}, "loop": null}',
    "Latin-1": b'{"name": "caf\xe9"}',
    "UTF-16": '{"rating": 3}'.encode("utf-16"),
    "a number": "3",
    "nothing": "",
}


@pytest.mark.parametrize("kind", SIDECARS)
def test_a_bad_sidecar_costs_no_take(library: Library, tmp_path: Path, kind: str) -> None:
    text = SIDECARS[kind]
    for name in (*GOOD, "bad"):
        wav(tmp_path / f"{name}.wav")
    (tmp_path / "bad.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert library.reconcile() == 3
    assert {take.id for take in library.search(Search())} == {*GOOD, "bad"}
    bad = library.get("bad")
    assert (bad.rating, bad.favourite, bad.loop, bad.kind) == (0, False, False, bad.kind)
    assert (bad.seconds, bad.sample_rate, bad.channels) == (0.1, 8000, 1)
    assert 0 <= bad.created <= 32_503_680_000
    f"{bad.name} {bad.prompt} {bad.key} {bad.model}".encode()
    library.change("bad", rating=4)
    library.close()
    assert json.loads((tmp_path / "bad.json").read_text(encoding="utf-8"))["rating"] == 4


def test_the_mark_of_a_windows_editor_is_no_damage(library: Library, tmp_path: Path) -> None:
    wav(tmp_path / "bad.wav")
    (tmp_path / "bad.json").write_text("\ufeff" + '{"rating": 4}', encoding="utf-8")
    library.reconcile()
    assert library.get("bad").rating == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("kind", ["pipe", "folder", "large", "link"])
def test_what_stands_in_a_sidecars_place_is_left_alone(
    library: Library, tmp_path: Path, kind: str
) -> None:
    beside = tmp_path / "bad.json"
    wav(tmp_path / "bad.wav")
    if kind == "pipe":
        os.mkfifo(beside)
    elif kind == "folder":
        beside.mkdir()
    elif kind == "link":
        os.mkfifo(tmp_path / "pipe")
        beside.symlink_to(tmp_path / "pipe")
    else:
        with beside.open("wb") as file:
            file.truncate(3 * 2**30)
    assert library.reconcile() == 1
    assert library.get("bad").seconds == 0.1
    library.change("bad", rating=4)
    library.close()
    if kind != "large":
        assert not beside.is_file()


def test_deep_settings_within_the_sound_cost_no_take(library: Library, tmp_path: Path) -> None:
    for name, text in (("a", "[" * 100_000), ("b", '{"longtake": "1", "spec": {"prompt": 3}}')):
        wav(tmp_path / f"{name}.wav")
        append_texts(tmp_path / f"{name}.wav", {"comment": text})
    assert library.reconcile() == 2


def test_a_folder_that_looks_like_a_take_is_none(
    library: Library, told: list[Event], tmp_path: Path
) -> None:
    (tmp_path / "stems.wav").mkdir()
    assert library.reconcile() == 0
    assert told == []


def test_many_bad_files_are_one_sentence(
    library: Library, told: list[Event], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(12):
        (tmp_path / f"bad{number:02}.wav").touch()
    assert library.reconcile() == 0
    [notice] = told
    assert isinstance(notice, Notice)
    assert "'bad00.wav', 'bad01.wav', 'bad02.wav' and 9 more" in notice.text
    assert all(f"bad{number:02}.wav" in caplog.text for number in range(12))
