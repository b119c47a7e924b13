"""Devices whatever they are called, and while others are open: with real ALSA devices that need no sound card."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.audio import listing, supervisor
from bridge.audio.devices import audio_devices
from bridge.errors import BridgeError
from tests.bridge.conftest import Sounding
from tests.bridge.real_parts import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only ALSA has devices of files")

DEVICE = b"pcm.caf\xe9 { type null }\npcm.plain { type null }\n"
"""Names in Latin-1 and ASCII of devices that are silent and hear silence."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with no ALSA devices yet; everybody looks for new ones often."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(supervisor, "LOOK_EVERY", 0.2)
    return tmp_path / ".asoundrc"


def test_a_name_that_is_no_utf_8_hides_no_device(home: Path) -> None:
    home.write_bytes(DEVICE)
    if (found := listing.look(jack=False)) is None:
        pytest.skip("there is no PortAudio here")
    ids = [device.id for device in audio_devices(*found)]
    assert "ALSA: plain" in ids and "ALSA: caf\ufffd" in ids


def test_a_look_that_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/there/is/no/python")
    assert listing.look() is None


@pytest.fixture
def late(home: Path, sounding: Sounding) -> Iterator[Sounding]:
    """A session whose output is open already when two devices come."""
    assert [d.id for d in sounding.session.playback.devices().audio] == ["JACK: system"]
    home.write_bytes(DEVICE)
    yield sounding


@pytest.mark.real_parts
def test_a_device_that_comes_is_listed_under_an_open_output_and_can_be_used(late: Sounding) -> None:
    session, process = late.session, late.audio.supervisor
    until(lambda: len(session.playback.devices().audio) == 3, what="the new devices")
    first = process.pid
    session.capture.start("ALSA: plain")
    until(lambda: session.capture.state().device or session.capture.state().problem)
    assert session.capture.state().device == "plain"
    until(lambda: process.told.output, what="the output to be open again")
    assert process.told.output and process.told.output.device.id == "JACK: system"
    assert process.pid == first
    session.capture.stop()
    until(lambda: session.capture.state().state == "idle")


@pytest.mark.real_parts
def test_a_device_that_goes_is_listed_no_more(late: Sounding, home: Path) -> None:
    session = late.session
    until(lambda: len(session.playback.devices().audio) == 3)
    home.unlink()
    until(lambda: len(session.playback.devices().audio) == 1, what="the devices to go")
    assert session.playback.devices().output == "JACK: system"
    with pytest.raises(BridgeError, match="there are: JACK: system"):
        session.playback.set_output("ALSA: plain")
