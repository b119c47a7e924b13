"""The system's MIDI ports through mido and RtMidi: listed, and opened by name. Knows nothing of what messages mean.

Used from one thread, since RtMidi lists and opens ports of a system one at a time. A system without MIDI raises
`NoMidi` with a sentence, never one of RtMidi's own errors.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bridge.midi.pulse import JackPulse
from bridge.midi.quiet import quieten

OWN = "Longtake"
Message = Any
"""A `mido.Message`, which is untyped; its `time` is that of its arrival in seconds (monotonic)."""
Receive = Callable[[Message], None]
"""Called on RtMidi's thread."""

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
            mido, rtmidi, backend = map(import_module, ("mido", "rtmidi", "mido.backends.rtmidi"))
        except ImportError as error:
            raise NoMidi(f"MIDI is off: python-rtmidi cannot be loaded ({error}).") from error
        library = import_module("rtmidi._rtmidi").__file__ or ""
        quieten(library)
        problem: Exception | None = None
        for api in backend.get_api_names():
            try:
                # One client does all the listing: mido makes two for every list, which takes JACK 0.1 s, and a
                # new client frees those of a JACK server that died, so that closing them would crash.
                self._lister: Any = rtmidi.MidiIn(getattr(rtmidi, f"API_{api}"), OWN)
                self._lister.get_ports()
                self._backend = mido.Backend(backend.__name__, api, use_environ=False)
                self._pulse = JackPulse(library, f"{OWN} clock") if api == "UNIX_JACK" else None
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

    def open(self, name: str, receive: Receive) -> Any:
        """Opens the port of that name.

        Raises:
            NoMidi: when it cannot be opened.
        """
        try:
            return self._backend.open_input(name, callback=_stamped(receive))
        except Exception as error:
            raise NoMidi(f"The MIDI port {name} cannot be opened ({error}).") from error

    def open_virtual(self, receive: Receive) -> Any:
        """A port of our own that others can send to.

        Raises:
            NoMidi: where the system has none.
        """
        try:
            return self._backend.open_input(
                "in", virtual=True, client_name=OWN, callback=_stamped(receive)
            )
        except Exception as error:
            raise NoMidi(f"No virtual MIDI port can be made ({error}).") from error

    def end(self) -> None:
        """Disconnects from the system."""
        if self._pulse:
            self._pulse.close()
        self._lister.delete()


def _stamped(receive: Receive) -> Receive:
    def take(message: Message) -> None:
        message.time = time.monotonic()
        receive(message)

    return take
