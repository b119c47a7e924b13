"""What is typed into the search of takes: words, and tempo and stars in short - 'house 120bpm', '118-124bpm', '4*'.

Pure text; knows the library's `Search` alone.
"""

from __future__ import annotations

import re

from bridge.state import Search

_TEMPO = re.compile(r"(\d{2,3}(?:\.\d+)?)(?:\s*[-–]\s*(\d{2,3}(?:\.\d+)?))?\s*bpm\b", re.I)
_STARS = re.compile(r"(?<!\S)([1-5])\s*[*★](?!\S)")


def read_search(text: str) -> Search:
    """The search that was typed; words that are neither tempo nor stars are looked for as text."""
    tempo: float | tuple[float, float] | None = None
    found = _TEMPO.search(text)
    if found:
        low, high = float(found[1]), found[2]
        tempo = low if high is None else (min(low, float(high)), max(low, float(high)))
        text = text[: found.start()] + text[found.end() :]
    stars = _STARS.search(text)
    if stars:
        text = text[: stars.start()] + text[stars.end() :]
    return Search(text=" ".join(text.split()), tempo=tempo, rating=int(stars[1]) if stars else None)
