"""MIDI in: a clock that moves the transport, and learned controls that move the session.

Implements `bridge.ports.MidiControl`. One thread owns the ports and does what messages ask; RtMidi's own threads only
put them into its queue. Knows ports by name; a port that vanishes is waited for, and a system without MIDI is reported
in a sentence.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.errors import BridgeError, code_of
from bridge.events import MidiChanged, Notice, Publish, SettingChosen
from bridge.midi.bindings import Control, act, check_target, heard, read_bindings
from bridge.midi.clock import ClockFollower
from bridge.midi.ports import LOOPBACK, Message, MidiPorts, NoMidi
from bridge.session import Session
from bridge.state import MidiBinding, MidiState, TransportChange
from engine.errors import LongtakeError

LOOK_EVERY = 2.0
POLL = 0.1
NOTICE_EVERY = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MidiOptions:
    """What the settings say about MIDI: a part of the port's name, a port of our own, learned controls."""

    input: str = ""
    virtual_port: bool = True
    learned: Mapping[str, str] = field(default_factory=dict[str, str])


class MidiInput:
    """MIDI, seen from the session."""

    def __init__(self, session: Session, publish: Publish, options: MidiOptions) -> None:
        """Reads the learned controls.

        Raises:
            BridgeError: when a binding in the settings makes no sense.
        """
        self._session = session
        self._publish = publish
        self._options = options
        self._bound = read_bindings(options.learned)
        self._clock = ClockFollower()
        self._wanted = options.input
        self._lock = threading.Lock()
        self._state = MidiState(bindings=self._bindings())
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._ports: MidiPorts | None = None
        self._open: dict[str, Any] = {}
        self._own: Any = None
        self._looked = 0.0
        self._complained = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)

    def start(self) -> None:
        """Looks for ports, in the background."""
        self._thread.start()

    # --- MidiControl ---

    def state(self) -> MidiState:
        """Ports and bindings as last seen."""
        return self._state

    def set_input(self, name: str) -> None:
        """Listens to a port, by its name or a part of it; empty closes it."""
        self._wanted = name
        self._looked = 0.0
        self._messages.put(None)
        self._publish(SettingChosen("midi", "input", name))

    def learn(self, target: str) -> None:
        """Binds the next control that moves; empty ends learning.

        Raises:
            BridgeError: `unknown_param`.
        """
        if target:
            check_target(target)
        self._change(learning=target)

    def forget(self, target: str) -> None:
        """Takes a binding away.

        Raises:
            BridgeError: `bad_args` when nothing is bound to it.
        """
        with self._lock:
            if self._bound.pop(target, None) is None:
                raise BridgeError("bad_args", f"No MIDI control is bound to {target}.")
        self._bindings_changed()

    def close(self) -> None:
        """Closes every port."""
        self._stopping = True
        self._messages.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=3)

    # --- the thread ---

    def _run(self) -> None:
        while not self._stopping:
            if time.monotonic() - self._looked > LOOK_EVERY:
                self._look()
            with suppress(queue.Empty):
                message = self._messages.get(timeout=POLL)
                if message is not None:
                    self._take(message)
            if self._state.clock and not self._clock.running(time.perf_counter()):
                self._change(clock=False)
        self._close_all()

    def _look(self) -> None:
        """Notices ports that appeared and forgets those that vanished."""
        self._looked = time.monotonic()
        try:
            if self._ports is None:
                self._ports = MidiPorts()
                self._clock.early = self._ports.early
            ports = tuple(self._ports.names())
            if self._own is None and self._options.virtual_port and self._ports.virtual:
                self._own = self._ports.open_virtual(self._messages.put)
            self._settle(ports)
            hint = "" if ports else LOOPBACK.get(sys.platform, "")
            self._change(ports=ports, input=next(iter(self._open), ""), problem=hint)
        except NoMidi as error:
            self._close_all()
            if self._state.problem != str(error):
                _log.info("%s", error)
            self._change(ports=(), input="", problem=str(error))

    def _settle(self, ports: tuple[str, ...]) -> None:
        wanted = self._wanted.lower()
        right = next((name for name in ports if wanted and wanted in name.lower()), None)
        for name in [name for name in self._open if name != right]:
            MidiPorts.close(self._open.pop(name))
        if right and self._ports and right not in self._open:
            self._open[right] = self._ports.open(right, self._messages.put)

    def _close_all(self) -> None:
        ports, self._ports = self._ports, None
        for port in [*self._open.values(), *([self._own] if self._own else [])]:
            with suppress(Exception):  # A system that went away cannot close its ports.
                MidiPorts.close(port)
        self._open.clear()
        self._own = None
        with suppress(Exception):
            if ports:
                ports.end()

    def _take(self, message: Message) -> None:
        try:
            self._follow(message)
            self._do(message)
        except LongtakeError as error:
            now = time.monotonic()
            if now - self._complained > NOTICE_EVERY:
                self._complained = now
                self._publish(Notice("warning", code_of(error), str(error)))
        except Exception:
            _log.exception("A MIDI message could not be handled")

    def _follow(self, message: Message) -> None:
        """Clock and transport."""
        change: TransportChange = {}
        at: float = message.time
        match message.dict():
            case {"type": "clock"}:
                change = self._clock.tick(at)
                at = self._clock.due
                if not self._state.clock and self._clock.tempo:
                    self._change(clock=True)
            case {"type": "start"}:
                change = self._clock.start()
            case {"type": "continue"}:
                change = self._clock.go_on()
            case {"type": "stop"}:
                change = self._clock.stop()
            case {"type": "songpos", "pos": sixteenths}:
                change = self._clock.locate(sixteenths)
            case _:
                return
        if change:
            self._session.transport.change("midi", change, at)

    def _do(self, message: Message) -> None:
        found = heard(message)
        if found is None:
            return
        moved, value = found
        if self._state.learning:
            # Releasing a key that was pressed before learning began is no choice.
            if value:
                self._bind(self._state.learning, moved)
            return
        with self._lock:
            targets = [target for target, bound in self._bound.items() if bound == moved]
        for target in targets:
            act(self._session, target, moved, value)
        if str(moved) != self._state.last:
            self._change(last=str(moved))

    def _bind(self, target: str, moved: Control) -> None:
        with self._lock:
            self._bound = {t: c for t, c in self._bound.items() if c != moved} | {target: moved}
        self._change(learning="", last=str(moved))
        self._bindings_changed()

    def _bindings_changed(self) -> None:
        with self._lock:
            learned = {target: str(bound) for target, bound in self._bound.items()}
            self._publish(SettingChosen("midi", "learned", learned))
        self._change(bindings=self._bindings())

    def _bindings(self) -> tuple[MidiBinding, ...]:
        return tuple(MidiBinding(target, str(bound)) for target, bound in self._bound.items())

    def _change(self, **change: Any) -> None:
        with self._lock:
            before = self._state
            self._state = after = replace(before, **change)
            if after != before:
                self._publish(MidiChanged(after))
