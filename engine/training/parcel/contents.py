"""What goes into a parcel: each thing by its name in the archive, gathered in a folder that is packed afterwards.

Knows nothing of archives or of the other machine's command line.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from engine.checkpoints import read_tensors, save_weights
from engine.composing.instruments import INSTRUMENTS
from engine.composing.production import FONT_KITS
from engine.model_files import embedded_folder, find_weights, seal
from engine.registry import SKETCH
from engine.training.corpus.soundfonts import FONT_FILES, font_path
from engine.training.parcel import text
from engine.training.parcel.font import Preset, trimmed
from engine.training.parcel.parts import bundle, leave_data
from engine.training.parcel.start import CODE, FONTS, RUN, SITE

ROOT = Path(__file__).parents[3]
PROGRAMS = (
    "engine",
    "benchmarks",
    "presets",
    "longtake.py",
    "pyproject.toml",
    "LICENSE",
    "ATTRIBUTION.md",
)
"""What of this project travels; bridge and panel have no use there."""
SUFFIXES = (".py", ".toml", ".tsv", ".json", ".txt", ".md", "")
WORDS_IN = (
    "engine/composing/styles",
    "engine/composing/vocabulary.toml",
    "engine/composing/arrangement.py",
    "engine/composing/composer.py",
    "engine/composing/finishing.py",
    "engine/composing/instruments.py",
    "engine/composing/mix.py",
    "engine/composing/theory.py",
    "engine/training/material/prompts.py",
    "presets",
)
"""Where all words of prompts stand: those of the composer, and those of people."""
FONT = "fluid"
FONT_LICENCE = """Fluid (R3) General MIDI SoundFont, changed: only what Longtake's composer plays, in Vorbis.

Copyright (c) 2000-2002, 2008 Frank Wen
Copyright (c) 2008 Toby Smithe
"""


def add_code(folder: Path) -> None:
    """The project's own files, without weights."""
    for path in (path for name in PROGRAMS for path in _sources(ROOT / name)):
        if not path.is_relative_to(embedded_folder()):
            _copied(path, folder / CODE / path.relative_to(ROOT))


def add_text(folder: Path) -> None:
    """MiniLM with the words of prompts."""
    files = (path for name in WORDS_IN for path in _sources(ROOT / name))
    text.reduce((path.read_text(encoding="utf-8") for path in files), folder / SITE)


def add_font(folder: Path, presets: Iterable[Preset] | None = None) -> None:
    """One soundfont; it plays what the composer wants from others too (corpus/soundfonts.py)."""
    (folder / FONTS).mkdir(parents=True, exist_ok=True)
    target = folder / FONTS / Path(FONT_FILES[FONT][0]).name
    target.write_bytes(trimmed(font_path(FONT), played() if presets is None else presets))
    # Both are under the MIT licence; the terms follow the line of the copyright.
    terms = (ROOT / "LICENSE").read_text(encoding="utf-8").partition("\nPermission")
    target.with_suffix(".txt").write_text(FONT_LICENCE + "".join(terms[1:]), encoding="utf-8")


def played() -> set[Preset]:
    """All presets of General MIDI that the composer plays."""
    programs = {program for row in INSTRUMENTS.values() for program in row.programs}
    return {(0, program) for program in programs} | {(128, kit) for kit in FONT_KITS.values()}


def add_autoencoder(folder: Path, *, decoder: bool = True) -> None:
    """The committed autoencoder, in half precision; without its decoder it only encodes, and is sealed anew."""
    source = find_weights(SKETCH) / "autoencoder.safetensors"
    target = folder / CODE / source.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    if decoder:
        _copied(source, target)
    else:
        tensors = read_tensors(source)
        halves = {
            n: torch.zeros_like(t) if n.startswith("decoder.") else t for n, t in tensors.items()
        }
        save_weights(halves, target, {"model": SKETCH.name, "decoder": "zeros"})
    seal(target.parent)


def add_run(folder: Path, run: Path, *, light: bool) -> None:
    """The last checkpoint of a run, as parts like those that come back."""
    leave_data(bundle(run, light=light, made=False), folder / RUN)


def _sources(place: Path) -> Iterator[Path]:
    """A file, or the files below a folder."""
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
        if path.is_file() and path.suffix in SUFFIXES and not hidden:
            yield path


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
