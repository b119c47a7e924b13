"""The models: the table `MODELS`, with the shapes of all networks and all defaults, and the user's own fine-tunes.

The dataclasses are in configs.py. Knows nothing of torch or weights, so that the panel can read it without delay.
"""

from __future__ import annotations

from dataclasses import replace

from engine.configs import (
    SAMPLE_RATE,
    AdaptiveDiTConfig,
    AutoencoderConfig,
    ConditioningConfig,
    Defaults,
    DiTConfig,
    ModelSpec,
    NumberConfig,
    OobleckConfig,
    SameConfig,
    SpectralConfig,
    TextConfig,
)
from engine.errors import SpecError, choices, nearest
from engine.model_files import own_models

__all__ = [
    "MODELS",
    "SAMPLE_RATE",
    "AdaptiveDiTConfig",
    "AutoencoderConfig",
    "ConditioningConfig",
    "Defaults",
    "DiTConfig",
    "ModelSpec",
    "NumberConfig",
    "OobleckConfig",
    "SameConfig",
    "SpectralConfig",
    "TextConfig",
    "all_models",
    "model_spec",
    "public_models",
    "require_public",
]

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
        mask_cross=False,
        qk_norm=False,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="clap", max_tokens=77, width=768, encoded_padding=True),
        numbers=TIMING,
    ),
    # Paper §3: DPM-Solver++, 100 steps, guidance 7.
    defaults=Defaults(
        seconds_total=190.0, steps=100, cfg_scale=7.0, sampler="dpmpp-2m", init_noise_level=0.7
    ),
    headroom=None,
)

SKETCH = ModelSpec(
    name="sketch",
    title="The embedded model: small, fast on two CPU cores, trained by this project",
    licence="MIT",
    weights="embedded",
    latent_frames=6144,
    objective="v",
    autoencoder=SpectralConfig(
        window=2048,
        hop=512,
        width=384,
        depth=8,
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
        pooled_text=True,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="minilm", max_tokens=64, width=384),
        numbers=TIMING,
    ),
    defaults=Defaults(
        seconds_total=30.0,
        steps=24,
        cfg_scale=6.0,
        cfg_interval=(0.5, 1.0),
        sampler="dpmpp-2m",
        init_noise_level=0.7,
        from_noise="monotone",
        apg=1.0,
        # Over ten beatboxes and three hummed tunes, 2 to 8 steps keep rhythm, tune and timbre alike.
        live_steps=3,
    ),
)

SKETCH_SMOKE = replace(
    SKETCH,
    name="sketch-smoke",
    title="The embedded model with a tiny transformer: tests the training in minutes",
    weights="own training",
    latent_frames=128,
    dit=replace(SKETCH.dit, width=64, depth=2, heads=2),
)
"""Nobody's choice, so it is not among `MODELS`."""

STABILITY_LICENCE = (
    "Stability AI Community License: free for people and companies with less than US$ 1 M of yearly revenue, "
    "who show 'Powered by Stability AI' (stability.ai/license)"
)
GEMMA_TERMS = "its text encoder is under the Gemma Terms of Use (ai.google.dev/gemma/terms)"

OOBLECK = STABLE_AUDIO_2.autoencoder

STABLE_AUDIO_OPEN_1_0 = ModelSpec(
    name="stable-audio-open-1.0",
    title="Up to 47 s of sound and music, 1.06 B parameters",
    licence=STABILITY_LICENCE,
    weights="public",
    repository="stabilityai/stable-audio-open-1.0",
    latent_frames=1024,
    objective="v",
    autoencoder=OOBLECK,
    dit=DiTConfig(
        latent_channels=64,
        width=1536,
        depth=24,
        heads=24,
        frames_per_token=1,
        cross_width=768,
        project_cross=False,
        grid=False,
        mask_cross=False,
        qk_norm=False,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="t5", max_tokens=128, width=768),
        numbers=TIMING,
    ),
    defaults=Defaults(
        seconds_total=47.0, steps=100, cfg_scale=7.0, sampler="dpmpp-3m-sde", init_noise_level=0.8
    ),
    headroom=None,
)

STABLE_AUDIO_OPEN_SMALL = ModelSpec(
    name="stable-audio-open-small",
    title="Up to 11 s, fast, made for phones: 341 M parameters, 8 steps",
    licence=STABILITY_LICENCE,
    weights="public",
    repository="stabilityai/stable-audio-open-small",
    latent_frames=256,
    objective="rectified-flow",
    reference="stable-audio-tools",
    autoencoder=OOBLECK,
    dit=DiTConfig(
        latent_channels=64,
        width=1024,
        depth=16,
        heads=8,
        frames_per_token=1,
        cross_width=768,
        project_cross=True,
        grid=False,
        mask_cross=False,
        qk_norm=True,
    ),
    conditioning=ConditioningConfig(
        text=TextConfig(encoder="t5", max_tokens=64, width=768),
        numbers=(NumberConfig(name="seconds_total", low=0.0, high=256.0),),
    ),
    defaults=Defaults(
        seconds_total=11.0, steps=8, cfg_scale=1.0, sampler="ping-pong", init_noise_level=0.8
    ),
    headroom=None,
)

SAME_S = SameConfig(
    width=768, depth=6, folded=True, sine_layers=0, mapping_kernel=3, mask_noise=0.01
)
SAME_L = SameConfig(
    width=1536, depth=12, folded=False, sine_layers=7, mapping_kernel=1, mask_noise=0.1
)


def _stable_audio_3(size: str, what: str, base: bool) -> ModelSpec:
    """A Stable Audio 3 model; base models are for guidance and fine-tuning, the others need eight steps only."""
    medium = size == "medium"
    name = f"stable-audio-3-{size}{'-base' if base else ''}"
    return ModelSpec(
        name=name,
        title=f"{what}{' (base model, not distilled: uses guidance)' if base else ''}",
        licence=f"{STABILITY_LICENCE}; {GEMMA_TERMS}",
        weights="public",
        repository=f"stabilityai/{name}",
        latent_frames=4096 if medium else 1292,
        objective="rectified-flow",
        reference="stable-audio-3",
        autoencoder=SAME_L if medium else SAME_S,
        dit=(
            AdaptiveDiTConfig(width=1536, depth=24, differential=True)
            if medium
            else AdaptiveDiTConfig(width=1024, depth=20, differential=False)
        ),
        conditioning=ConditioningConfig(
            text=TextConfig(encoder="t5gemma", max_tokens=256, width=768, learned_padding=True),
            numbers=(NumberConfig(name="seconds_total", low=0.0, high=384.0, learned=False),),
        ),
        defaults=Defaults(
            seconds_total=120.0,
            steps=50 if base else 8,
            cfg_scale=7.0 if base else 1.0,
            sampler="euler" if base else "ping-pong",
            init_noise_level=0.8,
            apg=1.0,
        ),
        headroom=6.0,
    )


STABLE_AUDIO_3 = tuple(
    _stable_audio_3(size, what, base)
    for size, what in (
        ("medium", "Up to 380 s of music and sound, 1.45 B parameters, for a GPU"),
        ("small-music", "Up to 120 s of music, 459 M parameters"),
        ("small-sfx", "Up to 120 s of sound effects, 459 M parameters"),
    )
    for base in (False, True)
)

MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        SKETCH,
        STABLE_AUDIO_2,
        *STABLE_AUDIO_3,
        STABLE_AUDIO_OPEN_1_0,
        STABLE_AUDIO_OPEN_SMALL,
    )
}


def all_models() -> dict[str, ModelSpec]:
    """`MODELS`, and the user's own fine-tunes under their names, as they lie in the folder of models now."""
    own = {
        name: replace(MODELS[base], name=name, title=f"Your own, made from {base}")
        for name, base in own_models().items()
        if base in MODELS and name not in MODELS
    }
    return MODELS | own


def model_spec(name: str) -> ModelSpec:
    """The model of that name, registered or the user's own.

    Raises:
        SpecError: if there is none; names those there are.
    """
    if name == SKETCH_SMOKE.name:
        return SKETCH_SMOKE
    if name in MODELS:
        return MODELS[name]  # No look at the disk: it is asked for with every block of audio.
    known = all_models()
    if name not in known:
        near = nearest(name, known) or f"; choose {choices(known)}."
        raise SpecError(f"Unknown model {name!r:.40}{near}")
    return known[name]


def public_models() -> list[ModelSpec]:
    """The registered public models."""
    return [spec for spec in MODELS.values() if spec.weights == "public"]


def require_public(spec: ModelSpec) -> ModelSpec:
    """The model, if it is a public one.

    Raises:
        SpecError: if it comes with Longtake, or from nobody; names the public ones.
    """
    if spec.weights == "public":
        return spec
    about = (
        "comes with Longtake: it is neither downloaded, added nor removed"
        if spec.weights == "embedded"
        else f"has no public weights: {spec.title[0].lower()}{spec.title[1:]}"
    )
    known = choices(each.name for each in public_models())
    raise SpecError(f"{spec.name} {about}. Public models are {known}.")
