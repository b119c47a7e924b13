"""`GenerationSpec`: everything that determines the sound of a take, and the table of its parameters.

A field here is at once a command-line flag, an OSC address, a preset key, a MIDI-learn target and a widget: its name,
unit, range, choices and help are defined in its `Parameter` and nowhere else. Knows nothing of torch.
"""

from __future__ import annotations

import dataclasses
import secrets
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, cast

from engine.composing.chord_symbols import parse_chords
from engine.composing.form import form_bars
from engine.composing.frame import RING
from engine.composing.notation import TEMPI, tempo_in
from engine.composing.reading import metre_in
from engine.errors import LongtakeError, SpecError, choices
from engine.parameter import Parameter, parameter, value_of
from engine.resolving import said, whole_paths

if TYPE_CHECKING:
    from engine.registry import ModelSpec

SAMPLERS = ("dpmpp-2m", "dpmpp-2m-sde", "dpmpp-3m-sde", "euler", "heun", "ping-pong")
SCHEDULES = ("monotone", "reference")
SCORES = ("composed", "heard", "none")
MAX_SEED = 2**32 - 1
LONGEST_PATH = 4096
"""Characters of a path, as most systems have it."""
WHOLE = (0.0, 0.0)
"""The `init_span` that is all of a recording."""
# Random seeds are exact in the 32-bit floats that most OSC clients send.
RANDOM_SEEDS = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """Everything that determines the sound, and nothing else: equal resolved specs give equal audio on one device."""

    prompt: str = parameter(
        "",
        "text",
        "description of the music, in words or as 'Genre: House | BPM: 124'",
        most=8_000,
    )
    prompt_b: str = parameter(
        "", "text", "another sound, towards which `blend` moves from the first", most=8_000
    )
    blend: float = parameter(
        0.0, "float", "how far from the first prompt to the second", low=0.0, high=1.0
    )
    negative_prompt: str = parameter("", "text", "what the music should not sound like", most=8_000)
    model: str = parameter("sketch", "text", "which model to use")
    lora: str = parameter(
        "",
        "files",
        "LoRA files with their strengths, such as 'warm.safetensors:0.8, tape.safetensors'",
        most=16_000,
    )
    seconds_total: float | None = parameter(
        None, "float", "length of the take", unit="s", low=0.05, high=600.0
    )
    bars: float | None = parameter(
        None,
        "float",
        "length in bars, exact to the sample; needs a tempo",
        unit="bars",
        low=0.25,
        high=512.0,
    )
    tempo: float | None = parameter(
        None,
        "float",
        "tempo; taken from the prompt if it names one",
        unit="BPM",
        low=TEMPI[0],
        high=TEMPI[1],
    )
    beats_per_bar: int | None = parameter(
        None,
        "int",
        "beats per bar; taken from the prompt if it names a metre, else 4",
        unit="beats",
        low=1,
        high=16,
    )
    key: str = parameter("", "text", "key and mode, such as 'A minor'", most=80)
    score: str | None = parameter(
        None,
        "text",
        "where the notes come from: a lead sheet by the built-in composer, what is heard in the recording, "
        "or none, which leaves them to the model",
        choices=SCORES,
    )
    score_seed: int | None = parameter(
        None,
        "int",
        "seed of the composer; the take's own if not given, or with -1",
        low=0,
        high=MAX_SEED,
        drawn=-1,
    )
    chords: str = parameter(
        "",
        "text",
        "chords, a bar each, such as 'Am7 | F | C G | E7'; repeated over the take",
        most=16_000,
    )
    form: str = parameter(
        "",
        "text",
        "sections and their bars, such as 'intro 4, verse 8, chorus 8'; with a tempo, the length of the take",
        most=4_000,
    )
    midi: str | None = parameter(
        None, "path", "a MIDI file whose notes are played", most=LONGEST_PATH
    )
    loop: bool = parameter(False, "bool", "make the take a seamless loop")
    seed: int | None = parameter(
        None,
        "int",
        "the same seed gives the same take; -1 draws one each time",
        low=0,
        high=MAX_SEED,
        drawn=-1,
    )
    variation: float = parameter(
        0.0, "float", "how far to move from this seed's take towards another", low=0.0, high=1.0
    )
    variation_seed: int = parameter(
        0,
        "int",
        "seed of the take to move towards; -1 draws one",
        low=0,
        high=MAX_SEED,
        drawn=-1,
    )
    steps: int | None = parameter(
        None, "int", "denoising steps: more is finer and slower", low=1, high=500
    )
    cfg_scale: float | None = parameter(
        None,
        "float",
        "classifier-free guidance: how strictly the prompt is followed",
        low=0.0,
        high=30.0,
    )
    cfg_rescale: float = parameter(
        0.0,
        "float",
        "how far guided outputs are rescaled to the deviation of unguided ones",
        low=0.0,
        high=1.0,
    )
    cfg_interval: tuple[float, float] | None = parameter(
        None, "pair", "noise levels sigma at which guidance is applied", low=0.0, high=1.0
    )
    sampler: str | None = parameter(None, "text", "the solver that denoises", choices=SAMPLERS)
    schedule: str = parameter(
        "monotone",
        "text",
        "how a recording is taken: monotone noises it to the given level and no further, and loops a short one; "
        "reference does as the model's public code",
        choices=SCHEDULES,
    )
    init_audio: str | None = parameter(
        None, "path", "a recording to start from or to keep parts of", most=LONGEST_PATH
    )
    init_span: tuple[float, float] = parameter(
        WHOLE,
        "pair",
        "the part of the recording that is used; 0 to 0 is all",
        unit="s",
        low=0.0,
        high=3600.0,
    )
    init_noise_level: float | None = parameter(
        None,
        "float",
        "how much of the recording is noised away: 0 keeps it, 1 follows the prompt alone",
        low=0.0,
        high=1.0,
    )
    keep: tuple[tuple[float, float], ...] = parameter(
        (),
        "spans",
        "spans of the recording to keep; the rest is generated",
        unit="s",
        low=0.0,
        high=600.0,
    )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GenerationSpec:
        """Builds a spec from JSON or TOML values.

        Raises:
            SpecError: for unknown keys, all of them named, or the first invalid value.
        """
        unknown = sorted(set(values) - set(PARAMETERS))
        if unknown:
            raise SpecError(f"Unknown setting {choices(unknown)}; use {choices(PARAMETERS)}.")
        return cls(**{name: converted(name, value) for name, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values; `from_dict` returns an equal spec."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}

    def checked(self) -> GenerationSpec:
        """This spec, validated: every value has the type and range of its parameter.

        Raises:
            SpecError: names the parameter, the value and what is allowed.
        """
        values = {f.name: converted(f.name, getattr(self, f.name)) for f in fields(self)}
        spec = GenerationSpec(**values)
        for name in ("cfg_interval", "init_span"):
            first, second = getattr(spec, name) or (0.0, 1.0)
            if first > second:
                raise SpecError(f"{name} ascends, as 0.2 0.8; it is {first:g} {second:g}.")
        for start, end in spec.keep:
            if start >= end:
                raise SpecError(
                    f"keep needs spans with start before end in seconds; it has {start}-{end}."
                )
        if spec.keep and spec.init_audio is None:
            raise SpecError("keep needs init_audio: the recording whose spans are kept.")
        spec._check_score()
        return spec

    def _check_score(self) -> None:
        asked = [name for name in ("chords", "form", "midi") if getattr(self, name)]
        if "midi" in asked and len(asked) > 1:
            raise SpecError(f"{asked[0]} and midi both say what is played; give one of them.")
        if asked and self.score is not None and (self.midi or self.score != "composed"):
            raise SpecError(
                f"score is {self.score!r}, which has no use for {asked[0]}; leave one of them out."
            )
        if self.score == "heard" and self.init_audio is None:
            raise SpecError("score 'heard' needs init_audio: the recording to listen to.")
        try:
            if self.chords:
                parse_chords(self.chords)
            if self.form:
                form_bars(self.form)
        except LongtakeError as error:
            raise SpecError(str(error)) from error

    def resolved(self, model: ModelSpec) -> GenerationSpec:
        """Fills in every default from the model, and adds tempo and key to the prompt as in training prompts.

        Raises:
            SpecError: if the prompt is empty, the take too long for the model, or a value invalid.
        """
        spec = self.checked()
        if not spec.prompt.strip():
            raise SpecError(
                "The prompt is empty; describe the music, for example 'Genre: House | BPM: 124'."
            )
        if spec.blend and not spec.prompt_b.strip():
            raise SpecError("blend needs prompt_b: the second prompt, towards which it moves.")
        prompt, tempo = spec.prompt.strip(), spec.tempo or tempo_in(spec.prompt)
        spec = replace(spec, beats_per_bar=spec.beats_per_bar or metre_in(prompt) or 4)
        seconds = _seconds(spec, tempo, model)
        about = tempo, spec.beats_per_bar, spec.key
        if seconds > model.max_seconds:
            raise SpecError(
                f"{seconds:g} s is longer than {model.name} can make; "
                f"its longest take is {model.max_seconds:g} s."
            )
        left = [name for name in _MODELS_OWN if getattr(spec, name) is None]
        return replace(
            spec,
            **{name: getattr(model.defaults, name) for name in left},
            prompt=said(prompt, *about),
            prompt_b=spec.prompt_b.strip() and said(spec.prompt_b.strip(), *about),
            model=model.name,
            lora=whole_paths(spec.lora),
            tempo=tempo,
            seconds_total=seconds,
            seed=secrets.randbelow(RANDOM_SEEDS) if spec.seed is None else spec.seed,
        )

    @property
    def composer_seed(self) -> int | None:
        """The seed of the notes: the composer's own, or the take's."""
        return self.seed if self.score_seed is None else self.score_seed

    def varied(self, amount: float, seed: int) -> GenerationSpec:
        """Moved by `amount` from its seed's take towards another's, with its notes; 0 is this very take."""
        moved = {"variation": amount, "variation_seed": seed} if amount else {}
        return replace(self, score_seed=self.composer_seed, **moved)

    def frames(self, sample_rate: int) -> int:
        """Length of a resolved spec's take in audio frames: round(seconds x rate)."""
        if self.seconds_total is None:
            raise SpecError("The length is not known yet; call resolved(model) first.")
        return round(self.seconds_total * sample_rate)


PARAMETERS: dict[str, Parameter] = {
    f.name: cast(Parameter, f.metadata["parameter"]) for f in fields(GenerationSpec)
}
"""Field name -> what every front end needs to know about it."""
DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(GenerationSpec)}
"""Name -> default; None leaves the choice to the model."""
_MODELS_OWN = ("steps", "cfg_scale", "cfg_interval", "sampler", "init_noise_level")
"""What a model's `Defaults` fill in where a spec leaves it open."""


def converted(name: str, value: Any) -> Any:
    """Converts a value from JSON, TOML, OSC or a spec to the parameter's type.

    Raises:
        SpecError: if there is no such parameter, or the value has the wrong type or is out of range.
    """
    known = PARAMETERS.get(name)
    if known is None:
        raise SpecError(f"Unknown setting {name}; use {choices(PARAMETERS)}.")
    if value is None and DEFAULTS[name] is None:
        return None
    if known.drawn is not None and type(value) in (int, float) and value == known.drawn:
        return None if DEFAULTS[name] is None else secrets.randbelow(RANDOM_SEEDS)
    return value_of(name, value, known)


def _seconds(spec: GenerationSpec, tempo: float | None, model: ModelSpec) -> float:
    beats = spec.beats_per_bar or 4
    if spec.bars is None and spec.seconds_total is None and spec.form and tempo is not None:
        return form_bars(spec.form) * beats * 60.0 / tempo + RING
    if spec.bars is None:
        return model.defaults.seconds_total if spec.seconds_total is None else spec.seconds_total
    if tempo is None:
        raise SpecError(
            "A length in bars needs a tempo: set tempo, or add it to the prompt, for example 'BPM: 120'."
        )
    return spec.bars * beats * 60.0 / tempo


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast(tuple[Any, ...], value)]
    return value
