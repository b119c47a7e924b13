"""File names of takes: `YYYYMMDD-HHMMSS_slug_124bpm_Am_s42_j3fa90c12.wav`, readable in any DAW's browser.

Knows nothing of files. Names are ASCII, at most 120 characters, and safe on every system.
"""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import dataclass

SLUG = 40
# Kinds of metadata in prompts such as 'Genre: House | BPM: 124', of no use in a name that has tempo and key.
_LABEL = re.compile(r"\b(?:genre|instruments?|moods?|bpm|key|format|subgenre|style)\s*:\s*", re.I)
_SAID_ELSEWHERE = re.compile(
    r"\b\d{2,3}(?:\.\d+)?\s*bpm\b|\bbpm\s*:?\s*\d{2,3}(?:\.\d+)?\b|\b[A-G][#♯b♭]?\s(?:major|minor)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Naming:
    """What a take's name tells; empty or None parts are left out."""

    created: float
    text: str
    job: str
    tempo: float | None = None
    key: str = ""
    seed: int | None = None


def take_name(naming: Naming) -> str:
    """The name without suffix."""
    parts = [
        time.strftime("%Y%m%d-%H%M%S", time.localtime(naming.created)),
        slug(naming.text),
        f"{naming.tempo:g}bpm" if naming.tempo else "",
        key_sign(naming.key),
        "" if naming.seed is None else f"s{naming.seed}",
        naming.job,
    ]
    return "_".join(part for part in parts if part)


def slug(text: str) -> str:
    """The first words of a prompt as `warm-dub-techno`."""
    text = _LABEL.sub(" ", _SAID_ELSEWHERE.sub(" ", text))
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    short = ""
    for word in words:
        if short and len(short) + 1 + len(word) > SLUG:
            break
        short = f"{short}-{word}" if short else word[:SLUG]
    return short or "take"


def key_sign(key: str) -> str:
    """'A minor' as Am, 'F# major' as Fsharp, 'Bb minor' as Bbm; empty for what is no key."""
    found = re.match(r"\s*([A-Ga-g])([#♯b♭]?)\s*(m\b|min|maj|$|\s)?", key)
    if not found or not key.strip():
        return ""
    accidental = {"#": "sharp", "♯": "sharp", "b": "b", "♭": "b", "": ""}[found.group(2)]
    minor = re.search(r"\bm\b|min|[A-Ga-g][#b]?m\b", key) is not None
    return f"{found.group(1).upper()}{accidental}{'m' if minor else ''}"


def title(text: str) -> str:
    """What a list shows of a prompt: one line of at most 80 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
