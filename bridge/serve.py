"""`longtake serve`: the bridge without a screen. Knows how it is told what to be, and what ends it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType

from bridge import logs
from bridge.app import App, AppOptions, settings_or_defaults
from bridge.engine_process.process import REAL_ENGINE
from bridge.places import places
from bridge.settings import check
from bridge.settings_table import Settings
from engine.errors import LongtakeError
from engine.fleet.cluster import address_of
from engine.parsing import Parser

_log = logging.getLogger(__name__)


def main(argv: list[str], engine: str = REAL_ENGINE) -> int:
    """`longtake serve`: runs without a screen until it is interrupted or its terminal closed; 2 when it cannot."""
    arguments = _parser().parse_args(argv)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    # Before anything exists that needs a clean shutdown. What nohup ignores stays ignored.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    try:
        where = places()
        settings = settings_or_defaults(where.settings, arguments.defaults)
        level = arguments.log_level or settings.settings.log.level
        logs.start(where.logs, level, as_json=arguments.json)
        options = AppOptions(
            engine=engine, change=lambda chosen: _overridden(chosen, arguments), strict=True
        )
        app = App(options, where, settings)
    except LongtakeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app.start()
    if app.osc:
        _log.info(
            "Longtake answers OSC on port %d; takes are in %s", app.osc.port, app.library.folder
        )
    # Short waits, since Windows delivers Ctrl-C only between them.
    while not ended.wait(0.5):
        pass
    _log.info("Longtake ends")
    app.close()
    return 0


def _overridden(chosen: Settings, arguments: argparse.Namespace) -> Settings:
    said = {
        "host": arguments.bind,
        "port": arguments.port,
        "hosts": tuple(arguments.allow) or None,
        "token": arguments.token,
    }
    said = {name: value for name, value in said.items() if value is not None}
    for name, value in said.items():
        check("osc", name, value)
    osc = replace(chosen.osc, **said)
    takes = replace(chosen.takes, folder=str(arguments.takes)) if arguments.takes else chosen.takes
    audio = replace(chosen.audio, enabled=chosen.audio.enabled and not arguments.no_audio)
    midi = replace(chosen.midi, enabled=chosen.midi.enabled and not arguments.no_midi)
    engine = chosen.engine
    if arguments.engine is not None:
        address_of(arguments.engine)
        engine = replace(engine, address=arguments.engine.strip())
    return replace(chosen, osc=osc, takes=takes, audio=audio, midi=midi, engine=engine)


def _parser() -> Parser:
    parser = Parser(
        prog="longtake serve",
        description="Runs the bridge without a screen: OSC, MIDI, audio, jobs, takes. "
        "Ctrl-C ends it, with exit code 0.",
    )
    parser.add_argument(
        "--bind",
        "--host",
        metavar="ADDRESS",
        help="listen to other machines too; needs --allow and --token (default 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=int,
        help="OSC port, UDP and TCP; 0 takes a free one (0 to 65535; default 9440)",
    )
    parser.add_argument(
        "--allow",
        metavar="HOST",
        action="append",
        default=[],
        help="a host or network that may send",
    )
    parser.add_argument("--token", help="what other machines must send first")
    parser.add_argument("--takes", type=Path, metavar="FOLDER", help="where takes are kept")
    parser.add_argument(
        "--engine",
        metavar="ADDRESS",
        help="let a Ray cluster make the takes: ray://HOST:PORT, HOST:PORT, auto, or ray: for one on this machine",
    )
    parser.add_argument("--no-audio", action="store_true", help="play and record nothing")
    parser.add_argument("--no-midi", action="store_true", help="listen to no MIDI")
    parser.add_argument(
        "--defaults",
        action="store_true",
        help="if the settings file cannot be read: set it aside and start with the defaults",
    )
    parser.add_argument("--json", action="store_true", help="log JSON lines to the console")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), help="how much is logged"
    )
    return parser
