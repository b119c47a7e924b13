"""The main path: a spec becomes a take. `Engine.generate` is all of it, from top to bottom.

Iteration is the protocol: every `next` does one step of work in the caller's thread, and closing the generator stops
the work and frees its memory. Knows nothing of output files, processes, queues or users.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from engine.audibility import NOTHING_NEW, SILENT, audible, loudness_of_parts
from engine.batching import check_batch
from engine.composing.score import Score
from engine.diffusion import diffused
from engine.held_model import INSTALLED, HeldModel, load_model
from engine.latent_diffusion import LatentDiffusion
from engine.precision import device_named, resolved_precision
from engine.preparation import Prepared, prepared
from engine.registry import SAMPLE_RATE, ModelSpec, model_spec
from engine.sound.recordings import with_recording
from engine.spec import GenerationSpec
from engine.streaming import Source, streamed
from engine.updates import Remark, Step, Update

__all__ = ["BLOCK", "Engine", "load_model"]

T = TypeVar("T")
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
        take = yield from prepared(self._held, spec, score)
        latents = yield from _heard(take, partial(diffused, [take]))
        yield from self._decoded(take, latents)

    @torch.inference_mode()
    def generate_batch(
        self, specs: Sequence[GenerationSpec]
    ) -> Generator[tuple[int, Update], None, None]:
        """Generates takes in one batch, which is how a GPU is filled: each is the same as alone, up to rounding.

        Denoising is shared; takes are prepared, heard and decoded one after the other.

        Args:
            specs: resolved or not; what they have in common is named in `batching.SHARED`.

        Yields:
            The updates that `generate` yields for each take, with its index; audio of one take after the other.

        Raises:
            LongtakeError: with a sentence for the user; if the takes do not fit into one batch, before any work.
        """
        specs = [with_recording(spec).resolved(model_spec(spec.model)) for spec in specs]
        check_batch(specs)
        if not specs:
            return
        takes: list[Prepared] = []
        for index, spec in enumerate(specs):
            takes.append((yield from _numbered([index], prepared(self._held, spec))))
        made = yield from _numbered(range(len(takes)), diffused(takes))
        for index, (take, first) in enumerate(zip(takes, made.split(1), strict=True)):
            latents = yield from _numbered([index], _heard(take, partial(_made, take, first)))
            yield from _numbered([index], self._decoded(take, latents))

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

    def _decoded(self, take: Prepared, latents: Tensor) -> Generator[Update, None, None]:
        """The audio of a take from its latents [1, D, T]."""
        autoencoder, kept = take.model.autoencoder, take.kept
        levels = take.levelling and take.levelling.of_take(autoencoder, latents, kept)
        source = Source(kept, levels)
        yield from streamed(autoencoder, latents, take.window, source, self._block)


def _heard(
    take: Prepared, diffuse: Callable[[int], Generator[Step, None, Tensor]]
) -> Generator[Step | Remark, None, Tensor]:
    """The latents [1, D, T] of a take's first noise that can be heard."""
    heard = partial(
        loudness_of_parts, autoencoder=take.model.autoencoder, window=take.window, kept=take.kept
    )
    said = SILENT if take.kept is None else NOTHING_NEW
    return audible(diffuse, heard, take.tries, take.spec.steps or 1, said)


def _made(take: Prepared, first: Tensor, attempt: int) -> Generator[Step, None, Tensor]:
    """The latents of an attempt, the first of which was made in a batch."""
    if attempt == 0:
        return first
    return (yield from diffused([take], attempt))


def _numbered(
    indices: Iterable[int], updates: Generator[Update, None, T]
) -> Generator[tuple[int, Update], None, T]:
    """Updates of takes of a batch with their indices, and what the updates return."""
    numbers = tuple(indices)
    with closing(updates):
        while True:
            try:
                update = next(updates)
            except StopIteration as end:
                return end.value
            for index in numbers:
                yield index, update
