"""Conditioning (§2.2): a prompt becomes cross-attention tokens, a global vector and a grid.

Text and timing enter by cross-attention, timing is also prepended, and models with a grid get for every latent frame
the position in beat and bar, that in the piece, and what the score has there. Knows nothing of the transformer, and of
the text encoder only its protocol.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from engine.composing.score import Score
from engine.layers import GeometricFeatures
from engine.registry import ModelSpec, NumberConfig
from engine.score_grid import PLACE_ROWS, SCORE_ROWS, place_grid, score_grid

GRID_BARS, GRID_BEATS = (4, 1), (1, 1 / 2, 1 / 4)
"""Periods of the metre grid, in bars and in beats, down to the sixteenth."""
METRE_ROWS = 2 * len(GRID_BARS + GRID_BEATS) + 1
"""Sine and cosine of the phase in each period, longest first, and a row that is 1 if the tempo is known."""
GRID_ROWS = METRE_ROWS + PLACE_ROWS + SCORE_ROWS

NUMBER_FEATURES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The prompt of one item in a batch: text, timing in seconds, metre."""

    text: str
    seconds_start: float = 0.0
    seconds_total: float
    tempo: float | None = None
    """BPM; None if unknown."""
    beats_per_bar: float = 4
    score: Score | None = None
    """What is played; None leaves it to the model."""
    score_start: float | None = None
    """Where score and metre stand at the first frame, s; None for `seconds_start`."""

    @property
    def music_start(self) -> float:
        """Where score and metre stand at the first frame, s."""
        return self.seconds_start if self.score_start is None else self.score_start


class TextEncoder(Protocol):
    """A frozen text encoder (§2.4), such as those in text.py and clap.py; not part of a model's own weights."""

    @property
    def width(self) -> int:
        """E of the features."""
        ...

    @property
    def max_tokens(self) -> int:
        """L of the features: longer prompts are truncated, shorter ones padded."""
        ...

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E] float32 and the mask [B, L], True at tokens.

        At padding they are zero, except with `TextConfig.encoded_padding`. The features of a text do not depend on the
        other texts in the batch.
        """
        ...

    def reach(self, text: str) -> int:
        """How many characters of a text, from its beginning, its features are of; all but spaces if nothing is cut."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What B prompts ask for, before any network: training makes it ahead, in other processes."""

    texts: tuple[str, ...]
    numbers: Tensor
    """[B, numbers]: the values of the model's number conditioners."""
    grid: Tensor | None
    """[B, GRID_ROWS, T], see `grid`; None for models without one."""

    @classmethod
    def by(cls, prompts: Sequence[Prompt], frames: int, spec: ModelSpec) -> Asked:
        """What prompts ask of a model for a window of T = frames latent frames, on the CPU."""
        names = [number.name for number in spec.conditioning.numbers]
        return cls(
            texts=tuple(prompt.text for prompt in prompts),
            numbers=torch.tensor([[float(getattr(p, name)) for name in names] for p in prompts]),
            grid=grid(prompts, frames, spec.latent_rate) if spec.dit.grid else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioning:
    """All inputs of the transformer besides latents and time, for B items.

    Dropping the text makes all cross tokens zero and masks them out, those of the timing too: so does the public code,
    in training and in guidance; the paper does not say. The global vector, metre and place in the piece stay.
    """

    cross: Tensor
    """[B, L, E]: the text tokens, then one token per timing number."""
    cross_mask: Tensor
    """[B, L] bool, False at the prompt's padding; not every model masks it out of the attention."""
    global_: Tensor
    """[B, G]: the embedded timing numbers, concatenated."""
    grid: Tensor | None
    """[B, GRID_ROWS, T], see `grid`; None for models without one."""
    text_tokens: int
    """How many cross tokens are of the text."""
    kept: Tensor | None = None
    """[B, 1 + D, T]: the inpainting mask (1 where a frame is kept) and the clean latents kept; None if nothing is."""

    def unconditional(self, negative: Conditioning | None = None) -> Conditioning:
        """The other branch of guidance: no text, or the negative prompt's, and no score, so that both are amplified."""
        every = torch.ones(len(self.cross), dtype=torch.bool)
        if negative is None:
            return self.dropped(text=every, score=every)
        count = self.text_tokens
        return replace(
            self.dropped(score=every),
            # Padding is zero here even in models in which a prompt's padding is not.
            cross=torch.cat((negative.text_or_zero(), self.cross[:, count:]), dim=1),
            cross_mask=torch.cat(
                (negative.cross_mask[:, :count], self.cross_mask[:, count:]), dim=1
            ),
        )

    def text_or_zero(self) -> Tensor:
        """[B, text tokens, E]: the text part of the cross tokens, zero at padding."""
        count = self.text_tokens
        return self.cross[:, :count] * self.cross_mask[:, :count, None]

    def pooled_text(self) -> Tensor:
        """[B, E]: the mean of the text tokens; zero if there are none."""
        count = self.cross_mask[:, : self.text_tokens].sum(dim=1, keepdim=True).clamp(min=1)
        return self.text_or_zero().sum(dim=1) / count

    def dropped(
        self,
        text: Tensor | None = None,
        tempo: Tensor | None = None,
        score: Tensor | None = None,
    ) -> Conditioning:
        """Drops the text, the tempo, and the score of the items where these are True (each [B] bool)."""
        dropped = self
        if text is not None:
            gone = text.to(self.cross.device)[:, None]
            dropped = replace(
                dropped,
                cross=self.cross.masked_fill(gone[..., None], 0.0),
                cross_mask=self.cross_mask & ~gone,
            )
        for unknown, rows in ((tempo, slice(METRE_ROWS)), (score, slice(-SCORE_ROWS, None))):
            if unknown is not None and dropped.grid is not None:
                grid = dropped.grid.clone()
                grid[:, rows].masked_fill_(unknown.to(grid.device)[:, None, None], 0.0)
                dropped = replace(dropped, grid=grid)
        return dropped

    def joined(self, other: Conditioning) -> Conditioning:
        """Both in one batch, this one first: guidance evaluates two branches in one pass."""
        grids = [grid for grid in (self.grid, other.grid) if grid is not None]
        kept = [kept for kept in (self.kept, other.kept) if kept is not None]
        return replace(
            self,
            cross=torch.cat((self.cross, other.cross)),
            cross_mask=torch.cat((self.cross_mask, other.cross_mask)),
            global_=torch.cat((self.global_, other.global_)),
            grid=torch.cat(grids) if grids else None,
            kept=torch.cat(kept) if kept else None,
        )


class NumberEmbedding(nn.Module):
    """Sinusoidal embedding of a number (§2.2): the number with sines and cosines of it, then a linear layer."""

    def __init__(self, config: NumberConfig, width: int) -> None:
        super().__init__()
        self.config = config
        if config.learned:
            features, count = _Frequencies(NUMBER_FEATURES), NUMBER_FEATURES + 1
        else:
            features, count = GeometricFeatures(NUMBER_FEATURES), NUMBER_FEATURES
        embedding = nn.Sequential(features, nn.Linear(count, width))
        self.embedder = nn.ModuleDict({"embedding": embedding})

    def forward(self, numbers: Tensor) -> Tensor:
        """[B], clamped to the number's range, to [B, E]."""
        low, high = self.config.low, self.config.high
        return self.embedder["embedding"]((numbers.clamp(low, high) - low) / (high - low))


class LearnedPadding(nn.Module):
    """The trained vector that Stable Audio 3 pads prompts with."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.padding_embedding = nn.Parameter(0.02 * torch.randn(width))

    def forward(self, text: Tensor, mask: Tensor) -> Tensor:
        """Features [B, L, E] and mask [B, L], True at tokens, to features with the padding filled."""
        return torch.where(mask[..., None], text, self.padding_embedding.to(text.dtype))


class _Frequencies(nn.Module):
    """[x, sin(2 pi w x), cos(2 pi w x)] for learned w."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(features // 2))

    def forward(self, x: Tensor) -> Tensor:
        angles = 2 * math.pi * x[:, None] * self.weights
        return torch.cat((x[:, None], angles.sin(), angles.cos()), dim=-1)


class Conditioner(nn.Module):
    """Turns prompts into a model's conditioning; its own weights embed the timing numbers."""

    def __init__(self, spec: ModelSpec, text_encoder: TextEncoder) -> None:
        super().__init__()
        self.spec = spec
        self.text_encoder = text_encoder
        width = spec.dit.cross_width
        # Named as in the checkpoints; only in Stable Audio 3 does the prompt's conditioner have weights.
        self.conditioners = nn.ModuleDict(
            {"prompt": LearnedPadding(width)} if spec.conditioning.text.learned_padding else {}
        )
        for number in spec.conditioning.numbers:
            self.conditioners[number.name] = NumberEmbedding(number, width)

    @property
    def global_width(self) -> int:
        """Width G of the global vector."""
        return len(self.spec.conditioning.numbers) * self.spec.dit.cross_width

    def forward(self, prompts: Sequence[Prompt], frames: int) -> Conditioning:
        """The conditioning of B prompts for a window of T = frames latent frames, on this module's device."""
        return self.embedded(Asked.by(prompts, frames, self.spec))

    def embedded(self, asked: Asked) -> Conditioning:
        """The conditioning of what was asked, on this module's device."""
        device = next(self.parameters()).device
        text, mask = (x.to(device) for x in self.text_encoder.encode(asked.texts))
        if "prompt" in self.conditioners:
            text = self.conditioners["prompt"](text, mask)
        values = asked.numbers.to(device).unbind(dim=1)
        names = [number.name for number in self.spec.conditioning.numbers]
        timing = torch.stack(
            [self.conditioners[name](value) for name, value in zip(names, values, strict=True)],
            dim=1,
        )
        return Conditioning(
            cross=torch.cat((text, timing), dim=1),
            cross_mask=torch.cat((mask, mask.new_ones(timing.shape[:2])), dim=1),
            global_=timing.flatten(1),
            grid=None if asked.grid is None else asked.grid.to(device),
            text_tokens=text.shape[1],
        )

    def initialize(self, generator: torch.Generator) -> None:
        """Initialises all weights reproducibly."""
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, _Frequencies):
                    module.weights.normal_(generator=generator)
                elif isinstance(module, nn.Linear):
                    bound = 1 / math.sqrt(module.in_features)
                    for parameter in module.parameters():
                        parameter.uniform_(-bound, bound, generator=generator)
                elif isinstance(module, LearnedPadding):
                    module.padding_embedding.normal_(0, 0.02, generator=generator)


def grid(prompts: Sequence[Prompt], frames: int, latent_rate: float) -> Tensor:
    """What B prompts say of each latent frame: metre, place in the piece, and score.

    Args:
        prompts: B prompts.
        frames: T.
        latent_rate: latent frames per second, Hz.

    Returns:
        [B, GRID_ROWS, T]: the rows of `metre_grid`, `place_grid` and `score_grid`.
    """
    written = np.stack(
        [
            np.concatenate(
                [
                    place_grid(p.seconds_start, p.seconds_total, frames, latent_rate),
                    score_grid(p.score, p.music_start, frames, latent_rate),
                ]
            )
            for p in prompts
        ]
    )
    return torch.cat((metre_grid(prompts, frames, latent_rate), torch.from_numpy(written)), dim=1)


def metre_grid(prompts: Sequence[Prompt], frames: int, latent_rate: float) -> Tensor:
    """Position in beat and bar at the start of each latent frame; beat 0 of bar 0 is at second 0 of the piece.

    Args:
        prompts: B prompts; the grid of a crop starts at its `music_start`.
        frames: T.
        latent_rate: latent frames per second, Hz.

    Returns:
        [B, METRE_ROWS, T]: sin and cos of 2 pi beats / period for each period, and 1; all zero without a tempo.
    """
    # In double precision: after ten minutes, single precision would be off by a tenth of a millisecond per beat.
    frame = torch.arange(frames, dtype=torch.float64) / latent_rate
    start, tempo, bar = torch.tensor(
        [(p.music_start, p.tempo or 0.0, p.beats_per_bar) for p in prompts], dtype=torch.float64
    ).unbind(dim=1)
    beats = (start[:, None] + frame) * (tempo / 60)[:, None]
    in_bars = bar[:, None] * torch.tensor(GRID_BARS, dtype=torch.float64)
    in_beats = torch.tensor(GRID_BEATS, dtype=torch.float64).expand(len(prompts), -1)
    turns = 2 * math.pi * beats[:, None] / torch.cat((in_bars, in_beats), dim=1)[..., None]
    rows = torch.stack((turns.sin(), turns.cos()), dim=2).flatten(1, 2)
    known = (tempo > 0)[:, None, None]
    return (torch.cat((rows, torch.ones_like(rows[:, :1])), dim=1) * known).float()
