"""Learned controls: which MIDI message moves which parameter or does which action. Pure; knows no port.

A target is a parameter's name, `live.` and the name of a setting of live, an action of `ACTIONS`, or `launch TAKE`. A
message is written as people count: channels 1 to 16.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bridge.errors import BridgeError
from bridge.midi.ports import Message
from bridge.session import Session
from engine.errors import choices
from engine.live_settings import LIVE
from engine.spec import PARAMETERS, Parameter

ACTIONS = tuple(
    [
        "generate",
        "cancel",
        "play",
        "pause",
        "stop",
        "loop",
        "record",
        "gain",
        "live",
        "live.record",
        "panic",
    ]
)
LAUNCH = "launch "
SETTINGS: dict[str, Parameter] = {
    name: what
    for name, what in (
        *PARAMETERS.items(),
        *((f"live.{name}", what) for name, what in LIVE.items()),
    )
    if what.kind in ("float", "int", "bool") or what.choices
}
"""What a control can set, by its target."""
UP_TO = {"seconds_total": 60.0, "bars": 64.0, "steps": 100.0, "cfg_scale": 15.0, "seed": 2.0**24}
"""The top of a knob's travel, for parameters whose range is far wider than is useful."""

Kind = Literal["cc", "note", "program"]
_MESSAGE = re.compile(r"(cc|note|program) (\d{1,3}) ch (\d{1,2})")


@dataclass(frozen=True, slots=True)
class Control:
    """A knob, key or program: its kind, number 0..127, and channel 0..15."""

    kind: Kind
    number: int
    channel: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number} ch {self.channel + 1}"


def control(text: str) -> Control:
    """Reads what `str(Control)` writes.

    Raises:
        BridgeError: `bad_args`.
    """
    found = _MESSAGE.fullmatch(text.strip().lower())
    if found and int(found[2]) < 128 and 1 <= int(found[3]) <= 16:
        kind: Any = found[1]
        return Control(kind, int(found[2]), int(found[3]) - 1)
    raise BridgeError("bad_args", f"A control is told as 'cc 21 ch 1'; it is {text!r}.")


def heard(message: Message) -> tuple[Control, int] | None:
    """The control of a channel message and its value 0..127; None for messages that cannot be bound."""
    match message.dict():
        case {"type": "note_on", "note": number, "channel": channel, "velocity": value}:
            return Control("note", number, channel), value
        case {"type": "note_off", "note": number, "channel": channel}:
            return Control("note", number, channel), 0
        case {"type": "control_change", "control": number, "channel": channel, "value": value}:
            return Control("cc", number, channel), value
        case {"type": "program_change", "program": number, "channel": channel}:
            return Control("program", number, channel), 127
        case _:
            return None


def check_target(target: str) -> None:
    """Refuses what no control can be bound to.

    Raises:
        BridgeError: `unknown_param`, with the targets there are.
    """
    if target not in SETTINGS and target not in ACTIONS and not target.startswith(LAUNCH):
        known = [*ACTIONS, "launch TAKE", *SETTINGS]
        raise BridgeError("unknown_param", f"Unknown target {target!r}; choose {choices(known)}.")


def read_bindings(learned: Mapping[str, str]) -> dict[str, Control]:
    """Bindings as the settings keep them: target -> message.

    Raises:
        BridgeError: naming the first wrong entry.
    """
    for target in learned:
        check_target(target)
    return {target: control(message) for target, message in learned.items()}


def scaled(name: str, what: Parameter, value: int) -> Any:
    """A parameter's value for a control at 0..127: over its range, its choices, or on from 64."""
    if what.kind == "bool":
        return value >= 64
    if what.choices:
        return what.choices[min(value * len(what.choices) // 128, len(what.choices) - 1)]
    low, high = what.low or 0.0, min(what.high or 1.0, UP_TO.get(name, float("inf")))
    found = low + (high - low) * value / 127
    return round(found) if what.kind == "int" else found


def act(session: Session, target: str, moved: Control, value: int) -> None:
    """Does what a target stands for; for actions, releasing a key or a pedal does nothing.

    A key turns a switch of live over, so that it need not be held; a knob or pedal turns it on from 64.

    Raises:
        LongtakeError: from the session.
    """
    if target in SETTINGS:
        _set(session, target, moved, value)
    elif target == "gain":
        session.playback.set_gain(-60.0 + 72.0 * value / 127)
    elif value and target.startswith(LAUNCH):
        session.playback.launch(session.find(target.removeprefix(LAUNCH)))
    elif value:
        _DO[target](session)


def _set(session: Session, target: str, moved: Control, value: int) -> None:
    known = SETTINGS[target]
    if target in PARAMETERS:
        session.parameters.set(target, scaled(target, known, value))
        return
    name = target.removeprefix("live.")
    if known.kind == "bool" and moved.kind != "cc":
        if value:
            session.live.set(name, not getattr(session.live.settings(), name))
        return
    session.live.set(name, scaled(name, known, value))


def _loop(session: Session) -> None:
    heard = session.playback.state()
    session.playback.set_loop(not heard.loop, heard.loop_range)


def _record(session: Session) -> None:
    if session.capture.state().state == "idle":
        session.capture.start()
    else:
        session.capture.stop()


def _live(session: Session) -> None:
    if session.live.state().phase in ("off", "failed"):
        session.live.start()
    else:
        session.live.stop()


_DO: dict[str, Callable[[Session], object]] = {
    "generate": lambda session: session.generate(),
    "cancel": lambda session: session.jobs.cancel("*"),
    "play": lambda session: session.playback.play(),
    "pause": lambda session: session.playback.pause(),
    "stop": lambda session: session.playback.stop(),
    "loop": _loop,
    "record": _record,
    "live": _live,
    "live.record": lambda session: session.live.record(session.live.state().recording is None),
    "panic": lambda session: session.panic(),
}
"""What each press of an action does."""
