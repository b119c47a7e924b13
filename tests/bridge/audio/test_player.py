"""The player on a real PortAudio and a real JACK: exact, unbroken, and alive after the device is gone."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import soxr

from bridge.errors import BridgeError
from bridge.events import DevicesChanged, Notice, PlaybackChanged
from bridge.ports import Cue, StreamFormat
from bridge.state import Take
from engine.updates import AudioBlock
from tests.bridge.conftest import Sounding
from tests.bridge.real_parts import RATE, Ear, JackServer, freewheel, jack_client, until

pytestmark = pytest.mark.real_parts
OUTPUT = "PortAudio.*:out_"


def made(sounding: Sounding, seconds: float, seed: int = 1) -> Take:
    """A finished take of noise."""
    job = sounding.session.generate("noise", seconds_total=seconds, seed=seed)
    ended = until(lambda: (found := sounding.session.jobs.get(job.id)).finished and found)
    return sounding.session.takes.get(ended.take_ids[0])


def samples_of(take: Take) -> np.ndarray:
    return soundfile.read(take.path, dtype="float32", always_2d=True)[0]


def take_at(path: Path, rate: int) -> Take:
    """A file as a take."""
    frames = soundfile.info(path).frames
    return Take("x", path, "x", "generate", frames / rate, rate, 2, 0.0)


def test_the_played_take_is_the_file_sample_for_sample(sounding: Sounding) -> None:
    take = made(sounding, 20.0)
    wanted = samples_of(take)
    with jack_client("ear") as client:
        ear = Ear(client, len(wanted) + RATE)
        ear.listen_to(OUTPUT)
        with freewheel(ear, sounding.audio.supervisor.output, len(wanted)):
            sounding.session.playback.play(take)
            heard = ear.fill()
    assert np.array_equal(heard[: len(wanted)], wanted)
    assert not heard[len(wanted) :].any()
    until(lambda: sounding.session.playback.state().state == "stopped")
    assert sounding.session.levels().underruns == 0


def test_a_looped_take_has_no_gap(sounding: Sounding) -> None:
    take = made(sounding, 1.0)
    wanted = samples_of(take)
    sounding.session.playback.set_loop(True)
    with jack_client("ear") as client:
        ear = Ear(client, 30 * len(wanted))
        ear.listen_to(OUTPUT)
        with freewheel(ear, sounding.audio.supervisor.output, len(ear.samples)):
            sounding.session.playback.play(take)
            heard = ear.fill()
    assert np.array_equal(heard[: 29 * len(wanted)], np.tile(wanted, (29, 1)))


def test_a_take_is_heard_while_it_is_decoded_and_goes_on_as_a_file(sounding: Sounding) -> None:
    take = made(sounding, 12.0)
    wanted = samples_of(take)
    player = sounding.audio.player

    def feed(start: int, end: int) -> None:
        samples = np.ascontiguousarray(wanted[start:end].T)
        player.feed_stream("j", AudioBlock(start, samples))

    player.open_stream(StreamFormat("j", RATE, 2, len(wanted)))
    assert player.state().state == "waiting"
    with jack_client("ear") as client:
        ear = Ear(client, len(wanted))
        ear.listen_to(OUTPUT)
        with freewheel(ear, sounding.audio.supervisor.output, len(wanted)):
            feed(0, 10 * RATE)
            until(lambda: ear.count > 0, what="the first block")
            assert player.state().take_id is None
            for start in range(10 * RATE, len(wanted), 8192):
                feed(start, start + 8192)
            player.close_stream("j", take)
            heard = ear.fill()
    assert player.state().take_id == take.id
    assert np.array_equal(heard, wanted[: len(heard)]) and len(heard) > 11 * RATE


def test_a_stream_that_comes_to_nothing_falls_silent(sounding: Sounding) -> None:
    player = sounding.audio.player
    player.open_stream(StreamFormat("j", RATE, 2, 10 * RATE))
    player.feed_stream("j", AudioBlock(0, np.full((2, 5 * RATE), 0.5, np.float32)))
    until(lambda: (player.playhead() or 0) > 0.1)
    player.close_stream("j", None)
    assert player.state().state == "stopped" and player.playhead() is None


def test_another_rate_is_converted_on_the_way(sounding: Sounding, tmp_path: Path) -> None:
    time = np.arange(48_000) / 48_000
    sweep = np.stack([np.sin(2 * np.pi * (300 + 500 * time) * time)] * 2, 1).astype(np.float32)
    soundfile.write(tmp_path / "sweep.wav", sweep, 48_000, subtype="FLOAT")
    wanted = soxr.resample(sweep, 48_000, RATE, quality="HQ")
    with jack_client("ear") as client:
        ear = Ear(client, RATE + 4096)
        ear.listen_to(OUTPUT)
        with freewheel(ear, sounding.audio.supervisor.output, len(wanted)):
            sounding.audio.player.play(take_at(tmp_path / "sweep.wav", 48_000))
            ear.fill()
    heard = ear.samples
    lag = int(np.argmax(np.correlate(heard[:6000, 0], wanted[1000:3000, 0], "valid"))) - 1000
    wanted = wanted[max(0, -lag) :]
    heard = heard[max(0, lag) :]
    length = min(len(heard), len(wanted)) - 200
    assert np.abs(heard[:length] - wanted[:length]).max() < 1e-3


def test_pause_seek_and_stop_are_heard_without_a_click(sounding: Sounding, tmp_path: Path) -> None:
    flat = np.full((60 * RATE, 2), 0.5, np.float32)
    soundfile.write(tmp_path / "flat.wav", flat, RATE, subtype="FLOAT")
    player = sounding.audio.player
    with jack_client("ear") as client:
        ear = Ear(client, 60 * RATE)
        ear.listen_to(OUTPUT)
        player.play(take_at(tmp_path / "flat.wav", RATE))
        until(lambda: ear.count > 4096)
        player.seek(10.0)
        until(lambda: (player.playhead() or 0) > 10.0)
        player.pause()
        assert player.state().state == "paused"
        until(lambda: not ear.samples[ear.count - 2048 : ear.count].any(), what="silence")
        player.play(None)
        until(lambda: (player.playhead() or 0) > 10.0)
        until(lambda: ear.samples[ear.count - 512 : ear.count].all(), what="sound")
        player.set_gain(-6.0)
        until(lambda: ear.samples[ear.count - 1, 0] < 0.3, what="less gain")
        player.stop()
        until(lambda: not ear.samples[ear.count - 2048 : ear.count].any(), what="silence")
        heard = ear.heard()[: ear.count, 0]
    assert player.state().state == "stopped" and player.playhead() is None
    assert np.abs(np.diff(heard[1:])).max() < 0.01  # A bare cut would be 0.5.


def test_a_gain_set_in_silence_holds_from_the_first_frame(
    sounding: Sounding, tmp_path: Path
) -> None:
    flat = np.full((RATE, 2), 0.5, np.float32)
    soundfile.write(tmp_path / "flat.wav", flat, RATE, subtype="FLOAT")
    player = sounding.audio.player
    with jack_client("ear") as client:
        ear = Ear(client, RATE)
        ear.listen_to(OUTPUT)
        for gain, wanted in ((-20.0, 0.05), (0.0, 0.5)):
            ear.count = 0
            player.set_gain(gain)
            player.play(take_at(tmp_path / "flat.wav", RATE))
            until(lambda: ear.count > 2048)
            assert np.allclose(ear.heard()[:1024], wanted)
            player.stop()
            until(lambda: not ear.samples[ear.count - 2048 : ear.count].any(), what="silence")


def test_a_damaged_file_is_said_and_the_next_take_plays(sounding: Sounding, tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (RATE, 2)), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    take = take_at(path, RATE)
    player = sounding.audio.player
    player.play(take)
    until(lambda: player.state().state == "stopped", what="the end of what can be read")
    until(lambda: [e for e in sounding.events if isinstance(e, Notice) and "ends early" in e.text])
    player.play(replace(take, path=made(sounding, 30.0).path, seconds=60.0))
    until(lambda: (player.playhead() or 0) > 0.1)
    assert [e for e in sounding.events if isinstance(e, Notice) and "30.0 of its 60.0" in e.text]


def test_a_launch_waits_for_the_bar_and_lands_on_it(sounding: Sounding) -> None:
    take = made(sounding, 1.0)
    session = sounding.session
    session.transport.change("manual", {"tempo": 240.0, "playing": True, "beat": 0.5})
    with jack_client("ear") as client:
        ear = Ear(client, RATE)
        ear.listen_to(OUTPUT)
        began = session.transport.state().beat
        session.playback.launch(take, "bar")
        until(lambda: ear.count > 0)
        heard = session.transport.state().beat
    assert session.playback.state().take_id == take.id
    assert heard > (began // 4 + 1) * 4 - 0.2  # No sooner; how exactly is told in test_voices.


def test_values_out_of_range_and_missing_files_are_said(sounding: Sounding) -> None:
    player = sounding.audio.player
    with pytest.raises(BridgeError, match="-60 to 12"):
        player.set_gain(40)
    with pytest.raises(BridgeError, match="Nothing was played"):
        player.play(None)
    with pytest.raises(BridgeError, match="Nothing is loaded"):
        player.seek(1)
    with pytest.raises(BridgeError, match="there are: JACK: system"):
        player.set_output("Speakers of the neighbour", None)
    take = made(sounding, 0.5)
    take.path.unlink()
    with pytest.raises(BridgeError, match="gone") as error:
        player.play(take)
    assert error.value.code == "bad_path"
    assert sounding.session.playback.devices().audio[0].host_api == "JACK"


def test_a_device_that_vanishes_is_said_and_used_again_when_it_is_back(
    sounding: Sounding, jack: JackServer
) -> None:
    take = made(sounding, 60.0)
    session = sounding.session
    session.playback.play(take)
    until(lambda: (session.playback.playhead() or 0) > 0.3)
    jack.kill()
    until(lambda: session.playback.state().device == "", what="the loss to be noticed")
    assert "gone" in session.playback.state().problem or "ended" in session.playback.state().problem
    until(lambda: [e for e in sounding.events if isinstance(e, Notice) and e.code == "no_device"])
    with pytest.raises(BridgeError) as error:
        session.playback.play(take)
    assert error.value.code == "no_device"
    place = session.playback.playhead() or 0
    job = session.generate("noise", seconds_total=0.5)
    until(lambda: session.jobs.get(job.id).state == "done", what="a job without a device")
    jack.start()
    until(lambda: session.playback.state().device, what="the device to come back")
    until(lambda: (session.playback.playhead() or 0) > place + 0.3, what="the take to go on")
    with jack_client("ear") as client:
        ear = Ear(client, 4096)
        ear.listen_to(OUTPUT)
        ear.fill()
    assert any(isinstance(e, DevicesChanged) for e in sounding.events)


def test_a_killed_audio_process_is_replaced_and_the_take_goes_on(sounding: Sounding) -> None:
    take = made(sounding, 60.0)
    session = sounding.session
    session.playback.play(take)
    before = until(lambda: session.playback.playhead() and sounding.audio.supervisor.pid)
    os.kill(before, signal.SIGKILL)
    after = until(
        lambda: (p := sounding.audio.supervisor.pid) and p != before and p, what="a new one"
    )
    until(lambda: session.playback.state().device, what="the device")
    place = session.playback.playhead() or 0
    until(lambda: (session.playback.playhead() or 0) > place + 0.3, what="the take to go on")
    sounding.audio.close()
    until(lambda: not psutil.pid_exists(after), what="the child to end")
    assert any(isinstance(e, PlaybackChanged) and e.playback.problem for e in sounding.events)


def test_a_take_that_is_binned_is_let_go(sounding: Sounding) -> None:
    take, other = made(sounding, 2.0), made(sounding, 2.0, seed=2)
    player = sounding.audio.player

    def open_here() -> bool:
        return any(file.path == str(take.path) for file in psutil.Process().open_files())

    sounding.session.playback.play(take)
    until(lambda: player.state().state == "playing")
    assert open_here()
    player.let_go(other)
    assert (player.state().state, player.state().take_id) == ("playing", take.id)
    player.let_go(take)
    assert (player.state().state, player.state().take_id) == ("stopped", None)
    until(lambda: not open_here(), what="the file to be closed")
    sounding.session.transport.change("manual", {"playing": True, "tempo": 60.0, "beat": 0.0})
    player.launch(take, "4bar")
    assert open_here()
    player.let_go(take)
    until(lambda: not open_here(), what="the file to be closed")


def flat(path: Path, level: float, seconds: float) -> Take:
    """A take of one level at 120 BPM."""
    soundfile.write(path, np.full((round(seconds * RATE), 2), level, np.float32), RATE, "FLOAT")
    return replace(take_at(path, RATE), id=path.stem, tempo_asked=120.0)


def test_a_pause_keeps_its_place_and_goes_on_from_there(sounding: Sounding, tmp_path: Path) -> None:
    player = sounding.audio.player
    player.play(flat(tmp_path / "a.wav", 0.5, 60.0), Cue(20.0))
    until(lambda: (player.playhead() or 0) > 20.1)
    player.pause()
    place = player.playhead()
    assert place is not None and 20.0 < place < 30.0
    assert player.playhead() == place
    player.seek(40.0)
    assert player.playhead() == pytest.approx(40.0)
    player.play(None)
    until(lambda: (player.playhead() or 0) > 40.0)
    player.stop()
    assert player.playhead() is None


def test_a_loop_repeats_by_itself_and_what_follows_does_not(
    sounding: Sounding, tmp_path: Path
) -> None:
    player, loop = sounding.audio.player, replace(flat(tmp_path / "a.wav", 0.5, 2.0), loop=True)
    player.play(loop)
    assert player.state().loop
    player.set_loop(False)
    assert not player.state().loop
    player.play(loop)
    assert player.state().loop
    player.play(flat(tmp_path / "b.wav", 0.5, 2.0))
    assert not player.state().loop
    player.set_loop(True)
    player.play(flat(tmp_path / "b.wav", 0.5, 2.0), Cue(0.5, (0.5, 1.5)))
    assert (player.state().loop, player.state().loop_range) == (True, (0.5, 1.5))
    player.set_loop(False)
    player.play(flat(tmp_path / "b.wav", 0.5, 2.0), Cue(loop=True))
    assert player.state().loop


def test_without_a_transport_takes_follow_each_other_at_the_bars_of_what_sounds(
    sounding: Sounding, tmp_path: Path
) -> None:
    player, first = sounding.audio.player, flat(tmp_path / "a.wav", 0.25, 20.0)
    second, third = flat(tmp_path / "b.wav", 0.5, 20.0), flat(tmp_path / "c.wav", 0.75, 20.0)
    player.launch(first, "bar")
    assert (player.state().take_id, player.state().next_id) == ("a", None)  # Nothing sounded.
    with jack_client("ear") as client:
        ear = Ear(client, 4 * RATE)
        ear.listen_to(OUTPUT)
        player.play(first)
        player.launch(third, "4bar")
        assert player.state().next_id == "c"
        assert 0 < (player.launches_in() or 0) < 8.5
        player.cancel_launch()
        assert (player.state().take_id, player.state().next_id) == ("a", None)
        assert player.launches_in() is None
        player.launch(second, "bar", Cue(3.0))
        until(lambda: player.state().take_id == "b", what="the bar")
        assert player.state().next_id is None
        until(lambda: ear.count > 3 * RATE)
        heard = ear.heard()[:, 0]
    began = int(np.flatnonzero(heard > 0.3)[0])
    restarted = int(np.flatnonzero(heard == np.float32(0.25))[-1]) + 1
    assert began - restarted < 0.01 * RATE  # It fades in within 5 ms, being begun in its middle.
    assert (player.playhead() or 0) > 3.0


def test_the_bars_of_what_sounds_are_kept_to_the_frame(sounding: Sounding, tmp_path: Path) -> None:
    player = sounding.audio.player
    first, second = flat(tmp_path / "a.wav", 0.25, 30.0), flat(tmp_path / "b.wav", 0.5, 30.0)
    with jack_client("ear") as client:
        ear = Ear(client, 20 * RATE)
        ear.listen_to(OUTPUT)
        player.play(first)
        player.launch(second, "bar")
        until(lambda: (ear.heard() == np.float32(0.5)).any())
        heard = ear.heard()[:, 0]
    begins = int(np.argmax(heard != np.float32(0.25)))
    # On a bar, and not before the first one was heard.
    assert begins > 0 and begins % (2 * RATE) == 0
    assert heard[begins] > 0.7  # The new one begins at once; the old one fades.
    assert np.all(heard[begins + RATE // 100 :] == np.float32(0.5))


def test_a_take_that_goes_on_is_heard_from_before_the_join(sounding: Sounding) -> None:
    player = sounding.audio.player
    player.open_stream(StreamFormat("j", RATE, 2, 20 * RATE, start=9 * RATE))
    player.feed_stream("j", AudioBlock(0, np.full((2, 5 * RATE), 0.5, np.float32)))
    until(lambda: player.state().state == "waiting")
    assert not any(level > 0 for level in player.levels().out_peak)
    player.feed_stream("j", AudioBlock(5 * RATE, np.full((2, 7 * RATE), 0.5, np.float32)))
    until(lambda: player.state().state == "playing")
    until(lambda: 9.0 < (player.playhead() or 0) < 12.5)
