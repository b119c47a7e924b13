"""The system's MIDI ports through RtMidi: listed, opened by name, watched. Knows nothing of what messages mean.

Used from one thread, since RtMidi lists and opens ports of a system one at a time. A system without MIDI raises
`NoMidi` with a sentence, never RtMidi's SystemError.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

OWN = "Longtake"
Receive = Callable[[float, bytes], None]
"""Time in seconds and the bytes of one message; called on RtMidi's thread."""

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
            import rtmidi  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise NoMidi(f"MIDI is off: python-rtmidi cannot be loaded ({error}).") from error
        self._rtmidi: Any = rtmidi
        problem: Exception | None = None
        for api in self._rtmidi.get_compiled_api():
            try:
                self._lister = self._input(api)
                self._lister.get_ports()
                self._api = api
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
        try:
            names: list[str] = self._lister.get_ports() or []
        except Exception as error:
            raise NoMidi("The MIDI system went away.") from error
        return [name for name in names if OWN not in name]

    def open(self, name: str, receive: Receive) -> Any:
        """Opens the first port whose name holds `name`; None when there is none.

        Raises:
            NoMidi: when it cannot be opened.
        """
        try:
            port = self._input(self._api)
            ports: list[str] = port.get_ports() or []
            right = [i for i, found in enumerate(ports) if name.lower() in found.lower()]
            if not right:
                self.close(port)
                return None
            self._receive(port, receive)
            port.open_port(right[0], "in")
            return port
        except Exception as error:
            raise NoMidi(f"The MIDI port {name} cannot be opened ({error}).") from error

    def open_virtual(self, receive: Receive) -> Any:
        """A port of our own that others can send to.

        Raises:
            NoMidi: where the system has none.
        """
        try:
            port = self._input(self._api)
            self._receive(port, receive)
            port.open_virtual_port("in")
            return port
        except Exception as error:
            raise NoMidi(f"No virtual MIDI port can be made ({error}).") from error

    def close(self, port: Any) -> None:
        """Closes a port."""
        port.close_port()
        port.delete()

    def end(self) -> None:
        """Lets go of the system."""
        self._lister.delete()

    def _input(self, api: int) -> Any:
        return self._rtmidi.MidiIn(api, OWN)

    def _receive(self, port: Any, receive: Receive) -> None:
        # Clock and active sensing are dropped unless they are asked for.
        port.ignore_types(sysex=True, timing=False, active_sense=True)
        began: list[float] = []

        def take(event: tuple[list[int], float], data: Any) -> None:
            message, passed = event
            # The driver's own times are closer to the truth than the moment Python wakes up.
            began.append(began.pop() + passed if began else time.monotonic())
            receive(began[0], bytes(message))

        port.set_callback(take)
