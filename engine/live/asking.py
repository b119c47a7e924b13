"""What a stream's model is asked, window by window: prompts are read once, metre and score belong to each window.

The timing is that of a moment in the middle of a long piece, always the same, so that nothing ages. Knows nothing of
sound and noise.
"""

from __future__ import annotations

from dataclasses import replace

from engine.blending import blended
from engine.composing.score import Score
from engine.composing.wording import with_tempo
from engine.conditioning import Conditioning, Prompt, grid
from engine.latent_diffusion import LatentDiffusion
from engine.live_settings import LiveSettings, Metre
from engine.registry import SAMPLE_RATE

BARS = 64
"""Beats are counted from the last multiple of so many bars: in hours, scores would lose their precision."""


class Asking:
    """The conditioning of a stream."""

    def __init__(self, model: LatentDiffusion, settings: LiveSettings, metre: Metre | None) -> None:
        self._model = model
        self._settings, self._metre = settings, metre
        self._read: dict[str, Conditioning] = {}
        self._asked = self._blended()

    @property
    def metre(self) -> Metre | None:
        """Where the beat is."""
        return self._metre

    def change(self, settings: LiveSettings) -> bool:
        """Takes other settings; returns whether something else is asked."""
        before = self._wanted()
        self._settings = settings
        self._asked = self._blended()
        return self._wanted() != before

    def keep_time(self, metre: Metre | None) -> None:
        """Takes another metre."""
        self._metre = metre
        self._asked = self._blended()

    def music_start(self, sample: int) -> float:
        """Where an input sample lies in the music, in seconds at its tempo from a first beat of a bar."""
        if self._metre is None:
            return 0.0
        beat = self._metre.beat_at(sample, SAMPLE_RATE) % (BARS * self._metre.beats_per_bar)
        return beat * 60 / self._metre.tempo

    def window(
        self, sample: int, frames: int, score: Score | None
    ) -> tuple[Conditioning, Conditioning]:
        """What is asked of so many latent frames from an input sample on, with the prompt and without.

        Args:
            sample: the first frame's first input sample.
            frames: T.
            score: what is played, placed as `music_start` places samples.
        """
        asked = self._asked
        if asked.grid is not None:
            metre, spec = self._metre, self._model.spec
            prompt = replace(
                self._timed(""),
                tempo=metre and metre.tempo,
                beats_per_bar=metre.beats_per_bar if metre else 4,
                score=score,
                score_start=self.music_start(sample),
            )
            rows = grid([prompt], frames, spec.latent_rate)
            asked = replace(asked, grid=rows.to(asked.cross.device))
        return asked, asked.unconditional()

    def _wanted(self) -> tuple[str, str, float]:
        return self._text(self._settings.prompt), self._other, self._share

    @property
    def _other(self) -> str:
        return self._text(self._settings.prompt_b) if self._share else ""

    @property
    def _share(self) -> float:
        """How far the second prompt counts: not at all while there is none."""
        return self._settings.blend if self._settings.prompt_b.strip() else 0.0

    def _blended(self) -> Conditioning:
        """The prompts' conditioning; keeps what was read of them, and of no others."""
        first, other, share = self._wanted()
        self._read = {
            text: self._read.get(text) or self._model.conditioner([self._timed(text)], 1)
            for text in {first, other or first}
        }
        return blended(self._read[first], self._read[other or first], share, self._model.spec)

    def _text(self, prompt: str) -> str:
        """A prompt, with the tempo for models that know it from words alone."""
        if self._metre is None or self._model.spec.dit.grid or not prompt.strip():
            return prompt.strip()
        return with_tempo(prompt.strip(), round(self._metre.tempo))

    def _timed(self, text: str) -> Prompt:
        total = min(self._model.spec.max_seconds, _longest(self._model))
        return Prompt(text=text, seconds_start=total / 2, seconds_total=total)


def _longest(model: LatentDiffusion) -> float:
    return min(number.high for number in model.spec.conditioning.numbers)
