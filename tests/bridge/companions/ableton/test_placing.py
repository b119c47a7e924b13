"""Where a take lies after a `place`, in each version of Live, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bridge.companions.ableton.fake_live import VERSIONS, Clip, Handle, Track
from tests.bridge.companions.ableton.opened import Opened

ABLE = ["11.3.25", "12.0.5", "12.2.0"]
"""The versions that take audio clips from a script."""


def placed(opened: Opened, **fields: Any) -> tuple[str, float, str]:
    message = opened.place(**fields)
    return opened.module("placing").place(Handle(opened.song), message, f"Live {opened.live.named}")


def refused(opened: Opened, **fields: Any) -> Any:
    names = [track.name for track in opened.song.tracks]
    with pytest.raises(opened.module("tracks").Refused) as reason:
        placed(opened, **fields)
    assert [track.name for track in opened.song.tracks] == names, "the set is as it was"
    assert not any(track.arrangement_clips for track in opened.song.tracks)
    assert str(reason.value).endswith(".")
    return reason.value


@pytest.mark.parametrize("version", ABLE)
def test_a_clip_lies_on_the_timeline_by_its_name(opened: Opened) -> None:
    assert placed(opened) == ("Drums", 16.0, "It lies on Drums, at beat 16.")
    (clip,) = opened.audio.arrangement_clips
    assert (clip.start_time, clip.file_path, clip.name) == (16.0, str(opened.wav), "Rain")
    assert clip.color and not clip.warping, "what is no loop sounds as it was made"


@pytest.mark.parametrize("version", ABLE)
def test_the_new_clip_is_found_among_others(opened: Opened, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(opened.wav.read_bytes())
    opened.audio.create_audio_clip(str(other), 16.0)
    opened.audio.create_audio_clip(str(opened.wav), 40.0)
    placed(opened)
    named = [
        (each.start_time, each.file_path)
        for each in opened.audio.arrangement_clips
        if each.name == "Rain"
    ]
    assert named == [(16.0, str(opened.wav))]


@pytest.mark.parametrize("guesses", [True, False])
@pytest.mark.parametrize("form", ["item", "clip", "take"])
def test_a_loop_is_exactly_its_beats(opened: Opened, form: str) -> None:
    _, _, text = placed(opened, loop=True, form=form)
    assert "Warp" not in text
    clip = found(opened, form)
    assert clip.warping and clip.looping
    marks = (clip.start_marker, clip.end_marker, clip.loop_start, clip.loop_end)
    assert marks == (0.0, 4.0, 0.0, 4.0)
    at = opened.module("warping").seconds_at
    assert at(Handle(clip), 0.0) == pytest.approx(0.0, abs=1e-9)
    assert at(Handle(clip), 1.0) == pytest.approx(0.5) and at(Handle(clip), 4.0) == pytest.approx(2)
    assert len(clip.markers) == 3, "two that are seen, and the one behind"


def found(opened: Opened, form: str) -> Clip:
    if form == "clip":
        clip = opened.audio.clip_slots[0].clip
        assert clip
        return clip
    lanes = opened.audio.take_lanes
    return (lanes[0] if form == "take" else opened.audio).arrangement_clips[0]


@pytest.mark.parametrize("fields", [{"beats": 0.0}, {"seconds": 0.0}, {"loop": False}])
def test_what_is_no_loop_or_has_no_beats_is_not_stretched(
    opened: Opened, fields: dict[str, Any]
) -> None:
    placed(opened, **{"loop": True} | fields)
    assert not opened.audio.arrangement_clips[0].warping


def test_a_clip_whose_tempo_cannot_be_set_lies_there_and_says_so(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(clip: Clip, marker: Any) -> None:
        raise RuntimeError("invalid warp marker")

    monkeypatch.setattr(Clip, "add_warp_marker", fails)
    assert "look at Warp" in placed(opened, loop=True)[2]
    assert opened.audio.arrangement_clips[0].name == "Rain"


@pytest.mark.parametrize("version", ABLE)
@pytest.mark.parametrize(
    ("fields", "beat"),
    [
        ({"at": "playhead"}, 8.0),
        ({"at": "time", "position": 3.0}, 6.0),
        ({"at": "beat", "position": 5.5}, 5.5),
        ({"at": "end"}, 0.0),
    ],
)
def test_every_place_in_time(opened: Opened, fields: dict[str, Any], beat: float) -> None:
    assert placed(opened, **fields)[1] == beat
    assert opened.audio.arrangement_clips[0].start_time == beat


def test_the_end_is_after_the_last_clip(opened: Opened) -> None:
    opened.audio.create_audio_clip(str(opened.wav), 32.0)
    assert placed(opened, at="end")[1] == 36.0


@pytest.mark.parametrize("version", ABLE)
def test_every_way_to_name_a_track(opened: Opened) -> None:
    opened.song.tracks.append(Track(opened.live, "2"))
    assert placed(opened, track="2")[0] == "2", "a name comes before a number"
    assert placed(opened, track="1")[0] == "Drums"
    assert placed(opened, track="")[0] == "Drums", "it is selected"
    placed(opened, track="new", name="Last")
    placed(opened, track="below", beside="Drums", name="Under")
    placed(opened, track="below", name="Selected")
    names = [track.name for track in opened.song.tracks]
    assert names == ["Drums", "Selected", "Under", "Keys", "2", "Last"]


@pytest.mark.parametrize("words", ["", "below"])
def test_with_the_master_selected_there_is_a_new_track(opened: Opened, words: str) -> None:
    opened.song.view.selected_track = opened.song.master_track
    assert placed(opened, track=words)[0] == "Rain"
    assert opened.song.tracks[-1].arrangement_clips


@pytest.mark.parametrize("version", ABLE)
def test_a_session_clip_goes_into_the_first_empty_slot(opened: Opened) -> None:
    opened.song.view.selected_scene = opened.song.scenes[1]
    opened.audio.clip_slots[1].create_audio_clip(str(opened.wav))
    assert placed(opened, form="clip")[2] == "It lies in slot 3 of Drums."
    clip = opened.audio.clip_slots[2].clip
    assert clip and clip.name == "Rain" and opened.audio.clip_slots[0].clip is None
    placed(opened, form="clip", id="d2")
    assert "add a scene" in str(refused(opened, form="clip", id="d3"))


def test_takes_lie_in_lanes_of_ours_that_have_room(opened: Opened) -> None:
    lane = opened.audio.create_take_lane()
    lane.name = "Take 1"
    for position in (0.0, 8.0, 2.0):
        placed(opened, form="take", position=position)
    lanes = [
        (each.name, [clip.start_time for clip in each.arrangement_clips])
        for each in opened.audio.take_lanes
    ]
    assert lanes == [("Take 1", []), ("Longtake", [0.0, 8.0]), ("Longtake", [2.0])]


# --- refusals ---


@pytest.mark.parametrize("version", ["11.0.0", "12.0.0"])
@pytest.mark.parametrize("form", ["item", "clip"])
def test_a_live_without_the_call_is_told_which_has_it(opened: Opened, form: str) -> None:
    reason = refused(opened, form=form, track="new")
    assert reason.code == "failed"
    text = str(reason)
    assert opened.live.named in text and "11.3.25 and 12.0.5" in text and "drag" in text


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_take_lanes_came_with_12_2(opened: Opened) -> None:
    assert "12.2" in str(refused(opened, form="take"))


@pytest.mark.parametrize(
    ("spoil", "fields", "code", "words"),
    [
        ("", {"path": "/nowhere/a.wav"}, "bad_path", "not there"),
        ("", {"path": "take.wav"}, "bad_path", "not there"),
        ("", {"track": "Keys"}, "no_track", "MIDI"),
        ("", {"track": "Voice"}, "no_track", "'Voice'"),
        ("", {"track": "9"}, "no_track", "'9'"),
        ("", {"track": "below", "beside": "Voice"}, "no_track", "'Voice'"),
        ("", {"position": -1.0}, "failed", "beat 0"),
        ("", {"position": 2e6, "track": "new"}, "failed", "beat 0"),
        ("", {"form": "hologram"}, "failed", "drag"),
        ("is_frozen", {}, "locked", "unfreeze"),
        ("is_foldable", {}, "no_track", "group"),
        ("arm", {}, "recording", "records"),
    ],
)
@pytest.mark.parametrize("version", ["11.3.25", "12.2.0"])
def test_what_cannot_be_placed_is_refused(
    opened: Opened, spoil: str, fields: dict[str, Any], code: str, words: str
) -> None:
    opened.song.record_mode = opened.song.is_playing = spoil == "arm"
    if spoil:
        setattr(opened.audio, spoil, True)
    reason = refused(opened, **fields)
    assert reason.code == code and words in str(reason)


def test_a_slot_that_records_is_waited_for(opened: Opened) -> None:
    opened.audio.clip_slots[2].is_recording = True
    assert refused(opened).code == "recording"


@pytest.mark.parametrize("words", ["new", "Drums"])
def test_a_file_that_live_does_not_take_leaves_no_track(opened: Opened, words: str) -> None:
    opened.wav.write_bytes(b"no audio")
    reason = refused(opened, track=words)
    assert reason.code == "failed" and "did not take the file" in str(reason)
