"""The styles, read from the TOML tables in `styles/`.

To add a style, add a table; no code refers to one by name. Keys of a table:
`tempo` range in BPM; `modes` and `progressions` (roman numerals, with "|" between bars); `grooves` of `grooves.toml`
and `kits`; `swing` range of the off-beat's position in its pair of sixteenths (`swing_unit` = 0.5) or eighths (1.0),
0.5 is straight; `form` names the order of sections; `level` is the range of energy; `duck` the side-chain depth;
`weight` makes a style more frequent; `texture` is the chance of a recorded texture under the music; the remaining
ranges are for the mix. A part has a `role`, instruments it may `play`, `patterns` of sixteenths, a `chance` to be used,
and the section energy from which it `enters`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Range = tuple[float, float]
_MINOR_MODES = {"minor", "dorian", "phrygian", "harmonic minor"}


@dataclass(frozen=True, slots=True)
class PartSpec:
    """One part of a style."""

    role: str
    play: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    melody: str = "flowing"
    chance: float = 1.0
    enters: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """One table of `styles/*.toml`; see the module's docstring."""

    name: str
    genres: tuple[str, ...]
    tempo: Range
    modes: tuple[str, ...]
    moods: tuple[str, ...]
    level: Range
    form: str
    progressions: tuple[str, ...]
    grooves: tuple[str, ...]
    kits: tuple[str, ...]
    parts: tuple[PartSpec, ...]
    metre: tuple[int, int] = (4, 4)
    swing: Range = (0.5, 0.5)
    swing_unit: float = 0.5
    stretch: int = 1
    duck: Range = (0.0, 0.0)
    saturation: Range = (0.0, 0.4)
    reverb: Range = (0.8, 1.8)
    vinyl: Range = (0.0, 0.0)
    texture: float = 0.0
    lowpass: Range = (0.0, 0.0)
    humanise: float = 0.0
    drums_enter: float = 0.3
    loudness: float = -14.0
    weight: float = 1.0

    @property
    def beats_per_bar(self) -> float:
        """Length of a bar in quarter notes."""
        return self.metre[0] * 4 / self.metre[1]

    def progressions_for(self, mode: str) -> tuple[str, ...]:
        """The progressions for a mode: those for minor modes do not contain the major tonic."""
        return tuple(p for p in self.progressions if _is_minor(p) == (mode in _MINOR_MODES))


def _is_minor(progression: str) -> bool:
    numerals = [re.match("[b#IVXiv]+", token) for token in progression.replace("|", " ").split()]
    roots = {match.group() for match in numerals if match}
    return "I" not in roots and ("i" in roots or bool(roots & {"bVI", "bIII"}))


@cache
def styles() -> dict[str, Style]:
    """All styles by name, in a fixed order."""
    found: dict[str, Style] = {}
    for file in ("electronic", "beats", "band", "roots", "acoustic"):
        for name, table in _read(file).items():
            found[name] = _style(name, table)
    return found


@cache
def grooves() -> dict[str, dict[str, str]]:
    """All drum grooves by name: kit piece to pattern of sixteenths."""
    return _read("grooves")


def _read(file: str) -> dict[str, Any]:
    path = resources.files("engine.composing") / "styles" / f"{file}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _style(name: str, table: dict[str, Any]) -> Style:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    values["parts"] = tuple(_part(part) for part in table["parts"])
    return Style(name=name, **values)


def _part(table: dict[str, Any]) -> PartSpec:
    lists: dict[str, Any] = {
        "play": tuple(table["play"].split(", ")),
        "patterns": tuple(table.get("patterns", ())),
    }
    return PartSpec(**{**table, **lists})
