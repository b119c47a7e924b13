"""PaSST (Koutini et al. 2022), `passt_s_swa_p16_128_ap476`: what is heard in a sound, in 527 classes (§4.1).

A vision transformer over patches of a spectrogram; in evaluation nothing is patched out. Knows nothing of divergences.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.checkpoints import Renames, load_weights
from engine.errors import ShapeError
from engine.evaluation.published.sounds import Mono

RATE = 32_000
WINDOW, HOP = 10 * RATE, 5 * RATE
SHORTEST = int(0.15 * WINDOW)
"""A sound that is shorter is not padded to a window, which would be mostly silence."""
N_FFT, WIN, FRAME_HOP, BANDS = 1024, 800, 320, 128
TOP = 15_000.0
"""The highest frequency that is heard, Hz."""
PATCH, STRIDE = 16, 10
GRID = (12, 99)
"""Patches over bands and over frames."""
WIDTH, DEPTH, HEADS, CLASSES = 768, 12, 12, 527
EPS = 1e-6
BATCH = 8
RENAMES: Renames = (
    *(
        (f"blocks.{block}.{theirs}", f"blocks.{block}.{ours}")
        for block in range(DEPTH)
        for theirs, ours in (
            ("attn.qkv.weight", "self_attn.in_proj_weight"),
            ("attn.qkv.bias", "self_attn.in_proj_bias"),
            ("attn.proj.", "self_attn.out_proj."),
            ("mlp.fc1.", "linear1."),
            ("mlp.fc2.", "linear2."),
        )
    ),
    ("patch_embed.proj.", "patches."),
    ("new_pos_embed", "tokens_places"),
    ("freq_new_pos_embed", "bands_places"),
    ("time_new_pos_embed", "frames_places"),
    # A second head that only training had.
    ("head_dist.", None),
)
"""The official names -> ours."""


class PaSST(nn.Module):
    """The transformer.

    Args:
        depth: of how many blocks.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, WIDTH, PATCH, STRIDE)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.tokens_places = nn.Parameter(torch.zeros(1, 2, WIDTH))
        self.bands_places = nn.Parameter(torch.zeros(1, WIDTH, GRID[0], 1))
        self.frames_places = nn.Parameter(torch.zeros(1, WIDTH, 1, GRID[1]))
        self.blocks = nn.Sequential(*(_block() for _ in range(depth)))
        self.norm = nn.LayerNorm(WIDTH, eps=EPS)
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES))

    @classmethod
    def from_file(cls, path: Path) -> PaSST:
        """Loads weights under their official names.

        Raises:
            CheckpointError: if they are missing, damaged or of another network.
        """
        network = cls()
        load_weights(network, path, RENAMES)
        return network.eval().requires_grad_(False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Logits [B, 527] of [B, N] at 32 kHz, of at most ten seconds.

        Raises:
            ShapeError: if they are longer, or too short for a patch.
        """
        shown = spectra(waveforms)
        if waveforms.shape[1] > WINDOW or shown.shape[2] < PATCH:
            raise ShapeError(
                f"PaSST hears between 0.16 and 10 seconds at a time, not {waveforms.shape[1] / RATE:.2f}."
            )
        x = self.patches(shown[:, None])
        x = x + self.frames_places[..., : x.shape[-1]] + self.bands_places
        tokens = torch.cat([self.cls_token, self.dist_token], dim=1) + self.tokens_places
        x = torch.cat([tokens.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], dim=1)
        return self.head(self.norm(self.blocks(x))[:, :2].mean(dim=1))

    @torch.inference_mode()
    def tags(self, mono: Mono) -> Tensor:
        """Probabilities [527] of [N] at 32 kHz: the softmax of the mean of its windows' logits, on the CPU."""
        device = next(self.parameters()).device
        found = [self(batch.to(device)).float().cpu() for batch in _batches(mono)]
        return torch.cat(found).mean(dim=0).softmax(dim=0)


def spectra(waveforms: Tensor) -> Tensor:
    """[B, 128, frames] of [B, N] at 32 kHz: the logarithm of Kaldi's mel bands, scaled as in training."""
    sharper = waveforms[:, 1:] - 0.97 * waveforms[:, :-1]
    transform = torch.stft(
        sharper,
        N_FFT,
        FRAME_HOP,
        WIN,
        window=torch.hann_window(WIN, periodic=False, device=waveforms.device),
        return_complex=True,
    )
    power = transform.real.square() + transform.imag.square()
    return ((_filters().to(waveforms.device) @ power + 1e-5).log() + 4.5) / 5


def window_starts(length: int) -> range:
    """Where windows begin: every five seconds, but not where less than five would be left."""
    return range(0, max(HOP, length - HOP), HOP)


def _batches(mono: Mono) -> Iterator[Tensor]:
    windows = [mono[start : start + WINDOW] for start in window_starts(len(mono))]
    if len(windows[-1]) > SHORTEST:
        windows[-1] = np.pad(windows[-1], (0, WINDOW - len(windows[-1])))
    for first in range(0, len(windows), BATCH):
        yield torch.from_numpy(np.stack(windows[first : first + BATCH]))


def _block() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", layer_norm_eps=EPS, batch_first=True, norm_first=True
    )


@cache
def _filters() -> Tensor:
    """Kaldi's triangles [128, 513] between 0 and 15 kHz, straight in mel; the bin at 16 kHz is not heard."""
    edges = torch.linspace(0, _mel(TOP), BANDS + 2, dtype=torch.float64)[:, None]
    bins = torch.arange(N_FFT // 2, dtype=torch.float64) * (RATE / N_FFT)
    places = 1127 * (1 + bins / 700).log()
    width = edges[1] - edges[0]
    rising, falling = (places - edges[:-2]) / width, (edges[2:] - places) / width
    return F.pad(torch.minimum(rising, falling).clamp(min=0), (0, 1)).float()


def _mel(frequency: float) -> float:
    return 1127 * math.log(1 + frequency / 700)
