"""The table of settings: the sections of the file and their keys, each with its help, default and limits.

Knows nothing of files; `settings.py` reads and writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.live_settings import DELAYS, LATE
from engine.registry import all_models
from engine.sound.rates import OUTPUT_RATES

LEVELS = ("debug", "info", "warning", "error")
STREAMS = ("high", "low")


def setting(default: Any, help: str, **facts: Any) -> Any:
    """A field with its help; `facts` are `choices` or what gives them, or `low` and `high`."""
    return field(default=default, metadata={"help": help, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesSettings:
    """[takes]."""

    folder: str = setting(
        "", "where takes are kept; empty means Longtake in your music folder", folders=True
    )
    sample_rate: int = setting(0, "Hz; 0 is the model's own", choices=(0, *OUTPUT_RATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """[engine]."""

    model: str = setting("sketch", "the model that is loaded at the start", choices=all_models)
    address: str = setting(
        "",
        "a Ray cluster that makes the takes: ray://HOST:PORT, HOST:PORT, auto, or ray: for one on this machine; empty "
        "makes them here",
    )
    load_at_start: bool = setting(True, "load it at once, so that the first take need not wait")
    licences: tuple[str, ...] = setting((), "models whose licence was read and accepted here")
    patience: int = setting(
        300,
        "seconds an engine may stand still before it is taken to hang and started anew; 0 waits for ever",
        low=0,
        high=86_400,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """[audio]."""

    enabled: bool = setting(True, "play and record at all")
    output: str = setting(
        "", "output device, as `longtake devices` names it; empty is the system's default"
    )
    input: str = setting("", "input device; empty is the system's default")
    sample_rate: int = setting(
        0, "rate of the output, Hz; 0 takes the device's own", low=0, high=384_000
    )
    latency: str = setting("high", "high is safe, low answers sooner", choices=STREAMS)
    asio: bool = setting(False, "use ASIO drivers (Windows)")
    corrections: dict[str, str] = field(
        default_factory=dict[str, str],
        metadata={"help": "latency beyond what devices say, as 'OUTPUT > INPUT' = '3.2 ms'"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSection:
    """[live]: what live begins with, as it was set last."""

    prompt: str = setting("", "what the input becomes")
    model: str = setting("sketch", "which model to use", choices=all_models)
    delay: str = setting(
        "soonest", "when the music answers: so many beats later, or a bar", choices=DELAYS
    )
    late: str = setting("dry", "what is heard where the music comes too late", choices=LATE)
    lead: int = setting(
        40, "ms that are written ahead of the output; more is safer and later", low=10, high=500
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OscSettings:
    """[osc]."""

    enabled: bool = setting(True, "listen to OSC at all")
    host: str = setting(
        "127.0.0.1", "address to listen on; another than 127.0.0.1 needs hosts and token"
    )
    port: int = setting(9440, "UDP and TCP port; 0 takes a free one", low=0, high=65_535)
    query_port: int = setting(
        9442, "OSCQuery over HTTP, on this machine only; -1 leaves it out", low=-1, high=65_535
    )
    hosts: tuple[str, ...] = setting(
        (), "other machines that may send, as ['192.168.1.20', '10.0.0.0/24']"
    )
    token: str = setting("", "what other machines must send first, 8 characters or more")
    folders: tuple[str, ...] = setting(
        (), "folders whose files OSC messages may name, besides the takes", folders=True
    )
    subscription: int = setting(
        60,
        "seconds that events go to another machine unless it asks again; here, while the port is open",
        low=10,
        high=86_400,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DawSettings:
    """[daw]."""

    enabled: bool = setting(True, "speak with our scripts inside DAWs")
    folder: str = setting(
        "", "a folder that takes are copied to when they are sent to `folder`", folders=True
    )
    copy: bool = setting(
        False,
        "put a copy of what is placed into the folder of Reaper's project, once that is saved",
    )
    bitwig: int = setting(
        8000, "port on this machine where DrivenByMoss listens in Bitwig", low=1, high=65_535
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MidiSettings:
    """[midi]."""

    enabled: bool = setting(True, "listen to MIDI at all")
    input: str = setting("", "port to listen to, by a part of its name; empty opens none")
    virtual_port: bool = setting(
        True, "offer a port of our own where the system can (macOS, Linux)"
    )
    learned: dict[str, str] = field(
        default_factory=dict[str, str],
        metadata={"help": "learned controls, as seed = 'cc 21 ch 1'"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """[log]."""

    level: str = setting("info", "how much is written down", choices=LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of the file, one field a section."""

    takes: TakesSettings = TakesSettings()
    engine: EngineSettings = EngineSettings()
    audio: AudioSettings = AudioSettings()
    live: LiveSection = LiveSection()
    osc: OscSettings = OscSettings()
    daw: DawSettings = DawSettings()
    midi: MidiSettings = MidiSettings()
    log: LogSettings = LogSettings()
