"""The embedded model's autoencoder: the paper's bottleneck and latent rate, between an STFT and its inverse.

On a CPU, a waveform network costs twelve times as much per second of audio. Here the encoder is a linear map of the log
magnitudes of mid and side; the decoder is the inverse map, corrected by ConvNeXt blocks. Phases for the inverse STFT
are integrated from the magnitudes; high up, where no pitch is left to follow, they are the network's. Knows nothing of
diffusion.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, one_hot, pad

from engine.autoencoder import Autoencoder
from engine.registry import SAMPLE_RATE, SpectralConfig
from engine.sound.phases import integrated

KERNEL = 7
LOUDEST = 6.0
"""Natural logarithm of the largest magnitude that the decoder can output."""
QUIETEST = 1e-4
"""Noise floor: magnitudes below it are treated as silence."""
PITCHED = 4000.0
"""Up to this frequency, in Hz, phases are integrated from the magnitudes; above, the network's noise is the better."""
BANDS = (30.0, 200.0, 2000.0)
"""Lower limits of bass, middle and treble, Hz: the bands whose stereo widths are measured."""


class SpectralAutoencoder(Autoencoder):
    """STFT of mid and side -> linear map -> bottleneck -> ConvNeXt at the latent rate, then at the STFT's -> ISTFT."""

    def __init__(self, config: SpectralConfig) -> None:
        # The receptive field in latent frames: the blocks at both rates, and the overlap of the STFT's windows.
        reach = KERNEL // 2 * (config.depth // 2)
        coarse = KERNEL // 2 * (config.depth - config.depth // 2)
        super().__init__(
            config, halo=coarse - (-(reach + config.window // config.hop) // config.stride)
        )
        self.encoder: SpectralEncoder = SpectralEncoder(config)
        self.decoder: SpectralDecoder = SpectralDecoder(config)

    @torch.no_grad()
    def begin_with(self, audio: Tensor) -> None:
        """Initialises the linear maps with principal components of the audio's weighted log magnitudes.

        From random weights, training finds the components one by one, and those for pitch only after days.

        Args:
            audio: [B, 2, N], enough for a few thousand latent frames.
        """
        stride = self.encoder.stride
        vectors = log_magnitudes(self.encoder.stft(mid_side(audio)), stride).flatten(0, 1)
        mean, ear = vectors.mean(0), self.decoder.ear.sqrt().repeat(2 * stride)
        centred = (vectors - mean) * ear
        with torch.random.fork_rng(devices=[]):
            # pca_lowrank takes no generator; a fixed seed makes the result depend on the audio alone.
            torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
            _, values, components = torch.pca_lowrank(centred, self.latent_channels, niter=4)
        # Half way between raw and whitened scores: a small transformer should concentrate on the most audible
        # components without losing the last ones.
        spread = values / len(vectors) ** 0.5
        scale = (spread * spread.mean()).sqrt()
        to_latents = (components * ear[:, None] / scale).T
        self.encoder.spine.weight.copy_(to_latents)
        self.encoder.spine.bias.copy_(-to_latents @ mean)
        self.decoder.spine.weight.copy_(components * scale / ear[:, None])
        self.decoder.spine.bias.copy_(mean)

    def width_gradients(self) -> Tensor:
        """Gradient of the side-to-mid level in bass, middle and treble with respect to a latent frame, [3, D].

        Levels are the log magnitudes of the linear map, perceptually weighted per bin.
        """
        stft, ear = self.decoder.stft, self.decoder.ear
        mid, side = self.decoder.spine.weight.unflatten(0, (2, -1, stft.bins)).mean(dim=1)
        frequencies = torch.arange(stft.bins) * (SAMPLE_RATE / stft.length)
        band = torch.bucketize(frequencies, torch.tensor(BANDS), right=True).to(ear.device)
        shares = ear[:, None] * one_hot(band, len(BANDS) + 1)[:, 1:]
        return (shares / shares.sum(dim=0)).T @ (side - mid)

    def decode_inside(
        self, latents: Tensor, left: int, right: int, past: Tensor | None = None, tail: int = 0
    ) -> tuple[Tensor, Tensor | None]:
        """As in the base class; remembers the phases of the last frame that the next span does not decode again."""
        return self.decoder.inside(latents, (left, right, tail), past)

    def decode_in_training(self, latents: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The audio with the target's phases up to `PITCHED`, and the distance of the magnitudes from the target's.

        Nothing is learnt of phases that are integrated, and with others than the target's the audio gives little
        gradient for magnitudes. These are also compared directly: the mean absolute difference of log magnitudes,
        perceptually weighted per bin.
        """
        log_magnitude, phase = self.decoder.head(latents)
        with torch.no_grad():
            spectrum = self.decoder.stft(mid_side(target))
            wanted = spectrum.abs()
        pitched = self.decoder.pitched
        phase = torch.cat((spectrum[..., :pitched].angle(), phase[..., pitched:]), dim=-1)
        difference = (log_magnitude.exp() + QUIETEST).log() - (wanted + QUIETEST).log()
        own_loss = (difference.abs() * self.decoder.ear).mean()
        return self.decoder.synthesis(log_magnitude, phase), own_loss


class SpectralEncoder(nn.Module):
    """[B, 2, N] audio to [B, 2 D, T] moments: a linear map of log magnitudes, and one deviation per channel."""

    def __init__(self, config: SpectralConfig) -> None:
        super().__init__()
        self.stride = config.stride
        self.stft = ShortTimeFourier(config.window, config.hop)
        self.spine = nn.Linear(config.stride * 2 * self.stft.bins, config.latent_channels)
        # A small initial deviation (0.13): with the usual 0.7 the decoder first learns to ignore the latents.
        self.scale = nn.Parameter(torch.full((config.latent_channels,), -2.0))

    def forward(self, audio: Tensor) -> Tensor:
        """N must be a multiple of hop * stride."""
        mean = self.spine(log_magnitudes(self.stft(mid_side(audio)), self.stride))
        return torch.cat((mean, self.scale.expand_as(mean)), dim=-1).transpose(1, 2)


class SpectralDecoder(nn.Module):
    """[B, D, T] latents to [B, 2, N] audio."""

    ear: Tensor
    steady: Tensor

    def __init__(self, config: SpectralConfig) -> None:
        super().__init__()
        self.stft = ShortTimeFourier(config.window, config.hop)
        fine, coarse = config.depth // 2, config.depth - config.depth // 2
        self.spine = nn.Linear(config.latent_channels, config.stride * 2 * self.stft.bins)
        self.project_in = nn.Linear(config.latent_channels, config.width)
        self.norm_in = nn.LayerNorm(config.width)
        self.coarse = nn.Sequential(*(ConvNeXt(config.width) for _ in range(coarse)))
        self.up = nn.Linear(config.width, config.stride * config.width)
        self.fine = nn.Sequential(*(ConvNeXt(config.width) for _ in range(fine)))
        self.norm = nn.LayerNorm(config.width)
        self.project_out = nn.Linear(config.width, 4 * self.stft.bins)
        # Perceptual weight: a bin's width on a scale that is linear below 500 Hz and logarithmic above; the mean is 1.
        density = 1 / (1 + torch.arange(self.stft.bins) * (SAMPLE_RATE / config.window / 500))
        self.register_buffer("ear", density / density.mean(), persistent=False)
        _without_biases(self)
        nn.init.zeros_(self.project_out.weight[: 2 * self.stft.bins])
        # Phase advance of a steady tone at each bin's centre, from frame to frame and from bin to bin.
        turn = torch.arange(config.stride)[:, None] * config.hop / config.window + 0.5
        turns = (turn * torch.arange(self.stft.bins)) % 1
        self.register_buffer("steady", 2 * torch.pi * turns, persistent=False)
        self.stride = config.stride
        self.pitched = math.ceil(PITCHED * config.window / SAMPLE_RATE)

    def forward(self, latents: Tensor) -> Tensor:
        """N = T * hop * stride."""
        return self.inside(latents, (0, 0, 0), None)[0]

    def inside(
        self, latents: Tensor, around: tuple[int, int, int], past: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The audio without that of the latent frames of context, and its past for the next span.

        Args:
            latents: [B, D, T].
            around: frames of context before and after, and how many of those after are given too.
            past: [B, 2, pitched], the phases of the frame before those that the inverse STFT needs.
        """
        log_magnitude, phase = self.head(latents)
        total, reach = phase.shape[2], self.stft.reach
        left, right, tail = (frames * self.stride for frames in around)
        start, stop = left, total - right
        first, last = max(start - reach, 0), min(stop + tail + reach, total)
        known = self._integrated(log_magnitude, first, last, past)
        # The frame before the first that the next span integrates.
        before = stop - reach - 1
        past = known[:, :, before - first] if before >= 0 else None
        known = known.float().to(phase.device)
        phase = torch.cat((known, phase[:, :, first:last, self.pitched :]), dim=-1)
        audio = self.synthesis(log_magnitude[:, :, first:last], phase)
        hop = self.stft.hop
        return audio[..., (start - first) * hop : (stop + tail - first) * hop], past

    def _integrated(
        self, log_magnitude: Tensor, first: int, last: int, past: Tensor | None
    ) -> Tensor:
        """Phases [B, 2, last - first, pitched] float64 of frames first..last."""
        frames = torch.arange(first - 1, last + 1).clamp(0, log_magnitude.shape[2] - 1)
        near = log_magnitude.detach()[:, :, frames.to(log_magnitude.device), : self.pitched]
        phases = integrated(
            near.flatten(0, 1).cpu().double().numpy(),
            self.stft.length,
            self.stft.hop,
            None if past is None else past.flatten(0, 1).numpy(),
        )
        return torch.from_numpy(phases).unflatten(0, near.shape[:2])

    def head(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithms of magnitudes, and phases, of mid and side: [B, 2, F, bins] float32 each."""
        tokens = self.coarse(self.norm_in(self.project_in(latents.transpose(1, 2))))
        frames = self.up(tokens).reshape(tokens.shape[0], -1, tokens.shape[2])
        head = self.project_out(self.norm(self.fine(frames))).float()
        parts = head.unflatten(2, (2, 2, self.stft.bins)).permute(2, 0, 3, 1, 4)
        spine = self.spine(latents.transpose(1, 2)).float()
        spine = spine.unflatten(2, (2, -1, self.stft.bins)).permute(0, 2, 1, 3, 4).flatten(2, 3)
        steady = self.steady.repeat(latents.shape[-1], 1)
        return (parts[0] + spine).clamp(max=LOUDEST), parts[1] + steady

    def synthesis(self, log_magnitude: Tensor, phase: Tensor) -> Tensor:
        """The audio [B, 2, N] of a mid/side spectrum above 32 Hz: some training recordings had a DC offset."""
        magnitude = torch.cat(
            (torch.zeros_like(log_magnitude[..., :2]), log_magnitude[..., 2:].exp()), dim=-1
        )
        return mid_side(self.stft.inverse(torch.polar(magnitude, phase)))


def log_magnitudes(spectrum: Tensor, stride: int) -> Tensor:
    """Log magnitudes of a spectrum, grouped by latent frame: [B, T, 2 * stride * bins]."""
    logarithms = (spectrum.abs() + QUIETEST).log()  # [B, 2, F, bins]
    return logarithms.unflatten(2, (-1, stride)).permute(0, 2, 1, 3, 4).flatten(2)


def _without_biases(network: nn.Module) -> None:
    """Sets biases to zero: torch's defaults are larger than the signal in the first blocks."""
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d)) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


class ConvNeXt(nn.Module):
    """Depthwise convolution over time, then a two-layer perceptron per frame, with a skip connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.rise = nn.Linear(width, 3 * width)
        self.fall = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        """[B, F, E] to the same shape."""
        y = self.time(x.transpose(1, 2)).transpose(1, 2)
        y = layer_norm(y, y.shape[-1:], self.norm.weight, self.norm.bias)
        return x + self.scale * self.fall(gelu(self.rise(y)))


class ShortTimeFourier(nn.Module):
    """A Hann STFT with exactly N / hop frames, in which a full-scale sine has magnitude 1, and its exact inverse."""

    window: Tensor

    def __init__(self, length: int, hop: int) -> None:
        super().__init__()
        self.length, self.hop, self.bins = length, hop, length // 2 + 1
        self.register_buffer("window", torch.hann_window(length), persistent=False)

    @property
    def reach(self) -> int:
        """Frames on either side that share samples with a frame's hop."""
        return -(-self.margin // self.hop)

    @property
    def margin(self) -> int:
        """Zero padding on either side, which centres each frame on its hop."""
        return (self.length - self.hop) // 2

    def forward(self, audio: Tensor) -> Tensor:
        """[B, C, N] to complex [B, C, N / hop, bins]."""
        frames = pad(audio.float(), (self.margin, self.margin)).unfold(-1, self.length, self.hop)
        return torch.fft.rfft(frames * self.window) / (self.length / 4)

    def inverse(self, spectrum: Tensor) -> Tensor:
        """Complex [B, C, F, bins] to [B, C, F * hop], by weighted overlap-add."""
        frames = torch.fft.irfft(spectrum * (self.length / 4), n=self.length) * self.window
        envelope = self._overlap_add(self.window.square().expand(1, 1, spectrum.shape[2], -1))
        audio = self._overlap_add(frames) / envelope.clamp(min=1e-3)
        return audio[..., self.margin : self.margin + spectrum.shape[2] * self.hop]

    def _overlap_add(self, frames: Tensor) -> Tensor:
        """[B, C, F, length] to [B, C, (F - 1) * hop + length], in hop-sized pieces."""
        pieces = self.length // self.hop
        count = frames.shape[2]
        parts = frames.unflatten(-1, (pieces, self.hop))
        shifted = [pad(parts[..., k, :], (0, 0, k, pieces - 1 - k)) for k in range(pieces)]
        return (
            torch.stack(shifted).sum(0).reshape(*frames.shape[:2], (count + pieces - 1) * self.hop)
        )


def mid_side(audio: Tensor) -> Tensor:
    """Left and right to mid and side, [B, 2, N]; its own inverse."""
    left, right = audio.unbind(1)
    return torch.stack((left + right, left - right), dim=1) * 0.5**0.5
