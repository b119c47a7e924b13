"""What a request leaves open, told by what it says: the words of its take, its length, where its files are.

Knows nothing of models, and of a request only what it reads here.
"""

from __future__ import annotations

from typing import Protocol

from engine.composing.form import form_bars
from engine.composing.frame import RING
from engine.composing.wording import with_key, with_metre, with_tempo
from engine.errors import SpecError
from engine.lora_list import located, lora_list


class Asks(Protocol):
    """What of a `GenerationSpec` is read; see there."""

    @property
    def seconds_total(self) -> float | None: ...
    @property
    def bars(self) -> float | None: ...
    @property
    def beats_per_bar(self) -> int | None: ...
    @property
    def key(self) -> str: ...
    @property
    def form(self) -> str: ...


def said(prompt: str, asked: Asks, tempo: float | None) -> str:
    """A prompt with the tempo, metre and key of the take, and no other ones."""
    if tempo is not None:
        prompt = with_tempo(prompt, tempo)
    if asked.beats_per_bar is not None:
        prompt = with_metre(prompt, asked.beats_per_bar)
    return with_key(prompt, asked.key) if asked.key.strip() else prompt


def whole_paths(lora: str) -> str:
    """LoRA files by their whole paths: the settings must reproduce the take from any folder."""
    files = located(lora)
    # A comma in the path of the current folder would separate files.
    return lora if any("," in str(file.path) for file in files) else lora_list(files)


def seconds_of(asked: Asks, tempo: float | None, usual: float) -> float:
    """The length of the take, s: in bars, by its form, in seconds, or the usual one.

    Raises:
        SpecError: if it is in bars, and the tempo is unknown.
    """
    beats = asked.beats_per_bar or 4
    if asked.bars is None and asked.seconds_total is None and asked.form and tempo is not None:
        return form_bars(asked.form) * beats * 60.0 / tempo + RING
    if asked.bars is None:
        return usual if asked.seconds_total is None else asked.seconds_total
    if tempo is None:
        raise SpecError(
            "A length in bars needs a tempo: set tempo, or add it to the prompt, for example 'BPM: 120'."
        )
    return asked.bars * beats * 60.0 / tempo
