"""What a take makes no use of, said once: settings without effect, by one table, and words that the model never reads.

Knows the table of parameters and what models can do; of networks only how far a text encoder reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.composing.wording import key_of
from engine.conditioning import TextEncoder
from engine.reference_level import meaning
from engine.registry import ModelSpec
from engine.spec import DEFAULTS, GenerationSpec
from engine.updates import Remark

QUOTED = 32
"""Characters that are quoted on either side of where a prompt is cut."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Settings without effect.

    Attributes:
        names: of the parameters; those count that are not at their default.
        when: whether a resolved spec leaves them without effect in a model.
        said: the sentence that says so, and what would give them one; {0} are their names, {1} is the model's.
    """

    names: tuple[str, ...]
    when: Callable[[GenerationSpec, ModelSpec], bool]
    said: str


def _may_compose(spec: GenerationSpec) -> bool:
    """Whether the built-in composer may have something to write; a recording that goes on may need it."""
    if spec.midi is not None or spec.score in ("none", "heard"):
        return False
    asked = spec.score == "composed" or bool(spec.chords or spec.form)
    return spec.init_audio is None or bool(spec.keep) or asked


IDLE: tuple[Idle, ...] = (
    Idle(
        ("negative_prompt", "cfg_rescale", "cfg_interval"),
        lambda spec, model: spec.cfg_scale == 1,
        "Without effect: {0}. With a guidance (cfg_scale) of 1 the prompt alone is followed; raise it.",
    ),
    Idle(
        ("prompt_b",),
        lambda spec, model: spec.blend == 0,
        "Without effect: {0}. A blend above 0 moves the take towards it.",
    ),
    Idle(
        ("variation_seed",),
        lambda spec, model: spec.variation == 0,
        "Without effect: {0}. A variation above 0 moves the take towards that seed.",
    ),
    Idle(
        ("chords", "form", "midi", "score", "score_seed"),
        lambda spec, model: not model.dit.grid and spec.score != "none",
        "Without effect on the notes: {0}. {1} takes no score and makes them up from the words.",
    ),
    Idle(
        ("key", "score_seed"),
        lambda spec, model: model.dit.grid and not _may_compose(spec),
        "Without effect on the notes: {0}. Only the built-in composer reads that; score = composed calls it.",
    ),
)
"""All settings that can be without effect in company of others. `init_noise_level` is not among them: it stays where
the panel's slider stands, also without a recording."""


def remarks(spec: GenerationSpec, model: ModelSpec, encoder: TextEncoder) -> Iterator[Remark]:
    """What is to be said of a take before it is made; `spec` is resolved."""
    for rule in IDLE:
        names = [name for name in rule.names if _is_set(spec, name, model)]
        if names and rule.when(spec, model):
            yield Remark(rule.said.format(_both(names), model.name))
    level = spec.init_noise_level if spec.init_audio else None
    if level and (said := meaning(level, spec.schedule, model, spec.steps or 1)):
        yield Remark(said)
    if spec.key and key_of(spec.key) is None and model.dit.grid:
        yield Remark(f"No key is {spec.key[:QUOTED]!r}; write one as 'A minor' or 'F# dorian'.")
    guided = spec.cfg_scale != 1 and spec.negative_prompt
    texts = {
        "prompt": spec.prompt,
        "second prompt": spec.prompt_b if spec.blend else "",
        "negative prompt": spec.negative_prompt if guided else "",
    }
    for name, text in texts.items():
        if (read := encoder.reach(text)) < len(text.rstrip()):
            yield Remark(_cut(name, text, read, encoder.max_tokens, model.name))


def _is_set(spec: GenerationSpec, name: str, model: ModelSpec) -> bool:
    # Variations of a take name its own seed as that of its notes.
    given = getattr(spec, name)
    left = DEFAULTS[name], getattr(model.defaults, name, None)
    return given not in left and not (name == "score_seed" and given == spec.seed)


def _both(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _cut(name: str, text: str, read: int, tokens: int, model: str) -> str:
    before, after = text[:read].rstrip(), text[read:].strip()
    head = "… " if len(before) > QUOTED else ""
    tail = " …" if len(after) > QUOTED else ""
    return (
        f"{model} reads {tokens} tokens of a {name}: this one up to '{head}{before[-QUOTED:].lstrip()}', "
        f"and nothing of '{after[:QUOTED].rstrip()}{tail}'. Shorten it, or put first what matters."
    )
