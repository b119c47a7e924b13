"""The prompt as a form and back: 'Genre: House | Instruments: Drums, Piano | Moods: Warm | BPM: 124 | Key: A minor'.

Pure text; knows nothing of Qt. What the form does not know stays as it was typed, so free words are never lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from engine.spec import tempo_in

_NAMES = {
    "genre": "genre",
    "genres": "genre",
    "instrument": "instruments",
    "instruments": "instruments",
    "mood": "moods",
    "moods": "moods",
    "bpm": "tempo",
    "tempo": "tempo",
    "key": "key",
}
_FREE_TEMPO = re.compile(
    r",?\s*\b(?:bpm\s*[:=]?\s*\d{2,3}(?:\.\d+)?|\d{2,3}(?:\.\d+)?\s*bpm)\b", re.I
)


@dataclass(frozen=True, slots=True)
class PromptForm:
    """What the chips show.

    Attributes:
        text: what was typed besides, in words.
        tempo: BPM, or None.
    """

    text: str = ""
    genre: str = ""
    instruments: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    tempo: float | None = None
    key: str = ""

    def write(self) -> str:
        """The prompt in the form the model was trained on; free words come first."""
        parts = [
            self.text.strip(),
            f"Genre: {self.genre}" if self.genre else "",
            f"Instruments: {', '.join(self.instruments)}" if self.instruments else "",
            f"Moods: {', '.join(self.moods)}" if self.moods else "",
            f"BPM: {self.tempo:g}" if self.tempo else "",
            f"Key: {self.key}" if self.key else "",
        ]
        return " | ".join(part for part in parts if part)

    def with_tempo(self, tempo: float | None) -> PromptForm:
        """Another tempo; one that stood in the free words goes."""
        return replace(self, tempo=tempo, text=_FREE_TEMPO.sub("", self.text).strip(" ,"))


def headline(prompt: str) -> str:
    """A prompt for a list, without the names of its parts: 'House · Drums, Piano'; free words stay as they are."""
    form = read_form(prompt)
    parts = (form.text, form.genre, ", ".join(form.instruments))
    return " · ".join(part for part in parts if part) or prompt


def read_form(prompt: str) -> PromptForm:
    """Reads a prompt, written by the chips or by hand."""
    form, free = PromptForm(), list[str]()
    for part in prompt.split("|"):
        name, colon, value = part.partition(":")
        known = _NAMES.get(name.strip().casefold()) if colon else None
        words = tuple(word.strip() for word in value.split(",") if word.strip())
        if known is None or not words:
            free.append(part.strip())
        elif known in ("instruments", "moods"):
            form = replace(form, **{known: getattr(form, known) + words})
        elif known == "tempo":
            tempo = tempo_in(f"BPM: {words[0]}")
            if tempo is None:
                free.append(part.strip())
            form = replace(form, tempo=tempo or form.tempo)
        else:
            form = replace(form, **{known: ", ".join(words)})
    text = " | ".join(part for part in free if part)
    return replace(form, text=text, tempo=form.tempo or tempo_in(text))
