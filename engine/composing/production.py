"""Names of recorded sounds that an arrangement asks for: kits of the soundfonts, and textures. Knows no sound."""

from __future__ import annotations

import numpy as np

FONT_KITS = {"gm_standard": 0, "gm_room": 8, "gm_power": 16, "gm_electronic": 24, "gm_808": 25, "gm_jazz": 32,
              "gm_brush": 40, "gm_orchestra": 48}  # fmt: skip
"""Kits of the soundfonts, and their programs."""
TEXTURES = (
    "ambi_drone",
    "ambi_soft_buzz",
    "ambi_lunar_land",
    "ambi_dark_woosh",
    "ambi_haunted_hum",
    "ambi_glass_hum",
)
"""Used in training items."""
HELD_OUT_TEXTURES = ("ambi_glass_rub",)
"""Used in held-out items only."""


def choose_texture(rng: np.random.Generator, *, held_out: bool) -> str:
    """A random texture for one side of the split."""
    names = HELD_OUT_TEXTURES if held_out else TEXTURES
    return names[int(rng.integers(len(names)))]
