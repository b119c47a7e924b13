"""OpenL3 (Cramer et al. 2019), mel256, music, 512: what a second of sound is like, for the Fréchet distance (§4.1).

The network and the front end that kapre gave it, with torch; weights are those of Keras, layer by layer. Knows nothing
of distances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.checkpoints import load_weights
from engine.errors import ShapeError
from engine.evaluation.published.sounds import OPENL3_RATE, Stereo, for_openl3

WINDOW, HOP = OPENL3_RATE, OPENL3_RATE // 2
"""Samples of a window, and between two."""
N_FFT, FRAME_HOP, FRAMES, BANDS = 2048, 242, 199, 256
LOWEST = 1e-10
RANGE = 80.0
"""What is so far below a window's loudest band is all the same, dB."""
POOLED = (32, 24)
"""Bands and frames over which the last maps are pooled: all that is left of them."""
WIDTHS = (64, 128, 256, 512)
BATCH = 16
"""Windows of both sides at a time."""


class OpenL3(nn.Module):
    """Convolutions in pairs, each with batch normalisation and ReLU, pools between; the very last is bare.

    Args:
        widths: channels of each pair; the last are the embedding's.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = [_norm(1)]
        before = 1
        for width in widths:
            for channels in (before, width):
                layers += [nn.Conv2d(channels, width, 3, padding=1), _norm(width), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            before = width
        # After the last convolution neither norm nor ReLU nor halving.
        self.layers = nn.Sequential(*layers[:-3])

    @classmethod
    def from_file(cls, path: Path) -> OpenL3:
        """Loads weights that `judges_files.py` converted.

        Raises:
            CheckpointError: if they are missing, damaged or of another network.
        """
        network = cls()
        load_weights(network, path)
        return network.eval().requires_grad_(False)

    def forward(self, windows: Tensor) -> Tensor:
        """Windows [B, 48000] at 48 kHz to embeddings [B, 512].

        Raises:
            ShapeError: if they are no windows of a second.
        """
        if windows.ndim != 2 or windows.shape[1] != WINDOW:
            raise ShapeError(f"OpenL3 takes windows [B, {WINDOW}], not {list(windows.shape)}.")
        maps = self.layers(spectra(windows)[:, None])
        return F.max_pool2d(maps, POOLED).flatten(1)

    def embedded(self, samples: Stereo) -> Iterator[Tensor]:
        """Of stereo [2, N] at 44.1 kHz: batches of rows [W, 1024], left and right side by side, on the CPU.

        A window begins each half second, the first half a second before the sound: 120 s are 240 rows.
        """
        return self.rows(for_openl3(samples))

    @torch.inference_mode()
    def rows(self, sides: Tensor) -> Iterator[Tensor]:
        """The same of [2, N] at 48 kHz."""
        device = next(self.parameters()).device
        windows = _windows(sides)
        for part in windows.split(BATCH // 2, dim=1):
            found = self(part.reshape(-1, WINDOW).to(device)).float().cpu()
            yield torch.cat(found.chunk(2), dim=1)


def spectra(windows: Tensor) -> Tensor:
    """[B, 256, 199]: mel magnitudes of [B, 48000] in dB below the window's loudest, at least -80."""
    missing = (FRAMES - 1) * FRAME_HOP + N_FFT - windows.shape[1]
    transform = torch.stft(
        F.pad(windows, (0, missing)),
        N_FFT,
        FRAME_HOP,
        window=torch.hann_window(N_FFT, device=windows.device),
        center=False,
        return_complex=True,
    )
    level = 10 * (_filters().to(windows.device) @ transform.abs()).clamp(min=LOWEST).log10()
    return (level - level.amax(dim=(1, 2), keepdim=True)).clamp(min=-RANGE)


def _windows(sides: Tensor) -> Tensor:
    """[C, W, 48000] of [C, N]: half a window of silence first, and at the end what the last one lacks."""
    sides = F.pad(sides, (WINDOW // 2, 0))
    over = sides.shape[1] - WINDOW
    return F.pad(sides, (0, -over if over < 0 else -over % HOP)).unfold(1, WINDOW, HOP)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


@cache
def _filters() -> Tensor:
    """Slaney's mel bands [256, 1025] from 0 to 24 kHz."""
    import librosa

    return torch.from_numpy(librosa.filters.mel(sr=OPENL3_RATE, n_fft=N_FFT, n_mels=BANDS))
