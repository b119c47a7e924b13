"""Recipes: the hyperparameters of each model's training stages.

`stable-audio-2` has the numbers of the paper and its released configuration, `sketch` those of the embedded model, and
`sketch-smoke` is a tiny version that tests the code in minutes. Knows nothing of torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from engine.errors import SpecError, choices
from engine.registry import SKETCH, SKETCH_SMOKE, STABLE_AUDIO_2, ModelSpec
from engine.training.optim import Kind, LearningRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the distances of mid (sum), side (difference), left and right count in the reconstruction loss."""

    sum: float = 0.5
    difference: float = 0.5
    left: float = 0.25
    right: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderRecipe:
    """Training of the autoencoder (§2.1, §3)."""

    crop_latents: int
    batch: int
    learning_rate: LearningRate
    discriminator_learning_rate: LearningRate
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 1e-3
    kl_weight: float = 1e-4
    first_crops: int = 1
    """Number of crops to initialise the network from; used by the spectral network only."""
    own_weight: float = 1.0
    """Weight of the network-specific loss; only the spectral network has one."""
    kl_ramp: int = 0
    """Steps over which the weight of the KL divergence rises to its full value."""
    adversarial_weight: float = 0.1
    feature_weight: float = 5.0
    adversarial_from: int
    """The step at which adversarial training begins."""
    resolutions: tuple[int, ...] = (2048, 1024, 512, 256, 128, 64, 32)
    drawn_resolutions: int | None = None
    discriminator_lengths: tuple[int, ...] = (2048, 1024, 512, 256, 128)
    discriminator_filters: int = 64
    drawn_judges: int | None = None
    """Discriminators per step; None for all."""
    judged_crops: int | None = None
    """Crops per batch for the discriminators; None for all."""
    ema_decay: float = 0.999
    weights: Weights = field(default_factory=Weights)
    fir_weighting: bool = False
    """A-weighting by the released configuration's filter; otherwise by the exact curve, down to the bass."""
    floor: float | None = 1e-4
    """Magnitude below which differences are ignored; None for the released configuration's, which is far lower."""
    absolute_features: bool = False
    """Match features as they are; otherwise by their own size."""

    def multiplied(self, times: int) -> AutoencoderRecipe:
        """The same with batches so many times as large."""
        return replace(self, batch=self.batch * times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window length to train on: latent frames, batch size, share of the steps that have it."""

    frames: int
    batch: int
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The windows of each step from one on: short ones first, the full length last (§3)."""

    from_step: int
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiTRecipe:
    """Training of the diffusion transformer (§3): short windows first, then the full one."""

    phases: tuple[Phase, ...]
    learning_rate: LearningRate
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-3
    text_dropout: float = 0.1
    grid_dropout: float = 0.1
    ema_decay: float = 0.9995
    log_snr: tuple[float, float] | None = None
    """Mean and scale of the logistic distribution of log(alpha / sigma) for times; None for uniform t."""
    gradient_checkpointing: bool = False
    pieces: int = 1
    """Into how many a rank's part of a batch is cut, so that it takes less memory at once; where it has as many."""
    optimizer: Kind = "adamw"
    measure_every: int = 500
    """Steps between measurements on held-out pieces."""

    @property
    def milestones(self) -> tuple[int, ...]:
        """The steps at which a phase ends and the next begins, where the weights are worth keeping."""
        return tuple(phase.from_step for phase in self.phases[1:])

    def multiplied(self, times: int) -> DiTRecipe:
        """The same with batches so many times as large, for a GPU that a small batch leaves idle."""
        phases = (
            replace(phase, windows=tuple(replace(w, batch=w.batch * times) for w in phase.windows))
            for phase in self.phases
        )
        return replace(self, phases=tuple(phases))

    def windows(self, index: int, rng: np.random.Generator) -> tuple[Window, ...]:
        """The windows of a step: several, whose gradients add up, so that a long one alone is no step."""
        windows = [phase for phase in self.phases if phase.from_step <= index][-1].windows
        drawn = rng.random(len(windows))
        return tuple(w for w, chance in zip(windows, drawn, strict=True) if chance < w.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecipe:
    """How `train sketch` divides the minutes it is given, and what it composes."""

    held_out: int = 32
    """Pieces to measure the loss on."""
    pieces: int = 64
    """Pieces without which training does not begin."""
    style: str | None = None
    seconds: float | None = None
    judged_every: int = 4
    """One of so many pieces is kept for CLAP too."""
    judge_share: float = 0.15
    judge_steps: int = 4000
    """Steps after which CLAP is done."""
    cooldown_share: float = 0.25
    """Of the transformer's steps."""
    evaluation_share: float = 0.15
    least_evaluation_seconds: float = 0.0
    evaluation: tuple[str, ...] = ()
    """Arguments of `longtake evaluate`; none for what fits into the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A model and how its stages are trained."""

    model: ModelSpec
    autoencoder: AutoencoderRecipe
    dit: DiTRecipe
    sharded: bool = False
    """Whether ranks that train the transformer together divide its weights, which are too many for one card."""
    slot: SlotRecipe | None = None
    """For `train sketch`; None for models that have to be trained stage by stage."""

    def with_batches(self, times: int) -> Recipe:
        """The same with batches so many times as large, in every stage."""
        return replace(
            self, autoencoder=self.autoencoder.multiplied(times), dit=self.dit.multiplied(times)
        )


# The released configuration: 1.5e-4 / 3e-4 for autoencoder and discriminators, 5e-5 for the DiT; paper §3 says 1e-5.
# Its loss is the mean of sum and difference, and half of left and of right.
PAPER = Recipe(
    model=STABLE_AUDIO_2,
    sharded=True,
    autoencoder=AutoencoderRecipe(
        crop_latents=32,
        batch=16,
        learning_rate=LearningRate(base=1.5e-4, ramp=0.999, gamma=200_000),
        discriminator_learning_rate=LearningRate(base=3e-4, ramp=0.999, gamma=200_000),
        adversarial_from=0,
        ema_decay=0.9999,
        weights=Weights(sum=0.5, difference=0.5, left=0.5, right=0.5),
        fir_weighting=True,
        floor=None,
        absolute_features=True,
    ),
    dit=DiTRecipe(
        phases=(
            Phase(from_step=0, windows=(Window(frames=4096, batch=1),)),
            Phase(from_step=1_000_000, windows=(Window(frames=6144, batch=1),)),
        ),
        learning_rate=LearningRate(base=5e-5, ramp=0.99, gamma=1_000_000),
        gradient_checkpointing=True,
        grid_dropout=0.0,
        ema_decay=0.9999,
    ),
)

EMBEDDED = Recipe(
    model=SKETCH,
    autoencoder=AutoencoderRecipe(
        crop_latents=43,
        batch=6,
        learning_rate=LearningRate(base=6e-4, ramp=0.99, gamma=1500),
        discriminator_learning_rate=LearningRate(base=3e-4, ramp=0.99, gamma=1500),
        adversarial_from=2400,
        # Half of the paper's windows are too short to resolve pitch; with so little training they dominate the long
        # ones.
        resolutions=(4096, 2048, 1024, 512, 128),
        drawn_resolutions=1,
        first_crops=400,
        own_weight=2.0,
        kl_ramp=3000,
        discriminator_filters=8,
        drawn_judges=2,
        judged_crops=2,
    ),
    dit=DiTRecipe(
        phases=(
            Phase(
                from_step=0,
                windows=(
                    Window(frames=256, batch=16),
                    Window(frames=768, batch=4),
                    Window(frames=2048, batch=1),
                    Window(frames=6144, batch=1, share=0.25),
                ),
            ),
        ),
        learning_rate=LearningRate(base=6e-4, ramp=0.99, gamma=2000),
        ema_decay=0.999,
        # Text matters only above t = 0.95: below, the noised latents already reveal the instruments. Uniform t puts one
        # time in twenty there, this distribution one in three.
        log_snr=(-1.8, 1.4),
    ),
    slot=SlotRecipe(),
)

QUICKLY = LearningRate(base=2e-3, ramp=0.8, gamma=1000)

SMOKE = Recipe(
    model=SKETCH_SMOKE,
    autoencoder=replace(
        EMBEDDED.autoencoder,
        crop_latents=16,
        # Each of the linear map's thousands of inputs moves by this in a step: more leaves the principal components.
        learning_rate=LearningRate(base=3e-6, ramp=0.8, gamma=1000),
        first_crops=8,
        batch=2,
        adversarial_from=4,
        discriminator_filters=2,
    ),
    dit=replace(
        EMBEDDED.dit,
        learning_rate=QUICKLY,
        phases=(
            Phase(from_step=0, windows=(Window(frames=64, batch=4), Window(frames=128, batch=2))),
        ),
        measure_every=20,
    ),
    # A game console needs no soundfonts.
    slot=SlotRecipe(
        held_out=2,
        pieces=4,
        style="chiptune",
        seconds=12.0,
        judged_every=1,
        judge_steps=30,
        least_evaluation_seconds=600.0,
        evaluation=("--quick", "--pairs", "2", "--parts", "reconstruction"),
    ),
)

RECIPES: dict[str, Recipe] = {"stable-audio-2": PAPER, "sketch": EMBEDDED, "sketch-smoke": SMOKE}


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        SpecError: naming the known recipes.
    """
    if name not in RECIPES:
        raise SpecError(f"Unknown recipe {name!r}; choose {choices(RECIPES)}.")
    return RECIPES[name]
