"""Variable length (§2.3): how many latent frames a take needs, and what the model is told of its timing.

The paper's model always fills its whole window: it is told where the music shall end, has learnt to fill the rest with
silence, and that silence is trimmed. A model that was trained on windows of many lengths needs no more than the take
and a little headroom, in which the ending rings out into silence; the rest of the window would be the same silence,
paid for and thrown away. So the user gets the same either way: a take exactly as long as asked, to the sample. Knows
nothing of networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import SpecError
from engine.registry import ModelSpec
from engine.spec import GenerationSpec

FRAME_MULTIPLE = 8
"""Windows are whole multiples of this many latent frames, and so of every model's frames per token."""
CROSSFADE = 0.25
"""How long a loop's continuation is faded out over its own beginning, s."""
LOOP_SURROUNDINGS = 30.0
"""A loop is made as a passage with this much music on either side, so that it neither begins nor ends, s."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is generated for a take, and how much of it is the take.

    Attributes:
        samples: audio frames of the take.
        surplus: audio frames after it that are needed to close a loop; 0 if it is none.
        latent_frames: T of the latents that are generated.
        decoded_frames: how many of them are decoded; what follows is the silent tail, trimmed before it costs anything.
        seconds_start: where the window begins in the music, as the model is told, s.
        seconds_total: how long the music is, as the model is told, s.
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
        SpecError: if a loop leaves no room in the model's window for what closes it.
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
        # A model with one frame a token takes any number, and is exact only without spare ones.
        multiple = FRAME_MULTIPLE if model.dit.frames_per_token > 1 else 1
        frames = min(math.ceil(frames / multiple) * multiple, model.latent_frames)
    return Window(samples, surplus, frames, decoded, start, total)


def _whole_bars(seconds: float, spec: GenerationSpec) -> float:
    """About that long, but a whole number of bars when the tempo is known: a loop begins on its first beat."""
    if spec.tempo is None:
        return seconds
    bar = spec.beats_per_bar * 60 / spec.tempo
    return max(round(seconds / bar), 1) * bar
