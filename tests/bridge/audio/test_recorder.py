"""Capture through a real PortAudio: what is played in is in the library, trimmed, and stops by itself."""

from __future__ import annotations

import time

import numpy as np
import pytest
import soundfile

from bridge.audio.metronome import ClickTrack, clicks
from bridge.audio.recorder import PRE_ROLL, RELEASE, SILENCE, trimmed
from bridge.errors import BridgeError
from bridge.events import CaptureChanged, TakeAdded
from tests.bridge.conftest import Sounding
from tests.bridge.real_parts import RATE, Ear, Mouth, jack_client, until

INPUT = "PortAudio.*:in_"
OUTPUT = "PortAudio.*:out_"


def burst(seconds: float, seed: int = 3) -> np.ndarray:
    return (
        np.random.default_rng(seed)
        .uniform(-0.5, 0.5, (round(seconds * RATE), 2))
        .astype(np.float32)
    )


def test_silence_at_both_ends_is_trimmed_and_the_sound_kept() -> None:
    sound = burst(0.5)
    silence = np.full((RATE, 2), SILENCE / 2, np.float32)
    kept = trimmed(np.concatenate((silence, sound, silence)), RATE)
    lead = round(PRE_ROLL * RATE)
    assert len(kept) == pytest.approx(lead + len(sound) + RELEASE * RATE, abs=4)
    # The first sample above the threshold may come a frame or two after the sound's own start.
    places = [p for p in range(lead - 3, lead + 4) if np.array_equal(kept[p:][: len(sound)], sound)]
    assert len(places) == 1
    assert abs(kept[0]).max() == 0 and abs(kept[-1]).max() == 0


def test_a_recording_that_was_counted_in_is_cut_by_whole_beats() -> None:
    beat = 0.5
    sound = burst(0.3)
    late = np.zeros((round(1.2 * RATE), 2), np.float32)
    kept = trimmed(np.concatenate((late, sound)), RATE, beat)
    first = int(np.flatnonzero(np.abs(kept).max(axis=1) > SILENCE)[0])
    assert first == pytest.approx(0.2 * RATE, abs=4)


def test_nothing_but_silence_gives_nothing() -> None:
    assert len(trimmed(np.zeros((1000, 2), np.float32), RATE)) == 0
    assert len(trimmed(np.zeros((0, 2), np.float32), RATE)) == 0


@pytest.mark.parametrize("signature", [(4, 4), (6, 8)])
def test_clicks_lie_on_the_beats_and_the_first_of_a_bar_is_another(
    signature: tuple[int, int],
) -> None:
    sound = clicks(48_000, 90.0, signature, 2)
    beat = 48_000 * 60 / 90 * 4 / signature[1]
    assert len(sound) == round(2 * signature[0] * beat)
    parts = [sound[round(n * beat) :][:1400] for n in range(2 * signature[0])]
    assert all(np.abs(part).max() > 0.1 for part in parts)
    assert np.array_equal(parts[0], parts[signature[0]])
    assert np.array_equal(parts[1], parts[2]) and not np.array_equal(parts[0], parts[1])


def test_a_track_of_clicks_is_the_same_in_pieces_and_ends_after_the_click_that_sounds() -> None:
    whole = ClickTrack(48_000, 97.0, (4, 4), 3.0).read(0, 144_000)
    track = ClickTrack(48_000, 97.0, (4, 4), 3.0)
    pieces = [track.read(start, 500) for start in range(0, 62_000, 500)]
    assert np.array_equal(np.concatenate(pieces), whole[:62_000])
    track.stop()
    assert track.frames == 62_000  # Between two clicks: at once.
    track = ClickTrack(48_000, 97.0, (4, 4), 3.0)
    beat = round(track.step)
    track.read(0, beat + 10)
    track.stop()
    assert track.frames == beat + 1440
    assert len(track.read(beat + 10, 5000)) == 1430


@pytest.mark.real_parts
def test_what_is_played_in_is_recorded_and_stops_by_itself(sounding: Sounding) -> None:
    session = sounding.session
    sound = burst(3.0)  # Long enough for the meter to be seen on a busy machine.
    with jack_client("mouth") as client:
        mouth = Mouth(client)
        session.capture.start()
        with pytest.raises(BridgeError) as error:
            session.capture.start()
        assert error.value.code == "busy"
        until(
            lambda: session.capture.state().state == "recording" and session.capture.state().device
        )
        mouth.speak_to(INPUT)
        mouth.say(sound)
        until(lambda: max(session.levels().in_peak) > 0.1, what="the meter")
        until(
            lambda: session.capture.state().state == "idle", what="the recording to end by itself"
        )
    take = session.takes.get(session.capture.state().take_id or "")
    heard = soundfile.read(take.path, dtype="float32", always_2d=True)[0]
    assert take.kind == "capture" and take.sample_rate == RATE
    place = int(np.argmax(np.correlate(heard[:4000, 0], sound[:2000, 0], "valid")))
    step = 2.0**-14  # The file may hold fewer bits than the wire.
    assert np.abs(heard[place : place + len(sound)] - sound).max() < step
    assert abs(place - PRE_ROLL * RATE) < 5
    assert len(heard) < 4 * RATE
    states = [e.capture.state for e in sounding.events if isinstance(e, CaptureChanged)]
    assert list(dict.fromkeys(states)) == ["recording", "saving", "idle"]
    assert any(isinstance(e, TakeAdded) and e.take.id == take.id for e in sounding.events)


@pytest.mark.real_parts
def test_a_count_in_is_heard_before_the_recording_begins(sounding: Sounding) -> None:
    session = sounding.session
    session.transport.change("manual", {"tempo": 240.0})
    wanted = clicks(RATE, 240.0, (4, 4), 1)
    with jack_client("ear") as client, jack_client("mouth") as other:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        ear.hold(sounding.audio.supervisor.output, len(wanted))
        mouth = Mouth(other)
        began = time.monotonic()
        session.capture.start(None, 1)
        assert session.capture.state().state == "count_in"
        until(lambda: session.capture.state().state == "recording", what="the recording")
        assert time.monotonic() - began > 0.9
        mouth.speak_to(INPUT)
        mouth.say(burst(0.5))
        until(lambda: mouth.silent)
        time.sleep(0.3)
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
        heard = ear.fill()
    first = int(np.flatnonzero(wanted.any(axis=1))[0])
    assert np.array_equal(heard, wanted[first : first + len(heard)])
    assert session.takes.get(session.capture.state().take_id or "").tempo_asked == 240.0


@pytest.mark.real_parts
def test_the_metronome_goes_on_while_it_records_if_wanted(sounding: Sounding) -> None:
    session = sounding.session
    session.transport.change("manual", {"tempo": 240.0})
    wanted = clicks(RATE, 240.0, (4, 4), 2)
    with jack_client("ear") as client:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        ear.hold(sounding.audio.supervisor.output, len(wanted))
        session.capture.start(None, 1, True)
        heard = ear.fill()
        assert session.capture.state().state == "recording"
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
    first = int(np.flatnonzero(wanted.any(axis=1))[0])
    assert np.array_equal(heard, wanted[first : first + len(heard)])


@pytest.mark.real_parts
def test_silence_is_no_take_and_an_unknown_input_is_named(sounding: Sounding) -> None:
    session = sounding.session
    with pytest.raises(BridgeError, match="there are: JACK: system"):
        session.capture.start("Neighbour's microphone")
    with jack_client("mouth") as client:
        session.capture.start()
        until(lambda: session.capture.state().device)
        Mouth(client).speak_to(INPUT)
        session.capture.stop()
        until(lambda: session.capture.state().state == "idle")
    assert "Nothing was heard" in session.capture.state().problem
    assert session.capture.state().take_id is None
