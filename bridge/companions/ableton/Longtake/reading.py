"""Where Live stands, and the audio of the clip that is selected, as fields of our messages.

On Live's main thread only. Knows nothing of sockets; changes nothing.
"""

from __future__ import annotations

from typing import Any

from . import warping

KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_REPITCH = 3
"""The warp mode in which a faster clip is a higher one."""


def state(song: Any) -> dict[str, Any]:
    """Tempo, metre, position, selection (the loop, else the clip on the timeline that is selected), project.

    The key only if the set has one, since the musician may have told Longtake another.
    """
    start, end = _selection(song)
    told: dict[str, Any] = {
        "kind": "state",
        "tempo": song.tempo,
        "numerator": song.signature_numerator,
        "denominator": song.signature_denominator,
        "playing": song.is_playing,
        "beat": max(0.0, song.current_song_time),
        "selection_start": start,
        "selection_end": end,
        "project": project(song),
    }
    key = _key(song)
    if key:
        told["key"] = key
    return told


def project(song: Any) -> str:
    """The name of the set; Live tells it since 11.3.25."""
    return getattr(song, "name", "") or ""


def selected(song: Any) -> Any:
    """The audio clip that is selected, or None."""
    clip = song.view.detail_clip
    if clip is None:
        slot = song.view.highlighted_clip_slot
        clip = slot.clip if slot is not None else None
    return clip if clip is not None and clip.is_audio_clip else None


def track_of(song: Any, clip: Any) -> Any:
    """The track that a clip lies on."""
    parent = clip.canonical_parent
    while parent is not None and not any(each == parent for each in song.tracks):
        parent = getattr(parent, "canonical_parent", None)
    return parent


def beat_of(song: Any, clip: Any) -> float:
    """Where a clip begins; for one of the session, where the set stands."""
    return clip.start_time if clip.is_arrangement_clip else max(0.0, song.current_song_time)


def beats_of(song: Any, clip: Any) -> float:
    """How long a clip is on the timeline, in quarter notes; of one of the session, its loop or what is played."""
    if clip.is_arrangement_clip:
        return clip.end_time - clip.start_time
    start, end = _markers(clip)
    return end - start if clip.warping else (end - start) * song.tempo / 60.0


def part(song: Any, clip: Any) -> dict[str, Any]:
    """The section of the file that a clip plays.

    A clip that is stretched to the tempo is handed over as its file sounds, and not as long as it lies there.

    Raises:
        ValueError: if its file or its section cannot be told.
    """
    start, end = _markers(clip)
    if clip.is_arrangement_clip:
        lies = clip.end_time - clip.start_time
        end = min(end, start + (lies if clip.warping else lies * 60.0 / song.tempo))
    first, last = max(0.0, warping.seconds_at(clip, start)), warping.seconds_at(clip, end)
    rate = getattr(clip, "sample_rate", 0.0)
    if rate > 0 and clip.sample_length > 0:
        last = min(last, clip.sample_length / rate)
    if not clip.file_path or last <= first:
        raise ValueError("this clip has no file, or plays nothing of it")
    repitched = clip.warping and clip.warp_mode == _REPITCH
    faster = (last - first) / ((end - start) * 60.0 / song.tempo) if repitched else 1.0
    return {
        "parts": 1,
        "path.1": clip.file_path,
        "start.1": first,
        "seconds.1": (last - first) / faster,
        "rate.1": faster,
        "at.1": 0.0,
        "beat": beat_of(song, clip),
        "name": clip.name,
    }


def _markers(clip: Any) -> tuple[float, float]:
    """Beginning and end of what a clip plays once: seconds if it is not warped, else quarter notes."""
    start, end = clip.start_marker, clip.loop_end if clip.looping else clip.end_marker
    return (start, end) if start < end else (clip.loop_start, clip.loop_end)


def _selection(song: Any) -> tuple[float, float]:
    if song.loop:
        return song.loop_start, song.loop_start + song.loop_length
    clip = song.view.detail_clip
    if clip is not None and clip.is_arrangement_clip:
        return clip.start_time, clip.end_time
    return 0.0, 0.0


def _key(song: Any) -> str:
    """The scale of the set, if it is switched on and a key: before 12.0.5 a set does not say whether it is."""
    if not getattr(song, "scale_mode", False) or song.scale_name not in ("Major", "Minor"):
        return ""
    return f"{KEYS[song.root_note % 12]} {song.scale_name.lower()}"
