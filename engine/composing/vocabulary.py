"""What people call a style, an instrument, a mood, a pace: prompts are written and read by these tables."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def vocabulary() -> dict[str, dict[str, list[str]]]:
    """The tables by name."""
    path = resources.files("engine.composing") / "vocabulary.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
