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
from engine.registry import ModelSpec
from engine.spec import GenerationSpec

FRAME_MULTIPLE = 8
"""Windows are multiples of this many latent frames, and so of every model's frames per token."""
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
        decoded_frames: how many of them are decoded; the rest is the silent tail.
        seconds_start: conditioning: where the window begins in the piece, s.
        seconds_total: conditioning: how long the piece is, s.
    """

    samples: int
    surplus: int
    latent_frames: int
    decoded_frames: int
    seconds_start: float
    seconds_total: float


def window_for(spec: GenerationSpec, model: ModelSpec) -> Window:
    """The window of a resolved spec.

    Raises:
        SpecError: if a loop and its crossfade do not fit into the model's window.
    """
    samples = spec.frames(model.sample_rate)
    ratio = model.autoencoder.downsampling_ratio
    seconds = samples / model.sample_rate
    surplus, start, total = 0, 0.0, seconds
    if spec.loop:
        surplus = min(round(CROSSFADE * model.sample_rate), samples // 2)
        start = _whole_bars(LOOP_SURROUNDINGS, spec)
        total = start + seconds + LOOP_SURROUNDINGS
    decoded = math.ceil((samples + surplus) / ratio)
    if decoded > model.latent_frames:
        longest = math.floor(10 * (model.max_seconds - surplus / model.sample_rate)) / 10
        raise SpecError(
            f"A loop of {seconds:g} s is longer than {model.name} can make; "
            f"its longest loop is {longest:.1f} s."
        )
    if model.headroom is None:
        frames = model.latent_frames
    else:
        frames = decoded + math.ceil(model.headroom * model.latent_rate)
        # A model with one frame per token takes any number, and is only exact without extra frames.
        multiple = FRAME_MULTIPLE if model.dit.frames_per_token > 1 else 1
        frames = min(math.ceil(frames / multiple) * multiple, model.latent_frames)
    return Window(samples, surplus, frames, decoded, start, total)


def _whole_bars(seconds: float, spec: GenerationSpec) -> float:
    """About that long, but whole bars if the tempo is known, so that the loop starts on a first beat."""
    if spec.tempo is None:
        return seconds
    bar = (spec.beats_per_bar or 4) * 60 / spec.tempo
    return max(round(seconds / bar), 1) * bar
