"""The one JACK server of a test run, and a session with real audio on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bridge.audio.system import AudioOptions, AudioSystem
from bridge.events import Event, Hub
from bridge.requests import count_in_time
from bridge.session import Session
from bridge.takes import recordings
from tests.bridge.real_parts import JackServer, until
from tests.bridge.rig import session_in
from tests.needed import need


@pytest.fixture(scope="session")
def jack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JackServer]:
    need("jackd", "jack_lsp")
    server = JackServer(tmp_path_factory.mktemp("jack") / "log")
    server.sweep()
    server.start()
    yield server
    server.end()
    server.sweep()


@pytest.fixture
def jack(jack_server: JackServer) -> Iterator[JackServer]:
    """The server, started again if a test has killed it, and killed if a test does not come back."""
    with jack_server.watched():
        if not jack_server.answers():
            jack_server.start()
        yield jack_server


@dataclass
class Sounding:
    """A session whose output and input are ports of JACK."""

    session: Session
    hub: Hub
    audio: AudioSystem
    events: list[Event]


@pytest.fixture
def sounding(jack: JackServer, tmp_path: Path) -> Iterator[Sounding]:
    with session_in(tmp_path) as (session, hub):
        events: list[Event] = []
        hub.subscribe(events.append)
        options = AudioOptions(output="JACK: system")
        begin = partial(recordings.begin, session.takes)
        audio = AudioSystem(
            hub.publish,
            session.transport.state,
            begin,
            options,
            lambda: count_in_time(session.transport.state(), session.parameters.chosen()),
        )
        session.playback, session.capture = audio.player, audio.recorder
        audio.start()
        until(lambda: audio.player.rate, what="the audio output")
        yield Sounding(session, hub, audio, events)
