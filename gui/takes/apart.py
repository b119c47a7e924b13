"""What tells a take from another one of the same prompt: its seed, its number among its siblings, its settings.

Pure words; knows takes and the table of parameters.
"""

from __future__ import annotations

from typing import Any

from bridge.state import Take
from engine.spec import DEFAULTS, PARAMETERS
from gui.look.language import tr

SHOWN_ANYWAY = (
    "prompt",
    "model",
    "seed",
    "tempo",
    "key",
    "seconds_total",
    "bars",
    "init_audio",
    "init_span",
    "keep",
)
"""What a row shows of every take, or what is a path and tells nobody anything."""
OTHER_SEEDS = ("variation_seed", "score_seed")
"""Numbers that nobody chose."""
LONGEST = 24
"""Letters of a value that is text."""


def akin(take: Take, other: Take | None) -> bool:
    """Whether two rows read alike."""
    return other is not None and (take.name, take.prompt) == (other.name, other.prompt)


def apart(take: Take, others: list[Take]) -> list[str]:
    """What this take has that one of the others, alike as they read, has not: 'seed 17', '50 steps'; seed first."""
    told: list[str] = []
    number = variation(take)
    if number and any(variation(other) != number for other in others):
        told.append(tr("no. {0}").format(number))
    if take.seed is not None and any(other.seed != take.seed for other in others):
        told.append(tr("seed {0}").format(take.seed))
    if take.model and any(other.model != take.model for other in others):
        told.append(take.model)
    for name in PARAMETERS:
        value = _in_effect(take, name)
        if any(_in_effect(other, name) != value for other in others):
            told.append(_setting(name, value))
    return [words for words in told if words]


def variation(take: Take) -> int:
    """Which of its job's takes it is, from 1; 0 for the only one: its file says so."""
    _, found, number = take.id.rpartition(f"{take.job_id}-")
    return int(number) if take.job_id and found and number.isdigit() else 0


def _in_effect(take: Take, name: str) -> Any:
    """What a take was made with, if it is worth telling: no default, and no strength where there was no recording."""
    value = take.spec.get(name)
    if name in (*SHOWN_ANYWAY, *OTHER_SEEDS):
        return None
    if name == "init_noise_level" and not take.spec.get("init_audio"):
        return None
    plain = tuple(value) if isinstance(value, list) else value
    return None if plain == DEFAULTS[name] else value


def _setting(name: str, value: Any) -> str:
    """A setting in a few words; empty if it has none."""
    if value is None or value in ("", [], ()):
        return ""
    if isinstance(value, bool):
        return {"loop": tr("loop")}.get(name, name.replace("_", " "))
    if isinstance(value, float):
        value = f"{value:.3g}"
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    text = str(value)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    known = {
        "steps": tr("{0} steps"),
        "cfg_scale": tr("guidance {0}"),
        "sampler": "{0}",
        "negative_prompt": tr("without {0}"),
        "init_noise_level": tr("strength {0}"),
        "variation": tr("variation {0}"),
        "chords": "{0}",
    }
    return known.get(name, name.replace("_", " ") + " {0}").format(text)
