"""What a take makes no use of, said once: settings without effect, by one table, and words that the model never reads.

Knows the table of parameters and what models can do; of networks only how far a text encoder reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.composing.wording import key_of
from engine.conditioning import TextEncoder
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
        why: the reason, and what would give them one; {model} is its name.
        effect: what they have none on.
    """

    names: tuple[str, ...]
    when: Callable[[GenerationSpec, ModelSpec], bool]
    why: str
    effect: str = "effect"


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
        "with a guidance (cfg_scale) of 1 the prompt alone is followed; raise it",
    ),
    Idle(
        ("variation_seed",),
        lambda spec, model: spec.variation == 0,
        "variation is 0; above it, the take moves towards that seed",
    ),
    Idle(
        ("chords", "form", "midi", "score", "score_seed"),
        lambda spec, model: not model.dit.grid and spec.score != "none",
        "{model} takes no score and makes its notes up from the words",
        "effect on the notes",
    ),
    Idle(
        ("key", "score_seed"),
        lambda spec, model: model.dit.grid and not _may_compose(spec),
        "only the built-in composer makes use of that, and it writes nothing here; score = composed calls it",
    ),
)
"""All settings that can be without effect in company of others. `init_noise_level` is not among them: it stays where
the panel's slider stands, also without a recording."""


def remarks(spec: GenerationSpec, model: ModelSpec, encoder: TextEncoder) -> Iterator[Remark]:
    """What is to be said of a take before it is made; `spec` is resolved."""
    for rule in IDLE:
        names = [name for name in rule.names if _is_set(spec, name)]
        if names and rule.when(spec, model):
            yield Remark(_sentence(names, rule, model))
    if spec.key and key_of(spec.key) is None and model.dit.grid:
        yield Remark(f"No key is {spec.key[:QUOTED]!r}; write one as 'A minor' or 'F# dorian'.")
    guided = spec.cfg_scale != 1 and spec.negative_prompt
    texts = {"prompt": spec.prompt, "negative prompt": spec.negative_prompt if guided else ""}
    for name, text in texts.items():
        if (read := encoder.reach(text)) < len(text.rstrip()):
            yield Remark(_cut(name, text, read, encoder.max_tokens, model.name))


def _is_set(spec: GenerationSpec, name: str) -> bool:
    # Variations of a take name its own seed as that of its notes.
    given = getattr(spec, name)
    return given != DEFAULTS[name] and not (name == "score_seed" and given == spec.seed)


def _sentence(names: list[str], rule: Idle, model: ModelSpec) -> str:
    *others, last = names
    who = f"{', '.join(others)} and {last} have" if others else f"{last} has"
    return f"{who} no {rule.effect}: {rule.why.format(model=model.name)}."


def _cut(name: str, text: str, read: int, tokens: int, model: str) -> str:
    before, after = text[:read].rstrip(), text[read:].strip()
    head = "… " if len(before) > QUOTED else ""
    tail = " …" if len(after) > QUOTED else ""
    return (
        f"{model} reads {tokens} tokens of a {name}: this one up to '{head}{before[-QUOTED:].lstrip()}', "
        f"and nothing of '{after[:QUOTED].rstrip()}{tail}'. Shorten it, or put first what matters."
    )
