"""The autoencoder (§2.1, Figure 3): 44.1 kHz stereo to 64 channels at 21.5 Hz and back.

Strided convolutions with ResNet-like dilated units, Snake with a trainable beta, weight norm everywhere, a variational
bottleneck, no tanh at the output. Module names are those of the public checkpoints. Knows nothing of diffusion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, softplus
from torch.nn.utils.parametrizations import weight_norm

from engine.errors import ShapeError
from engine.registry import AutoencoderConfig, OobleckConfig

AUDIO_CHANNELS = 2
IN_CACHE = 2**17
"""float32 values that fit in a core's L2 cache: half a megabyte."""


class Bottleneck(nn.Module):
    """The variational bottleneck: the encoder's 2 D channels are mean and (softplus) standard deviation."""

    def forward(self, moments: Tensor) -> tuple[Tensor, Tensor]:
        """Splits [B, 2 D, T] into mean and standard deviation, [B, D, T] each."""
        mean, scale = moments.chunk(2, dim=1)
        return mean, softplus(scale) + 1e-4

    @staticmethod
    def sample(mean: Tensor, std: Tensor, generator: torch.Generator) -> Tensor:
        """Draws latents from N(mean, std^2), with noise from the CPU: a seed gives the same result on every device."""
        noise = torch.randn(mean.shape, generator=generator, dtype=torch.float32)
        return mean + std * noise.to(mean)

    @staticmethod
    def kl(mean: Tensor, std: Tensor) -> Tensor:
        """KL divergence to N(0, 1), summed over channels, averaged over batch and time (§2.1, weight 1e-4)."""
        variance = std.square()
        return (mean.square() + variance - variance.log() - 1).sum(dim=1).mean()


class Autoencoder(nn.Module):
    """The base of all autoencoders: an encoder, the bottleneck, a decoder, and methods for whole takes."""

    encoder: nn.Module
    decoder: nn.Module
    alignment: int = 1
    """Chunks must start at multiples of this many latent frames."""

    def __init__(self, config: AutoencoderConfig, halo: int) -> None:
        super().__init__()
        self.config = config
        self.downsampling_ratio = config.downsampling_ratio
        self.latent_channels = config.latent_channels
        self.halo = halo
        """Receptive field: latent frames of context on either side that the output can depend on."""
        self.bottleneck = Bottleneck()

    def moments(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latents, [B, D, T] each, T = ceil(N / downsampling_ratio).

        Raises:
            ShapeError: if `audio` is not [B, 2, N].
        """
        if audio.ndim != 3 or audio.shape[1] != AUDIO_CHANNELS:
            raise ShapeError(f"The encoder takes audio [B, 2, N]; it got {list(audio.shape)}.")
        missing = -audio.shape[-1] % self.downsampling_ratio
        return self.bottleneck(self.encoder(pad(audio, (0, missing))))

    def encode(self, audio: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Turns a waveform into latents (§2.1): the mean, or a draw when a generator is given.

        Args:
            audio: [B, 2, N], nominally in [-1, 1]; padded with zeros to a multiple of `downsampling_ratio`.
            generator: source of the bottleneck's noise.

        Returns:
            [B, D, T] with T = ceil(N / downsampling_ratio).
        """
        mean, std = self.moments(audio)
        return mean if generator is None else self.bottleneck.sample(mean, std, generator)

    def decode(self, latents: Tensor) -> Tensor:
        """Turns latents into a waveform (§2.1).

        Args:
            latents: [B, D, T].

        Returns:
            [B, 2, N] with N = T * downsampling_ratio, nominally in [-1, 1], not clipped (no tanh).

        Raises:
            ShapeError: if D is not the model's latent width.
        """
        if latents.ndim != 3 or latents.shape[1] != self.latent_channels:
            raise ShapeError(
                f"The decoder takes latents [B, {self.latent_channels}, T]; it got {list(latents.shape)}."
            )
        return self.decoder(latents)

    def decode_inside(
        self, latents: Tensor, left: int, right: int, past: Tensor | None = None, tail: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """Decodes latents [B, D, T] and drops the audio of `left` and `right` frames of context.

        Args:
            latents: [B, D, T], context included.
            left: frames of context before; 0 only where the sound begins.
            right: frames of context after.
            past: what the call for the frames just before returned; None to begin anew.
            tail: of the context after, so many frames' audio is given too. The next call begins before it, and may
                have other latents from there on.

        Returns:
            The audio, and what the decoder has to remember for the frames that follow, if anything.
        """
        audio, ratio = self.decode(latents), self.downsampling_ratio
        return audio[..., left * ratio : audio.shape[-1] - (right - tail) * ratio], None

    def width_gradients(self) -> Tensor | None:
        """Gradient of each band's stereo width with respect to a latent frame, [K, D]; None if unknown."""

    def begin_with(self, audio: Tensor) -> None:
        """Initialises weights from statistics of audio [B, 2, N]; does nothing by default."""

    def decode_in_training(self, latents: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The decoded audio and an additional, network-specific loss (zero by default)."""
        return self.decode(latents), latents.new_zeros(())


class Snake(nn.Module):
    """y = x + sin^2(a x) / b with a trainable per-channel a and b, both stored as logarithms (§2.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """[B, E, N] to the same shape."""
        alpha, share = self.alpha.exp()[:, None], 1 / (self.beta.exp()[:, None] + 1e-9)
        if torch.is_grad_enabled() or x.device.type != "cpu":
            return torch.addcmul(x, (alpha * x).sin().square(), share)
        # A few channels at a time, so that the intermediate values stay in the cache: three times as fast.
        y, step = torch.empty_like(x), max(1, IN_CACHE // x.shape[-1])
        for part in (slice(first, first + step) for first in range(0, x.shape[1], step)):
            wave = (alpha[part] * x[:, part]).sin_().square_()
            torch.addcmul(x[:, part], wave, share[part], out=y[:, part])
        return y


class Layers(nn.Module):
    """A sequence under the name `layers`, as the public checkpoints nest it."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Runs the sequence."""
        return self.layers(x)


class ResidualUnit(Layers):
    """Two convolutions, the first dilated, with a skip connection around them."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(
            Snake(channels),
            _conv(channels, channels, 7, dilation=dilation, padding=3 * dilation),
            Snake(channels),
            _conv(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, E, N] to the same shape."""
        return x + self.layers(x)


class OobleckAutoencoder(Autoencoder):
    """The paper's autoencoder: 156.1 M parameters at its own configuration."""

    decoder: Layers

    def __init__(self, config: OobleckConfig) -> None:
        super().__init__(config, halo=_oobleck_halo(config))
        widths = [config.channels * m for m in (1, *config.multiples)]
        self.encoder = Layers(
            _conv(AUDIO_CHANNELS, config.channels, 7, padding=3),
            *(
                _encoder_block(width_in, width_out, stride)
                for width_in, width_out, stride in zip(
                    widths, widths[1:], config.strides, strict=False
                )
            ),
            Snake(widths[-1]),
            _conv(widths[-1], 2 * config.latent_channels, 3, padding=1),
        )
        rising = zip(widths[::-1], widths[-2::-1], config.strides[::-1], strict=False)
        self.decoder = Layers(
            _conv(config.latent_channels, widths[-1], 7, padding=3),
            *(
                _decoder_block(width_in, width_out, stride)
                for width_in, width_out, stride in rising
            ),
            Snake(widths[0]),
            _conv(widths[0], AUDIO_CHANNELS, 7, padding=3, bias=False),
        )
        self._first_stride = config.strides[-1]
        self._near = _reach(config.strides[-2::-1], self._first_stride)

    def decode_inside(
        self, latents: Tensor, left: int, right: int, past: Tensor | None = None, tail: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """As in the base class, but drops most of the context after the first block: only that one needs it."""
        right -= tail
        x = self.decoder.layers[:2](latents)
        spare_left, spare_right = max(left - self._near, 0), max(right - self._near, 0)
        x = x[..., spare_left * self._first_stride : x.shape[-1] - spare_right * self._first_stride]
        audio, ratio = self.decoder.layers[2:](x), self.downsampling_ratio
        left, right = left - spare_left, right - spare_right
        return audio[..., left * ratio : audio.shape[-1] - right * ratio], None


def _encoder_block(width_in: int, width_out: int, stride: int) -> nn.Module:
    """Dilated units at the input's rate, then the strided convolution down."""
    return Layers(
        *(ResidualUnit(width_in, dilation) for dilation in (1, 3, 9)),
        Snake(width_in),
        _conv(width_in, width_out, 2 * stride, stride=stride, padding=math.ceil(stride / 2)),
    )


def _decoder_block(width_in: int, width_out: int, stride: int) -> nn.Module:
    """The transposed convolution up, then dilated units at the output's rate."""
    up = nn.ConvTranspose1d(width_in, width_out, 2 * stride, stride, math.ceil(stride / 2))
    units = (ResidualUnit(width_out, dilation) for dilation in (1, 3, 9))
    return Layers(Snake(width_in), weight_norm(up), *units)


def _conv(width_in: int, width_out: int, kernel: int, **shape: int | bool) -> nn.Module:
    return weight_norm(nn.Conv1d(width_in, width_out, kernel, **shape))  # pyright: ignore[reportArgumentType]


def _oobleck_halo(config: OobleckConfig) -> int:
    """Latent frames of context that the decoder needs on either side (the encoder needs no more)."""
    return 3 + _reach(config.strides[::-1])


def _reach(strides: Sequence[int], rate: int = 1) -> int:
    """Latent frames of context that decoder blocks need; they start from `rate` steps per latent frame."""
    reach, units = 0.0, 3 * (1 + 3 + 9)
    for stride in strides:
        rate *= stride
        reach += (units + stride) / rate
    return math.ceil(reach + 3 / rate) + 1
