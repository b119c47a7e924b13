"""What is known of a take as its blocks come: how long and how loud it is, what it plays, what was remarked about it.

Knows nothing of where the take is written.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from engine import __version__
from engine.composing.notation import key_in
from engine.composing.wording import key_said
from engine.errors import AudioError
from engine.sound.about import About, MusicalFacts, key_named
from engine.sound.metering import Meter
from engine.sound.targets import check_finite
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark

SOFTWARE = f"Longtake {__version__}"


class TakeFacts:
    """Gathers the facts of one take."""

    def __init__(self, name: object, spec: GenerationSpec, sample_rate: int) -> None:
        """Begins without any sound.

        Args:
            name: of the take in errors, as its path.
            spec: the resolved spec, which reproduces the take.
            sample_rate: of the blocks, Hz.
        """
        self.frames = 0
        self._began = time.time()
        self.spec = spec
        self.sample_rate = sample_rate
        self._name = name
        self._meter: Meter | None = None
        self._heard: dict[str, float] = {}
        self._tempo = spec.tempo
        self._notes: dict[str, Any] = {}

    def add(self, block: AudioBlock) -> None:
        """Hears the next block.

        Raises:
            AudioError: if it is not finite, or does not continue the previous one.
        """
        if block.start != self.frames:
            raise AudioError(
                f"{self._name}: a block starts at {block.start} instead of {self.frames}."
            )
        check_finite(self._name, block.samples)
        if self._meter is None:
            self._meter = Meter(self.sample_rate, block.samples.shape[0])
        self._meter.add(block.samples)
        self.frames += block.samples.shape[1]

    def note(self, said: LeadSheet | Remark) -> None:
        """Keeps what the take plays, or what was remarked about it."""
        if isinstance(said, Remark):
            self._notes.setdefault("remarks", []).append(said.text)
            return
        self._tempo = self._tempo or said.tempo
        score = None if said.score is None else said.score.to_dict()
        self._notes |= {"lead_sheet": said.about, "score": score}

    def frames_at(self, rate: int) -> int:
        """How long the take is at another sample rate: whole bars are as long as at its own, to half a frame."""
        if self.frames == self.spec.frames(self.sample_rate):
            return self.spec.frames(rate)
        return round(self.frames * rate / self.sample_rate)

    def check_heard(self) -> None:
        """Checks that there is something to write.

        Raises:
            AudioError: if no block came.
        """
        if self._meter is None:
            raise AudioError(f"{self._name} was not written: there was no audio.")

    def about(self, more: Mapping[str, Any]) -> About:
        """What the file itself says, as far as it is known before its sound; see `measured`.

        Args:
            more: as in `told`; a `key` that was heard counts where none was asked for.
        """
        key = asked_key(self.spec) or str(more.get("key") or "")
        return About(
            MusicalFacts(
                tempo=self._tempo,
                loop=self.spec.loop,
                key=key_named(key),
                beats_per_bar=self.spec.beats_per_bar or 4,
            ),
            title=" ".join(self.spec.prompt.split()),
            created=float(more.get("created") or self._began),
            software=SOFTWARE,
        )

    def measured(self, about: About) -> About:
        """The same with how loud the take is, once every block was heard."""
        heard = self._levels()
        return replace(about, loudness=heard["loudness_lufs"], true_peak=heard["true_peak_db"])

    def told(
        self, file: str, sample_rate: int, subtype: str, more: dict[str, Any]
    ) -> dict[str, Any]:
        """The contents of the sidecar.

        Args:
            file: the name that the sound has now.
            sample_rate: of that file, Hz.
            subtype: its sample type.
            more: JSON values to add, such as `render_seconds`.
        """
        return {
            "longtake": __version__,
            "file": file,
            "created": time.time(),
            "frames": self.frames_at(sample_rate),
            "seconds": self.frames / self.sample_rate,
            "sample_rate": sample_rate,
            "channels": cast(Meter, self._meter).channels,
            "subtype": subtype,
            **self._levels(),
            "spec": self.spec.to_dict(),
            **more,
            **self._notes,
        }

    def _levels(self) -> dict[str, float]:
        meter = cast(Meter, self._meter)
        self._heard = self._heard or {  # A meter is read once, and a take may be closed again.
            "peak_db": round(meter.peak, 2),
            "true_peak_db": round(meter.true_peak, 2),
            "loudness_lufs": round(meter.loudness, 2),
        }
        return self._heard


def asked_key(spec: GenerationSpec) -> str:
    """The key asked for, by itself or with its mode in the prompt, as 'A minor'; empty if there is none."""
    return spec.key or (key_said(spec.prompt) if key_in(spec.prompt)[1] else "")


def tags(spec: GenerationSpec) -> dict[str, str]:
    """The texts that a take has in its own file: they reproduce it, wherever it goes."""
    settings = {"longtake": __version__, "spec": spec.to_dict()}
    return {
        "title": spec.prompt,
        "software": SOFTWARE,
        "comment": json.dumps(settings, ensure_ascii=False),
    }
