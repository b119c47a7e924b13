"""What DAWs send of their own accord, read as changes of the transport: Reaper, Bitwig (DrivenByMoss), AbletonOSC.

Their feedback is enough for tempo, metre, key, play state, position and loop range, without a script. Facts that come
in two messages (a loop's two ends, a metre's two numbers) wait here for their other half. Knows nothing of sockets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.osc.arguments import converted
from bridge.osc.packet import Value
from bridge.state import TransportChange, TransportState
from engine.spec import Parameter

_NUMBER = Parameter("float", "")
_TEXT = Parameter("text", "", most=80)
_DIGITS = 9
_BITWIG = re.compile(r"\s*(-?[0-9]+)\.([0-9]+)\.([0-9])(?::([0-9]{1,3}))?\s*")
_REAPER = re.compile(r"\s*(-?[0-9]+)\.([0-9]+)(?:\.([0-9]{2}))?\s*")
_TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(slots=True)
class Heard:
    """The halves heard so far, in the DAW's own units."""

    loop_start: float = 0.0
    loop_end: float = 0.0
    loop_length: float = 0.0
    root: int = 0
    scale: str = ""


Reads = Callable[[Heard, Value, TransportState], TransportChange]


@dataclass(frozen=True, slots=True)
class Alias:
    """One address of a DAW and how its first argument is read."""

    help: str
    read: Reads


def transport_change(
    heard: Heard, address: str, arguments: Sequence[Value], transport: TransportState
) -> TransportChange:
    """The change that a DAW's message makes to the transport; empty if it makes none.

    Raises:
        BridgeError: `bad_args` when the argument is not what the DAW sends.
    """
    return ALIASES[address].read(heard, arguments[0] if arguments else 1, transport)


def _number(value: Value) -> float:
    return float(converted("value", _NUMBER, value))


def _tempo(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {"tempo": _number(value)}


def _playing(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {"playing": _number(value) != 0}


def _stopped(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    # A button also sends its release: only the press, or its light going on, means stop.
    return {"playing": False} if _number(value) else {}


def _nothing(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {}


def _parts(value: Value) -> list[str]:
    """The whole numbers in a text."""
    text = converted("value", _TEXT, value)
    parts = re.findall(r"[0-9]+", text)
    if any(len(part) > _DIGITS for part in parts):
        raise BridgeError("out_of_range", f"No place in a song is {text[:40]!r}.")
    return parts


def _bar_and_beat(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    """A place in bars, beats and parts of a beat; nothing if it is none.

    Reaper's beats are those of the metre, with hundredths: `12.3.45`. Bitwig's are quarter notes, with the sixteenth
    and hundredths of it: `12.3.2:50`, or `12.3.2` from older versions of DrivenByMoss; bars of 7/8 have 3 there.
    """
    text = converted("value", _TEXT, value)
    _parts(text)
    beats, unit = transport.signature
    if place := _BITWIG.fullmatch(text):
        bar, quarter, sixteenth, hundredths = (int(part or 0) for part in place.groups())
        in_bar = (quarter - 1) + (sixteenth - 1) / 4 + hundredths / 400
        return {"beat": (bar - 1) * max(4 * beats // unit, 1) + in_bar}
    if place := _REAPER.fullmatch(text):
        bar, beat, hundredths = (int(part or 0) for part in place.groups())
        return {"beat": ((bar - 1) * beats + (beat - 1) + hundredths / 100) * 4.0 / unit}
    return {}


def _signature(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    parts = _parts(value)
    return {"signature": (int(parts[0]), int(parts[1]))} if len(parts) == 2 else {}


def _numerator(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {"signature": (int(_number(value)), transport.signature[1])}


def _denominator(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {"signature": (transport.signature[0], int(_number(value)))}


def _loop_start_seconds(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.loop_start = _number(value)
    return _loop(heard.loop_start, heard.loop_end, transport.tempo / 60)


def _loop_end_seconds(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.loop_end = _number(value)
    return _loop(heard.loop_start, heard.loop_end, transport.tempo / 60)


def _loop_start_beats(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.loop_start = _number(value)
    return _loop(heard.loop_start, heard.loop_start + heard.loop_length, 1.0)


def _loop_length_beats(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.loop_length = _number(value)
    return _loop(heard.loop_start, heard.loop_start + heard.loop_length, 1.0)


def _loop(start: float, end: float, beats: float) -> TransportChange:
    return {"selection": (start * beats, end * beats) if start < end else None}


def _position(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    return {"beat": _number(value)}


def _root(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.root = int(_number(value)) % 12
    return _key(heard)


def _scale(heard: Heard, value: Value, transport: TransportState) -> TransportChange:
    heard.scale = converted("value", _TEXT, value).lower()
    return _key(heard)


def _key(heard: Heard) -> TransportChange:
    if heard.scale not in ("major", "minor"):
        return {}
    return {"key": f"{_TONICS[heard.root]} {heard.scale}"}


_LIVE = "/live/song/get"
ALIASES: dict[str, Alias] = {
    "/tempo/raw": Alias("tempo in BPM (Reaper, Bitwig)", _tempo),
    "/play": Alias("whether it plays (Reaper, Bitwig)", _playing),
    "/stop": Alias("it stands (Reaper, Bitwig)", _stopped),
    "/record": Alias("heard and not used (Reaper, Bitwig)", _nothing),
    "/beat/str": Alias(
        "position as bar.beat.hundredths (Reaper) or bar.quarter.sixteenth:hundredths (Bitwig)",
        _bar_and_beat,
    ),
    "/time": Alias(
        "heard and not used: seconds say no beat when the tempo changes (Reaper)", _nothing
    ),
    "/time/signature": Alias("metre as 4/4 (Bitwig)", _signature),
    "/loop/start/time": Alias("where the loop begins, in seconds (Reaper)", _loop_start_seconds),
    "/loop/end/time": Alias("where the loop ends, in seconds (Reaper)", _loop_end_seconds),
    f"{_LIVE}/tempo": Alias("tempo in BPM (AbletonOSC)", _tempo),
    f"{_LIVE}/is_playing": Alias("whether it plays (AbletonOSC)", _playing),
    f"{_LIVE}/current_song_time": Alias("position in quarter notes (AbletonOSC)", _position),
    f"{_LIVE}/beat": Alias("position in whole beats (AbletonOSC)", _position),
    f"{_LIVE}/signature_numerator": Alias("beats in a bar (AbletonOSC)", _numerator),
    f"{_LIVE}/signature_denominator": Alias("note value of a beat (AbletonOSC)", _denominator),
    f"{_LIVE}/root_note": Alias("tonic, 0 = C (AbletonOSC)", _root),
    f"{_LIVE}/scale_name": Alias("Major or Minor (AbletonOSC)", _scale),
    f"{_LIVE}/loop_start": Alias(
        "where the loop begins, in quarter notes (AbletonOSC)", _loop_start_beats
    ),
    f"{_LIVE}/loop_length": Alias(
        "length of the loop, in quarter notes (AbletonOSC)", _loop_length_beats
    ),
}
"""Address -> how it is read."""
