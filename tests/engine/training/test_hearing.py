"""Laws of the training of listening: it learns, the same every time, and writes what the wing reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from engine.hearing.drum_sounds import FEATURES, SOUNDS, DrumSounds, drum_sounds
from engine.training import hearing
from engine.training.corpus.grooves import Groove, groove
from engine.training.hearing import HIDDEN, TOGETHER, fit, strokes_of, told_right


def grooves(held_out: bool) -> list[Groove]:
    return [
        groove(seed, source, held_out=held_out)
        for source in ("beatbox", "voice")
        for seed in range(4)
    ]


def test_strokes_that_begin_together_are_one_onset_of_both_sounds() -> None:
    noise = np.random.default_rng(0).standard_normal(44_100).astype(np.float32)
    onsets = [(0.1, "kick"), (0.1 + TOGETHER / 2, "hat"), (0.5, "snare"), (0.7, "")]
    strokes = strokes_of([Groove(noise, onsets, "mouth")], 0)
    names = list(SOUNDS)
    told = [{names[at] for at in np.flatnonzero(row)} for row in strokes.known]
    assert told == [{"kick", "hat"}, {"snare"}, set()]
    assert strokes.found.shape == (3, FEATURES) and strokes.source == ["mouth"] * 3


def test_a_fit_learns_and_is_the_same_every_time() -> None:
    strokes = strokes_of(grooves(held_out=False), 0)
    model, again = fit(strokes, 60), fit(strokes, 60)
    assert (model.hidden == again.hidden).all() and (model.output == again.output).all()
    judged = told_right(model, strokes_of(grooves(held_out=True), 1))
    assert judged["beatbox"][0] > 0.9 and judged["voice"][0] > 0.9
    assert judged["font"] == (0.0, 0)


def test_the_command_writes_what_the_wing_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "material", lambda count, *, held_out: grooves(held_out))
    out = tmp_path / "sounds.safetensors"
    hearing.main(["--steps", "5", "--out", str(out)])
    made = DrumSounds.of(load_file(out))
    assert made.hidden.shape == drum_sounds().hidden.shape == (FEATURES + 1, HIDDEN)
    assert made.output.shape == drum_sounds().output.shape == (HIDDEN + 1, len(SOUNDS))


def test_the_weights_that_come_with_the_wing_tell_held_out_mouths() -> None:
    held_out = [groove(seed, "mouth", held_out=True) for seed in range(500, 506)]
    assert told_right(drum_sounds(), strokes_of(held_out, 2))["mouth"][0] > 0.93
