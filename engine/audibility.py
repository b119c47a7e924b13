"""Whether a take can be heard, asked of its latents before any of it is played; if not, other noises are tried.

Short takes of a young model fall silent at times. Decoding them in part tells: a take that sounds at once costs its
first third of a second twice, one that does not as much of it as is silent. Which noise is the first that can be heard
follows from the settings, so that the same settings still give the same take. Knows nothing of solvers or devices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

import numpy as np
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.chunking import decode_span, spans
from engine.composing.score import NOTES, Score
from engine.creative import SOUND_EDGE, Kept
from engine.registry import SAMPLE_RATE, ModelSpec
from engine.sound.metering import loudness
from engine.spec import GenerationSpec
from engine.updates import Remark, Step
from engine.variable_length import Window

AUDIBLE = -35.0
"""What counts as a sound, LUFS at the level of the model's own music, which has about -16."""

TRIES = 8
"""How many noises are tried until a take can be heard."""
UNHEARD = "Nothing can be heard in the recording; look at the input that it came from."
SILENT = "Nothing can be heard in this take{}; try another seed, more seconds or other words."
NOTHING_NEW = (
    "Nothing can be heard in what is new{}; try another seed, a longer part or other words."
)


def tries_for(model: ModelSpec, spec: GenerationSpec, score: Score | None, *, silent: bool) -> int:
    """How many noises a take may need; 0 if it may be silent.

    Args:
        model: a public one is not asked again: its takes are those of the official code.
        spec: resolved.
        score: what is played, if it is known.
        silent: whether there is a recording, and nothing to be heard in it.
    """
    rests = score is not None and not len(score.notes) and score.known >= NOTES
    follows = spec.init_audio is not None and not spec.keep
    strength = spec.init_noise_level
    if rests or (follows and (strength == 0 or (silent and strength != 1))):
        return 0
    return 1 if model.weights == "public" else TRIES


def audible(
    diffused: Callable[[int], Generator[Step, None, Tensor]],
    heard: Callable[[Tensor], Iterator[float]],
    tries: int,
    steps: int,
    said: str = SILENT,
) -> Generator[Step | Remark, None, Tensor]:
    """The latents of the first try that can be heard, or else of the loudest.

    Args:
        diffused: makes latents with the noise of that number.
        heard: loudness of their new parts, LUFS.
        tries: how many there are; 0 to take the first as it is.
        steps: of diffusion, the last of which lasts until it is heard.
        said: the remark, with a place for what was tried.

    Yields:
        The steps of every try; a remark if all stayed silent.
    """
    made: list[tuple[float, int, Tensor]] = []
    for attempt in range(max(tries, 1)):
        latents = yield from diffused(attempt)
        if not tries:
            return latents
        levels: list[float] = []
        for level in heard(latents):
            if level >= AUDIBLE:
                return latents
            levels.append(level)
            yield Step("diffuse", steps, steps)
        if not levels:
            return latents  # All of it is kept.
        made.append((max(levels), -attempt, latents))
    others = f", nor with {tries - 1} other noises" if tries > 1 else ""
    yield Remark(said.format(others))
    return max(made, key=lambda one: one[:2])[2]


def loudness_of_parts(
    latents: Tensor, autoencoder: Autoencoder, window: Window, kept: Kept | None
) -> Iterator[float]:
    """Loudness of what is new in a take, part by part, LUFS; of a part without anything new nothing is decoded.

    Args:
        latents: [1, D, T], not normalised; T may extend beyond what is decoded.
        autoencoder: the decoder.
        window: which part of them is the take.
        kept: the parts of a recording that are restored, if any.
    """
    ratio, length = autoencoder.downsampling_ratio, window.samples
    for start, stop in spans(math.ceil(length / ratio)):
        places = np.arange(start * ratio, min(stop * ratio, length)) / SAMPLE_RATE
        new = np.ones_like(places) if kept is None else 1 - kept.weights(places, SOUND_EDGE)
        if new.any():
            audio, _ = decode_span(autoencoder, latents, start, stop)
            samples = audio[0, :, : len(places)].float().cpu().numpy()
            yield loudness((samples * new).astype(np.float32), SAMPLE_RATE)
