"""Launches on a real PortAudio and a real JACK are heard on the beat: by the computed time, and by Ardour's click."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio.system import AudioOptions, AudioSystem
from bridge.events import Hub
from bridge.midi.input import MidiInput, MidiOptions
from bridge.session import Session
from bridge.state import Take
from bridge.takes import recordings
from tests.bridge.ardour import Ardour, Lost, ardour, new_song
from tests.bridge.real_parts import PERIOD, RATE, JackServer, jack_client, until
from tests.bridge.rig import session_in

pytestmark = pytest.mark.real_parts
OUTPUT = "PortAudio.*:out_"
CLICK, CLOCK = "ardour:Click/audio_out 1", "ardour:MIDI Clock out"
LAUNCHES = 20
APART = 2000
"""Frames of silence between two sounds."""
SHAKEN = 2.0
"""Seconds after JACK lost time (a busy machine lets its dummy driver run late) that prove nothing."""
LOST = 0.0007
"""Seconds that are lost time and not the unevenness of a driver that sleeps between its periods."""


class Onsets:
    """The frames at which sounds begin at two inputs, and when JACK passed its frames on."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ports = [client.inports.register(f"in_{side}") for side in (1, 2)]
        self.frames: list[list[int]] = [[], []]
        self._cycles: list[tuple[int, float]] = []
        self._last = [-APART, -APART]
        client.set_process_callback(self._process)
        client.activate()

    def _process(self, count: int) -> None:
        now, begin = time.perf_counter(), self.client.last_frame_time
        self._cycles.append((begin, now - begin / RATE))
        for side, port in enumerate(self.ports):
            loud = np.flatnonzero(port.get_array())
            if len(loud):
                first, last = begin + int(loud[0]), begin + int(loud[-1])
                if first - self._last[side] > APART:
                    self.frames[side].append(first)
                self._last[side] = last

    def _began(self, frame: int) -> list[float]:
        """When frame 0 was, in seconds of `time.perf_counter`, by each tenth of a second of the last ones.

        A callback can be late, never early, so the earliest of some callbacks is right.
        """
        cycles = list(self._cycles)
        tenths: dict[int, float] = {}
        for begin, began in cycles:
            tenth = (frame - begin) * 10 // RATE
            if 0 <= tenth < SHAKEN * 10:
                tenths[tenth] = min(began, tenths.get(tenth, began))
        return [tenths[tenth] for tenth in sorted(tenths)]

    def steady(self, frame: int) -> bool:
        """Whether JACK lost no time shortly before a frame."""
        return float(np.ptp(self._began(frame))) < LOST

    def time(self, frame: int) -> float:
        """When JACK passed a frame on, in seconds of `time.perf_counter`."""
        return min(self._began(frame)[:3]) + frame / RATE

    def listen(self, side: int, port: str) -> None:
        found = until(lambda: self.client.get_ports(port, is_audio=True, is_output=True), what=port)
        self.client.connect(found[0], self.ports[side])


@pytest.fixture(params=[128, 512])
def server(request: pytest.FixtureRequest, jack_server: JackServer) -> Iterator[JackServer]:
    """The JACK server with periods of another length."""
    with jack_server.watched():
        jack_server.period = request.param
        jack_server.start()
        yield jack_server
        jack_server.period = PERIOD
        jack_server.kill()


@pytest.fixture
def beep(tmp_path: Path) -> Take:
    """A take that begins with its first frame."""
    path = tmp_path / "beep.wav"
    soundfile.write(path, np.full((256, 2), 0.5, np.float32), RATE, subtype="FLOAT")
    return Take("x", path, "x", "generate", 256 / RATE, RATE, 2, 0.0)


@contextmanager
def playing(folder: Path) -> Iterator[tuple[Session, Hub]]:
    """A session whose output is on JACK."""
    with session_in(folder) as (session, hub):
        options = AudioOptions(output="JACK: system")
        begin = partial(recordings.begin, session.takes)
        audio = AudioSystem(hub.publish, session.transport.state, begin, options)
        session.playback = audio.player
        audio.start()
        try:
            until(lambda: audio.player.rate, what="the audio output")
            yield session, hub
        finally:
            audio.close()


def launched(session: Session, take: Take, onsets: Onsets, wait: Callable[[float], None]) -> int:
    """Launches again and again until enough launches were heard while JACK lost no time; the number of all."""
    judged = 0
    while judged < LAUNCHES and len(onsets.frames[0]) < 6 * LAUNCHES:
        before = len(onsets.frames[0])
        session.playback.launch(take, "beat")
        until(lambda: wait(0.02) or len(onsets.frames[0]) > before, what="a launch")  # noqa: B023
        judged += onsets.steady(onsets.frames[0][-1])
        wait(0.1 + 0.013 * (before % 9))
    return judged


def on_the_beat(off: np.ndarray) -> None:
    """Launches off the beat by so many seconds: the mean within a millisecond, and all but a few of them likewise."""
    said = f"mean {off.mean() * 1e3:.2f} ms, {np.round(np.sort(off) * 1e3, 2)}"
    print(said)
    if len(off) < LAUNCHES // 2:
        pytest.skip(
            f"this machine is too busy to keep JACK's time: {len(off)} launches can be judged"
        )
    assert abs(off.mean()) < 0.001, said
    assert np.quantile(off, 0.9) - np.quantile(off, 0.1) < 0.001, said


def test_a_launch_is_heard_when_the_transport_says(
    server: JackServer, tmp_path: Path, beep: Take
) -> None:
    """Closed form: a beat is heard at its time, a period after JACK passes it on to the card."""
    with playing(tmp_path) as (session, _), jack_client("onsets") as client:
        onsets = Onsets(client)
        onsets.listen(0, OUTPUT)
        session.transport.change("manual", {"tempo": 171.0, "playing": True, "beat": 0.0})
        launched(session, beep, onsets, time.sleep)
        heard = [
            session.transport.state(onsets.time(frame) + server.period / RATE).beat
            for frame in onsets.frames[0]
            if onsets.steady(frame)
        ]
    off = (np.array(heard) - np.round(heard)) * 60 / 171.0
    on_the_beat(off)


def test_launches_lie_on_the_click_of_ardour(
    server: JackServer, tmp_path: Path, beep: Take
) -> None:
    song = new_song(tmp_path, "send-midi-clock", "clicking")
    lost: list[str] = []
    while len(lost) < 10:
        try:
            with ardour(song) as daw, playing(tmp_path) as (session, hub):
                return on_the_beat(off_the_click(daw, session, hub, beep))
        except Lost as error:
            lost.append(str(error))
            if not server.answers():
                server.start()
    raise AssertionError(f"no start of Ardour came to play: {lost}")


def off_the_click(daw: Ardour, session: Session, hub: Hub, beep: Take) -> np.ndarray:
    """Seconds between launches to Ardour's MIDI clock and the click that is nearest to each."""
    midi = MidiInput(session, hub.publish, MidiOptions(input=CLOCK))
    midi.start()
    try:
        with jack_client("onsets") as client:
            until(lambda: daw.hear(0.1) or client.get_ports(CLICK), what="Ardour's click")
            until(lambda: daw.hear(0.1) or CLOCK in midi.state().input, what="Ardour's clock")
            onsets = Onsets(client)
            onsets.listen(0, OUTPUT)
            onsets.listen(1, CLICK)
            daw.roll()
            until(lambda: daw.hear(0.1) or session.transport.state().beat > 12, what="the clock")
            launched(session, beep, onsets, daw.hear)
            daw.hear(0.6)
    finally:
        midi.close()
    clicks = np.array(onsets.frames[1])
    heard = np.array([frame for frame in onsets.frames[0] if onsets.steady(frame)])
    nearest = np.abs(heard[:, None] - clicks[None, :]).argmin(axis=1)
    return (heard - clicks[nearest]) / RATE
