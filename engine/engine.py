"""The main path: a spec becomes a take. `Engine.generate` is all of it, from top to bottom.

Iteration is the protocol: every `next` does one step of work in the caller's thread, and closing the generator stops
the work and frees its memory. Knows nothing of output files, processes, queues or users.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine import creative
from engine.audibility import (
    NOTHING_NEW,
    SILENT,
    UNHEARD,
    audible,
    loudness_of_parts,
    tries_for,
)
from engine.chunking import encode_chunked
from engine.composing.score import Score
from engine.conditioning import Prompt
from engine.errors import LongtakeError
from engine.held_model import INSTALLED, HeldModel, load_model
from engine.latent_diffusion import LatentDiffusion
from engine.lead_sheets import lead_sheet, within
from engine.levelling import Levelling
from engine.precision import device_named, resolved_precision
from engine.registry import SAMPLE_RATE, AdaptiveDiTConfig, ModelSpec, model_spec
from engine.remarks import remarks
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.noise import NoiseSource
from engine.samplers.objectives import OBJECTIVES, noised
from engine.samplers.schedules import flow_reference_start, schedule_times
from engine.samplers.solvers import SOLVERS, Denoiser
from engine.sound.audio import Samples
from engine.sound.levels import Levels, looping
from engine.sound.recordings import with_recording
from engine.spec import GenerationSpec
from engine.streaming import Source, streamed
from engine.updates import LeadSheet, Remark, Step, Update
from engine.variable_length import Window, window_for

__all__ = ["BLOCK", "Engine", "load_model"]

BLOCK = SAMPLE_RATE
"""The longest block of audio that is yielded, in frames."""


class Engine:
    """Generates takes; keeps the most recently used model loaded."""

    def __init__(
        self,
        device: str = "auto",
        *,
        precision: str = "auto",
        compiled: bool = False,
        block: int = BLOCK,
        load: Callable[[ModelSpec], LatentDiffusion] = INSTALLED,
    ) -> None:
        """Loads nothing yet.

        Args:
            device: cpu, cuda, mps, or auto for the fastest available.
            precision: the transformer's number format, one of precision.NAMES.
            compiled: whether to compile the transformer: takes minutes once, then every step is faster.
            block: the longest block of audio that is yielded, in frames.
            load: loads a registered model.

        Raises:
            SpecError: if the device does not exist or does not support the precision.
        """
        self.device = device_named(device)
        if precision != "auto":
            resolved_precision(precision, self.device)
        self._block = block
        self._held = HeldModel(self.device, precision, compiled=compiled, load=load)

    @torch.inference_mode()
    def generate(
        self, spec: GenerationSpec, score: Score | None = None
    ) -> Generator[Update, None, None]:
        """Generates a take: a `LeadSheet`, a `Step` for each step of work, then `AudioBlock`s as they are decoded.

        `Remark`s say what of a recording is left out, and that a take stayed silent.

        Args:
            spec: resolved or not. A take from a recording is as long as the recording, unless a length is given.
            score: what is played; None for what the spec says.

        Raises:
            LongtakeError: with a sentence for the user.
        """
        spec = with_recording(spec).resolved(model_spec(spec.model))
        window = window_for(spec, model_spec(spec.model))
        needed = window.samples + window.surplus
        recording = creative.recording(spec.init_audio, needed) if spec.init_audio else None
        kept = creative.Kept.of(spec, recording, window.samples)
        for sentence in creative.left_out(spec, window.samples):
            yield Remark(sentence)

        yield from self.load(spec.model, spec.lora)
        model = self._held.model(spec.model, spec.lora)

        sheet = self._sheet(model, spec, recording, score)
        yield sheet
        yield from remarks(spec, model.spec, model.conditioner.text_encoder)

        known = levels = levelling = None
        if recording is not None:
            sound = looping(recording, needed)
            used = sound if kept is None else kept.parts(recording)
            levels = Levels.of(used, spec.init_noise_level or 0.0, kept=kept is not None)
            levelling = _levelling(model, used, levels)
            if levelling is not None:
                sound = levelling.levels.levelled(sound)
            known = _encoded(model, sound, window)
            yield Step("encode", 1, 1)

        inpainted = None if known is None or kept is None else (known, kept)
        denoiser = _denoiser(model, _prompt(spec, window, sheet), spec, window, inpainted)
        silent = recording is not None and levels is None
        if silent and kept is None:
            yield Remark(UNHEARD)
        latents = yield from audible(
            lambda attempt: _diffused(
                model, spec, denoiser, _start(model, spec, window, known, attempt)
            ),
            partial(loudness_of_parts, autoencoder=model.autoencoder, window=window, kept=kept),
            tries_for(model.spec, spec, sheet.score, silent=silent),
            spec.steps or 1,
            SILENT if kept is None else NOTHING_NEW,
        )
        source = Source(kept, levelling and levelling.of_take(model.autoencoder, latents, kept))
        yield from streamed(model.autoencoder, latents, window, source, self._block)

    def load(self, name: str, lora: str = "") -> Generator[Step, None, None]:
        """Loads a model unless it is already loaded; yields steps of the stages "loading" and "compiling".

        Args:
            name: the model's name.
            lora: LoRA files to merge into it, in the format of the spec.

        Raises:
            LongtakeError: if the model is unknown, or its weights or a LoRA file are missing or damaged.
        """
        yield from self._held.load(name, lora)

    @property
    def loaded(self) -> str:
        """The name of the model in memory; empty if there is none."""
        return self._held.name

    def unload(self) -> None:
        """Releases the model."""
        self._held.unload()

    def describe(self) -> str:
        """A readable name of the hardware it runs on."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        threads = torch.get_num_threads()
        return f"{self.device.type.upper()}, {threads} {'thread' if threads == 1 else 'threads'}"

    def _sheet(
        self,
        model: LatentDiffusion,
        spec: GenerationSpec,
        recording: Samples | None,
        score: Score | None,
    ) -> LeadSheet:
        if not model.spec.dit.grid:
            return LeadSheet(None, f"{model.spec.name} takes no score", spec.tempo)
        if score is not None:
            return LeadSheet(score, "a score that was given", score.tempo)
        return lead_sheet(spec, self._held.likeness(model), recording)


def _levelling(model: LatentDiffusion, used: Samples, levels: Levels | None) -> Levelling | None:
    """For what is used of a recording [2, N]; None if it is silent, or the model takes recordings as they are."""
    if levels is None or model.spec.weights == "public":
        return None
    return Levelling.of(model.autoencoder, model.latent_scale.mean.device, used, levels)


def _encoded(model: LatentDiffusion, sound: Samples, window: Window) -> Tensor:
    """The latents of a take's recording [2, N] for the whole window, [1, D, T]: after it is silence."""
    length = window.latent_frames * model.autoencoder.downsampling_ratio
    sound = np.pad(sound, ((0, 0), (0, max(length - sound.shape[1], 0))))
    place = model.latent_scale.mean.device
    mean, _ = encode_chunked(model.autoencoder, torch.from_numpy(sound)[None].to(place))
    return model.latent_scale.scaled(mean)


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


def _denoiser(
    model: LatentDiffusion,
    prompt: Prompt,
    spec: GenerationSpec,
    window: Window,
    known: tuple[Tensor, creative.Kept] | None,
) -> Denoiser:
    """The guided model for a prompt; `known` are a recording's latents [1, D, T] and what of them is kept."""
    conditional = model.conditioner([prompt], window.latent_frames)
    negative = None
    if spec.negative_prompt:
        negative_prompt = replace(prompt, text=spec.negative_prompt)
        negative = model.conditioner([negative_prompt], window.latent_frames)
    rate, frames = model.spec.latent_rate, window.latent_frames
    if known is not None:
        # For models trained to inpaint; the others ignore it.
        latents, kept = known
        mask = kept.mask(rate, frames).to(latents).expand(1, 1, -1)
        conditional = replace(conditional, kept=torch.cat([mask, mask * latents], dim=1))
    assert spec.cfg_scale is not None  # The spec is resolved.
    apg, unguided = model.spec.defaults.apg, model.width_directions()
    guidance = Guidance(spec.cfg_scale, spec.cfg_rescale, spec.cfg_interval, apg, unguided)
    objective = OBJECTIVES[model.spec.objective]
    unconditional = conditional.without_text(negative)
    denoiser = guided_denoiser(model.network, objective, conditional, unconditional, guidance)
    if known is None or isinstance(model.spec.dit, AdaptiveDiTConfig):
        return denoiser
    latents, kept = known
    return creative.kept(denoiser, latents, kept.latent_weights(rate, frames))


def _start(
    model: LatentDiffusion, spec: GenerationSpec, window: Window, known: Tensor | None, attempt: int
) -> Tensor:
    """Pure noise, or the noised recording, [1, D, T]; the noise is that of the attempt, from 0."""
    assert spec.seed is not None  # The spec is resolved.
    noise = NoiseSource(spec.seed, spec.variation, spec.variation_seed)
    channels = model.spec.autoencoder.latent_channels
    x = noise.start((1, channels, window.latent_frames), attempt).to(model.latent_scale.mean.device)
    if known is None:
        return x
    return noised(OBJECTIVES[model.spec.objective], known, x, _times(model.spec, spec)[0].to(x))


def _diffused(
    model: LatentDiffusion, spec: GenerationSpec, denoiser: Denoiser, x: Tensor
) -> Generator[Step, None, Tensor]:
    """Denoises to clean latents [1, D, T], not normalised."""
    assert spec.seed is not None and spec.steps and spec.sampler  # The spec is resolved.
    objective = OBJECTIVES[model.spec.objective]
    times = _times(model.spec, spec)
    noise = NoiseSource(spec.seed, spec.variation, spec.variation_seed)
    for step in SOLVERS[spec.sampler](denoiser, x, times, objective, noise):
        x = step.x
        if not x.isfinite().all():
            raise LongtakeError(
                f"{spec.model} produced latents that are not finite at step {step.index} of {step.total}; "
                "its weights may be damaged: download or install them again."
            )
        yield Step("diffuse", step.index, step.total)
    return model.latent_scale.unscaled(x)


def _times(model: ModelSpec, spec: GenerationSpec) -> Tensor:
    """The noise levels of a resolved spec; from pure noise, public models use their reference schedules."""
    schedule, steps = spec.schedule, spec.steps or 1
    level = spec.init_noise_level if spec.init_audio else None
    t_start = 1.0 if level is None else level
    third = isinstance(model.dit, AdaptiveDiTConfig)
    if t_start == 1 and (third or (model.weights == "public" and model.objective == "v")):
        schedule = "reference"
    elif third and schedule == "reference":
        t_start = flow_reference_start(t_start, steps)
    return schedule_times(schedule, model.objective, steps, t_start)
