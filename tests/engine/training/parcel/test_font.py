"""A trimmed soundfont plays what was kept as the whole one does, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tinysoundfont
from numpy.typing import NDArray

from engine.errors import AudioError
from engine.training.corpus.soundfonts import FONT_FILES, font_path
from engine.training.parcel.font import trimmed

FLUID = Path(FONT_FILES["fluid"][0])
FLUTE, ACCORDION, KIT = (0, 73), (0, 21), (128, 40)
pytestmark = pytest.mark.real_parts(str(FLUID))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fonts") / FLUID.name
    path.write_bytes(trimmed(FLUID, [FLUTE, KIT]))
    return path


def note(font: Path, preset: tuple[int, int], pitch: int) -> NDArray[np.float32]:
    synth = tinysoundfont.Synth(samplerate=44_100)
    handle = synth.sfload(str(font))
    bank, program = preset
    synth.program_select(0, handle, bank, program, bank == 128)
    synth.noteon(0, pitch, 100)
    return np.frombuffer(synth.generate(44_100), np.float32).copy()


@pytest.mark.parametrize(("preset", "pitch"), [(FLUTE, 72), (FLUTE, 90), (KIT, 38)])
def test_a_kept_preset_sounds_as_before(small: Path, preset: tuple[int, int], pitch: int) -> None:
    before, after = note(FLUID, preset, pitch), note(small, preset, pitch)
    assert np.linalg.norm(after - before) < 0.25 * np.linalg.norm(before)  # Vorbis


def test_others_are_silent_and_the_file_is_small(small: Path) -> None:
    assert note(FLUID, ACCORDION, 72).any() and not note(small, ACCORDION, 72).any()
    assert small.stat().st_size < 2_000_000 < FLUID.stat().st_size


def test_the_only_font_of_a_folder_plays_for_the_others(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAKE_SOUNDFONTS", str(small.parent))
    monkeypatch.setitem(FONT_FILES, "musescore", ("/nowhere/MuseScore_General.sf3",))
    assert font_path("musescore") == font_path("fluid") == small


def test_what_is_no_soundfont_is_named(tmp_path: Path) -> None:
    path = tmp_path / "noise.sf2"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(AudioError, match=r"noise\.sf2"):
        trimmed(path, [FLUTE])
