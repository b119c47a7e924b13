"""Addresses that are set when arguments are given and read when none are: how each reads and writes the session.

Knows nothing of packets or sockets; the echo of a set comes from the session's events, whoever set it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from bridge.delivery_state import Delivery, Selection
from bridge.errors import BridgeError
from bridge.live_state import LiveState
from bridge.osc.command import Command
from bridge.session import Session
from bridge.state import ModelState, TransportChange, TransportState
from bridge.stored import StoredModel

Plain = int | float | str | bool
Reads = Callable[[Session, Command], tuple[Plain, ...]]
Writes = Callable[[Session, Command, list[Any]], None]


@dataclass(frozen=True, slots=True)
class Settable:
    """How a value is read and how it is written."""

    read: Reads
    write: Writes


def plain(value: Any) -> tuple[Plain, ...]:
    """A parameter's value as OSC arguments that set it to the same: '' for nothing, pairs and spans in a row."""
    if value is None or value == ():
        return ("",)
    if isinstance(value, tuple):
        return tuple(number for part in cast(tuple[Any, ...], value) for number in plain(part))
    return (value,)


def transport_values(transport: TransportState) -> dict[str, tuple[Plain, ...]]:
    """Every transport value by the name of its command."""
    start, end = transport.selection or (0.0, 0.0)
    return {
        "transport_tempo": (float(transport.tempo),),
        "transport_playing": (int(transport.playing),),
        "transport_beat": (float(transport.beat),),
        "transport_signature": transport.signature,
        "transport_key": (transport.key,),
        "transport_selection": (float(start), float(end)),
        "sync_source": (transport.source,),
        "quantize": (transport.quantize,),
    }


def _transport(name: str, change: Callable[[list[Any]], TransportChange]) -> Settable:
    return Settable(
        lambda session, command: transport_values(session.transport.state())[name],
        lambda session, command, values: session.transport.change("osc", change(values)),
    )


def _mode(name: str, write: Callable[[Session, Any], None]) -> Settable:
    return Settable(
        lambda session, command: transport_values(session.transport.state())[name],
        lambda session, command, values: write(session, values[0]),
    )


def _selection(values: list[Any]) -> TransportChange:
    start, end = values
    return {"selection": None if start == end else (start, end)}


def _write_loop(session: Session, command: Command, values: list[Any]) -> None:
    on, start, end = values
    if (start is None) != (end is None):
        raise BridgeError(
            "bad_args", "A loop has a start and an end, or neither for the whole take."
        )
    session.playback.set_loop(on, None if start is None or end is None else (start, end))


def _read_loop(session: Session, command: Command) -> tuple[Plain, ...]:
    heard = session.playback.state()
    return (int(heard.loop), *(float(second) for second in heard.loop_range or ()))


VALUES: dict[str, Settable] = {
    "param": Settable(
        lambda session, command: plain(session.parameters.get(command.arguments[0].name)),
        lambda session, command, values: session.parameters.set(
            command.arguments[0].name, values[0]
        ),
    ),
    "live": Settable(
        lambda session, command: plain(getattr(session.live.settings(), command.arguments[0].name)),
        lambda session, command, values: session.live.set(command.arguments[0].name, values[0]),
    ),
    "live_record": Settable(
        lambda session, command: (int(session.live.state().recording is not None),),
        lambda session, command, values: session.live.record(values[0]),
    ),
    "transport_tempo": _transport("transport_tempo", lambda values: {"tempo": values[0]}),
    "transport_playing": _transport("transport_playing", lambda values: {"playing": values[0]}),
    "transport_beat": _transport("transport_beat", lambda values: {"beat": values[0]}),
    "transport_signature": _transport(
        "transport_signature", lambda values: {"signature": (values[0], values[1])}
    ),
    "transport_key": _transport("transport_key", lambda values: {"key": values[0]}),
    "transport_selection": _transport("transport_selection", _selection),
    "sync_source": _mode("sync_source", lambda session, name: session.transport.set_source(name)),
    "quantize": _mode("quantize", lambda session, name: session.transport.set_quantize(name)),
    "gain": Settable(
        lambda session, command: (float(session.playback.state().gain_db),),
        lambda session, command, values: session.playback.set_gain(values[0]),
    ),
    "loop": Settable(_read_loop, _write_loop),
    "output_device": Settable(
        lambda session, command: (session.playback.devices().output,),
        lambda session, command, values: session.playback.set_output(values[0]),
    ),
}
"""Name of the command -> how it is read and written."""


def model_values(model: ModelState) -> tuple[Plain, ...]:
    """The arguments of `/longtake/model/state`."""
    return model.phase, model.name, model.detail, float(model.fraction)


def sent_values(delivery: Delivery) -> tuple[Plain, ...]:
    """The arguments of `/longtake/sent`."""
    which = delivery.take_id or delivery.name
    return delivery.id, which, delivery.placement.target, delivery.state, delivery.text


def selection_values(selection: Selection) -> tuple[Plain, ...]:
    """The arguments of `/longtake/daw/selected`."""
    beat = -1.0 if selection.beat is None else float(selection.beat)
    return str(selection.path or ""), float(selection.seconds), selection.track, beat


def live_values(live: LiveState) -> tuple[Plain, ...]:
    """The arguments of `/longtake/live/state`."""
    numbers = float(live.latency_ms), float(live.hop_ms), float(live.load)
    return live.phase, *numbers, live.late, int(live.dry)


def file_values(model: StoredModel) -> tuple[Plain, ...]:
    """The arguments of `/longtake/model/files`."""
    return model.name, model.state, float(model.fraction), model.done / 1e6, model.problem
