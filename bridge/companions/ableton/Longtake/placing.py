"""Puts a take into the set: on the timeline, as a take lane, or into a slot of the session; one step to undo.

The clip refers to the file where it lies. On Live's main thread only; Live reads the whole file before a call returns.
"""

from __future__ import annotations

import os
from typing import Any

from . import warping
from .api import Live
from .tracks import Refused, track_for

LANE = "Longtake"
COLOUR = 0x2FA08C
"""Of clips, as 0xRRGGBB; Live takes its nearest."""
FARTHEST = 1576800.0
"""Beats; Live takes no clip that begins later."""
_SINCE = {
    "item": ("Track", "11.3.25 and 12.0.5"),
    "clip": ("ClipSlot", "11.3.25 and 12.0.5"),
    "take": ("TakeLane", "12.2"),
}


def place(song: Any, message: dict[str, Any], program: str) -> tuple[str, float, str]:
    """Carries a `place` out.

    Args:
        song: Live's set.
        message: as Longtake sent it.
        program: Live and its version.

    Returns:
        The name of the track, the beat, and a sentence that says where it lies.

    Raises:
        Refused: if it cannot be placed; the set is as it was.
    """
    path, form = str(message["path"]), str(message.get("form") or "item")
    if not (os.path.isabs(path) and os.path.isfile(path)):
        raise Refused("bad_path", "Its file is not there any more.")
    if not can(form):
        since = _SINCE[form][1] if form in _SINCE else "no version so far"
        raise Refused(
            "failed",
            f"{program} cannot do that for us, {since} can: drag the take here from Longtake's window.",
        )
    song.begin_undo_step()
    try:
        return _placed(song, message, path, form)
    finally:
        song.end_undo_step()


def can(form: str) -> bool:
    """Whether this Live has the call that a form needs."""
    name = _SINCE[form][0] if form in _SINCE else ""
    return hasattr(getattr(getattr(Live, name, None), name, None), "create_audio_clip")


def _placed(song: Any, message: dict[str, Any], path: str, form: str) -> tuple[str, float, str]:
    words, beside = str(message.get("track", "")), str(message.get("beside", ""))
    track, new = track_for(song, words, beside)
    try:
        if new:
            track.name = str(message["name"])
        beat = _beat(song, track, message)
        if form == "clip":
            clip, text = _into_slot(song, track, path)
        elif form == "take":
            clip, text = _into_lane(track, path, beat, float(message.get("beats") or 0.0))
        else:
            clip = _on_timeline(track, path, beat)
            text = f"It lies on {track.name}, at beat {beat:g}."
    except Refused:
        _undo_track(song, track, new)
        raise
    except Exception as error:
        _undo_track(song, track, new)
        raise Refused("failed", f"Live did not take the file: {error}") from error
    if clip is not None and not _dressed(clip, message):
        text = f"{text} Its tempo could not be set: look at Warp in the clip."
    return track.name, beat, text


def _beat(song: Any, track: Any, message: dict[str, Any]) -> float:
    """Where it begins, in quarter notes."""
    at, position = message.get("at", "playhead"), float(message.get("position") or 0.0)
    if at == "beat":
        beat = position
    elif at == "time":
        beat = position * song.tempo / 60.0
    elif at == "end":
        beat = max((clip.end_time for clip in track.arrangement_clips), default=0.0)
    else:
        beat = song.current_song_time
    if not 0.0 <= beat <= FARTHEST:
        raise Refused("failed", f"Live takes clips from beat 0 to {FARTHEST:g}, not at {beat:g}.")
    return beat


def _on_timeline(track: Any, path: str, beat: float) -> Any:
    """The new clip; Live gives it back since 12.2, before that it is looked for."""
    clip = track.create_audio_clip(path, beat)
    if clip is not None:
        return clip
    there = [each for each in track.arrangement_clips if abs(each.start_time - beat) < 1e-3]
    return next((each for each in there if each.is_audio_clip and _same(each, path)), None)


def _into_slot(song: Any, track: Any, path: str) -> tuple[Any, str]:
    """Into the first empty slot from the selected scene on."""
    scenes = list(song.scenes)
    first = next((at for at, each in enumerate(scenes) if each == song.view.selected_scene), 0)
    for at, slot in enumerate(track.clip_slots):
        if at >= first and not slot.has_clip:
            return slot.create_audio_clip(path), f"It lies in slot {at + 1} of {track.name}."
    raise Refused(
        "failed", f"{track.name} has no empty slot from the selected scene on: add a scene."
    )


def _into_lane(track: Any, path: str, beat: float, beats: float) -> tuple[Any, str]:
    """Into a lane of ours that has room there, else into a new one."""
    for lane in track.take_lanes:
        clips = [(clip.start_time, clip.end_time) for clip in lane.arrangement_clips]
        free = all(end <= beat or start >= beat + beats for start, end in clips)
        if lane.name == LANE and beats and free:
            break
    else:
        lane = track.create_take_lane()
        lane.name = LANE
    clip = lane.create_audio_clip(path, beat)
    return clip, f"It lies in a take lane of {track.name}, at beat {beat:g}."


def _dressed(clip: Any, message: dict[str, Any]) -> bool:
    """Gives a clip its name, colour and tempo; False if its tempo could not be set."""
    clip.name = str(message["name"])
    clip.color = COLOUR
    try:
        warping.fit(
            clip,
            bool(message.get("loop")),
            float(message.get("beats") or 0.0),
            float(message.get("seconds") or 0.0),
        )
    except Exception:
        return False
    return True


def _undo_track(song: Any, track: Any, new: bool) -> None:
    for at, each in enumerate(song.tracks):
        if new and each == track:
            song.delete_track(at)
            return


def _same(clip: Any, path: str) -> bool:
    one, other = (os.path.normcase(os.path.normpath(each)) for each in (clip.file_path, path))
    return one == other
