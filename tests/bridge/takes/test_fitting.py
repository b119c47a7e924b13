"""Laws of fitting: the tempo reached is the one asked for, lengths are exact, pitch and level stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.errors import BridgeError
from bridge.events import Notice, TakeAdded
from bridge.state import Take
from bridge.takes import fitting, sidecar
from bridge.takes.fitting import fitted_score, stretched
from bridge.takes.pending import Draft
from engine.composing.composer import compose
from engine.composing.description import describe
from engine.composing.score import Score
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.bridge.parts import Bench, captured, wait_for
from tests.bridge.takes.test_measure import RATE, beats, chords


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def off_the_grid(bench: Bench) -> Take:
    """A take of 8 bars, asked at 124 BPM and playing at 122."""
    wish = GenerationSpec(prompt="house", bars=8, tempo=124.0, seed=1)
    spec = wish.resolved(SKETCH)
    pending = bench.library.begin(Draft("generate", spec, RATE, 2, "j1"))
    pending.write(AudioBlock(0, beats(122.0, 20.0)[:, : spec.frames(RATE)]))
    return pending.finish()


def fitted(bench: Bench, take: Take, tempo: float | None = None) -> Take:
    seen = len(bench.told(TakeAdded))
    bench.session.fit(take.id, tempo)
    return wait_for(lambda: bench.told(TakeAdded)[seen:])[0].take


def test_a_take_in_bars_reaches_its_tempo_and_keeps_its_length(bench: Bench) -> None:
    take = off_the_grid(bench)
    assert take.tempo_measured == pytest.approx(122.0, abs=0.1)
    made = fitted(bench, take)
    assert made.tempo_measured == pytest.approx(124.0, abs=0.15)
    frames = soundfile.info(str(made.path)).frames
    assert frames == soundfile.info(str(take.path)).frames == round(8 * 4 * 60 / 124 * RATE)
    assert (made.prompt, made.seed, made.kind) == (take.prompt, take.seed, take.kind)
    assert made.id != take.id
    assert take.path.exists()


def test_a_recording_reaches_any_tempo_near(bench: Bench) -> None:
    take = captured(bench.session.takes, beats(96.3, 12.0), RATE, "beatbox", tempo=96.0)
    made = fitted(bench, take, 100.0)
    assert made.tempo_measured == pytest.approx(100.0, abs=0.15)
    assert made.seconds == pytest.approx(12.0 * 96.3 / 100.0, rel=0.002)
    assert "_100bpm_" in made.id


def test_a_fitted_take_plays_the_same_notes_at_its_new_tempo(bench: Bench) -> None:
    take = off_the_grid(bench)
    piece = compose(3, kind="song", seconds=15.0)
    score = replace(Score.of(piece), tempo=124.0)
    line = f"composed: {describe(replace(piece, tempo=124.0))}"
    take = replace(take, lead_sheet=line)
    bench.library.enter(take, score)
    for tempo in (124.0, 100.0):
        made = fitted(bench, take, tempo)
        found = sidecar.read_score(made.path)
        assert found is not None
        assert found.to_dict() == {**score.to_dict(), "tempo": tempo}
        assert made.lead_sheet == f"composed: {describe(replace(piece, tempo=tempo))}"
    again = fitted(bench, made, 110.0)
    found = sidecar.read_score(again.path)
    assert found is not None and found.tempo == pytest.approx(110.0)
    assert ", 110 BPM, " in again.lead_sheet


def test_a_score_keeps_its_place_beside_the_take_and_no_impossible_tempo(bench: Bench) -> None:
    take = replace(off_the_grid(bench), lead_sheet="drums from 124 BPM, swung.mid")
    score = Score.of(compose(3, kind="song", seconds=15.0))
    half, line = fitted_score(replace(score, tempo=62.0), take, 93.0)
    assert half is not None and half.tempo == pytest.approx(46.5)
    assert line == take.lead_sheet
    assert fitted_score(replace(score, tempo=248.0), take, 186.0)[0] is None
    assert fitted_score(None, take, 93.0) == (None, take.lead_sheet)


@pytest.mark.parametrize("ratio", [0.8, 0.998, 1.0, 1.25])
def test_length_pitch_and_level(ratio: float) -> None:
    sound = chords(((69, 73, 76),), 4.0)
    made = stretched(sound, RATE, ratio)
    assert made.shape == (2, round(sound.shape[1] / ratio))
    assert np.abs(made).max() <= np.abs(sound).max() * (1 + 1e-6)
    middle = made[0, RATE : RATE + 65_536] * np.hanning(65_536)
    peak = np.argmax(np.abs(np.fft.rfft(middle))) * RATE / 65_536
    assert min(abs(peak - tone) for tone in (440.0, 554.37, 659.26)) < 2.0


def test_what_cannot_be_fitted_is_refused_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = off_the_grid(bench)
    silent = captured(bench.session.takes, np.zeros((1, 6 * RATE), np.float32) + 1e-3, RATE)
    for take_id, tempo, code in (
        (silent.id, 100.0, "bad_args"),
        (take.id, 300.0, "out_of_range"),
        ("nobody", 100.0, "bad_args"),
    ):
        with pytest.raises(BridgeError) as raised:
            bench.session.fit(take_id, tempo)
        assert raised.value.code == code

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(fitting.importlib, "import_module", missing)
    with pytest.raises(BridgeError, match=r"pip install 'longtake\[stretch\]'"):
        bench.session.fit(take.id)


def test_what_fails_on_the_way_is_told(bench: Bench) -> None:
    take = off_the_grid(bench)
    take.path.write_bytes(b"no audio any more")
    bench.session.fit(take.id)
    [notice] = wait_for(lambda: bench.told(Notice))
    assert (notice.level, notice.code) == ("error", "not_audio")
    assert replace(take) in bench.session.takes.search()
