"""Begins live streams: loads the model, times hops of it on this machine, and chooses the shortest that are safe.

Knows nothing of devices and processes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator

import numpy as np
import torch

from engine.held_model import INSTALLED, HeldModel
from engine.latent_diffusion import LatentDiffusion
from engine.live import pace as paces
from engine.live.denoising import steps_of
from engine.live.pace import paced
from engine.live.stream import WINDOW, Stream
from engine.live_settings import LiveSettings, Metre, Pace
from engine.precision import device_named, resolved_precision
from engine.registry import SAMPLE_RATE, ModelSpec
from engine.sound.audio import Samples
from engine.updates import Step

WARMING, TIMED, FEW = 3, 20, 5
"""Hops that are made before, those whose time counts, and those where nothing is chosen by it."""
SLOW = 2
"""After so many of them that were not safe, a hop is known to be too short."""


class LiveEngine:
    """Begins streams over models; keeps the last one loaded."""

    def __init__(
        self,
        device: str = "auto",
        precision: str = "auto",
        load: Callable[[ModelSpec], LatentDiffusion] = INSTALLED,
    ) -> None:
        """Loads nothing yet; the arguments are those of `Engine`.

        Raises:
            SpecError: if the device does not exist or does not support the precision.
        """
        self._device = device_named(device)
        if precision != "auto":
            resolved_precision(precision, self._device)
        if self._device.type == "cpu":
            # One core is for the sound itself. On two, hops are made no slower by one thread.
            cores = max(1, (os.cpu_count() or 2) - 1)
            torch.set_num_threads(min(cores, torch.get_num_threads()))
        self._held = HeldModel(self._device, precision, compiled=False, load=load)

    def begin(
        self, settings: LiveSettings, metre: Metre | None = None, *, timed: bool = True
    ) -> Generator[Step, None, Stream]:
        """Loads the model, finds the shortest safe hop and gives the stream; yields steps of "loading" and "timing".

        Args:
            settings: with a hop, that one is taken.
            metre: where the beat is; hops are parts of a beat where the delay is in beats.
            timed: whether hops are timed; otherwise the hop must be given.

        Raises:
            LongtakeError: with a sentence for the user, as where no hop is made in time.
        """
        yield from self._held.load(settings.model, "")
        model = self._held.model(settings.model, "")
        alignment, steps = model.autoencoder.alignment, steps_of(settings, model.spec)
        if settings.hop is not None:
            tried = (paces.asked_for(settings.hop, model.spec, alignment),)
        else:
            tried = paces.candidates(model.spec, alignment)
        pace = paced(tried[0], model.spec, alignment, steps)
        if timed:
            pace = yield from _timed(model, settings, tried)
        if metre is not None and paces.follows_beats(settings, metre):
            frames = paces.on_the_beat(pace.frames, metre, model.spec, alignment)
            compute = pace.compute
            pace = paced(frames, model.spec, alignment, steps)
            pace = Pace(pace.frames, pace.look_ahead, steps, pace.seconds, pace.latency, compute)
        return Stream(model, settings, pace, metre)

    def describe(self) -> str:
        """A readable name of the hardware it runs on."""
        if self._device.type == "cuda":
            return torch.cuda.get_device_name(self._device)
        threads = torch.get_num_threads()
        return f"{self._device.type.upper()}, {threads} {'thread' if threads == 1 else 'threads'}"


def _timed(
    model: LatentDiffusion, settings: LiveSettings, tried: tuple[int, ...]
) -> Generator[Step, None, Pace]:
    """The pace of the shortest safe hop among those that are tried; a single one is taken in any case."""
    alignment, steps = model.autoencoder.alignment, steps_of(settings, model.spec)
    times: dict[int, list[float]] = {}
    count = TIMED if len(tried) > 1 else FEW
    total = len(tried) * (WARMING + count)
    done = 0

    def measured(
        pace: Pace, settings: LiveSettings, count: int = FEW
    ) -> Generator[Step, None, list[float]]:
        nonlocal done
        found: list[float] = []
        for duration in _durations(model, settings, pace, WARMING + count):
            found.append(duration)
            done += 1
            yield Step("timing", min(done, total), total)
            slow = sum(one > paces.SAFE * pace.seconds for one in found[WARMING:])
            if count == TIMED and slow == SLOW:
                done += WARMING + count - len(found)
                break
        return found[WARMING:]

    while True:
        frames = paces.chosen(times, tried, 1 / model.spec.latent_rate)
        if frames is None and len(tried) == 1:
            frames = tried[0]
        if frames is None:
            pace = paced(max(times), model.spec, alignment, steps)
            pace = paces.timed(pace, times[max(times)])
            quick = yield from measured(pace, settings.with_value("steps", 1))
            raise paces.too_slow(model.spec, pace, paces.p95(quick))
        pace = paced(frames, model.spec, alignment, steps)
        if frames in times:
            return paces.timed(pace, times[frames])
        times[frames] = yield from measured(pace, settings, count)


def _durations(
    model: LatentDiffusion, settings: LiveSettings, pace: Pace, count: int
) -> Generator[float, None, None]:
    """How long so many hops take whose window is full, s."""
    stream = Stream(model, settings, pace)
    hop = round(pace.seconds * SAMPLE_RATE)
    full = round(WINDOW * SAMPLE_RATE)
    sound = _beat(full + (count + 2) * hop)
    stream.push(sound[:, :full], hurry=True)
    for start in range(full, full + count * hop, hop):
        began = time.perf_counter()
        stream.push(sound[:, start : start + hop])
        yield time.perf_counter() - began


def _beat(count: int) -> Samples:
    """[2, count]: strokes of noise, eight a second."""
    noise = np.random.default_rng(0).standard_normal((2, count)) * 0.3
    phase = np.arange(count) * 8 / SAMPLE_RATE % 1
    return (noise * np.exp(-phase * 8)).astype(np.float32)
