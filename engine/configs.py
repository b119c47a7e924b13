"""The shapes of all networks and models as frozen dataclasses.

A field of a configuration is here only because two registered models differ in it (a test says so); what all models
share stands in the network itself. Knows nothing of torch, files, or which models there are (registry.py).
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
        """Audio samples in one latent frame."""
        return prod(self.strides)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralConfig:
    """The small autoencoder: ConvNeXt blocks between an STFT and its inverse, behind the paper's bottleneck."""

    window: int
    hop: int
    width: int
    depth: int
    """ConvNeXt blocks of the decoder, half of them at either rate."""
    stride: int
    latent_channels: int

    @property
    def downsampling_ratio(self) -> int:
        """Audio samples in one latent frame."""
        return self.hop * self.stride


@dataclass(frozen=True, slots=True, kw_only=True)
class SameConfig:
    """SAME, the autoencoders of Stable Audio 3: transformers over patches of 256 samples, 16 to a latent frame."""

    width: int
    depth: int
    folded: bool
    """Whether tokens see their pair of latent frames only; otherwise they see one frame to either side."""
    sine_layers: int
    """How many of the decoder's last blocks have a sine for their gate."""
    mapping_kernel: int
    """Of the convolution from the decoder's tokens to patches."""
    mask_noise: float
    """Standard deviation of the noise with which the reference decodes, on the decoder's learned tokens."""

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
    """Latent frames in one token: more makes long takes cheaper, since attention is quadratic in tokens."""
    cross_width: int
    """Width of the conditioning tokens as the conditioners give them."""
    project_cross: bool
    """Whether cross tokens are mapped to `width` first; otherwise they serve as grouped keys and values."""
    grid: bool
    """Whether a frame-wise metre grid (beat and bar phase) is added to the tokens, so that tempo is exact."""
    mask_cross: bool
    """Whether pads of the prompt are left out of the attention; the public models attend to them, as zeros."""
    qk_norm: bool
    """Whether queries and keys are layer-normalized."""
    pooled_text: bool = False
    """Whether the mean of the text's tokens is added to every token of the music too: the words as one class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveDiTConfig:
    """The diffusion transformer of Stable Audio 3: time and length modulate every block. Heads are 64 wide."""

    width: int
    depth: int
    differential: bool
    """Whether attention is the difference of two."""

    @property
    def latent_channels(self) -> int:
        """Channels of a latent frame."""
        return 256

    @property
    def cross_width(self) -> int:
        """Width of the conditioning tokens as the conditioners give them."""
        return 768

    @property
    def frames_per_token(self) -> int:
        """Latent frames in one token."""
        return 1

    @property
    def grid(self) -> bool:
        """Whether the model has a metre grid: none was trained with one."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The text encoder whose hidden states are the prompt's cross-attention tokens (§2.4)."""

    encoder: Literal["clap", "minilm", "t5", "t5gemma"]
    max_tokens: int
    width: int
    learned_padding: bool = False
    """Whether a prompt is filled up with a trained vector rather than zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberConfig:
    """A number conditioner (timing, §2.2): clamped to [low, high], scaled to [0, 1], Fourier features, linear."""

    name: str
    low: float
    high: float
    learned: bool = True
    """Whether the frequencies are trained; otherwise they are the fixed ones of Stable Audio 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditioningConfig:
    """Which conditioners a model has: text and numbers by cross-attention, numbers also prepended (§2.2)."""

    text: TextConfig
    numbers: tuple[NumberConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a spec's None means for a model."""

    seconds_total: float
    steps: int
    cfg_scale: float
    sampler: str
    init_noise_level: float
    apg: float = 0.0
    """How much of guidance's push along the estimate itself is left out (samplers/guidance.py), in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model of the family: its networks, its window, its defaults, its licence."""

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
    """How much more than the take is generated, s, for its ending to ring out in; None fills the window (§2.3)."""

    repository: str = ""
    """Where the hub has public weights, as owner/name."""

    @property
    def sample_rate(self) -> int:
        """Audio frames in a second, Hz."""
        return SAMPLE_RATE

    @property
    def latent_rate(self) -> float:
        """Latent frames in a second, Hz."""
        return SAMPLE_RATE / self.autoencoder.downsampling_ratio

    @property
    def max_seconds(self) -> float:
        """The longest take, s."""
        return self.latent_frames * self.autoencoder.downsampling_ratio / SAMPLE_RATE
