"""`longtake live PROMPT`: the live stream in a terminal. Knows what it is told to be, what it shows, what ends it."""

from __future__ import annotations

import argparse
import io
import math
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import TextIO

from bridge import logs
from bridge.app import App, AppOptions, settings_or_defaults
from bridge.events import Event, Notice
from bridge.live.engine import REAL_ENGINE
from bridge.live_state import LiveLevels, LiveState
from bridge.places import places
from bridge.session import Session
from bridge.settings_table import LiveSection, Settings
from bridge.state import AudioDevice
from engine.cli.flags import add_flag
from engine.errors import LongtakeError, SpecError
from engine.live_settings import LIVE, LiveSettings
from engine.parsing import Parser

FAILED, WRONG = 1, 2
DEVICES_WITHIN = 20.0
"""Seconds in which the audio system lists its devices."""
EVERY = 0.1
"""Seconds between two looks at how it goes."""
SAVING = 30.0
"""Seconds that a recording may take to be finished at the end."""
_CLEAR = "\r\x1b[K"


def main(argv: list[str], engine: str = REAL_ENGINE) -> int:
    """`longtake live`: runs until it is interrupted; 1 when live fails, 2 when it cannot begin."""
    arguments = _parser().parse_words(argv)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    # Before anything exists that needs a clean shutdown. What nohup ignores stays ignored.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    shown = _Shown(sys.stdout, sys.stderr)
    app: App | None = None
    try:
        where = places()
        file = settings_or_defaults(where.settings, False)
        settings = _settings(arguments, file.settings.live)
        logs.start(where.logs, file.settings.log.level, console=_Nowhere())
        options = AppOptions(
            change=lambda chosen: _overridden(chosen, arguments),
            strict=True,
            takes=arguments.osc,
            live_engine=engine,
            live=settings,
        )
        app = App(options, where, file)
        app.session.subscribe(shown.hear)
        app.start()
        return _played(app.session, arguments, ended, shown)
    except LongtakeError as error:
        shown.say(str(error))
        return WRONG
    finally:
        shown.end()
        if app:
            app.close()


def _played(
    session: Session, arguments: argparse.Namespace, ended: threading.Event, shown: _Shown
) -> int:
    devices = _devices(session, ended)
    if arguments.list:
        sys.stdout.writelines(_listed(devices))
        return 0
    for name, wanted in (("input", arguments.input), ("output", arguments.output)):
        _check(wanted, name, [d for d in devices if (d.inputs if name == "input" else d.outputs)])
    if arguments.bpm is not None:
        session.transport.change("manual", {"tempo": arguments.bpm})
    session.live.start()
    recorded = not arguments.record
    while not ended.wait(EVERY):  # Short waits, since Windows delivers Ctrl-C only between them.
        state = session.live.state()
        if state.phase in ("off", "failed"):
            break
        if not recorded and state.phase == "on":
            session.live.record(recorded := True)
        shown.show(state, session.live.levels())
    state = session.live.state()
    session.live.stop()
    if arguments.record:
        _saved(session, state)
    return FAILED if state.phase == "failed" else 0


def _devices(session: Session, ended: threading.Event) -> tuple[AudioDevice, ...]:
    """The devices, once the audio system has found them.

    Raises:
        SpecError: if there are none.
    """
    until = time.monotonic() + DEVICES_WITHIN
    while time.monotonic() < until and not ended.wait(EVERY):
        devices = session.playback.devices()
        if devices.audio:
            return devices.audio
        if devices.problem:
            raise SpecError(devices.problem)
    raise SpecError("No audio device was found; connect one.")


def _check(wanted: str | None, side: str, devices: list[AudioDevice]) -> None:
    """Refuses a device that is not there, naming those that are."""
    names = [device.id for device in devices]
    if wanted and wanted not in [*names, *(device.name for device in devices)]:
        known = ", ".join(names) or "none"
        raise SpecError(f"There is no {side} {wanted!r}; there are: {known}.")


def _listed(devices: Iterable[AudioDevice]) -> Iterable[str]:
    for device in devices:
        sides = f"{device.inputs} in, {device.outputs} out"
        yield f"{device.id}  ({sides}, {device.sample_rate} Hz)\n"


def _saved(session: Session, before: LiveState) -> None:
    """Waits for the take and says where it is."""
    until = time.monotonic() + SAVING
    while session.live.state().recording is not None and time.monotonic() < until:
        time.sleep(EVERY)
    take = session.live.state().take_id
    if take and take != before.take_id:
        with suppress(LongtakeError):
            sys.stdout.write(f"{session.takes.get(take).path}\n")


class _Shown:
    """One line that changes on a terminal; elsewhere a line for each change of phase. Each sentence is said once."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err
        self._rewrites = out.isatty()
        self._lock = threading.Lock()
        self._last = self._said = ""

    def show(self, state: LiveState, levels: LiveLevels) -> None:
        line = _line(state, levels) if self._rewrites else _phase(state)
        with self._lock:
            if line != self._last:
                self._last = line
                self._out.write(f"{_CLEAR}{line}" if self._rewrites else f"{line}\n")
                self._out.flush()

    def hear(self, event: Event) -> None:
        """Says what musicians are told."""
        if isinstance(event, Notice):
            self.say(event.text)

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self.end()
        with self._lock:
            if sentence != self._said:
                self._said = sentence
                self._err.write(f"{sentence}\n")

    def end(self) -> None:
        """Ends the line that changes."""
        with self._lock:
            if self._rewrites and self._last:
                self._out.write("\n")
                self._out.flush()
            self._last = ""


class _Nowhere(io.StringIO):
    """Log lines have their file; here are sentences."""

    def write(self, s: str) -> int:
        return len(s)


def _phase(state: LiveState) -> str:
    """The phase, and with what it runs."""
    facts = f", {state.input} > {state.output}" if state.input and state.output else ""
    numbers = f", {state.latency_ms:.0f} ms" if state.phase == "on" else ""
    heard = " (the input itself is heard)" if state.phase == "on" and state.dry else ""
    return f"{state.phase}{heard}{numbers}{facts}{f': {state.problem}' if state.problem else ''}"


def _line(state: LiveState, levels: LiveLevels) -> str:
    """All that changes, in one line."""
    doing = f"{state.stage} {state.fraction:.0%}" if state.stage else state.phase
    parts = [f"{doing}{' dry' if state.dry else ''}", f"{state.latency_ms:.0f} ms"]
    parts += [f"hop {state.hop_ms:.0f} ms", f"load {100 * state.load:.0f} %", f"late {state.late}"]
    parts += [
        f"{name} {_decibels(peaks)}"
        for name, peaks in (("in", levels.in_peak), ("out", levels.out_peak))
    ]
    if state.recording is not None:
        parts.append(f"rec {state.recording:.0f} s")
    return "  ".join([*parts, state.problem])[:78]


def _decibels(peaks: tuple[float, ...]) -> str:
    peak = max(peaks, default=0.0)
    return f"{max(20 * math.log10(peak), -60):4.0f} dB" if peak > 0 else " -60 dB"


def _settings(arguments: argparse.Namespace, kept: LiveSection) -> LiveSettings:
    """What the file keeps, and what the command line says beyond it.

    Raises:
        SpecError: with what would be right.
    """
    said = {name: value for name, value in vars(arguments).items() if name in LIVE}
    if arguments.words:
        said["prompt"] = " ".join(arguments.words)
    settings = LiveSettings(prompt=kept.prompt, model=kept.model, delay=kept.delay, late=kept.late)
    for name, value in said.items():
        settings = settings.with_value(name, value)
    if not settings.prompt.strip() and not arguments.list:
        raise SpecError("Say what the input becomes, such as longtake live 'funk drums'.")
    return settings


def _overridden(chosen: Settings, arguments: argparse.Namespace) -> Settings:
    audio = replace(
        chosen.audio,
        enabled=True,
        input=chosen.audio.input if arguments.input is None else arguments.input,
        output=chosen.audio.output if arguments.output is None else arguments.output,
    )
    osc = replace(chosen.osc, enabled=arguments.osc)
    return replace(chosen, audio=audio, osc=osc)


def _parser() -> Parser:
    parser = Parser(
        prog="longtake live",
        description="The microphone as another instrument: what comes in is heard as something else, for as long "
        "as it runs. Ctrl-C ends it, with exit code 0. With --file it runs over a file instead of devices "
        "(longtake live --file --help).",
    )
    parser.add_argument("words", nargs="*", metavar="PROMPT", help="what the input becomes")
    parser.add_argument("--input", metavar="NAME", help="input device, as --list names it")
    parser.add_argument("--output", metavar="NAME", help="output device, as --list names it")
    parser.add_argument("--list", action="store_true", help="list the devices and end")
    parser.add_argument("--record", action="store_true", help="record what is heard as a take")
    parser.add_argument("--bpm", type=float, help="tempo by which beats and bars are counted")
    parser.add_argument(
        "--osc", action="store_true", help="listen to OSC too, and make takes when it asks for them"
    )
    for name, known in LIVE.items():
        if name != "prompt":
            limits = known.range or ", ".join(known.choices)
            told = f"{known.help} ({limits})" if limits else known.help
            add_flag(parser, name, known, told)
    return parser
