"""What the script tells of a set: where it stands, in which key, and what its selected clip plays of its file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bridge.companions.ableton.fake_live import VERSIONS, Clip, Handle
from tests.bridge.companions.ableton.opened import Opened


def state(opened: Opened) -> dict[str, Any]:
    return opened.module("reading").state(Handle(opened.song))


def part(opened: Opened, clip: Clip) -> dict[str, Any]:
    return opened.module("reading").part(Handle(opened.song), Handle(clip))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_set_tells_where_it_stands(opened: Opened) -> None:
    opened.song.loop, opened.song.loop_start = True, 12.0
    assert state(opened) == {
        "kind": "state",
        "tempo": 120.0,
        "numerator": 3,
        "denominator": 4,
        "playing": False,
        "beat": 8.0,
        "selection_start": 12.0,
        "selection_end": 16.0,
        "project": "" if opened.live.named == "11.0.0" else "Nocturne",
    }


def test_without_a_loop_the_selected_clip_is_the_selection(opened: Opened) -> None:
    assert (state(opened)["selection_start"], state(opened)["selection_end"]) == (0.0, 0.0)
    opened.song.view.detail_clip = opened.audio.create_audio_clip(str(opened.wav), 20.0)
    assert (state(opened)["selection_start"], state(opened)["selection_end"]) == (20.0, 24.0)
    opened.song.view.detail_clip = opened.audio.clip_slots[0].create_audio_clip(str(opened.wav))
    assert state(opened)["selection_end"] == 0.0, "a clip of the session lies nowhere"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("note", "scale", "key"),
    [
        (9, "Minor", "A minor"),
        (6, "Major", "F# major"),
        (3, "Minor", "Eb minor"),
        (2, "Dorian", ""),
    ],
)
def test_a_key_is_told_where_live_says_that_it_holds(
    opened: Opened, note: int, scale: str, key: str
) -> None:
    opened.song.root_note, opened.song.scale_name = note, scale
    assert "key" not in state(opened), "the scale is switched off"
    opened.song.scale_mode = True
    assert state(opened).get("key", "") == (key if opened.live.version >= (12, 0, 5) else "")


@pytest.mark.parametrize("version", ["11.0.0", "12.2.0"])
def test_an_unwarped_clip_plays_seconds_of_its_file(opened: Opened) -> None:
    clip = opened.audio.clip_slots[0]
    clip.clip = Clip(opened.live, clip, str(opened.wav), None)
    clip.clip.warping, clip.clip.start_marker, clip.clip.end_marker = False, 0.5, 1.75
    told = part(opened, clip.clip)
    assert (told["path.1"], told["start.1"], told["seconds.1"]) == (str(opened.wav), 0.5, 1.25)
    assert (told["rate.1"], told["at.1"], told["parts"]) == (1.0, 0.0, 1)


def test_a_warped_clip_is_told_in_seconds_of_its_file(opened: Opened) -> None:
    """At 100 BPM in a set of 120: a beat of the clip is 0.6 s of the file."""
    clip = (
        opened.audio.create_audio_clip(str(opened.wav), 16.0) or opened.audio.arrangement_clips[0]
    )
    clip.warping, clip.markers = True, [(0.1, 0.0), (0.7, 1.0), (0.8, 1.0 + 1 / 6)]
    clip.start_marker, clip.end_marker, clip.start_time, clip.end_time = 1.0, 3.0, 16.0, 18.0
    told = part(opened, clip)
    assert told["start.1"] == pytest.approx(0.7) and told["seconds.1"] == pytest.approx(1.2)
    assert told["rate.1"] == 1.0 and told["beat"] == 16.0
    clip.warp_mode = 3
    told = part(opened, clip)
    assert told["rate.1"] == pytest.approx(1.2), "re-pitched, it sounds higher"
    assert told["seconds.1"] == pytest.approx(1.0), "and is as long as it lies there"


def test_of_a_clip_that_was_cut_only_what_lies_there_is_told(opened: Opened) -> None:
    clip = (
        opened.audio.create_audio_clip(str(opened.wav), 16.0) or opened.audio.arrangement_clips[0]
    )
    clip.warping, clip.start_marker, clip.end_marker = False, 0.25, 2.0
    clip.end_time = 18.0
    told = part(opened, clip)
    assert (told["start.1"], told["seconds.1"]) == (0.25, 1.0)


def test_of_a_loop_its_loop_is_told(opened: Opened) -> None:
    clip = opened.audio.clip_slots[0].create_audio_clip(str(opened.wav))
    clip.markers, clip.looping = [(0.0, 0.0), (2.0, 4.0), (2.1, 4.2)], True
    clip.start_marker, clip.loop_start, clip.loop_end, clip.end_marker = 3.0, 0.0, 2.0, 4.0
    told = part(opened, clip)
    assert (told["start.1"], told["seconds.1"]) == (0.0, 1.0)


@pytest.mark.parametrize(("name", "value"), [("file_path", ""), ("end_marker", 0.0)])
def test_a_clip_that_plays_nothing_is_refused(opened: Opened, name: str, value: Any) -> None:
    clip = opened.audio.clip_slots[0].create_audio_clip(str(opened.wav))
    clip.warping, clip.loop_end = False, 0.0
    setattr(clip, name, value)
    with pytest.raises(ValueError, match="no file"):
        part(opened, clip)
