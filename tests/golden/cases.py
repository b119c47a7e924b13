"""The takes that are compared: what is asked of the official code's top-level functions, and of ours.

Every family of public models has a base case and variations of it, one property at a time (a star), and a few that go
together. Knows neither the official packages nor the engine: reference_*.py ask the former, test_reference.py the
latter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

RATE = 44_100
PROMPT, NEGATIVE = "warm tape", "house drums"

Way = Literal["", "attention without packing", "text in half precision", "decoding noise"]
"""How the official code is run: as on a GPU but in single precision, or with one thing that is done otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One take."""

    seconds: float
    steps: int = 8
    sampler: str
    """By our name."""
    cfg_scale: float = 1.0
    cfg_rescale: float = 0.0
    cfg_interval: tuple[float, float] = (0.0, 1.0)
    negative: bool = False
    recording: float | None = None
    """How long a recording it begins from, s; None for pure noise."""
    level: float = 1.0
    """The official init_noise_level: t of flow models, sigma / alpha of v models."""
    redrawn: tuple[float, float] | None = None
    """From where to where the recording is generated anew, s; None for all of it."""
    way: Way = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of model.

    Attributes:
        package: the official one, `sat` (stable_audio_tools) or `sa3` (stable_audio_3).
        network: names its weights; distilled models and their bases have the same here.
        model: our name of it.
        objective: the official name.
        cases: by name.
    """

    package: Literal["sat", "sa3"]
    network: str
    model: str
    objective: Literal["v", "rf_denoiser", "rectified_flow"]
    cases: dict[str, Case]


SAT_FRAMES, SAT_RATIO = 32, 2048
"""The window of the tiny models of the first two generations, in latent frames, and samples in each."""
SAT_WINDOW = SAT_FRAMES * SAT_RATIO / RATE

V_SAMPLERS = ("dpmpp-2m", "dpmpp-2m-sde", "dpmpp-3m-sde", "heun")
FLOW_SAMPLERS = ("euler", "dpmpp-2m", "ping-pong")
SDE = ("dpmpp-2m-sde", "dpmpp-3m-sde")


def star(base: Case, lengths: tuple[float, ...], samplers: tuple[str, ...]) -> dict[str, Case]:
    """The base case and its variations, by name."""
    whole = replace(base, recording=base.seconds)
    guided = replace(base, cfg_scale=7.0)
    cases = {"text": base}
    cases |= {f"{seconds:.4f} s": replace(base, seconds=seconds) for seconds in lengths}
    cases |= {f"{steps} steps": replace(base, steps=steps) for steps in (1, 3, 25, 100)}
    for sampler in samplers:
        cases |= {
            sampler: replace(base, sampler=sampler),
            f"{sampler}, 3 steps": replace(base, sampler=sampler, steps=3),
            f"{sampler}, from a recording": replace(whole, sampler=sampler, level=0.4),
            f"{sampler}, guided, 25 steps": replace(guided, sampler=sampler, steps=25),
        }
    cases |= {
        "guided": guided,
        "guided, 100 steps": replace(guided, steps=100),
        "rescaled": replace(guided, cfg_rescale=0.7),
        "rescaled, 100 steps": replace(guided, cfg_rescale=0.7, steps=100),
        "interval": replace(guided, cfg_interval=(0.3, 0.9)),
        "negative": replace(guided, negative=True),
        "guidance 0": replace(guided, cfg_scale=0.0, negative=True),
    }
    cases |= {f"recording at {level}": replace(whole, level=level) for level in (0.1, 0.4, 0.8)}
    cases |= {
        "short recording": replace(whole, recording=0.6 * base.seconds, level=0.4),
        "long recording": replace(whole, recording=1.5 * base.seconds, level=0.4),
        "recording, guided, 25 steps": replace(whole, cfg_scale=7.0, level=0.8, steps=25),
    }
    first = {case: name for name, case in reversed(cases.items())}
    return {name: case for name, case in cases.items() if first[case] == name}


def inpainted(base: Case) -> dict[str, Case]:
    """What a model that was trained to inpaint can be asked besides; the recording's rest is kept."""
    middle = replace(base, recording=base.seconds, redrawn=(0.7, 1.9))
    return {
        "inpaint": middle,
        "inpaint, guided": replace(middle, cfg_scale=7.0, steps=25),
        "inpaint, from the recording": replace(middle, level=0.4),
        "inpaint, long recording": replace(middle, recording=1.5 * base.seconds),
        "continued": replace(base, recording=1.5, redrawn=(1.2, base.seconds)),
    }


def third(sampler: str, cfg_scale: float) -> dict[str, Case]:
    """A Stable Audio 3 model's cases.

    Its window has no frame of padding at 2.9 s, one after an odd number at 1.35 s, and two at 1.3 s; at 0.12346 s, the
    official take is one sample shorter than ours.
    """
    base = Case(seconds=2.9, sampler=sampler, cfg_scale=cfg_scale)
    return {
        **star(base, (1.35, 1.3, 0.12346), FLOW_SAMPLERS),
        **inpainted(base),
        "padded, inpaint": replace(base, seconds=1.35, recording=1.35, redrawn=(0.4, 0.9)),
        "padded, from a recording": replace(base, seconds=1.35, recording=1.35, level=0.4),
        "padded, without packing": replace(base, seconds=1.35, way="attention without packing"),
        "decoding noise": replace(base, way="decoding noise"),
    }


V_BASE = Case(seconds=1.2345, sampler="dpmpp-2m")
V_CASES = {
    **star(V_BASE, (SAT_WINDOW, 0.5), V_SAMPLERS),
    "recording at 5": replace(V_BASE, recording=V_BASE.seconds, level=5.0),
    **{f"{name}, 1 step": replace(V_BASE, sampler=name, steps=1) for name in SDE},
    **{
        f"{name}, recording at 0.1": replace(
            V_BASE, sampler=name, recording=V_BASE.seconds, level=0.1
        )
        for name in SDE
    },
}
FLOW_BASE = Case(seconds=1.2345, sampler="ping-pong")

FAMILIES: dict[str, Family] = {
    "open": Family(
        package="sat",
        network="open",
        model="stable-audio-open-1.0",
        objective="v",
        cases={**V_CASES, "T5 in half": replace(V_BASE, way="text in half precision")},
    ),
    "open small": Family(
        package="sat",
        network="open small",
        model="stable-audio-open-small",
        objective="rf_denoiser",
        cases={
            **star(FLOW_BASE, (SAT_WINDOW, 0.5), FLOW_SAMPLERS),
            "T5 in half": replace(FLOW_BASE, way="text in half precision"),
        },
    ),
    "paper": Family(
        package="sat", network="paper", model="stable-audio-2", objective="v", cases=V_CASES
    ),
    "small": Family(
        package="sa3",
        network="small",
        model="stable-audio-3-small-music",
        objective="rf_denoiser",
        cases=third("ping-pong", 1.0),
    ),
    "small base": Family(
        package="sa3",
        network="small",
        model="stable-audio-3-small-music-base",
        objective="rectified_flow",
        cases=third("euler", 7.0),
    ),
    "medium": Family(
        package="sa3",
        network="medium",
        model="stable-audio-3-medium",
        objective="rf_denoiser",
        cases=third("ping-pong", 1.0),
    ),
    "medium base": Family(
        package="sa3",
        network="medium",
        model="stable-audio-3-medium-base",
        objective="rectified_flow",
        cases=third("euler", 7.0),
    ),
}
