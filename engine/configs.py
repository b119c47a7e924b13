"""The shapes of all networks and models as frozen dataclasses.

A configuration has a field only where two registered models differ (a test checks this); what all models share is in
the network itself. Knows nothing of torch, files, or which models exist (registry.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

SAMPLE_RATE = 44_100


@dataclass(frozen=True, slots=True, kw_only=True)
class OobleckConfig:
    """The paper's waveform autoencoder (§2.1): strided convolutions with dilated residual units and Snake."""

    channels: int
    multiples: tuple[int, ...]
    strides: tuple[int, ...]
    latent_channels: int

    @property
    def downsampling_ratio(self) -> int:
        """Audio samples per latent frame."""
        return prod(self.strides)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralConfig:
    """The small autoencoder: ConvNeXt blocks between an STFT and its inverse, with the paper's bottleneck."""

    window: int
    hop: int
    width: int
    depth: int
    """ConvNeXt blocks of the decoder, half of them at the latent rate and half at the STFT's."""
    stride: int
    latent_channels: int

    @property
    def downsampling_ratio(self) -> int:
        """Audio samples per latent frame."""
        return self.hop * self.stride


@dataclass(frozen=True, slots=True, kw_only=True)
class SameConfig:
    """SAME, the autoencoders of Stable Audio 3: transformers over patches of 256 samples, 16 per latent frame."""

    width: int
    depth: int
    folded: bool
    """Whether attention is within pairs of latent frames; otherwise it reaches one frame to either side."""
    sine_layers: int
    """How many of the decoder's last blocks use a sine as gate activation."""
    mapping_kernel: int
    """Kernel size of the convolution from the decoder's tokens to patches."""
    mask_noise: float
    """Standard deviation of the noise that the reference adds to the decoder's learned tokens."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent frame."""
        return 256

    @property
    def downsampling_ratio(self) -> int:
        """Audio samples in one latent frame."""
        return 4096


AutoencoderConfig = OobleckConfig | SpectralConfig | SameConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class DiTConfig:
    """The diffusion transformer (§2.2)."""

    latent_channels: int
    width: int
    depth: int
    heads: int
    frames_per_token: int
    """Latent frames per token: more make long takes cheaper, since attention is quadratic in tokens."""
    cross_width: int
    """Width of the conditioning tokens."""
    project_cross: bool
    """Whether cross tokens are projected to `width`; otherwise they serve as grouped keys and values."""
    grid: bool
    """Whether a frame-wise grid is added to the tokens: metre, place in the piece, and score."""
    mask_cross: bool
    """Whether the prompt's padding is masked out; the public code attends to it."""
    qk_norm: bool
    """Whether queries and keys are layer-normalized."""
    pooled_text: bool = False
    """Whether the mean of the text tokens is also added to every music token, like a class embedding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveDiTConfig:
    """The diffusion transformer of Stable Audio 3: time and length modulate every block. Heads have 64 dimensions."""

    width: int
    depth: int
    differential: bool
    """Whether attention is differential: the difference of two attentions."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent frame."""
        return 256

    @property
    def cross_width(self) -> int:
        """Width of the conditioning tokens."""
        return 768

    @property
    def frames_per_token(self) -> int:
        """Latent frames per token."""
        return 1

    @property
    def grid(self) -> bool:
        """Whether the model has a metre grid: these do not."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The text encoder whose hidden states are the prompt's cross-attention tokens (§2.4)."""

    encoder: Literal["clap", "minilm", "t5", "t5gemma"]
    max_tokens: int
    width: int
    learned_padding: bool = False
    """Whether prompts are padded with a trained vector rather than zeros."""
    encoded_padding: bool = False
    """Whether padding has the encoder's hidden states rather than zeros, as CLAP's has in the public code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberConfig:
    """A number conditioner (timing, §2.2): clamped to [low, high], scaled to [0, 1], Fourier features, linear."""

    name: str
    low: float
    high: float
    learned: bool = True
    """Whether the frequencies are trained; otherwise they are fixed, as in Stable Audio 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditioningConfig:
    """The conditioners of a model: text and numbers by cross-attention, numbers also prepended (§2.2)."""

    text: TextConfig
    numbers: tuple[NumberConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """A model's values for what a spec leaves at None."""

    seconds_total: float
    steps: int
    cfg_scale: float
    sampler: str
    init_noise_level: float
    cfg_interval: tuple[float, float] = (0.0, 1.0)
    from_noise: Literal["monotone", "reference"] = "reference"
    """The schedule from pure noise, where a spec does not ask for the reference."""
    apg: float = 0.0
    """Adaptive projected guidance, in [0, 1]: how much of the parallel component is removed (samplers/guidance.py)."""
    live_steps: int = 8
    """Denoising steps of a hop of a live stream; no more than `steps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model: its networks, window, defaults and licence."""

    name: str
    title: str
    licence: str
    weights: Literal["embedded", "own training", "public"]
    latent_frames: int
    """Length of the window (§2.3) in latent frames."""
    objective: Literal["v", "rectified-flow"]
    autoencoder: AutoencoderConfig
    dit: DiTConfig | AdaptiveDiTConfig
    conditioning: ConditioningConfig
    defaults: Defaults
    headroom: float | None = 1.0
    """Seconds generated beyond the take, for its ending to ring out; None fills the window (§2.3)."""

    reference: Literal["k-diffusion", "stable-audio-tools", "stable-audio-3"] = "k-diffusion"
    """The noise levels of the model's public code, in samplers/schedules.py."""
    repository: str = ""
    """Repository of the public weights on the Hugging Face Hub: owner/name."""

    @property
    def monotone(self) -> str:
        """Noise levels that fall from every start, in samplers/schedules.py."""
        return "logistic" if self.objective == "v" else "log-snr"

    @property
    def sample_rate(self) -> int:
        """Audio frames per second, Hz."""
        return SAMPLE_RATE

    @property
    def latent_rate(self) -> float:
        """Latent frames per second, Hz."""
        return SAMPLE_RATE / self.autoencoder.downsampling_ratio

    @property
    def max_seconds(self) -> float:
        """The longest take, s."""
        return self.latent_frames * self.autoencoder.downsampling_ratio / SAMPLE_RATE
