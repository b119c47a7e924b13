"""Laws of the façade: parameters, the kinds of wishes, and what it says when a part is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.errors import BridgeError, code_of
from bridge.events import (
    Event,
    JobChanged,
    ParameterChanged,
    PresetsChanged,
    SheetReady,
    TakeChanged,
)
from bridge.requests import complement, in_time, quarters_in_bar
from bridge.state import Job, JobOptions, TransportState
from engine.composing.composer import compose
from engine.composing.midi_files import write_midi
from engine.composing.score import Score
from engine.errors import LongtakeError, SpecError
from engine.spec import DEFAULTS, PARAMETERS, GenerationSpec
from tests.bridge.parts import Bench, Gate, captured


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def idea(tmp_path: Path) -> Path:
    """A recording of 4 s at 48 kHz."""
    path = tmp_path / "idea.wav"
    soundfile.write(path, np.zeros((4 * 48_000, 1), np.float32), 48_000)
    return path


def test_parameters_are_the_table(bench: Bench) -> None:
    assert set(bench.session.parameters.all()) == set(PARAMETERS)
    assert GenerationSpec(**bench.session.parameters.all()) == GenerationSpec()
    bench.session.parameters.set("steps", 12)
    assert bench.session.parameters.get("steps") == 12
    assert bench.events == [ParameterChanged("steps", 12)]
    bench.session.parameters.set("steps", None)
    assert bench.session.parameters.all()["steps"] is None
    assert bench.session.parameters.chosen() == {}


def test_what_was_taken_back_is_as_if_it_had_never_been_set(bench: Bench) -> None:
    bench.session.transport.change("manual", {"signature": (3, 4)})
    for name, value in {
        "beats_per_bar": 5,
        "model": "sketch",
        "prompt": "x",
        "keep": [[0, 1]],
    }.items():
        bench.session.parameters.set(name, value)
        bench.session.parameters.set(name, None)
        assert bench.session.parameters.get(name) == DEFAULTS[name]
    assert bench.session.generate("house").spec.beats_per_bar == 3


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("stepz", 1, "unknown_param"),
        ("steps", 0, "out_of_range"),
        ("steps", 1.5, "out_of_range"),
        ("sampler", "none", "out_of_range"),
        ("model", "none", "out_of_range"),
        ("cfg_scale", float("nan"), "out_of_range"),
        ("keep", [[0, 1], [3, 2]], "out_of_range"),
        ("keep", [[1, 1]], "out_of_range"),
        ("cfg_interval", (0.8, 0.2), "out_of_range"),
    ],
)
def test_wrong_parameters_change_nothing(bench: Bench, name: str, value: object, code: str) -> None:
    before = bench.session.parameters.all()
    with pytest.raises(BridgeError) as raised:
        bench.session.parameters.set(name, value)
    assert raised.value.code == code
    assert bench.session.parameters.all() == before
    assert bench.events == []


def test_reset_gives_every_default_back(bench: Bench) -> None:
    bench.session.parameters.set("prompt", "x")
    bench.session.parameters.set("seed", 4)
    bench.session.parameters.reset()
    assert GenerationSpec(**bench.session.parameters.all()) == GenerationSpec()
    assert bench.events[-2:] == [ParameterChanged("prompt", ""), ParameterChanged("seed", None)]


def test_a_job_takes_prompt_then_overrides_then_parameters(bench: Bench) -> None:
    bench.session.parameters.set("prompt", "from parameters")
    bench.session.parameters.set("steps", 9)
    job = bench.session.generate()
    assert (job.spec.prompt, job.spec.steps) == ("from parameters", 9)
    job = bench.session.generate("mine", steps=3, seed=5, cfg_scale=None)
    assert (job.spec.prompt, job.spec.steps, job.spec.seed) == ("mine", 3, 5)
    assert bench.session.parameters.get("steps") == 9
    with pytest.raises(SpecError, match="Unknown setting"):
        bench.session.generate("mine", stepz=3)


def test_seconds_asked_for_win_over_bars_that_are_set(bench: Bench) -> None:
    bench.session.parameters.set("bars", 8)
    assert bench.session.generate("120 BPM").spec.seconds_total == 16.0
    assert bench.session.generate("120 BPM", seconds_total=5.0).spec.seconds_total == 5.0


def test_transform_keeps_the_recordings_length_unless_told(bench: Bench, idea: Path) -> None:
    spec = bench.session.transform(idea, "techno", 0.4).spec
    assert (spec.init_audio, spec.init_noise_level, spec.seconds_total) == (str(idea), 0.4, 4.0)
    assert bench.session.transform(idea, "techno", 0.4, seconds_total=9.0).spec.seconds_total == 9.0
    assert bench.session.transform(idea, "120 BPM", 0.4, bars=1).spec.seconds_total == 2.0


def test_continue_keeps_all_and_adds(bench: Bench, idea: Path) -> None:
    spec = bench.session.continue_(idea, 6.0, "techno").spec
    assert (spec.keep, spec.seconds_total, spec.init_audio) == (((0.0, 4.0),), 10.0, str(idea))


def test_inpaint_keeps_all_but_the_spans(bench: Bench, idea: Path) -> None:
    spec = bench.session.inpaint(idea, [(1.0, 2.0)], "techno").spec
    assert (spec.keep, spec.seconds_total) == (((0.0, 1.0), (2.0, 4.0)), 4.0)
    for spans, match in (
        ([(0.0, 4.0)], "nothing is kept"),
        ([(8.0, 9.0)], "No span"),
        ([(2, 1)], "before"),
    ):
        with pytest.raises(SpecError, match=match):
            bench.session.inpaint(idea, spans, "techno")


def test_a_take_goes_on_in_its_own_words(bench: Bench) -> None:
    bench.queue.start()
    job = bench.ended(bench.session.generate("warm house", seconds_total=1.0))
    take = bench.session.takes.get(job.take_ids[0])
    bench.session.parameters.set("prompt", "techno")
    assert bench.session.continue_(take.path, 2.0).spec.prompt == "warm house"
    assert bench.session.continue_(take.path, 2.0, "polka").spec.prompt == "polka"


def test_vary_moves_a_take_towards_another(bench: Bench) -> None:
    bench.queue.start()
    job = bench.ended(bench.session.generate("house", seconds_total=1.0, seed=3))
    for named in (job.id, job.take_ids[0]):
        spec = bench.session.vary(named, 0.2).spec
        assert (spec.seed, spec.variation) == (3, 0.2)
        assert spec.prompt == job.spec.prompt
    recorded = captured(bench.session.takes, np.zeros((1, 100), np.float32), 8000)
    with pytest.raises(BridgeError, match="recorded"):
        bench.session.vary(recorded.id)


def test_a_variation_plays_the_notes_of_its_take(bench: Bench) -> None:
    bench.queue.start()
    job = bench.ended(bench.session.generate("it plays", seconds_total=1.0, seed=3))
    assert job.lead_sheet == "a song of seed 3"
    varied = bench.session.vary(job.id, options=JobOptions(batch=2))
    assert varied.spec.score_seed == 3
    sheets = [told.sheet.about for told in bench.told(SheetReady, job_id=bench.ended(varied).id)]
    assert sheets == ["a song of seed 3"] * 2
    again = bench.ended(bench.session.vary(varied.id))
    assert again.spec.score_seed == 3
    assert bench.session.takes.get(again.take_ids[0]).lead_sheet == "a song of seed 3"


def test_chords_go_with_every_kind_of_request_and_a_clip_with_those_that_begin_with_it(
    bench: Bench, idea: Path
) -> None:
    clip = idea.with_suffix(".mid")
    write_midi(Score.of(compose(1, kind="loop", seconds=4.0)), clip)
    bench.session.parameters.set("prompt", "house, 120 BPM")

    def jobs() -> list[Job]:
        return [
            bench.session.generate(),
            bench.session.transform(idea, None, 0.5),
            bench.session.inpaint(idea, [(1.0, 2.0)]),
            bench.session.continue_(idea, 2.0),
        ]

    bench.session.parameters.set("chords", "Am7 | F")
    bench.session.parameters.set("form", "verse 2")
    assert {(job.spec.chords, job.spec.form) for job in jobs()} == {("Am7 | F", "verse 2")}
    with pytest.raises(LongtakeError, match="Bar 2"):
        bench.session.generate(chords="Am7 | Xyz")
    clipped = bench.session.generate(midi=str(clip)).spec
    assert (clipped.chords, clipped.form, clipped.midi) == ("", "", str(clip))
    bench.session.parameters.set("chords", "")
    bench.session.parameters.set("form", "")
    bench.session.parameters.set("midi", str(clip))
    assert [job.spec.midi for job in jobs()] == [str(clip)] * 2 + [None] * 2
    charted = bench.session.generate(chords="Dm | G").spec
    assert (charted.chords, charted.midi) == ("Dm | G", None)


@pytest.mark.parametrize("what", ["missing.wav", "text.wav", "empty.wav"])
def test_what_is_no_recording_is_refused(bench: Bench, tmp_path: Path, what: str) -> None:
    (tmp_path / "text.wav").write_text("hello")
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1), np.float32), 8000)
    with pytest.raises(LongtakeError) as raised:
        bench.session.transform(tmp_path / what, "techno", 0.5)
    assert code_of(raised.value) == ("bad_path" if what == "missing.wav" else "not_audio")


def test_tempo_and_key_come_from_the_transport_where_nobody_says_another(bench: Bench) -> None:
    assert bench.session.generate("house").spec.tempo is None
    assert bench.session.generate("house", bars=2).spec.seconds_total == 4.0
    bench.session.transport.change(
        "manual", {"tempo": 100.0, "signature": (3, 4), "key": "A minor"}
    )
    job = bench.session.generate("house", bars=2)
    assert (job.spec.tempo, job.spec.key, job.spec.seconds_total) == (100.0, "A minor", 3.6)
    assert "100 BPM" in job.spec.prompt
    assert bench.session.generate("house 124 BPM").spec.tempo == 124.0
    assert bench.session.generate("house", tempo=90.0, key="C major").spec.key == "C major"


def test_bars_of_odd_signatures() -> None:
    assert quarters_in_bar(TransportState(signature=(6, 8))) == 3
    assert quarters_in_bar(TransportState(signature=(7, 8))) is None
    assert in_time(GenerationSpec(prompt="x"), TransportState()).tempo is None


def test_complement_of_spans() -> None:
    assert complement([], 4.0) == ((0.0, 4.0),)
    assert complement([(3.0, 9.0), (0.0, 1.0)], 4.0) == ((1.0, 3.0),)
    assert complement([(1.0, 3.0), (2.0, 3.5)], 4.0) == ((0.0, 1.0), (3.5, 4.0))


def test_a_device_that_is_not_there_says_so(bench: Bench) -> None:
    session = bench.session
    calls = (
        session.playback.play,
        session.playback.stop,
        session.playback.pause,
        session.capture.start,
        session.capture.stop,
        lambda: session.playback.seek(1.0),
        lambda: session.playback.set_gain(0.0),
        lambda: session.playback.set_output("x"),
        lambda: session.capture.set_input("x"),
        lambda: session.midi.learn("seed"),
        lambda: session.midi.set_input("x"),
    )
    for call in calls:
        with pytest.raises(BridgeError) as raised:
            call()
        assert raised.value.code == "no_device"
    states = session.playback.state(), session.capture.state(), session.midi.state()
    assert all(state.problem for state in (*states, session.playback.devices()))
    assert session.playback.playhead() is None
    assert session.levels().underruns == 0


class Stubborn:
    """A port that does not end."""

    def close(self) -> None:
        raise OSError("The cable is gone.")


def test_closing_ends_every_part_also_after_one_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path, engine := Gate())
    bench.queue.start()
    job = bench.session.generate("house", seconds_total=1.0)
    take = captured(bench.session.takes, np.zeros((1, 100), np.float32), 8000)
    bench.session.takes.change(take.id, rating=4)
    heard: list[Event] = []
    bench.session.subscribe(heard.append)
    parts: Any = bench.session
    parts.midi = parts.playback = Stubborn()
    engine.open()
    bench.close()
    ended = [e.job.id for e in heard if isinstance(e, JobChanged) and e.job.finished]
    assert ended == [job.id]
    assert json.loads(take.path.with_suffix(".json").read_text())["rating"] == 4
    assert caplog.text.count("Stubborn.close did not end well") == 2


class Broken:
    """A port whose every call fails."""

    def stop(self) -> None:
        raise OSError("The cable is gone.")

    state = stop


def test_panic_cancels_everything_whatever_is_broken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Gate())
    jobs = [bench.session.generate("house") for _ in range(3)]
    whole: Any = bench.session
    kept = whole.playback, whole.capture
    whole.playback = whole.capture = Broken()
    bench.session.panic()
    assert {bench.session.jobs.get(job.id).state for job in jobs} == {"cancelled"}
    whole.playback, whole.capture = kept
    bench.close()


def test_presets_set_what_they_name(bench: Bench) -> None:
    bench.session.parameters.set("prompt", "warm")
    bench.session.parameters.set("steps", 11)
    bench.session.presets.save("Mine")
    assert isinstance(bench.events[-1], PresetsChanged)
    bench.session.parameters.reset()
    bench.session.presets.load("mine")
    assert (bench.session.parameters.get("prompt"), bench.session.parameters.get("steps")) == (
        "warm",
        11,
    )
    assert "Mine" in bench.session.presets.names()
    bench.session.presets.rename("Mine", "Yours")
    bench.session.presets.delete("Yours")
    assert "Yours" not in bench.session.presets.names()


def test_rating_and_names_through_the_session(bench: Bench) -> None:
    take = captured(bench.session.takes, np.full((1, 100), 0.1, np.float32), 8000)
    bench.session.takes.change(take.id, rating=3)
    bench.session.takes.change(take.id, favourite=True)
    bench.session.takes.change(take.id, name="Kick")
    changed = bench.session.takes.get(take.id)
    assert (changed.rating, changed.favourite, changed.name) == (3, True, "Kick")
    assert len(bench.told(TakeChanged)) == 3


def test_models_are_the_registrys(bench: Bench) -> None:
    assert "sketch" in {model.name for model in bench.session.models.all()}
    with pytest.raises(BridgeError) as raised:
        bench.session.models.load("sketch")
    assert raised.value.code == "not_loaded"
