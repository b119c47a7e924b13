"""The system's MIDI ports through RtMidi: listed, and opened by name. Knows nothing of what messages mean.

Used from one thread, since RtMidi lists and opens ports of a system one at a time. A system without MIDI raises
`NoMidi` with a sentence, never one of RtMidi's own errors.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bridge.midi.pulse import JackPulse
from bridge.midi.quiet import quieten

OWN = "Longtake"
Message = Any
"""A `mido.Message`, which is untyped; its `time` is that of its arrival in seconds of `time.perf_counter`."""
Receive = Callable[[Message], None]
"""Called on RtMidi's thread."""

LAST = 24
"""Messages whose delays are compared."""
LOOPBACK = {
    "win32": "Windows has no virtual MIDI ports: install loopMIDI, make a port in it, and send to that.",
    "darwin": "On macOS, switch on the IAC driver in Audio MIDI Setup to connect programs.",
}


class NoMidi(Exception):
    """There is no MIDI system here; says what would help."""


class MidiPorts:
    """One API of the system: ALSA or JACK on Linux, CoreMIDI, Windows MM."""

    def __init__(self) -> None:
        """Takes the first API that works.

        Raises:
            NoMidi: when none does.
        """
        os.environ.setdefault("JACK_NO_START_SERVER", "1")
        try:
            # Here, because loading them takes a while, which the thread of the ports has.
            self._mido, self._rtmidi = map(import_module, ("mido", "rtmidi"))
        except ImportError as error:
            raise NoMidi(f"MIDI is off: python-rtmidi cannot be loaded ({error}).") from error
        library = import_module("rtmidi._rtmidi").__file__ or ""
        quieten(library)
        problem: Exception | None = None
        for api in self._rtmidi.get_compiled_api():
            try:
                # One client does all the listing: a client for every list takes JACK 0.1 s, and a new one frees those
                # of a JACK server that died, so that closing them would crash.
                self._lister: Any = self._rtmidi.MidiIn(api, OWN)
                self._lister.get_ports()
                self._api = api
                jack = api == self._rtmidi.API_UNIX_JACK
                self._pulse = JackPulse(library, f"{OWN} clock") if jack else None
                return
            except Exception as error:  # RtMidi raises SystemError and others from C++.
                problem = error
        raise NoMidi(
            f"There is no MIDI system here ({problem}); start JACK or load ALSA's sequencer."
        )

    @property
    def virtual(self) -> bool:
        """Whether ports of our own can be made."""
        return sys.platform != "win32"

    def names(self) -> list[str]:
        """The inputs there are, but for our own.

        Raises:
            NoMidi: when the system went away.
        """
        if self._pulse and not self._pulse.beats():
            raise NoMidi("JACK went away, and MIDI with it; start JACK.")
        try:
            names: list[str] = self._lister.get_ports() or []
        except Exception as error:
            raise NoMidi("The MIDI system went away.") from error
        return [name for name in names if OWN not in name]

    @property
    def early(self) -> bool:
        """Whether messages come before they are due: JACK hands those of a period over at its start."""
        return self._api == self._rtmidi.API_UNIX_JACK

    def open(self, name: str, receive: Receive) -> Any:
        """Opens the port of that name.

        Raises:
            NoMidi: when it cannot be opened.
        """
        try:
            port = self._rtmidi.MidiIn(self._api)
            return self._listening(port.open_port(port.get_ports().index(name)), receive)
        except Exception as error:
            raise NoMidi(f"The MIDI port {name} cannot be opened ({error}).") from error

    def open_virtual(self, receive: Receive) -> Any:
        """A port of our own that others can send to.

        Raises:
            NoMidi: where the system has none.
        """
        try:
            port = self._rtmidi.MidiIn(self._api, OWN)
            return self._listening(port.open_virtual_port("in"), receive)
        except Exception as error:
            raise NoMidi(f"No virtual MIDI port can be made ({error}).") from error

    @staticmethod
    def close(port: Any) -> None:
        """Closes a port; nothing is received from it any more."""
        port.cancel_callback()
        port.delete()

    def end(self) -> None:
        """Disconnects from the system."""
        if self._pulse:
            self._pulse.close()
        self._lister.delete()

    def _listening(self, port: Any, receive: Receive) -> Any:
        arrivals = Arrivals()
        read = self._mido.Message.from_bytes

        def take(event: tuple[list[int], float], _: object) -> None:
            at = arrivals.at(event[1], time.perf_counter())
            try:
                message = read(event[0])
            except ValueError:  # No MIDI message.
                return
            message.time = at
            receive(message)

        port.ignore_types(
            False, False, False
        )  # The time that passes before what is ignored would be lost.
        port.set_callback(take)
        return port


class Arrivals:
    """When messages arrived, from the seconds between them that the system measured.

    It measures them before Python comes to run, which may take some milliseconds when other threads are at work; the
    shortest delay of the last messages is taken for all of them.
    """

    def __init__(self) -> None:
        """Begins with the first message."""
        self._passed = 0.0
        self._delays: deque[float] = deque(maxlen=LAST)

    def at(self, since: float, now: float) -> float:
        """The time of a message that came `since` seconds after the one before and is taken up `now`."""
        self._passed += since
        self._delays.append(now - self._passed)
        return self._passed + min(self._delays)
