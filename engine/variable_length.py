"""Variable length (§2.3): how many latent frames a take needs, and the timing that conditions the model.

The paper's model always generates its whole window: it is conditioned on the length of the music, fills the rest with
silence, and that silence is trimmed. A model trained on windows of many lengths only needs to generate the take and
some headroom for the ending to ring out; anything more would be silence that is thrown away. Either way the take has
exactly the requested length, to the sample. Knows nothing of networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import SpecError
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.spec import GenerationSpec

FRAME_MULTIPLE = 8
"""Windows of models with several frames per token are multiples of this many latent frames."""
PADDED_MULTIPLE = 2
"""Stable Audio 3's windows, with their padding, are multiples of this many: SAME-S works on pairs of frames."""
CROSSFADE = 0.25
"""Length of the crossfade from a loop's continuation to its beginning, s."""
LOOP_SURROUNDINGS = 30.0
"""Music around a loop on either side, s: the model treats it as an excerpt, without an intro or an ending."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is generated for a take, and which part of it is the take.

    Attributes:
        samples: audio frames of the take.
        surplus: audio frames after the take that are needed to close a loop; 0 if it is not a loop.
        latent_frames: number T of generated latent frames.
        padded_frames: latent frames of the window in the public code: in Stable Audio 3, up to two more than T, which
            are masked out there; T in all other models.
        decoded_frames: how many of them are decoded; the rest is the silent tail.
        seconds_start: conditioning: where the window begins in the piece, s.
        seconds_total: conditioning: how long the piece is, s; as it was asked, not in whole samples.
    """

    samples: int
    surplus: int
    latent_frames: int
    padded_frames: int
    decoded_frames: int
    seconds_start: float
    seconds_total: float


def window_for(spec: GenerationSpec, model: ModelSpec) -> Window:
    """The window of a resolved spec.

    Raises:
        SpecError: if a loop and its crossfade do not fit into the model's window.
    """
    samples = spec.frames(model.sample_rate)
    assert spec.seconds_total is not None  # The spec is resolved.
    seconds = spec.seconds_total
    surplus, start, total = 0, 0.0, seconds
    if spec.loop:
        surplus = min(round(CROSSFADE * model.sample_rate), samples // 2)
        start = _whole_bars(LOOP_SURROUNDINGS, spec)
        total = start + seconds + LOOP_SURROUNDINGS
    decoded = math.ceil((samples + surplus) / model.autoencoder.downsampling_ratio)
    if decoded > model.latent_frames:
        longest = math.floor(10 * (model.max_seconds - surplus / model.sample_rate)) / 10
        raise SpecError(
            f"A loop of {seconds:g} s is longer than {model.name} can make; "
            f"its longest loop is {longest:.1f} s."
        )
    frames, padded = _frames(seconds + surplus / model.sample_rate, decoded, model)
    return Window(samples, surplus, frames, padded, decoded, start, total)


def _frames(seconds: float, decoded: int, model: ModelSpec) -> tuple[int, int]:
    """Latent frames for so many seconds of music: those that are generated, and with the public code's padding."""
    if model.headroom is None:
        return model.latent_frames, model.latent_frames
    if isinstance(model.dit, AdaptiveDiTConfig):
        # As in the public code, where whole samples are rounded down, and so are the frames of headroom.
        rate, ratio = model.sample_rate, model.autoencoder.downsampling_ratio
        frames = math.ceil(int(seconds * rate) / ratio) + int(model.headroom * rate / ratio)
        padded = math.ceil(int((seconds + model.headroom) * rate) / ratio)
        padded = math.ceil(padded / PADDED_MULTIPLE) * PADDED_MULTIPLE
        return min(frames, model.latent_frames), min(padded, model.latent_frames)
    frames = decoded + math.ceil(model.headroom * model.latent_rate)
    frames = min(math.ceil(frames / FRAME_MULTIPLE) * FRAME_MULTIPLE, model.latent_frames)
    return frames, frames


def _whole_bars(seconds: float, spec: GenerationSpec) -> float:
    """About that long, but whole bars if the tempo is known, so that the loop starts on a first beat."""
    if spec.tempo is None:
        return seconds
    bar = (spec.beats_per_bar or 4) * 60 / spec.tempo
    return max(round(seconds / bar), 1) * bar
