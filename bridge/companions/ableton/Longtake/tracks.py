"""Which track a take goes to, from the words of a `place`: found or made, and fit for it.

Knows tracks; nothing of clips or sockets. On Live's main thread only.
"""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """It will not be placed: a code of the messages, and a sentence that says what would be right."""

    def __init__(self, code: str, text: str) -> None:
        """As the answer will say it."""
        super().__init__(text)
        self.code = code


def track_for(song: Any, words: str, beside: str) -> tuple[Any, bool]:
    """The track, and whether it is a new one, which the set has had since this call.

    Args:
        song: Live's set.
        words: `new`, `below`, a name, a number from 1; empty is the selected one, or a new one where the selection is
            the master or a return.
        beside: the track that `below` means; empty is the selected one.

    Raises:
        Refused: if there is none, or it takes no audio now.
    """
    if words == "below":
        at = _index(song, _named(song, beside) if beside else song.view.selected_track)
        return song.create_audio_track(-1 if at is None else at + 1), True
    if words == "new":
        return song.create_audio_track(-1), True
    if words:
        track = _named(song, words)
    else:
        track = song.view.selected_track
        if _index(song, track) is None:
            return song.create_audio_track(-1), True
    _check(song, track)
    return track, False


def takes_audio(song: Any, track: Any) -> bool:
    """Whether a clip may be placed on a track now."""
    try:
        _check(song, track)
    except Refused:
        return False
    return True


def name_of(song: Any, track: Any) -> str:
    """How a track is found again: by its name, or by its number if another has the same name."""
    same = [each for each in song.tracks if each.name == track.name]
    at = _index(song, track)
    return track.name if len(same) == 1 or at is None else str(at + 1)


def _named(song: Any, words: str) -> Any:
    tracks = list(song.tracks)
    for track in tracks:
        if track.name == words:
            return track
    if words.isdigit() and 1 <= int(words) <= len(tracks):
        return tracks[int(words) - 1]
    raise Refused("no_track", f"There is no track {words!r} in this set.")


def _index(song: Any, track: Any) -> int | None:
    return next((at for at, each in enumerate(song.tracks) if each == track), None)


def _check(song: Any, track: Any) -> None:
    name = track.name
    if _index(song, track) is None:
        raise Refused("no_track", f"{name} is no track for clips: select an audio track.")
    if track.is_foldable:
        raise Refused("no_track", f"{name} is a group: select an audio track in it.")
    if not track.has_audio_input or track.has_midi_input:
        raise Refused("no_track", f"{name} is a MIDI track: select an audio track.")
    if track.is_frozen:
        raise Refused("locked", f"{name} is frozen: unfreeze it first.")
    recorded = song.record_mode and song.is_playing and track.can_be_armed and track.arm
    if recorded or any(slot.is_recording for slot in track.clip_slots):
        raise Refused("recording", f"Live records into {name}: it comes when that ends.")
