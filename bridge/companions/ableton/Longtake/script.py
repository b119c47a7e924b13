"""What Live calls: every 100 ms on its main thread, for MIDI, and when the set is closed. Never raises into Live.

A plain class: Live calls the methods that are there. Buttons are controllers of the MIDI input that is chosen beside
the script in Live's settings, on any channel; see `BUTTONS`.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import time
import traceback
import uuid
from typing import Any, Callable, TypeVar, cast

from . import placing, reading
from .api import Live
from .connection import Connection
from .ledger import Ledger
from .tracks import Refused, name_of, takes_audio

PROTOCOL = 1
BUTTONS = {102: "generate", 103: "transform", 104: "send"}
"""MIDI controller -> what it asks for: a value from 64 on is a press."""
_CHANNELS = 16
_CONTROLLER = 0xB0
_PRESSED = 64
_WHILE_PLAYING = 0.5
"""Seconds between two positions that are told while the set plays."""
_AT_ONCE = 16
"""Messages that are looked at in one call of Live."""
Method = TypeVar("Method", bound=Callable[..., Any])


def _never_raises(method: Method) -> Method:
    """What goes wrong is written into Live's log: an error here would stop the script, or disturb Live."""

    @functools.wraps(method)
    def guarded(self: Script, *args: Any) -> Any:
        try:
            return method(self, *args)
        except Exception:
            with contextlib.suppress(Exception):
                self.log(traceback.format_exc())
            return None

    return cast(Method, guarded)


class Script:
    """The control surface of one open set."""

    def __init__(self, c_instance: Any) -> None:
        """Live gives its own side of the script; nothing waits here."""
        self._live = c_instance
        self._song = c_instance.song()
        self._ledger = Ledger(self._song)
        self._told: dict[str, Any] = {}
        self._told_at = 0.0
        self._down: set[int] = set()
        app = Live.Application.get_application()
        numbers = app.get_major_version(), app.get_minor_version(), app.get_bugfix_version()
        self._program = "Live {}.{}.{}".format(*numbers)
        self._connection = Connection(
            {
                "kind": "hello",
                "protocol": PROTOCOL,
                "daw": "ableton",
                "instance": uuid.uuid4().hex,
                "program": self._program,
                "project": reading.project(self._song),
            }
        )
        self._connection.start()

    # --- called by Live ---

    @_never_raises
    def disconnect(self) -> None:
        """The set is closed, or the script is chosen no more."""
        self._connection.close()

    @_never_raises
    def update_display(self) -> None:
        """Takes what Longtake said, and tells where the set stands; at most one take is placed in a call."""
        for _ in range(_AT_ONCE):
            try:
                message = self._connection.heard.get_nowait()
            except queue.Empty:
                break
            self._hear(message)
            if message["kind"] == "place":
                break
        if self._connection.connected:
            self._tell()

    @_never_raises
    def build_midi_map(self, midi_map_handle: Any) -> None:
        """Asks Live for the controllers that are buttons; they reach nothing else then."""
        for channel in range(_CHANNELS):
            for controller in BUTTONS:
                Live.MidiMap.forward_midi_cc(
                    self._live.handle(), midi_map_handle, channel, controller
                )

    @_never_raises
    def receive_midi(self, midi_bytes: tuple[int, ...]) -> None:
        """A controller came."""
        if len(midi_bytes) != 3 or midi_bytes[0] & 0xF0 != _CONTROLLER:
            return
        _, controller, value = midi_bytes
        pressed = value >= _PRESSED and controller not in self._down
        (self._down.add if value >= _PRESSED else self._down.discard)(controller)
        if pressed and controller in BUTTONS:
            self._ask(BUTTONS[controller])

    def suggest_input_port(self) -> str:
        """No port of its own."""
        return ""

    def suggest_output_port(self) -> str:
        """No port of its own."""
        return ""

    def suggest_map_mode(self, cc_no: int, channel: int) -> int:
        """No wish."""
        return -1

    def suggest_needs_takeover(self, cc_no: int, channel: int) -> bool:
        """As Live does without us."""
        return True

    def can_lock_to_devices(self) -> bool:
        """It has nothing to do with devices."""
        return False

    def supports_pad_translation(self) -> bool:
        """It has no pads."""
        return False

    def refresh_state(self) -> None:
        """It shows nothing on a controller."""

    def connect_script_instances(self, instantiated_scripts: Any) -> None:
        """It knows no other scripts."""

    def log(self, text: str) -> None:
        """Writes into Live's Log.txt."""
        self._live.log_message(f"Longtake: {text}")

    def _show(self, text: str) -> None:
        """Says something in Live's status bar."""
        self._live.show_message(text)

    # --- what Longtake says ---

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "welcome":
            self._told = {}
        elif kind == "place":
            self._place(message)
        elif kind == "ack":
            self._show("Longtake begins.")
        elif kind == "progress":
            self._show(f"Longtake: {round(100 * message.get('fraction', 0.0))} %")
        elif kind == "error":
            self._show(f"Longtake: {message.get('text', '')}")

    def _place(self, message: dict[str, Any]) -> None:
        """Places a take, once, and answers."""
        answer: dict[str, Any] = {"kind": "answer", "id": str(message["id"]), "ok": True}
        if self._ledger.has(answer["id"]):
            self._connection.say(dict(answer, text="It lies in this set already."))
            return
        try:
            track, beat, text = placing.place(self._song, message, self._program)
            self._ledger.add(answer["id"])
            answer.update(track=track, beat=beat, text=text)
        except Refused as reason:
            answer.update(ok=False, code=reason.code, text=str(reason))
        except Exception as error:
            self.log(traceback.format_exc())
            text = f"Live met an error, so look whether it lies there: {error}"
            answer.update(ok=False, code="unsure", text=text)
        self._connection.say(answer)
        self._show(f"Longtake: {message.get('name', '')}. {answer['text']}")

    # --- what is said to Longtake ---

    def _tell(self) -> None:
        """Says where the set stands, if it stands elsewhere; while it plays, twice a second."""
        now, state = time.monotonic(), reading.state(self._song)
        if self._told.get("key") and "key" not in state:
            state["key"] = ""
        before = dict(self._told, beat=state["beat"]) if state["playing"] else self._told
        if state != before or (state["playing"] and now - self._told_at > _WHILE_PLAYING):
            self._connection.say(state)
            self._told, self._told_at = state, now

    def _ask(self, what: str) -> None:
        """A button was pressed."""
        if not self._connection.connected:
            self._show("Longtake does not run.")
            return
        clip = reading.selected(self._song)
        if what == "generate":
            self._connection.say(self._generate())
        elif clip is None:
            self._show("Longtake: select an audio clip first.")
        else:
            try:
                part = reading.part(self._song, clip)
            except ValueError as reason:
                self._show(f"Longtake: {reason}.")
                return
            track = reading.track_of(self._song, clip)
            part["track"] = "" if track is None else name_of(self._song, track)
            if what == "send":
                self._connection.say(dict(part, kind="selection"))
            else:
                self._connection.say(self._transform(part, clip))

    def _generate(self) -> dict[str, Any]:
        """Something new into the selection, on the selected track if that takes audio, else on a new one."""
        state, track = reading.state(self._song), self._song.view.selected_track
        start, end = state["selection_start"], state["selection_end"]
        selected = end > start
        return {
            "kind": "ask",
            "req": uuid.uuid4().hex[:8],
            "act": "generate",
            "prompt": "",
            "at": "beat",
            "position": start if selected else state["beat"],
            "length": end - start if selected else 0.0,
            "track": name_of(self._song, track) if takes_audio(self._song, track) else "new",
            "form": "item",
        }

    def _transform(self, part: dict[str, Any], clip: Any) -> dict[str, Any]:
        """What a clip becomes: beside it in a slot or a take lane, or on a new track below where Live has no lanes."""
        ask = dict(
            part,
            kind="ask",
            req=uuid.uuid4().hex[:8],
            act="transform",
            prompt="",
            at="beat",
            position=reading.beat_of(self._song, clip),
            length=reading.beats_of(self._song, clip),
            beside=part["track"],
        )
        if not clip.is_arrangement_clip:
            return dict(ask, form="clip")
        if placing.can("take") and part["track"]:
            return dict(ask, form="take")
        return dict(ask, form="item", track="below")
