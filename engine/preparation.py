"""What is settled before the first denoising step: a spec becomes conditioning, known latents, levels and noise.

Loads the model, asks the composer, listens to the recording and encodes it. Knows nothing of solvers.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from engine import creative
from engine.audibility import UNHEARD, tries_for
from engine.blending import blended
from engine.chunking import encode_chunked
from engine.composing.score import Score
from engine.conditioning import Conditioning, Prompt
from engine.creative import Kept
from engine.held_model import HeldModel
from engine.latent_diffusion import LatentDiffusion
from engine.lead_sheets import lead_sheet, within
from engine.levelling import Levelling
from engine.registry import SAMPLE_RATE, model_spec
from engine.remarks import remarks
from engine.samplers.noise import NoiseSource
from engine.sound.audio import Samples
from engine.sound.levels import Levels, looping
from engine.sound.recordings import with_recording
from engine.spec import GenerationSpec
from engine.updates import LeadSheet, Remark, Step, Update
from engine.variable_length import Window, window_for


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A take before its first denoising step.

    Attributes:
        spec: resolved.
        model: makes it.
        window: what is generated, and which part of it is the take.
        conditional: what is asked, of one item.
        unconditional: the same without the prompt, or with the negative prompt instead.
        known: [1, D, T], the recording's latents, normalised; None without a recording.
        kept: the parts of the recording that are restored; None if there are none.
        levelling: how the recording was levelled, and how the take comes back; None if it is taken as it is.
        noise: all noise of the take.
        tries: how many noises the take may need until it can be heard; 0 if it may be silent.
    """

    spec: GenerationSpec
    model: LatentDiffusion
    window: Window
    conditional: Conditioning
    unconditional: Conditioning
    known: Tensor | None
    kept: Kept | None
    levelling: Levelling | None
    noise: NoiseSource
    tries: int


def prepared(
    held: HeldModel, spec: GenerationSpec, score: Score | None = None
) -> Generator[Update, None, Prepared]:
    """Prepares a take.

    Args:
        held: holds the model, or loads it.
        spec: resolved or not. A take from a recording is as long as the recording, unless a length is given.
        score: what is played; None for what the spec says.

    Yields:
        `Remark`s, steps of loading and encoding, and the `LeadSheet`.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    spec = with_recording(spec).resolved(model_spec(spec.model))
    window = window_for(spec, model_spec(spec.model))
    needed = _needed(spec, window)
    source = spec.init_audio
    recording = creative.recording(source, needed, spec.init_span) if source else None
    kept = Kept.of(spec, recording, window.samples)
    for sentence in creative.left_out(spec, window.samples):
        yield Remark(sentence)

    yield from held.load(spec.model, spec.lora)
    model = held.model(spec.model, spec.lora)

    sheet = _sheet(held, model, spec, recording, score)
    yield sheet
    yield from remarks(spec, model.spec, model.conditioner.text_encoder)

    assert spec.seed is not None  # The spec is resolved.
    noise = NoiseSource(spec.seed, spec.variation, spec.variation_seed)
    known = levels = levelling = None
    if recording is not None:
        sound = _fitted(recording, needed, spec)
        used = sound if kept is None else kept.parts(recording)
        levels = Levels.of(used, spec.init_noise_level or 0.0, kept=kept is not None)
        levelling = _levelling(model, used, levels, spec.schedule)
        if levelling is not None:
            sound = levelling.levels.levelled(sound)
        known = _encoded(model, sound, window, noise if spec.schedule == "reference" else None)
        yield Step("encode", 1, 1)
    silent = recording is not None and levels is None
    if silent and kept is None:
        yield Remark(UNHEARD)

    prompt = _prompt(spec, window, sheet)
    asked = _conditioning(model, (prompt, spec), window, known, kept)
    free = asked.unconditional(_negative(model, spec, prompt, window))
    tries = tries_for(model.spec, spec, sheet.score, silent=silent)
    return Prepared(spec, model, window, asked, free, known, kept, levelling, noise, tries)


def _needed(spec: GenerationSpec, window: Window) -> int:
    """How many audio frames of a recording are used: those of the take, or in the public code of the whole window."""
    if spec.schedule == "reference":
        return window.padded_frames * model_spec(spec.model).autoencoder.downsampling_ratio
    return window.samples + window.surplus


def _fitted(recording: Samples, frames: int, spec: GenerationSpec) -> Samples:
    """A recording [2, any] that fills so many frames: a shorter one loops, or in the public code ends in silence."""
    if spec.schedule == "reference":
        cut = recording[:, :frames]
        return np.pad(cut, ((0, 0), (0, frames - cut.shape[1])))
    return looping(recording, frames)


def _sheet(
    held: HeldModel,
    model: LatentDiffusion,
    spec: GenerationSpec,
    recording: Samples | None,
    score: Score | None,
) -> LeadSheet:
    if not model.spec.dit.grid:
        return LeadSheet(None, f"{model.spec.name} takes no score", spec.tempo)
    if score is not None:
        return LeadSheet(score, "a score that was given", score.tempo)
    return lead_sheet(spec, held.likeness(model), recording)


def _levelling(
    model: LatentDiffusion, used: Samples, levels: Levels | None, schedule: str
) -> Levelling | None:
    """For what is used of a recording [2, N]; None if it is silent, or taken as it is, as in public code."""
    weights = model.spec.weights
    as_it_is = weights == "public" or (schedule == "reference" and weights != "embedded")
    if levels is None or as_it_is:
        return None
    return Levelling.of(model.autoencoder, model.latent_scale.mean.device, used, levels)


def _encoded(
    model: LatentDiffusion, sound: Samples, window: Window, noise: NoiseSource | None
) -> Tensor:
    """The latents of a take's recording [2, N] for the whole window, [1, D, T]: after it is silence.

    Their mean, or with noise a draw from the bottleneck's distribution, as the public code does.
    """
    length = window.padded_frames * model.autoencoder.downsampling_ratio
    sound = np.pad(sound, ((0, 0), (0, max(length - sound.shape[1], 0))))
    place = model.latent_scale.mean.device
    latents, std = encode_chunked(model.autoencoder, torch.from_numpy(sound)[None].to(place))
    if noise is not None:
        latents = latents + std * noise.encoding(latents.shape).to(latents)
    return model.latent_scale.scaled(latents[..., : window.latent_frames])


def _prompt(spec: GenerationSpec, window: Window, sheet: LeadSheet) -> Prompt:
    """What the model is asked: words, timing, and from the window's first frame on the metre and the score."""
    score = within(sheet, window.samples / SAMPLE_RATE, loop=spec.loop)
    return Prompt(
        text=spec.prompt,
        seconds_start=window.seconds_start,
        seconds_total=window.seconds_total,
        tempo=sheet.tempo,
        beats_per_bar=(spec.beats_per_bar or 4) if score is None else score.beats_per_bar,
        score=score,
        score_start=None if score is None else 0.0,
    )


def _conditioning(
    model: LatentDiffusion,
    asked: tuple[Prompt, GenerationSpec],
    window: Window,
    known: Tensor | None,
    kept: Kept | None,
) -> Conditioning:
    """What a prompt asks, moved towards the second one's words, with the known latents [1, D, T] that are kept.

    The latents are for models trained to inpaint.
    """
    prompt, spec = asked
    conditional = model.conditioner([prompt], window.latent_frames)
    if spec.blend:
        other = model.conditioner([replace(prompt, text=spec.prompt_b)], window.latent_frames)
        conditional = blended(conditional, other, spec.blend, model.spec)
    if known is None or kept is None:
        return conditional
    ratio, frames = model.autoencoder.downsampling_ratio, window.latent_frames
    mask = kept.mask(ratio, frames).to(known).expand(1, 1, -1)
    return replace(conditional, kept=torch.cat([mask, mask * known], dim=1))


def _negative(
    model: LatentDiffusion, spec: GenerationSpec, prompt: Prompt, window: Window
) -> Conditioning | None:
    """The negative prompt's conditioning; None if there is none."""
    if not spec.negative_prompt:
        return None
    return model.conditioner([replace(prompt, text=spec.negative_prompt)], window.latent_frames)
