"""Laws of what files of the library say of their music, and of what files from elsewhere say to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bridge.takes import sidecar
from bridge.takes.library import Library
from bridge.takes.pending import Draft
from bridge.takes.recordings import RecordingDraft, begin
from engine.registry import SKETCH
from engine.sound.about import About, MusicalFacts
from engine.sound.audio import AudioWriter, read_audio
from engine.sound.music_in_files import musical_facts
from engine.sound.time_reference import time_reference
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.bridge.parts import captured, library_in

RATE = 44_100
SPEC = GenerationSpec(prompt="drums, 120 BPM, A minor", bars=1, loop=True, seed=1).resolved(SKETCH)
SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, (2, SPEC.frames(RATE))).astype(np.float32)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_in(tmp_path)


@pytest.mark.parametrize("rate", [0, 48_000, 96_000])
def test_a_take_says_its_tempo_and_has_the_rate_of_the_settings(
    library: Library, rate: int
) -> None:
    library.rate = rate
    pending = library.begin(Draft("generate", SPEC, RATE, 2, "j1"))
    pending.write(AudioBlock(0, SAMPLES))
    take = pending.finish()
    assert read_audio(take.path).sample_rate == take.sample_rate == (rate or RATE)
    assert read_audio(take.path).seconds == take.seconds == 2.0
    expected = MusicalFacts(tempo=120.0, beats=4.0, loop=True, key="A")
    assert musical_facts(take.path) == expected and time_reference(take.path) == 0
    if not rate:
        assert np.array_equal(read_audio(take.path).samples, SAMPLES)


def test_a_recording_says_the_tempo_it_was_played_to(library: Library) -> None:
    pending = begin(library, RecordingDraft(RATE, tempo=97.0, key="E minor"))
    pending.write(SAMPLES.T)
    take = pending.finish()
    found = musical_facts(take.path)
    assert found is not None and (found.tempo, found.key, found.loop) == (97.0, "E", False)
    assert len(read_audio(take.path).samples[0]) == round(take.seconds * RATE)


def test_a_file_from_elsewhere_is_listed_with_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "loop.wav"
    with AudioWriter(path, RATE) as writer:
        writer.about = About(MusicalFacts(tempo=93.0, loop=True, key="D"))
        writer.write(SAMPLES)
    take = sidecar.read(path)
    assert (take.tempo_asked, take.loop, take.key, take.kind) == (93.0, True, "D", "capture")


def test_what_the_sidecar_says_counts_before_the_file(library: Library) -> None:
    take = captured(library, SAMPLES, RATE, tempo=80.0)
    assert sidecar.read(take.path).tempo_asked == take.tempo_asked
