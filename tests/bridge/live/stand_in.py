"""Live engines without torch: they halve what they hear, and the prompt's words say what else happens."""

from __future__ import annotations

import os
import time
from collections.abc import Generator

import numpy as np

from engine.errors import SpecError
from engine.live_settings import LiveSettings, Metre, Pace, Samples
from engine.updates import Step

HOP = 4410


class Halving:
    """A stream of hops of 0.1 s without look-ahead: half of each sample, a quarter while the prompt says 'softer'."""

    def __init__(self, settings: LiveSettings, metre: Metre | None) -> None:
        self._settings = settings
        self._rest = np.zeros((2, 0), np.float32)
        hop = round((settings.hop or 100.0) * 44.1)
        self.pace = Pace(hop / 1024, 0, settings.steps or 8, hop / 44_100, hop, 0.01)
        self._hop = hop
        self.metre = metre

    def push(self, samples: Samples, *, hurry: bool = False) -> Samples:
        self._rest = np.concatenate([self._rest, samples], axis=1)
        count = self._rest.shape[1] // self._hop * self._hop
        if count and "dies" in self._settings.prompt:
            os._exit(3)
        if count and "hangs" in self._settings.prompt:
            time.sleep(3600)
        part, self._rest = self._rest[:, :count], self._rest[:, count:]
        if hurry:
            part = part.copy()
            part[:, : max(count - self._hop, 0)] = 0.0
        return part * np.float32(0.25 if "softer" in self._settings.prompt else 0.5)

    def change(self, settings: LiveSettings) -> None:
        self._settings = settings

    def keep_time(self, metre: Metre | None) -> None:
        self.metre = metre


class HalvingEngine:
    """Begins such streams."""

    def begin(
        self, settings: LiveSettings, metre: Metre | None = None
    ) -> Generator[Step, None, Halving]:
        if "refuses" in settings.prompt:
            raise SpecError("No hop is made in time here; fewer steps would be.")
        if "falls" in settings.prompt:
            os._exit(4)
        yield Step("loading", 1, 1)
        while "loads" in settings.prompt:
            time.sleep(0.01)
            yield Step("timing", 1, 2)
        return Halving(settings, metre)


class NoEngine:
    """Cannot be built."""

    def __init__(self) -> None:
        raise RuntimeError("its library is gone")
