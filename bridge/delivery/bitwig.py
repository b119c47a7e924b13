"""Bitwig Studio, through the OSC of the controller extension DrivenByMoss: a take into a slot of the clip launcher.

A file that is inserted replaces the clip that is in the slot. So Bitwig is asked first which tracks it shows and which
of their slots are empty; it answers to a port of its own (9000), which is listened to for that moment alone. If nothing
comes there, only the slot that is selected can be meant, and nobody says what became of it. Knows the addresses of
DrivenByMoss and python-osc; `osc_answers.py` reads what comes back.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.delivery.osc_answers import EMPTY_BUNDLE, Answers, take_in
from bridge.delivery.way import NotThere
from bridge.delivery_state import NEW, Delivery
from bridge.errors import BridgeError
from engine.errors import LongtakeError, choices

HOST, PORT, ANSWERS = "127.0.0.1", 8000, 9000
"""DrivenByMoss's own numbers: where it listens, and where it sends what changes."""
_MOST = 64
"""Tracks that it counts, and slots of each, with the largest of its settings; 8 with the usual one."""
QUIET = 0.15
"""Seconds without another packet after which an answer is complete."""
PATIENCE = 3.0
"""Seconds for Bitwig to show what it was asked to do."""


class BitwigWay:
    """The way into Bitwig."""

    def __init__(self, host: str = HOST, port: int = PORT, answers: int = ANSWERS) -> None:
        """Names the ports of the extension's settings; nothing is opened yet."""
        self._to = (host, port)
        self._answers = answers
        self._lock = threading.Lock()
        self._probe: socket.socket | None = None

    def ready(self) -> bool:
        """Whether anything listens at its port: the system says so when a packet finds nobody."""
        with self._lock:
            if self._probe is None:
                self._probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._probe.setblocking(False)
                self._probe.connect(self._to)
            refused = [_refused(self._probe, send) for send in (False, True, False)]
            return not any(refused)

    def detail(self) -> str:
        """Where it is listened to."""
        if self.ready():
            return (
                f"Something listens on port {self._to[1]}; Bitwig says nothing of its own accord."
            )
        return f"Nothing listens on port {self._to[1]}: Bitwig is closed, or has no DrivenByMoss with OSC."

    def deliver(self, delivery: Delivery) -> str:
        """Puts a take into an empty slot of the track that was named, or of the selected one.

        Raises:
            NotThere: if nothing listens.
            LongtakeError: if there is no such track, or none of its slots is empty.
        """
        if not delivery.path.is_file():
            raise BridgeError("bad_path", f"{delivery.path} is not there any more.")
        if not self.ready():
            raise NotThere(self.detail())
        with self._hearing() as ear:
            if not ear.ask():
                return self._blindly(ear, delivery)
            if delivery.placement.track == NEW:
                track = self._new_track(ear, delivery.name)
            else:
                track = _track(ear.known, delivery.placement.track)
            slot = _empty_slot(ear.known, track)
            ear.send(f"{track}/clip/{slot}/insertFile", str(delivery.path))
            shown = ear.until(lambda: ear.known.get(f"{track}/clip/{slot}/hasContent") == 1)
            name = ear.known.get(f"{track}/name", "")
        if not shown:
            return f"It was sent to slot {slot} of the track {name}; Bitwig has not shown it there yet."
        return f"It lies in slot {slot} of the track {name}."

    def withdraw(self, delivery: Delivery) -> bool:
        """What was sent cannot be taken back."""
        return False

    def _blindly(self, ear: _Ear, delivery: Delivery) -> str:
        if delivery.placement.track:
            raise LongtakeError(
                f"Bitwig does not say which tracks it has: let DrivenByMoss send to 127.0.0.1, port {self._answers}, "
                "or name no track."
            )
        ear.send("/clip/insertFile", str(delivery.path))
        return "It was sent to the slot that is selected; Bitwig does not answer."

    def _new_track(self, ear: _Ear, name: str) -> str:
        """Adds an audio track, which Bitwig selects then; gives its address."""
        before = _selected(ear.known)
        ear.send("/track/add/audio")
        if not ear.until(lambda: _selected(ear.known) not in (before, None)):
            raise LongtakeError(
                "Bitwig has not shown the new track; look there, and send it again."
            )
        ear.send("/track/selected/name", name)
        return "/track/selected"

    @contextmanager
    def _hearing(self) -> Generator[_Ear]:
        """Listens where Bitwig answers; to nothing if another program has that port."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind(("127.0.0.1", self._answers))
            except OSError:
                sock.bind(("127.0.0.1", 0))
            yield _Ear(sock, self._to)


class _Ear:
    """What Bitwig has said since it was asked; address -> its first argument."""

    def __init__(self, sock: socket.socket, to: tuple[str, int]) -> None:
        self._sock = sock
        self._to = to
        self.known: Answers = {}

    def send(self, address: str, text: str | None = None) -> None:
        """Says something to Bitwig."""
        message = OscMessageBuilder(address)
        if text is not None:
            message.add_arg(text, OscMessageBuilder.ARG_TYPE_STRING)
        self._sock.sendto(message.build().dgram, self._to)

    def ask(self) -> bool:
        """Has everything told anew; whether anything was."""
        self.send("/refresh")
        self._listen(time.monotonic() + PATIENCE / 2)
        return bool(self.known)

    def until(self, seen: Callable[[], bool]) -> bool:
        """Whether something is seen within `PATIENCE`; asked again at half of it."""
        end = time.monotonic() + PATIENCE
        asked = False
        while not seen() and time.monotonic() < end:
            self._listen(min(end, time.monotonic() + PATIENCE / 4))
            if not seen() and not asked and end - time.monotonic() < PATIENCE / 2:
                asked = True
                self.send("/refresh")
        return seen()

    def _listen(self, end: float) -> None:
        """Takes in what comes until it is quiet for a moment."""
        heard = False
        while (left := end - time.monotonic()) > 0:
            self._sock.settimeout(min(QUIET, left) if heard else left)
            try:
                packet = self._sock.recv(65_536)
            except TimeoutError:
                return
            except OSError:
                continue
            take_in(packet, self.known)
            heard = True


def _refused(probe: socket.socket, send: bool) -> bool:
    """Whether the system says that an earlier packet found nobody; the packet that asks means nothing to anybody."""
    try:
        if send:
            probe.send(EMPTY_BUNDLE)
        else:
            probe.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def _selected(known: Answers) -> tuple[object, object] | None:
    """What tells the selected track from others; None if none is."""
    if known.get("/track/selected/exists") != 1:
        return None
    return known.get("/track/selected/position"), known.get("/track/selected/name")


def _track(known: Answers, wanted: str) -> str:
    """The address of a track: the selected one, or one by its number from 1 or its name.

    Raises:
        LongtakeError: if Bitwig shows none such.
    """
    shown = {
        str(number): str(known.get(f"/track/{number}/name", ""))
        for number in range(1, 1 + _MOST)
        if known.get(f"/track/{number}/exists") == 1
    }
    if not wanted:
        if _selected(known) is None:
            raise LongtakeError("No track is selected in Bitwig; select one, or ask for a new one.")
        return "/track/selected"
    named = [number for number, name in shown.items() if name == wanted]
    if wanted in shown or named:
        return f"/track/{(named or [wanted])[0]}"
    names = choices(name for name in shown.values() if name) if shown else "no track"
    raise LongtakeError(f"Bitwig shows no track {wanted[:40]!r}, but {names}.")


def _empty_slot(known: Answers, track: str) -> int:
    """The selected slot of a track if it is empty, else the first that is.

    Raises:
        LongtakeError: if none is, or the track takes no audio.
    """
    if known.get(f"{track}/canHoldAudioData") == 0:
        raise LongtakeError(
            f"The track {known.get(f'{track}/name', '')} takes no audio; choose an audio track."
        )
    slots = [n for n in range(1, 1 + _MOST) if known.get(f"{track}/clip/{n}/hasContent") == 0]
    selected = [n for n in slots if known.get(f"{track}/clip/{n}/isSelected") == 1]
    if not slots:
        raise LongtakeError(
            f"None of the slots that Bitwig shows of the track {known.get(f'{track}/name', '')} is empty."
        )
    return (selected or slots)[0]
