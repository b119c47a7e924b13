"""Laws of the renderer: same bytes, safe peaks, no holes, and the tempo that the facts claim."""

from __future__ import annotations

import functools

import librosa
import numpy as np
import pytest

from engine.composing.arrangement import Arrangement
from engine.composing.composer import compose
from engine.errors import LongtakeError
from engine.training.corpus.effects import PEAK, loudness
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.renderer import render
from engine.training.corpus.soundfonts import FONT_FILES, font_path

SOUNDFONTS = pytest.mark.real_parts(*(files[0] for files in FONT_FILES.values()))


@functools.cache
def rendered(seed: int, style: str, kind: str, seconds: float) -> tuple[Arrangement, Signal]:
    piece = compose(seed, style, kind, seconds)  # pyright: ignore[reportArgumentType]
    return piece, render(piece)


@pytest.mark.parametrize("style", ["chiptune", pytest.param("rock", marks=SOUNDFONTS)])
def test_the_same_arrangement_is_the_same_bytes(style: str) -> None:
    piece, audio = rendered(2, style, "loop", 8)
    assert render(piece).tobytes() == audio.tobytes()


@SOUNDFONTS
@pytest.mark.parametrize(
    ("style", "kind"),
    [("house", "song"), ("jazz_trio", "stem"), ("ambient", "loop"), ("trap", "one-shot")],
)
def test_sound_is_whole_safe_and_stereo(style: str, kind: str) -> None:
    piece, audio = rendered(3, style, kind, 45)
    assert audio.shape == (2, round(piece.seconds * SAMPLE_RATE))
    assert audio.dtype == np.float32
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= PEAK + 1e-6
    assert abs(audio.mean()) < 1e-3
    if kind != "one-shot":
        assert np.asarray(np.corrcoef(audio))[0, 1] > 0.2
        assert abs(loudness(audio) - piece.production.loudness_lufs) < 3


@SOUNDFONTS
@pytest.mark.parametrize("style", ["house", "orchestral"])
def test_a_song_has_no_hole_and_ends_in_silence(style: str) -> None:
    piece, audio = rendered(3, style, "song", 45)
    end = (piece.sections[-1].start + piece.sections[-1].beats) * 60 / piece.tempo
    inside = audio[:, : int((end - 60 / piece.tempo * piece.beats_per_bar) * SAMPLE_RATE)]
    seconds = inside[:, : inside.shape[1] // SAMPLE_RATE * SAMPLE_RATE].reshape(2, -1, SAMPLE_RATE)
    levels = np.sqrt((seconds**2).mean(axis=(0, 2)))
    assert levels.min() > 10 ** (-50 / 20)
    assert np.abs(audio[:, -64:]).max() < 1e-3


@pytest.mark.parametrize(("style", "seed"), [("techno", 1), ("electro", 2), ("synthwave", 3)])
def test_drums_sound_where_the_grid_says(style: str, seed: int) -> None:
    piece = next(
        p
        for p in (compose(s, style, "stem", 12) for s in range(seed, 200))
        if p.instruments == ("Drum Machine",)
    )
    drums = piece.parts[0].notes
    audio = render(piece).mean(axis=0)
    strength = librosa.onset.onset_strength(y=audio, sr=SAMPLE_RATE, hop_length=256)
    loud = [
        n.start * 60 / piece.tempo
        for n in drums
        if n.pitch in (36, 38, 39) and n.velocity > 84 and n.start > 0
    ]
    assert len(loud) > 8

    def heard_at(times: list[float]) -> float:
        frames = [round(time * SAMPLE_RATE / 256) for time in times]
        return float(np.mean([strength[frame - 2 : frame + 4].max() for frame in frames]))

    half_a_sixteenth = 60 / piece.tempo / 8
    assert heard_at(loud) > 2 * heard_at([time + half_a_sixteenth for time in loud])
    assert min(n.start for n in drums) < 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_measured_tempo_is_the_one_claimed(seed: int) -> None:
    piece = next(
        p
        for p in (compose(s, "house", "stem", 16) for s in range(100 * seed, 100 * seed + 99))
        if p.instruments == ("Drum Machine",)
    )
    audio = render(piece).mean(axis=0)
    envelope = librosa.onset.onset_strength(y=audio, sr=SAMPLE_RATE)
    measured = float(
        np.atleast_1d(librosa.feature.tempo(onset_envelope=envelope, sr=SAMPLE_RATE))[0]
    )
    assert min(abs(measured / (piece.tempo * k) - 1) for k in (0.5, 1, 2)) < 0.03


@SOUNDFONTS
def test_a_loop_goes_round_without_a_click() -> None:
    _, audio = rendered(2, "chiptune", "loop", 8)
    seam = np.abs(audio[:, 0] - audio[:, -1]).max()
    assert seam < np.abs(np.diff(audio, axis=1)).max()


def test_a_missing_soundfont_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FONT_FILES, "fluid", ("/nowhere/FluidR3_GM.sf2",))
    with pytest.raises(LongtakeError, match="fluid-soundfont-gm"):
        font_path("fluid")
