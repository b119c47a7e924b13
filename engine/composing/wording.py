"""Writes tempo, key and metre into a prompt, where `notation` reads them again. Every other word stays as it is.

A fact that stands there already is written in its place, wherever it stands; one that stands nowhere is added at the
end, as in training prompts: "| BPM: 124" in a list with metadata types, ", 124 BPM" in words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from engine.composing.notation import (
    Key,
    Mention,
    keys_in,
    metres_in,
    tempi_in,
)
from engine.composing.theory import PITCH_CLASSES

Value = TypeVar("Value")
_TYPED = re.compile(r"\s*[A-Za-z][\w -]*:")
_SEPARATORS = " \t,;|"


def with_tempo(prompt: str, tempo: float) -> str:
    """The prompt, saying this tempo (BPM) and no other."""
    said = tempi_in(prompt)
    figures = f"{tempo:g}"
    if not said:
        return _added(prompt, f"BPM: {figures}", f"{figures} BPM")
    return _replaced(prompt, said, figures, lambda value: math.isclose(value, tempo))


def with_key(prompt: str, key: str) -> str:
    """The prompt, saying this key and no other; a key that cannot be read is written as it is."""
    said, asked = keys_in(prompt), key_of(key)
    written = spelt_key(key)
    if not said:
        if asked is None and _has_words(prompt, written):
            return prompt
        words = written if asked is None or asked[1] else f"in {written}"
        return _added(prompt, f"Key: {written}", words)
    return _replaced(prompt, said, written, lambda value: _agrees(value, asked))


def with_metre(prompt: str, beats_per_bar: int) -> str:
    """The prompt, saying bars of so many quarter notes wherever it says a metre in figures."""
    said = [mention for mention in metres_in(prompt) if mention.value is not None]
    return _replaced(prompt, said, f"{beats_per_bar}/4", lambda value: value == beats_per_bar)


def key_of(key: str) -> Key | None:
    """What the text of a key means: "A minor", "Bbm", "h-moll", "B"; None if it is not one key and no more."""
    said = keys_in(f"Key: {key.strip()}")
    whole = len(said) == 1 and said[0].end == len("Key: ") + len(key.strip())
    return said[0].value if whole else None


def spelt_key(key: str) -> str:
    """A key as in training prompts: "A minor" of "Am", "Bb minor" of "B♭m", "B minor" of "h-moll"."""
    known = key_of(key)
    if known is None:
        return key.strip()
    letter = key.strip()[0].upper()
    near = [letter, f"{letter}#", f"{letter}b"]
    name = next((name for name in near if key_of(name) == (known[0], None)), "")
    return " ".join(filter(None, (name or PITCH_CLASSES[known[0]], known[1])))


def key_said(prompt: str) -> str:
    """The key that a prompt says, spelt as in training prompts; empty if it says none."""
    return spelt_key(next((prompt[m.start : m.end] for m in keys_in(prompt) if m.value), ""))


def without(prompt: str, said: Iterable[Mention[Value]]) -> str:
    """The prompt without what is said there, and without the comma before it."""
    for mention in sorted(said, key=lambda mention: -mention.start):
        begin, stop = mention.around
        before, after = prompt[:begin].rstrip(), prompt[stop:]
        joint = "" if not before or not after or after[0] in ",;.|)" else " "
        prompt = before.rstrip(",") + (joint + after.lstrip() if joint or not before else after)
    return prompt.strip(_SEPARATORS)


def _agrees(value: Key, asked: Key | None) -> bool:
    return asked is not None and value[0] == asked[0] and asked[1] in (None, value[1])


def _replaced(
    prompt: str, said: Iterable[Mention[Value]], words: str, agrees: Callable[[Value], bool]
) -> str:
    for mention in sorted(said, key=lambda mention: -mention.start):
        if mention.value is None or not agrees(mention.value):
            gap = " " if mention.start == mention.end and prompt[mention.start - 1] in ":=" else ""
            prompt = f"{prompt[: mention.start]}{gap}{words}{prompt[mention.end :]}"
    return prompt


def _added(prompt: str, field: str, words: str) -> str:
    prompt = prompt.rstrip(_SEPARATORS)
    if not prompt:
        return words
    if "|" in prompt or _TYPED.match(prompt):
        return f"{prompt} | {field}"
    return f"{prompt} {words}" if prompt[-1] in ".!?" else f"{prompt}, {words}"


def _has_words(prompt: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", prompt, re.IGNORECASE) is not None
