"""The prompt as a form and back: 'Genre: House | Instruments: Drums, Piano | Moods: Warm | BPM: 124 | Key: A minor'.

Pure text; knows nothing of Qt. What the form does not know stays as it was typed, so free words are never lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.composing.notation import Mention, key_in, keys_in, tempi_in, tempo_in
from engine.composing.wording import key_of, key_said, without

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
        """The prompt in the form the model was trained on; free words come first, and what they say is said once."""
        tempo = self.tempo if tempo_in(self.text) != self.tempo else None
        key = self.key if not self.key or key_in(self.text) != key_of(self.key) else ""
        parts = [
            self.text.strip(),
            f"Genre: {self.genre}" if self.genre else "",
            f"Instruments: {', '.join(self.instruments)}" if self.instruments else "",
            f"Moods: {', '.join(self.moods)}" if self.moods else "",
            f"BPM: {tempo:g}" if tempo else "",
            f"Key: {key}" if key else "",
        ]
        return " | ".join(part for part in parts if part)

    def with_tempo(self, tempo: float | None) -> PromptForm:
        """Another tempo; one that stood in the free words goes."""
        return replace(self, tempo=tempo, text=without(self.text, tempi_in(self.text)))

    def with_key(self, key: str) -> PromptForm:
        """Another key; one that stood in the free words goes."""
        return replace(self, key=key, text=without(self.text, keys_in(self.text)))


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
            if not _is_all(tempi_in(part), part):
                free.append(part.strip())
            form = replace(form, tempo=form.tempo or tempo_in(part))
        elif known == "key":
            form = replace(form, key=form.key or ", ".join(words))
        else:
            form = replace(form, **{known: ", ".join(words)})
    text = " | ".join(part for part in free if part)
    key = form.key or key_said(text)
    return replace(form, text=text, tempo=form.tempo or tempo_in(text), key=key)


def _is_all(said: list[Mention[float]], part: str) -> bool:
    """Whether a part of a prompt says a tempo and nothing else, so that it need not be kept as it was typed."""
    return len(said) == 1 and said[0].value is not None and not without(part, said).strip(". ")
