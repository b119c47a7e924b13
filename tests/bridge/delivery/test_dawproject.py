"""A DAWproject has the shape that the format asks for, and in it are the takes, at their places, byte for byte."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from bridge.delivery.dawproject import DawprojectWay, export
from bridge.delivery_state import Delivery, Placement
from bridge.errors import BridgeError
from engine.errors import AudioError, DiskError
from tests.small_disks import fill, small_disk

Element = ElementTree.Element
RATE = 44_100
NUMBER = r"-?\d+(\.\d+)?"
TEXT, SWITCH, ID, UNIT = r"[^\0]*", "true|false", r"id\d+", "beats|seconds"
NAMED = {"id": ID, "name": TEXT, "color": "#[0-9a-f]{6}"}
LEVEL = {"max": NUMBER, "min": NUMBER, "value": NUMBER, "unit": "bpm|linear|normalized"} | NAMED
LINE = {"timeUnit": UNIT, "track": ID} | NAMED
SHAPE: dict[str, tuple[str, str, dict[str, str]]] = {
    # Element -> what may be in it, in order; the attributes it needs; all that it may have.
    "Project": (
        "Application (Transport )?(Structure )?(Arrangement )?(Scenes )?",
        "version",
        {"version": r"1\.0"},
    ),
    "Application": ("", "name version", {"name": "Longtake", "version": r"\d\S+"}),
    "Transport": ("(Tempo )?(TimeSignature )?", "", {}),
    "Tempo": ("", "unit value", LEVEL),
    "TimeSignature": (
        "",
        "numerator denominator",
        {"numerator": r"\d+", "denominator": r"\d+"} | NAMED,
    ),
    "Structure": ("(Track |Channel )*", "", {}),
    "Track": (
        "(Channel )?(Track )*",
        "",
        {"contentType": "audio|audio notes", "loaded": SWITCH} | NAMED,
    ),
    "Channel": (
        "(Devices )?(Mute )?(Pan )?(Sends )?(Volume )?",
        "",
        {"audioChannels": r"\d+", "destination": ID, "role": "regular|master", "solo": SWITCH}
        | NAMED,
    ),
    "Mute": ("", "", {"value": SWITCH} | NAMED),
    "Pan": ("", "unit", LEVEL),
    "Volume": ("", "unit", LEVEL),
    "Arrangement": (
        "(Lanes )?(Markers )?(TempoAutomation )?(TimeSignatureAutomation )?",
        "",
        NAMED,
    ),
    "Lanes": ("(Lanes |Clips |Audio |Warps )*", "", LINE),
    "Clips": ("(Clip )*", "", LINE),
    "Clip": (
        "(Audio |Warps |Clips )?",
        "time",
        {
            name: NUMBER
            for name in ("time", "duration", "playStart", "playStop", "loopStart", "loopEnd")
        }
        | {"contentTimeUnit": UNIT, "name": TEXT},
    ),
    "Warps": ("(Audio )(Warp ){2,}", "contentTimeUnit", {"contentTimeUnit": UNIT} | LINE),
    "Warp": ("", "time contentTime", {"time": NUMBER, "contentTime": NUMBER}),
    "Audio": (
        "File ",
        "channels duration sampleRate",
        {"channels": r"\d+", "duration": NUMBER, "sampleRate": r"\d+"} | LINE,
    ),
    "File": ("", "path", {"path": r"audio/[^/\\]+", "external": "false"}),
    "Scenes": ("", "", {}),
    "MetaData": ("(Title )?(Comment )?", "", {}),
    "Title": ("", "", {}),
    "Comment": ("", "", {}),
}
"""The part of the published Project.xsd and MetaData.xsd (github.com/bitwig/dawproject) that is used."""


def check_shape(root: Element) -> None:
    for element in root.iter():
        inside, needed, known = SHAPE[element.tag]
        tags = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(inside, tags), (element.tag, tags)
        assert set(needed.split()) <= set(element.attrib) <= set(known), element.attrib
        for name, value in element.attrib.items():
            assert re.fullmatch(known[name], value), (element.tag, name, value)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        for name in ("track", "destination"):
            assert element.get(name) is None or element.get(name) in ids


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    folder = tmp_path / "takes"
    folder.mkdir()
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (8 * RATE, 2))
    soundfile.write(folder / "eight.wav", noise, RATE, subtype="PCM_24")
    soundfile.write(folder / "five.flac", noise[: 5 * 48_000, :1], 48_000)
    return folder


def delivery(path: Path, tempo: float = 0.0, loop: bool = False, **where: object) -> Delivery:
    place = Placement("dawproject", **where)  # type: ignore[arg-type]
    return Delivery("d1", "take", path, path.stem, place, tempo=tempo, loop=loop)


def project(path: Path) -> Element:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and archive.namelist()[:2] == [
            "project.xml",
            "metadata.xml",
        ]
        root = ElementTree.fromstring(archive.read("project.xml"))
        check_shape(root)
        check_shape(ElementTree.fromstring(archive.read("metadata.xml")))
        inside = {file.attrib["path"] for file in root.iter("File")}
        assert inside == set(archive.namelist()[2:])
    return root


def clips(root: Element) -> list[Element]:
    return list(root.iter("Clip"))


def test_the_bytes_inside_are_the_takes(takes: Path) -> None:
    out = takes / "x.dawproject"
    export([delivery(takes / "eight.wav"), delivery(takes / "five.flac")], out)
    project(out)
    with zipfile.ZipFile(out) as archive:
        for name in ("eight.wav", "five.flac"):
            assert archive.read(f"audio/{name}") == (takes / name).read_bytes()


def test_a_take_lies_at_its_beat_for_as_long_as_it_sounds(takes: Path) -> None:
    out = takes / "x.dawproject"
    export([delivery(takes / "eight.wav", 120.0, at="beat", position=16.25)], out, (7, 8))
    root = project(out)
    tempo, signature = root.find("Transport/Tempo"), root.find("Transport/TimeSignature")
    assert tempo is not None and float(tempo.attrib["value"]) == 120
    assert signature is not None
    assert (signature.attrib["numerator"], signature.attrib["denominator"]) == ("7", "8")
    (clip,) = clips(root)
    assert (clip.attrib["time"], clip.attrib["duration"]) == ("16.25", "16")
    assert (clip.attrib["contentTimeUnit"], clip.attrib["playStop"]) == ("seconds", "8")
    audio = clip.find("Audio")
    assert audio is not None and not list(root.iter("Warps"))
    assert (audio.attrib["sampleRate"], audio.attrib["channels"]) == (str(RATE), "2")
    assert float(audio.attrib["duration"]) == 8


def test_without_a_tempo_of_the_daw_the_takes_own_counts(takes: Path) -> None:
    out = takes / "x.dawproject"
    export(
        [delivery(takes / "eight.wav"), delivery(takes / "five.flac", 97.5, at="time", position=4)],
        out,
    )
    root = project(out)
    tempo = root.find("Transport/Tempo")
    assert tempo is not None and float(tempo.attrib["value"]) == 97.5
    assert float(clips(root)[0].attrib["duration"]) == pytest.approx(13, abs=1e-9)
    assert float(clips(root)[1].attrib["time"]) == pytest.approx(6.5, abs=1e-9)
    assert not list(root.iter("Warps"))


def test_a_take_of_another_tempo_is_stretched_from_end_to_end(takes: Path) -> None:
    out = takes / "x.dawproject"
    export([delivery(takes / "eight.wav", 90.0)], out)
    assert not list(project(out).iter("Warps"))
    asked = Placement("dawproject", tempo=120.0)
    export([replace(delivery(takes / "eight.wav", 90.0), placement=asked)], out)
    root = project(out)
    (clip,) = clips(root)
    assert (clip.attrib["duration"], clip.attrib["contentTimeUnit"]) == ("12", "beats")
    warps = [(w.attrib["time"], w.attrib["contentTime"]) for w in root.iter("Warp")]
    assert warps == [("0", "0"), ("12", "8")]


def test_a_loop_fills_what_was_selected(takes: Path) -> None:
    out = takes / "x.dawproject"
    export(
        [delivery(takes / "eight.wav", 120.0, loop=True, at="beat", position=4, length=64.0)], out
    )
    (clip,) = clips(project(out))
    assert (clip.attrib["duration"], clip.attrib["loopStart"], clip.attrib["loopEnd"]) == (
        "64",
        "0",
        "8",
    )


def test_takes_of_one_track_follow_each_other(takes: Path) -> None:
    out = takes / "x.dawproject"
    take = takes / "eight.wav"
    every = [
        delivery(take, 120.0, at="end", track="Bass"),
        delivery(take, 120.0, at="beat", position=2, track="new"),
        delivery(take, 120.0, at="end", track="Bass"),
        delivery(take, 120.0, at="beat", position=3, track="new"),
    ]
    export(every, out)
    root = project(out)
    assert [track.get("name") for track in root.iter("Track")] == [
        "Bass",
        "eight",
        "eight",
        "Master",
    ]
    lanes = [[clip.attrib["time"] for clip in lane.iter("Clip")] for lane in root.iter("Clips")]
    assert lanes == [["0", "16"], ["2"], ["3"]]
    colours = [track.get("color") for track in root.iter("Track")][:-1]
    assert len(set(colours)) == 3
    assert {file.attrib["path"] for file in root.iter("File")} == {"audio/eight.wav"}


def test_two_takes_of_one_name_are_both_there(takes: Path) -> None:
    other = takes / "other" / "eight.wav"
    other.parent.mkdir()
    soundfile.write(other, np.zeros((RATE, 1)), RATE)
    out = takes / "x.dawproject"
    export([delivery(takes / "eight.wav"), delivery(other)], out)
    project(out)
    with zipfile.ZipFile(out) as archive:
        assert archive.read("audio/eight2.wav") == other.read_bytes()


@pytest.mark.parametrize("name", ["<&\">'", "\x01\x00 ä 🎛 \ufffe", "\ud800x", ""])
def test_any_name_can_be_written(takes: Path, name: str) -> None:
    out = takes / "x.dawproject"
    export([replace(delivery(takes / "eight.wav"), name=name)], out)
    (clip,) = clips(project(out))
    assert clip.attrib["name"] == "".join(sign for sign in name if sign in "<&\">'ä 🎛x")


def test_the_way_writes_beside_the_take_over_nothing(takes: Path) -> None:
    way = DawprojectWay(lambda: (3, 4))
    assert way.ready() and way.detail()
    take = takes / "eight.wav"
    said = [way.deliver(delivery(take)) for _ in range(2)]
    assert said == [
        f"The project is {takes / name}." for name in ("eight.dawproject", "eight 2.dawproject")
    ]
    signature = project(takes / "eight 2.dawproject").find("Transport/TimeSignature")
    assert signature is not None and signature.attrib["numerator"] == "3"


def test_what_cannot_be_exported_says_why_and_leaves_nothing(takes: Path) -> None:
    out = takes / "x.dawproject"
    (takes / "text.wav").write_text("no audio")
    with pytest.raises(AudioError):
        export([delivery(takes / "text.wav")], out)
    with pytest.raises(BridgeError, match="not there any more"):
        export([delivery(takes / "gone.wav")], out)
    with pytest.raises(DiskError, match="cannot be written"):
        export([delivery(takes / "eight.wav")], takes / "nowhere" / "x.dawproject")
    assert not out.exists()


def test_a_full_disk_is_named(takes: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**21) as stick:
        fill(stick, free=2**18)
        with pytest.raises(DiskError, match="full"):
            export([delivery(takes / "eight.wav")], stick / "x.dawproject")
        assert [path.name for path in stick.iterdir()] == ["filling"]


def test_a_file_from_before_zips_dates(takes: Path) -> None:
    os.utime(takes / "eight.wav", (0, 0))
    export([delivery(takes / "eight.wav")], takes / "x.dawproject")
    project(takes / "x.dawproject")
