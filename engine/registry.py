"""The models: every network's shape and defaults as frozen dataclasses, and the table `MODELS`.

Knows nothing of torch or files: the panel reads it at once. A field of a configuration is here only because two
registered models differ in it (a test says so); what all models share stands in the network itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from engine.errors import SpecError, choices

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
    encoder_depth: int
    decoder_depth: int
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
    def grid(self) -> bool:
        """Whether the model has a metre grid: none was trained with one."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The text encoder whose hidden states are the prompt's cross-attention tokens (§2.4)."""

    encoder: Literal["clap", "minilm"]
    max_tokens: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberConfig:
    """A number conditioner (timing, §2.2): clamped to [low, high], scaled to [0, 1], Fourier features, linear."""

    name: str
    low: float
    high: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model of the family: its networks, its window, its defaults, its licence."""

    name: str
    title: str
    licence: str
    weights: Literal["embedded", "own training"]
    latent_frames: int
    """Length of the window (§2.3) in latent frames."""
    objective: Literal["v", "rectified-flow"]
    autoencoder: AutoencoderConfig
    dit: DiTConfig
    conditioning: ConditioningConfig
    defaults: Defaults
    headroom: float | None = 1.0
    """How much more than the take is generated, s, for its ending to ring out in; None fills the window (§2.3)."""

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


TIMING = (
    NumberConfig(name="seconds_start", low=0.0, high=512.0),
    NumberConfig(name="seconds_total", low=0.0, high=512.0),
)

STABLE_AUDIO_2 = ModelSpec(
    name="stable-audio-2",
    title="The paper's own configuration: for training your own",
    licence="no public weights",
    weights="own training",
    latent_frames=6144,
    objective="v",
    autoencoder=OobleckConfig(
        channels=128, multiples=(1, 2, 4, 8, 16), strides=(2, 4, 4, 8, 8), latent_channels=64
    ),
    dit=DiTConfig(
        latent_channels=64,
        width=1536,
        depth=24,
        heads=24,
        frames_per_token=1,
        cross_width=768,
        project_cross=False,
        grid=False,
        mask_cross=True,
        qk_norm=False,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="clap", max_tokens=77, width=768), numbers=TIMING
    ),
    # Paper §3: DPM-Solver++, 100 steps, guidance 7.
    defaults=Defaults(
        seconds_total=190.0, steps=100, cfg_scale=7.0, sampler="dpmpp-2m", init_noise_level=0.7
    ),
    headroom=None,
)

SKETCH = ModelSpec(
    name="sketch",
    title="The embedded model: small, quick on two CPU cores, trained by this project",
    licence="MIT",
    weights="embedded",
    latent_frames=6144,
    objective="v",
    autoencoder=SpectralConfig(
        window=2048,
        hop=512,
        width=384,
        encoder_depth=4,
        decoder_depth=8,
        stride=4,
        latent_channels=64,
    ),
    dit=DiTConfig(
        latent_channels=64,
        width=320,
        depth=6,
        heads=5,
        frames_per_token=4,
        cross_width=384,
        project_cross=True,
        grid=True,
        mask_cross=True,
        qk_norm=False,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="minilm", max_tokens=64, width=384), numbers=TIMING
    ),
    defaults=Defaults(
        seconds_total=30.0, steps=24, cfg_scale=4.0, sampler="dpmpp-2m", init_noise_level=0.6
    ),
)

MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in (SKETCH, STABLE_AUDIO_2)}


def model_spec(name: str) -> ModelSpec:
    """The registered model of that name.

    Raises:
        SpecError: naming the registered models.
    """
    if name not in MODELS:
        raise SpecError(f"Unknown model {name!r}; choose {choices(MODELS)}.")
    return MODELS[name]
