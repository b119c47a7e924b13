"""Adversarial training of the autoencoder (§2.1): five convolutional discriminators on complex STFTs.

One network per STFT resolution gets the real and imaginary parts of both channels as an image. Hinge losses and feature
matching. Knows nothing of the autoencoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad, relu
from torch.nn.utils.parametrizations import weight_norm

Features = list[Tensor]


class STFTDiscriminator(nn.Module):
    """The discriminator of one resolution: strided along frequency, dilated along time."""

    window: Tensor

    def __init__(self, length: int, filters: int) -> None:
        super().__init__()
        self.length = length
        self.register_buffer("window", torch.hann_window(length), persistent=False)
        self.project_in = _conv(4, filters, (3, 9))
        self.layers = nn.ModuleList(
            _conv(filters, filters, (3, 9), stride=(1, 2), dilation=(dilation, 1))
            for dilation in (1, 2, 4)
        )
        self.last = _conv(filters, filters, (3, 3))
        self.project_out = _conv(filters, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """[B, 2, N] audio to a map of logits (higher is more real) and every layer's features."""
        half = self.length // 2
        frames = pad(audio.float(), (half, half)).unfold(-1, self.length, self.length // 4)
        spectrum = torch.view_as_real(torch.fft.rfft(frames * self.window) / self.length**0.5)
        image = spectrum.permute(0, 1, 4, 2, 3).flatten(1, 2)  # [B, 4, F, bins]
        features: Features = []
        for layer in (self.project_in, *self.layers, self.last):
            image = leaky_relu(layer(image), 0.2)
            features.append(image)
        return self.project_out(image), features


class Discriminators(nn.Module):
    """One `STFTDiscriminator` per window length; the paper has five.

    Args:
        lengths: window lengths.
        filters: channels of each discriminator's layers.
        drawn: how many discriminators a step uses, drawn at random; None for all. On a CPU, all five cost ten times as
            much as the autoencoder.
    """

    def __init__(self, lengths: Sequence[int], filters: int, drawn: int | None = None) -> None:
        super().__init__()
        self.judges = nn.ModuleList(STFTDiscriminator(length, filters) for length in lengths)
        self.drawn = drawn

    def panel(self, rng: np.random.Generator) -> list[nn.Module]:
        """The discriminators of one step."""
        judges = list(self.judges)
        if self.drawn is None:
            return judges
        return [judges[i] for i in rng.choice(len(judges), self.drawn, replace=False)]

    @staticmethod
    def loss(panel: Sequence[nn.Module], real: Tensor, fake: Tensor) -> Tensor:
        """Hinge loss of the discriminators, averaged over them."""
        real_verdicts, fake_verdicts = _heard(panel, real)[0], _heard(panel, fake.detach())[0]
        losses = [
            relu(1 - r).mean() + relu(1 + f).mean()
            for r, f in zip(real_verdicts, fake_verdicts, strict=True)
        ]
        return torch.stack(losses).mean()

    @staticmethod
    def generator_losses(
        panel: Sequence[nn.Module], real: Tensor, fake: Tensor, *, absolute: bool = False
    ) -> GeneratorLosses:
        """The autoencoder's adversarial and feature matching losses, means over items.

        Args:
            panel: the discriminators.
            real: [B, 2, N].
            fake: [B, 2, N], the autoencoder's.
            absolute: match features as they are, as the released code does; otherwise by their own size.
        """
        with torch.no_grad():
            _, wanted = _heard(panel, real)
        verdicts, given = _heard(panel, fake)
        adversarial = torch.stack([-v.mean() for v in verdicts]).mean()
        distances = [
            _distance(g, w, absolute)
            for gs, ws in zip(given, wanted, strict=True)
            for g, w in zip(gs, ws, strict=True)
        ]
        return GeneratorLosses(adversarial, torch.stack(distances).mean())


@dataclass(frozen=True, slots=True)
class GeneratorLosses:
    """The two adversarial terms of the autoencoder."""

    adversarial: Tensor
    feature_matching: Tensor


def _distance(given: Tensor, wanted: Tensor, absolute: bool) -> Tensor:
    """Of features [B, ...]: per item, so that the mean over parts of a batch is that over the whole."""
    distance = (given - wanted).abs().flatten(1).mean(dim=1)
    if absolute:
        return distance.mean()
    return (distance / wanted.abs().flatten(1).mean(dim=1).clamp(min=1e-6)).mean()


def _heard(panel: Sequence[nn.Module], audio: Tensor) -> tuple[list[Tensor], list[Features]]:
    """Logits and features of every discriminator, float32."""
    verdicts, features = zip(*(judge(audio) for judge in panel), strict=True)
    return [v.float() for v in verdicts], [[x.float() for x in layers] for layers in features]


def _conv(
    width_in: int,
    width_out: int,
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
) -> nn.Module:
    padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return weight_norm(nn.Conv2d(width_in, width_out, kernel, stride, padding, dilation))  # pyright: ignore[reportArgumentType]
