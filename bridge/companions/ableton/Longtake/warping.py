"""How a clip follows the set's tempo: a loop is stretched to its beats, everything else sounds as it was made.

Knows clips; nothing of tracks or messages.
"""

from __future__ import annotations

from typing import Any

from .api import Live


def fit(clip: Any, loop: bool, beats: float, seconds: float) -> None:
    """Warps a loop so that it is exactly so many beats (quarter notes), and marks it; unwarps anything else.

    Live guesses tempos when it takes a file, if its settings say so; what it guessed is put right here.
    """
    if not (loop and beats > 0 and seconds > 0):
        clip.warping = False
        return
    clip.warping = True
    # The last marker is not seen in Live: it holds the tempo after the last one that is.
    for marker in list(clip.warp_markers)[1:-1]:
        clip.remove_warp_marker(marker.beat_time)
    first = clip.warp_markers[0]
    away = first.sample_time * beats / seconds - first.beat_time
    if abs(away) > 1e-9:
        clip.move_warp_marker(first.beat_time, away)
    clip.add_warp_marker(Live.Clip.WarpMarker(seconds, beats))
    clip.looping = True
    clip.loop_start, clip.start_marker = 0.0, 0.0
    clip.loop_end, clip.end_marker = beats, beats


def seconds_at(clip: Any, position: float) -> float:
    """Where a marker of a clip lies in its file, in seconds: markers of warped clips are told in beats."""
    if not clip.warping:
        return position
    markers = sorted((each.beat_time, each.sample_time) for each in clip.warp_markers)
    if len(markers) < 2:
        raise ValueError("a warped clip with one marker has no tempo")
    after = next((at for at, (beat, _) in enumerate(markers) if at and beat >= position), -1)
    (beat, second), (beat_after, second_after) = markers[after - 1], markers[after]
    return second + (position - beat) * (second_after - second) / (beat_after - beat)
