"""A stream: what comes in is heard, encoded, made anew and decoded, hop by hop; all that it keeps has a fixed length.

Everything happens at the boundaries of hops, so that the output does not depend on how the input is cut. Knows nothing
of how a hop's parts are done.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.errors import ShapeError
from engine.latent_diffusion import LatentDiffusion
from engine.live.asking import Asking
from engine.live.decoding import Decoder
from engine.live.denoising import Denoising, Window
from engine.live.encoding import Encoder, context
from engine.live.levels import Levels
from engine.live.pace import Hops
from engine.live.steering import Steering
from engine.live_settings import LiveSettings, Metre, Pace
from engine.sound.audio import Samples

WINDOW = 2.0
"""What is made together, of which all but the last hop is held, s; over ten beatboxes, 2 s keep the rhythm like 6."""
LEAST_HELD = 1.5
"""What is held at least of a window, s, however long the hop."""


class Stream:
    """A `LiveStream` over a loaded model."""

    def __init__(
        self,
        model: LatentDiffusion,
        settings: LiveSettings,
        pace: Pace,
        metre: Metre | None = None,
    ) -> None:
        """Begins in silence."""
        self._pace, self._settings = pace, settings
        autoencoder = model.autoencoder
        self._ratio = autoencoder.downsampling_ratio
        self._hops = Hops(pace.frames, autoencoder.alignment)
        self._length = window_frames(model, pace)
        self._left = context(model)
        self._encoder, self._decoder = Encoder(model), Decoder(model)
        self._levels = Levels(as_it_is=model.spec.weights == "public")
        self._asking = Asking(model, settings, metre)
        self._steering = Steering(model, self._asking)
        self._denoising = Denoising(model, settings)
        self._input: Samples = np.zeros((2, 0), np.float32)
        self._hop = self._taken = self._begun = 0
        place = model.latent_scale.mean.device
        nothing = torch.zeros(1, autoencoder.latent_channels, 0, device=place)
        self._played = self._expected = nothing
        """Latents that were played, and those that would follow."""
        self._changed = False

    @property
    def pace(self) -> Pace:
        """How it moves."""
        return self._pace

    @torch.inference_mode()
    def change(self, settings: LiveSettings) -> None:
        """Other settings, from the next hop on; those of `BEGUN_WITH` and `MIXED` are not looked at."""
        self._settings = settings
        self._changed |= self._asking.change(settings)
        self._changed |= self._denoising.change(settings)

    @torch.inference_mode()
    def keep_time(self, metre: Metre | None) -> None:
        """Where the beat is, from the next hop on; None is nowhere."""
        self._asking.keep_time(metre)

    @torch.inference_mode()
    def push(self, samples: Samples, *, hurry: bool = False) -> Samples:
        """Takes the next input [2, any] at 44.1 kHz; gives what is finished with it, [2, M]; see `LiveStream`.

        Raises:
            ShapeError: if the input is not [2, any].
            LongtakeError: if the model makes what is not finite.
        """
        if samples.ndim != 2 or len(samples) != 2:
            raise ShapeError(f"A stream takes samples [2, N]; it got {list(samples.shape)}.")
        heard = np.nan_to_num(samples.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        self._input = np.concatenate([self._input, heard], axis=1)
        finished: list[Samples] = [np.zeros((2, 0), np.float32)]
        while self._is_complete(self._hop):
            late = hurry and self._is_complete(self._hop + 1)
            finished.append(self._next(late=late))
        return np.concatenate(finished, axis=1)

    def _end(self, hop: int) -> int:
        """The latent frame after the last that a hop needs."""
        return self._hops.boundary(hop + 1) + self._pace.look_ahead

    def _is_complete(self, hop: int) -> bool:
        there = self._taken * self._ratio + self._input.shape[1]
        return there >= self._end(hop) * self._ratio

    def _next(self, *, late: bool) -> Samples:
        """The sound of the next hop; silence if it is too late to be heard."""
        hop, self._hop = self._hop, self._hop + 1
        start, stop, end = self._hops.boundary(hop), self._hops.boundary(hop + 1), self._end(hop)
        fresh = (end - self._taken) * self._ratio
        # A copy: what is left of the input must not keep all of it in memory.
        new, self._input = self._input[:, :fresh], self._input[:, fresh:].copy()
        self._taken = end
        plain = self._settings.strength == 0
        levelled = self._levels.levelled(new, self._settings.strength)
        self._steering.hear(new)
        heard = self._encoder.encoded(levelled, start)

        silent = not plain and self._levels.is_silent((stop - start) * self._ratio)
        made = not late and not silent
        latents = self._made(heard, start, end) if made else heard
        self._changed = False
        around = torch.cat([self._played[..., -self._left :], latents], dim=-1)
        left = around.shape[-1] - latents.shape[-1]
        decoded, nothing = self._decoder.decoded, self._decoder.silent
        sound = decoded(around, left, end - stop) if made else nothing(stop - start)
        self._played, self._expected = self._kept(latents, stop - start)
        # What begins after silence goes on from nothing.
        self._begun = stop if silent else self._begun
        return self._levels.returned(sound, self._decoder.ahead, plain=plain, made=made)

    def _made(self, heard: Tensor, start: int, end: int) -> Tensor:
        """The latents of frames start..end, [1, D, end - start], from the input's."""
        held = min(self._length - heard.shape[-1], start - self._begun)
        first = start - held
        known = torch.cat([self._played[..., self._played.shape[-1] - held :], heard], dim=-1)
        weights = torch.zeros(known.shape[-1])
        weights[:held] = 1
        if self._changed:
            # What would have followed fades into what was asked for since.
            fading = min(self._expected.shape[-1], heard.shape[-1])
            known[..., held : held + fading] = self._expected[..., :fading]
            weights[held : held + fading] = 1 - (torch.arange(fading) + 1) / (fading + 1)
        sample = first * self._ratio
        score = self._steering.score(sample) if self._settings.steer else None
        asked = self._asking.window(sample, known.shape[-1], score)
        made = self._denoising.made(
            Window(known, held, weights, first), asked, self._settings.strength
        )
        return made[..., held:]

    def _kept(self, latents: Tensor, hop: int) -> tuple[Tensor, Tensor]:
        """What was played until the end of a hop, and what was made after it."""
        most = max(self._length, self._left)
        played = torch.cat([self._played, latents[..., :hop]], dim=-1)[..., -most:]
        return played.clone(), latents[..., hop:].clone()


def window_frames(model: LatentDiffusion, pace: Pace) -> int:
    """Latent frames that are made together: no more than the model knows, whole tokens."""
    spec, tokens = model.spec, model.spec.dit.frames_per_token
    longest = Hops(pace.frames, model.autoencoder.alignment).longest + pace.look_ahead
    seconds = max(WINDOW, longest / spec.latent_rate + LEAST_HELD)
    frames = round(seconds * spec.latent_rate)
    return min(frames + -frames % tokens, spec.latent_frames)
